//! How far the models agree: every pair of them over the campaigns, and over the channels, that either gives money.

use super::line_kind::LineKind;
use super::place_sums::{PlaceSums, Sums};
use super::spread::{Level, Period};
use crate::scatter::lines::Lines;
use closedloop_core::agreement::Agreement;
use rayon::prelude::*;
use std::collections::BTreeMap;

/// Two models compared.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AgreementRow {
    /// Over campaigns, or over channels.
    pub(super) level: LineKind,
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
/// agreement on nothing would pass for agreement. Uses the current rayon pool.
pub(super) fn agreement(places: &PlaceSums, lines: &Lines, models: usize) -> Vec<AgreementRow> {
    let money = money(places, lines).into_par_iter().map(|(place, mut money)| {
        // Codes depend on the order of input rows, names do not; a tie at the tenth place goes to the earlier name.
        money.sort_by(|a, b| a.0.names(lines).cmp(&b.0.names(lines)));
        (place, money)
    });
    money
        .flat_map_iter(|((level, period), money)| pairs(models).map(move |pair| compare(level, period, pair, &money)))
        .collect()
}

fn pairs(models: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..models).flat_map(move |first| (first + 1..models).map(move |second| (first, second)))
}

fn compare(level: LineKind, period: Period, models: (usize, usize), money: &Money<'_>) -> AgreementRow {
    let pairs = money.iter().map(|(_, sums)| (sums[models.0].amount(), sums[models.1].amount()));
    let (a, b): (Vec<i64>, Vec<i64>) = pairs.filter(|pair| *pair != (0, 0)).unzip();
    AgreementRow { level, period, models, compared: a.len(), agreement: Agreement::of(&a, &b) }
}

/// Money by level and period; what belongs to no campaign stands among channels only.
fn money<'a>(places: &'a PlaceSums, lines: &Lines) -> BTreeMap<(LineKind, Period), Money<'a>> {
    let mut money: BTreeMap<(LineKind, Period), Money<'a>> = BTreeMap::new();
    for ((level, period), sums) in places.iter() {
        let kind = level.kind(lines);
        if kind == LineKind::NoCampaign {
            continue;
        }
        money.entry((kind, period)).or_default().push((level, sums.models));
    }
    money
}
