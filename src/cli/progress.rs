//! Progress on a terminal; silent elsewhere, and never in the way of the data.

use crate::pipeline::Progress;
use indicatif::{HumanFloatCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use std::fmt::Write;
use std::io::IsTerminal;

/// Where progress is drawn: nowhere unless standard error is a terminal and nobody asked for quiet.
pub(super) fn target(quiet: bool) -> ProgressDrawTarget {
    let visible = !quiet && std::io::stderr().is_terminal();
    if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() }
}

/// A spinner with the current stage and the rows gone by.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Shows a bar while some work is done, and removes it whatever comes of the work.
    pub(super) fn during<T>(quiet: bool, work: impl FnOnce(&Self) -> T) -> T {
        let bar = ProgressBar::with_draw_target(None, target(quiet)).with_style(ProgressStyle::default_spinner());
        if !bar.is_hidden() {
            bar.enable_steady_tick(std::time::Duration::from_millis(100));
        }
        let bar = Self(bar);
        let done = work(&bar);
        bar.0.finish_and_clear();
        done
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
