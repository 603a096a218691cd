//! Tables of several files whose columns are of several types: read as they are meant, or refused with both files.

use super::files::parquet_with;
use super::{COMPANY, World};
use arrow::array::{
    Array, Date32Array, Decimal128Array, Float64Array, Int32Array, Int64Array, NullArray, StringArray,
    TimestampMicrosecondArray,
};

const DEALS: [&str; 2] = [
    "deal_id,opportunity_id,closed_at,amount,kind\nD1,O1,2026-03-01,1000,new\n",
    "deal_id,opportunity_id,closed_at,amount,kind\nD2,O2,2026-03-05,499.99,new\n",
];

/// The company with its deals in two files, whose amounts are these.
fn amounts(first: impl Array + 'static, second: impl Array + 'static) -> World {
    World::new()
        .file("deals/a.parquet", parquet_with(DEALS[0], "amount", first))
        .file("deals/b.parquet", parquet_with(DEALS[1], "amount", second))
        .source("deals", "path = \"deals\"")
}

fn decimals(amount: i128, precision: u8, scale: i8) -> Decimal128Array {
    Decimal128Array::from(vec![amount]).with_precision_and_scale(precision, scale).unwrap()
}

/// Whichever file comes first, 1000 and 499.99 are what they are.
#[test]
fn no_cent_is_lost_where_the_next_file_has_cents() {
    let float = || Float64Array::from(vec![499.99]);
    for world in [
        amounts(Int64Array::from(vec![1_000]), float()),
        amounts(Int32Array::from(vec![1_000]), float()),
        amounts(Int64Array::from(vec![1_000]), decimals(49_999, 18, 2)),
        amounts(decimals(1_000, 9, 0), decimals(499_990, 9, 3)),
        amounts(decimals(1_000, 38, 0), decimals(4_999_900_000_000_000, 38, 13)),
    ] {
        assert_eq!(world.accepted().amounts("deals"), [149_999, 149_999, 0, 0]);
    }
    let swapped = amounts(Float64Array::from(vec![1_000.5]), Int64Array::from(vec![499]));
    assert_eq!(swapped.accepted().amounts("deals"), [149_950, 149_950, 0, 0]);
    let json = World::new()
        .file("d/a.ndjson", r#"{"deal_id": "D1", "opportunity_id": "O1", "closed_at": "2026-03-01", "amount": 1000}"#)
        .file("d/b.ndjson", r#"{"deal_id": "D2", "opportunity_id": "O2", "closed_at": "2026-03-05", "amount": 499.99}"#)
        .source("deals", "path = \"d\"");
    assert_eq!(json.accepted().amounts("deals"), [149_999, 149_999, 0, 0]);
}

/// The first file has no contact at all, and so no type for one; the second has a column more.
#[test]
fn what_one_file_leaves_out_is_read_from_the_other() {
    let touches: Vec<&str> = COMPANY[3].1.lines().collect();
    let without_contact = format!("{}\n{}\n", touches[0], touches[1]);
    let others = format!("{},source\n{},ads\n{},ads\n", touches[0], touches[2], touches[3]);
    let world = World::new()
        .file("t/a.parquet", parquet_with(&without_contact, "contact_id", NullArray::new(1)))
        .file("t/b.parquet", parquet_with(&others, "contact_id", StringArray::from(vec![Some("P1"), None])))
        .source("touchpoints", "path = \"t\"")
        .settings("[journeys]\neligible = \"coalesce(source, 'none') <> 'ads'\"");
    let accepted = world.accepted();
    assert_eq!(accepted.counts("touchpoints", "rows"), [3, 1, 2, 0]);
    assert_eq!(accepted.credits(), [("t1".to_owned(), "1000.00".to_owned())].into());
}

#[test]
fn what_no_one_type_holds_is_refused_with_both_files() {
    let touches = |name: &'static str, first: Vec<u8>, second: Vec<u8>| {
        let world = World::new().file("t/a.parquet", first).file("t/b.parquet", second);
        (world.source("touchpoints", "path = \"t\""), name)
    };
    let times = |zone: Option<&str>| {
        let times = TimestampMicrosecondArray::from(vec![1_767_607_200_000_000; 3]).with_timezone_opt(zone);
        parquet_with(COMPANY[3].1, "touched_at", times)
    };
    let dates = parquet_with(COMPANY[3].1, "touched_at", Date32Array::from(vec![20_458; 3]));
    let numbers = parquet_with(COMPANY[3].1, "campaign_id", Int64Array::from(vec![7, 8, 9]));
    let names = parquet_with(COMPANY[3].1, "campaign_id", StringArray::from(vec!["007", "08", "9"]));
    for (world, what) in [
        touches(
            "\"touched_at\" holds dates in t/a.parquet and times without a zone in t/b.parquet",
            dates,
            times(None),
        ),
        touches(
            "\"touched_at\" holds times without a zone in t/a.parquet and instants in UTC in t/b.parquet",
            times(None),
            times(Some("UTC")),
        ),
        touches("\"campaign_id\" holds whole numbers in t/a.parquet and text in t/b.parquet", numbers, names),
    ] {
        let sentence = format!("table touchpoints (t): column {what}; write it as one type in all files");
        assert_eq!(world.refused(), sentence);
    }
}

#[test]
fn a_column_of_two_names_and_one_that_a_file_lacks_are_refused() {
    let file = |text: &str| parquet_with(text, "none", NullArray::new(0));
    let world = |second: String| {
        let world = World::new().file("deals/a.parquet", file(DEALS[0])).file("deals/b.parquet", file(&second));
        world.source("deals", "path = \"deals\"")
    };
    assert_eq!(
        world(DEALS[1].replace("amount", "Amount")).refused(),
        "table deals (deals): column \"Amount\" of deals/b.parquet is \"amount\" in deals/a.parquet; give it one name"
    );
    assert_eq!(
        world(DEALS[1].replace(",amount", "").replace(",499.99", "")).refused(),
        "table deals (deals): deals/b.parquet has no column \"amount\", which other files of the table have; add it, or leave the file out"
    );
}
