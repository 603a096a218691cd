//! The stages of a run as somebody watches and times them.

use std::collections::BTreeMap;
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

/// Seconds per stage.
pub(super) struct Clock<'a> {
    progress: &'a dyn Progress,
    stages: Vec<(&'static str, Instant)>,
}

impl<'a> Clock<'a> {
    pub(super) fn new(progress: &'a dyn Progress) -> Self {
        Self { progress, stages: Vec::new() }
    }

    /// A stage begins, the one before ends.
    pub(super) fn stage(&mut self, name: &'static str) {
        self.progress.stage(name);
        self.stages.push((name, Instant::now()));
    }

    /// Rows have gone by in the current stage.
    pub(super) fn progress(&self) -> &'a dyn Progress {
        self.progress
    }

    /// The last stage ends.
    pub(super) fn finish(self) -> BTreeMap<String, f64> {
        let ends = self.stages.iter().skip(1).map(|(_, start)| *start).chain([Instant::now()]);
        let seconds = self.stages.iter().zip(ends).map(|((name, start), end)| {
            let seconds = (end - *start).as_secs_f64();
            ((*name).to_owned(), seconds)
        });
        seconds.collect()
    }
}
