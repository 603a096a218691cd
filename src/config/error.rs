//! What can be wrong with a configuration, said with the key and the remedy.

use std::path::PathBuf;

/// A mistake in the configuration or on the command line.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}; give the path of a closedloop.toml")]
    Unreadable {
        /// The configuration file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The text is not what the configuration can hold.
    #[error("{path} line {line}: {message}")]
    Syntax {
        /// The configuration file.
        path: PathBuf,
        /// Line of the mistake, from 1.
        line: usize,
        /// What is wrong, and the nearest right key where there is one.
        message: String,
    },
    /// A value that cannot be used.
    #[error("{path}: {key}: {message}")]
    Value {
        /// The configuration file.
        path: PathBuf,
        /// The key, dotted.
        key: String,
        /// What is wrong and what would be right.
        message: String,
    },
}

/// Longer texts are no names that somebody mistyped, and take long to compare.
const LONGEST_NAME: usize = 200;

/// The candidate nearest to `word`, when one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .filter(|candidate| word.len().max(candidate.len()) <= LONGEST_NAME)
        .map(|candidate| {
            let likeness = strsim::normalized_damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase());
            (likeness, candidate)
        })
        .filter(|(likeness, _)| *likeness > 0.55)
        .max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))
        .map(|(_, candidate)| candidate)
}

/// The remedy for a name that nothing has: the nearest name, or where to look.
pub fn remedy<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>, otherwise: &str) -> String {
    match nearest(word, candidates) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => otherwise.to_owned(),
    }
}

/// What the TOML reader expects, by the type that it names.
const TYPES: [(&str, &str); 6] = [
    ("f64", "expected a number"),
    ("i64", "expected a whole number"),
    ("u16", "expected a whole number from 0"),
    ("u32", "expected a whole number from 0"),
    ("u64", "expected a whole number from 0"),
    ("usize", "expected a whole number from 0"),
];

/// The TOML reader's complaint about `line` as one sentence, with a suggestion when a name is nearly right.
pub(super) fn explain(message: &str, line: &str) -> String {
    let first = message.lines().next().unwrap_or_default();
    let mut quoted = first.split('`').skip(1).step_by(2);
    let unknown = first.starts_with("unknown");
    match (unknown, quoted.next()) {
        (true, Some(word)) => {
            let known: Vec<&str> = quoted.collect();
            match nearest(word, known.iter().copied()) {
                Some(near) => format!("unknown key or value \"{word}\"; did you mean \"{near}\"?"),
                None => format!("unknown key or value \"{word}\"; known here: {}", known.join(", ")),
            }
        }
        _ if first == "invalid type: map, expected a string" => {
            format!("{first}; put the value of `{}` in quotes", line.trim())
        }
        _ => {
            let in_words =
                |said: String, (name, words): &(&str, &str)| said.replace(&format!("expected {name}"), words);
            let first = TYPES.iter().fold(first.to_owned(), in_words);
            format!("{first}; correct `{}`", line.trim())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_suggested() {
        let message = "unknown field `lokback_days`, expected one of `mapping`, `lookback_days`";
        assert_eq!(explain(message, ""), "unknown key or value \"lokback_days\"; did you mean \"lookback_days\"?");
    }

    #[test]
    fn a_far_miss_lists_what_is_known() {
        let message = "unknown field `zzz`, expected `mapping` or `eligible`";
        assert_eq!(explain(message, ""), "unknown key or value \"zzz\"; known here: mapping, eligible");
    }

    #[test]
    fn types_are_told_in_words() {
        let said = |message: &str| explain(message, "horizon_months = x");
        let expected = "invalid type: string \"x\", expected a whole number; correct `horizon_months = x`";
        assert_eq!(said("invalid type: string \"x\", expected i64"), expected);
        let expected = "invalid value: integer `-3`, expected a whole number from 0; correct `horizon_months = x`";
        assert_eq!(said("invalid value: integer `-3`, expected u32"), expected);
        assert_eq!(said("invalid value: integer `-3`, expected usize"), expected);
    }
}
