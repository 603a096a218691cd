//! What a run remarks on in inputs that it can use.

use super::World;
use super::findings::checked;
use crate::support::closedloop;
use serde_json::Value;

#[test]
fn touches_of_accounts_that_nobody_knows_are_remarked_on() {
    let remark = "no touch comes before a deal of its account; compare the identifiers of touchpoints with those of opportunities";
    let outcome = World::new().without("contacts").replace("touchpoints", ",A", ",ACC-").accepted();
    assert_eq!(outcome.rows("touchpoints"), [3, 0, 3, 0]);
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    assert!(!World::new().accepted().remarks().contains(&remark));
    // Too early is another thing.
    let early = World::new().replace("touchpoints", "2026-", "2020-").accepted();
    assert!(!early.remarks().contains(&remark));
}

#[test]
fn a_table_of_which_no_row_can_be_used_is_remarked_on() {
    let world = World::new().replace("opportunities", "2026-02-01", "02/01/2026");
    assert!(!world.accepted().remarks().iter().any(|remark| remark.starts_with("no row of")));
    // Without any deal there is nothing to publish in the place of what there was.
    assert_eq!(
        world.replace("opportunities", "2026-02-10", "02/10/2026").refused(),
        "table opportunities (opportunities.csv): none of its 2 rows can be used, the first for bad_timestamp at opportunities.csv \
         line 2; read_time in a table's sql reads dates such as 3/31/24"
    );
    let world = World::new().without("contacts").replace("touchpoints", ",A", ",ACC-");
    let outcome = world.replace("touchpoints", "2026-01-20T", "01/20/2026T").accepted();
    let remark = "no row of touchpoints is used: 2 out of scope, 1 set aside, the first for bad_timestamp at touchpoints.csv line 3; \
                  read_time in a table's sql reads dates such as 3/31/24";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
}

/// The first touch is of 2026-01-05; the window of either deal begins a year before February 2026, and with a lookback of
/// ten days at the end of January.
#[test]
fn windows_from_before_the_first_touch_are_told() {
    let remark = "no touch is known from before 2026-01-05; the windows of 2 of 2 deals of attributed kinds begin earlier, so that their \
                  first touches may be missing";
    let outcome = World::new().accepted();
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    let outcome = World::new().settings("[journeys]\nlookback_days = 10").accepted();
    assert!(!outcome.remarks().iter().any(|remark| remark.contains("begin earlier")), "{:?}", outcome.remarks());
}

/// Up to 2026-03-01, the as-of date, nothing says how O2, O3 and O4 were won or lost; O5 closes later, though not later than
/// today. O6 and O7 are said to be open, of O9 two rows agree on the key alone, and O10 is set aside.
#[test]
fn opportunities_that_no_stage_ends_are_told() {
    let text = "opportunity_id,account_id,created_at,stage,is_won,is_closed,closed_at,amount\n\
                O1,A1,2026-02-01,Closed Won,,,2026-03-01,1000\nO2,A2,2026-02-10,Won - Renewal,,true,2026-02-20,500.50\n\
                O3,A2,2026-02-10,Proposal,,,2026-02-21,20\nO4,A2,2026-02-10,Proposal,,,2026-03-01,30\n\
                O5,A2,2026-02-10,Proposal,,,2026-03-02,7000\nO6,A2,2026-02-10,Proposal,false,,2026-02-22,9\n\
                O7,A2,2026-02-10,Stalled,,false,2026-02-22,9\nO8,A2,2026-02-10,Closed Lost,,,2026-02-22,9\n\
                O9,A2,2026-02-10,Closed Won,,,2026-02-22,9\nO9,A2,2026-02-10,Proposal,,,2026-01-22,9\n\
                O10,,2026-02-10,Proposal,,,2026-02-22,9\nO11,A2,2026-02-10,Proposal,,,2205-03-02,7000\n";
    let world = World::new().without("deals").file("opportunities.csv", text);
    let outcome = world.accepted();
    assert_eq!(outcome.booked(), 100_900);
    let remark = "3 opportunities with a close date up to 2026-03-01 are in stages that are neither won nor lost, and not \
                  booked: 2 (Proposal, Won - Renewal); name in stages.won what was won";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    let finding = "4 opportunities with a close date up to ";
    let checked_now = checked(&world);
    let line = checked_now.lines().find(|line| line.contains(finding)).unwrap();
    assert!(line.ends_with("[7550.50 USD]") || line.ends_with("[7,550.50 USD]"), "{line}");

    let world =
        world.settings("[stages]\nwon = [\"Closed Won\", \"Won - Renewal\"]").replace("opportunities", "O3,A2", "O3,");
    let outcome = world.accepted();
    assert_eq!(outcome.booked(), 150_950);
    let remark = "1 opportunity with a close date up to 2026-03-01 is in a stage that is neither won nor lost, and not \
                  booked: 1 (Proposal); name in stages.won what was won";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    // Where deals are given, these are what was won.
    let outcome = World::new()
        .file("opportunities.csv", text.replace("O9,A2,2026-02-10,Proposal,,,2026-01-22,9\n", ""))
        .accepted();
    assert!(!outcome.remarks().iter().any(|remark| remark.contains("close date")), "{:?}", outcome.remarks());
}

/// Of the words that are no kind of deal the run names some.
#[test]
fn types_that_are_no_kind_are_told() {
    let text = "opportunity_id,account_id,created_at,stage,type,closed_at,amount\n\
                O1,A1,2026-02-01,Closed Won,New Business,2026-03-01,1000\n\
                O2,A2,2026-02-10,Closed Won,Existing Business,2026-03-05,500\n\
                O3,A2,2026-03-10,Closed Won,Renewals,2026-04-05,200\nO4,A2,2026-03-10,Negotiation,Odd,2026-04-06,70\n";
    let outcome = World::new().without("deals").file("opportunities.csv", text).accepted();
    let remark = "1 won opportunity has a type that is no kind of deal: 1 (Existing Business)";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    assert_eq!(outcome.column("journeys", "deal_id", "kind")["O3"], "renewal");
    // What is won after the as-of date has no deal yet.
    let world =
        World::new().without("deals").file("opportunities.csv", text).settings("[calendar]\nas_of = \"2026-03-02\"");
    assert!(!world.accepted().remarks().iter().any(|remark| remark.contains("no kind of deal")));
}

/// A headcount decides on no deal.
#[test]
fn many_employees() {
    let world =
        World::new().file("accounts.csv", "account_id,employees,headcount,number\nA1,51-200,5,6\nA2,120.0,7,8\n");
    let outcome = world.accepted();
    assert_eq!((outcome.set_aside(), outcome.booked()), (vec![], 150_000));
    let employees = [("A1", "-"), ("A2", "120")].map(|(account, count)| (account.to_owned(), count.to_owned()));
    assert_eq!(outcome.column("dim_account", "account_id", "employees"), employees.into());
    let remark = "1 account has a number of employees that is no whole number, and counts as none";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
}

#[test]
fn credits_that_give_nothing_back_are_remarked_on() {
    let deals = "deal_id,opportunity_id,closed_at,amount,kind,reverses_deal_id\n\
                 D1,O1,2026-03-01,1000.00,new,\nD2,O2,2026-03-05,500.00,new,\n\
                 D3,O1,2026-03-09,300.00,credit,D1\nD4,O2,2026-03-09,-600.00,credit,D2\n";
    let outcome = World::new().file("deals.csv", deals).accepted();
    for remark in [
        "1 credit deal has a positive amount, which adds to revenue: money given back is negative",
        "of 1 deal more was given back than it brought",
    ] {
        assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    }
}

/// Ids that meet and a rule that nothing satisfies are another thing than ids that do not meet.
#[test]
fn touches_of_which_none_is_eligible_are_remarked_on() {
    let outcome = World::new().replace("touchpoints", ",true", ",false").accepted();
    let remark = "no touch in the window of a deal satisfies journeys.eligible; compare these columns of touchpoints with it: \
                  responded IS NOT FALSE AND (source IS NULL OR lower(source) IN ('marketing', 'partner'))";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
    assert!(!outcome.remarks().iter().any(|remark| remark.contains("compare the identifiers")));
}

/// A touch between the windows of two deals is of their account, and its identifier meets.
#[test]
fn touches_between_windows_are_not_remarked_on() {
    let world = World::new()
        .file("opportunities.csv", "opportunity_id,account_id,created_at,stage,is_won,closed_at\nO1,A1,2020-02-01,Won,true,2020-03-01\nO2,A1,2024-02-01,Won,true,2024-03-01\n")
        .file("deals.csv", "deal_id,opportunity_id,closed_at,amount,kind\nD1,O1,2020-03-01,10,new\nD2,O2,2024-03-01,10,new\n")
        .file("touchpoints.csv", "touch_id,touched_at,account_id,campaign_id\nt1,2022-01-01,A1,C1\n");
    let outcome = world.accepted();
    assert_eq!(outcome.rows("touchpoints"), [1, 0, 1, 0]);
    assert!(
        !outcome.remarks().iter().any(|remark| remark.starts_with("no touch") && !remark.contains("is known")),
        "{:?}",
        outcome.remarks()
    );
}

/// Accounts that only fitted models look at took nothing back.
#[test]
fn accounts_that_never_bought_took_nothing_back() {
    let world = World::new().settings("[models]\nrun = [\"linear\", \"markov\"]\ndefault = \"linear\"");
    let outcome = world.rows("accounts", "A3,Cord\nA4,Dune\n").accepted();
    assert!(!outcome.remarks().iter().any(|remark| remark.contains("took all back")), "{:?}", outcome.remarks());
}

/// Nor did an account that only gave back, with and without fitted models.
#[test]
fn accounts_that_only_gave_back_took_nothing_back() {
    for settings in ["[models]\nrun = [\"linear\"]", "[models]\nrun = [\"linear\", \"markov\"]\ndefault = \"linear\""] {
        let outcome = World::new()
            .settings(settings)
            .rows("opportunities", "O3,A3,2026-02-10,Closed Won,true,2026-03-05\n")
            .rows("accounts", "A3,Cord\n")
            .rows("deals", "D3,O3,2026-03-06,-20.00,credit\n")
            .accepted();
        assert!(!outcome.remarks().iter().any(|remark| remark.contains("took all back")), "{:?}", outcome.remarks());
    }
}

/// A touch is of the account that it names, else of its contact's, whatever role the contact has elsewhere.
#[test]
fn contacts_of_other_accounts_are_remarked_on() {
    let world = World::new()
        .settings("[journeys]\nmapping = \"contact_roles\"")
        .file("roles.csv", "opportunity_id,contact_id\nO2,P1\n")
        .source("contact_roles", "path = \"roles.csv\"");
    let outcome = world.accepted();
    let remark = "1 deal has no mapped contact of its account: only touches that name the account themselves count";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
}

/// Lines of one unknown campaign are told apart by the touches' own channels, also in an explanation, which adds up.
#[test]
fn repeats_in_several_channels_of_an_unknown_campaign_are_explained() {
    let touches = "touch_id,touched_at,account_id,campaign_id,channel\n\
                   t1,2026-01-05,A1,CX,email\nt2,2026-01-06,A1,CX,\nt2,2026-01-06,A1,CX,\nt3,2026-01-07,A1,CX,tv\nt3,2026-01-07,A1,CX,\n";
    let world = World::new().file("touchpoints.csv", touches);
    let outcome = world.accepted();
    assert_eq!(outcome.rows("touchpoints"), [5, 3, 0, 2]);
    let config = world.path("closedloop.toml");
    let assert = closedloop().arg("explain").arg(config).args(["--deal", "D1", "--format", "json"]).assert().success();
    let deals: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let told = |touch: &Value| {
        let text = |name: &str| touch[name].as_str().unwrap().to_owned();
        (text("touch_id"), text("channel"), text("status"), touch["credit"]["linear"]["amount"].as_i64().unwrap_or(0))
    };
    let mut touches: Vec<_> = deals[0]["touches"].as_array().unwrap().iter().map(told).collect();
    touches.sort();
    let expected = [
        ("t1", "email", "eligible", 33_334),
        ("t2", "unknown", "eligible", 33_333),
        ("t2", "unknown", "repeated touch_id", 0),
        ("t3", "tv", "repeated touch_id", 0),
        ("t3", "unknown", "eligible", 33_333),
    ];
    let expected =
        expected.map(|(id, channel, status, amount)| (id.to_owned(), channel.to_owned(), status.to_owned(), amount));
    assert_eq!(touches, expected);
}
