//! What the models give each channel and campaign, and whether the choice of model changes a decision.

use super::interval::{LineInterval, call};
use super::table::clip;
use crate::cli::money::Money;
use crate::engine::EngineError;
use crate::engine::columns::{texts, value_at};
use crate::mart::manifest::Manifest;
use arrow::array::{AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Decimal128Type, Float64Type};
use arrow::error::ArrowError;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// Channels, then campaigns, by money under the default model.
pub(super) struct Comparison {
    pub(super) title: String,
    pub(super) currency: String,
    minor_digits: u8,
    pub(super) hurdle: f64,
    /// The default model, then the others in the run's order.
    pub(super) models: Vec<String>,
    pub(super) default_model: String,
    pub(super) lines: Vec<Line>,
    /// Booked money, and what each model attributes of it.
    pub(super) coverage: Option<(Money, BTreeMap<String, Money>)>,
}

/// One channel or campaign.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Line {
    pub(super) level: String,
    /// The campaign's identifier, or the channel.
    pub(super) id: String,
    /// The campaign's name where it has one of its own, else the identifier.
    pub(super) name: String,
    pub(super) channel: String,
    pub(super) spend: Money,
    /// Model → attributed money.
    pub(super) amounts: BTreeMap<String, Money>,
    /// The models that can credit it, on which decisions rest.
    pub(super) can_credit: BTreeSet<String>,
    /// Model → (amount − spend) ÷ spend; none without spend.
    pub(super) roi: BTreeMap<String, Option<f64>>,
    /// fund, cut or depends; none without spend or a model that can credit it.
    pub(super) decision: Option<&'static str>,
    /// Model → its intervals, where the run has them.
    pub(super) intervals: BTreeMap<String, LineInterval>,
    /// fund, cut, depends or too_close, with the intervals taken into account; none without spend or intervals.
    pub(super) call: Option<&'static str>,
}

impl Comparison {
    /// Puts the rows of `model_amounts.sql` side by side.
    pub(super) fn new(manifest: &Manifest, rows: &RecordBatch, title: String) -> Result<Self, EngineError> {
        let text = |column: usize| texts(rows.column(column));
        let (levels, ids, channels, models) = (text(0)?, text(1)?, text(2)?, text(3)?);
        let (amounts, spends) = (money(rows, 4, manifest.minor_digits)?, money(rows, 5, manifest.minor_digits)?);
        let can_credit = rows.column(6).as_boolean();
        let mut lines: BTreeMap<(&str, &str, &str), Line> = BTreeMap::new();
        for row in 0..rows.num_rows() {
            let key @ (level, id, channel) = (levels.value(row), ids.value(row), channels.value(row));
            let line = lines.entry(key).or_insert_with(|| Line {
                level: level.to_owned(),
                id: id.to_owned(),
                name: id.to_owned(),
                channel: channel.to_owned(),
                spend: spends[row],
                amounts: BTreeMap::new(),
                can_credit: BTreeSet::new(),
                roi: BTreeMap::new(),
                decision: None,
                intervals: BTreeMap::new(),
                call: None,
            });
            line.amounts.insert(models.value(row).to_owned(), amounts[row]);
            if can_credit.value(row) {
                line.can_credit.insert(models.value(row).to_owned());
            }
        }
        let default_model = manifest.default_model.clone();
        let mut lines: Vec<Line> = lines.into_values().collect();
        for line in &mut lines {
            line.decide(manifest.hurdle);
        }
        let by_default = |line: &Line| line.amount(&default_model);
        lines.sort_by(|a, b| b.level.cmp(&a.level).then(by_default(b).cmp(&by_default(a))));
        let mut models: Vec<String> = manifest.models.iter().map(|model| model.id.clone()).collect();
        models.sort_by_key(|model| *model != default_model);
        Ok(Self {
            title,
            currency: manifest.currency.clone(),
            minor_digits: manifest.minor_digits,
            hurdle: manifest.hurdle,
            models,
            default_model,
            lines,
            coverage: None,
        })
    }

    /// Takes the rows of `campaign_names.sql`. A name that several campaigns share, whole or as it is shown, is told with the
    /// identifier.
    pub(super) fn name_campaigns(&mut self, rows: &RecordBatch) -> Result<(), EngineError> {
        let (ids, names) = (texts(rows.column(0))?, texts(rows.column(1))?);
        let mut bearers: BTreeMap<String, usize> = BTreeMap::new();
        names.iter().flatten().for_each(|name| *bearers.entry(clip(name)).or_default() += 1);
        let of_id: BTreeMap<&str, &str> = ids.iter().flatten().zip(names.iter().flatten()).collect();
        for line in self.lines.iter_mut().filter(|line| line.level == "campaign") {
            if let Some(&name) = of_id.get(line.id.as_str()) {
                let is_shared = bearers[&clip(name)] > 1;
                line.name = if is_shared { format!("{name} {}", line.id) } else { name.to_owned() };
            }
        }
        Ok(())
    }

    /// Takes the rows of `model_intervals.sql`.
    pub(super) fn doubt(&mut self, rows: &RecordBatch) -> Result<(), EngineError> {
        let text = |column: usize| texts(rows.column(column));
        let (levels, ids, channels, models) = (text(0)?, text(1)?, text(2)?, text(3)?);
        let verdicts = text(8)?;
        let number = |column: usize, row: usize| {
            let numbers = rows.column(column).as_primitive::<Float64Type>();
            value_at(numbers, row)
        };
        let mut intervals: BTreeMap<(&str, &str, &str), BTreeMap<String, LineInterval>> = BTreeMap::new();
        for row in 0..rows.num_rows() {
            let interval = LineInterval {
                amount_low: number(4, row),
                amount_high: number(5, row),
                roi_low: number(6, row),
                roi_high: number(7, row),
                verdict: value_at(&verdicts, row).map(str::to_owned),
            };
            let key = (levels.value(row), ids.value(row), channels.value(row));
            intervals.entry(key).or_default().insert(models.value(row).to_owned(), interval);
        }
        for line in &mut self.lines {
            let key = (line.level.as_str(), line.id.as_str(), line.channel.as_str());
            line.intervals = intervals.remove(&key).unwrap_or_default();
            line.call = call(&line.intervals, &self.default_model);
        }
        Ok(())
    }

    /// Takes the rows of `coverage.sql`.
    pub(super) fn cover(&mut self, rows: &RecordBatch) -> Result<(), EngineError> {
        let models = texts(rows.column(0))?;
        let (booked, attributed) = (money(rows, 1, self.minor_digits)?, money(rows, 2, self.minor_digits)?);
        let models = models.iter().flatten().map(str::to_owned);
        self.coverage = booked.first().map(|&booked| (booked, models.zip(attributed).collect()));
        Ok(())
    }

    /// Whether the run has intervals.
    pub(super) fn has_intervals(&self) -> bool {
        self.lines.iter().flat_map(|line| line.intervals.values()).any(LineInterval::is_known)
    }

    /// The models that credit nothing to anybody where others do, and so decide nothing.
    pub(super) fn silent_models(&self) -> Vec<&str> {
        let credits = |model: &String| self.lines.iter().any(|line| line.can_credit.contains(model));
        let silent = || self.models.iter().filter(|model| !credits(model)).map(String::as_str);
        if silent().count() < self.models.len() { silent().collect() } else { Vec::new() }
    }

    /// The lines of a level.
    pub(super) fn level<'a>(&'a self, level: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |line| line.level == level)
    }

    /// One row a line and model.
    pub(super) fn write_csv(&self, out: &mut impl Write) -> anyhow::Result<()> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record([
            "level",
            "id",
            "name",
            "channel",
            "model",
            "amount",
            "spend",
            "roi",
            "can_credit",
            "decision",
            "amount_low",
            "amount_high",
            "roi_low",
            "roi_high",
            "call",
        ])?;
        for line in &self.lines {
            for (model, amount) in &line.amounts {
                let text = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
                let of_interval = |end: fn(&LineInterval) -> Option<f64>| text(line.intervals.get(model).and_then(end));
                csv.write_record([
                    line.level.as_str(),
                    &line.id,
                    &line.name,
                    &line.channel,
                    model,
                    &amount.to_string(),
                    &line.spend.to_string(),
                    &text(line.roi.get(model).copied().flatten()),
                    &line.can_credit.contains(model).to_string(),
                    line.decision.unwrap_or_default(),
                    &of_interval(|interval| interval.amount_low),
                    &of_interval(|interval| interval.amount_high),
                    &of_interval(|interval| interval.roi_low),
                    &of_interval(|interval| interval.roi_high),
                    line.call.unwrap_or_default(),
                ])?;
            }
        }
        Ok(csv.flush()?)
    }
}

impl Line {
    /// Attributed money under a model.
    pub(super) fn amount(&self, model: &str) -> Money {
        self.amounts.get(model).copied().unwrap_or(Money { minor: 0, ..self.spend })
    }

    /// The least and the most that the models give which can credit it.
    pub(super) fn range(&self) -> Option<(Money, Money)> {
        let amounts = self.can_credit.iter().map(|model| self.amount(model));
        amounts.clone().min().zip(amounts.max())
    }

    /// Models that can credit it and their roi, the lowest first.
    pub(super) fn by_roi(&self) -> Vec<(&str, f64)> {
        let of_able = self.roi.iter().filter(|(model, _)| self.can_credit.contains(*model));
        let mut by_roi: Vec<(&str, f64)> = of_able.filter_map(|(model, roi)| Some((model.as_str(), (*roi)?))).collect();
        by_roi.sort_by(|a, b| a.1.total_cmp(&b.1));
        by_roi
    }

    fn decide(&mut self, hurdle: f64) {
        let spend = self.spend;
        let roi = |amount: Money| (spend.minor > 0).then(|| amount.less(spend).over(spend));
        self.roi = self.amounts.iter().map(|(model, &amount)| (model.clone(), roi(amount))).collect();
        let reached: Vec<bool> = self.by_roi().into_iter().map(|(_, roi)| roi >= hurdle).collect();
        self.decision = match (reached.is_empty(), reached.contains(&true), reached.contains(&false)) {
            (true, ..) => None,
            (_, true, false) => Some("fund"),
            (_, false, true) => Some("cut"),
            _ => Some("depends"),
        };
    }
}

/// A column of money, which has at most the digits of the currency.
fn money(rows: &RecordBatch, column: usize, digits: u8) -> Result<Vec<Money>, ArrowError> {
    let exact = DataType::Decimal128(DECIMAL128_MAX_PRECISION, digits.cast_signed());
    let minor = cast(rows.column(column), &exact)?;
    let minor = minor.as_primitive::<Decimal128Type>().iter();
    Ok(minor.map(|minor| Money { minor: minor.unwrap_or_default(), digits }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(spend: i128, amounts: &[i128]) -> Line {
        let money = |minor| Money { minor, digits: 2 };
        let amounts: BTreeMap<_, _> =
            amounts.iter().enumerate().map(|(model, &minor)| (format!("m{model}"), money(minor))).collect();
        let can_credit = amounts.keys().filter(|model| *model != "m2").cloned().collect();
        let (level, id, name, channel) = ("channel".to_owned(), "c".to_owned(), "c".to_owned(), "c".to_owned());
        let (roi, intervals, call) = (BTreeMap::new(), BTreeMap::new(), None);
        let mut line = Line {
            level,
            id,
            name,
            channel,
            spend: money(spend),
            amounts,
            can_credit,
            roi,
            decision: None,
            intervals,
            call,
        };
        line.decide(0.5);
        line
    }

    #[test]
    fn the_decision_follows_the_hurdle() {
        assert_eq!(line(100, &[150, 200]).decision, Some("fund"));
        assert_eq!(line(100, &[149, 0]).decision, Some("cut"));
        assert_eq!(line(100, &[150, 149]).decision, Some("depends"));
        assert_eq!(line(0, &[150]).decision, None);
    }

    /// The third model cannot credit the line.
    #[test]
    fn who_cannot_credit_decides_nothing() {
        let funded = line(100, &[150, 200, 0]);
        assert_eq!((funded.decision, funded.range().unwrap().0.minor), (Some("fund"), 150));
        assert_eq!(funded.by_roi().len(), 2);
    }
}
