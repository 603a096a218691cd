//! Three accounts, worked out by hand.
//!
//! Margin is half of revenue. A buys 1,000.00 on 1 March 2025 and 600.00 on 1 June, of which 200.00 are given back on 1 July. B
//! has a year from 1 January 2025 for 730.00, one of 365 days, and as of 31 March 2026 the next from 1 January 2026 for 1,460.00.
//! C gave back all it bought. A's first deal was touched by C1 and C2, B's by C1 alone.

use super::{Company, assert_finite};
use crate::support::{closedloop, money, numbers, read_mart, texts};
use std::collections::BTreeMap;

fn company(settings: &str) -> Company {
    let tables = [
        ("accounts", "account_id,segment\nA,big\nB,big\nC,small\n".to_owned()),
        ("campaigns", "campaign_id,name,channel\nC1,Search,paid_search\nC2,Webinar,webinar\n".to_owned()),
        (
            "touchpoints",
            "touch_id,touched_at,account_id,campaign_id\n\
             t1,2025-01-10,A,C1\nt2,2025-02-10,A,C2\nt3,2024-12-01,B,C1\nt4,2025-01-05,C,C2\n"
                .to_owned(),
        ),
        (
            "opportunities",
            "opportunity_id,account_id,created_at,stage,is_won\n\
             OA1,A,2025-01-20,Won,true\nOA2,A,2025-05-01,Won,true\nOB1,B,2024-12-10,Won,true\n\
             OB2,B,2025-11-01,Won,true\nOC1,C,2025-01-20,Won,true\n"
                .to_owned(),
        ),
        (
            "deals",
            "deal_id,opportunity_id,closed_at,amount,kind,reverses_deal_id,starts_at,ends_at\n\
             DA1,OA1,2025-03-01,1000.00,new,,,\nDA2,OA2,2025-06-01,600.00,expansion,,,\n\
             DA3,OA2,2025-07-01,-200.00,credit,DA2,,\nDB1,OB1,2024-12-20,730.00,new,,2025-01-01,2025-12-31\n\
             DB2,OB2,2025-12-15,1460.00,renewal,,2026-01-01,2026-12-31\nDC1,OC1,2025-02-01,50.00,new,,,\n\
             DC2,OC1,2025-02-15,-50.00,credit,DC1,,\n"
                .to_owned(),
        ),
        (
            "spend",
            "campaign_id,date,amount\nC1,2025-02-01,300.00\nC2,2025-02-01,9000.00\nC1,2026-02-01,77.00\n".to_owned(),
        ),
    ];
    let rest =
        "[models]\nrun = [\"linear\", \"last_touch\"]\n[finance]\nmargin = 0.5\n[calendar]\nas_of = \"2026-03-31\"\n";
    Company::new(&tables, &format!("{rest}{settings}"))
}

#[test]
fn customers_have_what_was_earned_contracted_and_given_back() {
    let company = company("");
    let out = company.run("out", &[]);
    let rows = read_mart(&out, "customer_clv");
    assert_eq!(texts(&rows, "account_id"), [Some("A".to_owned()), Some("B".to_owned())], "C is no customer");
    assert_eq!(texts(&rows, "acquired_on"), [Some("2025-03-01".to_owned()), Some("2024-12-20".to_owned())]);
    assert_eq!(money(&rows, "revenue"), [140_000, 219_000]);
    // A: half of 1,400.00. B: 365.00 of the first year, and 90 of 365 days of 730.00.
    assert_eq!(money(&rows, "margin"), [70_000, 36_500 + 18_000]);
    assert_eq!(money(&rows, "margin_contracted"), [0, 73_000 - 18_000]);
    assert_eq!(money(&rows, "monetary_value"), [20_000, 73_000], "half of what is left of the repeat purchases");
    assert_eq!(numbers(&rows, "frequency"), [1.0, 1.0]);
    let months = |days: f64| days / (365.25 / 12.0);
    let near = |column: &str, expected: [f64; 2]| {
        for (got, expected) in numbers(&rows, column).into_iter().zip(expected) {
            assert!((got - expected).abs() < 1e-12, "{column}: {got} instead of {expected}");
        }
    };
    // A: 1 March to 1 June 2025, to 31 March 2026. B: 20 December 2024 to 15 December 2025, to 31 March 2026.
    near("recency", [months(92.0), months(360.0)]);
    near("observed", [months(395.0), months(466.0)]);
    // A at 10 % a year: 500.00 at once, 300.00 after 92 days, 100.00 back after 122.
    let after = |days: f64| 1.1_f64.powf(-days / 365.25);
    let expected = (50_000.0 + 30_000.0 * after(92.0)).round() - (10_000.0 * after(122.0)).round();
    let got = money(&rows, "margin_discounted")[0];
    assert!((f64::from(i32::try_from(got).unwrap()) - expected).abs() <= 1.0, "{got} instead of {expected}");
}

#[test]
fn cohorts_earn_term_margin_by_the_days_of_each_quarter() {
    let company = company("");
    let out = company.run("out", &[]);
    let rows = read_mart(&out, "clv_cohorts");
    let cohorts = texts(&rows, "cohort").into_iter().map(Option::unwrap);
    let cells: BTreeMap<(String, i64), (i128, i128)> = (cohorts.zip(numbers(&rows, "age")))
        .zip(money(&rows, "margin").into_iter().zip(money(&rows, "cumulative_margin")))
        .map(|((cohort, age), margin)| ((cohort, age.to_string().parse().unwrap()), margin))
        .collect();
    // B was acquired in 2024; a day of the first year earns 1.00, of the second 2.00.
    let b: Vec<(i128, i128)> = (0..=5).map(|age| cells[&("FY24Q4".to_owned(), age)]).collect();
    assert_eq!(b, [(0, 0), (9_000, 9_000), (9_100, 18_100), (9_200, 27_300), (9_200, 36_500), (18_000, 54_500)]);
    let a: Vec<i128> = (0..=4).map(|age| cells[&("FY25Q1".to_owned(), age)].0).collect();
    assert_eq!(a, [50_000, 30_000, -10_000, 0, 0]);
    assert_eq!(cells.len(), 11);
}

#[test]
fn campaigns_share_customers_as_their_first_deal() {
    let company = company("");
    let out = company.run("out", &[]);
    let rows = read_mart(&out, "campaign_clv");
    let line = |row: usize| {
        let text = |column: &str| texts(&rows, column)[row].clone().unwrap_or_default();
        (text("model"), text("campaign_id"))
    };
    let lines: BTreeMap<(String, String), usize> = (0..rows.num_rows()).map(|row| (line(row), row)).collect();
    let of = |model: &str, campaign: &str| lines[&(model.to_owned(), campaign.to_owned())];
    let (margin, clv) = (money(&rows, "margin"), money(&rows, "clv"));
    // A is worth 700.00 so far and B 545.00, with 550.00 to come: one repeat purchase fits nothing.
    let linear = [of("linear", "C1"), of("linear", "C2")];
    assert_eq!(linear.map(|row| margin[row]), [35_000 + 54_500, 35_000]);
    assert_eq!(linear.map(|row| numbers(&rows, "acquired_customers")[row]), [1.5, 0.5]);
    let last = [of("last_touch", "C1"), of("last_touch", "C2")];
    assert_eq!(last.map(|row| clv[row]), [54_500 + 55_000, 70_000]);
    // Customers were acquired in 2024Q4 and 2025Q1; what C1 spent in 2026 is not theirs.
    assert_eq!(linear.map(|row| money(&rows, "acquisition_spend")[row]), [30_000, 900_000]);
    let ratio = numbers(&rows, "clv_to_cac")[of("linear", "C1")];
    assert!((ratio - 144_500.0 / 30_000.0).abs() < 1e-12, "{ratio}");
    // C1 has half of A's 500.00 on its first day, and of B 1.00 a day from its 12th day on. 50.00 of B are there on the 62nd
    // day: after 2 months (60 days) not yet.
    assert_eq!(numbers(&rows, "payback_month")[of("linear", "C1")].to_string(), "3");
    assert_eq!(texts(&rows, "payback")[of("linear", "C1")].as_deref(), Some("within_horizon"));
    assert_eq!(texts(&rows, "payback")[of("linear", "C2")].as_deref(), Some("not_within_horizon"));
    for mart in super::MARTS {
        assert_finite(mart, &read_mart(&out, mart));
    }
}

#[test]
fn transactions_of_their_own_take_the_place_of_deals() {
    let company = company("");
    let transactions = "account_id,transacted_at,amount\nA,2025-04-01,10.00\nA,2025-05-01,30.00\nZ,2025-06-01,4.00\n\
                        A,2025-07-01,9.00\nA,2025-10-01,-9.00\n";
    std::fs::write(company.folder.path().join("transactions.csv"), transactions).unwrap();
    let config = std::fs::read_to_string(company.config()).unwrap();
    std::fs::write(company.config(), format!("[tables.transactions]\npath = \"transactions.csv\"\n{config}")).unwrap();
    let out = company.run("out", &[]);
    let rows = read_mart(&out, "customer_clv");
    assert_eq!(texts(&rows, "account_id"), [Some("A".to_owned()), Some("Z".to_owned())]);
    assert_eq!(money(&rows, "margin"), [2_000, 200]);
    // What A bought in July and took back in October is no purchase.
    let cohorts = read_mart(&out, "clv_cohorts");
    let ages = numbers(&cohorts, "age").into_iter().zip(numbers(&cohorts, "buyers"));
    assert!(
        ages.clone().filter(|(age, _)| *age >= 1.0).all(|(_, buyers)| buyers == 0.0),
        "{:?}",
        ages.collect::<Vec<_>>()
    );
    let rows = read_mart(&out, "campaign_clv");
    let of_nobody: Vec<usize> =
        (0..rows.num_rows()).filter(|&row| texts(&rows, "residual")[row].as_deref() == Some("no_deal")).collect();
    assert_eq!(of_nobody.len(), 2, "one a model");
    assert!(of_nobody.iter().all(|&row| money(&rows, "clv")[row] == 200));
}

#[test]
fn switched_off_there_is_no_such_mart() {
    let company = company("[lifetime]\nenabled = false\n");
    let out = company.run("out", &[]);
    assert!(super::MARTS.iter().all(|mart| !out.join(mart).exists()));
    let refused = closedloop().arg("run").arg(company.config()).args(["--marts", "campaign_clv"]).assert().code(2);
    let error = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(error.ends_with("lifetime.enabled: is false, but campaign_clv needs it; set it to true\n"), "{error}");
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    for (settings, expected) in [
        ("horizon = 12", "unknown key or value \"horizon\""),
        ("horizon_months = 0", "lifetime.horizon_months: is 0, but must be from 1 to 1200 months"),
        ("discount = 10", "lifetime.discount: is 10, but must be a yearly rate from 0 to 1"),
        (
            "models = [\"bg_nbs\"]",
            "lifetime.models: no purchase model here is called \"bg_nbs\"; did you mean \"bg_nbd\"?",
        ),
        ("models = []", "lifetime.models: names no model; name at least one"),
        ("family = \"contract\"", "unknown key or value \"contract\""),
    ] {
        let company = company(&format!("[lifetime]\n{settings}\n"));
        let refused = closedloop().arg("run").arg(company.config()).assert().code(2);
        let error = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
        assert!(error.contains(expected), "{settings}: {error}");
    }
}

/// Each account has been given something back in a way of its own: a later deal in full, the first by a credit without its
/// original, nothing by a credit of nothing, and a deal in pieces; and one bought something for nothing.
#[test]
fn what_was_given_back_leaves_no_trace() {
    let accounts = ["FULL", "FIRST", "NOTHING", "PIECES", "FREE"];
    let deals = [
        ("FULL", "2025-01-10", "100,new,", "D1"),
        ("FULL2", "2025-05-10", "50,new,", "D2"),
        ("FULL2", "2025-05-20", "-50,credit,D2", "D3"),
        ("FIRST", "2025-01-10", "100,new,", "D4"),
        ("FIRST", "2025-02-10", "-100,credit,NOPE", "D5"),
        ("FIRST2", "2025-05-10", "70,new,", "D6"),
        ("NOTHING", "2025-01-10", "100,new,", "D7"),
        ("NOTHING", "2025-02-20", "0.00,credit,NOPE", "D8"),
        ("PIECES", "2025-01-10", "100,new,", "D9"),
        ("PIECES2", "2025-01-11", "0.03,new,", "D10"),
        ("PIECES2", "2025-01-12", "-0.01,credit,D10", "D11"),
        ("PIECES2", "2025-01-13", "-0.01,credit,D10", "D12"),
        ("PIECES2", "2025-01-14", "-0.01,credit,D10", "D13"),
        ("FREE", "2025-07-10", "0,new,", "D14"),
    ];
    let mut opportunities: BTreeMap<&str, &str> = BTreeMap::new();
    for (opportunity, at, ..) in &deals {
        opportunities.entry(opportunity).or_insert(at);
    }
    let account = |opportunity: &str| opportunity.trim_end_matches('2').to_owned();
    let opportunities: String =
        opportunities.iter().map(|(id, at)| format!("{id},{},{at},Won,true,{at}\n", account(id))).collect();
    let deals: String = deals.iter().map(|(of, at, rest, id)| format!("{id},{of},{at},{rest}\n")).collect();
    let tables = [
        ("campaigns", "campaign_id,name,channel\nOLD,Old,a\nNEW,New,b\n".to_owned()),
        (
            "touchpoints",
            "touch_id,touched_at,account_id,campaign_id\nt1,2025-01-04,FIRST,OLD\nt2,2025-05-04,FIRST,NEW\n".to_owned(),
        ),
        ("opportunities", format!("opportunity_id,account_id,created_at,stage,is_won,closed_at\n{opportunities}")),
        ("deals", format!("deal_id,opportunity_id,closed_at,amount,kind,reverses_deal_id\n{deals}")),
    ];
    let settings = "[models]\nrun = [\"last_touch\"]\n[journeys]\nlookback_days = 30\n[finance]\nmargin = 0.5\n\
                    [calendar]\nas_of = \"2025-09-30\"\n";
    let company = Company::new(&tables, settings);
    let out = company.run("out", &[]);
    let rows = read_mart(&out, "customer_clv");
    let of = |column: &str| -> BTreeMap<String, Option<String>> {
        texts(&rows, "account_id").into_iter().flatten().zip(texts(&rows, column)).collect()
    };
    let is = |column: &str, account: &str| of(column)[account].clone().unwrap();
    assert_eq!(rows.num_rows(), accounts.len());
    for account in accounts {
        assert_eq!(is("purchases", account), "1", "{account}");
    }
    assert_eq!(is("acquired_on", "FIRST"), "2025-05-10");
    assert_eq!((is("revenue", "PIECES"), is("margin", "PIECES")), ("100.00".to_owned(), "50.00".to_owned()));
    let rows = read_mart(&out, "clv_cohorts");
    let cohorts = texts(&rows, "cohort").into_iter().map(Option::unwrap);
    let buyers: BTreeMap<(String, String), f64> =
        cohorts.zip(texts(&rows, "age").into_iter().map(Option::unwrap)).zip(numbers(&rows, "buyers")).collect();
    let bought = |cohort: &str, age: &str| buyers[&(cohort.to_owned(), age.to_owned())];
    assert_eq!(
        [bought("FY25Q1", "0"), bought("FY25Q1", "1"), bought("FY25Q2", "0"), bought("FY25Q3", "0")],
        [3.0, 0.0, 1.0, 1.0]
    );
    let rows = read_mart(&out, "campaign_clv");
    let acquired: BTreeMap<String, f64> = texts(&rows, "campaign_id")
        .into_iter()
        .map(Option::unwrap_or_default)
        .zip(numbers(&rows, "acquired_customers"))
        .collect();
    assert_eq!((acquired.get("NEW"), acquired.get("OLD").copied().unwrap_or_default()), (Some(&1.0), 0.0));
}

/// A renewal given back in full leaves the first contract alone, however it is told: by its own deal, without an original, or by a
/// line of nothing of the same opportunity, beyond which the credit goes. By hand: the first year earned its 1,000.00, and lapsed.
#[test]
fn however_a_renewal_is_given_back_it_did_not_happen() {
    let marts = ["D2", "NOPE", "D0"].map(|reversed| {
        let deals = format!(
            "deal_id,opportunity_id,closed_at,amount,kind,reverses_deal_id,starts_at,ends_at\n\
             D1,O1,2023-05-01,1000.00,new,,2023-05-01,2024-04-30\nD0,O2,2023-05-01,0.00,expansion,,,\n\
             D2,O2,2024-05-01,5667.00,renewal,,2024-05-01,2025-04-30\nC1,O2,2024-05-22,-5667.00,credit,{reversed},,\n\
             E1,O3,2023-05-01,700.00,new,,2023-05-01,2024-04-30\nE2,O3,2024-05-01,700.00,renewal,,2024-05-01,2025-04-30\n\
             F1,O4,2023-05-01,300.00,new,,2023-05-01,2024-04-30\n"
        );
        let opportunities = "opportunity_id,account_id,created_at,stage,is_won\n\
             O1,A,2023-04-01,Won,true\nO2,A,2023-04-01,Won,true\nO3,B,2023-04-01,Won,true\nO4,C,2023-04-01,Won,true\n";
        let tables = [
            ("touchpoints", "touch_id,touched_at,account_id,channel\nt1,2023-03-01,A,email\n".to_owned()),
            ("opportunities", opportunities.to_owned()),
            ("deals", deals),
        ];
        let settings = "[models]\nrun = [\"linear\"]\n[calendar]\nas_of = \"2024-07-31\"\n[lifetime]\nenabled = true\n";
        let company = Company::new(&tables, settings);
        let out = company.run("out", &[]);
        let rows = read_mart(&out, "customer_clv");
        assert_eq!(texts(&rows, "account_id")[0].as_deref(), Some("A"));
        assert_eq!((money(&rows, "margin")[0], money(&rows, "margin_contracted")[0]), (100_000, 0));
        assert_eq!((texts(&rows, "purchases")[0].as_deref(), texts(&rows, "renewals")[0].as_deref()), (Some("1"), Some("0")));
        assert_eq!(texts(&rows, "contract_ends_on")[0].as_deref(), Some("2024-04-30"));
        assert_eq!(texts(&rows, "is_lapsed")[0].as_deref(), Some("true"));
        let cohorts = read_mart(&out, "clv_cohorts");
        assert_eq!(numbers(&cohorts, "buyers").iter().sum::<f64>().to_string(), "4", "each once, and B again");
        super::MARTS.map(|mart| read_mart(&out, mart))
    });
    assert!(marts.iter().all(|told| *told == marts[0]));
}
