//! What a user sees on the command line, as snapshots, and the promises about exit codes, colour and progress.

use crate::support::{closedloop, copy_of, project};
use std::path::Path;

/// Standard output of a command that must succeed, with paths of this run taken out.
fn shown(arguments: &[&str], scratch: &Path) -> String {
    let output = closedloop().args(arguments).current_dir(project("")).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments:?}: {errors}");
    assert_eq!(errors, "", "nothing is said on standard error without a terminal");
    String::from_utf8(output.stdout).unwrap().replace(&*scratch.to_string_lossy(), "SCRATCH")
}

/// The marts of the demo, made once for a test.
fn demo_marts() -> (tempfile::TempDir, String) {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("marts").to_string_lossy().into_owned();
    shown(&["run", "fixtures/demo/closedloop.toml", "--out", &out, "--quiet"], scratch.path());
    (scratch, out)
}

#[test]
fn help_lists_the_commands() {
    insta::assert_snapshot!(shown(&["--help"], Path::new("/nowhere")));
}

#[test]
fn run_help_explains_every_flag() {
    insta::assert_snapshot!(shown(&["run", "--help"], Path::new("/nowhere")));
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("marts").to_string_lossy().into_owned();
    let plan = shown(&["run", "fixtures/demo/closedloop.toml", "--out", &out, "--dry-run"], scratch.path());
    insta::assert_snapshot!(plan);
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn a_run_closes_with_a_summary() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("marts").to_string_lossy().into_owned();
    insta::assert_snapshot!(shown(&["run", "fixtures/demo/closedloop.toml", "--out", &out], scratch.path()));
}

#[test]
fn quiet_says_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("marts").to_string_lossy().into_owned();
    assert_eq!(shown(&["run", "fixtures/demo/closedloop.toml", "--out", &out, "-q"], scratch.path()), "");
}

#[test]
fn compare_shows_channels_first() {
    let (scratch, out) = demo_marts();
    insta::assert_snapshot!(shown(&["compare", &out, "--quarter", "FY26Q3", "--campaigns", "3"], scratch.path()));
}

#[test]
fn compare_shows_roi_and_deltas() {
    let (scratch, out) = demo_marts();
    let roi = shown(&["compare", &out, "--show", "roi", "--campaigns", "0"], scratch.path());
    let delta = shown(&["compare", &out, "--show", "delta", "--campaigns", "0"], scratch.path());
    insta::assert_snapshot!(format!("{roi}\n----\n\n{delta}"));
}

/// Two campaigns of one name are told apart, and nothing is decided where nothing was spent.
#[test]
fn compare_tells_namesakes_apart_and_decides_nothing_without_spend() {
    let scratch = copy_of(&project("fixtures/hand/two_lines"), &[]);
    let config = scratch.path().join("closedloop.toml");
    let edit = |file: &str, from: &str, to: &str| {
        let path = scratch.path().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    };
    edit("campaigns.csv", "C-WEB,Webinar", "C-WEB,Search ads");
    edit("closedloop.toml", "[tables.spend]\npath = \"spend.csv\"\n", "");
    let out = scratch.path().join("out");
    shown(&["run", &config.to_string_lossy(), "--out", &out.to_string_lossy(), "-q"], scratch.path());
    let told = shown(&["compare", &out.to_string_lossy()], scratch.path());
    assert!(told.contains("Search ads C-ADS") && told.contains("Search ads C-WEB"), "{told}");
    assert!(told.contains("Nothing was spent, so there is nothing to decide."), "{told}");
    // Without intervals there is no call.
    assert!(told.contains("95 %") && told.contains("call"), "{told}");
    let arguments = ["run", &config.to_string_lossy(), "--out", &out.to_string_lossy(), "-q", "--intervals", "off"];
    shown(&arguments, scratch.path());
    let told = shown(&["compare", &out.to_string_lossy()], scratch.path());
    assert!(!told.contains("95 %") && told.contains("decision"), "{told}");
}

#[test]
fn compare_refuses_a_quarter_that_is_not_there() {
    let (_scratch, out) = demo_marts();
    let assert = closedloop().args(["compare", &out, "--quarter", "FY26-Q3"]).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(message, "error: there is no quarter \"FY26-Q3\"; did you mean \"FY26Q3\"?\n");
}

/// Money that no touch earned is booked in a quarter all the same.
#[test]
fn compare_knows_a_quarter_of_residuals_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(scratch.path().join(name), text).unwrap();
    write("touchpoints.csv", "touch_id,touched_at,account_id,channel\nt1,2026-01-01,A1,email\n");
    write(
        "opportunities.csv",
        "opportunity_id,account_id,created_at,closed_at,stage,is_won,amount\n\
         O1,A1,2026-01-02,2026-02-03,Won,true,100\nO2,A2,2026-04-02,2026-05-03,Won,true,50\n",
    );
    let tables = ["touchpoints", "opportunities"].map(|table| format!("[tables.{table}]\npath = \"{table}.csv\"\n"));
    write("closedloop.toml", &tables.concat());
    closedloop().args(["run", "closedloop.toml", "-q"]).current_dir(scratch.path()).assert().success();
    let of_quarter = |quarter: &str| {
        let arguments = ["compare", "out", "--quarter", quarter, "--format", "csv"];
        closedloop().args(arguments).current_dir(scratch.path()).assert()
    };
    let lines = |quarter: &str| String::from_utf8(of_quarter(quarter).success().get_output().stdout.clone()).unwrap();
    assert!(lines("FY26Q1").lines().count() > 1);
    assert_eq!(lines("FY26Q2").lines().count(), 1);
    let table = closedloop().args(["compare", "out", "--quarter", "FY26Q2"]).current_dir(scratch.path()).output();
    assert_eq!(
        String::from_utf8(table.unwrap().stdout).unwrap(),
        "FY26Q2, close_date, USD; the default model is w_shaped\n\
         coverage: 0.0 % of 50 booked goes to touches; 0.0 to 0.0 % by model\n\
         nothing was attributed or spent\n"
    );
    of_quarter("FY26Q3").code(2);
    let sensitivity = ["run", "closedloop.toml", "--marts", "model_sensitivity"];
    closedloop().args(sensitivity).current_dir(scratch.path()).assert().code(2).stderr(
        "error: closedloop.toml: models.sensitivity: is false, but model_sensitivity needs it; set it to true\n",
    );
    write("touchpoints.csv", "touch_id,touched_at,account_id,channel\n");
    write("opportunities.csv", "opportunity_id,account_id,created_at,closed_at,stage,is_won,amount\n");
    let output = closedloop().args(["run", "closedloop.toml"]).current_dir(scratch.path()).assert().success();
    let summary = String::from_utf8(output.get_output().stdout.clone()).unwrap();
    assert!(summary.contains("note: opportunities has no rows") && !summary.contains("as of"), "{summary}");
}

#[test]
fn only_the_marts_asked_for_are_written() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("marts");
    let shown_out = out.to_string_lossy().into_owned();
    let marts = "campaign_roi,reconciliation";
    shown(&["run", "fixtures/demo/closedloop.toml", "--out", &shown_out, "--marts", marts, "-q"], scratch.path());
    let mut names: Vec<String> =
        std::fs::read_dir(out).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["campaign_roi", "manifest.json", "reconciliation"]);
}

#[test]
fn check_lists_findings_and_exits_with_one() {
    let assert =
        closedloop().args(["check", "fixtures/demo/closedloop.toml"]).current_dir(project("")).assert().code(1);
    insta::assert_snapshot!(String::from_utf8(assert.get_output().stdout.clone()).unwrap());
}

#[test]
fn explain_shows_every_touch_and_adds_up() {
    let arguments = ["explain", "fixtures/demo/closedloop.toml", "--deal", "D-000002-1"];
    insta::assert_snapshot!(shown(&arguments, Path::new("/nowhere")));
}

#[test]
fn explain_names_the_nearest_deal() {
    let arguments = ["explain", "fixtures/demo/closedloop.toml", "--deal", "D-00002-1"];
    let assert = closedloop().args(arguments).current_dir(project("")).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(message, "error: there is no deal \"D-00002-1\"; did you mean \"D-000002-1\"?\n");
}

#[test]
fn a_campaign_that_earned_nothing_in_a_quarter_says_so() {
    // It ran two years before that quarter.
    let arguments = ["explain", "fixtures/demo/closedloop.toml", "--campaign", "C-0001", "--quarter", "FY27Q2"];
    assert_eq!(
        shown(&arguments, Path::new("/nowhere")),
        "campaign C-0001 Brand search FY24\nFY27Q2, under w_shaped: 0.00 USD\nno deal gives it credit\n"
    );
}

#[test]
fn a_query_reads_and_only_reads() {
    let (scratch, out) = demo_marts();
    let sql =
        "SELECT kind, sum(booked) AS booked FROM reconciliation WHERE model = 'linear' GROUP BY kind ORDER BY kind";
    insta::assert_snapshot!(shown(&["query", &out, sql], scratch.path()));
    for forbidden in ["DROP TABLE journeys", "COPY journeys TO 'x.csv'", "CREATE TABLE t AS SELECT 1", "SET a = 1"] {
        let assert = closedloop().args(["query", &out, forbidden]).assert().code(2);
        let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert!(message.contains("query only reads"), "{forbidden}: {message}");
    }
}

/// Sums of many terms are walked by recursion, for which there is no more room at some point.
#[test]
fn a_query_has_an_end() {
    let (_scratch, out) = demo_marts();
    let sum = |terms: usize| format!("SELECT {}1 AS ones", "1+".repeat(terms - 1));
    let assert = closedloop().args(["query", &out, &sum(2_000), "--format", "csv"]).assert().success();
    assert_eq!(assert.get_output().stdout, b"ones\n2000\n");
    for many in [sum(10_001), format!("SELECT 1 WHERE {}true", "true OR ".repeat(10_000))] {
        let refusal = query_refusal(&out, &many);
        assert!(refusal.starts_with("error: one SELECT has 10000 operators, and at most 2,000"), "{refusal}");
    }
    let many = format!("SELECT 20000 IN ({}20000) AS found", "1,".repeat(19_999));
    let assert = closedloop().args(["query", &out, &many, "--format", "csv"]).assert().success();
    assert_eq!(assert.get_output().stdout, b"found\ntrue\n");
    let tables = query_refusal(&out, "SHOW TABLES");
    assert!(tables.starts_with("error: query answers SELECTs; the tables are basis_bridge, "), "{tables}");
}

/// What `query` says when it refuses, after checking that it exits with 2.
fn query_refusal(place: &str, sql: &str) -> String {
    let assert = closedloop().args(["query", place, sql]).assert().code(2);
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_query_names_the_nearest_table_and_column() {
    let (_scratch, out) = demo_marts();
    let refusal = |sql| query_refusal(&out, sql);
    assert_eq!(refusal("SELECT * FROM journey"), "error: there is no table \"journey\"; did you mean \"journeys\"?\n");
    let far = refusal("SELECT * FROM weather");
    assert!(
        far.contains("the tables are basis_bridge, calibration, campaign_clv, ") && far.contains("touch_credits"),
        "{far}"
    );
    assert_eq!(
        refusal("SELECT boked FROM reconciliation"),
        "error: there is no column \"boked\" (the nearest is \"booked\"); correct the SQL\n"
    );
    // A value that has no text is no answer.
    let error = refusal("SELECT arrow_cast(2147483647, 'Date32')");
    assert!(error.contains("2147483647") && error.lines().count() == 1, "{error}");
    let config = project("fixtures/hand/restart/closedloop.toml");
    assert_eq!(
        query_refusal(config.to_str().unwrap(), "SELECT * FROM touchpoint"),
        "error: there is no table \"touchpoint\"; did you mean \"touchpoints\"?\n"
    );
}

#[test]
fn nothing_but_reading_gets_through_in_disguise() {
    let (scratch, out) = demo_marts();
    let target = scratch.path().join("stolen.csv");
    for forbidden in [
        format!("EXPLAIN ANALYZE COPY journeys TO '{}'", target.display()),
        format!("SELECT 1; COPY journeys TO '{}'", target.display()),
        "INSERT INTO journeys SELECT * FROM journeys".to_owned(),
        "DELETE FROM journeys".to_owned(),
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'".to_owned(),
        "SELECT * FROM '/etc/passwd'".to_owned(),
        "SELECT * FROM read_csv('/etc/passwd')".to_owned(),
    ] {
        let message = query_refusal(&out, &forbidden);
        assert!(message.starts_with("error: "), "{forbidden}: {message}");
    }
    assert!(!target.exists());
}

#[test]
fn questions_come_through_a_pipe_too() {
    let (_scratch, out) = demo_marts();
    let piped = |text: &str| closedloop().args(["query", &out, "--format", "csv"]).write_stdin(text).assert();
    piped("SELECT 1 AS a; -- the first; half\nSELECT ';' AS b\n").success().stdout("a\n1\nb\n;\n");
    piped("SELECT 1; SELECT 1 +").code(2).stdout("");
    piped(" ;\n-- nothing")
        .code(2)
        .stderr("error: there is no SQL; give one SELECT, as an argument or on standard input\n");
}

#[test]
fn queries_answer_as_csv_and_json() {
    let (scratch, out) = demo_marts();
    assert_eq!(
        shown(&["query", &out, "SELECT NULL AS nothing, 1 AS one", "--format", "json"], scratch.path()),
        "{\"nothing\":null,\"one\":1}\n"
    );
    let sql = "SELECT model, position, is_default FROM dim_model ORDER BY position LIMIT 2";
    assert_eq!(
        shown(&["query", &out, sql, "--format", "csv"], scratch.path()),
        "model,position,is_default\nfirst_touch,1,false\nlast_touch,2,false\n"
    );
    assert_eq!(
        shown(&["query", &out, sql, "--format", "json"], scratch.path()),
        "{\"is_default\":false,\"model\":\"first_touch\",\"position\":1}\n{\"is_default\":false,\"model\":\"last_touch\",\"position\":2}\n"
    );
}

#[test]
fn no_colour_without_a_terminal() {
    let (scratch, out) = demo_marts();
    let text = shown(&["compare", &out], scratch.path());
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn an_unreadable_schema_version_is_named() {
    let (_scratch, out) = demo_marts();
    let manifest = Path::new(&out).join("manifest.json");
    let text = std::fs::read_to_string(&manifest).unwrap().replace("\"schema_version\": 2", "\"schema_version\": 999");
    std::fs::write(&manifest, text).unwrap();
    let assert = closedloop().args(["compare", &out]).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(message.contains("schema version 999") && message.contains("run again"), "{message}");
}

#[test]
fn a_campaign_goes_by_its_name_too() {
    let by = |campaign| {
        let quarter = ["--campaign", campaign, "--quarter", "FY26Q2"];
        shown(&[&["explain", "fixtures/demo/closedloop.toml"][..], &quarter].concat(), Path::new("/nowhere"))
    };
    assert_eq!(by("Content hub"), by("C-0049"));
    insta::assert_snapshot!(by("Content hub"));
    let arguments = ["explain", "fixtures/demo/closedloop.toml", "--campaign", "Contenthub"];
    let assert = closedloop().args(arguments).current_dir(project("")).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert_eq!(message, "error: there is no campaign \"Contenthub\"; did you mean \"Content hub\"?\n");
}

#[test]
fn explain_gives_programs_the_campaign_with_its_name() {
    let arguments = ["explain", "fixtures/demo/closedloop.toml", "--deal", "D-000002-1", "--format", "json"];
    let deals: serde_json::Value = serde_json::from_str(&shown(&arguments, Path::new("/nowhere"))).unwrap();
    let third = &deals[0]["touches"][2];
    assert_eq!((&third["campaign_id"], &third["campaign_name"]), (&"C-0023".into(), &"Newsletter FY26".into()));
}

#[test]
fn clv_help_explains_every_flag() {
    insta::assert_snapshot!(shown(&["clv", "--help"], Path::new("/nowhere")));
}

#[test]
fn explaining_an_account_ends_with_how_its_lifetime_value_arises() {
    let account = shown(&["explain", "fixtures/demo/closedloop.toml", "--account", "A-000003"], Path::new("/nowhere"));
    let lifetime = account.split_once("lifetime value of").map(|(_, lifetime)| lifetime);
    insta::assert_snapshot!(lifetime.unwrap());
}

/// `head` and other readers that have seen enough.
#[test]
#[cfg(unix)]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let (_scratch, out) = demo_marts();
    for arguments in [&["compare", &out][..], &["query", &out, "SELECT * FROM dim_model"]] {
        for format in ["table", "csv", "json"] {
            let (reader, writer) = std::io::pipe().unwrap();
            drop(reader);
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_closedloop"));
            let command = command.args(arguments).args(["--format", format]).current_dir(project(""));
            assert!(command.stdout(writer).status().unwrap().success(), "{arguments:?} {format}");
        }
    }
}

#[test]
fn what_cannot_be_explained_says_why() {
    let refused = |arguments: &[&str]| {
        let mut command = closedloop();
        let command =
            command.args(["explain", "fixtures/demo/closedloop.toml"]).args(arguments).current_dir(project(""));
        String::from_utf8(command.assert().code(2).get_output().stderr.clone()).unwrap()
    };
    assert_eq!(
        refused(&["--account", "A-000001"]),
        "error: account \"A-000001\" has no deal by the as-of date; look at its opportunities, or move --as-of\n"
    );
    let sentence = refused(&["--deal", "D-STRAY-000651"]);
    assert!(
        sentence.starts_with("error: deal \"D-STRAY-000651\" is set aside: bad_amount at deals.csv line "),
        "{sentence}"
    );
    let later = refused(&["--deal", "D-000002-1", "--as-of", "2025-01-01"]);
    assert_eq!(
        later,
        "error: deal \"D-000002-1\" is not won by the as-of date; look at its closed_at, its is_won and its stage (stages.won), or move --as-of\n"
    );
    assert!(refused(&["--account", "A-999999"]).starts_with("error: there is no account \"A-999999\"; "));
    assert!(refused(&["--deal", "D-000002-1", "--quarter", "FY26Q2"]).contains("cannot be used with"));
}

/// The smallest companies may have no deal, and their tables are read all the same.
#[test]
fn a_company_of_any_size_is_generated_and_runs() {
    for accounts in ["1", "2", "3", "5", "8"] {
        let folder = tempfile::tempdir().unwrap();
        let company = folder.path().join("company");
        let generate = ["generate", "--accounts", accounts, "--seed", "3", "--out"];
        closedloop().args(generate).arg(&company).assert().success();
        closedloop().arg("run").arg(company.join("closedloop.toml")).arg("-q").assert().success();
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let assert = closedloop().args(["generate", "--out"]).arg(folder.path().join("file")).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(message.contains("; check that the folder exists and its rights and space"), "{message}");
    std::fs::create_dir(folder.path().join("full")).unwrap();
    std::fs::write(folder.path().join("full/thesis.txt"), "").unwrap();
    let assert = closedloop().args(["generate", "--out"]).arg(folder.path().join("full")).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(message.ends_with("full is not empty; name a new or an empty folder (--out)\n"), "{message}");
    // What an interrupted one left behind is no obstacle.
    let company = folder.path().join("company");
    std::fs::create_dir_all(company.join(".staging")).unwrap();
    std::fs::write(company.join(".staging/deals.csv"), "deal_id").unwrap();
    closedloop().args(["generate", "--accounts", "3", "--out", "."]).current_dir(&company).assert().success();
    closedloop().args(["run", "closedloop.toml", "-q"]).current_dir(&company).assert().success();
    assert!(!company.join(".staging").exists());
}

/// What is done is there, and is not said to be missing.
#[test]
#[cfg(target_os = "linux")]
fn output_that_cannot_be_printed_undoes_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let printed_to = |printer: std::process::Stdio, arguments: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_closedloop"));
        let output = command.args(arguments).current_dir(project("")).stdout(printer).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let full = || std::process::Stdio::from(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let place = |name: &str| scratch.path().join(name).to_str().unwrap().to_owned();
    let config = "fixtures/demo/closedloop.toml";
    let (code, message) = printed_to(full(), &["run", config, "--marts", "reconciliation", "--out", &place("out")]);
    assert_eq!(code, 1);
    assert!(message.contains("/out, but more cannot be printed: No space left on device"), "{message}");
    assert!(scratch.path().join("out/manifest.json").is_file());
    let (code, message) = printed_to(full(), &["generate", "--accounts", "9", "--out", &place("company")]);
    assert!(code == 1 && message.contains("/company, but more cannot be printed"), "{message}");
    assert!(scratch.path().join("company/closedloop.toml").is_file());
    // Nor is there anybody to tell of it.
    let mut nowhere = std::process::Command::new(env!("CARGO_BIN_EXE_closedloop"));
    let nowhere = nowhere.args(["run", "nowhere.toml"]).stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(nowhere.code(), Some(2));
    // A verdict stands whoever listens.
    let (code, message) = printed_to(full(), &["check", config]);
    assert!(code == 1 && message.contains("findings, but more cannot be printed"), "{message}");
    let (nobody, writer) = std::io::pipe().unwrap();
    drop(nobody);
    assert_eq!(printed_to(writer.into(), &["check", config]), (1, String::new()));
}
