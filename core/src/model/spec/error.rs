//! What can be wrong with a spec that somebody wrote.

/// Why a spec makes no sense.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// The id does not follow the pattern.
    #[error(
        "model id \"{0}\" must be lower-case letters, digits and _, with at most one dot, as in \"w_shaped\" or \"acme.w_shaped\""
    )]
    Id(String),
    /// A key that this kind of model does not have.
    #[error("model \"{id}\": {key} does not apply to this kind; remove it")]
    Stray {
        /// The model.
        id: String,
        /// The key.
        key: &'static str,
    },
    /// A key that this kind of model needs.
    #[error("model \"{id}\": {key} is required for this kind; add it")]
    Absent {
        /// The model.
        id: String,
        /// The key.
        key: &'static str,
    },
    /// A number outside its range.
    #[error("model \"{id}\": {key} is {value}, but must be {range}")]
    OutOfRange {
        /// The model.
        id: String,
        /// The key.
        key: String,
        /// What was given.
        value: f64,
        /// What is allowed.
        range: &'static str,
    },
    /// Weights do not add up to one.
    #[error("model \"{id}\": the anchors' weights and middle sum to {sum}, but must sum to 1")]
    Sum {
        /// The model.
        id: String,
        /// What they sum to.
        sum: f64,
    },
    /// Settings of an incremental model outside their ranges.
    #[error("model \"{id}\": {message}")]
    Settings {
        /// The model.
        id: String,
        /// What is wrong, and the remedy.
        message: String,
    },
    /// Two models share an id.
    #[error("model id \"{0}\" is defined twice; rename one")]
    Twice(String),
    /// The text is not TOML of the expected shape.
    #[error("{0}")]
    Syntax(String),
}
