//! From the file as it was written to a plan: every value checked, with key and remedy where one is wrong.

use super::{Collapse, Finance, JourneyRules, Overrides, Plan};
use crate::config::calendar::{Calendar, DateMeans};
use crate::config::error::ConfigError;
use crate::config::file::{ConfigFile, Table};
use crate::config::intervals::Intervals;
use closedloop_core::journey::DAY_MICROS;
use iso_currency::Currency;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::Path;

/// Resolves one file; knows its path for messages and relative paths.
pub(super) struct Resolver<'a> {
    pub(super) config: &'a Path,
}

impl Resolver<'_> {
    pub(super) fn resolve(&self, file: ConfigFile, overrides: Overrides) -> Result<Plan, ConfigError> {
        let mut sources = BTreeMap::new();
        for (table, source) in file.tables {
            sources.insert(table, self.source(table, source)?);
        }
        for required in [Table::Touchpoints, Table::Opportunities] {
            if !sources.contains_key(&required) {
                let name = required.name();
                return Err(self
                    .fault(&format!("tables.{name}"), format!("is required; add [tables.{name}] with path = \"…\"")));
            }
        }
        let calendar = self.calendar(&file.calendar.time_zone, file.calendar.fiscal_year_start)?;
        let as_of = self.as_of(&calendar, overrides.as_of, file.calendar.as_of)?;
        let lookback = self.positive_days("journeys.lookback_days", file.journeys.lookback_days)?;
        let anchor_tolerance = self.duration("journeys.anchor_tolerance", &file.journeys.anchor_tolerance)?;
        let collapse = match file.journeys.collapse {
            None => None,
            Some(given) => Some(Collapse {
                gap: self.duration("journeys.collapse.gap", &given.gap)?,
                offline_types: given.offline_types,
            }),
        };
        let intervals = self.intervals(overrides.intervals, file.models.intervals.clone())?;
        let sensitivity = file.models.sensitivity;
        let (models, default_model) = self.models(file.models)?;
        let minor_digits = self.minor_digits(&file.finance.currency)?;
        if !(0.0..=1.0).contains(&file.finance.margin) {
            return Err(self.fault("finance.margin", format!("is {}, but must be from 0 to 1", file.finance.margin)));
        }
        if !file.finance.hurdle.is_finite() {
            return Err(self.fault("finance.hurdle", "must be a number, as in 0.5".to_owned()));
        }
        #[expect(clippy::cast_possible_truncation, reason = "a margin is at most one")]
        let margin_ppm = (file.finance.margin * 1e6).round() as i64;
        let (output_key, output) = match overrides.out {
            Some(out) => ("--out", out),
            None => ("output.path", self.beside(&self.expand("output.path", &file.output.path)?)),
        };
        self.check_output(output_key, &output, &sources)?;
        Ok(Plan {
            config: self.config.to_owned(),
            config_hash: String::new(),
            sources,
            journeys: JourneyRules {
                mapping: file.journeys.mapping,
                lookback,
                lookback_from: file.journeys.lookback_from,
                anchor_tolerance,
                eligible: file.journeys.eligible,
                suppress: file.journeys.suppress,
                collapse,
                restart: file.journeys.restart,
            },
            stages: file.stages,
            models,
            default_model,
            intervals,
            sensitivity,
            finance: Finance {
                currency: file.finance.currency,
                minor_digits,
                attribute_kinds: file.finance.attribute_kinds,
                margin_ppm,
                hurdle: file.finance.hurdle,
            },
            calendar,
            as_of,
            lifetime: self.lifetime(&file.lifetime)?,
            output,
            checks: file.checks,
        })
    }

    fn calendar(&self, zone: &str, fiscal_year_start: i8) -> Result<Calendar, ConfigError> {
        let zone = TimeZone::get(zone).map_err(|_| {
            self.fault("calendar.time_zone", format!("\"{zone}\" is not an IANA name, as in \"Europe/Berlin\""))
        })?;
        if !(1..=12).contains(&fiscal_year_start) {
            return Err(self.fault(
                "calendar.fiscal_year_start",
                format!("is {fiscal_year_start}, but must be a month from 1 to 12"),
            ));
        }
        Ok(Calendar::new(zone, fiscal_year_start))
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
