//! Memory: the budget of a run, shared by the engine's operators and the partitions of touches.

use datafusion::error::Result;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryPool, MemoryReservation, UnboundedMemoryPool,
};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a run may hold. Whoever can spill gets an equal part of what those that cannot leave.
#[derive(Debug, Clone)]
pub struct Budget {
    pool: Arc<dyn MemoryPool>,
    /// Where what does not fit goes.
    folder: Option<PathBuf>,
}

impl Budget {
    /// A budget without limit, within which nothing spills.
    pub fn unlimited() -> Self {
        Self { pool: Arc::new(UnboundedMemoryPool::default()), folder: None }
    }

    /// A budget of so many bytes; what does not fit goes to `folder`, which whoever made it removes.
    pub fn of_bytes(limit: usize, folder: &Path) -> Self {
        Self { pool: Arc::new(FairSpillPool::new(limit)), folder: Some(folder.to_owned()) }
    }

    /// Where what does not fit goes; nowhere without a limit.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// What the engine's operators take memory from, and spill to.
    ///
    /// # Errors
    /// A folder that cannot be made.
    pub(super) fn runtime(&self) -> Result<Arc<RuntimeEnv>> {
        let mode = match &self.folder {
            Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
            None => DiskManagerMode::Disabled,
        };
        let disk = DiskManagerBuilder::default().with_mode(mode);
        RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&self.pool)).with_disk_manager_builder(disk).build_arc()
    }

    /// A holder of touches, which are spilled when it gets no more memory.
    pub fn for_touches(&self) -> Holding {
        Holding(MemoryConsumer::new("touches").with_can_spill(true).register(&self.pool))
    }

    /// Counts the memory of conversions, which cannot be spilled; the engine's operators and the partitions are left with the
    /// rest.
    pub fn for_conversions(&self, bytes: usize) -> Holding {
        let holding = Holding(MemoryConsumer::new("conversions").register(&self.pool));
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

    /// Gives all of it back.
    pub fn release(&mut self) {
        self.0.free();
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
