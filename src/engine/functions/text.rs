//! `given(x)`: text, or null where it consists of nothing but spaces; `trimmed(x)`: the same without spaces around it;
//! `uuid_text(x)`: sixteen bytes as the UUID that they are; `number_text(x)`: a float or decimal as its shortest text, without a point where
//! it is whole.

use super::ArrayFunction;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewArray, StringViewBuilder};
use arrow::compute::{cast, nullif};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, ScalarUDF};
use std::sync::Arc;
use uuid::Uuid;

/// Whether a column of this type holds text.
pub(in crate::engine) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        || matches!(data_type, DataType::Dictionary(_, values) if is_text(values))
}

/// Whether numbers of this type have digits behind a point.
pub(in crate::engine) fn has_point(data_type: &DataType) -> bool {
    use DataType::{Decimal32, Decimal64, Decimal128, Decimal256};
    let is_fraction =
        matches!(data_type, Decimal32(_, 1..) | Decimal64(_, 1..) | Decimal128(_, 1..) | Decimal256(_, 1..));
    data_type.is_floating() || is_fraction
}

/// Text with nulls where it is blank.
pub(in crate::engine) fn given(text: Expr) -> Expr {
    ScalarUDF::from(ArrayFunction::new("given", 1, DataType::Utf8View, without_blanks)).call(vec![text])
}

/// Text without spaces around it, with nulls where nothing is left: as the files of texts are read.
pub(in crate::engine) fn trimmed(text: Expr) -> Expr {
    ScalarUDF::from(ArrayFunction::new("trimmed", 1, DataType::Utf8View, without_spaces_around)).call(vec![text])
}

/// UUIDs, which Parquet holds as sixteen bytes each, as the text that every other format has.
pub(in crate::engine) fn uuid_text(bytes: Expr) -> Expr {
    ScalarUDF::from(ArrayFunction::new("uuid_text", 1, DataType::Utf8View, uuid_texts)).call(vec![bytes])
}

fn uuid_texts(args: &[ArrayRef]) -> Result<ArrayRef> {
    let ids = args[0].as_fixed_size_binary();
    let mut texts = StringViewBuilder::with_capacity(ids.len());
    let mut buffer = Uuid::encode_buffer();
    for id in ids {
        let id = id.and_then(|bytes| Uuid::from_slice(bytes).ok());
        texts.append_option(id.map(|id| &*id.hyphenated().encode_lower(&mut buffer)));
    }
    Ok(Arc::new(texts.finish()))
}

/// Floats and decimals as their shortest text: as identifiers, which some tools cannot hold as the integers that they are.
pub(in crate::engine) fn number_text(number: Expr) -> Expr {
    ScalarUDF::from(ArrayFunction::new("number_text", 1, DataType::Utf8View, number_texts)).call(vec![number])
}

fn number_texts(args: &[ArrayRef]) -> Result<ArrayRef> {
    if args[0].data_type().is_floating() {
        let numbers = cast(&args[0], &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>().iter();
        // Beyond, neighbouring whole numbers are one and the same.
        const LAST_OF_ALL_WHOLE: f64 = 9_007_199_254_740_992.0;
        let text = |number: f64| (number.abs() < LAST_OF_ALL_WHOLE).then(|| number.to_string());
        return Ok(Arc::new(numbers.map(|number| text(number?)).collect::<StringViewArray>()));
    }
    let numbers = cast(&args[0], &DataType::Utf8)?;
    let shortest = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
    let texts = numbers.as_string::<i32>().iter().map(|text| text.map(shortest));
    Ok(Arc::new(texts.collect::<StringViewArray>()))
}

fn without_blanks(args: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = cast(&args[0], &DataType::Utf8View)?;
    let views = texts.as_string_view();
    let is_blank = |text: &str| text.bytes().all(|byte| byte == b' ');
    if !views.iter().flatten().any(is_blank) {
        return Ok(texts);
    }
    let blanks = (0..views.len()).map(|row| Some(views.is_valid(row) && is_blank(views.value(row))));
    Ok(nullif(&texts, &blanks.collect::<BooleanArray>())?)
}

fn without_spaces_around(args: &[ArrayRef]) -> Result<ArrayRef> {
    let texts = cast(&args[0], &DataType::Utf8View)?;
    let views = texts.as_string_view();
    let is_trimmed = |text: &str| !(text.is_empty() || text.starts_with(' ') || text.ends_with(' '));
    if views.iter().flatten().all(is_trimmed) {
        return Ok(texts);
    }
    let trimmed = views.iter().map(|text| text.map(|text| text.trim_matches(' ')).filter(|text| !text.is_empty()));
    Ok(Arc::new(trimmed.collect::<StringViewArray>()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, DictionaryArray, Float64Array, StringArray};
    use arrow::datatypes::Int8Type;

    #[test]
    fn blanks_are_null_and_all_else_stays() {
        let given = [Some(""), Some(" a "), None, Some("  "), Some("a text too long to stand in its view")];
        let wanted = [None, given[1], None, None, given[4]];
        let plain: ArrayRef = Arc::new(StringArray::from(given.to_vec()));
        let coded: ArrayRef = Arc::new(given.into_iter().collect::<DictionaryArray<Int8Type>>());
        for texts in [plain, coded] {
            let texts = without_blanks(&[texts]).unwrap();
            assert_eq!(texts.as_string_view().iter().collect::<Vec<_>>(), wanted);
        }
    }

    #[test]
    fn spaces_around_are_left_away() {
        let given =
            [Some(" a "), None, Some("  "), Some(""), Some("a b"), Some("a text too long to stand in its view ")];
        let wanted = [Some("a"), None, None, None, given[4], Some("a text too long to stand in its view")];
        let texts: ArrayRef = Arc::new(StringArray::from(given.to_vec()));
        let texts = without_spaces_around(&[texts]).unwrap();
        assert_eq!(texts.as_string_view().iter().collect::<Vec<_>>(), wanted);
        let clean: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None]));
        let texts = without_spaces_around(&[clean]).unwrap();
        assert_eq!(texts.as_string_view().iter().collect::<Vec<_>>(), [Some("a"), None]);
    }

    #[test]
    fn whole_numbers_have_no_point() {
        let floats: ArrayRef =
            Arc::new(Float64Array::from(vec![Some(101.0), None, Some(-1.5), Some(f64::NAN), Some(1e15), Some(1e16)]));
        let texts = number_texts(&[floats]).unwrap();
        // 1e16 may have been 10000000000000001.
        let wanted = [Some("101"), None, Some("-1.5"), None, Some("1000000000000000"), None];
        assert_eq!(texts.as_string_view().iter().collect::<Vec<_>>(), wanted);
        let decimals = Decimal128Array::from(vec![Some(1_010), Some(1_005), None, Some(0)]);
        let decimals: ArrayRef = Arc::new(decimals.with_precision_and_scale(38, 1).unwrap());
        let texts = number_texts(&[decimals]).unwrap();
        let wanted = [Some("101"), Some("100.5"), None, Some("0")];
        assert_eq!(texts.as_string_view().iter().collect::<Vec<_>>(), wanted);
    }
}
