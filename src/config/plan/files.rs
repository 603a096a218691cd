//! The files of each table: paths expanded and listed, formats told, and the output folder kept apart from them.

use super::resolve::Resolver;
use super::{CsvLayout, Source};
use crate::config::error::ConfigError;
use crate::config::file::{FilesConfig, Format, FurtherFiles, SourceConfig, Table};
use encoding_rs::Encoding;
use flate2::read::MultiGzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use url::Url;

impl Resolver<'_> {
    pub(super) fn source(&self, table: Table, given: SourceConfig) -> Result<Source, ConfigError> {
        let key = |part: &str| format!("tables.{}.{part}", table.name());
        if given.sql.is_some() && !given.columns.is_empty() {
            return Err(self.fault(&key("sql"), "is given beside columns; keep one of them".to_owned()));
        }
        if given.sql.is_none() && !given.with.is_empty() {
            return Err(
                self.fault(&key("with"), "is given without sql; add the SELECT that joins its files".to_owned())
            );
        }
        let SourceConfig { path, format, delimiter, encoding, title_lines, footer_lines, columns, sql, .. } = given;
        let files = FilesConfig { path, format, delimiter, encoding, title_lines, footer_lines };
        let source = self.part(table, key, files)?;
        let mut with = BTreeMap::new();
        for (name, files) in given.with {
            let key = key(&format!("with.{name}"));
            if name == "raw" || !is_plain_name(&name) {
                let message = "is not a usable table name; take lower-case letters, digits and _, but not raw";
                return Err(self.fault(&key, message.to_owned()));
            }
            let part = match files {
                FurtherFiles::Path(path) => {
                    let files = FilesConfig { path, delimiter, ..FilesConfig::default() };
                    self.part(table, |_| key.clone(), files)?
                }
                FurtherFiles::Stored(files) => self.part(table, |part| format!("{key}.{part}"), files)?,
            };
            with.insert(name, part);
        }
        Ok(Source { columns, sql, with, ..source })
    }

    /// Some files, without a mapping.
    fn part(&self, table: Table, key: impl Fn(&str) -> String, given: FilesConfig) -> Result<Source, ConfigError> {
        let path = key("path");
        let (files, format) = self.files(table, &path, &self.expand(&path, &given.path)?, given.format)?;
        let layout = self.layout(&key, &given, files.first().map_or(b',', |file| delimiter_of(file)))?;
        let about_csv = [
            ("encoding", layout.encoding.is_some()),
            ("title_lines", layout.title_lines > 0),
            ("footer_lines", layout.footer_lines > 0),
        ];
        if let Some((name, _)) = about_csv.iter().find(|(_, is_given)| *is_given && format != Format::Csv) {
            return Err(self.fault(&key(name), "is about CSV, and the files are not; leave it out".to_owned()));
        }
        let (columns, sql, with) = (BTreeMap::new(), None, BTreeMap::new());
        Ok(Source { table, given: given.path, files, format, layout, columns, sql, with })
    }

    /// How CSV is laid out, with the delimiter that the file's name promises.
    fn layout(&self, key: impl Fn(&str) -> String, given: &FilesConfig, usual: u8) -> Result<CsvLayout, ConfigError> {
        let delimiter = match given.delimiter.map(u8::try_from) {
            None => usual,
            Some(Ok(byte)) if byte.is_ascii() && !b"\"\r\n".contains(&byte) => byte,
            Some(_) => {
                let message = "must be one ASCII character, but no quote and no line break, as in \";\"";
                return Err(self.fault(&key("delimiter"), message.to_owned()));
            }
        };
        let encoding = given.encoding.as_deref().map(|name| {
            Encoding::for_label(name.as_bytes()).ok_or_else(|| {
                let message = format!("\"{name}\" is no encoding of the web, as \"windows-1252\" is one");
                self.fault(&key("encoding"), message)
            })
        });
        let (title_lines, footer_lines) = (given.title_lines, given.footer_lines);
        Ok(CsvLayout { delimiter, encoding: encoding.transpose()?, title_lines, footer_lines })
    }

    /// The files that `path` names, and their format.
    fn files(
        &self,
        table: Table,
        key: &str,
        given: &str,
        format: Option<Format>,
    ) -> Result<(Vec<PathBuf>, Format), ConfigError> {
        let pattern = self.pattern_beside(given);
        let path = self.beside(given);
        let shown = path.display();
        let unlisted = |error: &dyn std::fmt::Display| {
            self.fault(key, format!("cannot list {shown}: {error}; check the folder's rights"))
        };
        let files = if path.is_dir() {
            data_files(&path).map_err(|error| unlisted(&error))?
        } else if path.is_file() {
            vec![path.clone()]
        } else {
            let found = glob::glob(&pattern)
                .map_err(|error| self.fault(key, format!("is not a usable pattern: {error}")))?
                .collect::<Result<Vec<PathBuf>, _>>();
            let mut found = found.map_err(|error| unlisted(&error))?;
            found.retain(|file| file.is_file() && !is_hidden(file));
            found.sort();
            found
        };
        let Some(first) = files.first() else {
            let remedy = match file_beneath(&path).as_deref().and_then(Path::extension) {
                Some(ending) => {
                    let folder = glob::Pattern::escape(given);
                    let pattern = Path::new(&folder).join("**").join("*").with_extension(ending);
                    format!("its folders have some: name them, as in \"{}\"", pattern.display())
                }
                None => "check the path".to_owned(),
            };
            return Err(self.fault(key, format!("no file for table {} at {shown}; {remedy}", table.name())));
        };
        let Some(format) = format.or_else(|| format_of(first)) else {
            return Err(self.fault(
                key,
                format!("the format of {} is not clear from its ending; add format = \"csv\"", first.display()),
            ));
        };
        let kind = |file: &Path| (format_of(file), has_ending(file, "gz"));
        if let Some(other) = files.iter().find(|file| kind(file) != kind(first)) {
            let (first, other) = (first.display(), other.display());
            let message = format!("{first} and {other} are stored differently; name one kind, as in \"folder/*.csv\"");
            return Err(self.fault(key, message));
        }
        Ok((files, format))
    }

    /// Publishing replaces the output folder as a whole, so it must not hold what the run reads.
    pub(super) fn check_output(
        &self,
        key: &str,
        output: &Path,
        sources: &BTreeMap<Table, Source>,
    ) -> Result<(), ConfigError> {
        let Ok(folder) = output.canonicalize() else { return Ok(()) };
        let inputs = sources.values().flat_map(Source::parts).flat_map(|part| &part.files).map(PathBuf::as_path);
        for input in inputs.chain([self.config]) {
            if folder.is_dir() && input.canonicalize().is_ok_and(|input| input.starts_with(&folder)) {
                let (output, input) = (output.display(), input.display());
                return Err(
                    self.fault(key, format!("{output} holds {input}, which the run reads; choose another folder"))
                );
            }
        }
        Ok(())
    }

    pub(super) fn expand(&self, key: &str, path: &str) -> Result<String, ConfigError> {
        shellexpand::env(path).map(String::from).map_err(|error| {
            self.fault(key, format!("the environment variable {} is not set; set it or write the path", error.var_name))
        })
    }

    /// A pattern relative to the configuration's folder, whose own name is taken letter by letter.
    fn pattern_beside(&self, pattern: &str) -> String {
        let folder = self.config.parent().map(|folder| glob::Pattern::escape(&folder.to_string_lossy()));
        Path::new(&folder.unwrap_or_default()).join(pattern).to_string_lossy().into_owned()
    }

    /// A path relative to the configuration's folder.
    pub(super) fn beside(&self, path: &str) -> PathBuf {
        self.config.parent().map_or_else(|| PathBuf::from(path), |folder| folder.join(path))
    }
}

/// Entries of a folder that are looked at for a remedy.
const MOST_LOOKED_AT: usize = 10_000;

/// A file or folder as the engine finds it: a path could be taken for a pattern.
pub(crate) fn address(path: &Path) -> String {
    let url = path.canonicalize().ok().and_then(|path| match path.is_dir() {
        true => Url::from_directory_path(path).ok(),
        false => Url::from_file_path(path).ok(),
    });
    url.map_or_else(|| path.to_string_lossy().into_owned(), String::from)
}

/// The files of a folder that a table can be read from, sorted: those of a known format, but none that are hidden.
///
/// # Errors
/// A folder that cannot be listed.
pub(crate) fn data_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| format_of(file).is_some() && !is_hidden(file));
    files.sort();
    Ok(files)
}

/// A file that a table can be read from, in a folder of the folder, as those of partitioned tables are.
fn file_beneath(folder: &Path) -> Option<PathBuf> {
    let beneath = Path::new(&glob::Pattern::escape(&folder.to_string_lossy())).join("**").join("*");
    let found = glob::glob(&beneath.to_string_lossy()).ok()?.flatten().take(MOST_LOOKED_AT);
    found.into_iter().find(|file| file.is_file() && format_of(file).is_some() && !is_hidden(file))
}

/// Whether SQL takes a name as it stands, without quotes.
fn is_plain_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a file's name ends so.
pub(crate) fn has_ending(file: &Path, ending: &str) -> bool {
    file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(ending))
}

/// What stands between the columns of a text file, by its name.
pub(crate) fn delimiter_of(file: &Path) -> u8 {
    let packed = has_ending(file, "gz").then(|| file.file_stem()).flatten();
    if has_ending(packed.map_or(file, Path::new), "tsv") { b'\t' } else { b',' }
}

/// The bytes of a file, unpacked where its name says that it is compressed.
///
/// # Errors
/// A file that cannot be opened.
pub(crate) fn unpacked(file: &Path) -> std::io::Result<Box<dyn Read + Send>> {
    let plain = File::open(file)?;
    Ok(if has_ending(file, "gz") { Box::new(MultiGzDecoder::new(plain)) } else { Box::new(plain) })
}

fn is_hidden(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'))
}

/// The format that a file's ending promises.
pub(crate) fn format_of(file: &Path) -> Option<Format> {
    let file = if has_ending(file, "gz") { Path::new(file.file_stem()?) } else { file };
    match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "csv" | "tsv" | "txt" => Some(Format::Csv),
        "parquet" => Some(Format::Parquet),
        "ndjson" | "jsonl" | "json" => Some(Format::Ndjson),
        _ => None,
    }
}
