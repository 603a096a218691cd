//! The table of what is predicted of every customer of a file.

use crate::config::plan::has_ending;
use crate::engine::EngineError;
use crate::mart::MartError;
use crate::mart::catalogue;
use crate::mart::disk::Disk;
use crate::mart::publication;
use crate::mart::writer::{MartWriter, ROW_GROUP_ROWS};
use crate::pipeline::RunError;
use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use closedloop_core::lifetime::{Estimate, Predictions, PurchaseModel, Summaries};
use rayon::prelude::*;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What the table says beside the predictions.
pub(super) struct PredictionTable<'a> {
    /// Integers or text.
    pub(super) ids: &'a ArrayRef,
    pub(super) has_amounts: bool,
    pub(super) model: PurchaseModel,
    pub(super) summaries: &'a Summaries,
}

/// Refuses an `out` whose predictions are not a folder of nothing but Parquet files.
pub(super) fn check_replaceable(out: &Path) -> Result<(), MartError> {
    let folder = out.join(catalogue::predictions().name);
    let holds_a_table = match std::fs::read_dir(&folder) {
        Ok(mut entries) => entries.all(|entry| entry.is_ok_and(|entry| has_ending(&entry.path(), "parquet"))),
        Err(_) => !folder.exists(),
    };
    if holds_a_table { Ok(()) } else { Err(MartError::NotATable { path: folder }) }
}

impl PredictionTable<'_> {
    /// Writes the predictions into `out`, in place of earlier ones; where they are, and of how many customers.
    pub(super) fn write(&self, predictions: &Predictions, out: &Path) -> Result<(PathBuf, u64), RunError> {
        let customers = self.summaries.len();
        let row_groups = (0..customers.div_ceil(ROW_GROUP_ROWS)).into_par_iter().map(|group| {
            let first = group * ROW_GROUP_ROWS;
            self.rows(predictions, first..customers.min(first + ROW_GROUP_ROWS))
        });
        let row_groups = row_groups.collect::<Result<_, _>>()?;
        let mart = catalogue::predictions();
        let folder = out.join(mart.name);
        check_replaceable(out)?;
        std::fs::create_dir_all(out).map_err(MartError::write(out))?;
        let stage = tempfile::Builder::new().prefix(".staging").tempdir_in(out).map_err(MartError::write(out))?;
        let disk = Disk::default();
        let mut writer = MartWriter::create(stage.path(), &mart, 2, &disk)?;
        writer.write(row_groups)?;
        let written = writer.finish()?;
        disk.finish()?;
        publication::replace(&stage.path().join(mart.name), &folder)?;
        Ok((folder, written.rows))
    }

    /// Some rows of the table.
    fn rows(&self, predictions: &Predictions, rows: Range<usize>) -> Result<RecordBatch, EngineError> {
        let summaries = self.summaries;
        let nothing = || Arc::new(Float64Array::new_null(rows.len())) as ArrayRef;
        let numbers = |values: &[f64]| Arc::new(Float64Array::from(values[rows.clone()].to_vec())) as ArrayRef;
        let of = |estimates: &[Estimate], pick: fn(&Estimate) -> f64| {
            Arc::new(Float64Array::from_iter_values(estimates[rows.clone()].iter().map(pick))) as ArrayRef
        };
        let money = |values: ArrayRef| if self.has_amounts { values } else { nothing() };
        let (purchases, clv, beyond) = (&predictions.purchases, &predictions.clv, predictions.beyond.as_deref());
        let frequency = summaries.x[rows.clone()].iter().map(|&x| i64::from(x));
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("customer_id", cast(&self.ids.slice(rows.start, rows.len()), &DataType::Utf8)?),
            ("model", Arc::new(StringArray::from_iter_values(std::iter::repeat_n(self.model.id(), rows.len())))),
            ("frequency", Arc::new(Int64Array::from_iter_values(frequency))),
            ("recency", numbers(&summaries.t_x)),
            ("observed", numbers(&summaries.t)),
            ("monetary_value", money(numbers(&summaries.mean_value))),
            ("p_alive", numbers(&predictions.p_alive)),
            ("expected_purchases", of(purchases, |estimate| estimate.mean)),
            ("purchases_low", of(purchases, |estimate| estimate.low)),
            ("purchases_high", of(purchases, |estimate| estimate.high)),
            ("expected_value", money(numbers(&predictions.value))),
            ("clv", money(of(clv, |estimate| estimate.mean))),
            ("clv_low", money(of(clv, |estimate| estimate.low))),
            ("clv_high", money(of(clv, |estimate| estimate.high))),
            ("clv_beyond", money(beyond.map_or_else(nothing, numbers))),
        ];
        let columns = columns.into_iter().map(|(name, values)| (name, values, true));
        Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
    }
}
