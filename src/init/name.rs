//! Names compared without case, blanks and punctuation.

/// The letters and digits of a name, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The header that a name means; a remark in parentheses, as in `Create Date (EST)`, counts only if the name has it.
pub(super) fn find_header<'a>(headers: &'a [String], name: &str) -> Option<&'a String> {
    let wanted = plain(name);
    let without_remark = |header: &str| plain(header.split(" (").next().unwrap_or_default());
    headers
        .iter()
        .find(|header| *header == name)
        .or_else(|| headers.iter().find(|header| plain(header) == wanted))
        .or_else(|| headers.iter().find(|header| without_remark(header) == wanted))
}

/// Whether a file's name holds one of some words.
pub(super) fn speaks_of(path: &str, words: &[String]) -> bool {
    let stem = plain(path.split('.').next().unwrap_or_default());
    words.iter().any(|word| stem.contains(word.as_str()))
}
