//! Names compared without case, blanks and punctuation.

use super::unit;

/// The letters and digits of a name, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The header that a name means; a remark or unit, as in `Create Date (EST)` or `Spend USD`, counts only if the name has it.
pub(super) fn find_header<'a>(headers: &'a [String], name: &str) -> Option<&'a String> {
    let wanted = plain(name);
    headers
        .iter()
        .find(|header| *header == name)
        .or_else(|| headers.iter().find(|header| plain(header) == wanted))
        .or_else(|| headers.iter().find(|header| unit::without(header) == wanted))
}

/// Whether a file's name holds one of some hints, from the start of a word to the end of one; behind a star a word may go on.
pub(super) fn speaks_of(path: &str, hints: &[String]) -> bool {
    let words = words(path.split('.').next().unwrap_or_default());
    let runs = (0..words.len()).flat_map(|start| (start..words.len()).map(move |end| (start, end)));
    let runs: Vec<String> = runs.map(|(start, end)| words[start..=end].concat()).collect();
    let is_said = |hint: &String| match hint.strip_suffix('*') {
        Some(beginning) => runs.iter().any(|run| run.starts_with(beginning)),
        None => runs.iter().any(|run| matches!(run.strip_prefix(hint.as_str()), Some("" | "s" | "es"))),
    };
    hints.iter().any(is_said)
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
            ("leads.csv", "lead"),
            ("All Leads 2024.csv", "lead"),
            ("leads2024.csv", "lead"),
            ("MQLs.csv", "mql"),
            ("CRMContacts.csv", "contact"),
            ("contact_roles.csv", "contactrole"),
            ("contact-role.csv", "contactrole"),
            ("OpportunityContactRole.csv", "contactrole"),
            ("contactroles.csv", "contactrole"),
            ("google_ads.csv", "googleads"),
            ("GoogleAds_2024.csv", "googleads"),
            ("companies.csv", "compan*"),
            ("OPPORTUNITIES.csv", "opportunit*"),
            ("web_touchpoints.csv", "touch*"),
        ] {
            assert!(speaks(path, hint), "{path}: {hint}");
        }
        for (path, hint) in [
            ("google_ads.csv", "lead"),
            ("Leaderboard.csv", "lead"),
            ("salesforce.csv", "sales"),
            ("facelift.csv", "lift"),
            ("retouch.csv", "touch*"),
        ] {
            assert!(!speaks(path, hint), "{path}: {hint}");
        }
    }

    #[test]
    fn a_header_is_found_whatever_stands_behind_its_name() {
        for header in ["amount", "Amount (EUR)", "Amount [$]", "AMOUNT USD", "amount_usd", "Amount in EUR", "Amount k€"]
        {
            assert_eq!(find_header(&[header.to_owned()], "amount").map(String::as_str), Some(header));
        }
        let headers = ["Amount (EUR)", "Amount"].map(str::to_owned);
        assert_eq!(find_header(&headers, "amount").unwrap(), "Amount");
        assert_eq!(find_header(&["USD".to_owned(), "Amount lost".to_owned()], "amount"), None);
    }
}
