//! The table of what is predicted of every customer of a file.

use crate::engine::EngineError;
use crate::mart::catalogue;
use crate::mart::disk::Disk;
use crate::mart::publication::Publication;
use crate::mart::writer::{MartWriter, ROW_GROUP_ROWS};
use crate::pipeline::RunError;
use crate::pipeline::columns::Columns;
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use closedloop_core::lifetime::{Predictions, PurchaseModel, Summaries};
use rayon::prelude::*;
use std::ops::Range;
use std::path::{Path, PathBuf};

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
        let Predictions { purchases, clv, .. } = predictions;
        let summaries = self.summaries;
        let money = |value: f64| self.has_amounts.then_some(value);
        let beyond = |row: usize| money(predictions.beyond.as_ref()?[row]);
        let ids = cast(&self.ids.slice(rows.start, rows.len()), &DataType::Utf8)?;
        let rows = || rows.clone();
        let mut columns = Columns::default();
        columns.push("customer_id", ids);
        columns.texts("model", rows().map(|_| self.model.id()));
        columns.integers("frequency", rows().map(|row| i64::from(summaries.x[row])));
        columns.numbers("recency", rows().map(|row| summaries.t_x[row]));
        columns.numbers("observed", rows().map(|row| summaries.t[row]));
        columns.numbers("monetary_value", rows().map(|row| money(summaries.mean_value[row])));
        columns.numbers("p_alive", rows().map(|row| predictions.p_alive[row]));
        columns.numbers("expected_purchases", rows().map(|row| purchases[row].mean));
        columns.numbers("purchases_low", rows().map(|row| purchases[row].low));
        columns.numbers("purchases_high", rows().map(|row| purchases[row].high));
        columns.numbers("expected_value", rows().map(|row| money(predictions.value[row])));
        columns.numbers("clv", rows().map(|row| money(clv[row].mean)));
        columns.numbers("clv_low", rows().map(|row| money(clv[row].low)));
        columns.numbers("clv_high", rows().map(|row| money(clv[row].high)));
        columns.numbers("clv_beyond", rows().map(beyond));
        columns.finish()
    }
}
