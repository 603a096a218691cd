//! The runtime that SQL runs on.

use super::error::RunError;
use std::sync::RwLock;
use std::thread::Builder;
use tokio::runtime::Runtime;

/// Threads beside the workers that wait for files: each table may be looked at by one, and read by another.
const WAITING: usize = 16;

/// A runtime with so many workers.
///
/// # Errors
/// Threads that the system does not give.
pub fn runtime(threads: usize) -> Result<Runtime, RunError> {
    let waiting = WAITING + threads;
    check_for_threads(threads + waiting).map_err(|error| RunError::no_threads(threads, &error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(waiting)
        .enable_all()
        .build();
    runtime.map_err(|error| RunError::no_threads(threads, &error))
}

/// Starts so many threads at once and lets them go: a runtime does not say that the system gives it none, but panics or hangs.
fn check_for_threads(threads: usize) -> std::io::Result<()> {
    let gate = RwLock::new(());
    std::thread::scope(|scope| {
        let _closed = gate.write();
        (0..threads).try_for_each(|_| Builder::new().spawn_scoped(scope, || drop(gate.read())).map(drop))
    })
}
