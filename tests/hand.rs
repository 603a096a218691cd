//! Cases worked by hand: `fixtures/hand/<case>` holds the inputs, the expected shares and cents, and how they came about.

use crate::support::{closedloop, money, numbers, project, read_mart, texts};
use std::collections::BTreeMap;
use std::path::Path;

/// (deal, touch, model) → (share, minor units).
type Credits = BTreeMap<(String, String, String), (f64, i128)>;
/// (deal, model) → (bucket, minor units).
type Residuals = BTreeMap<(String, String), (String, i128)>;

fn minor(text: &str) -> i128 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, cents) = digits.split_once('.').expect("money has two decimals");
    assert_eq!(cents.len(), 2, "{text}");
    sign * format!("{whole}{cents}").parse::<i128>().unwrap()
}

fn records(path: &Path) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(path).unwrap().records().map(Result::unwrap).collect()
}

fn expected_credits(case: &Path) -> Credits {
    records(&case.join("expected_credits.csv"))
        .iter()
        .map(|r| ((r[0].into(), r[1].into(), r[2].into()), (r[3].parse().unwrap(), minor(&r[4]))))
        .collect()
}

fn expected_residuals(case: &Path) -> Residuals {
    records(&case.join("expected_residuals.csv"))
        .iter()
        .map(|r| ((r[0].into(), r[1].into()), (r[2].into(), minor(&r[3]))))
        .collect()
}

fn models(out: &Path) -> Vec<String> {
    texts(&read_mart(out, "dim_model"), "model").into_iter().flatten().collect()
}

fn credits(out: &Path) -> Credits {
    let rows = read_mart(out, "touch_credits");
    let (deals, touches) = (texts(&rows, "deal_id"), texts(&rows, "touch_id"));
    let mut credits = Credits::new();
    for model in models(out) {
        let stem = model.replace('.', "__");
        let (shares, amounts) = (numbers(&rows, &format!("{stem}_share")), money(&rows, &format!("{stem}_amount")));
        for row in 0..rows.num_rows() {
            let key = (deals[row].clone().unwrap(), touches[row].clone().unwrap(), model.clone());
            assert!(credits.insert(key, (shares[row], amounts[row])).is_none(), "a deal × touch row repeats");
        }
    }
    credits
}

fn left_over(out: &Path) -> Residuals {
    let rows = read_mart(out, "journeys");
    let deals = texts(&rows, "deal_id");
    let mut residuals = Residuals::new();
    for model in models(out) {
        let stem = model.replace('.', "__");
        let buckets = texts(&rows, &format!("{stem}_residual"));
        let amounts = money(&rows, &format!("{stem}_residual_amount"));
        for row in 0..rows.num_rows() {
            if let Some(bucket) = &buckets[row] {
                residuals.insert((deals[row].clone().unwrap(), model.clone()), (bucket.clone(), amounts[row]));
            }
        }
    }
    residuals
}

fn check(case: &str) {
    let folder = project("fixtures/hand").join(case);
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    closedloop()
        .arg("run")
        .arg(folder.join("closedloop.toml"))
        .arg("--out")
        .arg(&out)
        .arg("--quiet")
        .assert()
        .success();

    let (expected, got) = (expected_credits(&folder), credits(&out));
    assert_eq!(got.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{case}: rows");
    for (key, (share, amount)) in &expected {
        let (got_share, got_amount) = got[key];
        assert!((got_share - share).abs() < 1e-9, "{case} {key:?}: share {got_share}, by hand {share}");
        assert_eq!(got_amount, *amount, "{case} {key:?}: amount");
    }
    assert_eq!(left_over(&out), expected_residuals(&folder), "{case}: residuals");
}

macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        $(#[test]
        fn $case() {
            check(stringify!($case));
        })*

        #[test]
        fn every_folder_is_a_case() {
            let mut folders: Vec<String> = std::fs::read_dir(project("fixtures/hand"))
                .unwrap()
                .map(|entry| entry.unwrap())
                .filter(|entry| entry.path().is_dir())
                .map(|entry| entry.file_name().into_string().unwrap())
                .collect();
            folders.sort();
            let mut cases = vec![$(stringify!($case)),*];
            cases.sort_unstable();
            assert_eq!(folders, cases);
        }
    };
}

cases!(
    adobe_fifty_dollars,
    anchor_tolerance,
    collapse,
    contact_roles,
    hockeystack_ten_thousand,
    hundred_over_three,
    marketo_four_anchors,
    marketo_presets,
    primary_contact,
    refunds,
    removal_effects,
    residuals,
    restart,
    short_paths,
    suppress,
    twelve_thousand_decay,
    two_lines,
    windows,
);
