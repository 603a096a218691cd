//! From the file as it was written to a plan: every value checked, with key and remedy where one is wrong.

use super::{Collapse, Finance, JourneyRules, Overrides, Plan, Source};
use crate::config::calendar::{Calendar, DateMeans};
use crate::config::error::ConfigError;
use crate::config::file::{CollapseConfig, ConfigFile, FinanceConfig, JourneyConfig, SourceConfig, StageConfig, Table};
use crate::config::intervals::Intervals;
use closedloop_core::journey::DAY_MICROS;
use iso_currency::Currency;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Resolves one file; knows its path for messages and relative paths.
pub(super) struct Resolver<'a> {
    pub(super) config: &'a Path,
}

impl Resolver<'_> {
    /// The plan that a file with this hash stands for.
    pub(super) fn resolve(
        &self,
        file: ConfigFile,
        config_hash: String,
        overrides: Overrides,
    ) -> Result<Plan, ConfigError> {
        let sources = self.sources(file.tables)?;
        let calendar = self.calendar(&file.calendar.time_zone, file.calendar.fiscal_year_start)?;
        let as_of = self.as_of(&calendar, overrides.as_of, file.calendar.as_of)?;
        let journeys = self.journeys(file.journeys)?;
        let intervals = self.intervals(overrides.intervals, file.models.intervals.clone())?;
        let sensitivity = file.models.sensitivity;
        let (models, default_model) = self.models(file.models)?;
        let finance = self.finance(file.finance)?;
        let output = self.output(overrides.out, &file.output.path, &sources)?;
        let lifetime = self.lifetime(&file.lifetime)?;
        Ok(Plan {
            config: self.config.to_owned(),
            config_hash,
            sources,
            journeys,
            stages: self.stages(file.stages)?,
            models,
            default_model,
            intervals,
            sensitivity,
            finance,
            calendar,
            as_of,
            lifetime,
            output,
            checks: file.checks,
        })
    }

    fn stages(&self, given: StageConfig) -> Result<StageConfig, ConfigError> {
        let is_lost = |stage: &&String| given.lost.iter().any(|lost| lost.to_lowercase() == stage.to_lowercase());
        match given.won.iter().find(is_lost) {
            Some(both) => {
                Err(self.fault("stages.won", format!("\"{both}\" is in stages.lost too; take it out of one")))
            }
            None => Ok(given),
        }
    }

    fn sources(&self, tables: BTreeMap<Table, SourceConfig>) -> Result<BTreeMap<Table, Source>, ConfigError> {
        let mut sources = BTreeMap::new();
        for (table, source) in tables {
            sources.insert(table, self.source(table, source)?);
        }
        for required in [Table::Touchpoints, Table::Opportunities] {
            if !sources.contains_key(&required) {
                let name = required.name();
                let message = format!("is required; add [tables.{name}] with path = \"…\"");
                return Err(self.fault(&format!("tables.{name}"), message));
            }
        }
        Ok(sources)
    }

    fn journeys(&self, given: JourneyConfig) -> Result<JourneyRules, ConfigError> {
        let lookback = self.positive_days("journeys.lookback_days", given.lookback_days)?;
        let anchor_tolerance = self.duration("journeys.anchor_tolerance", &given.anchor_tolerance)?;
        let collapse = match given.collapse {
            None => None,
            Some(CollapseConfig { gap, offline_types }) => {
                Some(Collapse { gap: self.duration("journeys.collapse.gap", &gap)?, offline_types })
            }
        };
        let JourneyConfig { mapping, lookback_from, eligible, suppress, restart, .. } = given;
        Ok(JourneyRules { mapping, lookback, lookback_from, anchor_tolerance, eligible, suppress, collapse, restart })
    }

    fn finance(&self, given: FinanceConfig) -> Result<Finance, ConfigError> {
        let FinanceConfig { currency, attribute_kinds, margin, hurdle } = given;
        let minor_digits = self.minor_digits(&currency)?;
        if !(1e-6..=1.0).contains(&margin) {
            return Err(self.fault("finance.margin", format!("is {margin}, but must be from 0.000001 to 1")));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a margin is at most one")]
        let margin_ppm = (margin * 1e6).round() as i64;
        let hurdle = hurdle.unwrap_or_else(|| break_even(margin_ppm));
        if !hurdle.is_finite() {
            return Err(self.fault("finance.hurdle", "must be a number, as in 0.5".to_owned()));
        }
        Ok(Finance { currency, minor_digits, attribute_kinds, margin_ppm, hurdle })
    }

    fn output(
        &self,
        flag: Option<PathBuf>,
        key: &str,
        sources: &BTreeMap<Table, Source>,
    ) -> Result<PathBuf, ConfigError> {
        let (name, output) = match flag {
            Some(out) => ("--out", out),
            None if key.is_empty() => return Err(self.fault("output.path", "is empty; name a folder".to_owned())),
            None => ("output.path", self.beside(&self.expand("output.path", key)?)),
        };
        self.check_output(name, &output, sources)?;
        Ok(output)
    }

    fn calendar(&self, zone: &str, fiscal_year_start: i64) -> Result<Calendar, ConfigError> {
        let zone = TimeZone::get(zone).map_err(|_| {
            self.fault("calendar.time_zone", format!("\"{zone}\" is not an IANA name, as in \"Europe/Berlin\""))
        })?;
        let month = i8::try_from(fiscal_year_start).ok().filter(|month| (1..=12).contains(month));
        let month = month.ok_or_else(|| {
            let message = format!("is {fiscal_year_start}, but must be a month from 1 to 12");
            self.fault("calendar.fiscal_year_start", message)
        })?;
        Ok(Calendar::new(zone, month))
    }

    fn intervals(&self, flag: Option<String>, key: Option<String>) -> Result<Intervals, ConfigError> {
        let (name, text) = match (flag, key) {
            (Some(text), _) => ("--intervals", text),
            (None, Some(text)) => ("models.intervals", text),
            (None, None) => return Ok(Intervals::default()),
        };
        text.parse().map_err(|message| self.fault(name, message))
    }

    fn as_of(
        &self,
        calendar: &Calendar,
        flag: Option<String>,
        key: Option<String>,
    ) -> Result<Option<i64>, ConfigError> {
        let (name, text) = match (flag, key) {
            (Some(text), _) => ("--as-of", text),
            (None, Some(text)) => ("calendar.as_of", text),
            (None, None) => return Ok(None),
        };
        match calendar.read_instant(&text, DateMeans::End) {
            Some(instant) => Ok(Some(instant)),
            None => Err(self.fault(name, format!("\"{text}\" is not a date before 9999-12-30, as in \"2026-06-30\""))),
        }
    }

    fn positive_days(&self, key: &str, days: f64) -> Result<i64, ConfigError> {
        if !(days > 0.0 && days <= 36_525.0) {
            return Err(self.fault(key, format!("is {days}, but must be more than 0 and at most 36525 days")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "at most a century")]
        let micros = (days * DAY_MICROS as f64).round() as i64;
        Ok(micros)
    }

    fn duration(&self, key: &str, text: &str) -> Result<i64, ConfigError> {
        let usable = text.parse::<jiff::SignedDuration>().ok().filter(|duration| !duration.is_negative());
        let micros = usable.and_then(|duration| i64::try_from(duration.as_micros()).ok());
        micros.ok_or_else(|| self.fault(key, format!("\"{text}\" is not a duration, as in \"1h\" or \"30 minutes\"")))
    }

    fn minor_digits(&self, code: &str) -> Result<u8, ConfigError> {
        let currency = Currency::from_code(code).ok_or_else(|| {
            self.fault("finance.currency", format!("\"{code}\" is not an ISO 4217 code, as in \"EUR\""))
        })?;
        let digits = currency.exponent().and_then(|digits| u8::try_from(digits).ok());
        digits.ok_or_else(|| self.fault("finance.currency", format!("\"{code}\" has no minor unit")))
    }

    pub(super) fn fault(&self, key: &str, message: String) -> ConfigError {
        ConfigError::Value { path: self.config.to_owned(), key: key.to_owned(), message }
    }
}

/// The roi at which margin, in millionths of revenue, pays for spend: 1 / margin − 1, rounded up to four digits.
#[expect(clippy::cast_precision_loss, reason = "less than 10¹¹")]
fn break_even(margin_ppm: i64) -> f64 {
    let ten_thousandths = (1_000_000 - margin_ppm) * 10_000;
    ((ten_thousandths + margin_ppm - 1) / margin_ppm) as f64 / 1e4
}
