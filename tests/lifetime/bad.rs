//! What no model can be fitted to: a clear sentence, and the other marts as they would be without lifetime value.

use super::{Company, MARTS, assert_finite};
use crate::support::{closedloop, files_of, money, numbers, read_mart, texts};
use std::time::Duration;

/// Deals as (account, date, amount, first and last day of a term).
type Deal<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn company(deals: &[Deal<'_>], settings: &str) -> Company {
    let (mut opportunities, mut touches, mut lines) = (
        "opportunity_id,account_id,created_at,stage,is_won\n".to_owned(),
        "touch_id,touched_at,account_id,campaign_id\n".to_owned(),
        "deal_id,opportunity_id,closed_at,amount,starts_at,ends_at\n".to_owned(),
    );
    for (number, (account, closed, amount, starts, ends)) in deals.iter().enumerate() {
        opportunities += &format!("O{number},{account},2024-01-10,Won,true\n");
        touches += &format!("t{number},2024-01-05,{account},C{}\n", number % 3);
        lines += &format!("D{number},O{number},{closed},{amount},{starts},{ends}\n");
    }
    let tables = [("opportunities", opportunities), ("touchpoints", touches), ("deals", lines)];
    Company::new(&tables, &format!("[models]\nrun = [\"linear\"]\n[calendar]\nas_of = \"2026-06-30\"\n{settings}"))
}

fn once(count: usize) -> Vec<(String, String)> {
    (0..count).map(|number| (format!("A{number}"), format!("2025-0{}-11", number % 9 + 1))).collect()
}

/// Runs the deals and expects a reason for historic value only; everything else is unharmed.
fn historic(deals: &[Deal<'_>], expected: &str) {
    let (company, other) = (company(deals, ""), company(deals, "[lifetime]\nenabled = false\n"));
    let out = company.run("out", &[]);
    let without = other.run("out", &[]);
    for mart in MARTS {
        assert_finite(mart, &read_mart(&out, mart));
    }
    for mart in ["campaign_roi", "channel_roi", "touch_credits", "journeys", "reconciliation", "model_comparison"] {
        assert!(files_of(&out, mart) == files_of(&without, mart), "{mart} differs");
    }
    let fits = read_mart(&out, "clv_fit");
    let reasons: Vec<String> = texts(&fits, "reason").into_iter().flatten().collect();
    assert!(reasons.iter().any(|reason| reason.contains(expected)), "{expected}: {reasons:?}");
    let customers = read_mart(&out, "customer_clv");
    assert!(texts(&customers, "family").iter().all(|family| family.as_deref() == Some("historic")));
    let clv: i128 = money(&customers, "clv").iter().sum();
    let earned: i128 = money(&customers, "margin").iter().chain(&money(&customers, "margin_contracted")).sum();
    assert_eq!(clv, earned);
    assert_eq!(money(&read_mart(&out, "campaign_clv"), "clv").iter().sum::<i128>(), clv);
}

#[test]
fn nobody_came_back() {
    let names = once(30);
    let deals: Vec<Deal<'_>> = names.iter().map(|(name, day)| (&**name, &**day, "100.00", "", "")).collect();
    historic(&deals, "no customer has a term or has bought again");
}

#[test]
fn there_is_one_customer() {
    historic(
        &[("A", "2025-01-01", "5.00", "", ""), ("A", "2025-03-01", "7.00", "", "")],
        "the segment has one customer",
    );
}

#[test]
fn everybody_is_still_under_contract() {
    let names = once(30);
    let term = ("2025-01-01", "2026-12-31");
    let deals: Vec<Deal<'_>> = names.iter().map(|(name, day)| (&**name, &**day, "100.00", term.0, term.1)).collect();
    historic(&deals, "shifted_beta_geometric");
}

#[test]
fn everybody_has_left() {
    let names = once(30);
    let term = ("2025-01-01", "2025-12-31");
    let deals: Vec<Deal<'_>> = names.iter().map(|(name, day)| (&**name, &**day, "100.00", term.0, term.1)).collect();
    historic(&deals, "every customer has churned");
}

#[test]
fn all_histories_have_zero_length() {
    let names = once(6);
    let mut deals: Vec<Deal<'_>> = names.iter().map(|(name, _)| (&**name, "2026-06-30", "100.00", "", "")).collect();
    deals.extend(names.iter().map(|(name, _)| (&**name, "2026-06-30", "50.00", "", "")));
    historic(&deals, "no customer has a term or has bought again");
}

#[test]
fn all_buy_in_lockstep() {
    let names = once(20);
    let days: Vec<String> = (1..=12).map(|month| format!("2025-{month:02}-05")).collect();
    let deals: Vec<Deal<'_>> =
        days.iter().flat_map(|day| names.iter().map(|(name, _)| (&**name, &**day, "100.00", "", ""))).collect();
    let company = company(&deals, "");
    let out = company.run("out", &[]);
    for mart in MARTS {
        assert_finite(mart, &read_mart(&out, mart));
    }
}

#[test]
fn totals_are_negative_and_dates_lie_ahead() {
    let deals = [
        ("A", "2025-01-01", "-5.00", "", ""),
        ("B", "2025-02-01", "10.00", "", ""),
        ("B", "2025-03-01", "-40.00", "", ""),
        ("C", "2027-01-01", "10.00", "", ""),
        ("D", "2025-02-01", "10.00", "2026-09-01", "2026-05-01"),
        ("E", "2025-04-01", "10.00", "soon", "2026-05-01"),
    ];
    let company = company(&deals, "");
    let out = company.run("out", &[]);
    let customers = read_mart(&out, "customer_clv");
    // C's deal is not known yet; A and B have nothing left; terms that cannot be read are no terms.
    assert_eq!(texts(&customers, "account_id"), [Some("D".to_owned()), Some("E".to_owned())]);
    assert_eq!(money(&customers, "margin"), [1_000, 1_000]);
    for mart in MARTS {
        assert_finite(mart, &read_mart(&out, mart));
    }
}

#[test]
fn nothing_was_won() {
    let company = company(&[], "");
    let out = company.run("out", &[]);
    for mart in MARTS {
        assert_eq!(read_mart(&out, mart).num_rows(), 0, "{mart}");
    }
}

/// Run and check say what of the inputs lifetime value goes without.
fn remarks(company: &Company) -> [String; 2] {
    let said = |command: &str, flags: &[&str]| {
        let output = closedloop().arg(command).arg(company.config()).args(flags).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let out = company.config().with_file_name("out").to_string_lossy().into_owned();
    [said("run", &["--out", &out]), said("check", &[])]
}

#[test]
fn terms_that_cannot_be_read_are_counted() {
    let deals = [
        ("A", "2025-01-01", "5.00", "2025-12-31", "2025-01-01"),
        ("B", "2025-01-01", "5.00", "2025-01-01", ""),
        ("C", "2025-01-01", "5.00", "soon", "2025-12-31"),
        ("D", "2025-01-01", "5.00", "2025-01-01", "2025-12-31"),
        ("E", "2025-01-01", "5.00", "", ""),
    ];
    for text in remarks(&company(&deals, "")) {
        let expected = "3 deals have a term that cannot be read, and counts as none: starts_at and ends_at must both be dates, in this order";
        assert!(text.contains(expected), "{text}");
    }
    for text in remarks(&company(&deals, "[lifetime]\nenabled = false\n")) {
        assert!(!text.contains("cannot be read"), "{text}");
    }
}

#[test]
fn transactions_without_amounts_are_named() {
    let base = company(&[("A", "2025-01-01", "5.00", "", "")], "");
    for (header, is_named) in [
        ("account_id,transacted_at\nA,2025-01-01\n", true),
        ("account_id,transacted_at,amount\nA,2025-01-01,5\n", false),
    ] {
        std::fs::write(base.config().with_file_name("transactions.csv"), header).unwrap();
        let text = std::fs::read_to_string(base.config()).unwrap();
        if !text.contains("[tables.transactions]") {
            std::fs::write(base.config(), format!("[tables.transactions]\npath = \"transactions.csv\"\n{text}"))
                .unwrap();
        }
        for text in remarks(&base) {
            let expected = "transactions have no amount: purchases are counted, and lifetime value is zero";
            assert_eq!(text.contains(expected), is_named, "{text}");
        }
    }
}

/// Five hundred customers of one segment can be fitted, the only one of another cannot.
#[test]
fn a_segment_that_cannot_be_fitted_takes_the_fit_of_all() {
    let orders = super::file::orders();
    let cells: Vec<Vec<&str>> = orders.iter().map(|order| order.split(',').collect()).collect();
    let mut deals: Vec<Deal<'_>> = cells.iter().map(|cells| (cells[0], cells[1], cells[2], "", "")).collect();
    deals.push(("z", "2025-01-15", "70.00", "", ""));
    let company = company(&deals, "");
    let names: std::collections::BTreeSet<&str> = cells.iter().map(|cells| cells[0]).collect();
    let accounts: String = names.iter().map(|name| format!("{name},big\n")).collect();
    std::fs::write(company.config().with_file_name("accounts.csv"), format!("account_id,segment\n{accounts}z,small\n"))
        .unwrap();
    let text = std::fs::read_to_string(company.config()).unwrap().replace("2026-06-30", "2025-06-30");
    std::fs::write(company.config(), format!("[tables.accounts]\npath = \"accounts.csv\"\n{text}")).unwrap();
    let out = company.run("out", &[]);
    let customers = read_mart(&out, "customer_clv");
    let last = customers.num_rows() - 1;
    assert_eq!(texts(&customers, "account_id")[last].as_deref(), Some("z"));
    assert_eq!(texts(&customers, "family")[last].as_deref(), Some("non_contractual"));
    let reason = "the segment has one customer, who cannot show how customers differ; \
                  so it takes the fit of all non_contractual segments together";
    assert_eq!(texts(&customers, "reason")[last].as_deref(), Some(reason));
    assert!(numbers(&customers, "expected_purchases")[last] > 0.0);
    let fits = read_mart(&out, "clv_fit");
    let of_small = texts(&fits, "segment")
        .iter()
        .zip(texts(&fits, "reason"))
        .filter(|(segment, _)| segment.as_deref() == Some("small"))
        .map(|(_, reason)| reason)
        .collect::<Vec<_>>();
    assert!(!of_small.is_empty() && of_small.iter().all(|found| found.as_deref() == Some(reason)));
    for mart in MARTS {
        assert_finite(mart, &read_mart(&out, mart));
    }
}

/// A likelihood that grows along a ridge to infinity gives a line search no end: the fit gives up, and the run goes on. Found by
/// random companies.
#[test]
fn a_search_without_end_is_given_up() {
    let transactions = "A6,2025-06-07,1683 A24,2023-04-24,1202 A14,2024-01-09,4471 A28,2023-05-12,1318 A27,2025-03-06,3019 \
    A11,2023-08-15,1378 A20,2024-12-11,2515 A19,2023-01-14,449 A7,2024-12-27,3337 A0,2023-07-25,2068 \
    A17,2024-10-08,696 A8,2023-09-25,3738 A5,2023-02-16,147 A2,2023-02-23,817 A17,2023-03-20,2848 A12,2024-01-29,4764 \
    A15,2023-03-16,3942 A29,2025-04-09,1765 A13,2023-12-02,4308 AX,2023-12-22,4792 A2,2023-08-31,1512 \
    A15,2023-05-07,-10 A6,2023-03-01,2639 A17,2024-06-11,3025 A23,2024-07-17,71 A12,2024-03-24,3372 \
    A7,2025-05-20,1712 A6,2023-12-16,3127 A20,2024-07-17,479 A23,2024-05-07,4079 A23,2024-09-25,3831 \
    A8,2024-05-11,2425 A17,2023-03-27,3654 A23,2025-04-12,1940 A11,2024-04-15,4265 A3,2024-01-13,2012 \
    A8,2023-10-27,645 A23,2023-03-14,3285 A14,2023-02-09,2450 A25,2023-07-31,1024 A9,2023-11-18,3458 \
    AX,2024-11-30,3904 A23,2024-04-09,2851 AX,2024-06-01,1345 A5,2023-05-16,2062 A24,2024-02-03,2189";
    let segments = "A0,ent A1,smb A2,smb A3, A4,smb A5,ent A6,ent A7,ent A8,smb A9, A10,smb A11,ent A12,smb A13,ent A14,ent A15,ent \
    A16,smb A17, A18, A19,ent A20, A21, A22,smb A23, A24,ent A25, A26,smb A27, A28,ent A29,smb";
    let table = |header: &str, rows: &str| format!("{header}\n{}\n", rows.replace(' ', "\n"));
    let tables = [
        ("transactions", table("account_id,transacted_at,amount", transactions)),
        ("accounts", table("account_id,segment", segments)),
        (
            "opportunities",
            table("opportunity_id,account_id,created_at,stage,closed_at,amount", "O1,A1,2024-01-02,Won,2024-02-01,100"),
        ),
        ("touchpoints", table("touch_id,touched_at,account_id,channel", "t1,2024-01-05,A1,web")),
    ];
    let settings = "[models]\nrun = [\"linear\"]\n[finance]\ncurrency = \"JPY\"\n[lifetime]\nunit = \"week\"\n\
                    family = \"non_contractual\"\nmodels = [\"bg_nbd\"]\n";
    let company = Company::new(&tables, settings);
    let mut command = closedloop();
    command.arg("run").arg(company.config()).args(["--as-of", "2025-06-07", "--out"]);
    command.arg(company.folder.path().join("out")).timeout(Duration::from_secs(120)).assert().success();
}
