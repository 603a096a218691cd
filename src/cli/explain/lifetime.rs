//! An account's lifetime value for people.

use crate::cli::money::{counted, money};
use crate::cli::table::{BOLD, cell, header, plain, print_fitted, right, sentence};
use crate::config::Plan;
use crate::config::plan::percent;
use crate::pipeline::lifetime::explain::LifetimeExplanation;
use std::io::Write;

/// History, parameters, behaviour, and the sum.
pub(super) fn print_lifetime(out: &mut dyn Write, plan: &Plan, lifetime: &LifetimeExplanation) -> std::io::Result<()> {
    let digits = plan.finance.minor_digits;
    let minor = |amount: i64| money(amount.into(), digits);
    let (id, as_of, currency) = (&lifetime.account_id, &lifetime.as_of, &plan.finance.currency);
    writeln!(out, "{BOLD}lifetime value of {id}{BOLD:#} as of {as_of}: {} {currency}", minor(lifetime.clv))?;
    print_history(out, lifetime, minor)?;
    let segment = format!("segment {}: {}, as {}", lifetime.segment, lifetime.family, lifetime.reason);
    writeln!(out, "\n{}", sentence(&segment, 2))?;
    if !lifetime.parameters.is_empty() {
        print_parameters(out, lifetime)?;
    }
    print_behaviour(out, lifetime, minor)?;
    print_sum(out, lifetime, minor)
}

/// The contract, or what the purchase models see.
fn print_behaviour(
    out: &mut dyn Write,
    lifetime: &LifetimeExplanation,
    minor: impl Fn(i64) -> String,
) -> std::io::Result<()> {
    if let Some(contract) = &lifetime.contract {
        let state = if contract.is_lapsed { "lapsed on" } else { "under contract until" };
        let renewals = counted(contract.renewals.into(), "renewal");
        return writeln!(out, "{state} {} after {renewals}; a term earns {}", contract.ends_on, minor(contract.value));
    }
    let summary = &lifetime.summary;
    let repeats = match summary.frequency {
        0 => "no repeat purchase (x)".to_owned(),
        x => format!(
            "{} (x), the last after {:.2} (t_x), of {} on average",
            counted(x.into(), "repeat purchase"),
            summary.recency,
            minor(summary.monetary_value)
        ),
    };
    let (unit, since, observed) = (summary.unit, &lifetime.acquired_on, summary.observed);
    let history = format!("{repeats}, in {observed:.2} {unit}s (T) since {since}");
    writeln!(out, "{}", sentence(&history, 2))
}

/// What the value is the sum of, and what is expected.
fn print_sum(
    out: &mut dyn Write,
    lifetime: &LifetimeExplanation,
    minor: impl Fn(i64) -> String,
) -> std::io::Result<()> {
    let line = |out: &mut dyn Write, name: &str, amount: i64| writeln!(out, "  {name:<46}{:>18}", minor(amount));
    writeln!(out)?;
    line(out, "margin earned", lifetime.margin)?;
    line(out, "margin contracted, not yet earned", lifetime.margin_contracted)?;
    if let Some(prediction) = &lifetime.prediction {
        let (low, high) = prediction.interval;
        line(out, &format!("expected margin of the next {} months", prediction.horizon_months), prediction.margin)?;
        line(out, "= lifetime value", lifetime.clv)?;
        let expected = format!(
            "expected: P(alive) {:.4}; {:.3} purchases at {} = {} undiscounted; discounted by {} % a year {}, 95 % from {} to {}",
            prediction.p_alive,
            prediction.purchases,
            minor(prediction.value),
            minor(prediction.undiscounted),
            percent(prediction.discount),
            minor(prediction.margin),
            minor(low),
            minor(high)
        );
        writeln!(out, "\n{}", sentence(&expected, 2))?;
    } else {
        line(out, "= lifetime value, historic only", lifetime.clv)?;
    }
    writeln!(out)
}

fn print_history(
    out: &mut dyn Write,
    lifetime: &LifetimeExplanation,
    minor: impl Fn(i64) -> String,
) -> std::io::Result<()> {
    let mut table = plain();
    table.set_header(header(["booked", "revenue", "margin", "term", "earned"], |column| [1, 2, 4].contains(&column)));
    for booking in &lifetime.history {
        let term = booking.term.as_ref().map(|(first, last)| format!("{first} – {last}"));
        table.add_row([
            cell(&booking.day),
            right(minor(booking.revenue)),
            right(minor(booking.margin)),
            cell(term.unwrap_or_default()),
            right(minor(booking.earned)),
        ]);
    }
    writeln!(out)?;
    print_fitted(out, &table, &[3])
}

fn print_parameters(out: &mut dyn Write, lifetime: &LifetimeExplanation) -> std::io::Result<()> {
    let mut table = plain();
    table.set_header(header(["model", "parameter", "estimate", "standard error"], |column| column >= 2));
    for row in &lifetime.parameters {
        table.add_row([
            cell(row.model),
            cell(row.parameter),
            right(format!("{:.4}", row.estimate)),
            right(format!("{:.4}", row.standard_error)),
        ]);
    }
    writeln!(out)?;
    print_fitted(out, &table, &[])?;
    writeln!(out)
}
