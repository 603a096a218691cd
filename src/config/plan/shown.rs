//! The plan as `run --dry-run` prints it.

use super::{Finance, JourneyRules, Lifetime, Plan, Source};
use crate::config::Intervals;
use crate::config::file::RestartConfig;
use closedloop_core::journey::days;
use closedloop_core::model::ModelSpec;
use jiff::SignedDuration;
use std::fmt;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "config          {}", self.config.display())?;
        self.sources.values().try_for_each(|source| show_source(f, source))?;
        show_journeys(f, &self.journeys)?;
        show_models(f, self)?;
        show_finance(f, &self.finance)?;
        show_calendar(f, self)?;
        show_lifetime(f, self.lifetime.as_ref())?;
        write!(f, "output          {}", self.output.display())
    }
}

fn show_source(f: &mut fmt::Formatter<'_>, source: &Source) -> fmt::Result {
    let joined: Vec<&str> = source.with.keys().map(String::as_str).collect();
    let map = match (&source.sql, source.columns.len()) {
        (Some(_), _) if joined.is_empty() => ", mapped by SQL".to_owned(),
        (Some(_), _) => format!(", mapped by SQL with {}", joined.join(", ")),
        (None, 0) => String::new(),
        (None, mapped) => format!(", {mapped} columns mapped"),
    };
    let files = source.files.len();
    let format = word(&source.format);
    writeln!(f, "{:<16}{} ({files} {format} file{}{map})", source.table.name(), source.given, plural(files))
}

fn show_journeys(f: &mut fmt::Formatter<'_>, rules: &JourneyRules) -> fmt::Result {
    writeln!(f, "mapping         {}", word(&rules.mapping))?;
    writeln!(f, "lookback        {} days before {}", days(rules.lookback), word(&rules.lookback_from))?;
    writeln!(f, "tolerance       {} after a milestone", duration(rules.anchor_tolerance))?;
    let RestartConfig { new, expansion, renewal } = &rules.restart;
    let (new, expansion, renewal) = (word(new), word(expansion), word(renewal));
    writeln!(f, "restart         new {new}, expansion {expansion}, renewal {renewal}")?;
    writeln!(f, "eligible        {}", rules.eligible)?;
    for (name, rule) in &rules.suppress {
        writeln!(f, "suppress        {name}: {rule}")?;
    }
    if let Some(collapse) = &rules.collapse {
        let (gap, whole) = (duration(collapse.gap), collapse.offline_types.join(", "));
        writeln!(f, "collapse        within {gap}; whole: {whole}")?;
    }
    Ok(())
}

fn show_models(f: &mut fmt::Formatter<'_>, plan: &Plan) -> fmt::Result {
    let ids: Vec<&str> = plan.models.iter().map(ModelSpec::id).collect();
    writeln!(f, "models          {} (default {})", ids.join(", "), plan.default_model().id())?;
    let intervals = match plan.intervals {
        Intervals::Off => "off".to_owned(),
        intervals => format!("{intervals}, 95 %, clustered by account"),
    };
    writeln!(f, "intervals       {intervals}")?;
    if plan.sensitivity {
        writeln!(f, "sensitivity     narrower windows and other half-lives")?;
    }
    Ok(())
}

fn show_finance(f: &mut fmt::Formatter<'_>, finance: &Finance) -> fmt::Result {
    let Finance { currency, minor_digits, attribute_kinds, margin_ppm, hurdle } = finance;
    let kinds: Vec<&str> = attribute_kinds.iter().map(|kind| kind.name()).collect();
    let margin = f64::from(i32::try_from(*margin_ppm).unwrap_or_default()) / 1e4;
    writeln!(f, "attribute kinds {}", kinds.join(", "))?;
    writeln!(f, "currency        {currency} with {minor_digits} digits, margin {margin} %, hurdle roi {hurdle}")
}

fn show_calendar(f: &mut fmt::Formatter<'_>, plan: &Plan) -> fmt::Result {
    let calendar = &plan.calendar;
    writeln!(f, "calendar        {}, fiscal year from month {}", calendar.zone_name(), calendar.fiscal_year_start())?;
    let as_of = plan.as_of.and_then(|instant| calendar.date_of(instant));
    let as_of = as_of.map_or_else(|| "the latest date in the inputs".to_owned(), |date| date.to_string());
    writeln!(f, "as of           {as_of}")
}

fn show_lifetime(f: &mut fmt::Formatter<'_>, lifetime: Option<&Lifetime>) -> fmt::Result {
    let Some(Lifetime { horizon_months, discount, segment_by, family, models, .. }) = lifetime else {
        return writeln!(f, "lifetime value  not told");
    };
    let percent = percent(*discount);
    let (by, family) = (word(segment_by), word(family));
    let models: Vec<&str> = models.iter().map(|model| model.id()).collect();
    let models = models.join(", ");
    write!(f, "lifetime value  over {horizon_months} months at {percent} % a year; segments by {by}; ")?;
    writeln!(f, "family {family}; {models}")
}

/// A duration of microseconds as the configuration writes it.
fn duration(micros: i64) -> String {
    format!("{:#}", SignedDuration::from_micros(micros))
}

/// A fraction in per cent, without the dust of binary fractions.
pub(crate) fn percent(fraction: f64) -> f64 {
    (fraction * 1e10).round() / 1e8
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A value of the configuration as it is written there.
fn word(value: &impl serde::Serialize) -> String {
    toml::Value::try_from(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
