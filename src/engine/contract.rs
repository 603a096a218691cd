//! The input contract: the canonical tables and their columns.

use crate::config::file::Table;

/// The channel of campaigns, touches and spend that name none.
pub const UNKNOWN_CHANNEL: &str = "unknown";

/// What a canonical column holds; decides how a source column is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// An identifier of this domain; integer or text, the same in every table.
    Id(IdDomain),
    /// Text.
    Text,
    /// A timestamp or a date.
    Instant,
    /// A date.
    Date,
    /// Money in the currency's major unit.
    Money,
    /// True or false.
    Flag,
    /// Any other number.
    Number,
}

/// What an identifier identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum IdDomain {
    Account,
    Contact,
    Campaign,
    Touch,
    Opportunity,
    Deal,
}

/// One canonical column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether a source must have it.
    pub required: bool,
}

/// The columns of a canonical table.
pub fn columns(table: Table) -> &'static [Column] {
    match table {
        Table::Accounts => ACCOUNTS,
        Table::Contacts => CONTACTS,
        Table::ContactRoles => CONTACT_ROLES,
        Table::Campaigns => CAMPAIGNS,
        Table::Touchpoints => TOUCHPOINTS,
        Table::Opportunities => OPPORTUNITIES,
        Table::Deals => DEALS,
        Table::Spend => SPEND,
        Table::Experiments => EXPERIMENTS,
        Table::Transactions => TRANSACTIONS,
    }
}

/// A column of a canonical table, by its name.
pub fn column(table: Table, name: &str) -> Option<&'static Column> {
    columns(table).iter().find(|column| column.name == name)
}

/// The names of the columns that a source of the table must have.
pub fn required_columns(table: Table) -> impl Iterator<Item = &'static str> {
    columns(table).iter().filter(|column| column.required).map(|column| column.name)
}

/// The column that identifies a row of the table; spend, experiments, transactions and contact roles have none.
pub fn key(table: Table) -> Option<&'static str> {
    match table {
        Table::ContactRoles | Table::Spend | Table::Experiments | Table::Transactions => None,
        _ => columns(table).first().map(|column| column.name),
    }
}

/// Sets of columns of which a source must have one set.
pub fn alternatives(table: Table) -> &'static [&'static [&'static [&'static str]]] {
    match table {
        Table::Touchpoints => &[&[&["account_id"], &["contact_id"]]],
        Table::Spend => &[&[&["campaign_id"], &["channel"]], &[&["date"], &["start_date", "end_date"]]],
        Table::Experiments => &[&[&["campaign_id"], &["channel"]]],
        _ => &[],
    }
}

const fn required(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, required: true }
}

const fn optional(name: &'static str, kind: ColumnKind) -> Column {
    Column { name, kind, required: false }
}

use ColumnKind::{Date, Flag, Id, Instant, Money, Number, Text};
use IdDomain::{Account, Campaign, Contact, Deal, Opportunity, Touch};

const ACCOUNTS: &[Column] = &[
    required("account_id", Id(Account)),
    optional("name", Text),
    optional("industry", Text),
    optional("region", Text),
    optional("employees", Number),
    optional("segment", Text),
    optional("tier", Text),
    optional("is_target", Flag),
    optional("owner", Text),
    optional("recorded_at", Instant),
];

const CONTACTS: &[Column] = &[
    required("contact_id", Id(Contact)),
    optional("account_id", Id(Account)),
    optional("created_at", Instant),
    optional("role", Text),
    optional("recorded_at", Instant),
];

const CONTACT_ROLES: &[Column] = &[
    required("opportunity_id", Id(Opportunity)),
    required("contact_id", Id(Contact)),
    optional("is_primary", Flag),
    optional("recorded_at", Instant),
];

const CAMPAIGNS: &[Column] = &[
    required("campaign_id", Id(Campaign)),
    optional("name", Text),
    required("channel", Text),
    optional("subchannel", Text),
    optional("content", Text),
    optional("parent_campaign_id", Id(Campaign)),
    optional("start_date", Date),
    optional("end_date", Date),
    optional("budget", Money),
    optional("currency", Text),
    optional("recorded_at", Instant),
];

const TOUCHPOINTS: &[Column] = &[
    required("touch_id", Id(Touch)),
    required("touched_at", Instant),
    optional("account_id", Id(Account)),
    optional("contact_id", Id(Contact)),
    optional("campaign_id", Id(Campaign)),
    optional("channel", Text),
    optional("touch_type", Text),
    optional("source", Text),
    optional("responded", Flag),
    optional("recorded_at", Instant),
];

const OPPORTUNITIES: &[Column] = &[
    required("opportunity_id", Id(Opportunity)),
    required("account_id", Id(Account)),
    required("created_at", Instant),
    required("stage", Text),
    optional("is_won", Flag),
    optional("is_closed", Flag),
    optional("closed_at", Instant),
    optional("amount", Money),
    optional("currency", Text),
    optional("type", Text),
    optional("probability", Number),
    optional("recorded_at", Instant),
];

const DEALS: &[Column] = &[
    required("deal_id", Id(Deal)),
    required("opportunity_id", Id(Opportunity)),
    required("closed_at", Instant),
    required("amount", Money),
    optional("currency", Text),
    optional("kind", Text),
    optional("reverses_deal_id", Id(Deal)),
    optional("starts_at", Date),
    optional("ends_at", Date),
    optional("recorded_at", Instant),
];

const SPEND: &[Column] = &[
    optional("campaign_id", Id(Campaign)),
    optional("channel", Text),
    optional("date", Date),
    optional("start_date", Date),
    optional("end_date", Date),
    required("amount", Money),
    optional("currency", Text),
    optional("category", Text),
    optional("source", Text),
    optional("recorded_at", Instant),
];

const EXPERIMENTS: &[Column] = &[
    optional("campaign_id", Id(Campaign)),
    optional("channel", Text),
    required("start_date", Date),
    required("end_date", Date),
    required("lift", Number),
    required("standard_error", Number),
    optional("measure", Text),
    optional("recorded_at", Instant),
];

const TRANSACTIONS: &[Column] = &[
    required("account_id", Id(Account)),
    required("transacted_at", Instant),
    optional("amount", Money),
    optional("currency", Text),
    optional("recorded_at", Instant),
];
