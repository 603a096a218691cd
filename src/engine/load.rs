//! Loads the canonical tables: opens the sources, stages them in SQL, keeps one row a key, and accounts for every row.

use super::EngineError;
use super::columns::column;
use super::contract;
use super::ids;
use super::session;
use super::set_aside::{RowCounts, SetAsideRow, locate, reason};
pub(crate) use super::source::SOURCE_ROW;
use super::source::{self, OpenSource};
use super::store::{RowStore, StoredRows, without};
use super::unique::keep_one;
use crate::config::Plan;
use crate::config::file::Table;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::{and, cast, concat, concat_batches, filter_record_batch, is_null, not, nullif};
use arrow::datatypes::{DataType, Int64Type, Schema};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion::scalar::ScalarValue;
use futures::StreamExt;
use futures::future::join_all;
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
    /// The names of the cells of a touchpoint's source row.
    pub touch_cells: Vec<String>,
}

/// Loads everything but the rows of touchpoints, which stay a view called `touchpoints`. Large tables wait in the folder
/// `scratch`, where there is one.
///
/// # Errors
/// Structural faults of the sources, a second currency, or SQL of the configuration that does not plan.
pub async fn load(ctx: &SessionContext, plan: &Plan, scratch: Option<&Path>) -> Result<Loaded, EngineError> {
    let mut sources = open_all(ctx, plan).await?;
    ids::unify(&mut sources)?;
    let mut loader = Loader { ctx, plan, scratch, cells: BTreeMap::new(), loaded: Loaded::default() };
    for (table, source) in sources {
        ctx.register_table(format!("source_{}", table.name()), source.rows.into_view())?;
        loader.cells.insert(table, source.cell_names);
    }
    // Contacts and opportunities look at accounts, roles at contacts, deals at opportunities.
    loader.stage(&[(Table::Accounts, include_str!("../../sql/stage/accounts.sql"))]).await?;
    let others = [
        (Table::Contacts, include_str!("../../sql/stage/contacts.sql")),
        (Table::Campaigns, include_str!("../../sql/stage/campaigns.sql")),
        (Table::Opportunities, include_str!("../../sql/stage/opportunities.sql")),
        (Table::Spend, include_str!("../../sql/stage/spend.sql")),
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
        plan.source(Table::Transactions).is_some() && !loader.has_column(Table::Transactions, "amount");
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
    cells: BTreeMap<Table, Vec<String>>,
    loaded: Loaded,
}

/// The rows of a stage, told apart.
struct Split {
    used: StoredRows,
    rejected: RecordBatch,
    /// The keys of rows that are out of scope, where others hang on them.
    later: Option<RecordBatch>,
    counts: RowCounts,
}

/// Columns of a stage that are counted and not kept.
const COUNTED: [&str; 5] = ["is_rounded", "is_uncounted", "is_kind_of_type", "is_end_unsaid", "amount_beyond"];

/// Columns of a stage that are not kept: the stage itself is asked for them.
const UNKEPT: [&str; 2] = ["stage", "unbooked"];

/// The tables that others hang on: a row of these that is out of scope takes with it what hangs on it.
const PARENTS: [Table; 3] = [Table::Accounts, Table::Contacts, Table::Opportunities];

impl Split {
    /// A stage without rows. Nothing needs to run for a table that is not given.
    fn of_nothing(table: Table, stage: &RecordBatch) -> Result<Self, EngineError> {
        let used = StoredRows::Held(vec![without(stage, &["in_scope", "reason"])?]);
        let later = parent_keys(table, stage)?;
        Ok(Self { used, rejected: without(stage, &["in_scope"])?, later, counts: RowCounts::default() })
    }
}

impl Loader<'_> {
    /// Plans a stage file with the run's parameters.
    async fn view(&self, sql: &str) -> Result<DataFrame, EngineError> {
        let given = |table| ScalarValue::from(self.plan.source(table).is_some());
        let has_amount = self.has_column(Table::Transactions, "amount");
        let of_touches = |name| ScalarValue::from(self.has_column(Table::Touchpoints, name));
        let stages = |stages: &[String]| session::texts(stages.iter().map(String::as_str));
        let values = [
            ("as_of", ScalarValue::TimestampMicrosecond(self.plan.as_of, Some("UTC".into()))),
            ("as_of_day", ScalarValue::Date32(self.plan.as_of_day())),
            ("has_accounts", given(Table::Accounts)),
            ("has_contacts", given(Table::Contacts)),
            ("deals_given", given(Table::Deals)),
            ("has_amount", ScalarValue::from(has_amount)),
            ("has_responded", of_touches("responded")),
            ("has_recorded_at", of_touches("recorded_at")),
            ("won_stages", stages(&self.plan.stages.won)),
            ("lost_stages", stages(&self.plan.stages.lost)),
        ];
        Ok(session::read_with(self.ctx, sql, &values).await?)
    }

    fn has_column(&self, table: Table, canonical: &str) -> bool {
        let wanted = self.plan.source(table).and_then(|source| source.columns.get(canonical));
        let wanted = wanted.map_or(canonical, String::as_str);
        self.cells[&table].iter().any(|name| name.eq_ignore_ascii_case(wanted))
    }

    /// Stages tables that do not read each other, side by side, and registers their canonical rows under their names.
    async fn stage(&mut self, tables: &[(Table, &str)]) -> Result<(), EngineError> {
        let staged = join_all(tables.iter().map(|&(table, sql)| self.read(table, sql))).await;
        tables.iter().zip(staged).try_for_each(|(&(table, _), split)| self.keep(table, split?))
    }

    /// Reads one table and tells its rows apart.
    async fn read(&self, table: Table, sql: &str) -> Result<Split, EngineError> {
        let stage = format!("stage_{}", table.name());
        let mut view = self.view(sql).await?;
        if self.plan.source(table).is_none() {
            return Split::of_nothing(table, &RecordBatch::new_empty(Arc::clone(view.schema().inner())));
        }
        if table == Table::Opportunities && self.plan.source(Table::Accounts).is_some() {
            self.ctx.register_table(&stage, view.into_view())?;
            view = self.view(include_str!("../../sql/stage/opportunities_of_accounts.sql")).await?;
            self.ctx.deregister_table(&stage)?;
        }
        let mut split = self.split(table, &view, false).await?;
        // Only rejected rows are asked what stood in their files.
        if split.rejected.num_rows() > 0 {
            split = self.split(table, &view, true).await?;
        }
        // Only of ends that nothing says are the stages asked, once all dates are known.
        if split.counts.ends_unsaid > 0 {
            self.ctx.register_table(&stage, view.into_view())?;
        }
        Ok(split)
    }

    /// Accounts for the rows of a table and registers those that are used.
    fn keep(&mut self, table: Table, split: Split) -> Result<(), EngineError> {
        if let Some(source) = self.plan.source(table) {
            let mut rejected = self.set_aside_rows(table, &split.rejected)?;
            rejected.sort();
            locate(source, &mut rejected)?;
            self.loaded.set_aside.append(&mut rejected);
            self.loaded.counts.insert(table, split.counts);
            for rows in split.used.batches()? {
                check_currency(table, &rows?, &self.plan.finance.currency)?;
            }
            check_total(table, &split)?;
        }
        if let Some(later) = split.later {
            session::register_rows(self.ctx, &format!("later_{}", table.name()), later)?;
        }
        let left_out: Vec<&str> = COUNTED.into_iter().chain([SOURCE_ROW]).collect();
        split.used.register(self.ctx, table.name(), &left_out)
    }

    /// Reads a stage and tells used, out-of-scope and rejected rows apart.
    async fn split(&self, table: Table, view: &DataFrame, with_source_row: bool) -> Result<Split, EngineError> {
        let fault = |error| match self.plan.source(table) {
            Some(source) => source.explain(&error),
            None => error.into(),
        };
        let view = view.clone().drop_columns(&UNKEPT)?;
        let view = if with_source_row { view } else { view.drop_columns(&[SOURCE_ROW])? };
        let mut schema = Arc::clone(view.schema().inner());
        let mut stream = view.execute_stream().await.map_err(fault)?;
        let mut counts = RowCounts::default();
        let mut good = RowStore::new(self.scratch, table.name());
        let key = contract::key(table);
        let (mut used_keys, mut later, mut bad) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(rows) = stream.next().await.transpose().map_err(fault)? {
            // The plan and its rows may disagree on what can be null; the rows win.
            let rows = own_currency(rows, &self.plan.finance.currency)?;
            schema = rows.schema();
            count(&mut counts.read, &rows);
            let is_good = is_null(column(&rows, "reason")?)?;
            let in_scope = column(&rows, "in_scope")?.as_boolean();
            let (is_used, is_beyond) = (and(&is_good, in_scope)?, and(&is_good, &not(in_scope)?)?);
            if is_beyond.true_count() > 0 {
                let rows = filter_record_batch(&rows, &is_beyond)?;
                count(&mut counts.out_of_scope, &rows);
                later.extend(parent_keys(table, &rows)?);
            }
            if is_good.false_count() > 0 {
                bad.push(filter_record_batch(&rows, &not(&is_good)?)?);
            }
            let rows =
                if is_used.true_count() == rows.num_rows() { rows } else { filter_record_batch(&rows, &is_used)? };
            let rows = without(&rows, &["in_scope", "reason"])?;
            used_keys.extend(key.map(|key| column(&rows, key).cloned()).transpose()?);
            good.push(rows)?;
        }
        drop(stream);
        let mut good = good.finish()?;
        let mut rejected = without(&concat_batches(&schema, &bad)?, &["in_scope"])?;
        let one = || {
            let batches = good.batches()?.collect::<Result<Vec<_>, _>>()?;
            Ok(concat_batches(&batches[0].schema(), &batches)?)
        };
        if let Some((rows, keep)) = unique(&used_keys, one)? {
            let repeated =
                with_reason(&filter_record_batch(&rows, &not(&keep)?)?, &rejected.schema(), "duplicate_key")?;
            rejected = concat_batches(&rejected.schema(), [&rejected, &repeated])?;
            good = StoredRows::Held(vec![filter_record_batch(&rows, &keep)?]);
        }
        for rows in good.batches()? {
            let rows = rows?;
            count(&mut counts.used, &rows);
            counts.rounded += marked(&rows, "is_rounded");
            counts.uncounted += marked(&rows, "is_uncounted");
            counts.kinds_of_type += marked(&rows, "is_kind_of_type");
            counts.ends_unsaid += marked(&rows, "is_end_unsaid");
            let beyond = amounts(&rows, "amount_beyond").map_or(0, |amounts| or_zero(amounts).map(i128::from).sum());
            counts.used.amount -= beyond;
            counts.out_of_scope.amount += beyond;
        }
        count(&mut counts.set_aside, &rejected);
        let none = Split::of_nothing(table, &RecordBatch::new_empty(schema))?;
        if matches!(&good, StoredRows::Held(batches) if batches.is_empty()) {
            good = none.used;
        }
        let later = none.later.map(|none| distinct(&none, &later)).transpose()?;
        Ok(Split { used: good, rejected, later, counts })
    }

    /// The rejected rows, with the text that their files have.
    fn set_aside_rows(&self, table: Table, rejected: &RecordBatch) -> Result<Vec<SetAsideRow>, EngineError> {
        set_aside_rows(table, &self.cells[&table], rejected)
    }
}

/// Rows with a `reason` and a `source_row` as rows to set aside.
pub(crate) fn set_aside_rows(
    table: Table,
    cell_names: &[String],
    rejected: &RecordBatch,
) -> Result<Vec<SetAsideRow>, EngineError> {
    if rejected.num_rows() == 0 {
        return Ok(Vec::new());
    }
    let texts = |name: &str| -> Result<ArrayRef, EngineError> { Ok(cast(column(rejected, name)?, &DataType::Utf8)?) };
    let reasons = texts("reason")?;
    let keys = contract::key(table).map(texts).transpose()?;
    let amounts = amounts(rejected, "amount");
    let source_rows = column(rejected, SOURCE_ROW)?.as_list::<i32>();
    let rows = (0..rejected.num_rows()).map(|position| {
        let cells = cast(&source_rows.value(position), &DataType::Utf8)?;
        let cells = cell_names.iter().cloned().zip(cells.as_string::<i32>().iter().map(|text| text.map(str::to_owned)));
        let cells = cells.map(|(name, text)| (name, text.filter(|text| !text.is_empty()))).collect();
        let key = keys.as_ref().and_then(|keys| {
            let keys = keys.as_string::<i32>();
            keys.is_valid(position).then(|| keys.value(position).to_owned())
        });
        Ok(SetAsideRow {
            table,
            reason: reason(reasons.as_string::<i32>().value(position)),
            key,
            amount: amounts.and_then(|amounts| amounts.is_valid(position).then(|| amounts.value(position))),
            cells,
            file: None,
            line: None,
        })
    });
    rows.collect()
}

fn check_currency(table: Table, used: &RecordBatch, expected: &str) -> Result<(), EngineError> {
    let Some(currencies) = currencies(used)? else { return Ok(()) };
    let other = currencies.as_string::<i32>().iter().flatten().filter(|found| is_other(found, expected));
    match other.map(str::trim).min() {
        None => Ok(()),
        Some(found) => Err(EngineError::Currency { table, found: found.to_owned(), expected: expected.to_owned() }),
    }
}

/// Rows without the amounts in another currency, which no sum may hold. If such a row is used, the run is refused for it.
fn own_currency(rows: RecordBatch, own: &str) -> Result<RecordBatch, EngineError> {
    let (Some(currencies), Ok(amount)) = (currencies(&rows)?, rows.schema().index_of("amount")) else {
        return Ok(rows);
    };
    let others = currencies.as_string::<i32>().iter().map(|found| found.is_some_and(|found| is_other(found, own)));
    let others = BooleanArray::from_iter(others.map(Some));
    if others.true_count() == 0 {
        return Ok(rows);
    }
    let mut columns = rows.columns().to_vec();
    columns[amount] = nullif(&columns[amount], &others)?;
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}

/// The currencies that rows name, as text; `None` where none does.
fn currencies(rows: &RecordBatch) -> Result<Option<ArrayRef>, EngineError> {
    let named = rows.column_by_name("currency").filter(|named| named.null_count() < named.len());
    Ok(named.map(|named| cast(named, &DataType::Utf8)).transpose()?)
}

fn is_other(currency: &str, own: &str) -> bool {
    !currency.trim().eq_ignore_ascii_case(own)
}

/// Any sum of a table's amounts must fit the marts' DECIMAL(18), so that no later sum can overflow; nor may the sums
/// of the rows that take no part.
fn check_total(table: Table, split: &Split) -> Result<(), EngineError> {
    let mut used = 0_u128;
    for rows in split.used.batches()? {
        let rows = rows?;
        used += amounts(&rows, "amount")
            .map_or(0, |amounts| or_zero(amounts).map(|amount| u128::from(amount.unsigned_abs())).sum());
    }
    let others = [split.counts.read, split.counts.out_of_scope, split.counts.set_aside];
    let sums = others.map(|tally| tally.amount.unsigned_abs());
    if sums.into_iter().chain([used]).all(|sum| sum < 10_u128.pow(18)) {
        Ok(())
    } else {
        Err(EngineError::TooLarge { table })
    }
}

fn amounts<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a Int64Array> {
    rows.column_by_name(name).and_then(|amounts| amounts.as_primitive_opt::<Int64Type>())
}

/// How many rows a flag marks; none where the table has no such flag.
fn marked(rows: &RecordBatch, name: &str) -> u64 {
    rows.column_by_name(name).map_or(0, |marks| marks.as_boolean().true_count() as u64)
}

/// The keys of rows, where others hang on them.
fn parent_keys(table: Table, rows: &RecordBatch) -> Result<Option<RecordBatch>, EngineError> {
    let Some(key) = contract::key(table).filter(|_| PARENTS.contains(&table)) else { return Ok(None) };
    Ok(Some(rows.project(&[rows.schema().index_of(key)?])?))
}

/// Each of the keys once; `none` has their schema.
fn distinct(none: &RecordBatch, keys: &[RecordBatch]) -> Result<RecordBatch, EngineError> {
    let keys = concat_batches(&none.schema(), keys)?;
    let once = unique(&[keys.column(0).clone()], || Ok(keys.clone()))?;
    Ok(match once {
        Some((keys, keep)) => filter_record_batch(&keys, &keep)?,
        None => keys,
    })
}

/// Amounts, or zero where there is none. Which are missing cannot be foretold, so no jump depends on it.
fn or_zero(amounts: &Int64Array) -> impl Iterator<Item = i64> {
    let nulls = amounts.nulls();
    let values = amounts.values().iter().enumerate();
    values.map(move |(row, &amount)| amount * i64::from(nulls.is_none_or(|nulls| nulls.is_valid(row))))
}

fn count(tally: &mut super::set_aside::Tally, rows: &RecordBatch) {
    tally.rows += rows.num_rows() as u64;
    tally.amount += amounts(rows, "amount").map_or(0, |amounts| or_zero(amounts).map(i128::from).sum::<i128>());
}

/// Which rows to keep so that the keys in these pieces are unique; `None` when they are, or there is no row.
fn unique(
    keys: &[ArrayRef],
    rows: impl FnOnce() -> Result<RecordBatch, EngineError>,
) -> Result<Option<(RecordBatch, BooleanArray)>, EngineError> {
    if keys.is_empty() {
        return Ok(None);
    }
    let keys: Vec<&dyn Array> = keys.iter().map(AsRef::as_ref).collect();
    keep_one(&concat(&keys)?, rows)
}

/// Rows with one reason for all, in the schema of rows that have some.
fn with_reason(rows: &RecordBatch, schema: &Arc<Schema>, reason: &str) -> Result<RecordBatch, EngineError> {
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        "reason" => {
            let texts = ScalarValue::from(reason).to_array_of_size(rows.num_rows())?;
            Ok(cast(&texts, field.data_type())?)
        }
        name => Ok(Arc::clone(column(rows, name)?)),
    });
    Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, EngineError>>()?)?)
}
