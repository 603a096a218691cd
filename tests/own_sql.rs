//! SQL of the configuration: files that a table's SELECT joins, and checks of one's own.

use crate::support::{closedloop, read_mart, texts};
use std::path::Path;

/// A deal of one account that met one touch; the touch's channel is in a file of its own.
fn write_inputs(folder: &Path) {
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    write("touches.csv", "touch_id,touched_at,account_id,visit\nt1,2026-01-05,a1,v1\n");
    write("visits.csv", "visit,channel\nv1,paid_search\n");
    write(
        "opportunities.csv",
        "opportunity_id,account_id,created_at,stage,closed_at,amount\no1,a1,2026-01-10,Won,2026-02-01,100\n",
    );
}

/// A configuration over those files, with lines of its own for touchpoints and at the end.
fn write_config(folder: &Path, touchpoints: &str, end: &str) {
    let config = format!(
        "[tables.touchpoints]\npath = \"touches.csv\"\n{touchpoints}\n[tables.opportunities]\npath = \"opportunities.csv\"\n{end}\n"
    );
    std::fs::write(folder.join("closedloop.toml"), config).unwrap();
}

const JOIN: &str = r#"
with = { visits = "visits.csv" }
sql = "SELECT touch_id, touched_at, account_id, channel FROM raw LEFT JOIN visits USING (visit)"
"#;

/// Standard output and error of a command that must end with `code`.
fn told(folder: &Path, command: &str, code: i32) -> String {
    let assert = closedloop().current_dir(folder).args([command, "closedloop.toml", "--quiet"]).assert().code(code);
    let output = assert.get_output();
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_table_takes_columns_from_a_joined_file_and_the_manifest_names_it() {
    let scratch = tempfile::tempdir().unwrap();
    write_inputs(scratch.path());
    write_config(scratch.path(), JOIN, "");
    told(scratch.path(), "run", 0);
    let out = scratch.path().join("out");
    assert_eq!(texts(&read_mart(&out, "touch_credits"), "channel"), [Some("paid_search".to_owned())]);
    let manifest: serde_json::Value =
        serde_json::from_slice(&std::fs::read(out.join("manifest.json")).unwrap()).unwrap();
    let files: Vec<(&str, &str)> = manifest["inputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|input| (input["table"].as_str().unwrap(), input["file"].as_str().unwrap()))
        .collect();
    assert!(files.contains(&("touchpoints", "visits.csv")), "{files:?}");
}

#[test]
fn a_fault_of_a_joined_file_names_that_file_and_line() {
    let scratch = tempfile::tempdir().unwrap();
    write_inputs(scratch.path());
    write_config(scratch.path(), JOIN, "");
    std::fs::write(scratch.path().join("visits.csv"), "visit,channel\nv1,paid_search,twice\n").unwrap();
    let told = told(scratch.path(), "run", 2);
    assert!(told.contains("visits.csv line 2 has 3 fields where the header has 2"), "{told}");
}

#[test]
fn joined_files_need_a_select_a_plain_name_and_to_be_there() {
    let scratch = tempfile::tempdir().unwrap();
    write_inputs(scratch.path());
    let refused = |touchpoints: &str, complaint: &str| {
        write_config(scratch.path(), touchpoints, "");
        let told = told(scratch.path(), "run", 2);
        assert!(told.contains(complaint), "{told}");
    };
    refused("with = { visits = \"visits.csv\" }", "tables.touchpoints.with: is given without sql");
    let select = "sql = \"SELECT * FROM raw\"";
    refused(
        &format!("{select}\nwith = {{ raw = \"visits.csv\" }}"),
        "tables.touchpoints.with.raw: is not a usable table name",
    );
    refused(
        &format!("{select}\nwith = {{ Visits = \"visits.csv\" }}"),
        "tables.touchpoints.with.Visits: is not a usable",
    );
    refused(&format!("{select}\nwith = {{ visits = \"gone.csv\" }}"), "tables.touchpoints.with.visits: no file");
}

#[test]
fn a_check_of_ones_own_is_a_finding_with_the_number_of_rows_and_the_least_of_them() {
    let scratch = tempfile::tempdir().unwrap();
    write_inputs(scratch.path());
    let check = |sql: &str| {
        let check =
            format!("[[checks]]\ntable = \"touchpoints\"\nfinds = \"a visit that nobody knows\"\nsql = \"{sql}\"");
        write_config(scratch.path(), "", &check);
    };
    check("SELECT visit, account_id FROM source_touchpoints WHERE visit <> 'v2'");
    let found = told(scratch.path(), "check", 1);
    assert!(found.contains("touchpoints   1 row found: a visit that nobody knows, as v1, a1"), "{found}");

    check("SELECT visit FROM source_touchpoints WHERE visit = 'v2'");
    let found = told(scratch.path(), "check", 1);
    assert!(!found.contains("nobody knows"), "{found}");
}

#[test]
fn a_check_that_does_not_plan_or_would_write_is_refused_by_name() {
    let scratch = tempfile::tempdir().unwrap();
    write_inputs(scratch.path());
    for sql in ["SELECT nothing FROM nowhere", "DROP TABLE source_touchpoints"] {
        let check = format!("[[checks]]\ntable = \"deals\"\nfinds = \"an odd deal\"\nsql = \"{sql}\"");
        write_config(scratch.path(), "", &check);
        let told = told(scratch.path(), "check", 2);
        assert!(told.contains("checks, \"an odd deal\": "), "{told}");
    }
}
