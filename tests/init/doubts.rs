//! What cannot be decided or used is said, and marked in the configuration.

use super::plain::plain_exports;
use super::systems::hubspot;
use super::*;

/// What `init` says when it refuses, after checking that it exits with 2.
fn refusal(arguments: &[&PathBuf]) -> String {
    let assert = closedloop().arg("init").args(arguments).assert().code(2);
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_folder_with_nothing_usable_says_what_was_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "weather.csv", "station,celsius\nX,21.5\n");
    write(folder.path(), "latin.csv", "");
    write(folder.path(), "letter.docx", "Dear all");
    let said = refusal(&[&folder.path().to_owned()]);
    for part in [
        "touch_id, touched_at, account_id or contact_id",
        "opportunity_id, account_id, created_at, stage",
        "CampaignMember",
        "HubSpot (companies",
        "weather.csv (fits no table)",
        "latin.csv (is empty",
        "letter.docx (is none of CSV",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!folder.path().join("closedloop.toml").exists());

    let said = refusal(&[&folder.path().join("nowhere")]);
    assert!(said.contains("cannot list") && said.contains("give the folder"), "{said}");
}

#[test]
fn a_missing_table_is_one_marked_line() {
    let folder = tempfile::tempdir().unwrap();
    plain_exports(folder.path());
    for year in [2024, 2025] {
        fs::remove_file(folder.path().join(format!("events_{year}.csv"))).unwrap();
    }
    let assert = closedloop().arg("init").arg(folder.path()).assert().code(1);
    let printed = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(printed.contains("no file has touchpoints (touch_id, touched_at, account_id or contact_id)"), "{printed}");
    check_marks(&printed, &config_text(folder.path()));

    let touches = tempfile::tempdir().unwrap();
    write(touches.path(), "late.csv", "touch_id,touched_at,contact_id\nT1,2025-02-01,P1\n");
    let late = touches.path().join("late.csv");
    let edited = config_text(folder.path()).replace("\"touchpoints.csv\"", &format!("\"{}\"", late.display()));
    write(folder.path(), "closedloop.toml", &edited);
    let manifest = run(&folder.path().join("closedloop.toml"));
    assert_eq!(read_rows(&manifest, "touchpoints"), 1);
}

/// A file that its name announces says what it lacks, and one with a row that is cut off where it is.
#[test]
fn a_file_that_cannot_be_used_says_why() {
    let row = "O1,A1,2024-02-01,2024-03-01,Closed Won,5\n";
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "opps.csv", &format!("{OPPORTUNITIES}{row}"));
    write(folder.path(), "touches.csv", "touched_at,account_id,channel\n2024-01-05,A1,email\n");
    write(
        folder.path(),
        "spend.csv",
        "Cost report\nDate,Channel,Cost\n2024-01-05,email,5\n2024-01-06,email\n2024-01-07,email,5\n",
    );
    let output = closedloop().arg("init").arg(folder.path()).assert().code(1).get_output().stdout.clone();
    let printed = String::from_utf8(output).unwrap();
    assert!(printed.contains("is named like touchpoints, but has no column for touch_id"), "{printed}");
    assert!(printed.contains("line 4 has 2 cells and the header 3"), "{printed}");
}

/// Readers would take the rows between two stray quotes for one cell.
#[test]
fn a_file_whose_quotes_swallow_rows_is_unusable() {
    let folder = tempfile::tempdir().unwrap();
    plain_exports(folder.path());
    write(
        folder.path(),
        "campaigns.csv",
        "id;campaign name;start;end\nC1;\"News;2024-12-01;2025-03-31\nC2;\"Big\" news;2024-12-01;2025-03-31\n",
    );
    let printed = init(folder.path());
    assert!(
        printed.contains("campaigns.csv") && printed.contains("line 2 opens a quote that closes before its cell ends"),
        "{printed}"
    );
}

/// A stage that speaks of an end and is not known for won or lost is asked about; any other is named.
#[test]
fn stages_that_may_mean_won_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    plain_exports(folder.path());
    let pipeline = fs::read_to_string(folder.path().join("pipeline.csv")).unwrap();
    write(
        folder.path(),
        "pipeline.csv",
        &(pipeline + "O4,K2,4/1/2025,4/30/2025,Won - Renewal,$5\nO5,K2,4/1/2025,,Odd\u{1},$5\n"),
    );
    let printed = init(folder.path());
    assert!(printed.contains("stages that may mean won or lost are in neither list: Won - Renewal"), "{printed}");
    let config = config_text(folder.path());
    let stages = "[stages]\n# Neither won nor lost: Negotiation, Odd, Won - Renewal\n# DECIDE: ";
    assert!(config.contains(stages), "{config}");
    assert!(config.contains("won = [\"Won (EMEA)\"]"), "{config}");
    assert_eq!(run(&folder.path().join("closedloop.toml"))["booked"], 125_075 + 1_000_000);
}

#[test]
fn stages_that_say_nothing_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    plain_exports(folder.path());
    let pipeline = fs::read_to_string(folder.path().join("pipeline.csv")).unwrap();
    write(folder.path(), "pipeline.csv", &pipeline.replace("Won (EMEA)", "Stage 6"));
    let printed = init(folder.path());
    assert!(printed.contains("which stage of pipeline.csv means won? It has Negotiation, Stage 6"), "{printed}");
    let config = folder.path().join("closedloop.toml");
    assert_eq!(run(&config)["booked"], 0);
    let edited = config_text(folder.path()).replace("won = []", "won = [\"Stage 6\"]");
    write(folder.path(), "closedloop.toml", &edited);
    assert_eq!(run(&config)["booked"], 125_075 + 1_000_000);
}

/// What a column of another shape holds is asked about: it is neither left out nor made up.
#[test]
fn what_cannot_be_read_is_asked_about() {
    let row = |created: &str, amount: &str| format!("{OPPORTUNITIES}O1,A1,{created},2024-03-01,Closed Won,{amount}\n");
    let (_folder, printed) = said_of("opps.csv", &row("Q1 2024", "5"));
    assert!(printed.contains("\"Created\" does not hold a date that can be read, as in \"Q1 2024\""), "{printed}");
    let (_folder, printed) = said_of("opps.csv", &row("2024-02-01", "5k"));
    assert!(printed.contains("\"Value\" does not hold an amount that can be read, as in \"5k\""), "{printed}");
    let (_folder, printed) = said_of("opps.csv", &row("2024-02-01", "1.234"));
    assert!(printed.contains("the points in \"Value\" may be of thousands, as in \"1.234\""), "{printed}");
}

#[test]
fn a_configuration_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    hubspot(folder.path());
    write(folder.path(), "closedloop.toml", "# mine\n");
    let said = refusal(&[&folder.path().to_owned()]);
    assert!(said.contains("never overwrites") && said.contains("--out"), "{said}");
    assert_eq!(config_text(folder.path()), "# mine\n");
}

/// A pipe has no end to read to.
#[test]
#[cfg(unix)]
fn what_is_no_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    hubspot(folder.path());
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("touches.csv")).status().unwrap();
    assert!(made.success());
    closedloop().arg("init").arg(folder.path()).timeout(std::time::Duration::from_secs(30)).assert().success();
}

/// Sources that the usual condition does not name would lose all revenue without a word.
#[test]
fn sources_that_earn_nothing_are_asked_about() {
    let (folder, _) = said_of("opps.csv", &format!("{OPPORTUNITIES}O1,A1,2024-02-01,2024-03-01,Closed Won,5\n"));
    let said_with = |source: &str| {
        let touches = format!("touch_id,touched_at,account_id,channel,source\na,2024-02-03,A1,email,{source}\n");
        write(folder.path(), "touches.csv", &touches);
        fs::remove_file(folder.path().join("closedloop.toml")).unwrap();
        init(folder.path())
    };
    assert!(said_with("Google Ads").contains("touches of the sources Google Ads earn nothing"));
    assert!(!said_with("marketing").contains("earn nothing"));
}
