//! What the independent computations start from: the rows of a run, and the demo's input files.

use crate::support::{money, numbers, project, read_mart, texts};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The demo's default model, and its margin in hundredths, as its configuration gives them.
pub(super) const DEFAULT: &str = "w_shaped";
pub(super) const MARGIN_PERCENT: i128 = 78;

pub(super) struct Facts {
    pub(super) models: Vec<String>,
    pub(super) credits: Vec<Credit>,
    pub(super) deals: Vec<Deal>,
    pub(super) spend: Vec<Spend>,
    /// Campaign → name, from campaigns.csv.
    pub(super) names: BTreeMap<String, String>,
    pub(super) out: std::path::PathBuf,
}

/// A touch of a deal, from `touch_credits`.
pub(super) struct Credit {
    pub(super) account: String,
    pub(super) kind: String,
    pub(super) campaign: Option<String>,
    pub(super) channel: String,
    pub(super) close_quarter: String,
    pub(super) touch_quarter: String,
    /// Per model, as in `Facts::models`.
    pub(super) shares: Vec<f64>,
    pub(super) amounts: Vec<i128>,
}

/// A deal, from `journeys`.
pub(super) struct Deal {
    pub(super) account: String,
    pub(super) kind: String,
    pub(super) quarter: String,
    pub(super) amount: i128,
    pub(super) touches: f64,
    /// Microseconds from the first eligible touch to the booking.
    pub(super) span: f64,
    /// Per model, as in `Facts::models`.
    pub(super) residuals: Vec<Option<String>>,
    pub(super) left: Vec<i128>,
}

/// A line of `campaign_spend`.
pub(super) struct Spend {
    pub(super) campaign: Option<String>,
    pub(super) channel: String,
    pub(super) quarter: String,
    pub(super) amount: i128,
}

impl Facts {
    pub(super) fn read(out: &Path) -> Self {
        let models: Vec<String> = texts(&read_mart(out, "dim_model"), "model").into_iter().flatten().collect();
        let names = input("campaigns.csv", &["campaign_id", "name"]);
        Self {
            credits: credits(out, &models),
            deals: deals(out, &models),
            spend: spend(out),
            names: names.into_iter().map(|row| (row[0].clone(), row[1].clone())).collect(),
            models,
            out: out.to_owned(),
        }
    }

    /// Position of a model.
    pub(super) fn model(&self, id: &str) -> usize {
        self.models.iter().position(|model| model == id).unwrap()
    }

    pub(super) fn default(&self) -> usize {
        self.model(DEFAULT)
    }

    /// The latest quarter with a booking.
    pub(super) fn latest(&self) -> &str {
        self.deals.iter().map(|deal| deal.quarter.as_str()).max().unwrap()
    }

    pub(super) fn quarters(&self) -> BTreeSet<&str> {
        self.deals.iter().map(|deal| deal.quarter.as_str()).collect()
    }
}

/// FY26Q3 → 2026.
pub(super) fn year(quarter: &str) -> i128 {
    2000 + quarter[2..4].parse::<i128>().unwrap()
}

/// Columns of an input file of the demo, row by row.
pub(super) fn input(file: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(project("fixtures/demo").join(file)).unwrap();
    let header = reader.headers().unwrap().clone();
    let at: Vec<usize> = columns.iter().map(|column| header.iter().position(|name| name == *column).unwrap()).collect();
    reader.records().map(|row| at.iter().map(|&at| row.as_ref().unwrap()[at].to_owned()).collect()).collect()
}

fn credits(out: &Path, models: &[String]) -> Vec<Credit> {
    let rows = read_mart(out, "touch_credits");
    let text = |column| texts(&rows, column);
    let required = |column| text(column).into_iter().map(Option::unwrap).collect::<Vec<_>>();
    let (accounts, kinds, channels) = (required("account_id"), required("kind"), required("channel"));
    let (closed, touched) = (required("close_quarter"), required("touch_quarter"));
    let campaigns = text("campaign_id");
    let shares: Vec<_> = models.iter().map(|model| numbers(&rows, &format!("{model}_share"))).collect();
    let amounts: Vec<_> = models.iter().map(|model| money(&rows, &format!("{model}_amount"))).collect();
    (0..rows.num_rows())
        .map(|row| Credit {
            account: accounts[row].clone(),
            kind: kinds[row].clone(),
            campaign: campaigns[row].clone(),
            channel: channels[row].clone(),
            close_quarter: closed[row].clone(),
            touch_quarter: touched[row].clone(),
            shares: shares.iter().map(|shares| shares[row]).collect(),
            amounts: amounts.iter().map(|amounts| amounts[row]).collect(),
        })
        .collect()
}

fn deals(out: &Path, models: &[String]) -> Vec<Deal> {
    let rows = read_mart(out, "journeys");
    let required = |column| texts(&rows, column).into_iter().map(Option::unwrap).collect::<Vec<_>>();
    let (accounts, kinds, quarters) = (required("account_id"), required("kind"), required("close_quarter"));
    let (amounts, touches) = (money(&rows, "amount"), numbers(&rows, "touches"));
    let (closed, first) = (instants(&rows, "closed_at"), instants(&rows, "first_touched_at"));
    let residuals: Vec<_> = models.iter().map(|model| texts(&rows, &format!("{model}_residual"))).collect();
    let left: Vec<_> = models.iter().map(|model| money(&rows, &format!("{model}_residual_amount"))).collect();
    (0..rows.num_rows())
        .map(|row| Deal {
            account: accounts[row].clone(),
            kind: kinds[row].clone(),
            quarter: quarters[row].clone(),
            amount: amounts[row],
            touches: touches[row],
            span: closed[row] - first[row],
            residuals: residuals.iter().map(|residuals| residuals[row].clone()).collect(),
            left: left.iter().map(|left| left[row]).collect(),
        })
        .collect()
}

/// A column of instants in microseconds; null is NaN.
fn instants(rows: &arrow::array::RecordBatch, column: &str) -> Vec<f64> {
    use arrow::array::AsArray;
    let instants = rows.column_by_name(column).unwrap();
    let instants = instants.as_primitive::<arrow::datatypes::TimestampMicrosecondType>();
    instants.iter().map(|at| at.map_or(f64::NAN, |at| at as f64)).collect()
}

fn spend(out: &Path) -> Vec<Spend> {
    let rows = read_mart(out, "campaign_spend");
    let required = |column| texts(&rows, column).into_iter().map(Option::unwrap);
    let (campaigns, amounts) = (texts(&rows, "campaign_id"), money(&rows, "spend"));
    let lines = required("channel").zip(required("fiscal_quarter")).zip(campaigns).zip(amounts);
    lines.map(|(((channel, quarter), campaign), amount)| Spend { campaign, channel, quarter, amount }).collect()
}
