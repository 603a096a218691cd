//! CSV as platforms write it: titles above the header, footers below the rows, letters that are not UTF-8.

use super::{World, unbroken};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;

fn utf16(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// Every table in every shape gives the marts of the plain files; touches are read as a stream, all others at once.
#[test]
fn a_table_is_the_same_however_it_is_laid_out() {
    const AROUND: &str = "title_lines = 4\nfooter_lines = 2";
    for table in ["accounts", "campaigns", "contacts", "touchpoints", "opportunities", "deals", "spend"] {
        let plain = fs::read_to_string(World::new().path(&format!("{table}.csv"))).unwrap();
        let around = format!("A report\n\n\"From 2026-01-01,\nto \"today\n{plain}\n\n\"Total: 1\"\nConfidential\n\n");
        let tabs = plain.replace(',', "\t");
        for (bytes, keys) in [
            (around.clone().into_bytes(), AROUND),
            (around.replace('\n', "\r\n").into_bytes(), AROUND),
            (around.replace('\n', "\r").into_bytes(), AROUND),
            (utf16(&tabs), "delimiter = \"\\t\""),
            (utf16(&around), AROUND),
            (plain.into_bytes(), "encoding = \"windows-1252\""),
        ] {
            let (packed, path) = (gzip(&bytes), format!("path = \"other.csv\"\n{keys}"));
            let world = World::new().file("other.csv", bytes).source(table, &path);
            // Its title closes a quote within a cell, which is nobody's business.
            assert!(world.accepted().marts() == unbroken().marts(), "{table}: {keys}");
            let world = world.file("other.csv.gz", packed).source(table, &path.replace(".csv", ".csv.gz"));
            assert!(world.accepted().marts() == unbroken().marts(), "{table}, packed: {keys}");
        }
    }
}

#[test]
fn lines_are_those_of_the_file() {
    let spend = "Campaign report\n\ncampaign_id,date,amount\nC1,2026-01-01,100.00\nC2,soon,7.00\n\nC2,2026-01-02,50.00\nTotal\n";
    let layout = "path = \"spend.csv\"\ntitle_lines = 2\nfooter_lines = 1";
    let world = World::new().file("spend.csv", spend).source("spend", layout);
    assert_eq!(world.accepted().set_aside(), ["spend bad_date - 7.00 spend.csv:5"]);
    let table = "table spend (spend.csv): spend.csv";
    for (from, to, because) in [
        ("C2,soon", "C2,\"soon", "line 5 opens a quote that is never closed; close it"),
        (
            "C2,soon,7.00",
            "C2",
            "line 5 has 1 fields where the header has 3; quote or complete the row, or leave it out with footer_lines where it is none",
        ),
        ("C2,soon,7.00", "C2,soon", "line 5 has 2 fields where the header has 3; quote or complete the row"),
    ] {
        let world = World::new().file("spend.csv", spend.replace(from, to)).source("spend", layout);
        assert_eq!(world.refused(), format!("{table} {because}"));
    }
    let bytes: Vec<u8> = spend.bytes().map(|byte| if byte == b's' { 0xfc } else { byte }).collect();
    let said = "line 5 is not UTF-8; save the file as UTF-8, or say its encoding, as in encoding = \"windows-1252\"";
    let world = World::new().file("spend.csv", bytes).source("spend", layout);
    assert_eq!(world.refused(), format!("{table} {said}"));
    let world = world.source("spend", &format!("{layout}\nencoding = \"windows-1252\""));
    assert_eq!(world.accepted().set_aside(), ["spend bad_date - 7.00 spend.csv:5"]);
}

/// Each file of a table's SELECT has its own layout; a path alone has the delimiter of the table.
#[test]
fn files_of_several_platforms_are_one_table() {
    let sql = "sql = \"SELECT * FROM raw UNION ALL SELECT * FROM linkedin UNION ALL SELECT * FROM bing\"";
    let with =
        "with = { linkedin = { path = \"linkedin.csv\", delimiter = \"\\t\", title_lines = 1 }, bing = \"bing.csv\" }";
    let outcome = World::new()
        .file("google.csv", "campaign_id;date;amount\nC1;2026-01-01;60.00\nTotal;;60.00\nAll of it\n")
        .file(
            "linkedin.csv",
            utf16("Campaign Performance Report, in UTC\ncampaign_id\tdate\tamount\nC1\t2026-01-01\t40.00\n"),
        )
        .file("bing.csv", "campaign_id;date;amount\nC2;2026-01-02;50.00\n")
        .source("spend", &format!("path = \"google.csv\"\ndelimiter = \";\"\nfooter_lines = 2\n{with}\n{sql}"))
        .accepted();
    assert_eq!(outcome.amounts("spend"), [15_000, 15_000, 0, 0]);
}
