//! The plan as `run --dry-run` prints it.

use super::{Lifetime, Plan};
use crate::config::Intervals;
use crate::config::file::RestartConfig;
use closedloop_core::journey::DAY_MICROS;
use closedloop_core::model::ModelSpec;
use std::fmt;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let days = |micros: i64| format!("{} days", micros / DAY_MICROS);
        writeln!(f, "config          {}", self.config.display())?;
        for source in self.sources.values() {
            let joined: Vec<&str> = source.with.keys().map(String::as_str).collect();
            let map = match (&source.sql, source.columns.len()) {
                (Some(_), _) if joined.is_empty() => ", mapped by SQL".to_owned(),
                (Some(_), _) => format!(", mapped by SQL with {}", joined.join(", ")),
                (None, 0) => String::new(),
                (None, mapped) => format!(", {mapped} columns mapped"),
            };
            let files = source.files.len();
            let format = format!("{:?}", source.format).to_lowercase();
            writeln!(f, "{:<16}{} ({files} {format} file{}{map})", source.table.name(), source.given, plural(files))?;
        }
        let rules = &self.journeys;
        writeln!(f, "mapping         {}", word(&rules.mapping))?;
        writeln!(f, "lookback        {} before {}", days(rules.lookback), word(&rules.lookback_from))?;
        let RestartConfig { new, expansion, renewal } = &rules.restart;
        let (new, expansion, renewal) = (word(new), word(expansion), word(renewal));
        writeln!(f, "restart         new {new}, expansion {expansion}, renewal {renewal}")?;
        writeln!(f, "eligible        {}", rules.eligible)?;
        for (name, rule) in &rules.suppress {
            writeln!(f, "suppress        {name}: {rule}")?;
        }
        if let Some(collapse) = &rules.collapse {
            let minutes = collapse.gap / 60_000_000;
            writeln!(f, "collapse        within {minutes} minutes; whole: {}", collapse.offline_types.join(", "))?;
        }
        let ids: Vec<&str> = self.models.iter().map(ModelSpec::id).collect();
        writeln!(f, "models          {} (default {})", ids.join(", "), self.default_model().id())?;
        let intervals = match self.intervals {
            Intervals::Off => "off".to_owned(),
            intervals => format!("{intervals}, 95 %, clustered by account"),
        };
        writeln!(f, "intervals       {intervals}")?;
        if self.sensitivity {
            writeln!(f, "sensitivity     narrower windows and other half-lives")?;
        }
        let kinds: Vec<&str> = self.finance.attribute_kinds.iter().map(|kind| kind.name()).collect();
        writeln!(f, "attribute kinds {}", kinds.join(", "))?;
        writeln!(
            f,
            "currency        {} with {} digits, margin {} %, hurdle roi {}",
            self.finance.currency,
            self.finance.minor_digits,
            f64::from(i32::try_from(self.finance.margin_ppm).unwrap_or_default()) / 1e4,
            self.finance.hurdle
        )?;
        let start = self.calendar.quarter_start(8_000).map_or(1, |date| date.month());
        writeln!(f, "calendar        {}, fiscal year from month {start}", self.calendar.zone_name())?;
        let as_of = self.as_of.and_then(|instant| self.calendar.date_of(instant));
        let as_of = as_of.map_or_else(|| "the latest date in the inputs".to_owned(), |date| date.to_string());
        writeln!(f, "as of           {as_of}")?;
        match &self.lifetime {
            None => writeln!(f, "lifetime value  not told")?,
            Some(Lifetime { horizon_months, discount, segment_by, family, models, .. }) => {
                let percent = discount * 100.0;
                let (by, family) = (word(segment_by), word(family));
                let models: Vec<&str> = models.iter().map(|model| model.id()).collect();
                let models = models.join(", ");
                write!(f, "lifetime value  over {horizon_months} months at {percent} % a year; segments by {by}; ")?;
                writeln!(f, "family {family}; {models}")?;
            }
        }
        write!(f, "output          {}", self.output.display())
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// A value of the configuration as it is written there.
fn word(value: &impl serde::Serialize) -> String {
    toml::Value::try_from(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
