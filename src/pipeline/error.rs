//! What can stop a run.

use crate::config::ConfigError;
use crate::engine::EngineError;
use crate::mart::MartError;
use closedloop_core::ledger::CreditError;
use closedloop_core::lifetime::LifetimeError;
use closedloop_core::model::Refusal;

/// Why a run published nothing.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A mistake in the configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A fault of the inputs.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The marts cannot be written.
    #[error(transparent)]
    Mart(#[from] MartError),
    /// A model that the data do not support.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A model gave credit that cannot be divided: a bug of the model.
    #[error("model {model} failed on deal {deal}: {source}; please report this bug")]
    Model {
        /// The model.
        model: String,
        /// The deal.
        deal: String,
        /// What is wrong with the credit.
        source: CreditError,
    },
    /// Nothing to run.
    #[error("no model can run; name another in models.run")]
    NoModel,
    /// Money was made or lost: a bug, so nothing is published.
    #[error(
        "the books do not close: model {model}, {place}: {got} instead of {booked}; nothing was published, please report this bug"
    )]
    BrokenLaw {
        /// The model.
        model: String,
        /// The deal or the mart.
        place: String,
        /// What the parts sum to.
        got: i128,
        /// What they must sum to.
        booked: i128,
    },
    /// Transactions to which no lifetime model can be fitted.
    #[error(transparent)]
    Lifetime(#[from] LifetimeError),
    /// Something asked for that the inputs do not have.
    #[error("there is no {what} \"{name}\"; {remedy}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The nearest, or where to look.
        remedy: String,
    },
    /// A row asked for that is set aside.
    #[error("{what} \"{name}\" is set aside: {reason}{}; correct the row", .place.as_ref().map_or_else(String::new, |place| format!(" at {place}")))]
    SetAside {
        /// What kind of thing.
        what: &'static str,
        /// What was asked for.
        name: String,
        /// Why it is set aside.
        reason: &'static str,
        /// File and line, where they are known.
        place: Option<String>,
    },
    /// A deal that has not happened by the as-of date.
    #[error(
        "deal \"{name}\" is not won by the as-of date; look at its closed_at, its is_won and its stage (stages.won), or move --as-of"
    )]
    NotWon {
        /// The deal.
        name: String,
    },
    /// An account that has nothing to explain.
    #[error("account \"{name}\" has no deal by the as-of date; look at its opportunities, or move --as-of")]
    WithoutDeal {
        /// The account.
        name: String,
    },
    /// An input file went away while the run read it.
    #[error("{path} can no longer be read: {source}; leave the inputs in place while a run reads them")]
    InputGone {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// An input file changed while the run read it.
    #[error("{path} has changed since the run began; leave the inputs in place and run again")]
    InputChanged {
        /// The file.
        path: std::path::PathBuf,
    },
    /// A thread pool or runtime cannot start.
    #[error(
        "too few threads are to be had for {threads} at work: {message}; raise the limit of the system, or lower --threads"
    )]
    Threads {
        /// How many were asked for.
        threads: usize,
        /// Why.
        message: String,
    },
}

impl RunError {
    /// So many threads that cannot start.
    pub(super) fn no_threads(threads: usize, error: &impl std::fmt::Display) -> Self {
        Self::Threads { threads, message: error.to_string() }
    }
}
