//! Readers in Python: the notebooks run on the demo marts, and the tables that they write are what the credits add up to; so
//! is what the examples of `docs/reading_marts.md` print.

use crate::support::{closedloop, money, project, read_mart, texts};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

/// What the notebooks need.
const MODULES: &str = "nbconvert, nbclient, ipykernel, duckdb, polars, pyarrow, matplotlib";

/// A Python that has the modules, or `None` with a word about the skipped test.
fn python(test: &str, modules: &str) -> Option<OsString> {
    let python = std::env::var_os("CLOSEDLOOP_PYTHON").filter(|python| {
        let import = Command::new(python).args(["-c", &format!("import {modules}")]).output();
        import.is_ok_and(|import| import.status.success())
    });
    if python.is_none() {
        eprintln!("SKIPPED {test}: CLOSEDLOOP_PYTHON does not name a Python with {modules}");
    }
    python
}

fn run_demo(out: &Path) {
    closedloop()
        .args(["run", "--quiet"])
        .arg(project("fixtures/demo/closedloop.toml"))
        .arg("--out")
        .arg(out)
        .assert()
        .success();
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The outputs of all code cells.
fn outputs(notebook: &serde_json::Value) -> Vec<&serde_json::Value> {
    let cells = notebook["cells"].as_array().unwrap();
    cells.iter().filter_map(|cell| cell["outputs"].as_array()).flatten().collect()
}

/// Sums of a column per group; null is the group "".
fn sums(mart: &arrow::array::RecordBatch, groups: &[&str], amount: &str) -> BTreeMap<Vec<String>, i128> {
    let keys: Vec<Vec<Option<String>>> = groups.iter().map(|group| texts(mart, group)).collect();
    let mut sums = BTreeMap::new();
    for (row, amount) in money(mart, amount).into_iter().enumerate() {
        let key = keys.iter().map(|key| key[row].clone().unwrap_or_default()).collect();
        *sums.entry(key).or_default() += amount;
    }
    sums.retain(|_, sum| *sum != 0);
    sums
}

fn cents(text: &str) -> i128 {
    let (whole, cents) = text.split_once('.').expect("money has two decimals");
    assert_eq!(cents.len(), 2, "{text}");
    format!("{whole}{cents}").parse().unwrap()
}

#[test]
fn the_notebooks_are_kept_without_outputs() {
    for entry in std::fs::read_dir(project("notebooks")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "ipynb") {
            continue;
        }
        let notebook = json(&path);
        assert_eq!(outputs(&notebook).len(), 0, "{}", path.display());
        let cells = notebook["cells"].as_array().unwrap();
        assert!(cells.iter().all(|cell| cell["execution_count"].is_null()), "{}", path.display());
    }
}

/// Runs a notebook on marts and counts its plots.
fn plots(python: &OsString, name: &str, scratch: &Path, environment: &[(&str, &Path)]) -> usize {
    let executed = Command::new(python)
        .args(["-m", "nbconvert", "--to", "notebook", "--execute", "--output", "executed.ipynb", "--output-dir"])
        .arg(scratch)
        .arg(project(&format!("notebooks/{name}.ipynb")))
        .envs(environment.iter().copied())
        .env("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        .output()
        .unwrap();
    assert!(executed.status.success(), "{}", String::from_utf8_lossy(&executed.stderr));
    let notebook = json(&scratch.join("executed.ipynb"));
    outputs(&notebook).into_iter().filter(|output| output["data"]["image/png"].is_string()).count()
}

/// Its own assertions say that no customer and no margin is lost.
#[test]
fn the_notebook_on_lifetime_value_draws_cohorts_campaigns_and_ratios() {
    let Some(python) = python("lifetime notebook", MODULES) else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    run_demo(&out);
    assert_eq!(plots(&python, "lifetime_value", scratch.path(), &[("CLOSEDLOOP_MARTS", &out)]), 3);
}

#[test]
fn the_quarterly_table_is_what_credits_residuals_and_spend_add_up_to() {
    let Some(python) = python("notebook", MODULES) else { return };
    let scratch = tempfile::tempdir().unwrap();
    let (out, filed) = (scratch.path().join("out"), scratch.path().join("filed.csv"));
    run_demo(&out);

    let environment: [(&str, &Path); 2] = [("CLOSEDLOOP_MARTS", &out), ("CLOSEDLOOP_FILED", &filed)];
    let plots = plots(&python, "quarterly_roi", scratch.path(), &environment);
    assert_eq!(plots, 2);

    // The marts that the notebook does not read for its table: one row per deal and touch, per deal, per spend line.
    let expected =
        sums(&read_mart(&out, "touch_credits"), &["close_quarter", "campaign_id", "channel"], "w_shaped_amount");
    let left = sums(&read_mart(&out, "journeys"), &["close_quarter", "w_shaped_residual"], "w_shaped_residual_amount");
    let spent = sums(&read_mart(&out, "campaign_spend"), &["fiscal_quarter", "campaign_id", "channel"], "spend");

    let (mut revenue, mut residuals, mut spend) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut ratios = 0;
    for row in csv::Reader::from_path(&filed).unwrap().deserialize::<BTreeMap<String, String>>() {
        let row = row.unwrap();
        let key = |names: &[&str]| names.iter().map(|name| row[*name].clone()).collect::<Vec<_>>();
        let (earned, paid) = (cents(&row["revenue"]), cents(&row["spend"]));
        if row["line"] == "residual" {
            *residuals.entry(key(&["fiscal_quarter", "residual"])).or_default() += earned;
            continue;
        }
        *revenue.entry(key(&["fiscal_quarter", "campaign_id", "channel"])).or_default() += earned;
        *spend.entry(key(&["fiscal_quarter", "campaign_id", "channel"])).or_default() += paid;
        if paid <= 0 {
            assert_eq!(row["roi"], "", "without positive spend, no roi");
        } else {
            let roi: f64 = row["roi"].parse().unwrap();
            #[expect(clippy::cast_precision_loss, reason = "cents of a demo")]
            let by_hand = (earned - paid) as f64 / paid as f64;
            assert!((roi - by_hand).abs() < 1e-9, "{row:?}: by hand {by_hand}");
            ratios += 1;
        }
    }
    for filed in [&mut revenue, &mut residuals, &mut spend] {
        filed.retain(|_, sum: &mut i128| *sum != 0);
    }
    assert_eq!(revenue, expected);
    assert_eq!(residuals, left);
    assert_eq!(spend, spent);
    assert!(ratios > 0);
}

#[test]
fn the_comparison_of_models_is_what_credits_and_spend_add_up_to() {
    let Some(python) = python("notebook", MODULES) else { return };
    let scratch = tempfile::tempdir().unwrap();
    let (out, compared) = (scratch.path().join("out"), scratch.path().join("compared.csv"));
    run_demo(&out);
    let environment: [(&str, &Path); 2] = [("CLOSEDLOOP_MARTS", &out), ("CLOSEDLOOP_COMPARED", &compared)];
    assert_eq!(plots(&python, "comparing_models", scratch.path(), &environment), 3);

    let rows: Vec<BTreeMap<String, String>> =
        csv::Reader::from_path(&compared).unwrap().deserialize().map(Result::unwrap).collect();
    let column = |name: &str| -> BTreeMap<Vec<String>, i128> {
        let row = |row: &BTreeMap<String, String>| (vec![row["channel"].clone()], cents(&row[name]));
        rows.iter().map(row).filter(|(_, amount)| *amount != 0).collect()
    };
    let credits = read_mart(&out, "touch_credits");
    let models: Vec<String> = texts(&read_mart(&out, "dim_model"), "model").into_iter().flatten().collect();
    assert!(models.len() > 10);
    for model in models {
        let amount = format!("{}_amount", model.replace('.', "__"));
        assert_eq!(column(&model), sums(&credits, &["channel"], &amount), "{model}");
    }
    assert_eq!(column("spend"), sums(&read_mart(&out, "campaign_spend"), &["channel"], "spend"));
}

/// The fenced blocks of a Markdown text: language and content.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let fenced = text.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').expect("a fence names its language")).collect()
}

#[test]
fn every_example_of_the_page_on_reading_marts_prints_what_credits_add_up_to() {
    let Some(python) = python("reading marts", "duckdb, polars, pyarrow, pandas") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out/demo");
    std::fs::create_dir(scratch.path().join("out")).unwrap();
    run_demo(&out);
    let earned = sums(&read_mart(&out, "touch_credits"), &["close_quarter", "channel"], "w_shaped_amount");
    let email = earned[&["FY27Q2".to_owned(), "email".to_owned()].to_vec()];
    let email = format!("{}.{:02}", email / 100, email % 100);

    let page = std::fs::read_to_string(project("docs/reading_marts.md")).unwrap();
    let mut examples = 0;
    for (language, text) in blocks(&page) {
        let program = match language {
            "python" => text.to_owned(),
            "sql" => format!("import duckdb\nprint(duckdb.sql(\"\"\"{text}\"\"\"))"),
            _ => continue,
        };
        let ran = Command::new(&python).args(["-c", &program]).current_dir(scratch.path()).output().unwrap();
        let printed = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{text}\n{}", String::from_utf8_lossy(&ran.stderr));
        assert!(printed.contains(&email), "{text}\nprints no {email}:\n{printed}");
        examples += 1;
    }
    assert_eq!(examples, 5);
}
