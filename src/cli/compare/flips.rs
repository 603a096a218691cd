//! Where the choice of model changes a decision, and between which models.

use super::comparison::{Comparison, Line};
use super::table::{clip, compact, ratio, width};
use crate::cli::money::counted;
use crate::cli::table::{cell, header, plain, print_fitted, right, sentence, width_of};
use comfy_table::{Cell, Table};
use std::io::Write;

/// Prints the channels and at most `campaigns` campaigns whose decision depends on the model.
pub(super) fn print(out: &mut impl Write, comparison: &Comparison, campaigns: usize) -> std::io::Result<()> {
    let flips = |level| comparison.level(level).filter(|line| line.call.or(line.decision) == Some("depends"));
    let (all_channels, all_campaigns) = (flips("channel").count(), flips("campaign").count());
    let hurdle = comparison.hurdle;
    let is_decided = |level| comparison.level(level).any(|line| line.decision.is_some());
    if !is_decided("channel") && !is_decided("campaign") {
        let is_spent = comparison.lines.iter().any(|line| line.spend.minor > 0);
        let why = if is_spent { "No money goes to touches" } else { "Nothing was spent" };
        return writeln!(out, "\n{}", sentence(&format!("{why}, so there is nothing to decide."), 0));
    }
    if all_channels + all_campaigns == 0 {
        let none = format!("No choice of model changes a decision at a hurdle roi of {hurdle}.");
        writeln!(out, "\n{}", sentence(&none, 0))?;
        return print_close_calls(out, comparison);
    }
    let (channels, flipping) = (counted(all_channels as u64, "channel"), counted(all_campaigns as u64, "campaign"));
    let by = if comparison.has_intervals() { "By 95\u{a0}% intervals" } else { "By roi alone" };
    let depend = format!("{by}, {channels} and {flipping} depend on the model at a hurdle roi of {hurdle}:");
    writeln!(out, "\n{}", sentence(&depend, 0))?;
    let lines: Vec<&Line> = flips("channel").chain(flips("campaign").take(campaigns)).collect();
    let named = table(&lines, hurdle, true);
    let shown = if width_of(&named) <= width() { named } else { table(&lines, hurdle, false) };
    writeln!(out)?;
    print_fitted(out, &shown, &[0])?;
    let rest = all_campaigns - all_campaigns.min(campaigns);
    if rest > 0 {
        writeln!(out, "… and {} more; see --campaigns", counted(rest as u64, "campaign"))?;
    }
    print_close_calls(out, comparison)
}

/// Where the hurdle lies inside the interval, so that the data do not decide.
fn print_close_calls(out: &mut impl Write, comparison: &Comparison) -> std::io::Result<()> {
    let close = |level| comparison.level(level).filter(|line| line.call == Some("too_close")).count() as u64;
    let (channels, campaigns) = (close("channel"), close("campaign"));
    if channels + campaigns == 0 {
        return Ok(());
    }
    let (channels, campaigns) = (counted(channels, "channel"), counted(campaigns, "campaign"));
    let model = &comparison.default_model;
    let close = format!(
        "Too close to call: on {channels} and {campaigns} the hurdle lies inside the 95 % interval of {model}."
    );
    writeln!(out, "\n{}", sentence(&close, 0))
}

/// The lines with the span of their roi, perhaps with the models at its ends.
fn table(lines: &[&Line], hurdle: f64, with_models: bool) -> Table {
    let mut table = plain();
    let names = ["depends", "spend", "lowest roi", "under", "highest roi", "under", "worth it under"];
    let is_shown = |position: usize| with_models || !matches!(position, 3 | 5);
    let shown = |cells: Vec<Cell>| cells.into_iter().enumerate().filter(|(at, _)| is_shown(*at)).map(|(_, cell)| cell);
    table.set_header(shown(header(names, |column| [1, 2, 4].contains(&column))));
    for line in lines {
        let by_roi = line.by_roi();
        let (Some((least_model, least)), Some((most_model, most))) = (by_roi.first(), by_roi.last()) else { continue };
        let worth = by_roi.iter().filter(|(_, roi)| *roi >= hurdle).count();
        table.add_row(shown(vec![
            cell(clip(&line.name)),
            right(compact(line.spend)),
            right(ratio(*least)),
            cell(least_model),
            right(ratio(*most)),
            cell(most_model),
            cell(format!("{worth} of {} models", by_roi.len())),
        ]));
    }
    table
}
