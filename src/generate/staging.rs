//! All files or none: they are written within the folder, out of sight, and come up together.

use super::error::GenerateError;
use std::fs;
use std::path::{Path, PathBuf};

/// The name of the folder out of sight.
const NAME: &str = ".staging";

/// The output folder and its files to be; what is not published is removed, or by the next start after a crash.
pub(super) struct Staging {
    out: PathBuf,
    folder: PathBuf,
}

impl Staging {
    /// Opens it in a folder that is new or empty.
    pub(super) fn open(out: &Path) -> Result<Self, GenerateError> {
        fs::create_dir_all(out).map_err(GenerateError::io(out))?;
        let folder = out.join(NAME);
        if folder.is_dir() {
            fs::remove_dir_all(&folder).map_err(GenerateError::io(&folder))?;
        }
        if fs::read_dir(out).map_err(GenerateError::io(out))?.next().is_some() {
            return Err(GenerateError::NotEmpty { path: out.to_owned() });
        }
        fs::create_dir(&folder).map_err(GenerateError::io(&folder))?;
        Ok(Self { out: out.to_owned(), folder })
    }

    /// Where the files are written.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Brings the files up, the one named `last` when all others are there.
    pub(super) fn publish(self, last: &str) -> Result<(), GenerateError> {
        let entries = fs::read_dir(&self.folder).map_err(GenerateError::io(&self.folder))?;
        let names = entries.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>();
        let mut names = names.map_err(GenerateError::io(&self.folder))?;
        names.sort_by_key(|name| name == last);
        names.into_iter().try_for_each(|name| {
            let place = self.out.join(&name);
            fs::rename(self.folder.join(&name), &place).map_err(GenerateError::io(&place))
        })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
