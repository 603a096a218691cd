//! What `check` finds in inputs that run.

use super::World;
use crate::support::closedloop;

/// What `check` prints about a company that runs.
pub fn checked(world: &World) -> String {
    world.accepted();
    let assert = closedloop().arg("check").arg(world.path("closedloop.toml")).assert().code(1);
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

/// P9 is nobody that the contacts know, P2 has no account, and A9 is none of the accounts; t7 cannot be read.
#[test]
fn touches_that_meet_no_account_are_findings() {
    let world = World::new().rows("contacts", "P2,,2026-01-10\n").rows(
        "touchpoints",
        "t4,2026-02-01,,P9,C1,,true\nt5,2026-02-01,,P2,C1,,true\nt6,2026-02-01,A9,P1,C1,,true\nt7,x,A9,,C1,,true\n",
    );
    for finding in [
        "2 of 6 touches are of people whom no usable contact ties to an account",
        "1 of 6 touches are of accounts that the accounts table does not have",
    ] {
        assert!(checked(&world).contains(&format!("touchpoints   {finding}")), "{}", checked(&world));
    }
    assert!(!checked(&World::new()).contains("touchpoints   "), "{}", checked(&World::new()));
}

/// t1 is from before either window, so that no window reaches back beyond what is known.
#[test]
fn a_clean_company_has_no_findings() {
    let world = World::new().settings("[journeys]\nlookback_days = 20");
    world.accepted();
    closedloop().arg("check").arg(world.path("closedloop.toml")).assert().success().stdout("no findings\n");
}

/// C2 earns 500.00, half of D1, and nothing is spent on it until its channel is; then it may have been paid.
#[test]
fn credit_without_spend_is_a_finding() {
    let world = World::new().file("spend.csv", "campaign_id,channel,date,amount\nC1,,2026-01-01,100.00\n");
    let finding = "spend         campaigns with credit and no spend, so without roi: 1 (C2) [500.00 USD]\n";
    assert!(checked(&world).contains(finding), "{}", checked(&world));
    let world = world.rows("spend", ",webinar,2026-01-02,5\n");
    assert!(!checked(&world).contains("no spend"), "{}", checked(&world));
}

/// Dates of today are none to come; the year 2205 is, and the as-of date would be in it.
#[test]
fn dates_to_come_are_findings_unless_an_as_of_date_leaves_them_out() {
    let today = jiff::Zoned::now().date();
    let world = World::new().rows("spend", &format!("C1,{today},1\n"));
    assert!(!checked(&world).contains("yet to come"), "{}", checked(&world));
    let world = world.rows("spend", "C1,2205-06-30,1\n").rows("touchpoints", "t4,2206-02-01T10:00:00Z,A2,,C1,,true\n");
    for (table, day) in [("spend        ", "2205-06-30"), ("touchpoints  ", "2206-02-01")] {
        let finding =
            format!("{table} dates reach to {day}, which is yet to come; correct them, or set calendar.as_of\n");
        assert!(checked(&world).contains(&finding), "{}", checked(&world));
    }
    let world = world.settings("[calendar]\nas_of = \"2026-04-01\"");
    assert!(!checked(&world).contains("yet to come"), "{}", checked(&world));
}

/// O3 is won and has no deal, D4 is booked and its opportunity is lost.
#[test]
fn wins_without_deals_and_deals_without_wins_are_findings() {
    let world = World::new()
        .rows(
            "opportunities",
            "O3,A1,2026-02-01,Closed Won,true,2026-03-02\nO4,A2,2026-02-01,Closed Lost,,2026-03-02\n",
        )
        .rows("deals", "D4,O4,2026-03-02,70.00,new\n");
    assert_eq!(world.accepted().booked(), 157_000);
    let checked = checked(&world);
    for finding in [
        "opportunities won without a deal that is used, and so not booked: 1 (O3)\n",
        "deals         booked though their opportunity is lost: 1 (D4) [70.00 USD]",
    ] {
        assert!(checked.contains(finding), "{checked}");
    }
}

/// O1 is won and its stage lost, O2 the other way round, and of O4 a row that is not used; one row of spend is there twice.
#[test]
fn contradictions_and_repeated_spend_are_findings() {
    let opportunities = "opportunity_id,account_id,created_at,stage,is_won,closed_at,amount\n\
                         O1,A1,2026-02-01,Closed Lost,true,2026-03-01,10\nO2,A2,2026-02-10,Closed Won,false,2026-03-05,20\n\
                         O3,,2026-02-10,Closed Won,false,2026-03-05,40\nO4,A2,2026-02-10,Closed Won,true,2026-03-05,80\n\
                         O4,A2,2026-02-09,Closed Lost,true,2026-03-05,80\n";
    let world = World::new()
        .without("deals")
        .file("opportunities.csv", opportunities)
        .rows("spend", "C2,2026-01-02,50.00\nC2,2026-01-03,0\nC2,2026-01-03,0\n");
    for finding in [
        "opportunities is_won, which counts, says other than the stage: 2 (O1, O2) [30.00 USD]",
        "spend         1 row says the campaign or channel, days and amount of another, and count too [50.00 USD]",
    ] {
        assert!(checked(&world).contains(finding), "{}", checked(&world));
    }
}

/// By hand: 181.00 over the 181 days of half a year, of which 31 are over. Spend alone is a campaign and a quarter to ask about.
#[test]
fn spend_is_told_as_far_as_the_as_of_date() {
    let spend = "campaign_id,channel,start_date,end_date,amount\nC1,,2026-01-01,2026-01-02,2\nC2,,2026-03-01,2026-08-28,181\nZ9,tv,2026-03-01,2026-08-28,181\n";
    let world = World::new().file("spend.csv", spend).replace("touchpoints", "C2", "C1");
    world.accepted_with(&["--as-of", "2026-03-31"]);
    let config = world.path("closedloop.toml");
    let told = |arguments: &[&str], code: i32| {
        let assert = closedloop().arg(arguments[0]).arg(&config).args(&arguments[1..]).assert().code(code);
        String::from_utf8(assert.get_output().stdout.clone()).unwrap()
    };
    let checked = told(&["check", "--as-of", "2026-03-31"], 1);
    assert!(
        checked.contains("campaigns or channels with spend and no credited touch: 2 (C2, Z9) [62.00 USD]"),
        "{checked}"
    );
    assert!(checked.contains("campaigns that only spend names: 1 (Z9) [31.00 USD]"), "{checked}");
    for asked in [&["--campaign", "Z9"][..], &["--campaign", "C1", "--quarter", "FY26Q3"]] {
        let explained = told(&[&["explain"], asked].concat(), 0);
        assert!(explained.contains("0.00 USD") && explained.contains("no deal gives it credit"), "{explained}");
    }
}
