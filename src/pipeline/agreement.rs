//! How far the models agree: every pair of them over the campaigns, and over the channels, that either gives money.

use super::spread::{Level, Period};
use super::totals::CreditTotals;
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
type Money = BTreeMap<Level, Vec<i64>>;

/// Every pair of models, once, by level and period, sorted. Campaigns that neither model gives money are not compared:
/// agreement on nothing would pass for agreement.
pub(super) fn agreement(totals: &CreditTotals, lines: &Lines, models: usize) -> Vec<AgreementRow> {
    let mut rows = Vec::new();
    for ((level, period), money) in money(totals, lines, models) {
        // Codes depend on the order of input rows, names do not; a tie at the tenth place goes to the earlier name.
        let mut places: Vec<(Level, Vec<i64>)> = money.into_iter().collect();
        places.sort_by(|a, b| name(a.0, lines).cmp(&name(b.0, lines)));
        for first in 0..models {
            for second in first + 1..models {
                let pairs = places.iter().map(|(_, amounts)| (amounts[first], amounts[second]));
                let (a, b): (Vec<i64>, Vec<i64>) = pairs.filter(|pair| *pair != (0, 0)).unzip();
                let (models, compared) = ((first, second), a.len());
                rows.push(AgreementRow { level, period, models, compared, agreement: Agreement::of(&a, &b) });
            }
        }
    }
    rows
}

/// Money by level and period.
fn money(totals: &CreditTotals, lines: &Lines, models: usize) -> BTreeMap<(&'static str, Period), Money> {
    let mut money: BTreeMap<(&'static str, Period), Money> = BTreeMap::new();
    for (key, _, earned) in totals.lines() {
        let campaign = lines.line(key.line).campaign.as_ref().map(|_| ("campaign", Level::Campaign(key.line)));
        let channel = ("channel", Level::Channel(lines.channel(key.line)));
        for (name, level) in campaign.into_iter().chain([channel]) {
            for period in [Period::Close(key.close_quarter), Period::Touch(key.touch_quarter), Period::All] {
                let sums = money.entry((name, period)).or_default().entry(level).or_insert_with(|| vec![0; models]);
                sums.iter_mut().zip(&earned).for_each(|(sum, earned)| *sum += earned.amount);
            }
        }
    }
    money
}

fn name(level: Level, lines: &Lines) -> (Option<&str>, &str) {
    match level {
        Level::Campaign(code) => (lines.line(code).campaign.as_deref(), lines.line(code).channel.as_str()),
        Level::Channel(code) => (None, lines.channels()[code as usize].as_str()),
    }
}
