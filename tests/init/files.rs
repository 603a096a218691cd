//! What the names of files say, and files that belong together.

use super::systems::beside;
use super::*;

const SPEND: &str = "Date,Campaign,Cost\n2026-01-01,C1,100\n";

/// "goog-leads" is no list of leads.
#[test]
fn exports_of_advertising_are_spend_by_their_names() {
    for name in ["google_ads.csv", "LinkedIn Ads 2026.csv", "meta-ads.csv", "bing_ads.csv"] {
        let folder = beside(name, SPEND);
        let printed = init(folder.path());
        assert!(!printed.contains("contacts"), "{printed}");
        let manifest = run(&folder.path().join("closedloop.toml"));
        assert_eq!(manifest["tables"]["spend"]["used"]["amount"], 10_000, "{name}");
    }
}

#[test]
fn files_with_the_same_columns_are_parts_or_copies() {
    let folder = beside("spend_nov.csv", SPEND);
    write(folder.path(), "spend_dec.csv", &SPEND.replace("2026-01", "2026-02"));
    let printed = init(folder.path());
    assert!(printed.contains("has the same columns as spend_dec.csv") && !printed.contains("fits better"), "{printed}");
    let said = "spend_nov.csv has the same columns as spend_dec.csv; if they are parts of one table, read both with path = \"spend_*.csv\"";
    assert!(printed.contains(said), "{printed}");
    let config = folder.path().join("closedloop.toml");
    let text = config_text(folder.path());
    let edited = text.replace("path = \"spend_dec.csv\"", "path = \"spend_*.csv\"");
    assert_ne!(text, edited);
    write(folder.path(), "closedloop.toml", &edited);
    assert_eq!(run(&config)["tables"]["spend"]["used"]["amount"], 20_000);

    // A third file that the pattern would take in.
    write(folder.path(), "spend_notes.csv", "note\nx\n");
    fs::remove_dir_all(folder.path().join("out")).unwrap();
    let printed = again(folder.path());
    assert!(printed.contains("if they are parts of one table, put them into a folder of their own"), "{printed}");
}

/// The file that a browser saved first has no number.
#[test]
fn of_copies_the_first_is_read() {
    let row = "O1,A1,2024-02-01,2024-03-01,Closed Won,5\n";
    let (folder, _) = said_of("opps.csv", &format!("{OPPORTUNITIES}{row}"));
    write(folder.path(), "opps (1).csv", &format!("{OPPORTUNITIES}{row}"));
    let printed = again(folder.path());
    assert!(printed.contains("opps (1).csv is a copy of opps.csv"), "{printed}");
    assert!(config_text(folder.path()).contains("path = \"opps.csv\""), "{printed}");
}

#[test]
fn what_a_file_of_spend_lacks_leaves_a_choice() {
    let folder = beside("spend.csv", "when,Cost\nsoon,5\n");
    let printed = init(folder.path());
    let said = "is named like spend, but has no column for campaign_id or channel, date or start_date and end_date";
    assert!(printed.split_whitespace().collect::<Vec<_>>().join(" ").contains(said), "{printed}");
}

#[test]
fn the_next_command_can_be_pasted() {
    let folder = beside("spend.csv", SPEND);
    let blank = folder.path().join("my exports 2024");
    fs::create_dir(&blank).unwrap();
    for name in ["opportunities.csv", "touches.csv"] {
        fs::copy(folder.path().join(name), blank.join(name)).unwrap();
    }
    let printed = init(&blank);
    assert!(printed.contains(&format!("closedloop run '{}/closedloop.toml'", blank.display())), "{printed}");
}
