//! Intervals: the closed form against plain sums over the rows of `touch_credits`, the bootstrap against the closed form,
//! and the laws both obey.

pub mod demo;
mod oracle;
mod refits;

use crate::support::{closedloop, files_of, money, numbers, read_mart, run, texts};
use arrow::array::RecordBatch;
use demo::Demo;
use oracle::{Key, Spread, spreads};
use std::collections::BTreeMap;
use std::path::Path;

/// The two-sided 95 % quantile of the normal distribution, from tables.
const Z: f64 = 1.959_963_984_540_054;

#[track_caller]
fn assert_close(got: f64, expected: f64, what: &str) {
    let tolerance = 1e-9 * expected.abs().max(1.0);
    assert!((got - expected).abs() <= tolerance, "{what}: {got}, by plain sums {expected}");
}

/// The keys of a mart's lines; residual lines have none.
fn keys(rows: &RecordBatch, level: &str) -> Vec<Option<Key>> {
    let lines = texts(rows, level);
    let campaigns = rows.column_by_name("campaign_id").map(|_| texts(rows, "campaign_id"));
    let (channels, quarters) = (texts(rows, "channel"), texts(rows, "fiscal_quarter"));
    let (bases, models) = (texts(rows, "basis"), texts(rows, "model"));
    let key = |row: usize| {
        let line = lines[row].clone().unwrap();
        (line != "residual").then(|| Key {
            is_channel: line == "channel",
            campaign: campaigns.as_ref().and_then(|campaigns| campaigns[row].clone()),
            channel: channels[row].clone().unwrap(),
            quarter: quarters[row].clone(),
            basis: bases[row].clone().unwrap(),
            model: models[row].clone().unwrap(),
        })
    };
    (0..rows.num_rows()).map(key).collect()
}

/// The interval of a sum over accounts: symmetric when an account got more back than it gave, else that of the logarithm.
fn ends(spread: &Spread, sum: f64) -> (f64, f64) {
    let width = Z * spread.se();
    if spread.has_negative {
        (sum - width, sum + width)
    } else {
        (sum / (width / sum).exp(), sum * (width / sum).exp())
    }
}

/// Checks every line of a mart; says how many have an interval.
fn check_mart(out: &Path, mart: &str, level: &str, spreads: &BTreeMap<Key, (Spread, Spread)>) -> usize {
    let rows = read_mart(out, mart);
    let column = |name: &str| numbers(&rows, name);
    let (spend, accounts) = (money(&rows, "spend"), column("accounts"));
    let amounts = ["amount_se", "amount_low", "amount_high"].map(column);
    let roi = ["roi_se", "roi_low", "roi_high"].map(column);
    let has_cost = rows.column_by_name("cost_per_new_customer").is_some();
    let cost = ["cost_per_new_customer_se", "cost_per_new_customer_low", "cost_per_new_customer_high"];
    let cost = has_cost.then(|| (column("new_deals"), cost.map(column)));
    let mut judged = 0;
    for (row, key) in keys(&rows, level).into_iter().enumerate() {
        let found = key.as_ref().and_then(|key| spreads.get(key));
        let Some((of_money, of_new)) = found else {
            assert!(amounts.iter().chain(&roi).all(|column| column[row].is_nan()), "{mart} {key:?}");
            continue;
        };
        let what = format!("{mart} {key:?}");
        assert_close(accounts[row], of_money.accounts as f64, &what);
        let sum = of_money.sum / 100.0;
        let of_money = of_money.in_units(100.0);
        if of_money.se() == 0.0 {
            assert!(amounts.iter().all(|column| column[row].is_nan()), "{what}");
        } else {
            judged += 1;
            let (low, high) = ends(&of_money, sum);
            assert_close(amounts[0][row], of_money.se(), &what);
            assert_close(amounts[1][row], low, &what);
            assert_close(amounts[2][row], high, &what);
            let spend = spend[row] as f64 / 100.0;
            if spend > 0.0 {
                assert_close(roi[0][row], of_money.se() / spend, &what);
                assert_close(roi[1][row], low / spend - 1.0, &what);
                assert_close(roi[2][row], high / spend - 1.0, &what);
            } else {
                assert!(roi.iter().all(|column| column[row].is_nan()), "{what}");
            }
        }
        if let Some((new_deals, cost)) = &cost {
            let spend = spend[row] as f64 / 100.0;
            assert_close(new_deals[row], of_new.sum, &what);
            if spend > 0.0 && of_new.se() > 0.0 {
                let (low, high) = ends(of_new, of_new.sum);
                // New deals are squared in units of 2⁻²⁸ of a deal.
                for (cost, expected) in cost.iter().zip([of_new.se() / of_new.sum.powi(2), high.recip(), low.recip()]) {
                    assert!((cost[row] / (spend * expected) - 1.0).abs() < 1e-4, "{what}: cost {}", cost[row]);
                }
            } else {
                assert!(cost.iter().all(|column| column[row].is_nan()), "{what}");
            }
        }
    }
    judged
}

#[test]
fn the_closed_form_is_what_plain_sums_over_accounts_give() {
    let demo = Demo::new();
    let out = demo.run(&[]);
    let spreads = spreads(&out);
    let of_campaigns = check_mart(&out, "campaign_roi", "line", &spreads);
    let of_channels = check_mart(&out, "channel_roi", "line", &spreads);
    let with_all = check_mart(&out, "model_decision", "level", &spreads);
    assert!(of_campaigns > 3_000 && of_channels > 1_000, "{of_campaigns} and {of_channels} intervals");
    assert!(with_all > 4_000, "{with_all} intervals");
}

/// Two accounts of 300 and 400, spend 350: a standard error of 500, so 500/350 of roi; two customers at 175 each, with a
/// standard error of 350·√2/4. One more account gives to another campaign of the channel and to this one: its parts in the
/// channel, 100 + 60, are one part of 160.
#[test]
fn a_case_by_hand() {
    let world = demo::world(
        "deal_id,opportunity_id,closed_at,amount,kind\n\
         d1,o1,2026-02-10,300.00,new\nd2,o2,2026-02-11,400.00,new\nd3,o3,2026-02-12,160.00,expansion\n",
        "touch_id,touched_at,account_id,campaign_id\n\
         1,2026-01-05,a1,c1\n2,2026-01-05,a2,c1\n3,2026-01-05,a3,c2\n4,2026-01-06,a3,c2\n5,2026-01-07,a3,c3\n",
    );
    let out = world.path().join("out");
    run(&world.path().join("closedloop.toml"), &out, &[]);
    let rows = read_mart(&out, "campaign_roi");
    let (keys, column) = (keys(&rows, "line"), |name: &str| numbers(&rows, name));
    let at = |campaign: &str| {
        let is_it = |key: &Option<Key>| {
            key.as_ref().is_some_and(|key| key.campaign.as_deref() == Some(campaign) && key.basis == "close_date")
        };
        keys.iter().position(is_it).unwrap()
    };
    assert_close(column("amount_se")[at("c1")], 500.0, "money");
    assert_close(column("roi_se")[at("c1")], 500.0 / 350.0, "roi");
    assert_close(column("cost_per_new_customer")[at("c1")], 175.0, "cost");
    assert_close(column("cost_per_new_customer_se")[at("c1")], 350.0 * 2.0_f64.sqrt() / 4.0, "cost");
    assert_close(column("amount_low")[at("c1")], 700.0 / (Z * 5.0 / 7.0).exp(), "low");
    // Linear: 160 over three touches, two of c2 and one of c3.
    assert_close(column("amount_se")[at("c2")], 106.67, "one account");
    assert_close(column("amount_se")[at("c3")], 53.33, "one account");
    let channels = read_mart(&out, "channel_roi");
    let is_other = |row: &usize| {
        texts(&channels, "channel")[*row].as_deref() == Some("other")
            && texts(&channels, "basis")[*row].as_deref() == Some("close_date")
    };
    let other = (0..channels.num_rows()).find(is_other).unwrap();
    assert_close(numbers(&channels, "amount_se")[other], 160.0, "parts of one account go together");
}

/// 2,000 replicates know a standard error to about 2 %, of a sum that one account carries to about 3 %.
#[test]
fn the_bootstrap_agrees() {
    let demo = Demo::new();
    let (fast, drawn) = (demo.run(&[]), demo.run(&["--intervals", "bootstrap=2000"]));
    for (mart, level) in [("campaign_roi", "line"), ("channel_roi", "line"), ("model_decision", "level")] {
        let (fast, drawn) = (read_mart(&fast, mart), read_mart(&drawn, mart));
        assert_eq!(keys(&fast, level), keys(&drawn, level));
        let both = |name: &str| numbers(&fast, name).into_iter().zip(numbers(&drawn, name));
        let (mut compared, mut squares) = (0, 0.0);
        for (row, (closed, drawn)) in both("amount_se").enumerate() {
            assert_eq!(closed.is_nan(), drawn.is_nan(), "{mart} row {row}");
            if !closed.is_nan() {
                assert!((drawn / closed - 1.0).abs() < 0.15, "{mart} row {row}: {drawn}, closed form {closed}");
                squares += (drawn / closed - 1.0).powi(2);
                compared += 1;
            }
        }
        assert!(compared > 1_000);
        let off = (squares / f64::from(compared)).sqrt();
        assert!(off < 0.03, "{mart}: standard errors are off by {off}");
        // Where many accounts carry a number, the ends agree as well.
        let (amounts, se) = (numbers(&fast, "amount"), numbers(&fast, "amount_se"));
        let many: Vec<usize> = (0..amounts.len()).filter(|&row| amounts[row] > 5.0 * se[row]).collect();
        for name in ["amount_low", "amount_high"] {
            let ends: Vec<(f64, f64)> = both(name).collect();
            for &row in &many {
                let (closed, drawn) = ends[row];
                assert!((closed - drawn).abs() < 0.5 * se[row], "{mart} {name} row {row}: {closed}, drawn {drawn}");
            }
        }
    }
}

#[test]
fn threads_change_no_byte_of_the_bootstrap() {
    let demo = Demo::new();
    let runs = ["1", "2", "7"].map(|threads| demo.run(&["--intervals", "bootstrap=100", "--threads", threads]));
    for mart in ["campaign_roi", "channel_roi", "model_decision"] {
        let [one, two, seven] = runs.each_ref().map(|out| files_of(out, mart));
        assert!(!one.is_empty() && one == two && one == seven, "{mart}");
    }
}

/// Other accounts in the data change none of an account's draws: without one account, the sums of campaigns that it did
/// not touch are drawn the same.
#[test]
fn draws_belong_to_accounts() {
    let deals = "deal_id,opportunity_id,closed_at,amount,kind\n\
        d1,o1,2026-02-10,300.00,new\nd2,o2,2026-02-11,400.00,new\n";
    let touches = "touch_id,touched_at,account_id,campaign_id\n1,2026-01-05,a1,c1\n2,2026-01-05,a2,c1\n";
    let (fewer, more) = (
        demo::world(deals, touches),
        demo::world(&format!("{deals}d3,o3,2026-02-12,160.00,new\n"), &format!("{touches}3,2026-01-05,a3,c2\n")),
    );
    let ends = |world: &tempfile::TempDir| {
        let config = world.path().join("closedloop.toml");
        let out = world.path().join("out");
        run(&config, &out, &["--intervals", "bootstrap=100"]);
        let rows = read_mart(&out, "campaign_roi");
        let of_c1 = texts(&rows, "campaign_id").into_iter().map(|campaign| campaign.as_deref() == Some("c1"));
        let columns = ["amount_se", "amount_low", "amount_high"].map(|name| numbers(&rows, name));
        of_c1
            .enumerate()
            .filter(|(_, is_it)| *is_it)
            .map(|(row, _)| columns.each_ref().map(|c| c[row]))
            .collect::<Vec<_>>()
    };
    assert_eq!(ends(&fewer), ends(&more));
}

#[test]
fn ten_times_the_money_is_ten_times_the_error() {
    let demo = Demo::new();
    let plain = demo.run(&[]);
    // 8940.00 becomes 89400.0; amounts that cannot be read stay so.
    let ten_times = |amount: &str| match amount.split_once('.') {
        Some((whole, cents)) if cents.len() == 2 => format!("{whole}{}.{}", &cents[..1], &cents[1..]),
        _ => amount.to_owned(),
    };
    let demo_of_ten = demo.with_amounts(ten_times);
    let tenfold = demo_of_ten.run(&[]);
    let (plain, tenfold) = (read_mart(&plain, "channel_roi"), read_mart(&tenfold, "channel_roi"));
    let both = |name: &str| numbers(&plain, name).into_iter().zip(numbers(&tenfold, name));
    let (mut compared, spreads) = (0, [both("amount_se"), both("roi_se"), both("amount_high")]);
    for (plain, tenfold) in spreads.into_iter().flatten().filter(|(plain, _)| !plain.is_nan() && *plain > 1.0) {
        // Each of the line's touches is rounded to the cent.
        assert!((tenfold / (10.0 * plain) - 1.0).abs() < 1e-2, "{tenfold} is not ten times {plain}");
        compared += 1;
    }
    assert!(compared > 1_000);
    for (plain, tenfold) in both("cost_per_new_customer_se") {
        assert!(plain.is_nan() && tenfold.is_nan() || plain == tenfold, "customers are the same");
    }
}

/// A channel's interval does not depend on how its touches are spread over campaigns.
#[test]
fn splitting_a_campaign_changes_no_channel() {
    let deals = "deal_id,opportunity_id,closed_at,amount,kind\n\
        d1,o1,2026-02-10,300.00,new\nd2,o2,2026-02-11,400.00,new\nd3,o3,2026-05-12,160.00,expansion\n";
    let touches = |second: &str| {
        format!(
            "touch_id,touched_at,account_id,campaign_id\n1,2026-01-05,a1,c2\n2,2026-01-06,a1,{second}\n\
             3,2026-01-05,a2,{second}\n4,2026-01-05,a3,c2\n5,2026-04-05,a3,{second}\n6,2026-04-06,a3,c1\n"
        )
    };
    let channels = |second: &str| {
        let world = demo::world(deals, &touches(second));
        let out = world.path().join("out");
        run(&world.path().join("closedloop.toml"), &out, &[]);
        let rows = read_mart(&out, "channel_roi");
        let mut columns = vec![texts(&rows, "channel"), texts(&rows, "fiscal_quarter")];
        columns.extend(["amount", "amount_se", "amount_low", "amount_high", "accounts"].map(|name| texts(&rows, name)));
        let decision = read_mart(&out, "model_decision");
        let of_channels = texts(&decision, "level").into_iter().map(|level| level.as_deref() == Some("channel"));
        let se = of_channels.zip(texts(&decision, "amount_se")).filter(|(is_channel, _)| *is_channel);
        columns.push(se.map(|(_, se)| se).collect());
        columns
    };
    assert_eq!(channels("c2"), channels("c3"));
}

#[test]
fn off_leaves_the_columns_empty_and_the_numbers_as_they_are() {
    let demo = Demo::new();
    let (fast, off) = (demo.run(&[]), demo.run(&["--intervals", "off"]));
    for mart in ["campaign_roi", "channel_roi"] {
        let (fast, off) = (read_mart(&fast, mart), read_mart(&off, mart));
        assert_eq!(fast.schema(), off.schema());
        let first = fast.schema().index_of("accounts").unwrap();
        let (numbers, intervals): (Vec<usize>, Vec<usize>) =
            (0..fast.num_columns()).partition(|&column| column < first);
        assert_eq!(fast.project(&numbers).unwrap(), off.project(&numbers).unwrap());
        assert!(intervals.iter().all(|&column| off.column(column).null_count() == off.num_rows()), "{mart}");
    }
    assert!(texts(&read_mart(&off, "model_decision"), "verdict").iter().all(Option::is_none));
    let manifest = std::fs::read_to_string(off.join("manifest.json")).unwrap();
    assert!(manifest.contains("\"intervals\": \"off\""));
}

#[test]
fn what_is_not_a_way_to_compute_intervals_is_refused() {
    let demo = Demo::new();
    for (how, says) in [("slow", "is not one of"), ("bootstrap=3", "ask for 100 to 10000")] {
        let assert = closedloop().arg("run").arg(demo.config()).args(["--intervals", how]).assert().code(2);
        let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
        assert!(message.contains("--intervals: ") && message.contains(says), "{message}");
    }
    let demo = demo.with_config("[models]\n", "[models]\nintervals = \"slow\"\n");
    let assert = closedloop().arg("run").arg(demo.config()).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(message.contains("models.intervals: \"slow\" is not one of"), "{message}");
}
