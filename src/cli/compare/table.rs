//! The comparison as tables: as many models abreast as the terminal is wide.

use super::Measure;
use super::comparison::{Comparison, Line};
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};
use std::io::Write;

/// Columns for a name, for the spend and decision, and for one model.
const NAME_WIDTH: usize = 24;
const SPEND_WIDTH: usize = 22;
const MODEL_WIDTH: usize = 13;
/// Column for the interval of the default model.
const INTERVAL_WIDTH: usize = 18;
/// Width where there is no terminal.
const DEFAULT_WIDTH: usize = 120;

/// Prints channels, then the first `campaigns` campaigns, then what the choice of model changes.
pub(super) fn print(
    out: &mut impl Write,
    comparison: &Comparison,
    measure: Measure,
    campaigns: usize,
) -> std::io::Result<()> {
    let bold = anstyle::Style::new().bold();
    let (title, currency, default) = (&comparison.title, &comparison.currency, &comparison.default_model);
    writeln!(out, "{bold}{title}, {currency}{bold:#}; * marks the default model, {default}")?;
    print_coverage(out, comparison)?;
    let channels: Vec<&Line> = comparison.level("channel").collect();
    print_level(out, comparison, measure, "channel", &channels)?;
    let top: Vec<&Line> = comparison.level("campaign").take(campaigns).collect();
    print_level(out, comparison, measure, "campaign", &top)?;
    let rest = comparison.level("campaign").count() - top.len();
    if rest > 0 {
        writeln!(out, "… and {rest} campaigns more; see --campaigns")?;
    }
    print_flips(out, comparison)
}

/// How much of booked revenue goes to touches, and whether that depends on the model.
fn print_coverage(out: &mut impl Write, comparison: &Comparison) -> std::io::Result<()> {
    let Some((booked, attributed)) = &comparison.coverage else { return Ok(()) };
    if *booked == 0.0 {
        return Ok(());
    }
    let percent = |amount: f64| 100.0 * amount / booked;
    let of_default = attributed.get(&comparison.default_model).copied().unwrap_or_default();
    let least = attributed.values().copied().fold(f64::INFINITY, f64::min);
    let most = attributed.values().copied().fold(f64::NEG_INFINITY, f64::max);
    writeln!(
        out,
        "coverage: {:.1} % of {} booked goes to touches under the default model, {:.1} to {:.1} % under all",
        percent(of_default),
        compact(*booked),
        percent(least),
        percent(most)
    )
}

fn print_level(
    out: &mut impl Write,
    comparison: &Comparison,
    measure: Measure,
    level: &str,
    lines: &[&Line],
) -> std::io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let width = Table::new().width().map_or(DEFAULT_WIDTH, usize::from);
    let abreast = (width.saturating_sub(NAME_WIDTH + SPEND_WIDTH + INTERVAL_WIDTH) / MODEL_WIDTH).max(1);
    for models in comparison.models.chunks(abreast) {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_content_arrangement(ContentArrangement::Disabled);
        let header = [level.to_owned(), "spend".to_owned()].into_iter();
        let shows_interval = measure != Measure::Delta
            && models.contains(&comparison.default_model)
            && lines.iter().any(|line| !line.intervals.is_empty());
        let interval_heading = shows_interval.then(|| format!("95 % of {}*", comparison.default_model));
        let header = header.chain(models.iter().map(|model| heading(comparison, model)));
        let header = header.chain(interval_heading).chain(["decision".to_owned()]);
        table.set_header(header);
        for line in lines {
            let amounts = models.iter().map(|model| match measure {
                Measure::Money => compact(line.amount(model)),
                Measure::Delta => compact(line.amount(model) - line.amount(&comparison.default_model)),
                Measure::Roi => line.roi.get(model).copied().flatten().map_or_else(String::new, ratio),
            });
            let decision = line.call.or(line.decision).unwrap_or("").replace('_', " ");
            let interval = shows_interval.then(|| interval(comparison, measure, line));
            let cells = [compact(line.spend)].into_iter().chain(amounts).chain(interval);
            let cells = cells.map(|text| Cell::new(text).set_alignment(CellAlignment::Right));
            table.add_row([Cell::new(clip(&line.name))].into_iter().chain(cells).chain([Cell::new(decision)]));
        }
        writeln!(out, "\n{}", table.trim_fmt())?;
    }
    Ok(())
}

/// The interval of the default model.
fn interval(comparison: &Comparison, measure: Measure, line: &Line) -> String {
    let Some(interval) = line.intervals.get(&comparison.default_model) else { return String::new() };
    let ends = match measure {
        Measure::Roi => interval.roi_low.zip(interval.roi_high).map(|ends| (ratio(ends.0), ratio(ends.1))),
        _ => interval.amount_low.zip(interval.amount_high).map(|ends| (compact(ends.0), compact(ends.1))),
    };
    ends.map(|(low, high)| format!("{low} – {high}")).unwrap_or_default()
}

fn ratio(roi: f64) -> String {
    format!("{roi:.2}")
}

/// Whether the choice of model changes the decision, in one sentence.
fn print_flips(out: &mut impl Write, comparison: &Comparison) -> std::io::Result<()> {
    let hurdle = comparison.hurdle;
    let called = |call: &'static str| {
        let found = move |level| comparison.level(level).filter(move |line| line.call.or(line.decision) == Some(call));
        let names: Vec<&str> = found("channel").map(|line| line.name.as_str()).collect();
        count_and_names(&names, found("campaign").count())
    };
    let changes = match called("depends") {
        None => format!("No choice of model changes a decision at a hurdle roi of {hurdle}"),
        Some(lines) => format!("The choice of model changes the decision on {lines}, at a hurdle roi of {hurdle}"),
    };
    let default = &comparison.default_model;
    let close = called("too_close").map(|lines| {
        format!("; it is too close to call on {lines}, where the hurdle lies inside the 95 % interval of {default}")
    });
    writeln!(out, "\n{changes}{}.", close.unwrap_or_default())
}

/// So many channels, by name, and campaigns; `None` for none of either.
fn count_and_names(channels: &[&str], campaigns: usize) -> Option<String> {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let of_channels = format!("{} channel{} ({})", channels.len(), plural(channels.len()), channels.join(", "));
    let of_campaigns = format!("{campaigns} campaign{}", plural(campaigns));
    match (channels.len(), campaigns) {
        (0, 0) => None,
        (0, _) => Some(of_campaigns),
        (_, 0) => Some(of_channels),
        _ => Some(format!("{of_channels} and {of_campaigns}")),
    }
}

/// The model's name, short enough for its column.
fn heading(comparison: &Comparison, model: &str) -> String {
    let mark = if model == comparison.default_model { "*" } else { "" };
    format!("{model}{mark}")
}

fn clip(name: &str) -> String {
    match name.char_indices().nth(NAME_WIDTH - 2) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

/// Money to look at: three or four digits and a unit.
fn compact(amount: f64) -> String {
    let magnitude = amount.abs();
    let (scaled, unit) = match magnitude {
        m if m >= 999_500_000.0 => (amount / 1e9, "G"),
        m if m >= 999_500.0 => (amount / 1e6, "M"),
        m if m >= 999.5 => (amount / 1e3, "k"),
        _ => (amount, ""),
    };
    let digits = usize::from(!unit.is_empty() && scaled.abs() < 99.95);
    format!("{scaled:.digits$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_short() {
        let cases = [(0.0, "0"), (999.0, "999"), (1_234.0, "1.2k"), (123_456.0, "123k"), (999_700.0, "1.0M")];
        for (amount, text) in cases {
            assert_eq!(compact(amount), text);
        }
        assert_eq!(compact(-2_500_000_000.0), "-2.5G");
    }
}
