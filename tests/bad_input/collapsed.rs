//! Touches that count as one.

use super::World;

#[test]
fn without_contacts_nothing_is_collapsed() {
    let world = World::new().without("contacts").settings("[journeys.collapse]\ngap = \"72 hours\"");
    let outcome = world.rows("touchpoints", "t4,2026-01-06,A1,,C1,,true\n").accepted();
    assert_eq!(outcome.rows("touchpoints"), [4, 4, 0, 0]);
    let remark = "nothing is collapsed: no contacts say whose the touches are";
    assert!(outcome.remarks().contains(&remark), "{:?}", outcome.remarks());
}

/// A contact without account, and one of an account without deals, are somebody: three people, two touches each.
#[test]
fn everybody_in_the_contacts_is_somebody_to_collapse() {
    let touches: String = ["P1", "P2", "P3"]
        .iter()
        .flat_map(|person| {
            ["00", "01"].map(|minute| format!("{person}{minute},2026-01-05T10:{minute}:00Z,A1,{person},C1\n"))
        })
        .collect();
    let world = World::new()
        .rows("accounts", "A3,Cord\n")
        .file("contacts.csv", "contact_id,account_id\nP1,A1\nP2,\nP3,A3\n")
        .file("touchpoints.csv", format!("touch_id,touched_at,account_id,contact_id,campaign_id\n{touches}"))
        .settings("[journeys.collapse]\ngap = \"5 minutes\"");
    assert_eq!(world.accepted().rows("touchpoints"), [6, 3, 3, 0]);
}

/// By hand: the event of January lies in the window of a renewal, those of February in that of the new deal, of which the first
/// has all. That of January is in another journey, which takes nothing away.
#[test]
fn touches_collapse_within_a_journey() {
    let touches = "t1,2026-01-05T10:00:00Z,A1,P1,C1,event\nt2,2026-02-20T10:00:00Z,A1,P1,C1,event\n\
                   t3,2026-02-21T10:00:00Z,A1,P1,C1,event\n";
    let world = World::new()
        .file("touchpoints.csv", format!("touch_id,touched_at,account_id,contact_id,campaign_id,touch_type\n{touches}"))
        .rows("opportunities", "O3,A1,2026-01-02,Closed Won,true,2026-01-10\n")
        .rows("deals", "D3,O3,2026-01-10,70.00,renewal\n")
        .settings(
            "[finance]\nattribute_kinds = [\"new\"]\n[journeys]\nlookback_days = 30\nlookback_from = \"conversion\"\n\
             [journeys.collapse]\ngap = \"5 minutes\"\noffline_types = [\"event\"]",
        );
    let accepted = world.accepted();
    assert_eq!(accepted.credits(), [("t2".to_owned(), "1000.00".to_owned())].into());
    assert_eq!(accepted.rows("touchpoints"), [3, 2, 1, 0]);
    let remark = "1 touch was collapsed into an earlier one of the same person";
    assert!(accepted.remarks().contains(&remark), "{:?}", accepted.remarks());
}
