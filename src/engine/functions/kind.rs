//! `deal_kind(x)`: the kind of deal that a text means, however it is capitalised. What may be more than one kind, as Salesforce's
//! "Existing Business", means none.

use super::ArrayFunction;
use crate::config::file::DealKind;
use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use std::sync::Arc;

/// What people call the kinds, in small letters, underscores as blanks.
const NAMES: [(&str, DealKind); 12] = [
    ("new", DealKind::New),
    ("new business", DealKind::New),
    ("newbusiness", DealKind::New),
    ("new customer", DealKind::New),
    ("expansion", DealKind::Expansion),
    ("upsell", DealKind::Expansion),
    ("cross-sell", DealKind::Expansion),
    ("existing customer - upgrade", DealKind::Expansion),
    ("renewal", DealKind::Renewal),
    ("renewals", DealKind::Renewal),
    ("contract renewal", DealKind::Renewal),
    ("renewal business", DealKind::Renewal),
];

pub(super) fn function() -> ArrayFunction {
    // Short words are narrower as plain text than as views, of 16 bytes each.
    ArrayFunction::new("deal_kind", 1, DataType::Utf8, |args| {
        let texts = cast(&args[0], &DataType::Utf8View)?;
        let kinds: StringArray = texts.as_string_view().iter().map(|text| kind_meant(text?)).collect();
        Ok(Arc::new(kinds) as ArrayRef)
    })
}

fn kind_meant(text: &str) -> Option<&'static str> {
    NAMES.iter().find(|(name, _)| is_written(text, name)).map(|(_, kind)| kind.name())
}

fn is_written(text: &str, name: &str) -> bool {
    let is_letter = |(text, name): (u8, u8)| text.eq_ignore_ascii_case(&name) || (text == b'_' && name == b' ');
    text.len() == name.len() && text.bytes().zip(name.bytes()).all(is_letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_meant_however_it_is_written() {
        let meant = ["New Business", "new_business", "UPSELL", "Existing Business", "credit", ""].map(kind_meant);
        assert_eq!(meant, [Some("new"), Some("new"), Some("expansion"), None, None, None]);
    }
}
