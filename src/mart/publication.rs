//! Publication: a run stages its marts beside the output folder and swaps them in whole, so that readers see the old
//! marts or the new ones, and a crash leaves the last good ones.

use super::error::MartError;
use super::manifest::MANIFEST;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A staging folder beside the output folder; removed when dropped without [`Publication::publish`].
#[derive(Debug)]
pub struct Publication {
    out: PathBuf,
    stage: PathBuf,
    scratch: PathBuf,
    /// Held while the stage exists; tells a stage at work from one that a crash left behind.
    lock: Option<(File, PathBuf)>,
}

impl Publication {
    /// Checks that `out` may be written and opens the stage.
    ///
    /// # Errors
    /// An output folder that is not an earlier run's (unless `overwrite`), is being written to, or cannot be written.
    pub fn open(out: &Path, overwrite: bool) -> Result<Self, MartError> {
        check_replaceable(out, overwrite)?;
        let name = out.file_name().ok_or_else(|| MartError::Foreign { path: out.to_owned() })?.to_string_lossy();
        let parent = match out.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        std::fs::create_dir_all(parent).map_err(MartError::write(parent))?;
        let lock_path = parent.join(format!(".{name}.lock"));
        let lock = File::create(&lock_path).map_err(MartError::write(parent))?;
        if lock.try_lock().is_err() {
            return Err(MartError::Busy { path: out.to_owned() });
        }
        let stage = parent.join(format!(".{name}.staging"));
        let scratch = parent.join(format!(".{name}.scratch"));
        for left_behind in [&stage, &scratch].into_iter().filter(|folder| folder.exists()) {
            std::fs::remove_dir_all(left_behind).map_err(MartError::write(left_behind))?;
        }
        std::fs::create_dir(&stage).map_err(MartError::write(&stage))?;
        Ok(Self { out: out.to_owned(), stage, scratch, lock: Some((lock, lock_path)) })
    }

    /// Where the marts are staged.
    pub fn stage(&self) -> &Path {
        &self.stage
    }

    /// A folder beside the stage for what does not fit into memory; removed when the publication ends, or by the next run
    /// after a crash.
    ///
    /// # Errors
    /// A folder that cannot be created.
    pub fn scratch(&self) -> Result<&Path, MartError> {
        std::fs::create_dir_all(&self.scratch).map_err(MartError::write(&self.scratch))?;
        Ok(&self.scratch)
    }

    /// Makes the staged folder the output folder.
    ///
    /// # Errors
    /// A file system that refuses; the old output is then still in place.
    pub fn publish(self) -> Result<(), MartError> {
        sync_folders(&self.stage)?;
        if self.out.exists() {
            exchange(&self.stage, &self.out)?;
        } else {
            std::fs::rename(&self.stage, &self.out).map_err(MartError::write(&self.out))?;
        }
        if let Some(parent) = self.stage.parent() {
            sync_folder(parent)?;
        }
        Ok(())
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        // After a publication this removes the earlier output, which the exchange put in the stage's place.
        let _ = std::fs::remove_dir_all(&self.stage);
        let _ = std::fs::remove_dir_all(&self.scratch);
        if let Some((lock, path)) = self.lock.take() {
            let _ = std::fs::remove_file(path);
            drop(lock);
        }
    }
}

fn check_replaceable(out: &Path, overwrite: bool) -> Result<(), MartError> {
    if let Some(file) = out.ancestors().find(|path| path.is_file()) {
        return Err(MartError::NotAFolder { path: file.to_owned() });
    }
    if !out.exists() || overwrite {
        return Ok(());
    }
    let foreign = || MartError::Foreign { path: out.to_owned() };
    let mut entries = std::fs::read_dir(out).map_err(|_| foreign())?;
    if entries.next().is_none() || super::manifest::is_ours(&out.join(MANIFEST)) { Ok(()) } else { Err(foreign()) }
}

/// Swaps two folders in one step where the system can, else in two.
fn exchange(stage: &Path, out: &Path) -> Result<(), MartError> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        if renameat_with(CWD, stage, CWD, out, RenameFlags::EXCHANGE).is_ok() {
            return Ok(());
        }
    }
    let aside = stage.with_extension("replaced");
    std::fs::rename(out, &aside).map_err(MartError::write(out))?;
    if let Err(error) = std::fs::rename(stage, out) {
        std::fs::rename(&aside, out).map_err(MartError::write(out))?;
        return Err(MartError::Write { path: out.to_owned(), source: error });
    }
    std::fs::rename(&aside, stage).map_err(MartError::write(&aside))
}

fn sync_folders(stage: &Path) -> Result<(), MartError> {
    for entry in std::fs::read_dir(stage).map_err(MartError::write(stage))? {
        let path = entry.map_err(MartError::write(stage))?.path();
        if path.is_dir() {
            sync_folder(&path)?;
        }
    }
    sync_folder(stage)
}

fn sync_folder(folder: &Path) -> Result<(), MartError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(MartError::write(folder))
}
