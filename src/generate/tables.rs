//! The files of the output folder, opened together and written row by row.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::GenerateError;
use super::touch_table::TouchTable;

/// A CSV file; its header is that of the first row written, or the columns that a run asks for where there is none.
#[derive(Debug)]
pub struct Table {
    writer: csv::Writer<BufWriter<File>>,
    path: PathBuf,
    required: &'static [&'static str],
    rows: u64,
}

impl Table {
    /// Creates the file `name` in `folder`.
    fn create(folder: &Path, name: &str, required: &'static [&'static str]) -> Result<Self, GenerateError> {
        let path = folder.join(name);
        let file = File::create(&path).map_err(GenerateError::io(&path))?;
        Ok(Self { writer: csv::Writer::from_writer(BufWriter::new(file)), path, required, rows: 0 })
    }

    /// Writes one row.
    pub fn write(&mut self, row: impl Serialize) -> Result<(), GenerateError> {
        self.rows += 1;
        self.writer.serialize(row).map_err(|source| GenerateError::Csv { path: self.path.clone(), source })
    }

    /// Completes the file and says how many rows it has.
    fn finish(mut self) -> Result<u64, GenerateError> {
        if self.rows == 0 {
            let header = self.writer.write_record(self.required);
            header.map_err(|source| GenerateError::Csv { path: self.path.clone(), source })?;
        }
        self.writer.flush().map_err(GenerateError::io(&self.path))?;
        Ok(self.rows)
    }
}

/// All tables of the output folder.
#[derive(Debug)]
pub struct Tables {
    pub(super) accounts: Table,
    pub(super) contacts: Table,
    pub(super) contact_roles: Table,
    pub(super) campaigns: Table,
    pub(super) touchpoints: TouchTable,
    pub(super) opportunities: Table,
    pub(super) deals: Table,
    pub(super) spend: Table,
    pub(super) true_effects: Table,
}

/// How many rows each table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// Rows of `accounts.csv`.
    pub accounts: u64,
    /// Rows of `contacts.csv`.
    pub contacts: u64,
    /// Rows of `contact_roles.csv`.
    pub contact_roles: u64,
    /// Rows of `campaigns.csv`.
    pub campaigns: u64,
    /// Rows of `touchpoints.parquet`.
    pub touchpoints: u64,
    /// Rows of `opportunities.csv`.
    pub opportunities: u64,
    /// Rows of `deals.csv`.
    pub deals: u64,
    /// Rows of `spend.csv`.
    pub spend: u64,
}

impl Tables {
    /// Creates all files in `folder`.
    pub fn create(folder: &Path) -> Result<Self, GenerateError> {
        Ok(Self {
            accounts: Table::create(folder, "accounts.csv", &["account_id"])?,
            contacts: Table::create(folder, "contacts.csv", &["contact_id", "account_id"])?,
            contact_roles: Table::create(folder, "contact_roles.csv", &["opportunity_id", "contact_id"])?,
            campaigns: Table::create(folder, "campaigns.csv", &["campaign_id", "channel"])?,
            touchpoints: TouchTable::create(folder, "touchpoints.parquet")?,
            opportunities: Table::create(
                folder,
                "opportunities.csv",
                &["opportunity_id", "account_id", "created_at", "stage"],
            )?,
            deals: Table::create(folder, "deals.csv", &["deal_id", "opportunity_id", "closed_at", "amount"])?,
            spend: Table::create(folder, "spend.csv", &["campaign_id", "date", "amount"])?,
            true_effects: Table::create(folder, "true_effects.csv", &["campaign_id", "true_effect"])?,
        })
    }

    /// Completes all files.
    pub fn finish(self) -> Result<Summary, GenerateError> {
        self.true_effects.finish()?;
        Ok(Summary {
            accounts: self.accounts.finish()?,
            contacts: self.contacts.finish()?,
            contact_roles: self.contact_roles.finish()?,
            campaigns: self.campaigns.finish()?,
            touchpoints: self.touchpoints.finish()?,
            opportunities: self.opportunities.finish()?,
            deals: self.deals.finish()?,
            spend: self.spend.finish()?,
        })
    }
}
