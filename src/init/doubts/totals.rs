//! Rows that sum up others.

use super::{Doubts, Spot};
use crate::config::file::Table;
use crate::engine::contract::{self, ColumnKind};

impl Doubts<'_> {
    /// What a total sums up would count twice.
    pub(super) fn totals(&mut self, table: Table) {
        for branch in self.branches(table) {
            let look = &self.looks[branch.look];
            let is_label = |kind| !matches!(kind, ColumnKind::Money | ColumnKind::Flag | ColumnKind::Number);
            let labels = contract::columns(table).iter().filter(|column| is_label(column.kind));
            let projections = labels.filter_map(|column| branch.select.projection(column.name));
            let headers: Vec<&String> =
                look.headers.iter().take(1).chain(projections.flat_map(|p| &p.headers)).collect();
            let total_of = |row| headers.iter().find(|header| is_total(look.cell(row, header)));
            let totals: Vec<_> = look.rows.iter().filter_map(|row| Some((total_of(row)?, row))).collect();
            if let Some((header, row)) = totals.first() {
                let (sum, them) = if totals.len() == 1 { ("sums", "it") } else { ("sum", "them") };
                let message = format!(
                    "{} of {} of {} {sum} up others, as \"{}\" in \"{header}\", which would count twice; delete {them}, or leave {them} \
                     out by sql with WHERE",
                    totals.len(),
                    look.looked_at(),
                    look.path,
                    look.cell(row, header)
                );
                self.add(Spot::Path(table), message);
            }
        }
    }
}

/// Words that a total begins with.
const TOTALS: [&str; 9] =
    ["grand total", "subtotal", "sub-total", "sub total", "report total", "total", "gesamtsumme", "gesamt", "summe"];

/// Whether a cell says that its row is a total, as "Grand Totals (2 records)", "Total: Campaigns" and "email Total" do.
fn is_total(cell: &str) -> bool {
    let cell = cell.to_lowercase();
    let begins = |word: &&str| {
        let rest = cell.strip_prefix(*word).map(|rest| rest.strip_prefix('s').unwrap_or(rest));
        rest.is_some_and(|rest| !rest.trim_start().starts_with(char::is_alphabetic))
    };
    cell.ends_with(" total") || TOTALS.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_told_by_their_words() {
        for cell in [
            "Total",
            "TOTALS",
            "Grand Total",
            "Grand Totals (2 records)",
            "Subtotal",
            "Total: Campaigns",
            "email Total",
        ] {
            assert!(is_total(cell), "{cell}");
        }
        for cell in ["", "Total Rewards webinar", "totally", "o1", "subtotals of pain", "2024-01-05"] {
            assert!(!is_total(cell), "{cell}");
        }
    }
}
