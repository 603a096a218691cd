//! `given(x)`: text, or null where it consists of nothing but spaces; `uuid_text(x)`: sixteen bytes as the UUID that they are.

use super::ArrayFunction;
use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, StringViewBuilder};
use arrow::compute::{cast, nullif};
use arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, ScalarUDF};
use std::sync::Arc;
use uuid::Uuid;

/// Whether a column of this type holds text.
pub(in crate::engine) fn is_text(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View)
        || matches!(data_type, DataType::Dictionary(_, values) if is_text(values))
}

/// Text with nulls where it is blank.
pub(in crate::engine) fn given(text: Expr) -> Expr {
    ScalarUDF::from(ArrayFunction::new("given", 1, DataType::Utf8View, without_blanks)).call(vec![text])
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

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{DictionaryArray, StringArray};
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
}
