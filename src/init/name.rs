//! Names compared without case, blanks and punctuation.

use super::unit;
use crate::engine::contract::ColumnKind;

/// The letters and digits of a name, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The header that a name means; a remark, as in `Create Date (EST)`, counts only if the name has it.
pub(super) fn find_header<'a>(headers: &'a [String], name: &str) -> Option<&'a String> {
    let named = headers.iter().find(|header| *header == name).or_else(|| find_plain(headers, name));
    named.or_else(|| headers.iter().find(|header| plain(without_remark(header)) == plain(name)))
}

/// The headers that names mean, the likeliest first: of amounts also those with a unit behind, as `Spend USD`, of all else those with a
/// remark. A remark on an amount, as "weighted" or "budget", makes it another one.
pub(super) fn find_headers<'a>(headers: &'a [String], names: &[&str], kind: ColumnKind) -> Vec<&'a String> {
    let bare = |header: &str| match kind {
        ColumnKind::Money => unit::without(header),
        _ => plain(without_remark(header)),
    };
    let with_more = |name: &&str| headers.iter().find(|header| bare(header) == plain(name) && is_whole(header));
    let named = names.iter().filter_map(|name| find_plain(headers, name));
    named.chain(names.iter().filter_map(with_more)).collect()
}

fn find_plain<'a>(headers: &'a [String], name: &str) -> Option<&'a String> {
    headers.iter().find(|header| plain(header) == plain(name) && is_whole(header))
}

/// A part is not the whole: "Spend %" is no spend.
fn is_whole(header: &str) -> bool {
    !header.contains('%')
}

fn without_remark(header: &str) -> &str {
    header.split(" (").next().unwrap_or_default()
}

/// Whether a word of a file's name, or several as one, begins or ends with one of some hints; behind "=" stands a whole word.
pub(super) fn speaks_of(path: &str, hints: &[String]) -> bool {
    let words = words(path.split('.').next().unwrap_or_default());
    let runs = (0..words.len()).flat_map(|start| (start..words.len()).map(move |end| (start, end)));
    let runs: Vec<String> = runs.map(|(start, end)| words[start..=end].concat()).collect();
    let is_said = |hint: &String| match hint.strip_prefix('=') {
        Some(word) => runs.iter().any(|run| run.strip_prefix(word).is_some_and(|rest| ENDINGS.contains(&rest))),
        None => runs.iter().any(|run| run.starts_with(hint.as_str()) || ends_with(run, hint)),
    };
    hints.iter().any(is_said)
}

/// What one or several of something end in.
const ENDINGS: [&str; 5] = ["", "s", "es", "y", "ies"];

fn ends_with(run: &str, hint: &str) -> bool {
    ENDINGS.iter().any(|ending| run.strip_suffix(ending).is_some_and(|stem| stem.ends_with(hint)))
}

/// The words of a name, in lower case: they end at what is no letter, and where capitals begin or end.
fn words(name: &str) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = vec![String::new()];
    for (at, &c) in chars.iter().enumerate() {
        let is_lower = |at: usize| chars.get(at).is_some_and(|c| c.is_lowercase());
        let begins = c.is_uppercase() && at > 0 && (is_lower(at - 1) || is_lower(at + 1));
        if begins || !c.is_alphabetic() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphabetic()) {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_speaks_by_whole_words() {
        let speaks = |path: &str, hint: &str| speaks_of(path, &[hint.to_owned()]);
        for (path, hint) in [
            ("leads.csv", "=lead"),
            ("All Leads 2024.csv", "=lead"),
            ("leads2024.csv", "=lead"),
            ("MQLs.csv", "=mql"),
            ("CRMContacts.csv", "contact"),
            ("contact_roles.csv", "contactrole"),
            ("contact-role.csv", "contactrole"),
            ("OpportunityContactRole.csv", "contactrole"),
            ("contactroles.csv", "contactrole"),
            ("google_ads.csv", "googleads"),
            ("GoogleAds_2024.csv", "googleads"),
            ("companies.csv", "compan"),
            ("allcompanies.csv", "compan"),
            ("OPPORTUNITIES.csv", "opportunit"),
            ("salesopportunities.csv", "opportunit"),
            ("web_touchpoints.csv", "touch"),
            ("marketingspend.csv", "spend"),
            ("dealexport2024.csv", "deal"),
            ("crmdeals.csv", "deal"),
        ] {
            assert!(speaks(path, hint), "{path}: {hint}");
        }
        for (path, hint) in [
            ("google_ads.csv", "=lead"),
            ("googleads.csv", "=lead"),
            ("Leaderboard.csv", "=lead"),
            ("salesforce.csv", "=sales"),
            ("facelift.csv", "=lift"),
            ("idealists.csv", "deal"),
        ] {
            assert!(!speaks(path, hint), "{path}: {hint}");
        }
    }

    #[test]
    fn an_amount_is_found_whatever_its_unit_but_not_whatever_the_remark() {
        let found = |headers: &[&str], kind| {
            let headers: Vec<String> = headers.iter().map(|&header| header.to_owned()).collect();
            find_headers(&headers, &["amount", "spend"], kind).into_iter().cloned().collect::<Vec<_>>()
        };
        for header in ["amount", "Amount (EUR)", "Amount [$]", "AMOUNT USD", "amount_usd", "Amount in EUR", "Amount k€"]
        {
            assert!(found(&[header], ColumnKind::Money).iter().all(|name| name == header), "{header}");
            assert!(!found(&[header], ColumnKind::Money).is_empty(), "{header}");
        }
        for header in ["Amount (weighted)", "Amount (budget)", "USD", "Amount lost", "Amount (%)", "Spend %"] {
            assert!(found(&[header], ColumnKind::Money).is_empty(), "{header}");
        }
        assert_eq!(found(&["Amount (EUR)", "Amount"], ColumnKind::Money)[0], "Amount");
        // A name as it is comes before one with something behind.
        assert_eq!(found(&["Amount (EUR)", "Spend"], ColumnKind::Money)[0], "Spend");
        assert_eq!(found(&["Amount (previous)", "Spend"], ColumnKind::Text)[0], "Spend");
        assert_eq!(found(&["Spend (EST)"], ColumnKind::Instant), ["Spend (EST)"]);
    }
}
