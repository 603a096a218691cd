//! `is_won_stage(x)`, `is_lost_stage(x)`: whether the configuration says so of a stage, however it is capitalised.

use super::ArrayFunction;
use crate::config::file::StageConfig;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::buffer::BooleanBuffer;
use arrow::compute::cast;
use arrow::datatypes::DataType;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;

pub(super) fn functions(stages: &StageConfig) -> [ArrayFunction; 2] {
    [("is_won_stage", &stages.won), ("is_lost_stage", &stages.lost)].map(|(name, stages)| {
        let named: Vec<String> = stages.iter().map(|stage| stage.to_lowercase()).collect();
        ArrayFunction::new(name, 1, DataType::Boolean, move |args| {
            let stages = cast(&args[0], &DataType::Utf8View)?;
            let stages = stages.as_string_view();
            // Many rows have few stages, mostly as the same view. Rows without one are asked too, and are null whatever is said.
            let mut known: HashMap<u128, bool, FixedState> = HashMap::default();
            let is_named = BooleanBuffer::collect_bool(stages.len(), |row| {
                *known.entry(stages.views()[row]).or_insert_with(|| is_among(&named, stages.value(row)))
            });
            Ok(Arc::new(BooleanArray::new(is_named, stages.nulls().cloned())) as ArrayRef)
        })
    })
}

/// Whether a text is one of these, which are in small letters.
fn is_among(named: &[String], text: &str) -> bool {
    if text.is_ascii() {
        named.iter().any(|name| name.eq_ignore_ascii_case(text))
    } else {
        named.contains(&text.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::StringArray;

    #[test]
    fn a_stage_is_named_however_it_is_capitalised() {
        let named = |stages: &[&str]| stages.iter().map(|stage| (*stage).to_owned()).collect();
        let stages = StageConfig { won: named(&["Closed Won", "GAGNÉ"]), lost: named(&["Closed Lost"]) };
        let given: ArrayRef =
            Arc::new(StringArray::from(vec![Some("closed WON"), Some("gagné"), Some("Closed Lost"), Some(""), None]));
        let [won, lost] = functions(&stages).map(|function| (function.body)(std::slice::from_ref(&given)).unwrap());
        assert_eq!(won.as_boolean(), &BooleanArray::from(vec![Some(true), Some(true), Some(false), Some(false), None]));
        assert_eq!(
            lost.as_boolean(),
            &BooleanArray::from(vec![Some(false), Some(false), Some(true), Some(false), None])
        );
    }
}
