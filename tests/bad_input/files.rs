//! Files that are missing, empty, incomplete or torn: refused with the file, and the line where there are lines.

use super::{COMPANY, World};
use crate::support::{closedloop, read_mart, texts};
use arrow::array::{
    Array, ArrayRef, BinaryArray, Date32Array, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use closedloop::mart::catalogue;
use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::arrow::ArrowWriter;
use std::io::Write;
use std::sync::Arc;

macro_rules! refused {
    ($($name:ident: $world:expr => $expected:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_eq!($world.refused(), $expected);
        })*
    };
}

const SWALLOWED_TOUCHES: &str =
    "table touchpoints (touchpoints.csv): touchpoints.csv line 3 opens a quote that is never closed; close it";

#[test]
fn explain_says_which_quote_swallows_touches() {
    let world = World::new().file("touchpoints.csv", COMPANY[3].1.replace("t2,", "\"t2,"));
    world.refused();
    let explain = ["explain", world.path("closedloop.toml").to_str().unwrap(), "--deal", "D1"].map(str::to_owned);
    let assert = closedloop().args(explain).assert().code(2);
    let stderr = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(stderr.ends_with("touchpoints.csv line 3 opens a quote that is never closed; close it\n"), "{stderr}");
}

refused! {
    a_missing_file: World::new().source("spend", "path = \"spent.csv\"")
        => "closedloop.toml: tables.spend.path: no file for table spend at spent.csv; check the path";
    a_glob_without_files: World::new().source("spend", "path = \"spend/*.csv\"")
        => "closedloop.toml: tables.spend.path: no file for table spend at spend/*.csv; check the path";
    a_missing_table: World::new().without("opportunities")
        => "closedloop.toml: tables.opportunities: is required; add [tables.opportunities] with path = \"…\"";
    an_unclear_ending: World::new().file("deals.dat", COMPANY[5].1).source("deals", "path = \"deals.dat\"")
        => "closedloop.toml: tables.deals.path: the format of deals.dat is not clear from its ending; add format = \"csv\"";
    files_stored_differently: World::new()
        .file("t/a.csv", COMPANY[3].1).file("t/b.csv.gz", gzip(COMPANY[3].1)).source("touchpoints", "path = \"t\"")
        => "closedloop.toml: tables.touchpoints.path: t/a.csv and t/b.csv.gz are stored differently; name one kind, as in \"folder/*.csv\"";
    a_missing_column_with_a_near_one: World::new().replace("deals", "amount", "ammount")
        => "table deals (deals.csv): column \"amount\" is missing, the nearest is \"ammount\"; map it with columns = { amount = \"ammount\" } under [tables.deals]";
    a_missing_column_with_none_near: World::new().replace("campaigns", "channel", "wohin")
        => "table campaigns (campaigns.csv): column \"channel\" is missing, found are campaign_id, name, wohin; map it with columns = { channel = \"…\" } under [tables.campaigns]";
    a_mapped_column_that_is_missing: World::new().source("deals", "path = \"deals.csv\"\ncolumns = { kind = \"Typ\" }")
        => "table deals (deals.csv): column \"Typ\" is missing, found are deal_id, opportunity_id, closed_at, amount, kind; map it with columns = { kind = \"…\" } under [tables.deals]";
    a_map_of_a_column_that_no_table_has: World::new().source("deals", "path = \"deals.csv\"\ncolumns = { ammount = \"amount\" }")
        => "table deals (deals.csv): columns maps \"ammount\", which the table does not have; did you mean \"amount\"?";
    touches_of_neither_account_nor_contact: World::new().file("touchpoints.csv", "touch_id,touched_at\nt1,2026-01-05\n")
        => "table touchpoints (touchpoints.csv): a column account_id or contact_id is missing, found are touch_id, touched_at; map it with columns = { account_id = \"…\" } under [tables.touchpoints]";
    spend_without_dates: World::new().replace("spend", "date", "tag")
        => "table spend (spend.csv): a column date or start_date and end_date is missing, found are campaign_id, tag, amount; map it with columns = { date = \"…\" } under [tables.spend]";
    a_column_named_as_the_program_names_its_own: World::new().replace("touchpoints", "responded", "reason")
        => "table touchpoints (touchpoints.csv): column \"reason\" has a name that the program needs; leave it out with sql = \"SELECT * EXCLUDE (reason) FROM raw\"";
    two_columns_that_differ_in_capitals: World::new().replace("deals", "amount,kind", "Amount,AMOUNT")
        => "table deals (deals.csv): columns \"Amount\" and \"AMOUNT\" could both be amount; map it with columns = { amount = \"Amount\" } under [tables.deals]";
    two_columns_of_one_name: World::new().replace("deals", "kind", "amount")
        => "table deals (deals.csv): deals.csv has two columns \"amount\"; rename one";
    files_of_different_headers: World::new()
        .file("t/a.csv", "touch_id,touched_at,account_id\n").file("t/b.csv", "touch_id,account_id,touched_at\n")
        .source("touchpoints", "path = \"t\"")
        => "table touchpoints (t): t/b.csv has another header than t/a.csv; give them the same columns";
    another_delimiter: World::new().file("deals.csv", COMPANY[5].1.replace(',', ";"))
        => "table deals (deals.csv): its header is one column, \"deal_id;opportunity_id;closed_at;amount;kind\"; add delimiter = \";\" under [tables.deals]";
    a_line_that_names_the_delimiter: World::new().file("deals.csv", format!("sep=;\n{}", COMPANY[5].1.replace(',', ";")))
        => "table deals (deals.csv): its first line is no header but names the delimiter, as spreadsheets write it; add title_lines = 1 and delimiter = \";\" under [tables.deals]";
    a_title_above_the_header: World::new().file("deals.csv", format!("Won deals\n{}", COMPANY[5].1))
        => "table deals (deals.csv): its header is one column, \"Won deals\"; if it stands above the header, say under [tables.deals] how many lines do, as in title_lines = 2";
    more_titles_than_lines: World::new().source("deals", "path = \"deals.csv\"\ntitle_lines = 9")
        => "table deals (deals.csv): deals.csv has no header; write the column names into line 10";
    a_short_row: World::new().rows("deals", "D3,O1\n")
        => "table deals (deals.csv): deals.csv line 4 has 2 fields where the header has 5; quote or complete the row";
    a_long_row_of_the_large_table: World::new().rows("touchpoints", "t4,2026-02-02,A2,,C1,,true,and more\n")
        => "table touchpoints (touchpoints.csv): touchpoints.csv line 5 has 8 fields where the header has 7; quote or complete the row";
    a_short_row_behind_quoted_breaks_and_a_blank_line: World::new()
        .file("deals.csv", COMPANY[5].1.replace("1000.00,new", "1000.00,\"n\r\new\"").replace('\n', "\r\n") + "\r\nD3,O1\r\n")
        => "table deals (deals.csv): deals.csv line 7 has 2 fields where the header has 5; quote or complete the row";
    a_quote_that_swallows_rows: World::new().file("deals.csv", COMPANY[5].1.replace("D1,", "\"D1,").replace("D2,", "\"D\"2,"))
        => "table deals (deals.csv): deals.csv line 2 opens a quote that closes before its cell ends; double the quotes inside of it, or take away what follows";
    a_quote_that_swallows_touches: World::new().file("touchpoints.csv", COMPANY[3].1.replace("t2,", "\"t2,"))
        => SWALLOWED_TOUCHES;
    a_quote_that_swallows_touches_and_a_wrong_condition: World::new()
        .file("touchpoints.csv", COMPANY[3].1.replace("t2,", "\"t2,"))
        .settings("[journeys]\neligible = \"nothing = 1\"")
        => SWALLOWED_TOUCHES;
    a_quote_that_swallows_the_header: World::new().file("deals.csv", COMPANY[5].1.replace("deal_id,", "\"deal_id,"))
        => "table deals (deals.csv): deals.csv line 1 opens a quote that is never closed; close it";
    text_that_is_not_utf8: World::new().file("touchpoints.csv", [COMPANY[3].1.as_bytes(), b"t\xff,2026-02-02,A2,,C1,,true\n"].concat())
        => "table touchpoints (touchpoints.csv): touchpoints.csv line 5 is not UTF-8; save the file as UTF-8, or say its encoding, as in encoding = \"windows-1252\"";
    a_header_that_is_not_utf8: World::new().file("spend.csv", b"campaign_id,date,amount,caf\xe9\nC1,2026-01-01,1,x\n")
        => "table spend (spend.csv): spend.csv line 1 is not UTF-8; save the file as UTF-8, or say its encoding, as in encoding = \"windows-1252\"";
    a_parquet_file_cut_short: World::new().file("t.parquet", cut(&parquet_of(COMPANY[3].1, None))).source("touchpoints", "path = \"t.parquet\"")
        => "table touchpoints (t.parquet): t.parquet is not a whole Parquet file; write it again";
    a_parquet_file_torn_inside: World::new().file("t.parquet", torn(parquet_of(COMPANY[3].1, None))).source("touchpoints", "path = \"t.parquet\"")
        => "table touchpoints (t.parquet): t.parquet is not a whole Parquet file; write it again";
    a_parquet_file_without_a_footer: World::new().file("t.parquet", b"PAR1PAR1").source("touchpoints", "path = \"t.parquet\"")
        => "table touchpoints (t.parquet): t.parquet is not a whole Parquet file; write it again";
    a_parquet_footer_longer_than_its_file: World::new().file("t.parquet", b"PAR1\xff\xff\xff\x7fPAR1").source("touchpoints", "path = \"t.parquet\"")
        => "table touchpoints (t.parquet): t.parquet is not a whole Parquet file; write it again";
    flags_that_are_days: with_touches("responded", Date32Array::from(vec![20_500; 3]))
        => "table touchpoints (t.parquet): cannot be read (Unsupported TRY_CAST from Date32 to Boolean); repair the file";
    channels_that_are_no_text: with_touches("channel", BinaryArray::from(vec![&b"\xff"[..]; 3]))
        => "table touchpoints (t.parquet): cannot be read (Encountered non-UTF-8 data at index 0: invalid utf-8 sequence of 1 bytes from index 0); repair the file";
    text_called_parquet: World::new().file("d.parquet", COMPANY[5].1).source("deals", "path = \"d.parquet\"")
        => "table deals (d.parquet): d.parquet is not a whole Parquet file; write it again";
    a_compressed_file_cut_short: World::new().file("t.csv.gz", cut(&gzip(COMPANY[3].1))).source("touchpoints", "path = \"t.csv.gz\"")
        => "table touchpoints (t.csv.gz): t.csv.gz cannot be read (incomplete deflate stream); write it again";
    a_json_line_cut_short: World::new().file("t.ndjson", "{\"touch_id\": \"t1\"}\n{\"touch_id\": \n").source("touchpoints", "path = \"t.ndjson\"")
        => "table touchpoints (t.ndjson): t.ndjson line 2 is not a JSON object; write one object a line";
    a_byte_order_mark_before_json: World::new()
        .file("t.ndjson", "\u{feff}{\"touch_id\": \"t1\", \"touched_at\": \"2026-01-05\", \"account_id\": \"A1\"}\n")
        .source("touchpoints", "path = \"t.ndjson\"")
        => "table touchpoints (t.ndjson): t.ndjson line 1 begins with a byte-order mark, which JSON has none of; save the file without";
    a_json_field_of_two_kinds: World::new()
        .file(
            "d.ndjson",
            "{\"deal_id\": \"D1\", \"opportunity_id\": \"O1\", \"closed_at\": \"2026-03-01\", \"amount\": \"5\"}\n\
             {\"deal_id\": \"D2\", \"opportunity_id\": \"O2\", \"closed_at\": \"2026-03-01\", \"amount\": 5}\n",
        )
        .source("deals", "path = \"d.ndjson\"")
        => "table deals (d.ndjson): d.ndjson line 2 holds a number in \"amount\" where earlier lines hold text; write one of the two everywhere";
}

#[test]
fn a_file_of_no_bytes_is_refused_whatever_its_table() {
    for (table, _) in COMPANY {
        let expected = format!("table {table} ({table}.csv): {table}.csv is empty; write it again, or leave it out");
        assert_eq!(World::new().file(&format!("{table}.csv"), "").refused(), expected);
    }
    let parquet = World::new().file("d.parquet", "").source("deals", "path = \"d.parquet\"");
    assert_eq!(parquet.refused(), "table deals (d.parquet): d.parquet is empty; write it again, or leave it out");
    let blank = World::new().file("deals.csv", "\n\n");
    let expected = "table deals (deals.csv): deals.csv has no header; write the column names into line 1";
    assert_eq!(blank.refused(), expected);
}

#[test]
fn a_header_without_rows_is_a_table_without_rows() {
    for (table, text) in COMPANY {
        let header = text.lines().next().unwrap();
        let world = World::new().file(&format!("{table}.csv"), format!("{header}\n"));
        // Without accounts no opportunity is left, and without opportunities no deal.
        let (child, reason) = match table {
            "accounts" => ("opportunities", "orphan_account"),
            "opportunities" => ("deals", "orphan_opportunity"),
            _ => {
                assert_eq!(world.accepted().rows(table), [0, 0, 0, 0], "{table}");
                continue;
            }
        };
        let first = format!("the first for {reason} at {child}.csv line 2");
        assert_eq!(world.refused(), format!("table {child} ({child}.csv): none of its 2 rows can be used, {first}"));
    }
}

#[test]
fn headers_alone_give_marts_without_rows_but_with_columns() {
    let world = COMPANY.into_iter().fold(World::new(), |world, (table, text)| {
        // Without a line break at the end, too.
        world.file(&format!("{table}.csv"), text.lines().next().unwrap())
    });
    let outcome = world.accepted();
    let marts = outcome.manifest["marts"].as_array().unwrap();
    assert_eq!(marts.len(), catalogue::names().count());
    for mart in marts {
        let name = mart["name"].as_str().unwrap();
        let rows = read_mart(&outcome.out, name);
        let expected = match name {
            "dim_model" => 1,
            "input_reconciliation" => COMPANY.len(),
            _ => 0,
        };
        assert_eq!(rows.num_rows(), expected, "{name}");
        assert!(rows.num_columns() > 0, "{name}");
    }
    assert_eq!(outcome.booked(), 0);
}

#[test]
fn without_any_date_there_is_no_as_of_date() {
    let world = COMPANY
        .into_iter()
        .fold(World::new(), |world, (table, text)| world.file(&format!("{table}.csv"), text.lines().next().unwrap()));
    assert_eq!(world.accepted().manifest["as_of"], "");
}

#[test]
fn a_cell_of_ten_megabytes_is_a_cell() {
    let long = "x".repeat(10_000_000);
    let outcome = World::new().replace("campaigns", "Search", &long).accepted();
    assert!(outcome.column("dim_campaign", "campaign_id", "name")["C1"] == long);
    let outcome = World::new().rows("touchpoints", &format!("t4,{long},A1,,C1,,true\n")).accepted();
    assert_eq!(outcome.set_aside(), ["touchpoints bad_timestamp t4 - touchpoints.csv:5"]);
    let row = texts(&read_mart(&outcome.out, "set_aside"), "row")[0].clone().unwrap();
    assert!(row.contains(&long));
}

/// Systems write the end of a type's range for never; the other rows count.
#[test]
fn days_and_instants_beyond_the_calendar_set_their_rows_aside() {
    let spend = World::new().file("s.parquet", spend_beyond_the_calendar()).source("spend", "path = \"s.parquet\"");
    let accepted = spend.accepted();
    assert_eq!(accepted.amounts("spend"), [16_000, 1_000, 0, 15_000]);
    let at = |row| format!("spend bad_date - {row} -:-");
    assert_eq!(accepted.set_aside(), [at("70.00"), at("80.00")]);
    let days = with_touches("touched_at", Date32Array::from(vec![20_458, i32::MAX, 20_458]));
    assert_eq!(days.accepted().set_aside(), ["touchpoints bad_timestamp t2 - -:-"]);
    let instants = TimestampMicrosecondArray::from(vec![1_767_607_200_000_000, i64::MAX, i64::MIN]);
    let accepted = with_touches("touched_at", instants).accepted();
    assert_eq!(accepted.set_aside(), ["touchpoints bad_timestamp t2 - -:-", "touchpoints bad_timestamp t3 - -:-"]);
    let rows = texts(&read_mart(&accepted.out, "set_aside"), "row");
    assert!(rows[0].as_ref().unwrap().contains(r#""touched_at":"9223372036854775807""#), "{rows:?}");
}

/// A CSV table as Parquet, all text, with this in place of what is empty.
pub(super) fn parquet_of(csv: &str, blank: Option<&str>) -> Vec<u8> {
    parquet(&text_rows(csv, blank))
}

/// The same as bytes that no annotation calls text, as old writers left them.
pub(super) fn unannotated_parquet_of(csv: &str) -> Vec<u8> {
    let rows = text_rows(csv, None);
    let schema = rows.schema();
    let bytes = |column: &ArrayRef| cast(column, &DataType::Binary).unwrap();
    let columns = schema.fields().iter().zip(rows.columns()).map(|(field, texts)| (field.name(), bytes(texts), true));
    parquet(&RecordBatch::try_from_iter_with_nullable(columns).unwrap())
}

/// The same as text, but for a column of these values.
pub(super) fn parquet_with(csv: &str, column: &str, values: impl Array + 'static) -> Vec<u8> {
    let (rows, values): (RecordBatch, ArrayRef) = (text_rows(csv, None), Arc::new(values));
    let schema = rows.schema();
    let columns = schema.fields().iter().zip(rows.columns());
    let columns = columns
        .map(|(field, texts)| (field.name(), Arc::clone(if field.name() == column { &values } else { texts }), true));
    parquet(&RecordBatch::try_from_iter_with_nullable(columns).unwrap())
}

fn text_rows(csv: &str, blank: Option<&str>) -> RecordBatch {
    let mut lines = csv.lines().map(|line| line.split(','));
    let names: Vec<&str> = lines.next().unwrap().collect();
    let rows: Vec<Vec<&str>> = lines.map(Iterator::collect).collect();
    let columns = names.iter().enumerate().map(|(column, name)| {
        let cells = rows.iter().map(|row| Some(row[column]).filter(|cell| !cell.is_empty()).or(blank));
        (*name, Arc::new(cells.collect::<StringArray>()) as ArrayRef, true)
    });
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// The company with other values in a column of its touches.
fn with_touches(name: &str, values: impl Array + 'static) -> World {
    World::new()
        .file("t.parquet", parquet_with(COMPANY[3].1, name, values))
        .source("touchpoints", "path = \"t.parquet\"")
}

/// Spend in Parquet: on a day of the calendar, and on days that the column's type can hold and no calendar has.
fn spend_beyond_the_calendar() -> Vec<u8> {
    let columns: [(&str, ArrayRef); 3] = [
        ("campaign_id", Arc::new(StringArray::from(vec!["C1"; 3]))),
        ("date", Arc::new(Date32Array::from(vec![20_500, i32::MAX, i32::MIN]))),
        ("amount", Arc::new(Float64Array::from(vec![10.0, 70.0, 80.0]))),
    ];
    parquet(&RecordBatch::try_from_iter(columns).unwrap())
}

/// A Parquet file of the rows.
fn parquet(rows: &RecordBatch) -> Vec<u8> {
    let mut writer = ArrowWriter::try_new(Vec::new(), rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.into_inner().unwrap()
}

pub(super) fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

/// All but the last third.
fn cut(bytes: &[u8]) -> &[u8] {
    &bytes[..bytes.len() / 3 * 2]
}

/// The head of the first page, behind the magic number, overwritten.
fn torn(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes[4..40].fill(0xff);
    bytes
}

/// `..` behind a link is the folder above where the link leads, not above the link.
#[test]
#[cfg(unix)]
fn a_path_back_over_a_link_is_the_systems() {
    let world = World::new().source("deals", "path = \"link/../deals.csv\"").file("far/deep/x", "");
    std::os::unix::fs::symlink(world.path("far/deep"), world.path("link")).unwrap();
    let text = std::fs::read_to_string(world.path("deals.csv")).unwrap();
    let world = world.file("far/deals.csv", text.replace("500.00", "700.00"));
    assert_eq!(world.accepted().booked(), 170_000);
}
