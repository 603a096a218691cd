//! All files or none: they are written within the folder, out of sight, and come up together.

use super::error::GenerateError;
use crate::mart::publication::lock;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The names of the folder out of sight, and of the file that is locked while it is in use.
const NAME: &str = ".staging";
const LOCK: &str = ".staging.lock";

/// The output folder and its files to be; what is not published is removed, or by the next start after a crash.
pub(super) struct Staging {
    out: PathBuf,
    folder: PathBuf,
    _lock: File,
}

impl Staging {
    /// Opens it in a folder that is new or empty.
    pub(super) fn open(out: &Path) -> Result<Self, GenerateError> {
        fs::create_dir_all(out).map_err(GenerateError::io(out))?;
        let (folder, busy) = (out.join(NAME), || GenerateError::Busy { path: out.to_owned() });
        check_empty(out)?;
        let lock = lock(&out.join(LOCK)).map_err(GenerateError::io(out))?.ok_or_else(busy)?;
        // Another may have been ready in between.
        check_empty(out)?;
        if folder.is_dir() {
            fs::remove_dir_all(&folder).map_err(GenerateError::io(&folder))?;
        }
        fs::create_dir(&folder).map_err(GenerateError::io(&folder))?;
        Ok(Self { out: out.to_owned(), folder, _lock: lock })
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

/// Refuses a folder that holds anything but what another start left.
fn check_empty(out: &Path) -> Result<(), GenerateError> {
    let mut names = fs::read_dir(out).map_err(GenerateError::io(out))?.flatten().map(|entry| entry.file_name());
    match names.any(|name| name != NAME && name != LOCK) {
        true => Err(GenerateError::NotEmpty { path: out.to_owned() }),
        false => Ok(()),
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
        let _ = fs::remove_file(self.out.join(LOCK));
    }
}
