//! Flags of several subcommands, and values that they take.

use clap::Args;

/// How many threads to use.
#[derive(Debug, Args)]
pub(super) struct Threads {
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

impl Threads {
    pub(super) fn count(&self) -> usize {
        self.threads.map_or_else(all_cores, usize::from)
    }
}

/// As many threads as there are cores.
pub(super) fn all_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

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
