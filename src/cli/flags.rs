//! Values that flags of several subcommands take.

/// What stands between the columns of a CSV file.
pub(super) fn delimiter(text: &str) -> Result<u8, String> {
    match (text, text.as_bytes()) {
        ("\\t", _) => Ok(b'\t'),
        (_, [byte]) if !matches!(byte, b'"' | b'\r' | b'\n') => Ok(*byte),
        _ => Err("give one character of ASCII that is no quote, such as ';' or ',', or \\t for a tab".to_owned()),
    }
}

/// Refuses a list in which a name comes twice.
pub(super) fn each_once<T: PartialEq>(flag: &str, names: &[T], text: impl Fn(&T) -> String) -> anyhow::Result<()> {
    let again = names.iter().enumerate().find(|(place, name)| names[..*place].contains(name));
    again.map_or(Ok(()), |(_, name)| anyhow::bail!("{flag} names \"{}\" twice; name it once", text(name)))
}
