//! The table of what is predicted of every customer of a file.

use crate::engine::EngineError;
use crate::mart::catalogue;
use crate::mart::disk::Disk;
use crate::mart::publication::Publication;
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

/// The folder of the table.
pub(super) fn folder(out: &Path) -> PathBuf {
    out.join(catalogue::predictions().name)
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
        let folder = folder(out);
        let publication = Publication::of_table(&folder)?;
        let disk = Disk::default();
        let mut writer = MartWriter::create(publication.stage(), &mart, 2, &disk)?;
        writer.write(row_groups)?;
        let written = writer.finish()?;
        disk.finish()?;
        publication.publish_table(mart.name)?;
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
