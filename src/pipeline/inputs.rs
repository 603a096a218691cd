//! The input files' hashes, taken beside the run.

use super::error::RunError;
use crate::config::Plan;
use crate::config::plan::Source;
use crate::mart::manifest::InputFile;
use std::fs::File;
use std::path::PathBuf;
use std::thread::{Builder, JoinHandle};

/// Hashing under way on a thread of its own.
pub(super) struct InputHashes {
    thread: JoinHandle<Result<Vec<InputFile>, RunError>>,
}

impl InputHashes {
    /// Starts hashing every input file of the plan.
    ///
    /// # Errors
    /// A thread that cannot start.
    pub(super) fn start(plan: &Plan) -> std::io::Result<Self> {
        let files: Vec<(String, PathBuf)> = plan
            .sources
            .values()
            .flat_map(Source::parts)
            .flat_map(|source| source.files.iter().map(|file| (source.table.name().to_owned(), file.clone())))
            .collect();
        Ok(Self { thread: Builder::new().spawn(move || files.into_iter().map(hash).collect())? })
    }

    /// Waits for the hashes.
    pub(super) fn finish(self) -> Result<Vec<InputFile>, RunError> {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn hash((table, path): (String, PathBuf)) -> Result<InputFile, RunError> {
    let mut hasher = blake3::Hasher::new();
    let gone = |source| RunError::InputGone { path: path.clone(), source };
    // Read, not mapped: faults would cost more than copying, and mapped pages count as memory of the process.
    hasher.update_reader(File::open(&path).map_err(gone)?).map_err(gone)?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(InputFile { table, file, bytes: hasher.count(), blake3: hasher.finalize().to_hex().to_string() })
}
