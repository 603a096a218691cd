//! To the disk: what is written is synced beside the run, which waits for the disk once, before it publishes.

use super::error::MartError;
use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::thread::{JoinHandle, spawn};

/// Files on their way to the disk, each on a thread of its own that does nothing but wait.
#[derive(Default)]
pub struct Disk {
    syncing: Mutex<Vec<JoinHandle<Result<(), MartError>>>>,
}

impl Disk {
    /// Takes a file that is written.
    pub(super) fn take(&self, path: PathBuf, file: File) {
        let synced = spawn(move || file.sync_all().map_err(MartError::write(&path)));
        self.syncing.lock().unwrap_or_else(PoisonError::into_inner).push(synced);
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
