//! How text reads as amounts.

use super::{Reading, Share, are_enough, mostly};
use crate::engine::WrittenAmount;
use iso_currency::Currency;
use rust_decimal::Decimal;
use std::collections::BTreeMap;

/// Signs of currencies, and what they are taken for.
pub(in crate::init) const SIGNS: [(&str, &str); 14] = [
    ("$", "USD"),
    ("US$", "USD"),
    ("C$", "CAD"),
    ("CA$", "CAD"),
    ("A$", "AUD"),
    ("R$", "BRL"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "JPY"),
    ("₹", "INR"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Ft", "HUF"),
    ("Fr.", "CHF"),
];

/// The currencies that stand beside amounts, and beside how many: ISO codes, or words of which it is not known whose they are.
pub(in crate::init) fn written_currencies(amounts: &[&str]) -> BTreeMap<String, usize> {
    let written =
        amounts.iter().filter_map(|text| DECIMAL_MARKS.iter().find_map(|mark| WrittenAmount::new(text, *mark)));
    let mut counts = BTreeMap::new();
    for WrittenAmount { currencies, .. } in written {
        // A code says more than the sign on the other side.
        let said = currencies.iter().find(|word| is_code(word)).or_else(|| currencies.first());
        let sign = SIGNS.iter().find(|(sign, _)| said.is_some_and(|word| word == sign));
        let currency = sign.map(|(_, code)| (*code).to_owned()).or_else(|| said.cloned());
        currency.into_iter().for_each(|currency| *counts.entry(currency).or_default() += 1);
    }
    counts
}

/// Whether a word is the ISO code of a currency.
pub(in crate::init) fn is_code(word: &str) -> bool {
    Currency::from_code(word).is_some()
}

const DECIMAL_MARKS: [char; 2] = ['.', ','];

/// Whether a text is an amount as the engine reads it.
pub(super) fn is_number(text: &str) -> bool {
    text.parse::<Decimal>().is_ok() || Decimal::from_scientific(text).is_ok()
}

/// Whether a text is an amount with this decimal mark.
pub(super) fn is_written(text: &str, mark: char) -> bool {
    WrittenAmount::new(text, mark).is_some() || is_number(text)
}

/// How a column of amounts reads: by the decimal mark with which more of them do.
pub(super) fn amounts(values: &[&str], share: Share) -> Reading {
    if mostly(values, share, is_number) {
        return Reading::AsIs;
    }
    let [point, comma] = DECIMAL_MARKS.map(|mark| (values.iter().filter(|text| is_written(text, mark)).count(), mark));
    let (count, mark) = if comma.0 > point.0 { comma } else { point };
    if are_enough(count, values, share) { Reading::Written(mark) } else { Reading::Unreadable }
}

/// Whether all of these marks stand where those of thousands do, as in 1.234.
pub(in crate::init) fn are_all_thousands(values: &[&str], mark: char) -> bool {
    let digits = values.iter().map(|text| text.trim_matches(|c: char| !c.is_ascii_digit()));
    let mut marked = digits.filter(|text| text.contains(mark)).peekable();
    let is_three = |digits: &str| digits.len() == 3 && digits.bytes().all(|digit| digit.is_ascii_digit());
    marked.peek().is_some() && marked.all(|text| text.split(mark).skip(1).all(is_three))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::contract::ColumnKind;

    fn amounts(values: &[&str]) -> Reading {
        super::super::of(ColumnKind::Money, values)
    }

    #[test]
    fn marks_before_three_digits_may_be_of_thousands() {
        assert!(are_all_thousands(&["1.234", "7", "€12.500", "1.000 €"], '.'));
        assert!(are_all_thousands(&["1,500", "€1,234"], ','));
        assert!(!are_all_thousands(&["1,500.25"], ','));
        for other in [&["1.234", "7.5"][..], &["7"], &[], &["1.2345"]] {
            assert!(!are_all_thousands(other, '.'), "{other:?}");
        }
    }

    #[test]
    fn the_decimal_mark_comes_from_the_values() {
        assert_eq!(amounts(&["1234.50", "-3", "1e3"]), Reading::AsIs);
        assert_eq!(amounts(&["$1,234.50", "12"]), Reading::Written('.'));
        assert_eq!(amounts(&["(1,234.50)", "USD 5", "12-"]), Reading::Written('.'));
        assert_eq!(amounts(&["1,234"]), Reading::Written('.'));
        assert_eq!(amounts(&["1.234 €"]), Reading::Written('.'));
        assert_eq!(amounts(&["1.234,50 €", "12"]), Reading::Written(','));
        assert_eq!(amounts(&["1,234", "1234,5"]), Reading::Written(','));
        assert_eq!(amounts(&["0,123", "0,500", "12,345"]), Reading::Written(','));
        // Where half of them read one way, an odd one does not count.
        assert_eq!(amounts(&["1.200,50", "45,500.50"]), Reading::Written('.'));
        assert_eq!(amounts(&["12", "a lot"]), Reading::AsIs);
        assert_eq!(amounts(&["$12", "a lot", "more"]), Reading::Unreadable);
        assert_eq!(amounts(&["a lot"]), Reading::Unreadable);
        assert_eq!(amounts(&["5k"]), Reading::Unreadable);
    }

    #[test]
    fn signs_and_codes_name_currencies() {
        let codes = |amounts: &[&str]| written_currencies(amounts).into_keys().collect::<Vec<_>>();
        assert_eq!(codes(&["1.234,50 €", "12"]), ["EUR"]);
        assert_eq!(codes(&["$1", "£2", "3", "SEK 5"]), ["GBP", "SEK", "USD"]);
        assert_eq!(codes(&["$1 CAD", "R$ 4", "7 kr"]), ["BRL", "CAD", "kr"]);
        assert!(codes(&["3", "4.00"]).is_empty());
    }
}
