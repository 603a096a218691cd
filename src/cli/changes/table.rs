//! Changes as tables: quarters, lines, deals; of causes those that there are.

use super::{Changes, List};
use crate::cli::money::{counted, money};
use crate::cli::table::{BOLD, cell, clip, header, plain, print_fitted, right};
use crate::engine::columns::{column, text_column, value_at};
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Decimal128Type;
use clap::ValueEnum;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// The longest name shown whole.
const NAME_WIDTH: usize = 28;
/// The columns of causes, which not every list has.
const CAUSES: [&str; 6] = ["added", "gone", "moved", "restated", "reclassified", "credited_anew"];

/// Prints one list or all; of lines and deals the first `rows`.
pub(super) fn print(out: &mut impl Write, changes: &Changes, only: Option<List>, rows: usize) -> anyhow::Result<()> {
    writeln!(out, "{BOLD}{}{BOLD:#}", changes.title)?;
    if changes.is_none() {
        return Ok(writeln!(out, "no booking, credit or spend differs")?);
    }
    for &list in List::value_variants().iter().filter(|list| only.is_none_or(|only| only == **list)) {
        let all = changes.list(list);
        let shown = if list == List::Quarters { all.clone() } else { all.slice(0, rows.min(all.num_rows())) };
        if shown.num_rows() > 0 {
            writeln!(out)?;
            match list {
                List::Quarters => print_quarters(out, &shown)?,
                List::Lines => print_lines(out, &shown)?,
                List::Deals => print_deals(out, &shown)?,
            }
        }
        if let Some(elsewhere) = changes.elsewhere(list) {
            writeln!(out, "\n{elsewhere}")?;
        }
        let rest = all.num_rows() - shown.num_rows();
        if rest > 0 {
            writeln!(out, "… and {} more; see --rows", counted(rest as u64, list.one()))?;
        }
    }
    Ok(())
}

fn print_quarters(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let keys = [("quarter", texts(rows, "fiscal_quarter")?)];
    print_rows(out, &keys, &sums(rows, "booked_before", "booked_after")?)
}

fn print_lines(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let keys = [("line", line_names(rows)?), ("quarter", texts(rows, "fiscal_quarter")?)];
    print_rows(out, &keys, &sums(rows, "amount_before", "amount_after")?)
}

fn print_deals(out: &mut impl Write, rows: &RecordBatch) -> anyhow::Result<()> {
    let between = |name: &str| -> anyhow::Result<Vec<String>> {
        let sides = texts(rows, &format!("{name}_before"))?.into_iter().zip(texts(rows, &format!("{name}_after"))?);
        Ok(sides.map(|(before, after)| changed(before, after)).collect())
    };
    let causes = texts(rows, "cause")?.iter().map(|cause| cause.replace('_', " ")).collect();
    let keys = [
        ("deal", texts(rows, "deal_id")?),
        ("account", texts(rows, "account_id")?),
        ("cause", causes),
        ("quarter", between("quarter")?),
        ("kind", between("kind")?),
    ];
    let money = ["amount_before", "amount_after", "money_moved"].map(|name| Ok((told(name), amounts(rows, name)?)));
    print_rows(out, &keys, &money.into_iter().collect::<anyhow::Result<Vec<_>>>()?)
}

/// What something was and is.
fn changed(before: String, after: String) -> String {
    match (before.is_empty(), after.is_empty()) {
        (_, true) => before,
        (true, _) => after,
        _ if before == after => after,
        _ => format!("{before} → {after}"),
    }
}

/// What stands before, by which causes it changed, where it did, and what stands after; spend where it differs.
fn sums(rows: &RecordBatch, before: &str, after: &str) -> anyhow::Result<Vec<(String, Vec<String>)>> {
    let mut sums = vec![(told(before), amounts(rows, before)?)];
    for cause in CAUSES.into_iter().filter(|cause| rows.column_by_name(cause).is_some()) {
        let (minor, digits) = minor(rows, cause)?;
        let parts: Vec<Option<i128>> = minor.into_iter().map(|minor| minor.filter(|minor| *minor != 0)).collect();
        if parts.iter().any(Option::is_some) {
            sums.push((told(cause), readable(parts, digits)));
        }
    }
    sums.push((told(after), amounts(rows, after)?));
    if minor(rows, "spend_before")?.0 != minor(rows, "spend_after")?.0 {
        for name in ["spend_before", "spend_after"] {
            sums.push((told(name), amounts(rows, name)?));
        }
    }
    Ok(sums)
}

/// What lines are called: the name of the campaign, with its identifier where several have the name and its channel where
/// it stands in several, the channel, or the residual.
fn line_names(rows: &RecordBatch) -> anyhow::Result<Vec<String>> {
    let (ids, names) = (text_column(rows, "campaign_id")?, text_column(rows, "name")?);
    let (channels, residuals) = (text_column(rows, "channel")?, text_column(rows, "residual")?);
    let mut bearers: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let mut places: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (row, id) in ids.iter().enumerate() {
        let Some(id) = id else { continue };
        if let Some(name) = value_at(&names, row) {
            bearers.entry(clip(name, NAME_WIDTH)).or_default().insert(id);
        }
        places.entry(id).or_default().extend(value_at(&channels, row));
    }
    let campaign = |row: usize, id: &str| {
        let name = value_at(&names, row).map(|name| clip(name, NAME_WIDTH));
        let mut parts = match name {
            Some(name) if bearers[&name].len() > 1 => vec![name, id.to_owned()],
            Some(name) => vec![name],
            None => vec![clip(id, NAME_WIDTH)],
        };
        if places[id].len() > 1 {
            parts.extend(value_at(&channels, row).map(|channel| format!("({channel})")));
        }
        parts.join(" ")
    };
    let named = |row: usize| match (value_at(&ids, row), value_at(&residuals, row)) {
        (Some(id), _) => campaign(row, id),
        (None, Some(residual)) => format!("residual {residual}"),
        (None, None) => value_at(&channels, row).unwrap_or_default().to_owned(),
    };
    Ok((0..rows.num_rows()).map(named).collect())
}

/// Prints rows with what they are called by and their money.
fn print_rows(
    out: &mut impl Write,
    keys: &[(&str, Vec<String>)],
    money: &[(String, Vec<String>)],
) -> anyhow::Result<()> {
    let mut table = plain();
    let titles = keys.iter().map(|(title, _)| *title).chain(money.iter().map(|(title, _)| title.as_str()));
    table.set_header(header(titles, |column| column >= keys.len()));
    for row in 0..keys[0].1.len() {
        let of_keys = keys.iter().map(|(_, texts)| cell(&texts[row]));
        table.add_row(of_keys.chain(money.iter().map(|(_, amounts)| right(&amounts[row]))));
    }
    Ok(print_fitted(out, &table, &[0])?)
}

/// The name of a column as people say it.
fn told(name: &str) -> String {
    name.replace('_', " ")
}

fn texts(rows: &RecordBatch, name: &str) -> anyhow::Result<Vec<String>> {
    Ok(text_column(rows, name)?.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
}

/// A column of money in minor units, and the digits of those.
fn minor(rows: &RecordBatch, name: &str) -> anyhow::Result<(Vec<Option<i128>>, u8)> {
    let values = column(rows, name)?.as_primitive::<Decimal128Type>();
    Ok((values.iter().collect(), values.scale().cast_unsigned()))
}

/// A column of money as people read it; nothing where there is none.
fn amounts(rows: &RecordBatch, name: &str) -> anyhow::Result<Vec<String>> {
    let (minor, digits) = minor(rows, name)?;
    Ok(readable(minor, digits))
}

fn readable(minor: Vec<Option<i128>>, digits: u8) -> Vec<String> {
    minor.into_iter().map(|minor| minor.map(|minor| money(minor, digits)).unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, StringArray};
    use std::sync::Arc;

    /// Two campaigns share a name, one has none, one has changed its channel; the last lines are a channel and a residual.
    #[test]
    fn lines_are_called_so_that_they_are_told_apart() {
        let column = |texts: [Option<&str>; 8]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
        let (launch, show) = (Some("Launch"), Some("Show"));
        let rows = RecordBatch::try_from_iter([
            (
                "campaign_id",
                column(["C1", "C2", "C3", "C4", "C5", "C5", "", ""].map(|id| (!id.is_empty()).then_some(id))),
            ),
            ("name", column([launch, launch, Some("Webinar"), None, show, show, None, None])),
            ("channel", column(["email", "social", "event", "event", "event", "video", "no_touch", ""].map(Some))),
            ("residual", column([None, None, None, None, None, None, None, Some("no_touch")])),
        ]);
        let names = line_names(&rows.unwrap()).unwrap();
        let told = ["Launch C1", "Launch C2", "Webinar", "C4", "Show (event)", "Show (video)", "no_touch"];
        assert_eq!(names, [&told[..], &["residual no_touch"]].concat());
    }

    #[test]
    fn what_stayed_is_told_once() {
        let told = |before: &str, after: &str| changed(before.to_owned(), after.to_owned());
        assert_eq!(told("FY26Q1", "FY26Q2"), "FY26Q1 → FY26Q2");
        assert_eq!([told("new", "new"), told("", "new"), told("new", "")], ["new"; 3]);
    }
}
