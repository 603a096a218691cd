//! What marketing finance asks.

use super::answer::{Cell, Rows};
use super::facts::{Facts, MARGIN_PERCENT, input, year};
use std::cmp::Reverse;
use std::collections::BTreeMap;

const BUCKETS: [&str; 7] = [
    "no_touch",
    "outside_lookback",
    "suppressed",
    "missing_anchor",
    "baseline",
    "kind_not_attributed",
    "unmatched_credit",
];

pub(super) fn does_it_reconcile(facts: &Facts) -> Rows {
    let model = facts.default();
    let of_quarter = |quarter: &str| {
        let deals: Vec<_> = facts.deals.iter().filter(|deal| deal.quarter == quarter).collect();
        let credits: Vec<_> = facts.credits.iter().filter(|credit| credit.close_quarter == quarter).collect();
        let left = BUCKETS.map(|bucket| {
            let left = deals.iter().filter(|deal| deal.residuals[model].as_deref() == Some(bucket));
            Cell::Money(left.map(|deal| deal.left[model]).sum())
        });
        let unreconciled = ["new", "expansion", "renewal", "credit"]
            .into_iter()
            .flat_map(|kind| (0..facts.models.len()).map(move |model| (kind, model)))
            .filter(|&(kind, model)| {
                let of_kind = deals.iter().filter(|deal| deal.kind == kind);
                let credited = credits.iter().filter(|credit| credit.kind == kind);
                of_kind.map(|deal| deal.amount - deal.left[model]).sum::<i128>()
                    != credited.map(|credit| credit.amounts[model]).sum::<i128>()
            })
            .count();
        let booked = deals.iter().map(|deal| deal.amount).sum();
        let attributed = credits.iter().map(|credit| credit.amounts[model]).sum();
        let mut row = vec![Cell::text(quarter), Cell::Money(booked), Cell::Money(attributed)];
        row.extend(left);
        row.push(Cell::Count(unreconciled as i128));
        row
    };
    facts.quarters().into_iter().map(of_quarter).collect()
}

pub(super) fn quarterly_roi(facts: &Facts) -> Rows {
    let (model, latest) = (facts.default(), facts.latest());
    // (line, name, channel) → (spend, revenue)
    let mut lines: BTreeMap<(&str, String, String), (i128, i128)> = BTreeMap::new();
    let key = |campaign: &Option<String>, channel: &str| match campaign {
        Some(id) => ("campaign", facts.names.get(id).unwrap_or(id).clone(), channel.to_owned()),
        None => ("no_campaign", channel.to_owned(), channel.to_owned()),
    };
    for credit in facts.credits.iter().filter(|credit| credit.close_quarter == latest) {
        lines.entry(key(&credit.campaign, &credit.channel)).or_default().1 += credit.amounts[model];
    }
    for spend in facts.spend.iter().filter(|spend| spend.quarter == latest) {
        lines.entry(key(&spend.campaign, &spend.channel)).or_default().0 += spend.amount;
    }
    for deal in facts.deals.iter().filter(|deal| deal.quarter == latest) {
        if let Some(bucket) = &deal.residuals[model] {
            lines.entry(("residual", bucket.clone(), String::new())).or_default().1 += deal.left[model];
        }
    }
    let mut lines: Vec<_> = lines.into_iter().collect();
    lines
        .sort_by_key(|((line, name, channel), (_, revenue))| (*line, Reverse(*revenue), name.clone(), channel.clone()));
    let row = |((line, name, channel), (spend, revenue)): ((&str, String, String), (i128, i128))| {
        let margin = percent(revenue, MARGIN_PERCENT);
        let profit = if line == "residual" { Cell::Null } else { Cell::Money(margin - spend) };
        let (roi, margin_roi) = ((revenue - spend) as f64, (margin - spend) as f64);
        vec![
            Cell::text(line),
            Cell::Text(name),
            Cell::Text(channel),
            Cell::Money(spend),
            Cell::Money(revenue),
            Cell::Money(margin),
            profit,
            Cell::ratio(roi, spend as f64),
            Cell::ratio(margin_roi, spend as f64),
        ]
    };
    lines.into_iter().map(row).collect()
}

/// Hundredths of an amount, rounded half away from zero.
fn percent(amount: i128, hundredths: i128) -> i128 {
    let magnitude = (amount.abs() * hundredths + 50) / 100;
    magnitude * amount.signum()
}

pub(super) fn revenue_by_kind(facts: &Facts) -> Rows {
    let (model, latest) = (facts.default(), year(facts.latest()));
    let mut channels: BTreeMap<&str, [i128; 5]> = BTreeMap::new();
    for spend in facts.spend.iter().filter(|spend| year(&spend.quarter) == latest) {
        channels.entry(&spend.channel).or_default();
    }
    for credit in facts.credits.iter().filter(|credit| year(&credit.close_quarter) == latest) {
        let kind = ["new", "expansion", "renewal", "credit"].iter().position(|kind| credit.kind == *kind).unwrap();
        let channel = channels.entry(&credit.channel).or_default();
        channel[kind] += credit.amounts[model];
        channel[4] += credit.amounts[model];
    }
    let mut channels: Vec<_> = channels.into_iter().collect();
    channels.sort_by_key(|(channel, sums)| (Reverse(sums[4]), *channel));
    let row = |(channel, sums): (&str, [i128; 5])| [Cell::text(channel)].into_iter().chain(sums.map(Cell::Money));
    channels.into_iter().map(|line| row(line).collect()).collect()
}

pub(super) fn spend_against_budget(_: &Facts) -> Rows {
    let minor = |text: &str| {
        let (whole, cents) = text.split_once('.')?;
        assert_eq!(cents.len(), 2, "{text}");
        format!("{whole}{cents}").parse::<i128>().ok()
    };
    let mut spent: BTreeMap<String, i128> = BTreeMap::new();
    for row in input("spend.csv", &["campaign_id", "amount"]) {
        *spent.entry(row[0].clone()).or_default() += minor(&row[1]).unwrap_or(0);
    }
    let campaigns = input("campaigns.csv", &["campaign_id", "name", "budget"]).into_iter();
    let mut rows: Vec<_> = campaigns
        .filter_map(|row| Some((row[0].clone(), row[1].clone(), minor(&row[2])?)))
        .map(|(id, name, budget)| {
            let spend = spent.get(&id).copied().unwrap_or_default();
            (id, name, budget, spend)
        })
        .collect();
    rows.sort_by_key(|(id, _, budget, spend)| (Reverse(spend - budget), id.clone()));
    rows.into_iter()
        .map(|(id, name, budget, spend)| {
            vec![
                Cell::Text(id),
                Cell::Text(name),
                Cell::Money(budget),
                Cell::Money(spend),
                Cell::Money(spend - budget),
                Cell::ratio(spend as f64, budget as f64),
            ]
        })
        .collect()
}

pub(super) fn when_was_it_earned(facts: &Facts) -> Rows {
    let model = facts.default();
    let of_quarter = |quarter: &str| {
        let credits = || facts.credits.iter().filter(|credit| credit.close_quarter == quarter);
        let same = credits().filter(|credit| credit.touch_quarter == quarter).map(|credit| credit.amounts[model]).sum();
        let all: i128 = credits().map(|credit| credit.amounts[model]).sum();
        let deals = || facts.deals.iter().filter(|deal| deal.quarter == quarter);
        let left = deals().map(|deal| deal.left[model]).sum();
        let booked = deals().map(|deal| deal.amount).sum();
        [Cell::text(quarter)].into_iter().chain([same, all - same, left, booked].map(Cell::Money)).collect()
    };
    facts.quarters().into_iter().map(of_quarter).collect()
}
