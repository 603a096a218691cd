//! Progress on a terminal; silent elsewhere, and never in the way of the data.

use crate::pipeline::Progress;
use indicatif::{HumanFloatCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;

/// A spinner with the current stage and the rows gone by.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// On when standard error is a terminal and nobody asked for quiet.
    pub(super) fn new(quiet: bool) -> Self {
        let visible = !quiet && std::io::stderr().is_terminal();
        let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target).with_style(ProgressStyle::default_spinner());
        if visible {
            bar.enable_steady_tick(std::time::Duration::from_millis(100));
        }
        Self(bar)
    }

    /// Removes the bar.
    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl Progress for Bar {
    fn stage(&self, name: &str) {
        let rows = if name == "scatter" { " {human_pos} touches, {rate}/s" } else { "" };
        if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {{msg}}{rows} {{elapsed}}")) {
            let rate = |state: &ProgressState, out: &mut dyn Write| {
                // A line that cannot be drawn is drawn the next time.
                let _ = write!(out, "{:.0}", HumanFloatCount(state.per_sec()));
            };
            self.0.set_style(style.with_key("rate", rate));
        }
        self.0.set_position(0);
        self.0.set_message(name.to_owned());
    }

    fn advance(&self, rows: u64) {
        self.0.inc(rows);
    }
}
