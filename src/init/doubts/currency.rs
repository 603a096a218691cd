//! In which currency amounts are.

use super::{Doubts, Spot};
use crate::config::file::Table;
use crate::init::reading::{is_code, written_currencies};
use crate::init::unit::{self, Unit};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Tables of what is booked, which the run's currency is that of.
const BOOKED: [Table; 2] = [Table::Opportunities, Table::Deals];
const BESIDE: [Table; 3] = [Table::Spend, Table::Campaigns, Table::Transactions];

/// A currency and what says so.
struct Said {
    code: String,
    /// The clause that follows "as".
    how: String,
    /// What is doubtful about it.
    doubt: Option<String>,
}

impl Doubts<'_> {
    /// The currency of what is booked: that of its rows, or else of its headers, or else beside its amounts; or else that of
    /// other tables.
    pub(super) fn currency(&mut self) -> String {
        let (code, doubt) = match (self.said_of(&BOOKED), self.said_of(&BESIDE)) {
            (Some(Said { code, doubt, .. }), _) => (code, doubt),
            (None, Some(Said { code, how, .. })) => {
                let doubt = format!(
                    "nothing says in which currency opportunities are; {code} is assumed, as {how}: correct it if need be"
                );
                (code, Some(doubt))
            }
            (None, None) => ("USD".to_owned(), Some("no row names its currency; US dollars are assumed".to_owned())),
        };
        if let Some(doubt) = doubt {
            self.add(Spot::Currency, doubt);
        }
        self.other_currencies(&code);
        code
    }

    fn said_of(&self, tables: &[Table]) -> Option<Said> {
        let each = || tables.iter().copied();
        each()
            .find_map(|table| self.said_by_rows(table))
            .or_else(|| each().find_map(|table| self.said_by_headers(table)))
            .or_else(|| self.said_beside_amounts(tables))
    }

    fn said_by_rows(&self, table: Table) -> Option<Said> {
        let (code, _) = self.named(&[table]).into_iter().max_by_key(|(code, count)| (*count, Reverse(code.clone())))?;
        Some(Said { code, how: format!("rows of {} say", self.paths(table)), doubt: None })
    }

    fn said_by_headers(&self, table: Table) -> Option<Said> {
        self.money_headers(table).into_iter().find_map(|(_, look, header)| {
            let Unit { currency, is_dollar_sign, .. } = unit::of(header);
            let doubt = is_dollar_sign.then(|| format!("\"{header}\" bears a dollar sign; US dollars are assumed"));
            Some(Said { code: currency?, how: format!("\"{header}\" of {} says", look.path), doubt })
        })
    }

    /// What the signs and codes beside amounts say. A dollar sign may be another country's.
    fn said_beside_amounts(&self, tables: &[Table]) -> Option<Said> {
        let amounts: Vec<&str> = tables.iter().flat_map(|table| self.amounts(*table)).collect();
        let written = written_currencies(&amounts);
        let most =
            written.iter().filter(|(word, _)| is_code(word)).max_by_key(|(code, count)| (**count, Reverse(*code)));
        let code = most.map_or("USD", |(code, _)| code).to_owned();
        let words: Vec<&str> = written.keys().map(String::as_str).collect();
        let doubt = match words.as_slice() {
            [] => return None,
            ["USD"] if amounts.iter().any(|amount| amount.contains('$')) => {
                Some("amounts bear a dollar sign; US dollars are assumed".to_owned())
            }
            [only] if *only == code => None,
            [only] => {
                Some(format!("amounts bear {only}, which may be several currencies'; name theirs instead of {code}"))
            }
            several => Some(format!(
                "amounts are written in {}; {code} is assumed: a run takes one currency, so convert the others",
                several.join(", ")
            )),
        };
        let bearer = tables.iter().find(|table| !written_currencies(&self.amounts(**table)).is_empty());
        let how = format!("amounts of {} bear it", bearer.map_or_else(String::new, |table| self.paths(*table)));
        Some(Said { code, how, doubt })
    }

    /// Amounts that rows, headers or signs say are in another currency than the run's.
    fn other_currencies(&mut self, code: &str) {
        let named = self.named(&[&BOOKED[..], &BESIDE].concat());
        if named.len() > 1 {
            let all: Vec<&str> = named.keys().map(String::as_str).collect();
            let message = format!("amounts are in {}; a run takes one currency: convert the others", all.join(", "));
            self.add(Spot::Currency, message);
        }
        let is_other = |other: &str, is_dollar_sign: bool| other != code && !(is_dollar_sign && code.ends_with('D'));
        for table in BOOKED.into_iter().chain(BESIDE) {
            for (_, look, header) in self.money_headers(table) {
                let Unit { currency: Some(other), is_dollar_sign, .. } = unit::of(header) else { continue };
                if is_other(&other, is_dollar_sign) {
                    let path = &look.path;
                    let message = format!(
                        "\"{header}\" of {path} is in {other}; a run takes one currency, here {code}: convert the others"
                    );
                    self.add(Spot::Currency, message);
                }
            }
        }
        for table in BESIDE {
            let amounts = self.amounts(table);
            let has_sign = amounts.iter().any(|amount| amount.contains('$'));
            let written = written_currencies(&amounts).into_keys();
            for other in written.filter(|word| is_code(word) && is_other(word, word == "USD" && has_sign)) {
                let paths = self.paths(table);
                let message = format!(
                    "amounts of {paths} are in {other}; a run takes one currency, here {code}: convert the others"
                );
                self.add(Spot::Currency, message);
            }
        }
    }

    fn paths(&self, table: Table) -> String {
        let mut paths: Vec<&str> =
            self.branches(table).iter().map(|branch| self.looks[branch.look].path.as_str()).collect();
        paths.dedup();
        paths.join(", ")
    }

    /// The currencies that rows name, and how many.
    fn named(&self, tables: &[Table]) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for name in tables.iter().flat_map(|table| self.values(*table, "currency")) {
            *counts.entry(name.to_uppercase()).or_default() += 1;
        }
        counts
    }
}
