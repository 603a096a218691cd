//! The input files of a run: their hashes, taken beside it, and that nothing changes them meanwhile.

use super::error::RunError;
use crate::config::Plan;
use crate::config::file::Table;
use crate::config::plan::Source;
use crate::file_state::FileState;
use crate::mart::manifest::InputFile;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle};

/// The files as they stand when the run begins.
pub(super) struct Inputs(Vec<Input>);

struct Input {
    table: Table,
    path: PathBuf,
    state: FileState,
}

impl Inputs {
    /// Looks at every input file of the plan.
    ///
    /// # Errors
    /// A file that is gone.
    pub(super) fn of(plan: &Plan) -> Result<Self, RunError> {
        let sources = plan.sources.values().flat_map(Source::parts);
        let files = sources.flat_map(|source| source.files.iter().map(|path| (source.table, path.clone())));
        let look = |(table, path): (Table, PathBuf)| Ok(Input { table, state: state(&path)?, path });
        files.map(look).collect::<Result<_, _>>().map(Self)
    }

    /// Starts to hash them, beside the `threads` of a run.
    ///
    /// # Errors
    /// A thread that cannot start.
    pub(super) fn hash(&self, threads: usize) -> Result<InputHashes, RunError> {
        let files: Vec<_> = self.0.iter().map(|input| (input.table.name().to_owned(), input.path.clone())).collect();
        let thread = Builder::new().spawn(move || files.into_iter().map(hash).collect());
        Ok(InputHashes(thread.map_err(|error| RunError::no_threads(threads, &error))?))
    }

    /// Refuses files that are no longer those that the run began with: it may have read some of the old and some of the new.
    ///
    /// # Errors
    /// A file that is gone or another.
    pub(super) fn check(&self) -> Result<(), RunError> {
        self.0.iter().try_for_each(|Input { path, state: before, .. }| match state(path)? == *before {
            true => Ok(()),
            false => Err(RunError::InputChanged { path: path.clone() }),
        })
    }
}

/// Reads inputs, and refuses what comes of them where they changed meanwhile, be it an error.
///
/// # Errors
/// A file that is gone or another, and what reading comes to.
pub fn unchanged<T, E: From<RunError>>(plan: &Plan, read: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    let inputs = Inputs::of(plan)?;
    let told = read();
    inputs.check()?;
    told
}

/// Hashing under way on a thread of its own.
pub(super) struct InputHashes(JoinHandle<Result<Vec<InputFile>, RunError>>);

impl InputHashes {
    /// Waits for the hashes.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(super) fn finish(self) -> Result<Vec<InputFile>, RunError> {
        self.0.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

fn state(path: &Path) -> Result<FileState, RunError> {
    FileState::of(path).map_err(gone(path))
}

fn gone(path: &Path) -> impl Fn(std::io::Error) -> RunError {
    |source| RunError::InputGone { path: path.to_owned(), source }
}

fn hash((table, path): (String, PathBuf)) -> Result<InputFile, RunError> {
    let mut hasher = blake3::Hasher::new();
    // Read, not mapped: faults would cost more than copying, and mapped pages count as memory of the process.
    let file = File::open(&path).map_err(gone(&path))?;
    hasher.update_reader(file).map_err(gone(&path))?;
    let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(InputFile { table, file, bytes: hasher.count(), blake3: hasher.finalize().to_hex().to_string() })
}
