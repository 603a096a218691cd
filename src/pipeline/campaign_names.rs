//! What people call the campaigns.

use super::error::RunError;
use crate::config::remedy;
use crate::engine::EngineError;
use crate::engine::columns::{column, text_column};
use crate::engine::ids::IdColumn;
use arrow::array::{Array, RecordBatch};
use std::collections::{BTreeMap, BTreeSet};

/// The names that the campaigns table gives.
#[derive(Debug, Default)]
pub(super) struct CampaignNames {
    names: BTreeMap<String, String>,
    /// The campaigns that bear a name.
    bearers: BTreeMap<String, Vec<String>>,
}

impl CampaignNames {
    /// Of the rows of the canonical campaigns table.
    pub(super) fn of(campaigns: &RecordBatch) -> Result<Self, EngineError> {
        let (ids, texts) = (IdColumn::try_new(column(campaigns, "campaign_id")?)?, text_column(campaigns, "name")?);
        let pairs = (0..campaigns.num_rows()).filter(|&row| texts.is_valid(row));
        let pairs = pairs.filter_map(|row| Some((ids.text(row)?, in_a_line(texts.value(row)))));
        let mut own = Self::default();
        for (id, name) in pairs {
            own.bearers.entry(name.clone()).or_default().push(id.clone());
            own.names.insert(id, name);
        }
        Ok(own)
    }

    /// A campaign's name.
    pub(super) fn name(&self, id: &str) -> Option<&str> {
        self.names.get(id).map(String::as_str)
    }

    /// What tells a campaign from all others: its name, with the identifier where others share the name; without a name
    /// the identifier.
    pub(super) fn label(&self, id: &str) -> String {
        match self.name(id) {
            Some(name) if self.bearers[name].len() > 1 => format!("{name} {id}"),
            Some(name) => name.to_owned(),
            None => id.to_owned(),
        }
    }

    /// The identifiers of other campaigns that are called so.
    pub(super) fn called<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let bearers = self.bearers.get(&in_a_line(text)).into_iter().flatten();
        bearers.map(String::as_str).filter(move |id| *id != text)
    }

    /// The campaign, one of `ids`, that `asked` means by identifier or by name.
    pub(super) fn find(&self, asked: &str, ids: &BTreeSet<&str>) -> Result<String, RunError> {
        if ids.contains(asked) {
            return Ok(asked.to_owned());
        }
        let bearers: Vec<&str> = ids.iter().copied().filter(|id| self.name(id) == Some(asked)).collect();
        let remedy = match bearers.as_slice() {
            [only] => return Ok((*only).to_owned()),
            [] => {
                let names = ids.iter().copied().chain(ids.iter().filter_map(|id| self.name(id)));
                remedy(asked, names, "no touch of a deal names it, and no spend; dim_campaign has all campaigns")
            }
            several => format!("it is the name of several, give the identifier: {}", several.join(", ")),
        };
        Err(RunError::Unknown { what: "campaign", name: asked.to_owned(), remedy })
    }
}

/// A name as it is shown in a line.
fn in_a_line(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}
