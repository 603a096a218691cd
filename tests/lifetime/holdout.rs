//! What a holdout may know: nothing of the time that it holds out; and what renewals tell of retention.

use super::file::orders;
use super::{Company, MARTS};
use crate::support::{money, numbers, read_mart, texts};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const DEALS: &str = "deal_id,opportunity_id,closed_at,amount,kind,reverses_deal_id,starts_at,ends_at\n";

/// A company of these deals, each an opportunity of the account that stands before a `/` in its identifier.
fn company(deals: &[String], as_of: &str) -> Company {
    let account = |deal: &str| deal.split('/').next().unwrap_or_default().to_owned();
    let mut opportunities = "opportunity_id,account_id,created_at,stage,is_won\n".to_owned();
    for deal in deals.iter().filter(|deal| !deal.contains("credit")) {
        let [id, _, day] = deal.splitn(4, ',').take(3).collect::<Vec<_>>()[..] else { panic!("{deal}") };
        opportunities += &format!("{id},{},{day},Won,true\n", account(id));
    }
    let touch = format!("touch_id,touched_at,account_id,channel\nt1,2020-01-01,{},email\n", account(&deals[0]));
    let tables =
        [("touchpoints", touch), ("opportunities", opportunities), ("deals", format!("{DEALS}{}\n", deals.join("\n")))];
    let as_of = if as_of.is_empty() { String::new() } else { format!("[calendar]\nas_of = \"{as_of}\"\n") };
    let settings = format!("[models]\nrun = [\"linear\"]\n{as_of}[lifetime]\nenabled = true\n");
    Company::new(&tables, &settings)
}

/// Money given back after the cut changes what came, but not what was predicted: some give back in part, some all that they
/// ever bought.
#[test]
fn a_prediction_does_not_know_what_is_given_back_later() {
    let deal = |(at, order): (usize, String)| {
        let [customer, day, amount] = order.split(',').collect::<Vec<_>>()[..] else { panic!("{order}") };
        let id = format!("{customer}/{at}");
        format!("{id},{id},{day},{amount},expansion,,,")
    };
    let mut deals: Vec<String> = orders().into_iter().enumerate().map(deal).collect();
    deals.sort();
    let without = company(&deals, "2025-06-30");
    let bought_early = |deal: &&String| deal.contains(",2025-03-") || deal.contains(",2025-04-");
    let mut credits: Vec<String> = Vec::new();
    for (at, deal) in deals.iter().filter(bought_early).enumerate().filter(|(at, _)| at % 5 == 0) {
        let cells: Vec<&str> = deal.split(',').collect();
        let amount: f64 = cells[3].parse().unwrap();
        let back = if at % 2 == 0 { amount } else { (amount * 50.0).round() / 100.0 };
        credits.push(format!("{}-credit,{},2025-06-29,-{back:.2},credit,{},,", cells[0], cells[1], cells[0]));
    }
    assert!(credits.len() > 20);
    let with = company(&[deals, credits].concat(), "2025-06-30");
    let [without, with] = [without, with].map(|company| read_mart(&company.run("out", &[]), MARTS[3]));
    assert!(without.num_rows() > 10);
    for column in ["customers", "predicted_purchases", "purchases_low", "purchases_high", "actual_purchases"] {
        assert_eq!(numbers(&with, column), numbers(&without, column), "{column}");
    }
    assert_eq!(money(&with, "predicted_margin"), money(&without, "predicted_margin"));
}

/// Credits may be the last that is booked: of two contracts one was taken back in full, and of the other a half.
#[test]
fn credits_later_than_all_deals_count() {
    let deals = [
        "A/1,A/1,2025-01-10,100.00,new,,2025-01-10,2026-01-09",
        "B/1,B/1,2025-02-10,200.00,new,,2025-02-10,2026-02-09",
        "A/2,A/1,2025-06-01,-100.00,credit,A/1,,",
        "B/2,B/1,2025-06-01,-100.00,credit,B/1,,",
    ];
    let company = company(&deals.map(str::to_owned), "");
    let rows = read_mart(&company.run("out", &[]), "customer_clv");
    assert_eq!(texts(&rows, "account_id"), [Some("B".to_owned())]);
    assert_eq!(money(&rows, "revenue"), [10_000]);
    assert_eq!(numbers(&rows, "frequency"), [0.0]);
}

/// 1,200 customers with years of contract, each renewed with the chance 0.8, signed 60 days before the old one ends, the first
/// day of which falls anywhere within three years. Counted when booked, renewals would be those of the faithful alone: with as
/// many customers retention then comes out at 0.85 and more.
#[test]
fn renewals_booked_ahead_do_not_flatter_retention() {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let (start, as_of) = (jiff::civil::date(2022, 1, 1), jiff::civil::date(2025, 12, 31));
    let day = |days: i64| start.saturating_add(jiff::Span::new().days(days));
    let mut deals = Vec::new();
    for customer in 0..1_200 {
        let (mut first, mut term) = (random.random_range(0..1_095_i64), 0);
        loop {
            let booked = if term == 0 { first } else { first - 60 };
            if day(booked) > as_of {
                break;
            }
            let (id, kind) = (format!("C{customer:04}/{term}"), if term == 0 { "new" } else { "renewal" });
            deals.push(format!("{id},{id},{},1000.00,{kind},,{},{}", day(booked), day(first), day(first + 364)));
            if !random.random_bool(0.8) {
                break;
            }
            (first, term) = (first + 365, term + 1);
        }
    }
    let company = company(&deals, "2025-12-31");
    let out = company.run("out", &[]);
    let fit = read_mart(&out, "clv_fit");
    let (parameters, estimates) = (texts(&fit, "parameter"), numbers(&fit, "estimate"));
    let (errors, at_risk) = (numbers(&fit, "standard_error"), numbers(&fit, "customers"));
    for renewal in 1..=3_i32 {
        let name = format!("survival_{renewal}");
        let row = parameters.iter().position(|parameter| parameter.as_deref() == Some(name.as_str())).unwrap();
        let truth = 0.8_f64.powi(renewal);
        assert!((estimates[row] - truth).abs() < 3.0 * errors[row], "{name}: {} ± {}", estimates[row], errors[row]);
        assert!(at_risk[row] > 40.0);
    }
    let validation = read_mart(&out, "clv_validation");
    let row = numbers(&validation, "decile").iter().position(|decile| !decile.is_finite()).unwrap();
    let of = |column: &str| numbers(&validation, column)[row];
    assert!(of("customers") > 300.0);
    assert!((of("predicted_purchases") / of("actual_purchases") - 1.0).abs() < 0.06, "{validation:?}");
    let (high, customers) = (numbers(&validation, "purchases_high"), numbers(&validation, "customers"));
    assert!(high.iter().zip(&customers).all(|(high, customers)| high <= customers));
}
