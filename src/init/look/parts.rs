//! Files that are parts of one table.

use super::{Look, SAMPLE};

/// Whether two files can be parts of one table.
pub(in crate::init) fn are_alike(a: &Look, b: &Look) -> bool {
    (&a.headers, a.layout, a.typed) == (&b.headers, b.layout, b.typed)
}

/// The parts of a table, of which there is one at least, as one: each shows as many of its rows.
pub(super) fn pooled(mut parts: Vec<Look>) -> Look {
    let of_each = (SAMPLE / parts.len()).max(1);
    let whole = parts.len() == 1 && parts[0].whole;
    let rows = parts.iter_mut().flat_map(|part| part.rows.drain(..part.rows.len().min(of_each))).collect();
    Look { rows, whole, ..parts.swap_remove(0) }
}

/// Files that differ only in the digits of their names and share their header are one source, named by a pattern.
pub(super) fn join_parts(looks: Vec<Look>, names: &[String]) -> Vec<Look> {
    let mut joined: Vec<Look> = Vec::new();
    let has_digit = |path: &str| path.contains(|c: char| c.is_ascii_digit());
    let without_digits = |path: &str| path.replace(|c: char| c.is_ascii_digit(), "");
    let mut groups: Vec<Vec<Look>> = Vec::new();
    for look in looks {
        let same = |group: &&mut Vec<Look>| {
            has_digit(&look.path)
                && without_digits(&group[0].path) == without_digits(&look.path)
                && has_digit(&group[0].path)
                && are_alike(&group[0], &look)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(look),
            None => groups.push(vec![look]),
        }
    }
    for mut group in groups {
        match pattern_of(&group.iter().map(|look| look.path.as_str()).collect::<Vec<_>>(), names) {
            Some(path) if group.len() > 1 => joined.push(Look { path, ..pooled(group) }),
            _ => joined.append(&mut group),
        }
    }
    joined
}

/// The pattern that exactly these of all names match.
pub(in crate::init) fn pattern_of(names: &[&str], all: &[String]) -> Option<String> {
    let text = pattern(names);
    let pattern = glob::Pattern::new(&text).ok()?;
    let matches = all.iter().filter(|name| pattern.matches(name)).count();
    (matches == names.len() && names.iter().all(|name| pattern.matches(name))).then_some(text)
}

/// What names have in common at both ends, with a star between.
fn pattern(names: &[&str]) -> String {
    let (first, rest) = (names[0], &names[1..]);
    let shared = |matches: fn(&str, &str) -> usize| rest.iter().map(|name| matches(first, name)).min().unwrap_or(0);
    let start = shared(|a, b| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b && a.is_ascii()).count());
    let end = shared(|a, b| a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b && a.is_ascii()).count());
    let end = end.min(first.len() - start);
    format!("{}*{}", &first[..start], &first[first.len() - end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_keeps_both_ends() {
        assert_eq!(pattern(&["touches_2024.csv", "touches_2025.csv"]), "touches_202*.csv");
        assert_eq!(pattern(&["a1.csv", "a11.csv"]), "a1*.csv");
        assert_eq!(pattern(&["opportunities (1).csv", "opportunities.csv"]), "opportunities*.csv");
    }

    #[test]
    fn a_pattern_matches_no_other_file() {
        let all = ["spend_dec.csv", "spend_nov.csv", "touches.csv"].map(str::to_owned);
        assert_eq!(pattern_of(&["spend_dec.csv", "spend_nov.csv"], &all).as_deref(), Some("spend_*.csv"));
        assert_eq!(pattern_of(&["spend_dec.csv", "touches.csv"], &all), None);
    }
}
