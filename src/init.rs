//! From a folder of exports to a configuration that runs: look at the files, recognise what they are, compose the text.
//!
//! What is known of exports is data: `init/aliases.toml` and the SELECTs of `sql/source/`.

mod compose;
mod doubts;
mod imported;
mod kinds;
mod look;
mod name;
mod reading;
mod recognise;
mod select;
mod unit;

use crate::config::file::Table;
use compose::compose;
use doubts::{examine, wanted};
use look::Look;
use recognise::Recognised;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What became of a folder.
#[derive(Debug)]
pub struct Initialised {
    /// The configuration written.
    pub config: PathBuf,
    /// File, table, and what the file was taken for.
    pub used: Vec<(String, Table, String)>,
    /// File, and why it is not used.
    pub unused: Vec<(String, String)>,
    /// Line of the configuration, and what is undecided about it.
    pub undecided: Vec<(usize, String)>,
    /// Tables without which nothing runs and that no file gives.
    pub missing: Vec<Table>,
}

/// Why no configuration was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// The folder cannot be listed.
    #[error("cannot list {folder}: {source}; give the folder of the exports")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is a configuration already.
    #[error("{config} exists, and init never overwrites; name another file with --out, or remove this one")]
    Exists {
        /// The configuration.
        config: PathBuf,
    },
    /// Neither touchpoints nor opportunities were found.
    #[error(
        "{folder} holds nothing to start from\nlooked for: touchpoints ({touchpoints}) and opportunities ({opportunities}) in CSV, TSV, Parquet and NDJSON files, under these or similar names; exports of {exports}\nfound: {found}"
    )]
    NothingUsable {
        /// The folder.
        folder: PathBuf,
        /// Columns that touchpoints need.
        touchpoints: String,
        /// Columns that opportunities need.
        opportunities: String,
        /// Objects of known systems.
        exports: String,
        /// The files and why they are not usable.
        found: String,
    },
    /// The configuration cannot be written.
    #[error("cannot write {config}: {source}; name another file with --out")]
    Write {
        /// The configuration.
        config: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What the program carries is broken.
    #[error("the built-in knowledge of exports cannot be read: {0}")]
    Knowledge(#[from] toml::de::Error),
}

/// Looks at `folder` and writes a configuration to `out`, by default `closedloop.toml` in the folder.
///
/// # Errors
/// A folder that cannot be read or has nothing usable, and a configuration that exists or cannot be written.
pub fn init(folder: &Path, out: Option<&Path>) -> Result<Initialised, InitError> {
    let config = out.map_or_else(|| folder.join("closedloop.toml"), Path::to_owned);
    if config.symlink_metadata().is_ok() {
        return Err(InitError::Exists { config });
    }
    let unlistable = |source| InitError::Folder { folder: folder.to_owned(), source };
    let (looks, unusable) = look::look(folder).map_err(unlistable)?;
    let knowledge = kinds::knowledge()?;
    let mut recognised = recognise::recognise(&knowledge, &looks);
    let mut unused: Vec<(String, String)> = unusable.into_iter().map(|file| (file.path, file.why)).collect();
    unused.extend(recognised.unused.iter().map(|(look, why)| (looks[*look].path.clone(), why.clone())));
    unused.sort();

    let mut missing = vec![Table::Touchpoints, Table::Opportunities];
    missing.retain(|table| !recognised.tables.contains_key(table));
    if missing.len() == 2 {
        return Err(nothing_usable(folder, &knowledge, &recognised, &looks, &unused));
    }
    let (settings, doubts) = examine(&mut recognised, &looks, &knowledge);
    let composed = compose(&recognised, &looks, &settings, &doubts, &way(&config, folder));
    write_new(&config, &composed.text)?;
    Ok(Initialised { config, used: used(&recognised, &looks), unused, undecided: composed.undecided, missing })
}

/// The way from a configuration to the folder of its files.
fn way(config: &Path, folder: &Path) -> PathBuf {
    let parent = config.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let (Ok(parent), Ok(folder)) = (parent.canonicalize(), folder.canonicalize()) else { return folder.to_owned() };
    folder.strip_prefix(&parent).map_or_else(|_| folder.clone(), Path::to_owned)
}

/// Writes a file that does not exist, as a whole or not at all.
fn write_new(config: &Path, text: &str) -> Result<(), InitError> {
    let fault = |source| InitError::Write { config: config.to_owned(), source };
    let mut file = File::create_new(config).map_err(|source| match source.kind() {
        std::io::ErrorKind::AlreadyExists => InitError::Exists { config: config.to_owned() },
        _ => fault(source),
    })?;
    file.write_all(text.as_bytes()).map_err(|source| {
        // A part would be in the way of the next attempt.
        let _ = std::fs::remove_file(config);
        fault(source)
    })
}

fn used(recognised: &Recognised, looks: &[Look]) -> Vec<(String, Table, String)> {
    let mut used = Vec::new();
    for (table, filled) in &recognised.tables {
        for branch in &filled.branches {
            let what = match branch.system.as_str() {
                "" => String::new(),
                system => format!("{system} {}", branch.object),
            };
            let line = (looks[branch.look].path.clone(), *table, what);
            if !used.contains(&line) {
                used.push(line);
            }
        }
    }
    used
}

fn nothing_usable(
    folder: &Path,
    knowledge: &kinds::Knowledge,
    recognised: &Recognised,
    looks: &[Look],
    unused: &[(String, String)],
) -> InitError {
    let mut exports: Vec<String> = Vec::new();
    for system in ["Salesforce", "HubSpot"] {
        let objects = knowledge.kinds.iter().filter(|kind| kind.system == system).map(|kind| kind.object.as_str());
        exports.push(format!("{system} ({})", objects.collect::<Vec<_>>().join(", ")));
    }
    let taken = used(recognised, looks).into_iter().map(|(path, table, _)| format!("{path} (only {})", table.name()));
    let mut found: Vec<String> = taken.collect();
    found.extend(unused.iter().map(|(path, why)| format!("{path} ({why})")));
    InitError::NothingUsable {
        folder: folder.to_owned(),
        touchpoints: wanted(Table::Touchpoints),
        opportunities: wanted(Table::Opportunities),
        exports: exports.join(" and "),
        found: if found.is_empty() { "no files".to_owned() } else { found.join(", ") },
    }
}
