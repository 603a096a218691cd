//! Why the incremental model refuses: better no number than a half-true one.

/// Why there is no incremental model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum IncrementalError {
    /// Not enough to learn from.
    #[error(
        "incremental needs {needed} conversions to fit {channels} channels, and there are {found}; use a longer history or fewer channels"
    )]
    TooFewConversions {
        /// How many there are.
        found: usize,
        /// How many it takes.
        needed: usize,
        /// The credited channels.
        channels: usize,
    },
    /// Nothing to compare.
    #[error("incremental compares channels, and only {0} credited channel was ever touched; record at least two")]
    OneChannel(usize),
    /// Everybody converted.
    #[error(
        "incremental compares accounts that converted with others, and all {0} accounts converted; add accounts without a win"
    )]
    NoNonConverters(usize),
    /// A channel that nobody was ever without.
    #[error("incremental cannot judge channel \"{0}\": no account was ever without it; make it a control channel")]
    AlwaysPresent(String),
    /// Conversions happen after a channel's touches and never otherwise.
    #[error(
        "incremental cannot judge channel \"{0}\": every conversion follows its touches, and none happened without; make it a control channel"
    )]
    Separation(String),
    /// The optimiser stopped before the optimum.
    #[error(
        "incremental did not converge in {iterations} steps (largest slope {slope:e}); lengthen the history or raise the ridges"
    )]
    NotConverged {
        /// Steps taken.
        iterations: u64,
        /// The largest component of the gradient.
        slope: f64,
    },
    /// The likelihood has no curvature in some direction.
    #[error("incremental: the data do not determine all coefficients; lengthen the history or raise the ridges")]
    Undetermined,
    /// A setting outside its range.
    #[error("incremental: {key} must be {range}; change it")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What is allowed.
        range: &'static str,
    },
    /// A subject that contradicts itself.
    #[error("incremental: the account with key {key:016x} has {what}; correct its dates")]
    Subject {
        /// The account's key.
        key: u64,
        /// What is wrong.
        what: &'static str,
    },
    /// An experiment that cannot be used.
    #[error("experiment {position}: {what}; correct the experiments table")]
    Experiment {
        /// Its position, from one.
        position: usize,
        /// What is wrong.
        what: &'static str,
    },
}
