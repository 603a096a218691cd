//! The prompt of `query`, on a pseudo-terminal that a Python without further modules provides.

use crate::support::{closedloop, project};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const ENTER: &str = "\r";
const UP: &str = "\u{1b}[A";
const END_OF_INPUT: &str = "\u{4}";

/// A Python that has pseudo-terminals, or `None` with a word about the skipped test.
fn python(test: &str) -> Option<PathBuf> {
    let named = std::env::var_os("CLOSEDLOOP_PYTHON").map(PathBuf::from);
    let python = named.unwrap_or_else(|| PathBuf::from("python3"));
    let has_terminals = Command::new(&python).args(["-c", "import pty, termios"]).output();
    if !has_terminals.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED {test}: {} has no pseudo-terminals", python.display());
        return None;
    }
    Some(python)
}

/// What the prompt on the marts of `out` shows when `texts` are typed, each once the one before is answered.
fn talk(python: &Path, out: &Path, state: &Path, texts: &[String]) -> String {
    let mut child = Command::new(python)
        .arg(project("tests/prompt/talk.py"))
        .args(["closedloop> ", env!("CARGO_BIN_EXE_closedloop"), "query"])
        .arg(out)
        .env("XDG_STATE_HOME", state)
        .env("TERM", "xterm-256color")
        .env_remove("NO_COLOR")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(serde_json::to_string(texts).unwrap().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    said
}

fn marts(folder: &Path) -> PathBuf {
    let out = folder.join("marts");
    let config = project("fixtures/hand/hundred_over_three/closedloop.toml");
    closedloop().arg("run").arg(config).arg("--out").arg(&out).arg("-q").assert().success();
    out
}

#[test]
fn the_prompt_answers_recovers_and_remembers() {
    let Some(python) = python("the_prompt_answers_recovers_and_remembers") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = marts(scratch.path());
    let typed = |text: &str| format!("{text}{ENTER}");
    let texts = [
        typed("\\d"),
        typed("\\d dim_model"),
        typed("SELECT model FROM dim_modle;"),
        // Two lines, one statement.
        format!("SELECT 6 *{ENTER}7 AS answer;{ENTER}"),
        typed("DROP TABLE journeys;"),
        typed("SELECT * FROM campaign_roi LIMIT 1;"),
        typed("exit"),
    ];
    let said = talk(&python, &out, scratch.path(), &texts);
    for part in [
        "End statements with a semicolon",
        "basis_bridge\n",
        "is_default   Boolean",
        "error: there is no table \"dim_modle\"; did you mean \"dim_model\"?",
        " answer\n",
        " 42\n",
        "query only reads",
        // Wider than the terminal: one value a line.
        "row 1\n  line ",
    ] {
        assert!(said.replace("\n\n", "\n").contains(part), "{part:?} is not in\n{said}");
    }

    let said = talk(&python, &out, scratch.path(), &[format!("{UP}{UP}{UP}{UP}{ENTER}"), END_OF_INPUT.to_owned()]);
    assert!(said.contains(" 42\n"), "the fourth last entry is asked again:\n{said}");
    let history = std::fs::read_to_string(scratch.path().join("closedloop/query_history")).unwrap();
    assert!(history.contains("DROP TABLE journeys;"), "{history}");
}

#[test]
fn a_place_for_the_history_that_does_not_exist_is_no_hindrance() {
    let Some(python) = python("a_place_for_the_history_that_does_not_exist_is_no_hindrance") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = marts(scratch.path());
    let occupied = scratch.path().join("occupied");
    std::fs::write(&occupied, "a file").unwrap();
    let said = talk(&python, &out, &occupied, &[format!("SELECT 40 + 2 AS n;{ENTER}"), "\\q\r".to_owned()]);
    assert!(said.contains(" 42\n"), "{said}");
}
