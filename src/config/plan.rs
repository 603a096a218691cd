//! The plan: a configuration resolved and validated. Nothing below this file sees the raw configuration.

mod csv_layout;
mod files;
mod lifetime;
mod models;
mod resolve;
mod shown;

pub use csv_layout::CsvLayout;
pub(crate) use files::{address, data_files, delimiter_of, format_of, has_ending, unpacked};
pub use models::available_models;
use models::usual_default;
pub(crate) use shown::percent;

use super::calendar::{Calendar, days_since_epoch};
use super::error::{ConfigError, explain};
use super::file::{
    CheckConfig, ConfigFile, DealKind, FamilyChoice, Format, LookbackFrom, Mapping, RestartConfig, SegmentBy,
    StageConfig, Table,
};
use super::intervals::Intervals;
use closedloop_core::lifetime::{Period, PurchaseModel};
use closedloop_core::model::{ModelSpec, StateLevel};
use resolve::Resolver;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Everything a run needs to know.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The configuration file.
    pub config: PathBuf,
    /// BLAKE3 of the configuration's text.
    pub config_hash: String,
    /// Where each given table comes from.
    pub sources: BTreeMap<Table, Source>,
    /// Which touches a journey holds.
    pub journeys: JourneyRules,
    /// Stages that mean won and lost.
    pub stages: StageConfig,
    /// The models to run, in report order.
    pub models: Vec<ModelSpec>,
    /// Position in `models` of the one that others are compared with.
    pub default_model: usize,
    /// How intervals are computed.
    pub intervals: Intervals,
    /// Whether money is also computed under narrower windows and other half-lives.
    pub sensitivity: bool,
    /// Currency, kinds, margin and hurdle.
    pub finance: Finance,
    /// Time zone and fiscal year.
    pub calendar: Calendar,
    /// Nothing recorded later is used, microseconds; `None` means the latest date in the inputs.
    pub as_of: Option<i64>,
    /// How customers' lifetime value is told; `None` when it is not.
    pub lifetime: Option<Lifetime>,
    /// Folder of the marts.
    pub output: PathBuf,
    /// What `check` looks for beside its own findings.
    pub checks: Vec<CheckConfig>,
}

/// One table's source, its files found.
#[derive(Debug, Clone)]
pub struct Source {
    /// The table.
    pub table: Table,
    /// The path as given, for messages.
    pub given: String,
    /// The files, sorted.
    pub files: Vec<PathBuf>,
    /// How they are stored.
    pub format: Format,
    /// How they are laid out, if they are CSV.
    pub layout: CsvLayout,
    /// Canonical column → source column.
    pub columns: BTreeMap<String, String>,
    /// One SELECT over `raw`, instead of `columns`.
    pub sql: Option<String>,
    /// Further files that the SELECT may join, by their name in it.
    pub with: BTreeMap<String, Source>,
}

impl Source {
    /// This source and those that its SELECT may join.
    pub fn parts(&self) -> impl Iterator<Item = &Source> {
        std::iter::once(self).chain(self.with.values())
    }

    /// Whether its files are gzip-compressed, as those of CSV and NDJSON may be.
    pub fn is_packed(&self) -> bool {
        self.files.iter().any(|file| has_ending(file, "gz"))
    }
}

/// Which touches a journey holds.
#[derive(Debug, Clone)]
pub struct JourneyRules {
    /// Which touches belong to an opportunity.
    pub mapping: Mapping,
    /// Length of the window, microseconds.
    pub lookback: i64,
    /// Where it is measured from.
    pub lookback_from: LookbackFrom,
    /// How much later than its milestone a touch may be logged, microseconds.
    pub anchor_tolerance: i64,
    /// SQL over the touchpoints: which of them can earn credit.
    pub eligible: String,
    /// Name → SQL over the touchpoints: which of them cannot.
    pub suppress: BTreeMap<String, String>,
    /// Which repeated touches of a person count once.
    pub collapse: Option<Collapse>,
    /// Whether journeys start anew after a win, per kind.
    pub restart: RestartConfig,
}

impl JourneyRules {
    /// What the lookback of an opportunity is measured from, by its creation and its close.
    pub fn measured_from(&self, created_at: i64, closed_at: i64) -> i64 {
        match self.lookback_from {
            LookbackFrom::OpportunityCreated => created_at,
            LookbackFrom::Conversion => closed_at,
        }
    }
}

/// Touches of one person with one campaign and type count once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collapse {
    /// When no more than this lies between one and the next, microseconds.
    pub gap: i64,
    /// However far apart they are, for these touch types.
    pub offline_types: Vec<String>,
}

/// Currency, kinds, margin and hurdle.
#[derive(Debug, Clone)]
pub struct Finance {
    /// ISO 4217 code of the run.
    pub currency: String,
    /// Digits of its minor unit.
    pub minor_digits: u8,
    /// Kinds of deals whose money goes to touches.
    pub attribute_kinds: Vec<DealKind>,
    /// Margin in millionths of revenue.
    pub margin_ppm: i64,
    /// The roi at which a campaign is worth funding.
    pub hurdle: f64,
}

impl Finance {
    /// Minor units of one major unit.
    pub fn unit(&self) -> f64 {
        10_f64.powi(self.minor_digits.into())
    }
}

/// What the command line says over the configuration.
#[derive(Debug, Default)]
pub struct Overrides {
    /// Folder of the marts, relative to the working directory.
    pub out: Option<PathBuf>,
    /// As-of date.
    pub as_of: Option<String>,
    /// How intervals are computed.
    pub intervals: Option<String>,
}

/// How customers' lifetime value is told.
#[derive(Debug, Clone)]
pub struct Lifetime {
    /// Unit of time.
    pub unit: Period,
    /// Months ahead.
    pub horizon_months: u32,
    /// Discount rate a year.
    pub discount: f64,
    /// The column of accounts by which customers are fitted apart.
    pub segment_by: SegmentBy,
    /// The family of models.
    pub family: FamilyChoice,
    /// Purchase models to fit.
    pub models: Vec<PurchaseModel>,
}

impl Plan {
    /// The day of the as-of date that is asked for, since the Unix epoch.
    pub fn as_of_day(&self) -> Option<i32> {
        self.calendar.date_of(self.as_of?).map(days_since_epoch)
    }

    /// Reads, resolves and validates a configuration.
    ///
    /// # Errors
    /// Any mistake in the file or the overrides, with key, line where known, and remedy.
    pub fn load(config: &Path, overrides: Overrides) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(config)
            .map_err(|source| ConfigError::Unreadable { path: config.to_owned(), source })?;
        let file: ConfigFile = toml::from_str(&text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count();
            let message = explain(error.message(), text.lines().nth(line).unwrap_or_default());
            ConfigError::Syntax { path: config.to_owned(), line: line + 1, message }
        })?;
        let config_hash = blake3::hash(text.as_bytes()).to_hex().to_string();
        Resolver { config }.resolve(file, config_hash, overrides)
    }

    /// The model that others are compared with.
    pub fn default_model(&self) -> &ModelSpec {
        &self.models[self.default_model]
    }

    /// The plan with the models at these positions only, in their order; `None` where there is none. The default model
    /// stays, or becomes the usual one.
    pub(crate) fn with_models(&self, positions: &[usize]) -> Option<Self> {
        let models: Vec<ModelSpec> = positions.iter().map(|&position| self.models[position].clone()).collect();
        let default = positions.iter().position(|&position| position == self.default_model);
        let default_model = default.unwrap_or_else(|| usual_default(&models));
        (!models.is_empty()).then(|| Self { models, default_model, ..self.clone() })
    }

    /// Whether a model learns from all journeys, converted or not.
    pub fn is_fitted(&self) -> bool {
        self.models.iter().any(ModelSpec::is_fitted)
    }

    /// Whether a model of rates follows every account over time.
    pub fn follows_accounts(&self) -> bool {
        self.models.iter().any(|model| model.incremental_settings().is_some())
    }

    /// Whether the type of a touch matters.
    pub fn tells_types_apart(&self) -> bool {
        let by_type = |model: &ModelSpec| model.fitted_on().is_some_and(|on| on.state == StateLevel::ChannelType);
        self.journeys.collapse.is_some() || self.models.iter().any(by_type)
    }

    /// The source of a table, when the configuration gives one.
    pub fn source(&self, table: Table) -> Option<&Source> {
        self.sources.get(&table)
    }
}
