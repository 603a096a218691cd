//! How far the models agree: every pair of them over the campaigns, and over the channels, that either gives money.

use super::place_sums::{PlaceSums, Sums};
use super::spread::{Level, Period};
use crate::scatter::lines::Lines;
use closedloop_core::agreement::Agreement;
use std::collections::BTreeMap;

/// Two models compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AgreementRow {
    /// Over campaigns, or over channels.
    pub(super) level: &'static str,
    pub(super) period: Period,
    /// Positions of the models.
    pub(super) models: (usize, usize),
    /// How many campaigns or channels are compared.
    pub(super) compared: usize,
    pub(super) agreement: Agreement,
}

/// What each model gives each campaign or channel.
type Money<'a> = Vec<(Level, &'a [Sums])>;

/// Every pair of models, once, by level and period, sorted. Campaigns that neither model gives money are not compared:
/// agreement on nothing would pass for agreement.
pub(super) fn agreement(places: &PlaceSums, lines: &Lines, models: usize) -> Vec<AgreementRow> {
    let mut rows = Vec::new();
    for ((level, period), mut money) in money(places, lines) {
        // Codes depend on the order of input rows, names do not; a tie at the tenth place goes to the earlier name.
        money.sort_by(|a, b| a.0.names(lines).cmp(&b.0.names(lines)));
        for first in 0..models {
            for second in first + 1..models {
                let pairs = money.iter().map(|(_, sums)| (sums[first].amount(), sums[second].amount()));
                let (a, b): (Vec<i64>, Vec<i64>) = pairs.filter(|pair| *pair != (0, 0)).unzip();
                let (models, compared) = ((first, second), a.len());
                rows.push(AgreementRow { level, period, models, compared, agreement: Agreement::of(&a, &b) });
            }
        }
    }
    rows
}

/// Money by level and period; what belongs to no campaign stands among channels only.
fn money<'a>(places: &'a PlaceSums, lines: &Lines) -> BTreeMap<(&'static str, Period), Money<'a>> {
    let mut money: BTreeMap<(&'static str, Period), Money<'a>> = BTreeMap::new();
    for ((level, period), sums) in places.iter() {
        let of_level = level.line(lines);
        if of_level == "no_campaign" {
            continue;
        }
        money.entry((of_level, period)).or_default().push((level, sums.models));
    }
    money
}
