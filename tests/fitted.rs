//! Data-driven models in whole runs: what they learn, that nothing else changes, and what becomes of those that cannot learn.

mod calibration;
mod real_journeys;
mod refusals;
mod validation;
mod whole_runs;

use crate::support::{project, run};
use std::path::{Path, PathBuf};

/// The demo with other models, its configuration written to `folder`.
fn demo_with(models: &str, folder: &Path) -> PathBuf {
    let demo = std::fs::read_to_string(project("fixtures/demo/closedloop.toml")).unwrap();
    let here = project("fixtures/demo").display().to_string();
    let demo = demo.replace("path = \"", &format!("path = \"{here}/"));
    let asked = demo.replace("default = \"w_shaped\"\n", "").replace("[models]\n", &format!("[models]\n{models}\n"));
    assert_ne!(asked, demo, "the demo has a section for models");
    let config = folder.join("closedloop.toml");
    std::fs::write(&config, asked).unwrap();
    config
}
