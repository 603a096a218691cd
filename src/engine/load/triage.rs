//! The rows of a stage, told apart: used, out of scope, or rejected with a reason.

use super::unsaid::{COLUMNS as UNSAID, Unsaid, UnsaidRows};
use crate::config::file::Table;
use crate::engine::EngineError;
use crate::engine::columns::{column, texts};
use crate::engine::contract;
use crate::engine::functions::among;
use crate::engine::ids::id_columns;
use crate::engine::set_aside::{RowCounts, Tally};
use crate::engine::store::{RowStore, StoredRows, without};
use crate::engine::unique::keep_one;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::{and, cast, concat_batches, filter_record_batch, is_null, not, nullif};
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use datafusion::logical_expr::{Expr, col};
use datafusion::scalar::ScalarValue;
use std::sync::Arc;

/// The rows of a stage, told apart.
pub(super) struct Triaged {
    pub(super) used: StoredRows,
    pub(super) rejected: RecordBatch,
    /// The keys of rows that are out of scope, where others hang on them.
    pub(super) later: Option<RecordBatch>,
    pub(super) counts: RowCounts,
    pub(super) unsaid: Unsaid,
    of_used: OfUsed,
}

/// Of rows with one key that recorded last is kept.
pub(super) const RECORDED_AT: &str = "recorded_at";

/// Columns of a stage that tell which rows are kept, or are counted, and are no more of use then.
pub(super) const NOT_KEPT: [&str; 5] = [RECORDED_AT, "is_rounded", "is_uncounted", "is_kind_of_type", "amount_beyond"];

/// Columns of a stage that used and rejected rows do not have.
const NOT_USED: [&str; 6] = ["in_scope", "reason", UNSAID[0], UNSAID[1], UNSAID[2], UNSAID[3]];
const NOT_REJECTED: [&str; 5] = ["in_scope", UNSAID[0], UNSAID[1], UNSAID[2], UNSAID[3]];

/// The tables that others hang on: a row of these that is out of scope takes with it what hangs on it.
const PARENTS: [Table; 3] = [Table::Accounts, Table::Contacts, Table::Opportunities];

impl Triaged {
    /// A stage without rows. Nothing needs to run for a table that is not given.
    pub(super) fn of_nothing(table: Table, stage: &RecordBatch) -> Result<Self, EngineError> {
        let used = StoredRows::Held(vec![without(stage, &NOT_USED)?]);
        let later = parent_keys(table, stage)?;
        let rejected = without(stage, &NOT_REJECTED)?;
        let (counts, unsaid, of_used) = (RowCounts::default(), Unsaid::default(), OfUsed::default());
        Ok(Self { used, rejected, later, counts, unsaid, of_used })
    }

    /// The rows of the stage among which those rejected are, and what they were compared with: all that share their keys, so
    /// that the filter can be pushed below the stage's joins.
    pub(super) fn could_be_rejected(&self, table: Table) -> Result<Expr, EngineError> {
        let Some(key) = contract::key(table) else { return Ok(col("reason").is_not_null()) };
        let keys = column(&self.rejected, key)?;
        let is_one = among(col(key), Arc::clone(keys))?;
        Ok(if keys.null_count() > 0 { is_one.or(col(key).is_null()) } else { is_one })
    }

    /// Refuses used money in another currency than `own`, and a table whose amounts are too large.
    pub(super) fn check(&self, table: Table, own: &str) -> Result<(), EngineError> {
        if let Some(found) = &self.of_used.other_currency {
            return Err(EngineError::Currency { table, found: found.clone(), expected: own.to_owned() });
        }
        // Any sum of a table's amounts must fit the marts' DECIMAL(18), so that no later sum can overflow; nor may the sums
        // of the rows that take no part.
        let others = [self.counts.read, self.counts.out_of_scope, self.counts.set_aside];
        let sums = others.map(|tally| tally.amount.unsigned_abs());
        if sums.into_iter().chain([self.of_used.magnitude]).all(|sum| sum < 10_u128.pow(18)) {
            Ok(())
        } else {
            Err(EngineError::TooLarge { table })
        }
    }
}

/// Triages a stage, batch by batch.
pub(super) struct Triage {
    table: Table,
    own_currency: String,
    schema: SchemaRef,
    counts: RowCounts,
    good: RowStore,
    keys: Vec<ArrayRef>,
    later: Vec<RecordBatch>,
    bad: Vec<RecordBatch>,
    unsaid: UnsaidRows,
    /// Of rows that are used so far, repeats among them.
    of_used: OfUsed,
}

/// What is counted of used rows.
#[derive(Debug, Default)]
struct OfUsed {
    rows: usize,
    amount: i128,
    /// The sum of amounts without their signs.
    magnitude: u128,
    /// What of the amount lies beyond the as-of date.
    beyond: i128,
    rounded: u64,
    uncounted: u64,
    kinds_of_type: u64,
    /// The least of the other currencies that they name.
    other_currency: Option<String>,
}

impl OfUsed {
    fn add(&mut self, rows: &RecordBatch, own_currency: &str) -> Result<(), EngineError> {
        self.rows += rows.num_rows();
        for amount in amounts(rows, "amount").into_iter().flat_map(or_zero) {
            self.amount += i128::from(amount);
            self.magnitude += u128::from(amount.unsigned_abs());
        }
        self.beyond += amounts(rows, "amount_beyond").map_or(0, |amounts| or_zero(amounts).map(i128::from).sum());
        self.rounded += marked(rows, "is_rounded");
        self.uncounted += marked(rows, "is_uncounted");
        self.kinds_of_type += marked(rows, "is_kind_of_type");
        let others = [self.other_currency.take(), other_currency(rows, own_currency)?];
        self.other_currency = others.into_iter().flatten().min();
        Ok(())
    }

    /// Adds it to what is counted of all rows.
    fn count(&self, counts: &mut RowCounts) {
        counts.used = Tally { rows: self.rows as u64, amount: self.amount - self.beyond };
        counts.out_of_scope.amount += self.beyond;
        counts.rounded = self.rounded;
        counts.uncounted = self.uncounted;
        counts.kinds_of_type = self.kinds_of_type;
    }
}

impl Triage {
    /// For a stage of this schema, whose good rows wait in a store.
    pub(super) fn new(table: Table, own_currency: String, schema: SchemaRef, good: RowStore) -> Self {
        let counts = RowCounts::default();
        let (keys, later, bad, unsaid) = (Vec::new(), Vec::new(), Vec::new(), UnsaidRows::default());
        Self { table, own_currency, schema, counts, good, keys, later, bad, unsaid, of_used: OfUsed::default() }
    }

    /// Triages one batch.
    pub(super) fn add(&mut self, rows: RecordBatch) -> Result<(), EngineError> {
        let rows = in_own_currency(rows, &self.own_currency)?;
        // The plan and its rows may disagree on what can be null; the rows win.
        self.schema = rows.schema();
        count(&mut self.counts.read, &rows);
        let is_good = is_null(column(&rows, "reason")?)?;
        let in_scope = column(&rows, "in_scope")?.as_boolean();
        let (is_used, is_beyond) = (and(&is_good, in_scope)?, and(&is_good, &not(in_scope)?)?);
        if is_beyond.true_count() > 0 {
            let rows = filter_record_batch(&rows, &is_beyond)?;
            count(&mut self.counts.out_of_scope, &rows);
            self.later.extend(parent_keys(self.table, &rows)?);
        }
        if is_good.false_count() > 0 {
            self.bad.push(filter_record_batch(&rows, &not(&is_good)?)?);
        }
        let rows = if is_used.true_count() == rows.num_rows() { rows } else { filter_record_batch(&rows, &is_used)? };
        self.unsaid.add(&rows, self.of_used.rows)?;
        self.of_used.add(&rows, &self.own_currency)?;
        let rows = without(&rows, &NOT_USED)?;
        self.keys.extend(contract::key(self.table).map(|key| column(&rows, key).cloned()).transpose()?);
        self.good.push(rows)
    }

    /// Keeps one row a key, and counts what is used.
    pub(super) fn finish(self) -> Result<Triaged, EngineError> {
        let Self { table, own_currency, schema, mut counts, keys, later, bad, unsaid, mut of_used, .. } = self;
        let mut used = self.good.finish()?;
        let mut rejected = without(&concat_batches(&schema, &bad)?, &NOT_REJECTED)?;
        let one = || {
            let batches = used.batches()?.collect::<Result<Vec<_>, _>>()?;
            Ok(concat_batches(&batches[0].schema(), &batches)?)
        };
        let unsaid = match unique(table, &keys, one)? {
            None => unsaid.of_kept(|_| true),
            Some((rows, keep)) => {
                let repeated =
                    with_reason(&filter_record_batch(&rows, &not(&keep)?)?, &rejected.schema(), "duplicate_key")?;
                rejected = concat_batches(&rejected.schema(), [&rejected, &repeated])?;
                let kept = filter_record_batch(&rows, &keep)?;
                of_used = OfUsed::default();
                of_used.add(&kept, &own_currency)?;
                used = StoredRows::Held(vec![kept]);
                unsaid.of_kept(|position| keep.value(position))
            }
        };
        of_used.count(&mut counts);
        count(&mut counts.set_aside, &rejected);
        let none = Triaged::of_nothing(table, &RecordBatch::new_empty(schema))?;
        if matches!(&used, StoredRows::Held(batches) if batches.is_empty()) {
            used = none.used;
        }
        let later = none.later.map(|none| distinct(&none, &later)).transpose()?;
        Ok(Triaged { used, rejected, later, counts, unsaid, of_used })
    }
}

/// The least of the other currencies that rows name.
fn other_currency(rows: &RecordBatch, own: &str) -> Result<Option<String>, EngineError> {
    let Some(currencies) = currencies(rows)? else { return Ok(None) };
    let others = currencies.iter().flatten().filter(|found| is_other(found, own));
    Ok(others.map(str::trim).min().map(str::to_owned))
}

/// Rows without the amounts in another currency, which no sum may hold. If such a row is used, the run is refused for it.
fn in_own_currency(rows: RecordBatch, own: &str) -> Result<RecordBatch, EngineError> {
    let Ok(amount) = rows.schema().index_of("amount") else { return Ok(rows) };
    // Whatever this batch names: all batches of a stage have one schema.
    let rows = with_nullable(rows, amount)?;
    let Some(currencies) = currencies(&rows)? else { return Ok(rows) };
    let others = currencies.iter().map(|found| found.is_some_and(|found| is_other(found, own)));
    let others = BooleanArray::from_iter(others.map(Some));
    if others.true_count() == 0 {
        return Ok(rows);
    }
    let mut columns = rows.columns().to_vec();
    columns[amount] = nullif(&columns[amount], &others)?;
    Ok(RecordBatch::try_new(rows.schema(), columns)?)
}

/// Rows of which a column may be null, whatever the stage says.
fn with_nullable(rows: RecordBatch, column: usize) -> Result<RecordBatch, EngineError> {
    let schema = rows.schema();
    let fields = schema.fields().iter().enumerate().map(|(position, field)| match position == column {
        true => Arc::new(field.as_ref().clone().with_nullable(true)),
        false => Arc::clone(field),
    });
    Ok(rows.with_schema(Arc::new(Schema::new(fields.collect::<Vec<_>>())))?)
}

/// The currencies that rows name, as text; `None` where none does.
fn currencies(rows: &RecordBatch) -> Result<Option<StringArray>, EngineError> {
    let named = rows.column_by_name("currency").filter(|named| named.null_count() < named.len());
    named.map(|named| texts(named)).transpose()
}

fn is_other(currency: &str, own: &str) -> bool {
    !currency.trim().eq_ignore_ascii_case(own)
}

pub(super) fn amounts<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a Int64Array> {
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
    let once = keep_one(&keys.columns()[..1], |_| false, || Ok(keys.clone()))?;
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

fn count(tally: &mut Tally, rows: &RecordBatch) {
    tally.rows += rows.num_rows() as u64;
    tally.amount += amounts(rows, "amount").map_or(0, |amounts| or_zero(amounts).map(i128::from).sum::<i128>());
}

/// Which rows to keep so that the keys in these pieces are unique; `None` when they are, or there is no row.
fn unique(
    table: Table,
    keys: &[ArrayRef],
    rows: impl FnOnce() -> Result<RecordBatch, EngineError>,
) -> Result<Option<(RecordBatch, BooleanArray)>, EngineError> {
    let is_id = |name: &str| id_columns(table).any(|(id, _)| id == name);
    keep_one(keys, is_id, rows)
}

/// Rows with one reason for all, in the schema of rows that have some.
///
/// # Errors
/// Rows of other columns: a bug.
pub(crate) fn with_reason(rows: &RecordBatch, schema: &SchemaRef, reason: &str) -> Result<RecordBatch, EngineError> {
    let columns = schema.fields().iter().map(|field| match field.name().as_str() {
        "reason" => {
            let texts = ScalarValue::from(reason).to_array_of_size(rows.num_rows())?;
            Ok(cast(&texts, field.data_type())?)
        }
        name => Ok(Arc::clone(column(rows, name)?)),
    });
    Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<_, EngineError>>()?)?)
}
