//! The input tables, and how their files are stored.

use serde::{Deserialize, Serialize};

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
    /// Every table, in order.
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
    /// One JSON object a line, plain or `.gz`.
    Ndjson,
}
