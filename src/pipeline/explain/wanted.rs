//! Which deals are asked for, and which touches belong to their account.

use super::super::error::RunError;
use super::super::prepare::Indexed;
use super::Question;
use crate::config::file::Table;
use crate::config::remedy;
use crate::engine::EngineError;
use crate::engine::columns::column;
use crate::engine::ids::IdColumn;
use crate::engine::set_aside::SetAsideRow;
use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use datafusion::logical_expr::{Expr, cast, col, lit};
use datafusion::prelude::SessionContext;
use datafusion::scalar::ScalarValue;

/// The deals asked for, and their account.
pub(super) struct Wanted {
    pub(super) deals: Vec<u32>,
    pub(super) account: Option<usize>,
    account_row: usize,
}

impl Wanted {
    pub(super) async fn find(indexed: &Indexed, question: &Question) -> Result<Self, RunError> {
        let (key, name, what) = match question {
            Question::Deal(id) => ("deal_id", id, "deal"),
            Question::Account(id) => ("account_id", id, "account"),
        };
        let ids = column(&indexed.deals, key)?;
        let ids = IdColumn::try_new(ids)?;
        let texts: Vec<String> = (0..indexed.deals.num_rows()).filter_map(|row| ids.text(row)).collect();
        let rows: Vec<usize> = (0..texts.len()).filter(|&row| texts[row] == *name).collect();
        let Some(&first) = rows.first() else {
            let near = remedy(name, texts.iter().map(String::as_str), "see the journeys mart for those there are");
            let unknown = RunError::Unknown { what, name: name.clone(), remedy: near };
            return Err(match question {
                Question::Deal(_) => no_deal(indexed, name).await?.unwrap_or(unknown),
                Question::Account(_) if is_account(&indexed.ctx, name).await? => {
                    RunError::WithoutDeal { name: name.clone() }
                }
                Question::Account(_) => unknown,
            });
        };
        let account_ids = IdColumn::try_new(column(&indexed.deals, "account_id")?)?;
        let account = indexed.conversions.by_account.probe(&account_ids, first);
        let deals = rows.into_iter().filter_map(|row| u32::try_from(row).ok()).collect();
        Ok(Self { deals, account: account.map(|account| account as usize), account_row: first })
    }

    /// The touches of the account: its own, and those of its contacts that name no account.
    pub(super) fn touches(&self, indexed: &Indexed) -> Result<Expr, RunError> {
        let account = literal(column(&indexed.deals, "account_id")?, self.account_row)?;
        let of_account = col("account_id").eq(account);
        let contacts = &indexed.conversions.contact_accounts;
        let contact_ids: Vec<Expr> = indexed
            .contact_rows()
            .filter(|(contact, _)| contacts[*contact as usize].map(|account| account as usize) == self.account)
            .map(|(_, row)| literal(column(&indexed.contacts, "contact_id")?, row))
            .collect::<Result<_, RunError>>()?;
        Ok(of_account.or(col("account_id").is_null().and(col("contact_id").in_list(contact_ids, false))))
    }
}

/// Why a deal, or the opportunity that is one where none are given, cannot be explained, if the inputs have it.
async fn no_deal(indexed: &Indexed, name: &str) -> Result<Option<RunError>, EngineError> {
    let (table, key) = match indexed.loaded.counts.contains_key(&Table::Deals) {
        true => (Table::Deals, "deal_id"),
        false => (Table::Opportunities, "opportunity_id"),
    };
    let is_asked = |row: &&SetAsideRow| row.table == table && row.key.as_deref() == Some(name);
    if let Some(row) = indexed.loaded.set_aside.iter().find(is_asked) {
        let place = row.file.is_some().then(|| row.place()).flatten();
        return Ok(Some(RunError::SetAside { what: "deal", name: name.to_owned(), reason: row.reason, place }));
    }
    let is_read = has(&indexed.ctx, &format!("source_{}", table.name()), key, name).await?;
    Ok(is_read.then(|| RunError::NotWon { name: name.to_owned() }))
}

/// Whether the inputs have an account of this name.
async fn is_account(ctx: &SessionContext, name: &str) -> Result<bool, EngineError> {
    for table in [Table::Accounts, Table::Opportunities, Table::Contacts] {
        if has(ctx, &format!("source_{}", table.name()), "account_id", name).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a table has a row of this identifier.
async fn has(ctx: &SessionContext, table: &str, column: &str, name: &str) -> Result<bool, EngineError> {
    let is_asked = cast(col(column), DataType::Utf8).eq(lit(name));
    Ok(ctx.table(table).await?.filter(is_asked)?.limit(0, Some(1))?.count().await? > 0)
}

impl Indexed {
    /// Dense contact and row of every contact of an account with conversions.
    fn contact_rows(&self) -> impl Iterator<Item = (u32, usize)> {
        let ids = self.contacts.column_by_name("contact_id").and_then(|ids| IdColumn::try_new(ids).ok());
        (0..self.contacts.num_rows()).filter_map(move |row| {
            let contact = self.conversions.by_contact.probe(ids.as_ref()?, row)?;
            Some((contact, row))
        })
    }
}

fn literal(ids: &ArrayRef, row: usize) -> Result<Expr, RunError> {
    let value = ScalarValue::try_from_array(ids, row).map_err(EngineError::from)?;
    Ok(lit(value))
}
