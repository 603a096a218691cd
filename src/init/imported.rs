//! Dates that an import left behind: where all rows fall on one day, another column knows better.

use super::doubts::{Doubt, Spot};
use super::look::Look;
use super::name::plain;
use super::reading::is_instant;
use super::recognise::{Branch, Recognised};
use super::select::{Projection, quoted};
use crate::config::file::Table;
use std::collections::BTreeSet;

/// Fewer rows may well fall on one day.
const ENOUGH_ROWS: usize = 10;

/// Words in the names of columns whose dates are not those of a touch or of an opportunity's creation.
const OTHER_DATES: [&str; 6] = ["clos", "modif", "modstamp", "viewed", "referenced", "birth"];

/// A column whose dates differ, with the first and the last of them.
struct Better<'a> {
    header: &'a str,
    first: &'a str,
    last: &'a str,
}

/// Takes another column's dates for touches that all fall on one day, and names one for such opportunities.
pub(super) fn replace_imported_dates(recognised: &mut Recognised, looks: &[Look]) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for (table, name) in [(Table::Touchpoints, "touched_at"), (Table::Opportunities, "created_at")] {
        let branches = recognised.tables.get_mut(&table).map(|filled| &mut filled.branches);
        for branch in branches.into_iter().flatten() {
            let look = &looks[branch.look];
            let Some(day) = only_day(branch, look, name) else { continue };
            let fate = match better(branch, look, name) {
                None => "no other column holds dates".to_owned(),
                Some(Better { header, first, last }) if table == Table::Touchpoints => {
                    for projection in branch.select.projections.iter_mut().filter(|p| p.name == name) {
                        *projection = Projection::new(name, quoted(header));
                    }
                    format!("\"{header}\" is taken instead, with dates from {first} to {last}")
                }
                Some(Better { header, first, last }) => format!("\"{header}\" holds dates from {first} to {last}"),
            };
            let (rows, path) = (look.looked_at(), &look.path);
            let message = format!("{rows} of {path} have {name} on {day}, as an import leaves it; {fate}");
            doubts.push(Doubt { spot: Spot::Column(table, name), message });
        }
    }
    doubts
}

/// The day on which all rows fall.
fn only_day<'a>(branch: &Branch, look: &'a Look, name: &str) -> Option<&'a str> {
    let days: BTreeSet<&str> = look.rows.iter().map(|row| day_of(branch.select.value(look, row, name))).collect();
    days.first().copied().filter(|_| days.len() == 1 && look.rows.len() >= ENOUGH_ROWS)
}

/// The first column that is not used and holds dates of several days.
fn better<'a>(branch: &Branch, look: &'a Look, name: &str) -> Option<Better<'a>> {
    let taken: &[String] = branch.select.projection(name).map_or(&[], |projection| &projection.headers);
    let is_other = |header: &str| OTHER_DATES.iter().any(|word| plain(header).contains(word));
    look.headers.iter().filter(|header| !taken.contains(header) && !is_other(header)).find_map(|header| {
        let values: Vec<&str> = look.values(header).collect();
        let days: BTreeSet<&str> = values.iter().map(|text| day_of(text)).collect();
        let is_date =
            values.len() * 10 >= look.rows.len() * 9 && values.iter().all(|text| text.len() >= 10 && is_instant(text));
        let (first, last) = (days.first()?, days.last()?);
        (is_date && days.len() > 1).then_some(Better { header, first, last })
    })
}

/// The date of a timestamp, as text.
fn day_of(text: &str) -> &str {
    text.get(..10).unwrap_or(text)
}
