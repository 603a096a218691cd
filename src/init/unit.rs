//! What a header says of the unit of its amounts, as `Cost (EUR)`, `Spend USD` and `Amount ($000)` do.

use super::name::plain;
use super::reading::{SIGNS, is_code};

/// What stands behind the name of a column of amounts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// The ISO code of the currency.
    pub(super) currency: Option<String>,
    /// Whether that is but the usual one of a dollar sign.
    pub(super) is_dollar_sign: bool,
    /// What an amount may have to be multiplied by.
    pub(super) scale: Option<Scale>,
}

/// Amounts in more than one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    Thousands,
    Millions,
}

impl Scale {
    /// The word for it, and the number.
    pub(super) fn words(self) -> (&'static str, u32) {
        match self {
            Self::Thousands => ("thousands", 1_000),
            Self::Millions => ("millions", 1_000_000),
        }
    }
}

/// The plain name of a header without the unit behind it; with all that stands there, where it is more than a unit.
pub(super) fn without(header: &str) -> String {
    let (name, unit) = parts(header);
    let is_unit = unit.iter().all(|word| FILLERS.contains(word) || read(word).is_some());
    if is_unit { plain(&name.concat()) } else { plain(header) }
}

/// The unit in a header.
pub(super) fn of(header: &str) -> Unit {
    let mut unit = Unit::default();
    for word in parts(header).1 {
        let (currency, scale) = read(word).unwrap_or_default();
        if let (None, Some(word)) = (&unit.currency, currency) {
            unit.is_dollar_sign = word == "$";
            unit.currency = code_of(word).map(str::to_owned);
        }
        unit.scale = unit.scale.or(scale);
    }
    unit
}

/// The words of the name, and those behind it: in parentheses or brackets, or units at the end.
fn parts(header: &str) -> (Vec<&str>, Vec<&str>) {
    let (name, remark) = header.split_once(['(', '[']).unwrap_or((header, ""));
    let words = |text| str::split(text, |c: char| c.is_whitespace() || "_,/()[]".contains(c)).filter(|w| !w.is_empty());
    let mut name: Vec<&str> = words(name).collect();
    let mut unit: Vec<&str> = words(remark).collect();
    while let [_, .., last] = name.as_slice() {
        let is_filler = FILLERS.contains(last) && !unit.is_empty();
        if !is_filler && (read(last).is_none() || ENGLISH.contains(last)) {
            break;
        }
        unit.push(last);
        name.pop();
    }
    (name, unit)
}

/// Words between a name and its unit, or within that.
const FILLERS: [&str; 2] = ["in", "In"];

/// Codes that are words of English too.
const ENGLISH: [&str; 3] = ["ALL", "TRY", "TOP"];

/// Codes that count without capitals too.
const COMMON: [&str; 7] = ["USD", "EUR", "GBP", "CHF", "CAD", "AUD", "JPY"];

/// Longest first, in small letters.
const SCALES: [(&str, Scale); 15] = [
    ("thousands", Scale::Thousands),
    ("thousand", Scale::Thousands),
    ("millions", Scale::Millions),
    ("million", Scale::Millions),
    ("x1000", Scale::Thousands),
    ("1000s", Scale::Thousands),
    ("000s", Scale::Thousands),
    ("000", Scale::Thousands),
    ("tsd", Scale::Thousands),
    ("mio", Scale::Millions),
    ("mm", Scale::Millions),
    ("mn", Scale::Millions),
    ("k", Scale::Thousands),
    ("t", Scale::Thousands),
    ("m", Scale::Millions),
];

/// Scales that are no word by themselves, but for a capital M.
const BESIDE_A_CURRENCY: [&str; 2] = ["t", "m"];

/// The currency and the scale in a word: one of them, or both as in k€, $000 and EURm.
fn read(word: &str) -> Option<(Option<&str>, Option<Scale>)> {
    let word = word.trim_matches(|c: char| c == '\'' || c == '.');
    if code_of(word).is_some() {
        return Some((Some(word), None));
    }
    let small = word.to_lowercase();
    let scale = SCALES.iter().find(|(name, _)| *name == small);
    if let Some((_, scale)) = scale.filter(|(name, _)| word == "M" || !BESIDE_A_CURRENCY.contains(name)) {
        return Some((None, Some(*scale)));
    }
    SCALES.iter().find_map(|(name, scale)| {
        // Letters of other alphabets may take other room in small.
        let cut = |at: Option<usize>| word.split_at_checked(at?);
        let before =
            small.ends_with(name).then(|| cut(word.len().checked_sub(name.len()))).flatten().map(|(head, _)| head);
        let behind = small.starts_with(name).then(|| cut(Some(name.len()))).flatten().map(|(_, rest)| rest);
        let currency = [before, behind].into_iter().flatten().find(|beside| code_of(beside).is_some())?;
        Some((Some(currency), Some(*scale)))
    })
}

/// The currency that a code or a sign is taken for.
fn code_of(word: &str) -> Option<&str> {
    let of_sign = SIGNS.iter().find(|(sign, _)| *sign == word).map(|(_, code)| *code);
    let common = || COMMON.into_iter().find(|code| code.eq_ignore_ascii_case(word));
    of_sign.or_else(common).or_else(|| is_code(word).then_some(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_name_currencies_and_scales() {
        let read = |header: &str| {
            let Unit { currency, scale, .. } = of(header);
            (currency.unwrap_or_default(), scale.map(|scale| scale.words().1))
        };
        for (header, currency, scale) in [
            ("Cost (EUR)", "EUR", None),
            ("Amount spent (USD)", "USD", None),
            ("Spend USD", "USD", None),
            ("cost_gbp", "GBP", None),
            ("Amount in CHF", "CHF", None),
            ("Cost ($)", "USD", None),
            ("Cost (A$)", "AUD", None),
            ("Cost ($000)", "USD", Some(1_000)),
            ("Amount (in thousands)", "", Some(1_000)),
            ("Spend USD k", "USD", Some(1_000)),
            ("Spend k€", "EUR", Some(1_000)),
            ("Amount (EUR '000)", "EUR", Some(1_000)),
            ("Amount (€m)", "EUR", Some(1_000_000)),
            ("Amount (USD Thousands)", "USD", Some(1_000)),
            ("Cost (Tsd. EUR)", "EUR", Some(1_000)),
            ("Amount (TEUR)", "EUR", Some(1_000)),
            ("Amount (T€)", "EUR", Some(1_000)),
            ("Amount (Mio. €)", "EUR", Some(1_000_000)),
            ("Amount (MEUR)", "EUR", Some(1_000_000)),
            ("Amount (USD M)", "USD", Some(1_000_000)),
            ("Amount (x1000)", "", Some(1_000)),
            ("Amount", "", None),
            ("Amount (converted)", "", None),
            ("Cost ALL", "", None),
            ("USD", "", None),
        ] {
            assert_eq!(read(header), (currency.to_owned(), scale), "{header}");
        }
        let names =
            ["Amount (EUR)", "Amount in EUR", "Amount (In Thousands)", "Amount (weighted)", "Amount (tax, EUR)"];
        assert_eq!(names.map(without), ["amount", "amount", "amount", "amountweighted", "amounttaxeur"]);
        assert!(of("Cost ($)").is_dollar_sign && !of("Cost (USD)").is_dollar_sign);
    }
}
