//! Tables of several files whose columns are of several types: read as they are meant, as text where no other type holds them.

use super::files::parquet_with;
use super::{COMPANY, World};
use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, FixedSizeListArray, Float64Array,
    Int32Array, Int64Array, NullArray, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{Int32Type, Int64Type};
use std::sync::Arc;

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
        amounts(decimals(100_000, 18, 2), float()),
        amounts(StringArray::from(vec!["1000"]), float()),
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

/// As in CSV: a day begins at midnight, a time without a zone is local, and `007` is not 7. By hand, with the touch of each file.
#[test]
fn values_of_different_kinds_are_what_they_are_as_text() {
    let touch = |id: &str, name: &str, values: &dyn Array| {
        let text = format!("touch_id,touched_at,account_id,campaign_id\n{id},2026-01-05T00:00:00,A1,7\n");
        parquet_with(&text, name, arrow::array::make_array(values.to_data()))
    };
    let at = |zone: Option<&str>| TimestampMicrosecondArray::from(vec![1_767_607_200_000_000]).with_timezone_opt(zone);
    let touched = |first: Vec<u8>, second: Vec<u8>| {
        let world = World::new().without("contacts").file("t/a.parquet", first).file("t/b.parquet", second);
        let accepted = world
            .source("touchpoints", "path = \"t\"")
            .settings("[calendar]\ntime_zone = \"America/New_York\"\n[journeys]\neligible = \"true\"")
            .accepted();
        let [at, campaigns] =
            ["touched_at", "campaign_id"].map(|name| accepted.column("touch_credits", "touch_id", name));
        ["a", "b"].map(|id| (at[id].clone(), campaigns[id].clone()))
    };
    let on = |at: &str, campaign: &str| (at.to_owned(), campaign.to_owned());
    let dates = touch("a", "touched_at", &Date32Array::from(vec![20_458]));
    let naive = |id| touch(id, "touched_at", &at(None));
    let instants = touch("b", "touched_at", &at(Some("UTC")));
    let (midnight, ten, utc) = ("2026-01-05T05:00:00Z", "2026-01-05T15:00:00Z", "2026-01-05T10:00:00Z");
    assert_eq!(touched(dates, naive("b")), [on(midnight, "7"), on(ten, "7")]);
    assert_eq!(touched(naive("a"), instants), [on(ten, "7"), on(utc, "7")]);
    let numbers = touch("a", "campaign_id", &Int64Array::from(vec![7]));
    let names = touch("b", "campaign_id", &StringArray::from(vec!["007"]));
    assert_eq!(touched(numbers, names), [on(midnight, "7"), on(midnight, "007")]);
}

/// What pandas writes of a column that is blank all month: floats without a value. A file without rows has none either.
#[test]
fn a_column_without_a_value_has_no_say() {
    let nothing = Float64Array::from(vec![None; 3]);
    let empty = "touch_id,touched_at\n";
    let world = World::new()
        .file("t/a.parquet", parquet_with(COMPANY[3].1, "none", NullArray::new(0)))
        .file("t/b.parquet", parquet_with(&COMPANY[3].1.replace("\nt", "\nu"), "campaign_id", nothing))
        .file("t/c.parquet", parquet_with(empty, "touched_at", Int64Array::from(Vec::<i64>::new())))
        .source("touchpoints", "path = \"t\"");
    let campaigns = world.accepted().column("touch_credits", "touch_id", "campaign_id");
    assert_eq!([&campaigns["t1"], &campaigns["t2"], &campaigns["u1"]], ["C1", "C2", "-"]);
}

/// As identifiers of advertising accounts are, beside what pandas makes of a column with a blank.
#[test]
fn identifiers_that_floats_would_bend_are_refused() {
    let touches = |values| parquet_with(COMPANY[3].1, "campaign_id", values);
    let large = touches(Arc::new(Int64Array::from(vec![120_210_000_000_000_123; 3])) as ArrayRef);
    let floats = touches(Arc::new(Float64Array::from(vec![Some(7.0), None, None])) as ArrayRef);
    let world = |first: &[u8]| {
        let world = World::new().file("t/a.parquet", first).file("t/b.parquet", &floats);
        world.source("touchpoints", "path = \"t\"")
    };
    assert_eq!(
        world(&large).refused(),
        "table touchpoints (t): column \"campaign_id\" holds whole numbers in t/a.parquet that are too large for the \
         floating-point numbers of other files; write whole numbers or text in all files"
    );
    let small = touches(Arc::new(Int64Array::from(vec![7; 3])) as ArrayRef);
    let repeated = world(&small).accepted();
    assert_eq!(repeated.counts("touchpoints", "rows"), [6, 3, 0, 3]);
}

/// Nobody asks for the column, be it lists beside numbers, flags held in two ways, or of another name.
#[test]
fn what_nobody_reads_may_differ() {
    let files = |first: ArrayRef, second: ArrayRef| {
        let with_own = |text: &str, name: &str| {
            let mut lines = text.lines().map(|line| format!("{line},"));
            let header = lines.next().unwrap() + name;
            format!("{header}\n{}\n", lines.collect::<Vec<_>>().join("\n"))
        };
        let world = World::new()
            .file("deals/a.parquet", parquet_with(&with_own(DEALS[0], "note"), "note", first))
            .file("deals/b.parquet", parquet_with(&with_own(DEALS[1], "Note"), "Note", Arc::clone(&second)))
            .file("deals/c.parquet", parquet_with(&with_own(DEALS[1], "note").replace("D2", "D3"), "note", second));
        world.source("deals", "path = \"deals\"").accepted().amounts("deals")
    };
    let lists = || FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1)])], 1);
    let flags = DictionaryArray::<Int32Type>::new(Int32Array::from(vec![0]), Arc::new(BooleanArray::from(vec![true])));
    let expected = [199_998, 199_998, 0, 0];
    assert_eq!(files(Arc::new(lists()), Arc::new(Int64Array::from(vec![1]))), expected);
    assert_eq!(files(Arc::new(flags), Arc::new(BooleanArray::from(vec![true]))), expected);
}

#[test]
fn lists_beside_single_values_are_refused_with_both_files() {
    let lists = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1_000)])], 1);
    assert_eq!(
        amounts(lists, Int64Array::from(vec![499])).refused(),
        "table deals (deals): column \"amount\" holds lists in deals/a.parquet and single values in deals/b.parquet; write the same in all files"
    );
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
