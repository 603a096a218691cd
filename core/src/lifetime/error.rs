//! What the lifetime maths refuses, each with its remedy.

use thiserror::Error;

/// Why there is no summary, fit or prediction.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum LifetimeError {
    /// The columns handed in differ in length.
    #[error("the columns of {table} differ in length ({lengths:?}); give every row all of its values")]
    ColumnLengths {
        /// What the columns describe.
        table: &'static str,
        /// Their lengths, in the order of the arguments.
        lengths: Vec<usize>,
    },
    /// A value that no history can hold.
    #[error("row {} of the summaries: {reason}; correct or leave out the row", .row + 1)]
    BadRow {
        /// Position of the row, from 0; people are told its number, from 1.
        row: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Money that does not fit 64 bits.
    #[error("the amounts add up to more than 64 bits hold; give them in a larger unit")]
    Overflow,
    /// Nobody to fit.
    #[error("there is no customer with a purchase; give transactions of at least two customers")]
    NoCustomers,
    /// Nobody knows what was spent.
    #[error("gamma_gamma describes what customers spend; give their amounts")]
    NoAmounts,
    /// A single customer says nothing about how customers differ.
    #[error("there is one customer only, and a fit describes how customers differ; give at least two")]
    OneCustomer,
    /// Nobody came back.
    #[error("no customer has bought again, so {model} has nothing to fit; use historic value only")]
    NoRepeats {
        /// The model that was asked for.
        model: &'static str,
    },
    /// Nobody has been observed for any time.
    #[error(
        "every history has zero length, so {model} has nothing to fit; observe at least one period after the first purchase"
    )]
    ZeroLength {
        /// The model that was asked for.
        model: &'static str,
    },
    /// No repeat customer with positive value.
    #[error(
        "fewer than two repeat customers have a positive mean value, so gamma_gamma has nothing to fit; use the mean value"
    )]
    NoPositiveValue,
    /// Nobody has left.
    #[error(
        "no customer has churned, so shifted_beta_geometric cannot tell how fast they will; wait for the first losses"
    )]
    AllAlive,
    /// Nobody is left.
    #[error("every customer has churned, so there is no lifetime left to predict; use historic value only")]
    AllChurned,
    /// Nobody has come as far as to renew.
    #[error("no renewal has been made yet, so geometric cannot tell how many will be; wait for the first")]
    NoRenewals,
    /// The likelihood has no maximum at finite parameters.
    #[error(
        "{model}: the likelihood keeps rising as {parameter} goes to {limit}, so there is no estimate; a longer history may give one"
    )]
    Unbounded {
        /// The model.
        model: &'static str,
        /// The parameter that runs off.
        parameter: &'static str,
        /// `zero` or `infinity`.
        limit: &'static str,
    },
    /// The data do not tell a parameter.
    #[error("{model}: the data do not determine {parameter}; observe for longer")]
    Undetermined {
        /// The model.
        model: &'static str,
        /// The parameter.
        parameter: &'static str,
    },
    /// The optimiser stopped before the maximum.
    #[error(
        "{model}: no maximum was found (gradient {gradient:e} after {evaluations} evaluations); more customers may give one"
    )]
    NotConverged {
        /// The model.
        model: &'static str,
        /// Largest derivative of the mean log-likelihood by a log-parameter.
        gradient: f64,
        /// How often the likelihood was evaluated.
        evaluations: u64,
    },
    /// The fitted spend has no finite mean.
    #[error("gamma_gamma: q = {q} leaves the mean spend infinite; cap outlying amounts or use the mean value")]
    InfiniteSpend {
        /// The estimate.
        q: f64,
    },
    /// A parameter that the model does not allow.
    #[error("{model}: {parameter} = {value} is not a positive finite number; give one")]
    BadParameter {
        /// The model.
        model: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// What was given.
        value: f64,
    },
    /// A horizon, month length or discount rate outside its range.
    #[error("{what} = {value} is out of range; give {range}")]
    BadHorizon {
        /// Which setting.
        what: &'static str,
        /// What was given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// A fit of another model than the one needed.
    #[error("{needed} needs its own fit, and was given one of {given}; fit {needed} first")]
    WrongModel {
        /// What was needed.
        needed: &'static str,
        /// What was given.
        given: &'static str,
    },
}
