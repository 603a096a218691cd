//! What BI asks.

use super::answer::{Cell, Rows};
use super::facts::{Facts, input};
use crate::support::{read_mart, texts};
use closedloop::mart::manifest::Manifest;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Account → one of its columns, from accounts.csv.
fn accounts(column: &str) -> BTreeMap<String, String> {
    input("accounts.csv", &["account_id", column]).into_iter().map(|row| (row[0].clone(), row[1].clone())).collect()
}

pub(super) fn channels_by_region(facts: &Facts) -> Rows {
    let (model, regions) = (facts.default(), accounts("region"));
    let mut lines: BTreeMap<(&str, &str), (i128, f64)> = BTreeMap::new();
    for credit in &facts.credits {
        let region = regions.get(&credit.account).map_or("unknown", String::as_str);
        let line = lines.entry((region, &credit.channel)).or_default();
        line.0 += credit.amounts[model];
        line.1 += if credit.kind == "credit" { 0.0 } else { credit.shares[model] };
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines.sort_by_key(|((region, channel), (revenue, _))| (*region, Reverse(*revenue), *channel));
    lines
        .into_iter()
        .map(|((region, channel), (revenue, deals))| {
            vec![Cell::text(region), Cell::text(channel), Cell::Money(revenue), Cell::Number(deals)]
        })
        .collect()
}

pub(super) fn journeys_by_segment(facts: &Facts) -> Rows {
    const DAY: f64 = 86_400_000_000.0;
    let segments = accounts("segment");
    let mut by_segment: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for deal in facts.deals.iter().filter(|deal| deal.kind != "credit") {
        by_segment.entry(segments.get(&deal.account).map_or("unknown", String::as_str)).or_default().push(deal);
    }
    by_segment
        .into_iter()
        .map(|(segment, deals)| {
            let touched = || deals.iter().filter(|deal| deal.touches > 0.0);
            vec![
                Cell::text(segment),
                Cell::Count(deals.len() as i128),
                Cell::Count(touched().count() as i128),
                Cell::Money(deals.iter().map(|deal| deal.amount).sum()),
                Cell::ratio(touched().map(|deal| deal.touches).sum(), touched().count() as f64),
                Cell::ratio(touched().map(|deal| deal.span / DAY).sum(), touched().count() as f64),
            ]
        })
        .collect()
}

/// A model that credits one anchor alone gives the touch that holds it the whole deal.
pub(super) fn openers_and_closers(facts: &Facts) -> Rows {
    let anchors =
        ["first_touch", "lead_creation", "opportunity_creation", "last_touch"].map(|model| facts.model(model));
    let mut campaigns: BTreeMap<&str, [i128; 4]> = BTreeMap::new();
    for credit in facts.credits.iter().filter(|credit| credit.kind != "credit") {
        if let Some(campaign) = &credit.campaign {
            let counts = campaigns.entry(campaign).or_default();
            for (count, model) in counts.iter_mut().zip(anchors) {
                *count += i128::from(credit.shares[model] == 1.0);
            }
        }
    }
    let mut campaigns: Vec<_> = campaigns.into_iter().collect();
    campaigns.sort_by_key(|(id, counts)| (Reverse(counts[0]), Reverse(counts[3]), *id));
    campaigns
        .into_iter()
        .map(|(id, counts)| {
            let name = facts.names.get(id).map_or(Cell::Null, |name| Cell::text(name));
            [Cell::text(id), name].into_iter().chain(counts.map(Cell::Count)).collect()
        })
        .collect()
}

/// Per reason from the rows set aside; what they come to per table must be what the run counted.
pub(super) fn set_aside(facts: &Facts) -> Rows {
    let rows = read_mart(&facts.out, "set_aside");
    let amounts = crate::support::money(&rows, "amount");
    let mut reasons: BTreeMap<(String, String), (i128, i128)> = BTreeMap::new();
    let mut tables: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for ((table, reason), amount) in texts(&rows, "table_name").into_iter().zip(texts(&rows, "reason")).zip(amounts) {
        let (table, reason) = (table.unwrap(), reason.unwrap());
        for sums in [tables.entry(table.clone()).or_default(), reasons.entry((table, reason)).or_default()] {
            sums.0 += 1;
            sums.1 += amount;
        }
    }
    let manifest = Manifest::read(&facts.out).unwrap();
    for (table, counts) in &manifest.tables {
        let counted = (i128::from(counts.set_aside.rows), i128::from(counts.set_aside.amount));
        assert_eq!(tables.get(table).copied().unwrap_or_default(), counted, "{table}");
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(key, (count, _))| (Reverse(*count), key.clone()));
    reasons
        .into_iter()
        .map(|((table, reason), (count, amount))| {
            vec![Cell::Text(table), Cell::Text(reason), Cell::Count(count), Cell::Money(amount)]
        })
        .collect()
}

pub(super) fn spend_without_touches(facts: &Facts) -> Rows {
    let model = facts.default();
    let mut campaigns: BTreeMap<&str, (i128, i128, i128)> = BTreeMap::new();
    for credit in &facts.credits {
        if let Some(campaign) = &credit.campaign {
            let line = campaigns.entry(campaign).or_default();
            line.1 += 1;
            line.2 += credit.amounts[model];
        }
    }
    for spend in &facts.spend {
        if let Some(campaign) = &spend.campaign {
            campaigns.entry(campaign).or_default().0 += spend.amount;
        }
    }
    let gap = |spend: i128, touches: i128| match (spend, touches) {
        (0, 1..) => Some("no spend"),
        (1.., 0) | (..0, 0) => Some("no touch"),
        _ => None,
    };
    let gaps = campaigns.into_iter();
    let mut gaps: Vec<_> = gaps
        .filter_map(|(id, (spend, touches, revenue))| Some((gap(spend, touches)?, id, spend, touches, revenue)))
        .collect();
    gaps.sort_by_key(|(gap, id, spend, ..)| (*gap, Reverse(*spend), *id));
    gaps.into_iter()
        .map(|(gap, id, spend, touches, revenue)| {
            vec![Cell::text(id), Cell::text(gap), Cell::Money(spend), Cell::Count(touches), Cell::Money(revenue)]
        })
        .collect()
}
