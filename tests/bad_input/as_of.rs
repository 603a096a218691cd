//! What is later than the as-of date has not happened yet.

use super::World;

/// The money of a win to come is not used: 1000.00 were won by the as-of date, 800.00 after it.
#[test]
fn the_money_of_wins_after_the_as_of_date_is_out_of_scope() {
    let text = "opportunity_id,account_id,created_at,stage,is_won,closed_at,amount\n\
                O1,A1,2026-02-01,Closed Won,true,2026-03-01,1000\nO2,A2,2026-02-10,Closed Won,true,2026-09-05,800\n";
    let world = World::new().without("deals").file("opportunities.csv", text);
    let outcome = world.settings("[calendar]\nas_of = \"2026-06-30\"").accepted();
    assert_eq!(outcome.booked(), 100_000);
    assert_eq!(outcome.amounts("opportunities"), [180_000, 100_000, 80_000, 0]);
}

/// What hangs on a row that is recorded later is out of scope with it, and no orphan.
#[test]
fn an_earlier_as_of_date_makes_no_orphans() {
    let world = World::new()
        .rows("contacts", "P2,A2,2026-02-20\n")
        .file("roles.csv", "opportunity_id,contact_id\nO1,P1\nO2,P2\n")
        .source("contact_roles", "path = \"roles.csv\"");
    assert_eq!(world.accepted().rows("contact_roles"), [2, 2, 0, 0]);
    let outcome = world.accepted_with(&["--as-of", "2026-02-05"]);
    assert_eq!(outcome.set_aside(), Vec::<String>::new());
    for table in ["contacts", "contact_roles", "opportunities"] {
        assert_eq!(outcome.rows(table), [2, 1, 1, 0], "{table}");
    }
    assert_eq!(outcome.rows("deals"), [2, 0, 2, 0]);
    // An account recorded later takes its contacts, opportunities and transactions along, and opportunities their deals; what
    // accounts do not name may have bought as well.
    let accounts = "account_id,recorded_at\nA1,2026-01-01\nA2,2026-06-01\nA2,2026-06-02\n";
    let transactions =
        "account_id,transacted_at,amount\nA1,2026-03-01,10.00\nA2,2026-03-01,20.00\nA9,2026-03-01,40.00\n";
    let outcome = (world.file("accounts.csv", accounts).file("transactions.csv", transactions))
        .source("transactions", "path = \"transactions.csv\"")
        .accepted_with(&["--as-of", "2026-05-05"]);
    assert_eq!(outcome.set_aside(), Vec::<String>::new());
    assert_eq!(outcome.booked(), 100_000);
    assert_eq!(
        (outcome.rows("transactions"), outcome.amounts("transactions")),
        ([3, 2, 1, 0], [7_000, 5_000, 2_000, 0])
    );
    for table in ["contacts", "contact_roles", "opportunities", "deals"] {
        assert_eq!(outcome.rows(table), [2, 1, 1, 0], "{table}");
    }
}

/// As where a year is mistyped: marts of nothing would take the place of good ones.
#[test]
fn an_as_of_date_before_all_opportunities_is_refused() {
    let world = World::new();
    world.accepted();
    let refused = world.command(&["--as-of", "2016-06-30"]).assert().code(2);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    let why = "none of its 2 rows can be used: 2 are later than the as-of date, or hang on accounts that are; give a later as-of date";
    assert!(message.contains(why), "{message}");
    let bad = World::new().rows("opportunities", "O3,A1,soon,Open,false,\n");
    let refused = bad.command(&["--as-of", "2016-06-30"]).assert().code(2);
    let message = String::from_utf8(refused.get_output().stderr.clone()).unwrap();
    assert!(message.contains("others set aside, the first for bad_timestamp at opportunities.csv line 4"), "{message}");
}

/// By hand: 4.00 over four days, of which the last is after the as-of date.
#[test]
fn spend_after_the_as_of_date_is_out_of_scope() {
    let spend = "campaign_id,start_date,end_date,amount\nC1,2026-03-30,2026-04-02,4.00\n";
    let outcome = World::new().file("spend.csv", spend).accepted_with(&["--as-of", "2026-04-01"]);
    assert_eq!((outcome.rows("spend"), outcome.amounts("spend")), ([1, 1, 0, 0], [400, 300, 100, 0]));
    let by_quarter = outcome.column("campaign_spend", "fiscal_quarter", "spend");
    assert_eq!(by_quarter, [("FY26Q1", "2.00"), ("FY26Q2", "1.00")].map(|(q, m)| (q.to_owned(), m.to_owned())).into());
}

/// By hand: 31.00 in January, and 30.00 in April of which 10 of 30 days have happened.
#[test]
fn spend_of_a_month_is_that_of_all_its_days() {
    let spent = [("FY26Q1", "31.00"), ("FY26Q2", "10.00")].map(|(q, m)| (q.to_owned(), m.to_owned()));
    let written = "campaign_id,Month,amount\nC1,Jan-26,31.00\nC1,April 2026,30.00\n";
    let sql = "path = \"spend.csv\"\nsql = \"SELECT campaign_id, read_time(\\\"Month\\\", '%b-%y', '%B %Y') AS date, amount FROM raw\"";
    for world in [
        World::new().file("spend.csv", "campaign_id,date,amount\nC1,2026-01,31.00\nC1,2026-04,30.00\n"),
        World::new().file(
            "spend.csv",
            "campaign_id,start_date,end_date,amount\nC1,2026-01,2026-01,31.00\nC1,2026-04-01,2026-04,30.00\n",
        ),
        World::new().file("spend.csv", written).source("spend", sql),
    ] {
        let outcome = world.accepted_with(&["--as-of", "2026-04-10"]);
        assert_eq!((outcome.rows("spend"), outcome.amounts("spend")), ([2, 2, 0, 0], [6_100, 4_100, 2_000, 0]));
        assert_eq!(outcome.column("campaign_spend", "fiscal_quarter", "spend"), spent.clone().into());
    }
}

/// What happened after the as-of date is not known then, whenever it was recorded.
#[test]
fn what_is_recorded_before_it_happens_has_not_happened() {
    let world = World::new()
        .file("contacts.csv", "contact_id,account_id,created_at,recorded_at\nP1,A1,2026-06-01,2026-01-01\n")
        .rows("opportunities", "O3,A2,2026-05-02,Closed Won,true,2026-03-07\n")
        .replace("opportunities", "is_won,closed_at\n", "is_won,closed_at,recorded_at\n")
        .replace("opportunities", "2026-03-01\n", "2026-03-01,\n")
        .replace("opportunities", "2026-03-05\n", "2026-03-05,\n")
        .replace("opportunities", "2026-03-07\n", "2026-03-07,2026-01-01\n")
        .rows("deals", "D3,O3,2026-03-07,50.00,new\n")
        .replace("spend", "amount\n", "amount,recorded_at\n")
        .replace("spend", "100.00\n", "100.00,2026-01-01\n")
        .replace("spend", "50.00\n", "50.00,2026-01-01\n")
        .rows("spend", "C1,2026-03-20,70.00,2026-01-01\n")
        .settings("[calendar]\nas_of = \"2026-03-10\"");
    let accepted = world.accepted();
    assert_eq!(accepted.rows("contacts"), [1, 0, 1, 0]);
    assert_eq!(accepted.rows("opportunities"), [3, 2, 1, 0]);
    assert_eq!(accepted.amounts("deals"), [155_000, 150_000, 5_000, 0]);
    assert_eq!(accepted.amounts("spend"), [22_000, 15_000, 7_000, 0]);
    assert_eq!(accepted.rows("spend"), [3, 2, 1, 0]);
}

/// What was lost happened too, and a run as of the date that a run says of itself is that run.
#[test]
fn without_an_as_of_date_losses_count_as_the_latest() {
    let lost = World::new()
        .rows("opportunities", "O3,A2,2026-03-01,Closed Lost,false,2026-05-20\nO4,A1,2026-03-02,Open,,2027-01-01\n");
    let outcome = lost.accepted();
    assert_eq!(outcome.manifest["as_of"], "2026-05-20");
    assert_eq!(lost.accepted_with(&["--as-of", "2026-05-20"]).manifest["as_of"], "2026-05-20");
}
