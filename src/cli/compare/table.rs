//! The comparison as tables: what the default model says and how far the others differ, then every model.

use super::Measure;
use super::comparison::{Comparison, Line};
use super::flips;
use super::interval::LineInterval;
use crate::cli::money::{Money, counted, rounded};
use crate::cli::table::{BOLD, cell, header, plain, print_fitted, right, sentence, terminal_width};
use std::io::Write;
use textwrap::core::display_width;

/// The longest name shown whole.
const NAME_WIDTH: usize = 28;
/// The blanks around a cell.
const PADDING: usize = 2;
/// Width of a number.
const NUMBER_WIDTH: usize = 7;
/// Width where there is no terminal.
const DEFAULT_WIDTH: usize = 120;

/// Prints channels, then the first `campaigns` campaigns, what the choice of model changes, and every model's numbers.
pub(super) fn print(
    out: &mut impl Write,
    comparison: &Comparison,
    measure: Measure,
    campaigns: usize,
) -> std::io::Result<()> {
    let (title, currency, default) = (&comparison.title, &comparison.currency, &comparison.default_model);
    writeln!(out, "{BOLD}{title}, {currency}{BOLD:#}; the default model is {default}")?;
    print_coverage(out, comparison)?;
    print_silent(out, comparison)?;
    if comparison.lines.is_empty() {
        return writeln!(out, "nothing was attributed or spent");
    }
    let channels: Vec<&Line> = comparison.level("channel").collect();
    let top: Vec<&Line> = comparison.level("campaign").take(campaigns).collect();
    let levels = [("channel", &channels), ("campaign", &top)].into_iter().filter(|(_, lines)| !lines.is_empty());
    for (level, lines) in levels.clone() {
        print_overview(out, comparison, level, lines)?;
    }
    let rest = comparison.level("campaign").count() - top.len();
    if rest > 0 {
        writeln!(out, "… and {} more; see --campaigns", counted(rest as u64, "campaign"))?;
    }
    print_uncredited(out, comparison)?;
    flips::print(out, comparison, campaigns)?;
    let measured = match measure {
        Measure::Money => "money",
        Measure::Delta => "money less the default model's",
        Measure::Roi => "roi",
    };
    writeln!(out, "\n{BOLD}every model: {measured}{BOLD:#}")?;
    for (level, lines) in levels {
        print_models(out, comparison, measure, level, lines)?;
    }
    Ok(())
}

/// What costs and gets nothing under any model: a return of nothing does not say what it is worth.
fn print_uncredited(out: &mut impl Write, comparison: &Comparison) -> std::io::Result<()> {
    let is_uncredited = |line: &&Line| line.spend.minor > 0 && line.amounts.values().all(|amount| amount.minor == 0);
    let channels: Vec<&str> =
        comparison.level("channel").filter(is_uncredited).map(|line| line.name.as_str()).collect();
    let campaigns = comparison.level("campaign").filter(is_uncredited).count() as u64;
    let of_channels = Some(channels.join(", ")).filter(|_| !channels.is_empty());
    let of_campaigns = Some(counted(campaigns, "campaign")).filter(|_| campaigns > 0);
    let uncredited: Vec<String> = of_channels.into_iter().chain(of_campaigns).collect();
    if uncredited.is_empty() {
        return Ok(());
    }
    let message = format!(
        "no model gives anything to {}: where none of their touches can earn credit, their return says nothing of their worth",
        uncredited.join(" and ")
    );
    writeln!(out, "{}", sentence(&message, 0))
}

/// Which models attribute nothing at all, and so are not asked.
fn print_silent(out: &mut impl Write, comparison: &Comparison) -> std::io::Result<()> {
    let silent = comparison.silent_models();
    if silent.is_empty() {
        return Ok(());
    }
    let message = format!(
        "no money goes to touches under {}: decisions, least and most are those of the other models",
        silent.join(", ")
    );
    writeln!(out, "{}", sentence(&message, 0))
}

/// How much of booked revenue goes to touches, and whether that depends on the model.
fn print_coverage(out: &mut impl Write, comparison: &Comparison) -> std::io::Result<()> {
    let Some((booked, attributed)) = &comparison.coverage else { return Ok(()) };
    if booked.minor == 0 {
        return Ok(());
    }
    let percent = |amount: &Money| rounded(100.0 * amount.over(*booked), 1);
    let silent = comparison.silent_models();
    let told = || attributed.iter().filter(|(model, _)| !silent.contains(&model.as_str())).map(|(_, amount)| amount);
    let of_default = attributed.get(&comparison.default_model);
    let (Some(of_default), Some(least), Some(most)) = (of_default, told().min(), told().max()) else {
        return Ok(());
    };
    let coverage = format!(
        "coverage: {} % of {} booked goes to touches; {} to {} % by model",
        percent(of_default),
        compact(*booked),
        percent(least),
        percent(most)
    );
    writeln!(out, "{}", sentence(&coverage, 2))
}

/// The default model's answer, and the range of all models'.
fn print_overview(out: &mut impl Write, comparison: &Comparison, level: &str, lines: &[&Line]) -> std::io::Result<()> {
    let default = &comparison.default_model;
    let mut table = plain();
    let has_intervals = lines.iter().any(|line| line.intervals.values().any(LineInterval::is_known));
    let sure = has_intervals.then_some("95 %");
    let verdict = if has_intervals { "call" } else { "decision" };
    let names = [level, "spend", default, "roi"].into_iter().chain(sure).chain(["least", "most", verdict]);
    let last = names.clone().count() - 1;
    table.set_header(header(names, |column| column > 0 && column < last));
    for line in lines {
        let (least, most) = line.range().map_or_else(Default::default, |(least, most)| (compact(least), compact(most)));
        let roi = line.roi.get(default).copied().flatten().map_or_else(String::new, ratio);
        let sure = has_intervals.then(|| roi_interval(line, default));
        let numbers = [compact(line.spend), compact(line.amount(default)), roi].into_iter().chain(sure);
        let numbers = numbers.chain([least, most]).map(right);
        let undecided = if line.spend.minor > 0 { "no credit" } else { "no spend" };
        let decision = line.call.or(line.decision).unwrap_or(undecided).replace('_', " ");
        table.add_row([cell(clip(&line.name))].into_iter().chain(numbers).chain([cell(decision)]));
    }
    writeln!(out)?;
    // On a narrow terminal the names break, and decisions of two words.
    print_fitted(out, &table, &[0, last])
}

/// The interval of a line's roi.
fn roi_interval(line: &Line, model: &str) -> String {
    let ends = line.intervals.get(model).and_then(|interval| interval.roi_low.zip(interval.roi_high));
    ends.map_or_else(String::new, |(low, high)| format!("{} – {}", ratio(low), ratio(high)))
}

/// Every model's numbers, as many models abreast as the terminal is wide.
fn print_models(
    out: &mut impl Write,
    comparison: &Comparison,
    measure: Measure,
    level: &str,
    lines: &[&Line],
) -> std::io::Result<()> {
    let names = lines.iter().map(|line| display_width(&clip(&line.name)));
    let name_width = names.max().unwrap_or_default().max(level.len()) + PADDING;
    for models in abreast(&comparison.models, width().saturating_sub(name_width)) {
        let mut table = plain();
        table.set_header(header([level].into_iter().chain(models.iter().map(String::as_str)), |column| column > 0));
        for line in lines {
            let numbers = models.iter().map(|model| match measure {
                Measure::Money => compact(line.amount(model)),
                Measure::Delta => compact(line.amount(model).less(line.amount(&comparison.default_model))),
                Measure::Roi => line.roi.get(model).copied().flatten().map_or_else(String::new, ratio),
            });
            table.add_row([cell(clip(&line.name))].into_iter().chain(numbers.map(right)));
        }
        writeln!(out, "\n{}", table.trim_fmt())?;
    }
    Ok(())
}

/// The models in groups whose columns fit into a width, at least one each.
fn abreast(models: &[String], width: usize) -> Vec<&[String]> {
    let mut groups = Vec::new();
    let (mut start, mut taken) = (0, 0);
    for (position, model) in models.iter().enumerate() {
        let column = model.len().max(NUMBER_WIDTH) + PADDING;
        if position > start && taken + column > width {
            groups.push(&models[start..position]);
            (start, taken) = (position, 0);
        }
        taken += column;
    }
    groups.push(&models[start..]);
    groups
}

/// Columns to print in.
pub(super) fn width() -> usize {
    terminal_width().unwrap_or(DEFAULT_WIDTH)
}

/// A name, short enough for its column.
pub(super) fn clip(name: &str) -> String {
    crate::cli::table::clip(name, NAME_WIDTH)
}

/// A ratio to look at.
pub(super) fn ratio(ratio: f64) -> String {
    rounded(ratio, 2)
}

/// Money to look at: three or four digits and a unit.
pub(super) fn compact(money: Money) -> String {
    let amount = money.major();
    let magnitude = amount.abs();
    let (scaled, unit) = match magnitude {
        m if m >= 999_500_000_000.0 => (amount / 1e12, "T"),
        m if m >= 999_500_000.0 => (amount / 1e9, "B"),
        m if m >= 999_500.0 => (amount / 1e6, "M"),
        m if m >= 999.5 => (amount / 1e3, "k"),
        _ => (amount, ""),
    };
    let digits = match scaled.abs() {
        _ if unit.is_empty() && amount.fract() == 0.0 => 0,
        s if unit.is_empty() && s < 99.5 => 2,
        s => usize::from(!unit.is_empty() && s < 99.95),
    };
    format!("{}{unit}", rounded(scaled, digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_short() {
        let of = |major: i128| compact(Money { minor: 100 * major, digits: 2 });
        let cases = [(0, "0"), (999, "999"), (1_234, "1.2k"), (123_456, "123k"), (999_700, "1.0M")];
        for (major, text) in cases {
            assert_eq!(of(major), text);
        }
        assert_eq!(of(-2_500_000_000), "-2.5B");
        assert_eq!(of(348_865_000_000_000), "349T");
        let of = |minor: i128| compact(Money { minor, digits: 2 });
        assert_eq!([87, -5, 9_949, 9_950, -99_940].map(of), ["0.87", "-0.05", "99.49", "100", "-999"]);
    }

    #[test]
    fn models_stand_abreast_as_far_as_they_fit() {
        let models = ["linear", "opportunity_creation", "u_shaped"].map(str::to_owned);
        let groups = |width| abreast(&models, width).into_iter().map(<[String]>::len).collect::<Vec<_>>();
        // Columns of 9, 22 and 10 characters.
        assert_eq!(groups(41), [3]);
        assert_eq!(groups(40), [2, 1]);
        assert_eq!(groups(31), [2, 1]);
        assert_eq!(groups(30), [1, 1, 1]);
        assert_eq!(groups(0), [1, 1, 1]);
    }
}
