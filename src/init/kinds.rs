//! What is known of exports: `aliases.toml` and the SELECTs of `sql/source/`.

use super::select::Select;
use crate::config::file::Table;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// Everything in `aliases.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Knowledge {
    pub(super) kinds: Vec<Kind>,
    pub(super) plain: Vec<Plain>,
    pub(super) stages: Stages,
}

/// An object of a known system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kind {
    pub(super) system: String,
    pub(super) object: String,
    /// Words in a file's name, as `speaks_of` takes them.
    pub(super) files: Vec<String>,
    /// Headers that it has, letter by letter.
    #[serde(default)]
    pub(super) must: Vec<String>,
    /// Headers that tell it from other objects.
    pub(super) marks: Vec<String>,
    /// How its ids start.
    pub(super) prefix: Option<String>,
    #[serde(default)]
    pub(super) fills: Vec<Fill>,
    /// Why it fills nothing.
    pub(super) note: Option<String>,
}

/// A table that an object gives.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fill {
    pub(super) table: Table,
    /// A file under `sql/source/`.
    pub(super) select: String,
    /// Only where no other file gives the table.
    #[serde(default)]
    pub(super) fallback: bool,
    /// Written as a comment.
    #[serde(default)]
    pub(super) offer: bool,
}

/// A canonical table under names of anybody's making.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plain {
    pub(super) table: Table,
    pub(super) files: Vec<String>,
    /// Canonical column → further names.
    pub(super) columns: BTreeMap<String, Vec<String>>,
    /// Canonical column → what stands for it where no name fits.
    #[serde(default)]
    pub(super) instead: BTreeMap<String, String>,
}

/// Stages that say how an opportunity ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stages {
    pub(super) won: Vec<String>,
    pub(super) lost: Vec<String>,
}

impl Stages {
    /// Whether a stage has one of the words that tell how an opportunity ended, as "Won - Renewal" has.
    pub(super) fn speak_in(&self, stage: &str) -> bool {
        let endings: BTreeSet<&str> = self.won.iter().chain(&self.lost).flat_map(|phrase| phrase.split(' ')).collect();
        stage.split(|c: char| !c.is_alphanumeric()).any(|word| endings.contains(word.to_lowercase().as_str()))
    }
}

/// Reads the knowledge that the program carries.
pub(super) fn knowledge() -> Result<Knowledge, toml::de::Error> {
    toml::from_str(include_str!("aliases.toml"))
}

impl Fill {
    /// The SELECT of this fill.
    pub(super) fn select(&self) -> Option<Select> {
        SELECTS.iter().find(|(name, _)| *name == self.select).map(|(_, text)| Select::parse(text))
    }
}

macro_rules! selects {
    ($($name:literal),* $(,)?) => {
        /// The files under `sql/source/`.
        const SELECTS: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../sql/source/", $name)))),*];
    };
}

selects!(
    "hubspot/campaign_spend.sql",
    "hubspot/campaigns.sql",
    "hubspot/companies.sql",
    "hubspot/contact_first_conversion.sql",
    "hubspot/contact_first_seen.sql",
    "hubspot/contact_recent_conversion.sql",
    "hubspot/contacts.sql",
    "hubspot/deals.sql",
    "salesforce/account.sql",
    "salesforce/campaign.sql",
    "salesforce/campaign_cost.sql",
    "salesforce/campaign_member.sql",
    "salesforce/campaign_member_report.sql",
    "salesforce/contact.sql",
    "salesforce/lead.sql",
    "salesforce/opportunity.sql",
    "salesforce/opportunity_contact_role.sql",
    "salesforce/task.sql",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::contract;

    fn known(table: Table, name: &str) -> bool {
        contract::columns(table).iter().any(|column| column.name == name)
    }

    #[test]
    fn every_select_is_used_and_gives_what_its_table_needs() {
        let knowledge = knowledge().unwrap();
        let fills: Vec<&Fill> = knowledge.kinds.iter().flat_map(|kind| &kind.fills).collect();
        for (name, _) in SELECTS {
            assert!(fills.iter().any(|fill| fill.select == *name), "{name} is not in aliases.toml");
        }
        for fill in fills {
            let select = fill.select().unwrap_or_else(|| panic!("{} is not embedded", fill.select));
            assert!(!select.about.is_empty(), "{} says nothing", fill.select);
            for column in contract::columns(fill.table).iter().filter(|column| column.required) {
                assert!(select.projection(column.name).is_some(), "{} lacks {}", fill.select, column.name);
            }
            for projection in &select.projections {
                assert!(known(fill.table, &projection.name), "{}: {}", fill.select, projection.name);
            }
        }
    }

    #[test]
    fn plain_names_belong_to_columns_of_the_contract() {
        let knowledge = knowledge().unwrap();
        assert_eq!(knowledge.plain.len(), Table::ALL.len());
        for plain in &knowledge.plain {
            for name in plain.columns.keys().chain(plain.instead.keys()) {
                assert!(known(plain.table, name), "{:?}: {name}", plain.table);
            }
        }
    }
}
