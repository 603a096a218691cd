//! Workers that wait: each keeps what it gathered from one task to the next, and as many are made as are at work at once.

use std::sync::{Mutex, PoisonError};

/// Workers of which none is at work.
pub(super) struct Idle<W>(Mutex<Vec<W>>);

impl<W> Idle<W> {
    pub(super) fn none() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Has a task done by a worker that waits, or by one that is made.
    pub(super) fn lend<T>(&self, make: impl FnOnce() -> W, task: impl FnOnce(&mut W) -> T) -> T {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut worker = taken.unwrap_or_else(make);
        let done = task(&mut worker);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
        done
    }

    /// All workers that were made, in no order.
    pub(super) fn into_workers(self) -> Vec<W> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}
