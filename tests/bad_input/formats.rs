//! Unusual but sound ways to store the same tables: the marts are the same, byte for byte.

use super::files::{gzip, parquet_of, parquet_with, unannotated_parquet_of};
use super::{COMPANY, World, unbroken};
use crate::support::{read_mart, texts};
use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Float64Array,
    Int32Array, UInt64Array,
};
use std::sync::Arc;

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

/// A CSV table as one JSON object a line, with this in place of what is empty, or nothing.
fn ndjson_of(csv: &str, blank: Option<&str>) -> String {
    let mut lines = csv.lines();
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    lines
        .map(|line| {
            let cells = names.iter().zip(line.split(','));
            let cells = cells.filter_map(|(name, cell)| match cell {
                "true" if blank.is_none() => Some(format!("\"{name}\": true")),
                "" => blank.map(|blank| format!("\"{name}\": \"{blank}\"")),
                _ => Some(format!("\"{name}\": \"{cell}\"")),
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
    parquet: World::new().file("t.parquet", parquet_of(TOUCHES, None)).source("touchpoints", "path = \"t.parquet\"");
    parquet_whose_texts_are_bytes: COMPANY.into_iter().fold(World::new(), |world, (table, text)| {
        let name = format!("{table}.parquet");
        world.file(&name, unannotated_parquet_of(text)).source(table, &format!("path = \"{name}\""))
    });
    ndjson: World::new().file("t.ndjson", ndjson_of(TOUCHES, None)).source("touchpoints", "path = \"t.ndjson\"");
    compressed_ndjson: World::new().file("t.jsonl.gz", gzip(&ndjson_of(TOUCHES, None))).source("touchpoints", "path = \"t.jsonl.gz\"");
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

/// More rows of the company, all of them sound, with a blank wherever one may be.
const BLANKS: [(&str, &str); 6] = [
    ("accounts", "A3,\n"),
    ("campaigns", "C3,,webinar\n"),
    ("contacts", "P2,,\n"),
    ("touchpoints", "t4,2026-01-25T10:00:00Z,,P1,,webinar,\nt5,2026-01-26T10:00:00Z,A2,,C2,,\n"),
    ("opportunities", "O3,A2,2026-02-12,Discovery,,\n"),
    ("deals", "D3,O2,2026-03-06,25.00,\n"),
];

/// Spend of a campaign and of a channel, with and without a currency.
const SPEND: &str = "campaign_id,channel,date,amount,currency\nC1,,2026-01-01,100.00,\n,webinar,2026-01-02,50.00,USD\n";

fn with_blanks() -> Vec<(&'static str, String)> {
    let more = |table| BLANKS.into_iter().find(|(of, _)| *of == table).map_or("", |(_, rows)| rows);
    let tables = COMPANY.into_iter().map(|(table, text)| (table, text.to_owned() + more(table)));
    tables.map(|(table, text)| (table, if table == "spend" { SPEND.to_owned() } else { text })).collect()
}

#[test]
fn a_blank_is_null_whatever_the_format() {
    let written = |ending: &str, lines: &str, bytes: &dyn Fn(&str) -> Vec<u8>| {
        with_blanks().into_iter().fold(World::new(), |world, (table, text)| {
            let name = format!("{table}.{ending}");
            world.file(&name, bytes(&text)).source(table, &format!("path = \"{name}\"\n{lines}"))
        })
    };
    let csv = written("csv", "", &|text| text.as_bytes().to_vec()).accepted();
    assert_eq!(csv.set_aside(), Vec::<String>::new());
    assert_eq!(csv.credits()["t4"], "333.33");
    let by_sql = "sql = \"SELECT * FROM raw\"";
    assert!(written("csv", by_sql, &|text| text.as_bytes().to_vec()).accepted().marts() == csv.marts(), "SQL");
    for blank in [None, Some(""), Some("  ")] {
        let ndjson = written("ndjson", "", &|text| ndjson_of(text, blank).into_bytes());
        assert!(ndjson.accepted().marts() == csv.marts(), "NDJSON, {blank:?}");
        let parquet = written("parquet", "", &|text| parquet_of(text, blank));
        assert!(parquet.accepted().marts() == csv.marts(), "Parquet, {blank:?}");
    }
}

#[test]
fn a_blank_identifier_is_missing_whatever_the_format() {
    let touches = TOUCHES.to_owned() + "t4,2026-01-25T10:00:00Z,,,C1,,\n,2026-01-25T10:00:00Z,A1,,C1,,\n";
    let set_aside = ["touchpoints missing_account t4 - -:-", "touchpoints missing_key - - -:-"];
    for blank in [None, Some(""), Some(" ")] {
        let world = World::new().file("t.parquet", parquet_of(&touches, blank));
        assert_eq!(world.source("touchpoints", "path = \"t.parquet\"").accepted().set_aside(), set_aside);
        let world = World::new().file("t.ndjson", ndjson_of(&touches, blank));
        assert_eq!(world.source("touchpoints", "path = \"t.ndjson\"").accepted().set_aside(), set_aside);
    }
}

/// In Parquet a UUID is sixteen bytes, in every other format text.
#[test]
fn uuids_of_parquet_meet_those_of_text() {
    const UUID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let world = || every_table(|text| text.replace("A2", UUID));
    assert_eq!(world().accepted().column("journeys", "deal_id", "account_id")["D2"], UUID);
    let last = TOUCHES.lines().filter(|line| !line.contains("A1")).collect::<Vec<_>>().join("\n");
    let bytes = u128::from_str_radix(&UUID.replace('-', ""), 16).unwrap().to_be_bytes();
    let in_bytes = |csv: &str| {
        let uuids = FixedSizeBinaryArray::try_from_iter(csv.lines().skip(1).map(|_| bytes)).unwrap();
        let world = world().file("t.parquet", parquet_with(csv, "account_id", uuids));
        world.source("touchpoints", "path = \"t.parquet\"").accepted()
    };
    assert_eq!(in_bytes(&last).credits()["t3"], "500.00");
    // In a row that is set aside, too.
    let unreadable = last.lines().last().unwrap().replace("t3,2026-02-01T", "t4,soon T");
    let rows = texts(&read_mart(&in_bytes(&format!("{last}\n{unreadable}")).out, "set_aside"), "row");
    assert!(rows[0].as_ref().is_some_and(|row| row.contains(UUID)), "{rows:?}");
}

/// Hashes take all 64 bits.
#[test]
fn unsigned_identifiers_are_their_digits() {
    let hashed = |text: &str| text.replace("A1", "18446744073709551615").replace("A2", "42");
    let hashes = UInt64Array::from(vec![u64::MAX, u64::MAX, 42]);
    let touches = parquet_with(&hashed(TOUCHES), "account_id", hashes);
    let world = every_table(hashed).source("touchpoints", "path = \"touches\"").file("touches/t.parquet", touches);
    assert!(world.accepted().marts() == every_table(hashed).accepted().marts());
}

/// Where some are missing, data frames hold identifiers as floats, and databases that know no integers as decimals.
#[test]
fn whole_numbers_with_a_point_are_identifiers_without() {
    let numbered = |text: &str| text.replace("A1", "101").replace("A2", "102");
    let world = || every_table(numbered).source("touchpoints", "path = \"touches\"");
    let marts = every_table(numbered).accepted().marts();
    let touches = numbered(TOUCHES);
    let json = ndjson_of(&touches, None).replace("\"101\"", "101.0").replace("\"102\"", "102.0");
    assert!(world().file("touches/t.ndjson", json).accepted().marts() == marts, "NDJSON");
    let floats = Float64Array::from(vec![101.0, 101.0, 102.0]);
    let floats = parquet_with(&touches, "account_id", floats);
    assert!(world().file("touches/t.parquet", floats).accepted().marts() == marts, "floats");
    let decimals = Decimal128Array::from(vec![101_0000, 101_0000, 102_0000]).with_precision_and_scale(38, 4).unwrap();
    let decimals = parquet_with(&touches, "account_id", decimals);
    assert!(world().file("touches/t.parquet", decimals).accepted().marts() == marts, "decimals");
}

/// Some exports of the web nest what belongs together.
#[test]
fn a_column_of_objects_is_refused_by_its_name() {
    let deals = "{\"deal_id\": \"D1\", \"opportunity_id\": \"O1\", \"closed_at\": \"2026-03-01\", \"amount\": {\"value\": 5}}\n";
    let world = World::new().file("deals.jsonl", deals).source("deals", "path = \"deals.jsonl\"");
    assert_eq!(
        world.refused(),
        "table deals (deals.jsonl): column \"amount\" holds lists or objects where amount is one value; \
         select one part of it AS amount in [tables.deals] sql"
    );
}

/// Categories of pandas are dictionaries of whatever they hold.
#[test]
fn dictionaries_of_numbers_and_times_are_read_and_those_of_flags_refused() {
    let deals = COMPANY[5].1;
    let world = |table: &'static str, bytes: Vec<u8>| {
        World::new().file("t.parquet", bytes).source(table, "path = \"t.parquet\"")
    };
    let keys = Int32Array::from(vec![1, 0]);
    let amounts: ArrayRef = Arc::new(Float64Array::from(vec![500.0, 1000.0]));
    let amounts = DictionaryArray::new(keys.clone(), amounts);
    assert!(world("deals", parquet_with(deals, "amount", amounts)).accepted().marts() == unbroken().marts());
    let days: ArrayRef = Arc::new(Date32Array::from(vec![20_517, 20_513]));
    let days = DictionaryArray::new(keys, days);
    assert!(world("deals", parquet_with(deals, "closed_at", days)).accepted().marts() == unbroken().marts());
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    let flags = DictionaryArray::new(Int32Array::from(vec![0, 0, 0]), flags);
    assert_eq!(
        world("touchpoints", parquet_with(TOUCHES, "responded", flags)).refused(),
        "table touchpoints (t.parquet): column \"responded\" holds true and false as a dictionary, which Parquet has none for; \
         write it without one"
    );
}
