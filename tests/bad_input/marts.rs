//! Marts that are no longer as a run wrote them: refused, never counted as what is left of them.

use crate::support::{closedloop, project, run};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const CREDITS: &str = "touch_credits/part-00000.parquet";

/// Two runs, of which tests break the later one.
struct Runs {
    folder: TempDir,
}

impl Runs {
    fn new() -> Self {
        let runs = Self { folder: tempfile::tempdir().unwrap() };
        run(&project("fixtures/demo/closedloop.toml"), &runs.out(), &[]);
        run(&project("fixtures/hand/hundred_over_three/closedloop.toml"), &runs.other(), &[]);
        runs
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    fn other(&self) -> PathBuf {
        self.folder.path().join("other")
    }

    /// What every command that reads marts says, which has to be the same sentence.
    fn refusal(&self) -> String {
        let (out, other) = (self.out(), self.other());
        let commands: [&[&Path]; 3] = [
            &[Path::new("compare"), &out],
            &[Path::new("changes"), &other, &out],
            &[Path::new("query"), &out, Path::new("SELECT 1")],
        ];
        let said = commands.map(|arguments| {
            let output = closedloop().args(arguments).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{said}");
            assert!(output.stdout.is_empty());
            said
        });
        assert!(said.iter().all(|sentence| *sentence == said[0]), "{said:?}");
        said[0].replace(&format!("{}/", out.display()), "OUT/")
    }
}

#[test]
fn a_file_that_is_missing() {
    let runs = Runs::new();
    std::fs::remove_file(runs.out().join(CREDITS)).unwrap();
    let expected = "error: OUT/touch_credits/part-00000.parquet: is missing, though manifest.json lists it; copy the folder \
                    whole, or run again\n";
    assert_eq!(runs.refusal(), expected);
    std::fs::remove_dir(runs.out().join("touch_credits")).unwrap();
    assert_eq!(runs.refusal(), expected);
}

#[test]
fn a_file_that_is_cut() {
    let runs = Runs::new();
    let file = runs.out().join(CREDITS);
    let bytes = std::fs::read(&file).unwrap();
    for length in [0, 1, bytes.len() - 1] {
        std::fs::write(&file, &bytes[..length]).unwrap();
        assert_eq!(
            runs.refusal(),
            "error: OUT/touch_credits/part-00000.parquet: is damaged: it does not end as a Parquet file; copy the folder whole, or \
             run again\n"
        );
    }
}

#[test]
fn a_mart_of_another_run() {
    let runs = Runs::new();
    let (mine, other) = (runs.out().join(CREDITS), runs.other().join(CREDITS));
    let rows = [&mine, &other].map(|file| crate::support::read_parquet(file).num_rows());
    assert_ne!(rows[0], rows[1]);
    std::fs::copy(other, mine).unwrap();
    assert_eq!(
        runs.refusal(),
        format!(
            "error: OUT/touch_credits: has {} rows, and manifest.json counts {}; copy the folder whole, or run again\n",
            rows[1], rows[0]
        )
    );
}

#[test]
fn a_file_too_many() {
    let runs = Runs::new();
    let credits = runs.out().join(CREDITS);
    std::fs::write(credits.with_file_name("_SUCCESS"), "").unwrap();
    closedloop().arg("compare").arg(runs.out()).assert().success();
    std::fs::copy(&credits, credits.with_file_name("part-00000 (1).parquet")).unwrap();
    assert_eq!(
        runs.refusal(),
        "error: OUT/touch_credits/part-00000 (1).parquet: is no file of this run, and would be counted as one; copy the folder \
         whole, or run again\n"
    );
}
