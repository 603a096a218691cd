//! The shape of `closedloop.toml`. Every key is optional but the tables; unknown keys are refused.

mod deal_kind;
mod journeys;
mod lifetime;
mod table;

pub use deal_kind::DealKind;
pub use journeys::{CollapseConfig, JourneyConfig, LookbackFrom, Mapping, Restart, RestartConfig};
pub use lifetime::{FamilyChoice, LifetimeConfig, SegmentBy};
pub use table::{Format, Table};

use closedloop_core::model::SpecDraft;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfigFile {
    /// Where the input tables come from.
    #[serde(default)]
    pub tables: BTreeMap<Table, SourceConfig>,
    /// Which touches a journey holds.
    #[serde(default)]
    pub journeys: JourneyConfig,
    /// Which stages mean won and lost.
    #[serde(default)]
    pub stages: StageConfig,
    /// Which models run.
    #[serde(default)]
    pub models: ModelConfig,
    /// Currency, kinds, margin and hurdle.
    #[serde(default)]
    pub finance: FinanceConfig,
    /// Time zone, fiscal year and as-of date.
    #[serde(default)]
    pub calendar: CalendarConfig,
    /// How customers' lifetime value is told.
    #[serde(default)]
    pub lifetime: LifetimeConfig,
    /// Where the marts go.
    #[serde(default)]
    pub output: OutputConfig,
    /// What `check` looks for beside its own findings.
    #[serde(default)]
    pub checks: Vec<CheckConfig>,
}

/// One table's source.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// File, folder or glob, relative to the configuration; `${VAR}` is read from the environment.
    pub path: String,
    /// Default: by the file's ending.
    pub format: Option<Format>,
    /// CSV field separator, one ASCII character; default a comma, in files named .tsv a tab.
    pub delimiter: Option<char>,
    /// What the letters of CSV are written in, by its name on the web; default UTF-8, or UTF-16 where a file begins with its mark.
    pub encoding: Option<String>,
    /// Lines of CSV above the header.
    #[serde(default)]
    pub title_lines: usize,
    /// Lines of CSV below the rows, blank ones not among them.
    #[serde(default)]
    pub footer_lines: usize,
    /// Canonical column → source column; others are taken from a source column of the same name.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// One SELECT over `raw`, the rows of `path`, instead of `columns`.
    pub sql: Option<String>,
    /// Further files that the SELECT may join, by the name that they have in it.
    #[serde(default)]
    pub with: BTreeMap<String, FurtherFiles>,
}

/// Files beside those of `path`.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "must be a path, or a table of path, format, delimiter, encoding, title_lines and footer_lines"
)]
pub enum FurtherFiles {
    /// File, folder or glob, with the delimiter of `path`.
    Path(String),
    /// The same, and how it is stored.
    Stored(FilesConfig),
}

/// Files and how they are stored, as of [`SourceConfig`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesConfig {
    /// File, folder or glob.
    pub path: String,
    /// Default: by the file's ending.
    pub format: Option<Format>,
    /// CSV field separator.
    pub delimiter: Option<char>,
    /// What the letters of CSV are written in.
    pub encoding: Option<String>,
    /// Lines of CSV above the header.
    #[serde(default)]
    pub title_lines: usize,
    /// Lines of CSV below the rows.
    #[serde(default)]
    pub footer_lines: usize,
}

/// `[[checks]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckConfig {
    /// The input table it is about.
    pub table: Table,
    /// What is wrong with the rows it finds.
    pub finds: String,
    /// One SELECT over the canonical tables and, as `source_<table>`, the rows they were read from.
    pub sql: String,
}

/// `[stages]`: which opportunities are won where `is_won` does not say it, and lost where `is_closed` does not. Capital and small
/// letters are the same.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StageConfig {
    /// Stages that mean won.
    pub won: Vec<String>,
    /// Stages that mean lost.
    pub lost: Vec<String>,
}

impl Default for StageConfig {
    fn default() -> Self {
        let words = |words: [&str; 2]| words.map(str::to_owned).to_vec();
        Self { won: words(["Closed Won", "Won"]), lost: words(["Closed Lost", "Lost"]) }
    }
}

/// `[models]`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// Ids to run, vendor presets and data-driven models among them, or `rules` and `fitted` for all of a group; default
    /// `rules` and all custom ones.
    pub run: Option<Vec<String>>,
    /// The model that others are compared with.
    pub default: Option<String>,
    /// Models of one's own.
    pub custom: Vec<SpecDraft>,
    /// How intervals are computed: "off", "fast" or "bootstrap=N"; default "fast".
    pub intervals: Option<String>,
    /// Whether money is also computed under narrower windows and other half-lives, for `model_sensitivity`.
    pub sensitivity: bool,
}

/// `[finance]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FinanceConfig {
    /// ISO 4217 code of rows that name none, and of the whole run.
    pub currency: String,
    /// Kinds of deals whose money goes to touches.
    pub attribute_kinds: Vec<DealKind>,
    /// The part of revenue that is margin, at most 1.
    pub margin: f64,
    /// The roi at which a campaign is worth funding; by default that at which its margin pays for it.
    pub hurdle: Option<f64>,
}

impl Default for FinanceConfig {
    fn default() -> Self {
        Self {
            currency: "USD".to_owned(),
            attribute_kinds: vec![DealKind::New, DealKind::Expansion],
            margin: 1.0,
            hurdle: None,
        }
    }
}

/// `[calendar]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CalendarConfig {
    /// IANA name; quarters are cut and naive times read in it.
    pub time_zone: String,
    /// Month in which the fiscal year starts, 1 to 12.
    pub fiscal_year_start: i64,
    /// Nothing recorded later is used; default the latest date in the inputs.
    pub as_of: Option<String>,
}

impl Default for CalendarConfig {
    fn default() -> Self {
        Self { time_zone: "UTC".to_owned(), fiscal_year_start: 1, as_of: None }
    }
}

/// `[output]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputConfig {
    /// Folder of the marts, relative to the configuration.
    pub path: String,
}

impl Default for OutputConfig {
    fn default() -> Self {
        Self { path: "out".to_owned() }
    }
}
