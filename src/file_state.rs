//! Whether a file is still the one that it was.

use std::fs::Metadata;
use std::path::Path;
use std::time::SystemTime;

/// What tells a file from what it was before: its length, when it was written, and where the system knows more, which
/// file it is and when that last changed, which a file tells that was away and is back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FileState {
    length: u64,
    modified: Option<SystemTime>,
    identity: Identity,
}

impl FileState {
    /// Looks at a file.
    pub(crate) fn of(path: &Path) -> std::io::Result<Self> {
        let found = std::fs::metadata(path)?;
        Ok(Self { length: found.len(), modified: found.modified().ok(), identity: identity(&found) })
    }
}

#[cfg(unix)]
type Identity = (u64, u64, i64, i64);

#[cfg(unix)]
fn identity(found: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino(), found.ctime(), found.ctime_nsec())
}

#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn changes(meddle: impl FnOnce(&Path)) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spend.csv");
        fs::write(&path, "campaign_id,date,amount\n").unwrap();
        let before = FileState::of(&path).unwrap();
        meddle(&path);
        FileState::of(&path).map_or(true, |after| after != before)
    }

    #[test]
    fn a_file_that_is_read_stays_what_it_is() {
        assert!(!changes(|path| drop(fs::read(path).unwrap())));
    }

    #[test]
    fn rows_more_or_fewer_and_another_file_in_its_place_are_seen() {
        assert!(changes(|path| fs::write(path, "campaign_id,date,amount\nC,2026-01-01,1\n").unwrap()));
        assert!(changes(|path| fs::write(path, "").unwrap()));
        assert!(changes(|path| fs::remove_file(path).unwrap()));
        assert!(changes(|path| {
            let other = path.with_extension("new");
            fs::write(&other, "campaign_id,date,amount\n").unwrap();
            fs::rename(other, path).unwrap();
        }));
        assert!(changes(|path| {
            let away = path.with_extension("away");
            fs::rename(path, &away).unwrap();
            fs::rename(away, path).unwrap();
        }));
    }
}
