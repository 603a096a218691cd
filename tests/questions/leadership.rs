//! What leadership asks.

use super::answer::{Cell, Rows};
use super::facts::{Facts, year};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Spend, and revenue per model.
#[derive(Clone)]
struct Line {
    spend: i128,
    revenue: Vec<i128>,
}

/// Spend and revenue by close date, by whatever `key` makes of (campaign, channel, quarter).
fn lines<K: Ord>(facts: &Facts, key: impl Fn(Option<&str>, &str, &str) -> Option<K>) -> BTreeMap<K, Line> {
    let empty = Line { spend: 0, revenue: vec![0; facts.models.len()] };
    let mut lines = BTreeMap::new();
    for credit in &facts.credits {
        if let Some(key) = key(credit.campaign.as_deref(), &credit.channel, &credit.close_quarter) {
            let line: &mut Line = lines.entry(key).or_insert_with(|| empty.clone());
            line.revenue.iter_mut().zip(&credit.amounts).for_each(|(sum, amount)| *sum += amount);
        }
    }
    for spend in &facts.spend {
        if let Some(key) = key(spend.campaign.as_deref(), &spend.channel, &spend.quarter) {
            lines.entry(key).or_insert_with(|| empty.clone()).spend += spend.amount;
        }
    }
    lines
}

impl Line {
    fn least(&self) -> i128 {
        *self.revenue.iter().min().unwrap()
    }

    fn most(&self) -> i128 {
        *self.revenue.iter().max().unwrap()
    }

    fn roi(&self, revenue: i128) -> Cell {
        Cell::ratio((revenue - self.spend) as f64, self.spend as f64)
    }

    /// Whether revenue is at least the spend.
    fn decision(&self) -> Option<&'static str> {
        match (self.spend > 0, self.least() >= self.spend, self.most() >= self.spend) {
            (false, ..) => None,
            (_, true, _) => Some("fund"),
            (.., false) => Some("cut"),
            _ => Some("depends"),
        }
    }
}

pub(super) fn does_the_model_matter(facts: &Facts) -> Rows {
    let model = facts.default();
    let channels = lines(facts, |_, channel, _| Some(channel.to_owned()));
    let mut channels: Vec<_> = channels.into_iter().collect();
    channels.sort_by_key(|(channel, line)| (Reverse(line.revenue[model]), channel.clone()));
    channels
        .into_iter()
        .map(|(channel, line)| {
            vec![
                Cell::Text(channel),
                Cell::Money(line.spend),
                Cell::Money(line.least()),
                Cell::Money(line.revenue[model]),
                Cell::Money(line.most()),
                line.decision().map_or(Cell::Null, Cell::text),
            ]
        })
        .collect()
}

pub(super) fn safe_bets(facts: &Facts) -> Rows {
    let campaigns = lines(facts, |campaign, _, _| campaign.map(str::to_owned));
    let mut campaigns: Vec<_> =
        campaigns.into_iter().filter_map(|(id, line)| Some((line.decision()?, id, line))).collect();
    campaigns.sort_by_key(|(decision, id, line)| (Reverse(*decision), Reverse(line.spend), id.clone()));
    campaigns
        .into_iter()
        .map(|(decision, id, line)| {
            let name = facts.names.get(&id).map_or(Cell::Null, |name| Cell::text(name));
            vec![
                Cell::text(decision),
                Cell::Text(id),
                name,
                Cell::Money(line.spend),
                Cell::Money(line.least()),
                Cell::Money(line.most()),
                line.roi(line.least()),
                line.roi(line.most()),
            ]
        })
        .collect()
}

pub(super) fn roi_by_year(facts: &Facts) -> Rows {
    let model = facts.default();
    let channels = lines(facts, |_, channel, quarter| Some((year(quarter), channel.to_owned())));
    let mut channels: Vec<_> = channels.into_iter().collect();
    channels.sort_by_key(|((year, channel), line)| (*year, Reverse(line.revenue[model]), channel.clone()));
    channels
        .into_iter()
        .map(|((year, channel), line)| {
            let revenue = line.revenue[model];
            let money = [line.spend, revenue].map(Cell::Money);
            let key = [Cell::Count(year), Cell::Text(channel)];
            key.into_iter().chain(money).chain([line.roi(revenue)]).collect()
        })
        .collect()
}

pub(super) fn cost_of_a_customer(facts: &Facts) -> Rows {
    let model = facts.default();
    let channels = lines(facts, |_, channel, quarter| Some((year(quarter), channel.to_owned())));
    channels
        .into_iter()
        .map(|((year_of_line, channel), line)| {
            let of_line = facts.credits.iter().filter(|credit| {
                credit.kind == "new" && credit.channel == channel && year(&credit.close_quarter) == year_of_line
            });
            let customers: f64 = of_line.map(|credit| credit.shares[model]).sum();
            let cost = match line.spend {
                0 => Cell::Null,
                spend => Cell::ratio(spend as f64 / 100.0, customers),
            };
            vec![Cell::Count(year_of_line), Cell::Text(channel), Cell::Money(line.spend), Cell::Number(customers), cost]
        })
        .collect()
}

pub(super) fn how_sure_are_we(facts: &Facts) -> Rows {
    let model = facts.default();
    let of_quarter = |quarter: &str| {
        let booked: i128 = facts.deals.iter().filter(|deal| deal.quarter == quarter).map(|deal| deal.amount).sum();
        let credits = || facts.credits.iter().filter(|credit| credit.close_quarter == quarter);
        let attributed: Vec<i128> =
            (0..facts.models.len()).map(|model| credits().map(|credit| credit.amounts[model]).sum()).collect();
        vec![
            Cell::text(quarter),
            Cell::Money(booked),
            Cell::Money(*attributed.iter().min().unwrap()),
            Cell::Money(attributed[model]),
            Cell::Money(*attributed.iter().max().unwrap()),
            Cell::ratio(attributed[model] as f64, booked as f64),
        ]
    };
    facts.quarters().into_iter().map(of_quarter).collect()
}
