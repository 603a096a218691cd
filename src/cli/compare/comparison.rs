//! What the models give each channel and campaign, and whether the choice of model changes a decision.

use super::texts;
use crate::mart::manifest::Manifest;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// Channels, then campaigns, by money under the default model.
pub(super) struct Comparison {
    pub(super) title: String,
    pub(super) currency: String,
    pub(super) hurdle: f64,
    pub(super) models: Vec<String>,
    pub(super) default_model: String,
    pub(super) lines: Vec<Line>,
    /// Booked money, and what each model attributes of it.
    pub(super) coverage: Option<(f64, BTreeMap<String, f64>)>,
}

/// One channel or campaign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Line {
    pub(super) level: String,
    pub(super) name: String,
    pub(super) channel: String,
    pub(super) spend: f64,
    /// Model → attributed money, in the currency's major unit.
    pub(super) amounts: BTreeMap<String, f64>,
    /// Model → (amount − spend) ÷ spend; none without spend.
    pub(super) roi: BTreeMap<String, Option<f64>>,
    /// fund, cut or depends; none without spend.
    pub(super) decision: Option<&'static str>,
}

impl Comparison {
    /// Puts the rows of `model_amounts.sql` side by side.
    pub(super) fn new(
        manifest: &Manifest,
        rows: &RecordBatch,
        title: String,
    ) -> Result<Self, arrow::error::ArrowError> {
        let (levels, names, channels, models) = (texts(rows, 0)?, texts(rows, 1)?, texts(rows, 2)?, texts(rows, 3)?);
        let amounts = rows.column(4).as_primitive::<Float64Type>();
        let spends = rows.column(5).as_primitive::<Float64Type>();
        let mut lines: BTreeMap<(String, String, String), Line> = BTreeMap::new();
        for row in 0..rows.num_rows() {
            let key = (levels[row].clone(), names[row].clone(), channels[row].clone());
            let line = lines.entry(key).or_insert_with(|| Line {
                level: levels[row].clone(),
                name: names[row].clone(),
                channel: channels[row].clone(),
                spend: spends.value(row),
                amounts: BTreeMap::new(),
                roi: BTreeMap::new(),
                decision: None,
            });
            line.amounts.insert(models[row].clone(), amounts.value(row));
        }
        let default_model = manifest.default_model.clone();
        let mut lines: Vec<Line> = lines.into_values().collect();
        for line in &mut lines {
            line.decide(manifest.hurdle);
        }
        let by_default = |line: &Line| line.amounts.get(&default_model).copied().unwrap_or_default();
        lines.sort_by(|a, b| b.level.cmp(&a.level).then(by_default(b).total_cmp(&by_default(a))));
        Ok(Self {
            title,
            currency: manifest.currency.clone(),
            hurdle: manifest.hurdle,
            models: manifest.models.iter().map(|model| model.id.clone()).collect(),
            default_model,
            lines,
            coverage: None,
        })
    }

    /// Takes the rows of `coverage.sql`.
    pub(super) fn cover(&mut self, rows: &RecordBatch) -> Result<(), arrow::error::ArrowError> {
        let models = texts(rows, 0)?;
        let booked = rows.column(1).as_primitive::<Float64Type>();
        let attributed = rows.column(2).as_primitive::<Float64Type>();
        let by_model = models.into_iter().enumerate().map(|(row, model)| (model, attributed.value(row)));
        self.coverage = booked.iter().flatten().next().map(|booked| (booked, by_model.collect()));
        Ok(())
    }

    /// The lines of a level.
    pub(super) fn level<'a>(&'a self, level: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.level == level)
    }

    /// One row a line and model.
    pub(super) fn write_csv(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["level", "name", "channel", "model", "amount", "spend", "roi", "decision"])?;
        for line in &self.lines {
            for (model, amount) in &line.amounts {
                let roi = line.roi.get(model).copied().flatten().map(|roi| roi.to_string()).unwrap_or_default();
                csv.write_record([
                    line.level.as_str(),
                    &line.name,
                    &line.channel,
                    model,
                    &amount.to_string(),
                    &line.spend.to_string(),
                    &roi,
                    line.decision.unwrap_or_default(),
                ])?;
            }
        }
        Ok(csv.flush()?)
    }
}

impl Line {
    /// Attributed money under a model.
    pub(super) fn amount(&self, model: &str) -> f64 {
        self.amounts.get(model).copied().unwrap_or_default()
    }

    fn decide(&mut self, hurdle: f64) {
        let spend = self.spend;
        let roi = |amount: f64| (spend > 0.0).then(|| (amount - spend) / spend);
        self.roi = self.amounts.iter().map(|(model, &amount)| (model.clone(), roi(amount))).collect();
        let reached: Vec<bool> = self.roi.values().flatten().map(|roi| *roi >= hurdle).collect();
        self.decision = match (reached.is_empty(), reached.contains(&true), reached.contains(&false)) {
            (true, ..) => None,
            (_, true, false) => Some("fund"),
            (_, false, true) => Some("cut"),
            _ => Some("depends"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(spend: f64, amounts: &[f64]) -> Line {
        let amounts = amounts.iter().enumerate().map(|(model, &amount)| (format!("m{model}"), amount)).collect();
        let (level, name, channel) = ("channel".to_owned(), "c".to_owned(), "c".to_owned());
        let mut line = Line { level, name, channel, spend, amounts, roi: BTreeMap::new(), decision: None };
        line.decide(0.5);
        line
    }

    #[test]
    fn the_decision_follows_the_hurdle() {
        assert_eq!(line(100.0, &[150.0, 200.0]).decision, Some("fund"));
        assert_eq!(line(100.0, &[149.0, 0.0]).decision, Some("cut"));
        assert_eq!(line(100.0, &[150.0, 149.0]).decision, Some("depends"));
        assert_eq!(line(0.0, &[150.0]).decision, None);
    }
}
