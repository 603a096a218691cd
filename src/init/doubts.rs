//! What the files do not decide. Each doubt marks one line of the configuration.

mod amounts;
mod columns;
mod currency;
mod parts;
mod stages;
mod totals;
mod touches;

use super::imported::replace_imported_dates;
use super::kinds::Knowledge;
use super::look::Look;
use super::recognise::{Branch, Filled, Recognised, lacking};
use super::select::Select;
use crate::config::file::Table;
pub(super) use stages::StageMeanings;

/// The line of the configuration that somebody may have to edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// `path` of a table.
    Path(Table),
    /// A column of a table.
    Column(Table, &'static str),
    /// `journeys.eligible`.
    Eligible,
    /// `stages.won`.
    Won,
    /// `finance.currency`.
    Currency,
    /// `calendar.fiscal_year_start`.
    FiscalYear,
}

/// Something undecided.
#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) spot: Spot,
    pub(super) message: String,
}

/// What the values say about the settings beside the tables.
#[derive(Debug)]
pub(super) struct Settings {
    /// Which touches can earn credit.
    pub(super) eligible: String,
    /// The currency of the amounts.
    pub(super) currency: String,
    /// What stages mean, where only they say how an opportunity ended.
    pub(super) stages: Option<StageMeanings>,
}

/// Holds the values against what the engine will make of them.
pub(super) fn examine(recognised: &mut Recognised, looks: &[Look], knowledge: &Knowledge) -> (Settings, Vec<Doubt>) {
    let found = replace_imported_dates(recognised, looks);
    let mut doubts = Doubts { recognised, looks, found };
    for table in [Table::Touchpoints, Table::Opportunities] {
        if !recognised.tables.contains_key(&table) {
            let columns = wanted(table);
            doubts.add(Spot::Path(table), format!("no file has {} ({columns}); name one", table.name()));
        }
    }
    for (table, filled) in &recognised.tables {
        doubts.rivals(*table, filled);
        for branch in &filled.branches {
            doubts.made_up_and_unreadable(*table, branch);
        }
        doubts.encodings(*table, filled);
        doubts.repeated_keys(*table);
        doubts.scales(*table);
        doubts.totals(*table);
    }
    doubts.no_amount();
    doubts.other_amounts(&knowledge.plain);
    doubts.milestones_only();
    let eligible = doubts.eligible();
    doubts.strangers();
    let stages = doubts.stages(&knowledge.stages);
    let currency = doubts.currency();
    let message = "no file says in which month the fiscal year starts; January is assumed".to_owned();
    doubts.add(Spot::FiscalYear, message);
    (Settings { eligible, currency, stages }, doubts.found)
}

/// The columns that a table needs.
pub(super) fn wanted(table: Table) -> String {
    lacking(table, &Select::default()).join(", ")
}

/// As many names as somebody reads.
pub(super) fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    const MOST: usize = 12;
    let shown: Vec<&str> = names.iter().map(AsRef::as_ref).take(MOST).collect();
    shown.join(", ") + if names.len() > MOST { ", …" } else { "" }
}

struct Doubts<'a> {
    recognised: &'a Recognised,
    looks: &'a [Look],
    found: Vec<Doubt>,
}

impl<'a> Doubts<'a> {
    fn add(&mut self, spot: Spot, message: String) {
        self.found.push(Doubt { spot, message });
    }

    /// Letters of which no mark says how they are written.
    fn encodings(&mut self, table: Table, filled: &Filled) {
        for look in filled.branches.iter().map(|branch| &self.looks[branch.look]) {
            if let Some(encoding) = look.layout.encoding {
                let name = encoding.name().to_lowercase();
                self.add(
                    Spot::Path(table),
                    format!("{} is not UTF-8 and read as {name}; look at its names", look.path),
                );
            }
        }
    }

    fn branches(&self, table: Table) -> &'a [Branch] {
        self.recognised.tables.get(&table).map_or(&[], |filled| filled.branches.as_slice())
    }

    /// The non-blank values of a canonical column, over all files of its table.
    fn values(&self, table: Table, name: &'static str) -> Vec<&'a str> {
        let looks = self.looks;
        let of_branch = |branch: &'a Branch| {
            let look = &looks[branch.look];
            look.rows.iter().map(|row| branch.select.value(look, row, name)).filter(|value| !value.is_empty())
        };
        self.branches(table).iter().flat_map(of_branch).collect()
    }
}
