//! `model_agreement`: the compared models with their names.

use super::{BASES, CLOSE_DATE, Names, TOUCH_DATE};
use crate::config::Calendar;
use crate::engine::EngineError;
use crate::pipeline::agreement::AgreementRow;
use crate::pipeline::columns::Columns;
use crate::pipeline::spread::Period;
use arrow::array::RecordBatch;

impl Names<'_> {
    /// `model_agreement`. Rows over all quarters come once for each basis, on which they are the same.
    pub fn model_agreement(&self, rows: &[AgreementRow]) -> Result<RecordBatch, EngineError> {
        let quarter = |position: u32| Some(Calendar::quarter_name(self.quarters.number(position)));
        let mut shown: Vec<(&str, Option<String>, &AgreementRow)> = Vec::new();
        for row in rows {
            match row.period {
                Period::Close(position) => shown.push((CLOSE_DATE, quarter(position), row)),
                Period::Touch(position) => shown.push((TOUCH_DATE, quarter(position), row)),
                Period::All => shown.extend(BASES.map(|basis| (basis, None, row))),
            }
        }
        shown.sort_by(|a, b| (a.2.level, a.0, &a.1, a.2.models).cmp(&(b.2.level, b.0, &b.1, b.2.models)));
        let mut columns = Columns::default();
        columns.texts("level", shown.iter().map(|(.., row)| row.level.name()));
        columns.texts("fiscal_quarter", shown.iter().map(|(_, quarter, _)| quarter.as_deref()));
        columns.texts("basis", shown.iter().map(|(basis, ..)| *basis));
        columns.texts("model", shown.iter().map(|(.., row)| self.models[row.models.0].id()));
        columns.texts("other_model", shown.iter().map(|(.., row)| self.models[row.models.1].id()));
        columns.counts("compared", shown.iter().map(|(.., row)| row.compared));
        columns.numbers("kendall", shown.iter().map(|(.., row)| row.agreement.kendall));
        columns.numbers("spearman", shown.iter().map(|(.., row)| row.agreement.spearman));
        columns.counts("money_moved", shown.iter().map(|(.., row)| row.agreement.money_moved));
        columns.numbers("share_moved", shown.iter().map(|(.., row)| row.agreement.share_moved));
        columns.numbers("top_overlap", shown.iter().map(|(.., row)| row.agreement.top_overlap));
        columns.finish()
    }
}
