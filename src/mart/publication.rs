//! Publication: a run stages its marts beside the output folder and swaps them in whole, so that readers see the old
//! marts or the new ones, and a crash leaves the last good ones.

use super::error::MartError;
use super::manifest::MANIFEST;
use super::properties::is_of_ours;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A staging folder beside the output folder; removed when dropped without [`Publication::publish`].
#[derive(Debug)]
pub struct Publication {
    out: PathBuf,
    stage: PathBuf,
    scratch: PathBuf,
    lock_path: PathBuf,
    /// Held while the stage exists; tells a stage at work from one that a crash left behind.
    _lock: File,
}

impl Publication {
    /// Checks that `out` may be written and opens the stage.
    ///
    /// # Errors
    /// An output folder that is not an earlier run's (unless `overwrite`), is being written to, or cannot be written.
    pub fn open(out: &Path, overwrite: bool) -> Result<Self, MartError> {
        Self::begin(out, |out| check_replaceable(out, overwrite))
    }

    /// The same for a folder of one table, to be replaced by [`Self::publish_table`].
    ///
    /// # Errors
    /// A folder that holds anything but an earlier table of ours, is being written to, or cannot be written.
    pub fn of_table(folder: &Path) -> Result<Self, MartError> {
        Self::begin(folder, check_is_table)
    }

    fn begin(out: &Path, check: impl FnOnce(&Path) -> Result<(), MartError>) -> Result<Self, MartError> {
        let out = &behind_link(out)?;
        let name = out.file_name().ok_or_else(|| MartError::Nameless { path: out.to_owned() })?.to_string_lossy();
        let parent = match out.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        check(out)?;
        if is_mount_point(out, parent) {
            return Err(MartError::MountPoint { path: out.to_owned() });
        }
        std::fs::create_dir_all(parent).map_err(MartError::write(parent))?;
        let lock_path = parent.join(format!(".{name}.lock"));
        let lock = lock(&lock_path).map_err(MartError::write(parent))?;
        let lock = lock.ok_or_else(|| MartError::Busy { path: out.to_owned() })?;
        let stage = parent.join(format!(".{name}.staging"));
        let scratch = parent.join(format!(".{name}.scratch"));
        [&stage, &scratch].into_iter().try_for_each(|left_behind| remove_left_behind(left_behind))?;
        std::fs::create_dir(&stage).map_err(MartError::write(&stage))?;
        finish_exchange(out)?;
        Ok(Self { out: out.to_owned(), stage, scratch, lock_path, _lock: lock })
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
    /// A file system that refuses. The old output is then in place, unless all that failed was to bring the exchange to the
    /// disk.
    pub fn publish(self) -> Result<(), MartError> {
        replace(&self.stage, &self.out)
    }

    /// Makes one folder of the stage the folder of the table.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub fn publish_table(self, name: &str) -> Result<(), MartError> {
        replace(&self.stage.join(name), &self.out)
    }
}

/// Makes the folder `stage`, whose files are on the disk, the folder `out`; what stood there stands where the stage was.
///
/// # Errors
/// As [`Publication::publish`].
fn replace(stage: &Path, out: &Path) -> Result<(), MartError> {
    sync_folders(stage)?;
    if out.exists() {
        exchange(stage, out)?;
    } else {
        std::fs::rename(stage, out).map_err(MartError::write(out))?;
    }
    [stage, out].into_iter().filter_map(Path::parent).try_for_each(sync_folder)
}

impl Drop for Publication {
    fn drop(&mut self) {
        // After a publication this removes the earlier output, which the exchange put in the stage's place.
        let _ = std::fs::remove_dir_all(&self.stage);
        let _ = std::fs::remove_dir_all(&self.scratch);
        // The lock is let go after this, with its field.
        let _ = std::fs::remove_file(&self.lock_path);
    }
}

/// The folder that a link leads to, so that whoever reads through the link sees the new marts.
fn behind_link(out: &Path) -> Result<PathBuf, MartError> {
    // Behind a slash at the end the system sees no link.
    let out: &Path = &out.components().collect::<PathBuf>();
    match out.is_symlink() {
        true => out.canonicalize().map_err(|_| MartError::LinkToNothing { path: out.to_owned() }),
        false => Ok(out.to_owned()),
    }
}

/// Removes what a run left that broke off.
fn remove_left_behind(folder: &Path) -> Result<(), MartError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(MartError::LeftBehind { path: folder.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}

#[cfg(unix)]
fn is_mount_point(folder: &Path, parent: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| path.metadata().map(|found| found.dev());
    matches!((device(folder), device(parent)), (Ok(folder), Ok(parent)) if folder != parent)
}

#[cfg(not(unix))]
fn is_mount_point(_: &Path, _: &Path) -> bool {
    false
}

/// Locks a file, which is made where there is none; `None` where another run has it.
pub(crate) fn lock(path: &Path) -> std::io::Result<Option<File>> {
    loop {
        let lock = File::options().write(true).create(true).truncate(false).open(path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // A run that ended in between has removed its file, and the next one would lock another.
        if stands_at(&lock, path) {
            return Ok(Some(lock));
        }
    }
}

#[cfg(unix)]
fn stands_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |found: std::io::Result<std::fs::Metadata>| found.ok().map(|found| (found.dev(), found.ino()));
    place(file.metadata()).is_some_and(|locked| place(path.metadata()) == Some(locked))
}

/// Elsewhere a file that is open is not removed.
#[cfg(not(unix))]
fn stands_at(_: &File, _: &Path) -> bool {
    true
}

/// Refuses a folder that holds anything but files of a table that was written here.
pub(crate) fn check_is_table(folder: &Path) -> Result<(), MartError> {
    check_is_no_file(folder)?;
    let is_table = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.all(|entry| entry.is_ok_and(|entry| is_of_ours(&entry.path()))),
        Err(_) => !folder.exists(),
    };
    if is_table { Ok(()) } else { Err(MartError::NotATable { path: folder.to_owned() }) }
}

fn check_replaceable(out: &Path, overwrite: bool) -> Result<(), MartError> {
    check_is_no_file(out)?;
    if !out.exists() || overwrite {
        return Ok(());
    }
    let foreign = || MartError::Foreign { path: out.to_owned() };
    let mut entries = std::fs::read_dir(out).map_err(|_| foreign())?;
    if entries.next().is_none() || super::manifest::is_ours(&out.join(MANIFEST)) { Ok(()) } else { Err(foreign()) }
}

/// Refuses a place where a file stands in the way, be it a device or a pipe.
fn check_is_no_file(folder: &Path) -> Result<(), MartError> {
    let file = folder.ancestors().find(|path| path.exists() && !path.is_dir());
    file.map_or(Ok(()), |file| Err(MartError::NotAFolder { path: file.to_owned() }))
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
    let aside = aside(out);
    std::fs::rename(out, &aside).map_err(|error| match error.kind() {
        // Where the mount is of the same file system, nothing tells of it before.
        ErrorKind::ResourceBusy => MartError::MountPoint { path: out.to_owned() },
        _ => MartError::write(out)(error),
    })?;
    if let Err(error) = std::fs::rename(stage, out) {
        std::fs::rename(&aside, out).map_err(MartError::write(out))?;
        return Err(MartError::Write { path: out.to_owned(), source: error });
    }
    std::fs::rename(&aside, stage).map_err(MartError::write(&aside))
}

/// Where what stands at `out` waits while the new comes: beside it, and not in a stage, which the next run removes.
fn aside(out: &Path) -> PathBuf {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    out.with_file_name(format!(".{name}.replaced"))
}

/// Finishes an exchange in two steps that a crash broke off: the marts that stood there come back, unless the new ones came.
fn finish_exchange(out: &Path) -> Result<(), MartError> {
    let aside = aside(out);
    match (aside.exists(), out.exists()) {
        (false, _) => Ok(()),
        (true, false) => std::fs::rename(&aside, out).map_err(MartError::write(out)),
        (true, true) => std::fs::remove_dir_all(&aside).map_err(MartError::write(&aside)),
    }
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
    let folder = if folder == Path::new("") { Path::new(".") } else { folder };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(MartError::write(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(out: &Path) -> String {
        Publication::open(out, true).unwrap_err().to_string()
    }

    #[test]
    fn a_place_without_a_name_is_not_replaced() {
        for place in [".", "/", "src/.."] {
            let sentence = format!("{place} cannot be replaced as a whole; give --out the name of a folder");
            assert_eq!(open(Path::new(place)), sentence);
        }
    }

    #[test]
    fn what_cannot_be_removed_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let left_behind = folder.path().join(".out.staging");
        std::fs::write(&left_behind, "no folder").unwrap();
        let sentence = open(&folder.path().join("out"));
        let (named, remedy) = (left_behind.display().to_string(), "remove it as its owner");
        assert!(sentence.starts_with(&format!("{named}, which an earlier run left, cannot be removed")), "{sentence}");
        assert!(sentence.ends_with(remedy), "{sentence}");
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_empties_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let thesis = folder.path().join("thesis.txt");
        std::fs::write(&thesis, "ten years of work").unwrap();
        std::os::unix::fs::symlink(&thesis, folder.path().join(".out.lock")).unwrap();
        drop(Publication::open(&folder.path().join("out"), true).unwrap());
        assert_eq!(std::fs::read_to_string(&thesis).unwrap(), "ten years of work");
    }

    /// A crash between the two steps of an exchange, where the system has no single one: the stage, which the next publication
    /// removes, does not hold what waits.
    #[test]
    fn a_table_whose_exchange_was_broken_off_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("predictions");
        std::fs::create_dir(folder.path().join(".predictions.staging")).unwrap();
        std::fs::create_dir(&out).unwrap();
        std::fs::rename(&out, aside(&out)).unwrap();
        let publication = Publication::of_table(&out).unwrap();
        assert!(out.is_dir() && !aside(&out).exists() && publication.stage().is_dir());
    }
}
