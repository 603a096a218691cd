//! Sums over accounts the plain way: from the rows of `touch_credits`, one map an account.

use crate::support::{money, numbers, read_mart, texts};
use std::collections::BTreeMap;
use std::path::Path;

/// Where a number stands; no quarter means all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) is_channel: bool,
    pub(super) campaign: Option<String>,
    pub(super) channel: String,
    pub(super) quarter: Option<String>,
    pub(super) basis: String,
    pub(super) model: String,
}

/// A sum over accounts and that of its squared parts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spread {
    pub(super) sum: f64,
    pub(super) squares: f64,
    pub(super) accounts: usize,
    pub(super) has_negative: bool,
}

impl Spread {
    pub(super) fn se(&self) -> f64 {
        self.squares.sqrt()
    }

    pub(super) fn in_units(self, unit: f64) -> Self {
        Self { sum: self.sum / unit, squares: self.squares / (unit * unit), ..self }
    }

    fn add(&mut self, part: f64) {
        self.sum += part;
        self.squares += part * part;
        self.accounts += 1;
        self.has_negative |= part < 0.0;
    }
}

/// Money in cents and new deals of every place and model.
pub(super) fn spreads(out: &Path) -> BTreeMap<Key, (Spread, Spread)> {
    let rows = read_mart(out, "touch_credits");
    let text = |name: &str| texts(&rows, name);
    let (accounts, kinds, campaigns, channels) =
        (text("account_id"), text("kind"), text("campaign_id"), text("channel"));
    let (close, touch) = (text("close_quarter"), text("touch_quarter"));
    let mut spreads: BTreeMap<Key, (Spread, Spread)> = BTreeMap::new();
    for model in texts(&read_mart(out, "dim_model"), "model").into_iter().flatten() {
        let stem = model.replace('.', "__");
        let (shares, amounts) = (numbers(&rows, &format!("{stem}_share")), money(&rows, &format!("{stem}_amount")));
        let mut parts: BTreeMap<(Key, &str), (f64, f64)> = BTreeMap::new();
        for row in 0..rows.num_rows() {
            let new = if kinds[row].as_deref() == Some("new") { shares[row] } else { 0.0 };
            let periods = [
                ("close_date", close[row].clone()),
                ("touch_date", touch[row].clone()),
                ("close_date", None),
                ("touch_date", None),
            ];
            for (basis, quarter) in periods {
                for is_channel in [false, true] {
                    let key = Key {
                        is_channel,
                        campaign: campaigns[row].clone().filter(|_| !is_channel),
                        channel: channels[row].clone().unwrap(),
                        quarter: quarter.clone(),
                        basis: basis.to_owned(),
                        model: model.clone(),
                    };
                    let part = parts.entry((key, accounts[row].as_deref().unwrap())).or_default();
                    part.0 += amounts[row] as f64;
                    part.1 += new;
                }
            }
        }
        for ((key, _), (amount, new)) in parts {
            let spread = spreads.entry(key).or_default();
            spread.0.add(amount);
            spread.1.add(new);
        }
    }
    spreads
}
