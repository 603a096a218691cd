//! Explanations of every deal of the demo: they add up to what was booked, agree with the marts, and exclude touches for
//! the reasons that independent SQL over the raw files gives (`tests/differential/statuses.sql`).

use crate::differential::{DEMO, NARROW, Setting, by_sql};
use crate::support::{closedloop, copy_of, money, project, read_mart, texts};
use closedloop::config::{Overrides, Plan};
use closedloop::pipeline::Silent;
use closedloop::pipeline::explain::{DealExplanation, ELIGIBLE, Question, TouchExplanation, explain};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Deal → touch, its instant in microseconds, and its status, one entry a touch row, in order.
type Statuses = BTreeMap<String, Vec<(String, i64, String)>>;

/// What plain SQL over the raw files says of every touch of every deal.
fn statuses_by_sql(setting: &Setting) -> Statuses {
    let rows = by_sql(setting, &["deals.sql", "touches.sql", "statuses.sql"]);
    let [deals, touches, at, statuses] =
        ["deal_id", "touch_id", "at_micros", "status"].map(|name| texts(&rows, name).into_iter().map(Option::unwrap));
    let mut by_deal = Statuses::new();
    for (((deal, touch), at), status) in deals.zip(touches).zip(at).zip(statuses) {
        by_deal.entry(deal).or_default().push((touch, at.parse().unwrap(), status));
    }
    by_deal.values_mut().for_each(|touches| touches.sort());
    by_deal
}

/// The same as the explanation has it.
fn statuses_of(deal: &DealExplanation) -> Vec<(String, i64, String)> {
    let status = |touch: &TouchExplanation| {
        let at: jiff::Timestamp = touch.touched_at.parse().unwrap();
        (touch.touch_id.clone(), at.as_microsecond(), touch.status.to_owned())
    };
    let mut touches: Vec<_> = deal.touches.iter().map(status).collect();
    touches.sort();
    touches
}

/// Deal → touch → model → money, as `touch_credits` has it.
fn credits(out: &Path, models: &[String]) -> BTreeMap<String, BTreeMap<String, Vec<i128>>> {
    let rows = read_mart(out, "touch_credits");
    let (deals, touches) = (texts(&rows, "deal_id"), texts(&rows, "touch_id"));
    let amounts: Vec<Vec<i128>> = models.iter().map(|model| money(&rows, &format!("{model}_amount"))).collect();
    let mut credits: BTreeMap<String, BTreeMap<String, Vec<i128>>> = BTreeMap::new();
    for row in 0..rows.num_rows() {
        let of_touch = amounts.iter().map(|of_model| of_model[row]).collect();
        let deal = credits.entry(deals[row].clone().unwrap()).or_default();
        deal.insert(touches[row].clone().unwrap(), of_touch);
    }
    credits
}

fn adds_up(deal: &DealExplanation, models: &[String]) {
    for model in models {
        let attributed: i64 = deal.touches.iter().filter_map(|touch| touch.credit.get(model)).map(|c| c.amount).sum();
        let left = deal.residuals.get(model).map_or(0, |left| left.amount);
        assert_eq!(attributed + left, deal.amount, "{} under {model}", deal.deal_id);
    }
}

fn agrees_with_the_marts(deal: &DealExplanation, models: &[String], credits: Option<&BTreeMap<String, Vec<i128>>>) {
    let credited = deal.touches.iter().filter(|touch| !touch.credit.is_empty());
    let explained: BTreeMap<String, Vec<i128>> = credited
        .map(|touch| (touch.touch_id.clone(), models.iter().map(|m| i128::from(touch.credit[m].amount)).collect()))
        .collect();
    assert_eq!(&explained, credits.unwrap_or(&BTreeMap::new()), "{}", deal.deal_id);
}

/// Explains every account that has a deal, under `setting`, and checks every deal's reasons against the SQL.
fn explain_all(setting: &Setting, check: impl Fn(&Path, &Plan, &DealExplanation)) {
    let scratch = tempfile::tempdir().unwrap();
    let (config, out) = (scratch.path().join("closedloop.toml"), scratch.path().join("marts"));
    std::fs::write(&config, setting.config()).unwrap();
    closedloop().arg("run").arg(&config).arg("--out").arg(&out).arg("-q").assert().success();
    let journeys = read_mart(&out, "journeys");
    let accounts: BTreeSet<String> = texts(&journeys, "account_id").into_iter().flatten().collect();
    let plan = Plan::load(&config, Overrides::default()).unwrap();
    let by_sql = statuses_by_sql(setting);

    let (mut explained, mut compared) = (BTreeSet::new(), 0);
    for account in accounts {
        for deal in explain(&plan, &Question::Account(account), 2, &Silent).unwrap() {
            check(&out, &plan, &deal);
            if let Some(expected) = by_sql.get(&deal.deal_id) {
                assert_eq!(&statuses_of(&deal), expected, "{}", deal.deal_id);
                compared += 1;
            } else {
                assert!(deal.touches.is_empty() || deal.kind == "credit", "{} has touches in no SQL", deal.deal_id);
            }
            explained.insert(deal.deal_id);
        }
    }
    assert_eq!(compared, by_sql.len(), "every deal with touches is explained");
    let booked: BTreeSet<String> = texts(&journeys, "deal_id").into_iter().flatten().collect();
    assert_eq!(explained, booked);
}

#[test]
fn every_deal_of_the_demo_is_explained_to_the_cent() {
    let read = OnceCell::new();
    explain_all(&DEMO, |out, plan, deal| {
        let models: Vec<String> = plan.models.iter().map(|model| model.id().to_owned()).collect();
        adds_up(deal, &models);
        let credits = read.get_or_init(|| credits(out, &models));
        agrees_with_the_marts(deal, &models, credits.get(&deal.deal_id));
    });
}

/// Two deals teach a chain nothing: it is left out, and the deals are explained by the models that run.
#[test]
fn models_that_the_data_do_not_support_explain_nothing() {
    let scratch = copy_of(&project("fixtures/hand/two_lines"), &[]);
    let config = scratch.path().join("closedloop.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("run = [", "run = [\"markov\", ")).unwrap();
    let output = closedloop().arg("explain").arg(&config).args(["--deal", "DA2"]).assert().success();
    let printed = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(printed.contains("83.34") && !printed.contains("markov"), "{printed}");
}

#[test]
fn reasons_are_right_within_narrow_windows_on_a_day_in_the_past() {
    let excluded = RefCell::new(BTreeSet::new());
    explain_all(&NARROW, |_, _, deal| excluded.borrow_mut().extend(deal.touches.iter().map(|touch| touch.status)));
    let excluded = excluded.into_inner();
    for status in ["recorded after the as-of date", "after the conversion", "before the window", "repeated touch_id"] {
        assert!(excluded.contains(status), "no touch is {status}, so nothing is shown: {excluded:?}");
    }
    assert!(excluded.contains("not eligible") && excluded.contains(ELIGIBLE));
}
