//! `read_flag(x)`: a flag as people write it, as the `true` or `false` that stages read.

use super::ArrayFunction;
use arrow::array::{ArrayRef, AsArray, StringArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::error::Result;
use std::sync::Arc;

/// The function.
pub(super) fn function() -> ArrayFunction {
    ArrayFunction::new("read_flag", 1, DataType::Utf8View, read_flags)
}

fn read_flags(args: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = cast(&args[0], &DataType::Utf8)?;
    // Most flags are the engine's.
    let flags = cast(&texts, &DataType::Boolean)?;
    let read = |(text, flag): (Option<&str>, Option<bool>)| match (text, flag) {
        (Some(text), None) if text.trim().is_empty() => None,
        // What is no flag stays as it is, so that a row set aside shows it.
        (Some(text), None) => Some(of_word(text).map_or_else(|| text.to_owned(), |flag| flag.to_string())),
        (_, flag) => flag.map(|flag| flag.to_string()),
    };
    let read = texts.as_string::<i32>().iter().zip(flags.as_boolean()).map(read);
    Ok(Arc::new(read.collect::<StringViewArray>()))
}

/// Yes and no in other languages than that of the engine.
const YES: [&str; 7] = ["ja", "wahr", "oui", "vrai", "sí", "si", "sim"];
const NO: [&str; 5] = ["nein", "falsch", "non", "faux", "não"];

/// What a text says that people wrote for a flag; `None` where it is none.
pub(crate) fn written_flag(text: &str) -> Option<bool> {
    let flag = cast(&StringArray::from(vec![text]), &DataType::Boolean).ok()?;
    flag.as_boolean().iter().next().flatten().or_else(|| of_word(text))
}

/// A flag in another language, or as a number that was a float or decimal in between.
fn of_word(text: &str) -> Option<bool> {
    let word = text.trim().to_lowercase();
    match word.parse::<f64>() {
        Ok(1.0) => Some(true),
        Ok(0.0) => Some(false),
        _ if YES.contains(&word.as_str()) => Some(true),
        _ => NO.contains(&word.as_str()).then_some(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BooleanArray, Float64Array};

    fn read(column: ArrayRef) -> Vec<Option<String>> {
        let read = read_flags(&[column]).unwrap();
        read.as_string_view().iter().map(|text| text.map(str::to_owned)).collect()
    }

    #[test]
    fn flags_are_read_as_people_write_them() {
        for (text, flag) in [("TRUE ", true), ("Yes", true), ("1", true), ("1.0", true), ("Wahr", true), ("Sí", true)]
            .into_iter()
            .chain([("No", false), ("0", false), ("0.00", false), ("FALSCH", false), ("f", false)])
        {
            assert_eq!(written_flag(text), Some(flag), "{text}");
        }
        assert_eq!(written_flag("won"), None);
    }

    #[test]
    fn blanks_are_nothing_and_other_words_stay() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec![Some("ja"), Some(" "), None, Some("won")]));
        assert_eq!(read(texts), [Some("true".to_owned()), None, None, Some("won".to_owned())]);
        let flags: ArrayRef = Arc::new(BooleanArray::from(vec![Some(true), None]));
        assert_eq!(read(flags), [Some("true".to_owned()), None]);
        let numbers: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 0.0]));
        assert_eq!(read(numbers), [Some("true".to_owned()), Some("false".to_owned())]);
    }
}
