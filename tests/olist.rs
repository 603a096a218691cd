//! Olist's real leads and deals: revenue and conversions agree to the cent with loops over the raw files.

use crate::support::{money, numbers, outside_data, project, read_mart, read_parquet, run, texts};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::path::Path;

const MODELS: usize = 13;

/// (what earned it, fiscal quarter) → (centavos, deals). A lead has one touch, so no deal is ever divided.
type Earned = BTreeMap<(String, String), (i128, f64)>;

/// One closed deal as the raw files tell it, read without the engine.
struct Deal {
    origin: Option<String>,
    landing_page: String,
    contacted: Date,
    won: Date,
    centavos: i128,
}

impl Deal {
    /// Whether the contact came first: of a lead that was won before, nothing is known that led to the win.
    fn has_touch(&self) -> bool {
        self.contacted <= self.won
    }

    fn channel(&self) -> String {
        self.origin.clone().unwrap_or_else(|| "unknown".to_owned())
    }

    fn campaign(&self) -> String {
        format!("{}/{}", self.landing_page, self.origin.as_deref().unwrap_or("no origin"))
    }
}

fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// Every deal, with its lead's origin and its seller's order items summed in centavos.
fn deals(olist: &Path) -> Vec<Deal> {
    let mut sold: BTreeMap<String, i128> = BTreeMap::new();
    let items = read_parquet(&olist.join("olist_order_items_dataset.parquet"));
    for (seller, price) in texts(&items, "seller_id").into_iter().zip(numbers(&items, "price")) {
        let centavos = format!("{price:.2}").replace('.', "").parse::<i128>().unwrap();
        *sold.entry(seller.unwrap()).or_default() += centavos;
    }
    let leads: BTreeMap<String, BTreeMap<String, String>> =
        rows(&olist.join("olist_marketing_qualified_leads_dataset.csv"))
            .into_iter()
            .map(|lead| (lead["mql_id"].clone(), lead))
            .collect();
    let brazil = TimeZone::get("America/Sao_Paulo").unwrap();
    let deal = |row: &BTreeMap<String, String>| {
        let lead = &leads[&row["mql_id"]];
        let won: DateTime = row["won_date"].parse().unwrap();
        Deal {
            origin: Some(lead["origin"].clone()).filter(|origin| !origin.is_empty()),
            landing_page: lead["landing_page_id"].clone(),
            contacted: lead["first_contact_date"].parse().unwrap(),
            won: won.to_zoned(TimeZone::UTC).unwrap().with_time_zone(brazil.clone()).date(),
            centavos: sold.get(&row["seller_id"]).copied().unwrap_or(0),
        }
    };
    rows(&olist.join("olist_closed_deals_dataset.csv")).iter().map(deal).collect()
}

fn quarter(date: Date) -> String {
    format!("FY{}Q{}", date.year() % 100, (date.month() - 1) / 3 + 1)
}

fn expected(deals: &[Deal], earner: impl Fn(&Deal) -> String, quarter: impl Fn(&Deal) -> String) -> Earned {
    let mut earned = Earned::new();
    for deal in deals.iter().filter(|deal| deal.has_touch()) {
        let (centavos, count) = earned.entry((earner(deal), quarter(deal))).or_default();
        *centavos += deal.centavos;
        *count += 1.0;
    }
    earned
}

/// What a mart says under one model and basis; lines of the kind `line` only.
fn attributed(out: &Path, mart: &str, line: &str, earner: &str, model: &str, basis: &str) -> Earned {
    let rows = read_mart(out, mart);
    let column = |name: &str| texts(&rows, name).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
    let (lines, models, bases) = (column("line"), column("model"), column("basis"));
    let (earners, quarters) = (column(earner), column("fiscal_quarter"));
    let (amounts, deals) = (money(&rows, "amount"), numbers(&rows, "attributed_deals"));
    let mut earned = Earned::new();
    for row in (0..rows.num_rows()).filter(|&i| lines[i] == line && models[i] == model && bases[i] == basis) {
        let key = (earners[row].clone(), quarters[row].clone());
        assert!(earned.insert(key, (amounts[row], deals[row])).is_none(), "{mart} repeats a line");
    }
    earned
}

#[test]
fn revenue_and_conversions_per_channel_and_campaign_agree_with_the_raw_files() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "olist") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    run(&project("fixtures/configs/olist.toml"), &out, &["--quiet"]);

    let deals = deals(&data.join("olist"));
    let closed = |deal: &Deal| quarter(deal.won);
    let touched = |deal: &Deal| quarter(deal.contacted);
    let models = texts(&read_mart(&out, "dim_model"), "model");
    assert_eq!(models.len(), MODELS, "all house models run");
    for model in models.into_iter().flatten() {
        let channels = |basis| attributed(&out, "channel_roi", "channel", "channel", &model, basis);
        assert_eq!(channels("close_date"), expected(&deals, Deal::channel, closed), "{model}, close_date");
        assert_eq!(channels("touch_date"), expected(&deals, Deal::channel, touched), "{model}, touch_date");
        let campaigns = attributed(&out, "campaign_roi", "campaign", "campaign_id", &model, "close_date");
        assert_eq!(campaigns, expected(&deals, Deal::campaign, closed), "{model}, campaigns");
    }
}

#[test]
fn a_deal_won_before_its_contact_is_a_residual_and_nothing_else_is() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "olist") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    run(&project("fixtures/configs/olist.toml"), &out, &["--quiet"]);

    let deals = deals(&data.join("olist"));
    let early: Vec<&Deal> = deals.iter().filter(|deal| !deal.has_touch()).collect();
    assert_eq!(early.len(), 1, "the data has one such deal");

    let journeys = read_mart(&out, "journeys");
    assert_eq!(journeys.num_rows(), deals.len());
    let booked: i128 = money(&journeys, "amount").iter().sum();
    assert_eq!(booked, deals.iter().map(|deal| deal.centavos).sum::<i128>());
    let worthless = money(&journeys, "amount").iter().filter(|amount| **amount == 0).count();
    assert_eq!(worthless, deals.iter().filter(|deal| deal.centavos == 0).count(), "sellers without order items");

    let residuals = texts(&journeys, "residual");
    let left: Vec<(&str, i128)> = residuals
        .iter()
        .zip(money(&journeys, "amount"))
        .filter_map(|(residual, amount)| Some((residual.as_deref()?, amount)))
        .collect();
    assert_eq!(left, [("no_touch", early[0].centavos)]);
    // Seven leads came on the day whose midnight the clocks skipped: a day still has a start.
    assert_eq!(read_mart(&out, "set_aside").num_rows(), 0);
}
