//! The plan: a configuration resolved and validated. Nothing below this file sees the raw configuration.

use super::calendar::{Calendar, DateMeans};
use super::error::{ConfigError, explain, remedy};
use super::file::{
    CheckConfig, ConfigFile, DealKind, FamilyChoice, Format, LifetimeConfig, LifetimeUnit, LookbackFrom, Mapping,
    RestartConfig, SegmentBy, SourceConfig, StageConfig, Table,
};
use closedloop_core::journey::DAY_MICROS;
use closedloop_core::lifetime::{Period, PurchaseModel};
use closedloop_core::model::{ModelSpec, house_models, vendor_models};
use iso_currency::Currency;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::fmt;
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
    /// Whether they are gzip-compressed (CSV).
    pub gzip: bool,
    /// CSV field separator.
    pub delimiter: u8,
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

/// What the command line says over the configuration.
#[derive(Debug, Default)]
pub struct Overrides {
    /// Folder of the marts, relative to the working directory.
    pub out: Option<PathBuf>,
    /// As-of date.
    pub as_of: Option<String>,
}

impl Plan {
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
        Ok(Plan { config_hash, ..Resolver { config }.resolve(file, overrides)? })
    }

    /// The model that others are compared with.
    pub fn default_model(&self) -> &ModelSpec {
        &self.models[self.default_model]
    }

    /// The source of a table, when the configuration gives one.
    pub fn source(&self, table: Table) -> Option<&Source> {
        self.sources.get(&table)
    }
}

/// Resolves one file; knows its path for messages and relative paths.
struct Resolver<'a> {
    config: &'a Path,
}

impl Resolver<'_> {
    fn resolve(&self, file: ConfigFile, overrides: Overrides) -> Result<Plan, ConfigError> {
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
            finance: Finance {
                currency: file.finance.currency,
                minor_digits,
                attribute_kinds: file.finance.attribute_kinds,
                margin_ppm,
                hurdle: file.finance.hurdle,
            },
            calendar,
            as_of,
            lifetime: self.lifetime(file.lifetime)?,
            output,
            checks: file.checks,
        })
    }

    /// Publishing replaces the output folder as a whole, so it must not hold what the run reads.
    fn check_output(&self, key: &str, output: &Path, sources: &BTreeMap<Table, Source>) -> Result<(), ConfigError> {
        let Ok(folder) = output.canonicalize() else { return Ok(()) };
        let inputs = sources.values().flat_map(|source| &source.files).map(PathBuf::as_path);
        for input in inputs.chain([self.config]) {
            if folder.is_dir() && input.canonicalize().is_ok_and(|input| input.starts_with(&folder)) {
                let (output, input) = (output.display(), input.display());
                return Err(
                    self.fault(key, format!("{output} holds {input}, which the run reads; choose another folder"))
                );
            }
        }
        Ok(())
    }

    fn source(&self, table: Table, given: SourceConfig) -> Result<Source, ConfigError> {
        let key = |part: &str| format!("tables.{}.{part}", table.name());
        if given.sql.is_some() && !given.columns.is_empty() {
            return Err(self.fault(&key("sql"), "is given beside columns; keep one of them".to_owned()));
        }
        if given.sql.is_none() && !given.with.is_empty() {
            return Err(
                self.fault(&key("with"), "is given without sql; add the SELECT that joins its files".to_owned())
            );
        }
        let delimiter = match given.delimiter.map(u8::try_from) {
            None => b',',
            Some(Ok(byte)) if byte.is_ascii() && !b"\"\r\n".contains(&byte) => byte,
            Some(_) => {
                let message = "must be one ASCII character, but no quote and no line break, as in \";\"";
                return Err(self.fault(&key("delimiter"), message.to_owned()));
            }
        };
        let mut with = BTreeMap::new();
        for (name, path) in given.with {
            let key = key(&format!("with.{name}"));
            if name == "raw" || !is_plain_name(&name) {
                let message = "is not a usable table name; take lower-case letters, digits and _, but not raw";
                return Err(self.fault(&key, message.to_owned()));
            }
            with.insert(name, self.part(table, &key, path, None, delimiter)?);
        }
        let source = self.part(table, &key("path"), given.path, given.format, delimiter)?;
        Ok(Source { columns: given.columns, sql: given.sql, with, ..source })
    }

    /// The files of one path, without a mapping.
    fn part(
        &self,
        table: Table,
        key: &str,
        given: String,
        format: Option<Format>,
        delimiter: u8,
    ) -> Result<Source, ConfigError> {
        let (files, format) = self.files(table, key, &self.expand(key, &given)?, format)?;
        let gzip = files.iter().any(|file| has_ending(file, "gz"));
        let (columns, sql, with) = (BTreeMap::new(), None, BTreeMap::new());
        Ok(Source { table, given, files, format, gzip, delimiter, columns, sql, with })
    }

    /// The files that `path` names, and their format.
    fn files(
        &self,
        table: Table,
        key: &str,
        path: &str,
        format: Option<Format>,
    ) -> Result<(Vec<PathBuf>, Format), ConfigError> {
        let path = self.beside(path);
        let shown = path.display();
        let mut files: Vec<PathBuf> = if path.is_dir() {
            let entries = std::fs::read_dir(&path)
                .map_err(|error| self.fault(key, format!("cannot list {shown}: {error}; check the folder's rights")))?;
            let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
            files.filter(|file| format_of(file).is_some() && !is_hidden(file)).collect()
        } else if path.is_file() {
            vec![path.clone()]
        } else {
            glob::glob(&path.to_string_lossy())
                .map_err(|error| self.fault(key, format!("is not a usable pattern: {error}")))?
                .filter_map(Result::ok)
                .filter(|file| file.is_file() && !is_hidden(file))
                .collect()
        };
        files.sort();
        let Some(first) = files.first() else {
            return Err(self.fault(key, format!("no file for table {} at {shown}; check the path", table.name())));
        };
        let Some(format) = format.or_else(|| format_of(first)) else {
            return Err(self.fault(
                key,
                format!("the format of {} is not clear from its ending; add format = \"csv\"", first.display()),
            ));
        };
        let kind = |file: &Path| (format_of(file), has_ending(file, "gz"));
        if let Some(other) = files.iter().find(|file| kind(file) != kind(first)) {
            let (first, other) = (first.display(), other.display());
            let message = format!("{first} and {other} are stored differently; name one kind, as in \"folder/*.csv\"");
            return Err(self.fault(key, message));
        }
        Ok((files, format))
    }

    fn models(&self, given: super::file::ModelConfig) -> Result<(Vec<ModelSpec>, usize), ConfigError> {
        let mut known: Vec<ModelSpec> = house_models().iter().chain(vendor_models()).cloned().collect();
        for draft in given.custom {
            let spec = ModelSpec::try_from(draft).map_err(|error| self.fault("models.custom", error.to_string()))?;
            if known.iter().any(|other| other.column_stem() == spec.column_stem()) {
                let taken = format!("model id \"{}\" is taken; choose another", spec.id());
                return Err(self.fault("models.custom", taken));
            }
            known.push(spec);
        }
        let find = |key: &str, id: &str| {
            known.iter().find(|spec| spec.id() == id).cloned().ok_or_else(|| {
                let remedy = remedy(id, known.iter().map(ModelSpec::id), "see `closedloop models`");
                self.fault(key, format!("no model is called \"{id}\"; {remedy}"))
            })
        };
        let mut models: Vec<ModelSpec> = Vec::new();
        match &given.run {
            // A vendor's model runs when it is asked for.
            None => models.extend(known.iter().filter(|spec| !vendor_models().contains(spec)).cloned()),
            Some(ids) => {
                for id in ids {
                    let spec = find("models.run", id)?;
                    if !models.contains(&spec) {
                        models.push(spec);
                    }
                }
            }
        }
        if models.is_empty() {
            return Err(self.fault("models.run", "names no model; name at least one".to_owned()));
        }
        let default = match given.default {
            Some(id) => {
                let spec = find("models.default", &id)?;
                models.iter().position(|model| *model == spec).ok_or_else(|| {
                    self.fault("models.default", format!("\"{id}\" is not among models.run; add it there"))
                })?
            }
            None => models.iter().position(|model| model.id() == "w_shaped").unwrap_or(0),
        };
        Ok((models, default))
    }

    fn lifetime(&self, given: LifetimeConfig) -> Result<Option<Lifetime>, ConfigError> {
        if !(1..=1_200).contains(&given.horizon_months) {
            let message = format!("is {}, but must be from 1 to 1200 months", given.horizon_months);
            return Err(self.fault("lifetime.horizon_months", message));
        }
        if !(0.0..=1.0).contains(&given.discount) {
            let message = format!("is {}, but must be a yearly rate from 0 to 1", given.discount);
            return Err(self.fault("lifetime.discount", message));
        }
        let known = || PurchaseModel::ALL.into_iter().filter(|model| *model != PurchaseModel::BgBb);
        let mut models = Vec::new();
        for id in &given.models {
            let model = known().find(|model| model.id() == id).ok_or_else(|| {
                let remedy = remedy(id, known().map(PurchaseModel::id), "they are bg_nbd, mbg_nbd and pareto_nbd");
                self.fault("lifetime.models", format!("no purchase model here is called \"{id}\"; {remedy}"))
            })?;
            if !models.contains(&model) {
                models.push(model);
            }
        }
        if models.is_empty() {
            return Err(self.fault("lifetime.models", "names no model; name at least one".to_owned()));
        }
        let unit = match given.unit {
            LifetimeUnit::Day => Period::Day,
            LifetimeUnit::Week => Period::Week,
            LifetimeUnit::Month => Period::Month,
        };
        let LifetimeConfig { enabled, horizon_months, discount, segment_by, family, .. } = given;
        Ok(enabled.then_some(Lifetime { unit, horizon_months, discount, segment_by, family, models }))
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
            None => Err(self.fault(name, format!("\"{text}\" is not a date, as in \"2026-06-30\""))),
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

    fn expand(&self, key: &str, path: &str) -> Result<String, ConfigError> {
        shellexpand::env(path).map(String::from).map_err(|error| {
            self.fault(key, format!("the environment variable {} is not set; set it or write the path", error.var_name))
        })
    }

    /// A path relative to the configuration's folder.
    fn beside(&self, path: &str) -> PathBuf {
        self.config.parent().map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }

    fn fault(&self, key: &str, message: String) -> ConfigError {
        ConfigError::Value { path: self.config.to_owned(), key: key.to_owned(), message }
    }
}

/// Whether SQL takes a name as it stands, without quotes.
fn is_plain_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a file's name ends so.
pub(crate) fn has_ending(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
}

fn is_hidden(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// The format that a file's ending promises.
pub(crate) fn format_of(file: &Path) -> Option<Format> {
    let file = if has_ending(file, "gz") { Path::new(file.file_stem()?) } else { file };
    match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" | "tsv" | "txt" => Some(Format::Csv),
        "parquet" => Some(Format::Parquet),
        "ndjson" | "jsonl" | "json" => Some(Format::Ndjson),
        _ => None,
    }
}

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
            Some(rules) => {
                let Lifetime { horizon_months, discount, .. } = rules;
                let percent = discount * 100.0;
                let (by, family) = (word(&rules.segment_by), word(&rules.family));
                let models: Vec<&str> = rules.models.iter().map(|model| model.id()).collect();
                let models = models.join(", ");
                writeln!(
                    f,
                    "lifetime value  over {horizon_months} months at {percent} % a year; segments by {by}; family {family}; {models}"
                )?;
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
