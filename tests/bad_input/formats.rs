//! Unusual but sound ways to store the same tables: the marts are the same, byte for byte.

use super::files::{gzip, parquet_touches};
use super::{COMPANY, World, unbroken};

const TOUCHES: &str = COMPANY[3].1;

macro_rules! the_same_marts {
    ($($name:ident: $world:expr;)*) => {
        $(#[test]
        fn $name() {
            assert!($world.accepted().marts() == unbroken().marts());
        })*
    };
}

/// Every table as `change` makes it.
fn every_table(change: impl Fn(&str) -> String) -> World {
    COMPANY.into_iter().fold(World::new(), |world, (table, text)| world.file(&format!("{table}.csv"), change(text)))
}

/// The touches in two files of a folder.
fn two_files() -> World {
    let lines: Vec<&str> = TOUCHES.lines().collect();
    World::new()
        .file("touches/a.csv", format!("{}\n{}\n", lines[0], lines[1]))
        .file("touches/b.csv", format!("{}\n{}\n{}", lines[0], lines[2], lines[3]))
}

/// The touches as one JSON object a line, absent where a cell is empty.
fn ndjson_touches() -> String {
    let mut lines = TOUCHES.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            let cells = names.iter().zip(line.split(',')).filter(|(_, cell)| !cell.is_empty());
            let cells = cells.map(|(name, cell)| match cell {
                "true" => format!("\"{name}\": true"),
                _ => format!("\"{name}\": \"{cell}\""),
            });
            format!("{{{}}}\n", cells.collect::<Vec<_>>().join(", "))
        })
        .collect()
}

the_same_marts! {
    a_glob: two_files().source("touchpoints", "path = \"touches/*.csv\"");
    a_folder_with_other_files_in_it:
        two_files().file("touches/README.md", "no table").file("touches/.a.csv", "no table").source("touchpoints", "path = \"touches\"");
    a_name_that_looks_like_a_glob:
        World::new().file("deals [1]?.csv", COMPANY[5].1).source("deals", "path = \"deals [1]?.csv\"");
    compressed_csv: World::new().file("t.csv.gz", gzip(TOUCHES)).source("touchpoints", "path = \"t.csv.gz\"");
    compressed_csv_without_its_ending:
        World::new().file("t.CSV.GZ", gzip(TOUCHES)).source("touchpoints", "path = \"t.CSV.GZ\"\nformat = \"csv\"");
    parquet: World::new().file("t.parquet", parquet_touches()).source("touchpoints", "path = \"t.parquet\"");
    ndjson: World::new().file("t.ndjson", ndjson_touches()).source("touchpoints", "path = \"t.ndjson\"");
    compressed_ndjson: World::new().file("t.jsonl.gz", gzip(&ndjson_touches())).source("touchpoints", "path = \"t.jsonl.gz\"");
    semicolons: World::new().file("deals.csv", COMPANY[5].1.replace(',', ";")).source("deals", "path = \"deals.csv\"\ndelimiter = \";\"");
    tabs: World::new().file("deals.tsv", COMPANY[5].1.replace(',', "\t")).source("deals", "path = \"deals.tsv\"\ndelimiter = \"\\t\"");
    a_byte_order_mark: every_table(|text| format!("\u{feff}{text}"));
    breaks_of_windows: every_table(|text| text.replace('\n', "\r\n"));
    breaks_of_windows_on_some_lines: every_table(|text| text.replacen('\n', "\r\n", 2));
    no_break_at_the_end: every_table(|text| text.trim_end().to_owned());
    blank_lines: every_table(|text| text.replace('\n', "\n\n"));
    blanks_around_cells: every_table(|text| {
        let (header, rows) = text.split_once('\n').unwrap();
        format!("{header}\n{}", rows.replace(',', " , "))
    });
    quotes_around_cells: every_table(|text| {
        text.lines().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect()
    });
    a_header_of_other_case: every_table(|text| {
        let (header, rows) = text.split_once('\n').unwrap();
        format!("{}\n{rows}", header.to_uppercase())
    });
    columns_that_nobody_asked_for: every_table(|text| {
        let rows = text.lines().enumerate();
        // Names that the program uses for something else.
        let more = |row: usize| if row == 0 { "closed,minor,won,created,first_day" } else { "a,b,c,d,e" };
        rows.map(|(row, line)| format!("{line},{}\n", more(row))).collect()
    });
    rows_in_another_order: every_table(|text| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines[1..].reverse();
        lines.join("\n")
    });
}

#[test]
fn a_line_break_within_a_cell_is_part_of_it() {
    let campaigns = "campaign_id,name,channel\nC1,\"Search,\n\"\"brand\"\"\",paid_search\nC2,Webinar,webinar\n";
    let outcome = World::new().file("campaigns.csv", campaigns).accepted();
    assert_eq!(outcome.column("dim_campaign", "campaign_id", "name")["C1"], "Search,\n\"brand\"");
    assert_eq!(outcome.column("dim_campaign", "campaign_id", "name")["C2"], "Webinar");
}

#[test]
fn ids_with_leading_zeros_stay_apart() {
    let renamed =
        every_table(|text| text.replace("A1", "007").replace("A2", "7").replace("D1", "01").replace("D2", "1"));
    let outcome = renamed.accepted();
    assert_eq!(outcome.column("journeys", "deal_id", "account_id")["01"], "007");
    assert_eq!(outcome.column("journeys", "deal_id", "account_id")["1"], "7");
    assert_eq!(outcome.credits()["t3"], "500.00");
}

#[test]
fn a_json_field_counts_from_whichever_line_it_first_appears() {
    let deal = |number: usize, more: &str| {
        format!("{{\"deal_id\": \"D{number}\", \"opportunity_id\": \"O1\", \"closed_at\": \"2026-03-01\", {more}}}\n")
    };
    let mut deals: String = (0..1_500).map(|number| deal(number, "\"amount\": 1")).collect();
    deals += &deal(1_500, "\"amount\": 1.25, \"kind\": \"renewal\"");
    let outcome = World::new().file("d.ndjson", deals).source("deals", "path = \"d.ndjson\"").accepted();
    assert_eq!(outcome.booked(), 150_125);
    assert_eq!(outcome.column("journeys", "deal_id", "kind")["D1500"], "renewal");
}

#[test]
fn nested_values_are_no_obstacle_to_setting_a_row_aside() {
    let deals = "{\"deal_id\": \"D1\", \"opportunity_id\": \"O1\", \"closed_at\": \"2026-03-01\", \"amount\": 5, \"owner\": {\"id\": [1]}}\n\
                 {\"deal_id\": \"D2\", \"opportunity_id\": \"O2\", \"closed_at\": \"soon\", \"amount\": 7, \"owner\": {\"id\": [2]}}\n";
    let outcome = World::new().file("d.ndjson", deals).source("deals", "path = \"d.ndjson\"").accepted();
    assert_eq!(outcome.set_aside(), ["deals bad_timestamp D2 7.00 -:-"]);
}
