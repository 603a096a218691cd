//! Files of no system, and tables in parts.

use super::systems::hubspot;
use super::*;

/// Files of no system: other names, separators, formats, dates and amounts than the contract's.
pub fn plain_exports(folder: &Path) {
    write(folder, "Customers.tsv", "Customer ID\tCustomer Name\tCountry\nK1\tUno\tES\nK2\tDue\tIT\n");
    write(
        folder,
        "people.ndjson",
        "{\"person_id\":\"P1\",\"customer_id\":\"K1\",\"created\":\"2025-01-02\"}\n{\"person_id\":\"P2\",\"customer_id\":\"K2\",\"created\":\"2025-01-03\"}\n",
    );
    write(
        folder,
        "pipeline.csv",
        "Opportunity ID,Customer ID,Created Date,Close Date,Stage,Amount\n\
         O1,K1,3/1/2025,5/14/2025,Won (EMEA),\"$1,250.75\"\n\
         O2,K2,3/15/2025,6/2/2025,Won (EMEA),\"$10,000\"\n\
         O3,K2,4/1/2025,,Negotiation,\"$99,999.99\"\n",
    );
    for (year, row) in [(2024, "E1,P1,2024-12-20,C1,email"), (2025, "E2,P2,2025-02-20,C1,email")] {
        write(
            folder,
            &format!("events_{year}.csv"),
            &format!("Event ID,Person ID,Event Date,Campaign ID,Event Type\n{row}\n"),
        );
    }
    write(folder, "campaigns.csv", "id;campaign name;start;end\nC1;News;2024-12-01;2025-03-31\n");
    write(folder, "ad cost.csv", "Campaign ID;Day;Cost\nC1;01.02.2025;1.000,25\nC1;17.02.2025;99,75\n");
    write(folder, "notes.xlsx", "not a spreadsheet, but it ends like one");
}

#[test]
fn plain_exports_are_mapped_by_names_and_values() {
    let folder = tempfile::tempdir().unwrap();
    plain_exports(folder.path());
    let printed = init(folder.path());
    assert!(printed.contains("events_202*.csv"), "{printed}");
    assert!(printed.contains("is a spreadsheet; save it as CSV"), "{printed}");
    assert!(printed.contains("has no column for channel"), "{printed}");
    let config = folder.path().join("closedloop.toml");
    let manifest = run(&config);
    assert_eq!(manifest["booked"], 125_075 + 1_000_000);
    assert_eq!(manifest["tables"]["spend"]["used"]["amount"], 100_025 + 9_975);
    for (table, rows) in [("accounts", 2), ("contacts", 2), ("opportunities", 3), ("campaigns", 1), ("touchpoints", 2)]
    {
        assert_eq!(read_rows(&manifest, table), rows, "{table}");
        assert_eq!(manifest["tables"][table]["set_aside"]["rows"], 0, "{table}");
    }
    // Each customer was touched within the year before its opportunity of March.
    assert_eq!(attributed(&config), 125_075 + 1_000_000);
}

#[test]
fn the_configuration_passes_a_dry_run_wherever_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    hubspot(folder.path());
    let elsewhere = tempfile::tempdir().unwrap();
    let config = elsewhere.path().join("mine.toml");
    closedloop().arg("init").arg(folder.path()).arg("--out").arg(&config).assert().success();
    let shown = closedloop().arg("run").arg(&config).arg("--dry-run").assert().success().get_output().stdout.clone();
    let shown = String::from_utf8(shown).unwrap();
    assert!(shown.contains("hubspot-crm-exports-all-deals-2026-03-01.csv"), "{shown}");
    assert!(!folder.path().join("closedloop.toml").exists());
}

/// Named and headed as the table, a file needs no proof that its key is one: repeats are set aside.
#[test]
fn a_file_whose_key_repeats_is_still_its_table() {
    let folder = tempfile::tempdir().unwrap();
    plain_exports(folder.path());
    for file in ["events_2024.csv", "events_2025.csv"] {
        fs::remove_file(folder.path().join(file)).unwrap();
    }
    let touches = "touch_id,touched_at,contact_id,channel\nE1,2024-12-20,P1,email\nE1,2024-12-20,P1,email\nE2,2025-02-20,P2,email\n";
    write(folder.path(), "touches.csv", touches);
    let printed = init(folder.path());
    assert!(printed.contains("3 rows share 2 values of touch_id; of rows with one key one is used"), "{printed}");
    let manifest = run(&folder.path().join("closedloop.toml"));
    assert_eq!(manifest["tables"]["touchpoints"]["set_aside"]["rows"], 1);
    assert_eq!(manifest["tables"]["touchpoints"]["used"]["rows"], 2);
}

/// What other systems leave beside the parts of a table, and packed parts, hinder neither `init` nor `run`; nor does a
/// folder whose name reads like a pattern.
#[test]
fn parts_in_a_folder_are_one_table_whatever_lies_beside_them() {
    use std::io::Write as _;
    let folder = tempfile::tempdir().unwrap();
    let exports = folder.path().join("exports [Q3]");
    fs::create_dir(&exports).unwrap();
    plain_exports(&exports);
    init(&exports);
    let expected = run(&exports.join("closedloop.toml"))["tables"]["touchpoints"].clone();
    assert_eq!(expected["read"]["rows"], 2);
    fs::remove_file(exports.join("closedloop.toml")).unwrap();
    fs::remove_dir_all(exports.join("out")).unwrap();
    fs::create_dir(exports.join("events")).unwrap();
    for year in [2024, 2025] {
        let plain = exports.join(format!("events_{year}.csv"));
        let mut rows = csv::Reader::from_path(&plain).unwrap();
        let headers = rows.headers().unwrap().clone();
        let packed = fs::File::create(exports.join(format!("events/part-{year}.ndjson.gz"))).unwrap();
        let mut packed = flate2::write::GzEncoder::new(packed, flate2::Compression::default());
        for row in rows.records() {
            let row = row.unwrap();
            let cells = headers.iter().zip(&row).map(|(name, cell)| (name.to_owned(), Value::from(cell)));
            writeln!(packed, "{}", Value::Object(cells.collect())).unwrap();
        }
        packed.finish().unwrap();
        fs::remove_file(plain).unwrap();
    }
    write(&exports, "events/_SUCCESS", "");
    write(&exports, "events/.part-2024.crc", "x");
    init(&exports);
    let config = config_text(&exports);
    assert!(config.contains("path = \"events\""), "{config}");
    assert_eq!(run(&exports.join("closedloop.toml"))["tables"]["touchpoints"], expected);
    let pattern = config.replace("path = \"events\"", "path = \"events/part-*\"");
    write(&exports, "closedloop.toml", &pattern);
    assert_eq!(run(&exports.join("closedloop.toml"))["tables"]["touchpoints"], expected);
}

/// Files that could not be read as one are no parts of one table, and those that are tell together how they read.
#[test]
fn parts_are_looked_at_together() {
    let rows = |rows: &str| format!("{OPPORTUNITIES}{rows}");
    let (folder, _) = said_of("opps_2024.csv", &rows("O1,A1,13/02/2024,14/03/2024,Closed Won,5\n"));
    write(folder.path(), "opps_2025.csv", &rows("O2,A1,02/13/2025,03/14/2025,Closed Won,5\n"));
    fs::remove_file(folder.path().join("closedloop.toml")).unwrap();
    let printed = init(folder.path());
    assert!(printed.contains("opps_202*.csv"), "{printed}");
    assert!(printed.contains("\"Created\" does not hold a date that can be read"), "{printed}");
    // Cut by another character, it is no part; and it is no table of accounts, though it has their identifiers.
    write(folder.path(), "opps_2025.csv", &rows("O2,A1,2025-02-13,2025-03-14,Closed Won,5\n").replace(',', ";"));
    fs::remove_file(folder.path().join("closedloop.toml")).unwrap();
    let printed = init(folder.path());
    assert!(!printed.contains("opps_202*.csv"), "{printed}");
    assert!(printed.contains("may be opportunities too"), "{printed}");
    assert!(!config_text(folder.path()).contains("[tables.accounts]"), "{}", config_text(folder.path()));
}
