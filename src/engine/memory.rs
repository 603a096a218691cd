//! Memory: the budget of a run, shared by the engine's operators and the partitions of touches.

use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryPool, MemoryReservation, UnboundedMemoryPool,
};
use std::sync::Arc;

/// What a run may hold. Whoever can spill gets an equal part of what those that cannot leave.
#[derive(Debug, Clone)]
pub struct Budget {
    pool: Arc<dyn MemoryPool>,
}

impl Budget {
    /// A budget of so many bytes, or without limit.
    pub fn new(limit: Option<usize>) -> Self {
        Self {
            pool: match limit {
                Some(limit) => Arc::new(FairSpillPool::new(limit)),
                None => Arc::new(UnboundedMemoryPool::default()),
            },
        }
    }

    /// The pool from which the engine's operators take.
    pub(super) fn pool(&self) -> Arc<dyn MemoryPool> {
        Arc::clone(&self.pool)
    }

    /// A holder of memory that spills when it gets no more.
    pub fn spilling(&self, name: &str) -> Holding {
        Holding(MemoryConsumer::new(name).with_can_spill(true).register(&self.pool))
    }

    /// Counts memory that cannot be spilled; the engine's operators and the partitions are left with the rest.
    pub fn fixed(&self, name: &str, bytes: usize) -> Holding {
        let holding = Holding(MemoryConsumer::new(name).register(&self.pool));
        holding.0.grow(bytes);
        holding
    }
}

/// Memory that somebody holds; given back when dropped.
#[derive(Debug)]
pub struct Holding(MemoryReservation);

impl Holding {
    /// Takes the holding to `bytes`; `false` when the budget does not have them.
    pub fn try_resize(&mut self, bytes: usize) -> bool {
        self.0.try_resize(bytes).is_ok()
    }

    /// Takes the holding to `bytes`, whatever the budget has.
    pub fn resize(&mut self, bytes: usize) {
        self.0.resize(bytes);
    }
}

/// Lets the threads of every stage share what those of others have freed, as far as the allocator can be told: else glibc
/// keeps freed memory apart for every thread, a fifth of what a run takes.
pub fn share_freed_memory(threads: usize) {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[expect(unsafe_code, reason = "mallopt sets a number under the lock of the allocator")]
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, i32::try_from(threads).unwrap_or(i32::MAX));
    }
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let _ = threads;
}
