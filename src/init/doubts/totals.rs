//! Rows that sum up others.

use super::{Doubts, Spot};
use crate::config::file::Table;
use crate::engine::WrittenAmount;
use crate::engine::contract::{self, ColumnKind};
use crate::init::look::Look;
use rust_decimal::Decimal;

impl Doubts<'_> {
    /// What a total sums up would count twice. Where all rows look like totals, that is how they are called.
    pub(super) fn totals(&mut self, table: Table) {
        if !matches!(table, Table::Opportunities | Table::Deals | Table::Spend | Table::Transactions) {
            return;
        }
        for branch in self.branches(table) {
            let look = &self.looks[branch.look];
            let is_label = |kind| !matches!(kind, ColumnKind::Money | ColumnKind::Flag | ColumnKind::Number);
            let labels = contract::columns(table).iter().filter(|column| is_label(column.kind));
            let projections = labels.filter_map(|column| branch.select.projection(column.name));
            let headers: Vec<&String> =
                look.headers.iter().take(1).chain(projections.flat_map(|p| &p.headers)).collect();
            let (labelled, others): (Vec<&Vec<String>>, Vec<_>) =
                look.rows.iter().partition(|row| label_of(look, &headers, row).is_some());
            if others.is_empty() {
                continue;
            }
            let amount = |row: &[String]| amount_of(branch.select.value(look, row, "amount"));
            let mut amounts = others.into_iter().filter_map(|row| amount(row));
            let sum = amounts.try_fold(Decimal::ZERO, |sum, amount| sum.checked_add(amount));
            let is_total = |row: &&&Vec<String>| {
                label_of(look, &headers, row)
                    .is_some_and(|(label, _)| label == Label::Bare || sum.is_some() && amount(row) == sum)
            };
            let totals: Vec<&Vec<String>> = labelled.iter().filter(is_total).copied().collect();
            if let Some((first, (_, header))) =
                totals.first().and_then(|row| Some((row, label_of(look, &headers, row)?)))
            {
                let cell = look.cell(first, header);
                let (sum, them) = if totals.len() == 1 { ("sums", "it") } else { ("sum", "them") };
                let message = format!(
                    "{} of {} of {} {sum} up others, as \"{cell}\" in \"{header}\", which would count twice; delete {them}, or leave \
                     {them} out by sql with WHERE",
                    totals.len(),
                    look.looked_at(),
                    look.path,
                );
                self.add(Spot::Path(table), message);
            }
        }
    }
}

/// The first of some columns that calls a row a total.
fn label_of<'a>(look: &Look, headers: &[&'a String], row: &[String]) -> Option<(Label, &'a String)> {
    headers.iter().find_map(|header| Some((Label::of(look.cell(row, header))?, *header)))
}

/// How a cell calls its row a total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    /// By that word alone, or with how many rows it sums up, as "Grand Totals (2 records)".
    Bare,
    /// As the total of something, which may be a name: "Total: Campaigns", "email Total", "All channels".
    OfSomething,
}

/// Words for a total.
const TOTALS: [&str; 9] =
    ["grand total", "subtotal", "sub-total", "sub total", "report total", "total", "gesamtsumme", "gesamt", "summe"];

impl Label {
    fn of(cell: &str) -> Option<Self> {
        let cell = cell.to_lowercase();
        let rest =
            TOTALS.iter().find_map(|word| cell.strip_prefix(word)).map(|rest| rest.strip_prefix('s').unwrap_or(rest));
        match rest.map(str::trim_start) {
            Some(rest) if rest.is_empty() || rest.starts_with('(') => Some(Self::Bare),
            Some(rest) if !rest.starts_with(char::is_alphabetic) => Some(Self::OfSomething),
            _ => (cell.ends_with(" total") || cell.starts_with("all ")).then_some(Self::OfSomething),
        }
    }
}

fn amount_of(text: &str) -> Option<Decimal> {
    let plain = || text.parse().ok();
    plain().or_else(|| ['.', ','].into_iter().find_map(|mark| WrittenAmount::new(text, mark)?.number.parse().ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_told_by_their_words() {
        for cell in ["Total", "TOTALS", "Grand Total", "Grand Totals (2 records)", "Subtotal"] {
            assert_eq!(Label::of(cell), Some(Label::Bare), "{cell}");
        }
        for cell in ["Total: Campaigns", "Total 2024 renewal", "email Total", "All channels"] {
            assert_eq!(Label::of(cell), Some(Label::OfSomething), "{cell}");
        }
        for cell in ["", "Total Rewards webinar", "totally", "o1", "subtotals of pain", "2024-01-05", "Allianz"] {
            assert_eq!(Label::of(cell), None, "{cell}");
        }
    }
}
