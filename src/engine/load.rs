//! Loads the canonical tables: opens the sources, stages them in SQL, keeps one row a key, and accounts for every row.

mod triage;
mod unsaid;

pub(crate) use self::triage::with_reason;
pub use self::unsaid::Unsaid;

use self::triage::{NOT_KEPT, RECORDED_AT, Triage, Triaged, amounts};
use super::EngineError;
use super::columns::{column, text_column, texts, value_at};
use super::contract;
use super::ids;
use super::quotes::QuoteCheck;
use super::session::{self, Query};
use super::set_aside::{Cells, RowCounts, SetAsideRow, locate, reason};
pub(crate) use super::source::SOURCE_ROW;
use super::source::{self, OpenSource};
use super::store::RowStore;
use crate::config::Plan;
use crate::config::file::Table;
use crate::config::plan::Source;
use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::ArrowNativeType;
use datafusion::common::runtime::SpawnedTask;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::scalar::ScalarValue;
use futures::future::join_all;
use futures::{StreamExt, stream};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// The canonical tables, registered in the session under their names, and what became of every row.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Rows read, used, out of scope and set aside, per given table; touchpoints are counted when they are read.
    pub counts: BTreeMap<Table, RowCounts>,
    /// The rejected rows of all tables but touchpoints.
    pub set_aside: Vec<SetAsideRow>,
    /// Touchpoints that count as one with an earlier touch of the same person; among those out of scope.
    pub collapsed: u64,
    /// Whether transactions are given that have no column of amounts.
    pub lacks_amounts: bool,
    /// What the opportunities do not say.
    pub unsaid: Unsaid,
    /// The names of the cells of a touchpoint's source row.
    pub touch_cells: Vec<String>,
    touch_quotes: QuoteCheck,
}

impl Loaded {
    /// Waits for the look at the quotes of touchpoints; where one swallowed rows, it says more than whatever came of it.
    ///
    /// # Errors
    /// A quote that is never closed, or closes within a cell.
    pub async fn check_touch_quotes(&mut self) -> Result<(), EngineError> {
        std::mem::take(&mut self.touch_quotes).done().await
    }
}

/// Loads everything but the rows of touchpoints, which stay a view called `touchpoints`. Large tables wait in the folder
/// `scratch`, where there is one.
///
/// # Errors
/// Structural faults of the sources, a second currency, or SQL of the configuration that does not plan. Of touchpoints
/// [`Loaded::check_touch_quotes`] says whether their quotes are sound, which it may take until they have been read to find out.
pub async fn load(ctx: &SessionContext, plan: &Plan, scratch: Option<&Path>) -> Result<Loaded, EngineError> {
    let mut checks: BTreeMap<Table, QuoteCheck> =
        plan.sources.iter().map(|(&table, source)| (table, QuoteCheck::start(source))).collect();
    let loaded = load_tables(ctx, plan, scratch).await;
    let of_touches = loaded.is_ok().then(|| checks.remove(&Table::Touchpoints)).flatten();
    // As for touchpoints, before what came of it.
    for check in checks.into_values() {
        check.done().await?;
    }
    Ok(Loaded { touch_quotes: of_touches.unwrap_or_default(), ..loaded? })
}

async fn load_tables(ctx: &SessionContext, plan: &Plan, scratch: Option<&Path>) -> Result<Loaded, EngineError> {
    let mut sources = open_all(ctx, plan).await?;
    ids::unify(&mut sources)?;
    let (absent, cells) = (BTreeMap::new(), BTreeMap::new());
    let mut loader = Loader { ctx, plan, scratch, absent, cells, loaded: Loaded::default() };
    for (table, source) in sources {
        ctx.register_table(format!("source_{}", table.name()), source.rows.into_view())?;
        loader.absent.insert(table, source.absent);
        loader.cells.insert(table, source.cell_names);
    }
    // Contacts, opportunities and transactions look at accounts, roles at contacts, deals at opportunities.
    loader.stage(&[(Table::Accounts, include_str!("../../sql/stage/accounts.sql"))]).await?;
    // What is mostly the largest comes first, so that it is read while the others are planned.
    let others = [
        (Table::Opportunities, include_str!("../../sql/stage/opportunities.sql")),
        (Table::Spend, include_str!("../../sql/stage/spend.sql")),
        (Table::Contacts, include_str!("../../sql/stage/contacts.sql")),
        (Table::Campaigns, include_str!("../../sql/stage/campaigns.sql")),
        (Table::Experiments, include_str!("../../sql/stage/experiments.sql")),
        (Table::Transactions, include_str!("../../sql/stage/transactions.sql")),
    ];
    loader.stage(&others).await?;
    loader.stage(&[(Table::ContactRoles, include_str!("../../sql/stage/contact_roles.sql"))]).await?;
    if plan.source(Table::Deals).is_some() {
        loader.stage(&[(Table::Deals, include_str!("../../sql/stage/deals.sql"))]).await?;
    } else {
        session::register_view(ctx, "deals", include_str!("../../sql/stage/deals_of_opportunities.sql")).await?;
    }
    loader.loaded.set_aside.sort_by_key(|row| row.table);
    loader.loaded.lacks_amounts =
        plan.source(Table::Transactions).is_some() && loader.lacks(Table::Transactions, "amount");
    let touchpoints = loader.view(include_str!("../../sql/stage/touchpoints.sql")).await?;
    ctx.register_table("touchpoints", touchpoints.into_view())?;
    loader.loaded.touch_cells = loader.cells.remove(&Table::Touchpoints).unwrap_or_default();
    Ok(loader.loaded)
}

/// Opens the given sources; a table that is not given has no rows.
async fn open_all(ctx: &SessionContext, plan: &Plan) -> Result<BTreeMap<Table, OpenSource>, EngineError> {
    let mut sources = BTreeMap::new();
    for table in Table::ALL {
        let source = match plan.source(table) {
            Some(source) => source::open(ctx, source).await?,
            None => source::absent(ctx, table)?,
        };
        sources.insert(table, source);
    }
    Ok(sources)
}

struct Loader<'a> {
    ctx: &'a SessionContext,
    plan: &'a Plan,
    scratch: Option<&'a Path>,
    /// The columns that sources do not have.
    absent: BTreeMap<Table, Vec<&'static str>>,
    cells: BTreeMap<Table, Vec<String>>,
    loaded: Loaded,
}

impl Loader<'_> {
    /// Plans a stage file with the run's parameters.
    async fn view(&self, sql: &str) -> Result<DataFrame, EngineError> {
        let given = |table| ScalarValue::from(self.plan.source(table).is_some());
        let values = [
            ("as_of", ScalarValue::TimestampMicrosecond(self.plan.as_of, Some("UTC".into()))),
            ("as_of_day", ScalarValue::Date32(self.plan.as_of_day())),
            ("has_accounts", given(Table::Accounts)),
            ("has_contacts", given(Table::Contacts)),
            ("deals_given", given(Table::Deals)),
            ("has_amount", ScalarValue::from(!self.lacks(Table::Transactions, "amount"))),
            ("unknown_channel", ScalarValue::from(contract::UNKNOWN_CHANNEL)),
        ];
        Ok(session::read_with(self.ctx, sql, &values).await?)
    }

    fn lacks(&self, table: Table, column: &str) -> bool {
        self.absent[&table].contains(&column)
    }

    /// Stages tables that do not read each other, side by side, and registers their canonical rows under their names; one after
    /// the other where memory is limited, which each of them is then to have for itself.
    async fn stage(&mut self, tables: &[(Table, &str)]) -> Result<(), EngineError> {
        let reads = tables.iter().map(|&(table, sql)| self.read(table, sql));
        let staged = match session::has_limited_memory(self.ctx) {
            true => stream::iter(reads).then(|read| read).collect().await,
            false => join_all(reads).await,
        };
        tables.iter().zip(staged).try_for_each(|(&(table, _), read)| {
            let (triaged, set_aside) = read?;
            self.keep(table, triaged, set_aside)
        })
    }

    /// Reads one table and tells its rows apart; those rejected are found in its files.
    async fn read(&self, table: Table, sql: &str) -> Result<(Triaged, Vec<SetAsideRow>), EngineError> {
        let stage = format!("stage_{}", table.name());
        let mut view = self.view(sql).await?;
        let Some(source) = self.plan.source(table) else {
            let nothing = RecordBatch::new_empty(Arc::clone(view.schema().inner()));
            return Ok((Triaged::of_nothing(table, &nothing)?, Vec::new()));
        };
        let of_accounts = match table {
            Table::Opportunities => Some(include_str!("../../sql/stage/opportunities_of_accounts.sql")),
            Table::Transactions => Some(include_str!("../../sql/stage/transactions_of_accounts.sql")),
            _ => None,
        };
        if let Some(sql) = of_accounts.filter(|_| self.plan.source(Table::Accounts).is_some()) {
            self.ctx.register_table(&stage, view.into_view())?;
            view = self.view(sql).await?;
            self.ctx.deregister_table(&stage)?;
        }
        // Nulls in place of times would be held as long as these.
        if self.lacks(table, RECORDED_AT) {
            view = view.drop_columns(&[RECORDED_AT])?;
        }
        let used = RowStore::new(self.scratch, table.name());
        let triaged = self.triage(source, view.clone().drop_columns(&[SOURCE_ROW])?, used).await?;
        if triaged.rejected.num_rows() == 0 {
            return Ok((triaged, Vec::new()));
        }
        // Only rejected rows are asked what stood in their files.
        let compared = RowStore::new(self.scratch, &format!("{}_compared", table.name()));
        let rejected = self.triage(source, view.filter(triaged.could_be_rejected(table)?)?, compared).await?.rejected;
        let (source, cell_names) = (source.clone(), self.cells[&table].clone());
        let expected = triaged.counts.set_aside.rows;
        let find = move || set_aside_rows(&source, &cell_names, &rejected, expected);
        let set_aside = session::joined_task(SpawnedTask::spawn_blocking(find)).await??;
        Ok((triaged, set_aside))
    }

    /// Accounts for the rows of a table and registers those that are used.
    fn keep(&mut self, table: Table, triaged: Triaged, mut set_aside: Vec<SetAsideRow>) -> Result<(), EngineError> {
        if let Some(source) = self.plan.source(table) {
            // Marts of nothing would take the place of those of an earlier run.
            if let Some(why) = why_nothing_is_left(table, &triaged.counts, &set_aside) {
                return Err(source.fault(why));
            }
            self.loaded.set_aside.append(&mut set_aside);
            self.loaded.counts.insert(table, triaged.counts);
            triaged.check(table, &self.plan.finance.currency)?;
        }
        if table == Table::Opportunities {
            self.loaded.unsaid = triaged.unsaid;
        }
        if let Some(later) = triaged.later {
            session::register_rows(self.ctx, &format!("later_{}", table.name()), later)?;
        }
        let left_out: Vec<&str> = NOT_KEPT.into_iter().chain([SOURCE_ROW]).collect();
        triaged.used.register(self.ctx, table.name(), &left_out)
    }

    /// Reads a stage and tells used, out-of-scope and rejected rows apart, beside the other tables.
    async fn triage(&self, source: &Source, view: DataFrame, good: RowStore) -> Result<Triaged, EngineError> {
        let (own_currency, schema) = (self.plan.finance.currency.clone(), Arc::clone(view.schema().inner()));
        let mut triage = Triage::new(source.table, own_currency, schema, good);
        let triaged = Query::start(async move {
            let mut stream = view.execute_stream().await?;
            while let Some(rows) = stream.next().await.transpose()? {
                if let Err(error) = triage.add(rows) {
                    return Ok(Err(error));
                }
            }
            drop(stream);
            Ok(triage.finish())
        });
        triaged.rows().await.map_err(|error| source.explain(&error))?
    }
}

/// Why a table without which there is nothing to tell has no row that is used, where it has some.
fn why_nothing_is_left(table: Table, counts: &RowCounts, rejected: &[SetAsideRow]) -> Option<String> {
    let RowCounts { read, used, out_of_scope, set_aside, .. } = counts;
    match (table, SetAsideRow::first(rejected.iter())) {
        (Table::Opportunities | Table::Deals, Some(first)) if read.rows == set_aside.rows => {
            Some(first.why_none_can_be_used(read.rows))
        }
        (Table::Opportunities, first) if read.rows > 0 && used.rows == 0 => {
            let set_aside = first.map_or_else(String::new, |first| {
                format!(", others set aside, the first for {}", first.reason_and_remedy())
            });
            Some(format!(
                "none of its {} rows can be used: {} are later than the as-of date, or hang on accounts that are{set_aside}; give a later as-of date",
                read.rows, out_of_scope.rows
            ))
        }
        _ => None,
    }
}

/// The column [`SOURCE_ROW`] of rows.
pub(crate) struct SourceRows {
    texts: StringArray,
    ends: OffsetBuffer<i32>,
}

impl SourceRows {
    /// Of rows that have it.
    ///
    /// # Errors
    /// Rows without it: a bug.
    pub(crate) fn of(rows: &RecordBatch) -> Result<Self, EngineError> {
        let rows = column(rows, SOURCE_ROW)?.as_list::<i32>();
        Ok(Self { texts: texts(rows.values())?, ends: rows.offsets().clone() })
    }

    /// The texts of a row; empty where there is none.
    pub(crate) fn cells(&self, row: usize) -> impl Iterator<Item = &str> {
        let cells = self.ends[row].as_usize()..self.ends[row + 1].as_usize();
        cells.map(|cell| if self.texts.is_valid(cell) { self.texts.value(cell) } else { "" })
    }
}

/// Rows of a source with a `reason` and a `source_row` as rows to set aside, sorted, with their places in its files; `expected`
/// is how many were rejected when it was read for the run.
///
/// # Errors
/// A file that cannot be read; other rows than before.
pub(crate) fn set_aside_rows(
    source: &Source,
    cell_names: &[String],
    rejected: &RecordBatch,
    expected: u64,
) -> Result<Vec<SetAsideRow>, EngineError> {
    if rejected.num_rows() as u64 != expected {
        return Err(source.fault(format!(
            "rejected {expected} rows when it was read, and {} of them when they were looked for again; where its sql numbers, limits or picks rows, order them by columns that tell all rows apart",
            rejected.num_rows()
        )));
    }
    if rejected.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let table = source.table;
    let reasons = text_column(rejected, "reason")?;
    let keys = contract::key(table).map(|name| text_column(rejected, name)).transpose()?;
    let amounts = amounts(rejected, "amount");
    let (source_rows, names) = (SourceRows::of(rejected)?, Arc::from(cell_names));
    let rows = (0..rejected.num_rows()).map(|position| {
        let key = keys.as_ref().and_then(|keys| value_at(keys, position)).map(str::to_owned);
        SetAsideRow {
            table,
            reason: reason(reasons.value(position)),
            key,
            amount: amounts.and_then(|amounts| value_at(amounts, position)),
            cells: Cells::new(&names, source_rows.cells(position)),
            file: None,
            line: None,
        }
    });
    let mut rows: Vec<SetAsideRow> = rows.collect();
    rows.sort();
    locate(source, &mut rows)?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::file::Format;
    use crate::config::plan::CsvLayout;
    use arrow::datatypes::Schema;

    #[test]
    fn rejected_rows_that_are_not_found_again_end_the_run() {
        let source = Source {
            table: Table::Deals,
            given: "deals.csv".to_owned(),
            files: Vec::new(),
            format: Format::Csv,
            layout: CsvLayout::plain(b','),
            columns: BTreeMap::new(),
            sql: None,
            with: BTreeMap::new(),
        };
        let nothing = RecordBatch::new_empty(Arc::new(Schema::empty()));
        assert!(set_aside_rows(&source, &[], &nothing, 0).unwrap().is_empty());
        let error = set_aside_rows(&source, &[], &nothing, 1).unwrap_err().to_string();
        assert!(
            error.starts_with("table deals (deals.csv): rejected 1 rows when it was read, and 0 of them"),
            "{error}"
        );
    }
}
