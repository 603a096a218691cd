//! The questions of `sql/questions`: each answer over the demo's marts equals an independent computation, which adds up
//! the rows of `touch_credits`, `journeys` and `campaign_spend` and the input files; and DuckDB answers the same.

pub(crate) mod answer;
mod bi;
mod facts;
mod finance;
mod leadership;

use crate::support::{closedloop, project};
use answer::{Rows, answer, assert_same, duckdb_answers};
use facts::Facts;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The marts of the demo, computed once.
fn demo() -> &'static Path {
    static OUT: OnceLock<PathBuf> = OnceLock::new();
    OUT.get_or_init(|| {
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("questions");
        let config = project("fixtures/demo/closedloop.toml");
        closedloop().arg("run").arg(config).arg("--out").arg(&out).arg("--quiet").assert().success();
        out
    })
}

fn sql(question: &str) -> String {
    std::fs::read_to_string(project("sql/questions").join(question).with_extension("sql")).unwrap()
}

/// Asks the question and compares with `expected`, row by row and in order.
fn check(question: &str, expected: fn(&Facts) -> Rows) {
    let got = answer(demo(), &sql(question));
    let expected = expected(&Facts::read(demo()));
    assert!(!expected.is_empty(), "{question}: the demo has nothing to ask about");
    assert_same(question, &got, &expected);
}

macro_rules! questions {
    ($($question:ident: $expected:path),* $(,)?) => {
        $(#[test]
        fn $question() {
            check(stringify!($question), $expected);
        })*

        const QUESTIONS: &[&str] = &[$(stringify!($question)),*];
    };
}

questions!(
    bi_channels_by_region: bi::channels_by_region,
    bi_journeys_by_segment: bi::journeys_by_segment,
    bi_openers_and_closers: bi::openers_and_closers,
    bi_set_aside: bi::set_aside,
    bi_spend_without_touches: bi::spend_without_touches,
    finance_does_it_reconcile: finance::does_it_reconcile,
    finance_quarterly_roi: finance::quarterly_roi,
    finance_revenue_by_kind: finance::revenue_by_kind,
    finance_spend_against_budget: finance::spend_against_budget,
    finance_when_was_it_earned: finance::when_was_it_earned,
    leadership_cost_of_a_customer: leadership::cost_of_a_customer,
    leadership_does_the_model_matter: leadership::does_the_model_matter,
    leadership_how_sure_are_we: leadership::how_sure_are_we,
    leadership_roi_by_year: leadership::roi_by_year,
    leadership_safe_bets: leadership::safe_bets,
);

#[test]
fn every_file_is_a_tested_question_with_a_header_and_a_line_in_the_readme() {
    let files = std::fs::read_dir(project("sql/questions")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "sql"));
    let mut names: Vec<String> = files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    names.sort();
    assert_eq!(names, QUESTIONS);
    let readme = std::fs::read_to_string(project("sql/questions/README.md")).unwrap();
    for name in names {
        let text = sql(&name);
        let headings: Vec<&str> = text.lines().take(3).map(|line| line.split(':').next().unwrap()).collect();
        assert_eq!(headings, ["-- Question", "-- Asked by", "-- Marts"], "{name}");
        assert!(readme.contains(&format!("[{name}]({name}.sql)")), "{name} is not in the README");
    }
}

#[test]
fn duckdb_gives_the_same_answers() {
    let Some(answers) = duckdb_answers(demo(), QUESTIONS.iter().map(|question| (*question, sql(question)))) else {
        return;
    };
    for (question, expected) in answers {
        assert_same(&question, &answer(demo(), &sql(&question)), &expected);
    }
}
