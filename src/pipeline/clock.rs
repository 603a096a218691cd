//! The stages of a run as somebody watches and times them.

use std::time::Instant;

/// Told how a run gets on; must never change what it does.
pub trait Progress: Sync {
    /// A stage begins.
    fn stage(&self, name: &str);
    /// Rows have gone by in the current stage.
    fn advance(&self, rows: u64);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _name: &str) {}
    fn advance(&self, _rows: u64) {}
}

/// What a stage came to.
#[derive(Debug, Clone, PartialEq)]
pub struct StageReport {
    /// Its name.
    pub name: &'static str,
    /// Wall time.
    pub seconds: f64,
    /// Rows read, or written by the stages that write.
    pub rows: u64,
    /// Bytes of the files read or written.
    pub bytes: u64,
    /// The most memory that the process has held by the end of the stage, bytes; `None` where the system does not say.
    pub peak_memory: Option<u64>,
}

/// Times the stages.
pub(super) struct Clock<'a> {
    progress: &'a dyn Progress,
    started: Instant,
    stages: Vec<StageReport>,
}

impl<'a> Clock<'a> {
    pub(super) fn new(progress: &'a dyn Progress) -> Self {
        Self { progress, started: Instant::now(), stages: Vec::new() }
    }

    /// A stage begins, the one before ends.
    pub(super) fn stage(&mut self, name: &'static str) {
        self.end_stage();
        self.progress.stage(name);
        self.stages.push(StageReport { name, seconds: 0.0, rows: 0, bytes: 0, peak_memory: None });
    }

    /// What the current stage has gone through.
    pub(super) fn count(&mut self, rows: u64, bytes: u64) {
        if let Some(stage) = self.stages.last_mut() {
            stage.rows += rows;
            stage.bytes += bytes;
        }
    }

    /// Who is told how the current stage gets on.
    pub(super) fn progress(&self) -> &'a dyn Progress {
        self.progress
    }

    /// The last stage ends.
    pub(super) fn finish(mut self) -> Vec<StageReport> {
        self.end_stage();
        self.stages
    }

    fn end_stage(&mut self) {
        let now = Instant::now();
        if let Some(stage) = self.stages.last_mut() {
            stage.seconds = (now - self.started).as_secs_f64();
            stage.peak_memory = peak_memory();
        }
        self.started = now;
    }
}

/// The most resident memory that this process has had, as Linux counts it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}
