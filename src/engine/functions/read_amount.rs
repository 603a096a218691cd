//! `read_amount(x, decimal_mark)`: an amount as people write it, as the plain number that stages read.

use super::ArrayFunction;
use arrow::array::{ArrayRef, AsArray, StringViewArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::common::{exec_err, plan_err};
use datafusion::error::Result;
use iso_currency::Currency;
use std::sync::Arc;

/// The function; the decimal mark is a point or a comma, and a currency beside the amount must be the run's.
pub(super) fn function(own: Currency) -> ArrayFunction {
    ArrayFunction::new("read_amount", 2, DataType::Utf8View, move |args| read_amounts(args, own))
}

fn read_amounts(args: &[ArrayRef], own: Currency) -> Result<ArrayRef> {
    if args[0].data_type().is_numeric() {
        // A number has no marks to be read.
        return Ok(cast(&args[0], &DataType::Utf8View)?);
    }
    let (texts, marks) = (cast(&args[0], &DataType::Utf8)?, cast(&args[1], &DataType::Utf8)?);
    let (texts, marks) = (texts.as_string::<i32>(), marks.as_string::<i32>());
    if let Some(other) = marks.iter().find(|mark| !matches!(mark, Some("." | ","))) {
        return plan_err!("read_amount takes '.' or ',' as its decimal mark, not '{}'", other.unwrap_or("NULL"));
    }
    let read = |(text, mark): (Option<&str>, Option<&str>)| {
        let Some((text, mark)) = text.zip(mark.and_then(|mark| mark.chars().next())) else { return Ok(None) };
        match WrittenAmount::new(text, mark) {
            Some(amount) if amount.currencies.iter().all(|beside| may_mean(beside, own)) => Ok(Some(amount.number)),
            Some(_) => {
                exec_err!("\"{text}\" is not in {}, the run's finance.currency: convert it or leave it out", own.code())
            }
            // What is no amount stays as it is, so that a row set aside shows it.
            None => Ok(Some(text.to_owned())),
        }
    };
    Ok(Arc::new(texts.iter().zip(marks).map(read).collect::<Result<StringViewArray>>()?))
}

/// An amount that people wrote: with a currency, thousands apart, and a minus or parentheses where it is negative.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct WrittenAmount {
    /// As a plain number, with a point before the fraction.
    pub(crate) number: String,
    /// The codes and signs of currencies beside it.
    pub(crate) currencies: Vec<String>,
}

impl WrittenAmount {
    /// `None` for what is not an amount with this decimal mark.
    pub(crate) fn new(text: &str, decimal_mark: char) -> Option<Self> {
        let is_digit = |c: char| c.is_ascii_digit();
        let start = text.find(is_digit)?;
        let end = text.rfind(is_digit)? + 1;
        // The mark of .50, not the point of Fr.5.
        let before = text[..start].strip_suffix(decimal_mark);
        let before = before.filter(|before| !before.ends_with(char::is_alphabetic));
        let start = before.map_or(start, str::len);
        let (before, digits, after) = (&text[..start], &text[start..end], &text[end..]);
        let is_negative = is_negative(before, after)?;
        let currencies: Vec<String> =
            [before, after].map(bare).into_iter().filter(|beside| !beside.is_empty()).collect();
        let codes: Vec<Currency> = currencies.iter().filter_map(|beside| Currency::from_code(beside)).collect();
        if !currencies.iter().all(|beside| is_currency(beside)) || codes.iter().any(|code| *code != codes[0]) {
            return None;
        }
        let number = plain(digits, decimal_mark)?;
        Some(Self { number: if is_negative { format!("-{number}") } else { number }, currencies })
    }
}

const MINUS: [char; 2] = ['-', '\u{2212}'];

/// What stands beside the digits, without signs and blanks.
fn bare(beside: &str) -> String {
    beside.chars().filter(|c| !c.is_whitespace() && !MINUS.contains(c) && !"+()".contains(*c)).collect()
}

/// Whether an amount is negative: by a minus on either side or by parentheses around it, as in accounts.
fn is_negative(before: &str, after: &str) -> Option<bool> {
    let count = |of: &[char]| before.matches(of).count() + after.matches(of).count();
    let (opening, closing) = (before.matches('(').count(), after.matches(')').count());
    let is_enclosed = match (opening, closing, count(&['(', ')'])) {
        (0, 0, 0) => false,
        (1, 1, 2) => true,
        _ => return None,
    };
    match (is_enclosed, count(&MINUS), count(&['+'])) {
        (false, 0, 0 | 1) => Some(false),
        (true, 0, 0) | (false, 1, 0) => Some(true),
        _ => None,
    }
}

/// Whether a word is a currency's: its ISO code, its sign, perhaps with letters of the country, or an abbreviation.
fn is_currency(word: &str) -> bool {
    let is_sign = |c: char| matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}');
    let is_signed = word
        .chars()
        .next_back()
        .is_some_and(|last| is_sign(last) && word.chars().rev().skip(1).all(|c| c.is_ascii_uppercase()));
    is_signed || Currency::from_code(word).is_some() || ["kr", "kr.", "zł", "Kč", "Ft", "Fr."].contains(&word)
}

/// Signs that people write for a currency for which ISO's lists have another.
const OTHER_SIGNS: [(&str, &str); 2] = [("₾", "GEL"), ("$", "CUP")];

/// Whether a word beside an amount may mean this currency: a dollar sign is any dollar's, with letters those that its code
/// begins with.
fn may_mean(word: &str, own: Currency) -> bool {
    if Currency::from_code(word).is_some() {
        return word == own.code();
    }
    let symbol = own.symbol().symbol;
    let has_its_sign = || {
        let (sign, letters) = (word.chars().next_back(), word.trim_end_matches(|c: char| !c.is_ascii_uppercase()));
        sign == symbol.chars().next_back() && own.code().starts_with(letters)
    };
    let is_franc = word == "Fr." && own.name().contains("franc");
    word.trim_end_matches('.') == symbol || is_franc || has_its_sign() || OTHER_SIGNS.contains(&(word, own.code()))
}

/// Digits as a plain number: thousands may stand apart by points, commas, blanks or apostrophes, all by the same.
fn plain(digits: &str, decimal_mark: char) -> Option<String> {
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = digits.split_once(decimal_mark).unwrap_or((digits, ""));
    let whole = match whole.chars().find(|c| !c.is_ascii_digit()) {
        Some(apart) if matches!(apart, '.' | ',' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}') => {
            let groups: Vec<&str> = whole.split(apart).collect();
            let [first, middle @ .., last] = groups.as_slice() else { return None };
            // India sets thousands and then hundreds apart.
            let are_grouped = (1..=3).contains(&first.len())
                && !first.starts_with('0')
                && middle.iter().all(|group| (2..=3).contains(&group.len()))
                && last.len() == 3;
            are_grouped.then(|| groups.concat())?
        }
        Some(_) => return None,
        None => whole.to_owned(),
    };
    if !are_digits(&whole) || !are_digits(fraction) {
        return None;
    }
    let whole = if whole.is_empty() { "0".to_owned() } else { whole };
    Some(if fraction.is_empty() { whole } else { format!("{whole}.{fraction}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Decimal128Array, Float64Array, StringArray};

    fn number(text: &str, mark: char) -> Option<String> {
        WrittenAmount::new(text, mark).map(|amount| amount.number)
    }

    #[test]
    fn amounts_are_those_of_spreadsheets_and_accounts() {
        for (text, mark, expected) in [
            ("1,234.50", '.', "1234.50"),
            ("$1,234,567", '.', "1234567"),
            ("(1,234.50)", '.', "-1234.50"),
            ("$(12.00)", '.', "-12.00"),
            ("($12.00)", '.', "-12.00"),
            ("-$12", '.', "-12"),
            ("$-12", '.', "-12"),
            ("12.00-", '.', "-12.00"),
            ("\u{2212}7 kr", '.', "-7"),
            ("+7", '.', "7"),
            ("USD 5", '.', "5"),
            ("$1,000.00 USD", '.', "1000.00"),
            ("US$ 5", '.', "5"),
            (".50", '.', "0.50"),
            ("$.50", '.', "0.50"),
            ("Fr.50", '.', "50"),
            ("12,34,567.8", '.', "1234567.8"),
            ("CHF 1'234.50", '.', "1234.50"),
            ("1.234,50 €", ',', "1234.50"),
            ("1\u{202f}234,50\u{a0}€", ',', "1234.50"),
            ("(1.234,5)", ',', "-1234.5"),
            ("7", ',', "7"),
            (" 7,00 zł ", ',', "7.00"),
        ] {
            assert_eq!(number(text, mark).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_may_mean_something_else_is_not_turned() {
        for (text, mark) in [
            ("", '.'),
            ("a lot", '.'),
            ("5k", '.'),
            ("5 M", '.'),
            ("5 %", '.'),
            ("1,50", '.'),
            ("1,2,3", '.'),
            ("0,123", '.'),
            ("0.500", ','),
            ("000,000", '.'),
            ("USD 5 EUR", '.'),
            ("1,234 567", '.'),
            ("1.234.5", '.'),
            ("1234.50", ','),
            ("1,234,567", ','),
            ("12.12.2024", ','),
            ("2024-01-02", '.'),
            ("1-2", '.'),
            ("(5", '.'),
            ("5)", '.'),
            ("(-5)", '.'),
            ("--5", '.'),
            ("+5-", '.'),
            (")5(", '.'),
            ("1e3", '.'),
            ("no. 5", '.'),
            ("\u{661}", '.'),
        ] {
            assert_eq!(number(text, mark), None, "{text}");
        }
    }

    #[test]
    fn the_currencies_beside_an_amount_are_kept() {
        let currencies = |text| WrittenAmount::new(text, '.').unwrap().currencies;
        assert_eq!(currencies("$1 USD"), ["$", "USD"]);
        assert_eq!(currencies("(€5)"), ["€"]);
        assert!(currencies("5").is_empty());
    }

    #[test]
    fn other_texts_stay_and_other_marks_are_refused() {
        let column = |texts: [Option<&str>; 3]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
        let texts = column([Some("$1,000"), Some("n/a"), None]);
        let read = |args: &[ArrayRef]| read_amounts(args, Currency::USD);
        let plain = read(&[texts.clone(), column([Some("."); 3])]).unwrap();
        assert_eq!(plain.as_string_view().iter().collect::<Vec<_>>(), [Some("1000"), Some("n/a"), None]);
        // Numbers have been read already: their point is no mark of thousands.
        let decimals = Decimal128Array::from(vec![12_345, 1_000_125, -500]).with_precision_and_scale(10, 3).unwrap();
        let numbers: [ArrayRef; 2] = [Arc::new(Float64Array::from(vec![12.345, 1_000.125, -0.5])), Arc::new(decimals)];
        for (numbers, expected) in
            numbers.into_iter().zip([["12.345", "1000.125", "-0.5"], ["12.345", "1000.125", "-0.500"]])
        {
            let plain = read(&[numbers, column([Some(","); 3])]).unwrap();
            assert_eq!(plain.as_string_view().iter().flatten().collect::<Vec<_>>(), expected);
        }
        for mark in [Some(";"), Some(""), None] {
            let error = read(&[texts.clone(), column([mark; 3])]).unwrap_err().to_string();
            assert!(error.contains("'.' or ','"), "{error}");
        }
    }

    #[test]
    fn a_sign_may_be_several_currencies_and_a_code_is_one() {
        let may = |word, code| may_mean(word, Currency::from_code(code).unwrap());
        for (word, code) in [
            ("USD", "USD"),
            ("$", "USD"),
            ("US$", "USD"),
            ("$", "CAD"),
            ("CA$", "CAD"),
            ("C$", "CAD"),
            ("A$", "AUD"),
            ("S$", "SGD"),
            ("$", "SGD"),
            ("R$", "BRL"),
            ("NT$", "TWD"),
            ("€", "EUR"),
            ("£", "GBP"),
            ("¥", "CNY"),
            ("kr", "SEK"),
            ("kr.", "DKK"),
            ("zł", "PLN"),
            ("Kč", "CZK"),
            ("Ft", "HUF"),
            ("Fr.", "CHF"),
            ("CHF", "CHF"),
            ("₾", "GEL"),
            ("$", "CUP"),
        ] {
            assert!(may(word, code), "{word} {code}");
        }
        for (word, code) in [
            ("EUR", "USD"),
            ("€", "USD"),
            ("$", "EUR"),
            ("US$", "CAD"),
            ("A$", "USD"),
            ("R$", "USD"),
            ("£", "EUR"),
            ("kr", "EUR"),
            ("zł", "CZK"),
            ("Fr.", "EUR"),
            ("CAD", "USD"),
            ("HK$", "SGD"),
        ] {
            assert!(!may(word, code), "{word} {code}");
        }
    }

    #[test]
    fn an_amount_in_another_currency_is_refused() {
        let column = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let read = |text| read_amounts(&[column(text), column(",")], Currency::EUR);
        assert_eq!(read("7,00 €").unwrap().as_string_view().value(0), "7.00");
        let refused = read("7,00 £").unwrap_err().to_string();
        assert!(refused.contains("\"7,00 £\" is not in EUR"), "{refused}");
    }
}
