//! The shape of `closedloop.toml`. Every key is optional but the tables; unknown keys are refused.

use closedloop_core::model::SpecDraft;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The input tables of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// Companies.
    Accounts,
    /// People, with or without an account.
    Contacts,
    /// Which people belong to which opportunity.
    ContactRoles,
    /// What marketing ran.
    Campaigns,
    /// Who met which campaign, and when.
    Touchpoints,
    /// Possible sales.
    Opportunities,
    /// Booking lines of won opportunities.
    Deals,
    /// What was paid, when, for which campaign or channel.
    Spend,
    /// Lifts that experiments measured.
    Experiments,
    /// What customers bought and when, for lifetime value; absent, the deals are the transactions.
    Transactions,
}

impl Table {
    /// Every table, in the order in which they are loaded.
    pub const ALL: [Table; 10] = [
        Table::Accounts,
        Table::Contacts,
        Table::ContactRoles,
        Table::Campaigns,
        Table::Touchpoints,
        Table::Opportunities,
        Table::Deals,
        Table::Spend,
        Table::Experiments,
        Table::Transactions,
    ];

    /// The name used in the configuration, in SQL and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Table::Accounts => "accounts",
            Table::Contacts => "contacts",
            Table::ContactRoles => "contact_roles",
            Table::Campaigns => "campaigns",
            Table::Touchpoints => "touchpoints",
            Table::Opportunities => "opportunities",
            Table::Deals => "deals",
            Table::Spend => "spend",
            Table::Experiments => "experiments",
            Table::Transactions => "transactions",
        }
    }
}

/// How a source is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma-separated text with a header, plain or `.gz`.
    Csv,
    /// Apache Parquet.
    Parquet,
    /// One JSON object a line.
    Ndjson,
}

/// Which touches belong to an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mapping {
    /// All touches of the account.
    #[default]
    Account,
    /// Those of the contacts with a role on the opportunity; of the account where there is no role.
    ContactRoles,
    /// Those of the primary contact; of the account where there is none.
    PrimaryContact,
}

/// Where the lookback window is measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LookbackFrom {
    /// The creation of the opportunity.
    #[default]
    OpportunityCreated,
    /// The conversion.
    Conversion,
}

/// Whether journeys start anew after an earlier win of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// The whole window counts.
    Never,
    /// Only touches after the latest earlier win count.
    AfterWin,
}

/// What kind of booking a deal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DealKind {
    /// The account's first business.
    New,
    /// More business.
    Expansion,
    /// The same business again.
    Renewal,
    /// Money given back.
    Credit,
}

impl DealKind {
    /// Every kind, in the order of their codes.
    pub const ALL: [DealKind; 4] = [DealKind::New, DealKind::Expansion, DealKind::Renewal, DealKind::Credit];

    /// The name used in tables.
    pub fn name(self) -> &'static str {
        match self {
            DealKind::New => "new",
            DealKind::Expansion => "expansion",
            DealKind::Renewal => "renewal",
            DealKind::Credit => "credit",
        }
    }
}

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
    /// CSV field separator, one ASCII character.
    pub delimiter: Option<char>,
    /// Canonical column → source column; others are taken from a source column of the same name.
    #[serde(default)]
    pub columns: BTreeMap<String, String>,
    /// One SELECT over `raw`, the rows of `path`, instead of `columns`.
    pub sql: Option<String>,
    /// Further files that the SELECT may join: table name → file, folder or glob, read as `path` is.
    #[serde(default)]
    pub with: BTreeMap<String, String>,
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

/// `[journeys]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JourneyConfig {
    /// Which touches belong to an opportunity.
    pub mapping: Mapping,
    /// Days of 24 hours before `lookback_from`.
    pub lookback_days: f64,
    /// Where the window is measured from.
    pub lookback_from: LookbackFrom,
    /// How much later than its milestone a touch may be logged, as in "1h" or "90 minutes".
    pub anchor_tolerance: String,
    /// SQL over the touchpoints: which of them can earn credit.
    pub eligible: String,
    /// Name → SQL over the touchpoints: touches that match one of these rules cannot earn credit.
    pub suppress: BTreeMap<String, String>,
    /// Which repeated touches of a person count once.
    pub collapse: Option<CollapseConfig>,
    /// Whether journeys start anew after a win, per kind.
    pub restart: RestartConfig,
}

/// `[journeys.collapse]`: touches of one person with one campaign and type count once.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollapseConfig {
    /// When no more than this lies between one and the next, as in "30 minutes".
    pub gap: String,
    /// However far apart they are, for these touch types: an event counts whole.
    #[serde(default)]
    pub offline_types: Vec<String>,
}

impl Default for JourneyConfig {
    fn default() -> Self {
        Self {
            mapping: Mapping::Account,
            lookback_days: 365.0,
            lookback_from: LookbackFrom::OpportunityCreated,
            anchor_tolerance: "1h".to_owned(),
            eligible: "coalesce(responded, true) AND coalesce(source, 'marketing') IN ('marketing', 'partner')"
                .to_owned(),
            suppress: BTreeMap::new(),
            collapse: None,
            restart: RestartConfig::default(),
        }
    }
}

/// `[journeys] restart`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RestartConfig {
    /// For new business.
    pub new: Restart,
    /// For expansions.
    pub expansion: Restart,
    /// For renewals.
    pub renewal: Restart,
}

impl Default for RestartConfig {
    fn default() -> Self {
        Self { new: Restart::Never, expansion: Restart::AfterWin, renewal: Restart::AfterWin }
    }
}

/// `[stages]`, used where opportunities carry neither `is_won` nor `is_closed`.
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
    /// The part of revenue that is margin, 0 to 1.
    pub margin: f64,
    /// The roi at which a campaign is worth funding.
    pub hurdle: f64,
}

impl Default for FinanceConfig {
    fn default() -> Self {
        Self {
            currency: "USD".to_owned(),
            attribute_kinds: vec![DealKind::New, DealKind::Expansion],
            margin: 1.0,
            hurdle: 0.0,
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
    pub fiscal_year_start: i8,
    /// Nothing recorded later is used; default the latest date in the inputs.
    pub as_of: Option<String>,
}

impl Default for CalendarConfig {
    fn default() -> Self {
        Self { time_zone: "UTC".to_owned(), fiscal_year_start: 1, as_of: None }
    }
}

/// `[lifetime]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LifetimeConfig {
    /// Whether the marts about lifetime value are computed.
    pub enabled: bool,
    /// Unit of the times in `customer_clv` and `clv_fit`.
    pub unit: LifetimeUnit,
    /// Months ahead.
    pub horizon_months: u32,
    /// Discount rate a year.
    pub discount: f64,
    /// The column of accounts by which customers are fitted apart.
    pub segment_by: SegmentBy,
    /// The family of models, for every segment or chosen per segment.
    pub family: FamilyChoice,
    /// Purchase models to fit.
    pub models: Vec<String>,
}

impl Default for LifetimeConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            unit: LifetimeUnit::Month,
            horizon_months: 36,
            discount: 0.1,
            segment_by: SegmentBy::Segment,
            family: FamilyChoice::Auto,
            models: ["bg_nbd", "mbg_nbd", "pareto_nbd"].map(str::to_owned).to_vec(),
        }
    }
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LifetimeUnit {
    /// Days.
    Day,
    /// Weeks.
    Week,
    /// Months.
    Month,
}

/// What tells segments of customers apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentBy {
    /// `accounts.segment`.
    Segment,
    /// `accounts.industry`.
    Industry,
    /// `accounts.region`.
    Region,
    /// `accounts.tier`.
    Tier,
    /// Nothing: all customers are one segment.
    None,
}

/// Which family of lifetime models is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FamilyChoice {
    /// By what the segment's customers have.
    Auto,
    /// Renewals of terms.
    Contractual,
    /// Purchases without a term.
    NonContractual,
    /// What was earned, no prediction.
    Historic,
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
