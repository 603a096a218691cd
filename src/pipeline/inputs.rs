//! The input files' hashes, taken beside the run.

use crate::config::Plan;
use crate::mart::manifest::InputFile;
use std::path::PathBuf;
use std::thread::JoinHandle;

/// Hashing under way on a thread of its own.
pub(super) struct InputHashes {
    thread: JoinHandle<std::io::Result<Vec<InputFile>>>,
}

impl InputHashes {
    /// Starts hashing every input file of the plan.
    pub(super) fn start(plan: &Plan) -> Self {
        let files: Vec<(String, PathBuf)> = plan
            .sources
            .values()
            .flat_map(|source| source.files.iter().map(|file| (source.table.name().to_owned(), file.clone())))
            .collect();
        Self { thread: std::thread::spawn(move || files.into_iter().map(hash).collect()) }
    }

    /// Waits for the hashes.
    ///
    /// # Errors
    /// A file that can no longer be read.
    pub(super) fn finish(self) -> std::io::Result<Vec<InputFile>> {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn hash((table, path): (String, PathBuf)) -> std::io::Result<InputFile> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_mmap(&path)?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(InputFile { table, file, bytes: hasher.count(), blake3: hasher.finalize().to_hex().to_string() })
}
