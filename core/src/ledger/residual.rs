//! Residuals: the named buckets of money that goes to no touch.

use serde::{Deserialize, Serialize};

/// Why money went to no touch. A deal under a model has at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// No touch is in the window, and the account has none before it.
    NoTouch,
    /// No touch is in the window, but the account has some before it.
    OutsideLookback,
    /// There are touches in the window, but none is eligible. Where deals are mapped by contacts, here and above a touch is in
    /// the window if a mapped contact's.
    Suppressed,
    /// The model credits an anchor that the journey does not have.
    MissingAnchor,
    /// Expected without the recorded touches.
    Baseline,
    /// The kind of the deal is not attributed (`attribute_kinds`).
    KindNotAttributed,
    /// A credit deal whose original cannot be found.
    UnmatchedCredit,
}

impl Bucket {
    /// Every bucket, in the order in which reports list them.
    pub const ALL: [Bucket; 7] = [
        Bucket::NoTouch,
        Bucket::OutsideLookback,
        Bucket::Suppressed,
        Bucket::MissingAnchor,
        Bucket::Baseline,
        Bucket::KindNotAttributed,
        Bucket::UnmatchedCredit,
    ];

    /// The name used in tables and reports.
    pub fn name(self) -> &'static str {
        match self {
            Bucket::NoTouch => "no_touch",
            Bucket::OutsideLookback => "outside_lookback",
            Bucket::Suppressed => "suppressed",
            Bucket::MissingAnchor => "missing_anchor",
            Bucket::Baseline => "baseline",
            Bucket::KindNotAttributed => "kind_not_attributed",
            Bucket::UnmatchedCredit => "unmatched_credit",
        }
    }
}

/// What a model leaves of a journey to no touch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Residual {
    /// Nothing: the touches share the whole.
    #[default]
    None,
    /// `credit` goes to `bucket`; it is on the scale of the touches' credits.
    Left {
        /// The bucket the credit goes to.
        bucket: Bucket,
        /// The credit left, finite and non-negative.
        credit: f64,
    },
}
