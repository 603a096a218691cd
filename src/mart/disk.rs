//! To the disk: what is written is synced beside the run, which waits for the disk once, before it publishes.

use super::error::MartError;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

/// Files on their way to the disk, each on a thread of its own that does nothing but wait.
#[derive(Default)]
pub struct Disk {
    syncing: Mutex<Vec<JoinHandle<Result<(), MartError>>>>,
}

impl Disk {
    /// Takes a file that is written.
    ///
    /// # Errors
    /// A file that the disk did not take, where no thread is to be had that would wait for it.
    pub(super) fn take(&self, path: &Path, file: &Arc<File>) -> Result<(), MartError> {
        let synced = {
            let (path, file) = (path.to_owned(), Arc::clone(file));
            Builder::new().spawn(move || sync(&path, &file))
        };
        match synced {
            Ok(synced) => self.syncing.lock().unwrap_or_else(PoisonError::into_inner).push(synced),
            Err(_) => sync(path, file)?,
        }
        Ok(())
    }

    /// Waits until every file is on the disk.
    ///
    /// # Errors
    /// A file that a disk did not take.
    pub fn finish(self) -> Result<(), MartError> {
        let syncing = self.syncing.into_inner().unwrap_or_else(PoisonError::into_inner);
        let wait = |synced: JoinHandle<_>| synced.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        syncing.into_iter().try_for_each(wait)
    }
}

fn sync(path: &Path, file: &File) -> Result<(), MartError> {
    file.sync_all().map_err(MartError::write(path))
}
