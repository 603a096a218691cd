//! Explanations of every deal of the demo: they add up to what was booked, agree with the marts, and exclude touches for
//! the reasons that a plain reading of the touch rows gives.

use crate::support::{closedloop, money, project, read_mart, read_parquet, texts};
use closedloop::config::{Overrides, Plan};
use closedloop::pipeline::Silent;
use closedloop::pipeline::explain::{DealExplanation, ELIGIBLE, Question, TouchExplanation, explain};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What the demo's touch rows say of a touch identifier, one entry a row.
struct RawTouch {
    touched_at: String,
    can_earn: bool,
}

fn raw_touches() -> BTreeMap<String, Vec<RawTouch>> {
    let rows = read_parquet(&project("fixtures/demo/touchpoints.parquet"));
    let (ids, at) = (texts(&rows, "touch_id"), texts(&rows, "touched_at"));
    let (responded, source) = (texts(&rows, "responded"), texts(&rows, "source"));
    let mut touches: BTreeMap<String, Vec<RawTouch>> = BTreeMap::new();
    for row in 0..rows.num_rows() {
        let is_answered = responded[row].as_deref() != Some("false");
        let is_marketing = matches!(source[row].as_deref(), None | Some("marketing" | "partner"));
        let touch = RawTouch { touched_at: at[row].clone().unwrap(), can_earn: is_answered && is_marketing };
        touches.entry(ids[row].clone().unwrap()).or_default().push(touch);
    }
    touches
}

/// The first 19 characters of a timestamp, whatever stands between date and time.
fn to_the_second(text: &str) -> String {
    text.replace('T', " ").chars().take(19).collect()
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

/// The status of a touch that stands in the inputs once, by the deal's window and the touch's own row.
fn status_is_right(deal: &DealExplanation, touch: &TouchExplanation, raw: &BTreeMap<String, Vec<RawTouch>>) {
    let [row] = raw[&touch.touch_id].as_slice() else { return };
    let at = to_the_second(&row.touched_at);
    assert_eq!(to_the_second(&touch.touched_at), at);
    let (start, end) = (deal.window_start.as_deref().unwrap(), deal.window_end.as_deref().unwrap());
    let (start, end) = (to_the_second(start), to_the_second(end));
    let expected = match touch.status {
        // The demo's bursts are recorded days later; none after its as-of date.
        _ if at > end => "after the conversion",
        _ if at < start => "before the window",
        _ if !row.can_earn => "not eligible",
        _ => ELIGIBLE,
    };
    // A window that starts within a second is decided below the second.
    if at != start {
        assert_eq!(touch.status, expected, "{} as {} sees it", touch.touch_id, deal.deal_id);
    }
}

#[test]
fn every_deal_of_the_demo_is_explained_to_the_cent() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("marts");
    let config = project("fixtures/demo/closedloop.toml");
    closedloop().arg("run").arg(&config).arg("--out").arg(&out).arg("-q").assert().success();
    let journeys = read_mart(&out, "journeys");
    let accounts: BTreeSet<String> = texts(&journeys, "account_id").into_iter().flatten().collect();
    let plan = Plan::load(&config, Overrides::default()).unwrap();
    let models: Vec<String> = plan.models.iter().map(|model| model.id().to_owned()).collect();
    let (credits, raw) = (credits(&out, &models), raw_touches());

    let mut explained = BTreeSet::new();
    for account in accounts {
        for deal in explain(&plan, &Question::Account(account), 2, &Silent).unwrap() {
            adds_up(&deal, &models);
            agrees_with_the_marts(&deal, &models, credits.get(&deal.deal_id));
            deal.touches.iter().for_each(|touch| status_is_right(&deal, touch, &raw));
            explained.insert(deal.deal_id);
        }
    }
    let booked: BTreeSet<String> = texts(&journeys, "deal_id").into_iter().flatten().collect();
    assert_eq!(explained, booked);
}
