//! Opportunities, deals and contracts.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use jiff::civil::Date;

use super::reading::{Row, cents, date, day, median, share, world};
use crate::generate::calendar;

const SEGMENTS: [&str; 3] = ["smb", "mid_market", "enterprise"];

fn created(row: &Row) -> Timestamp {
    row["created_at"].parse().unwrap()
}

fn won(row: &Row) -> bool {
    row["is_won"] == "true"
}

/// The band of an amount: 0, 1 or 2.
fn band(row: &Row) -> usize {
    match cents(&row["amount"]).unwrap() {
        ..2_000_000 => 0,
        2_000_000..=30_000_000 => 1,
        _ => 2,
    }
}

#[test]
fn deals_come_in_three_bands_with_cycles_of_their_own() {
    let world = world();
    let segment: HashMap<_, _> =
        world.accounts.iter().map(|row| (row["account_id"].as_str(), row["segment"].as_str())).collect();
    let mut cycles = [const { Vec::new() }; 3];
    let mut usual = 0;
    for row in world.opportunities("new").filter(|row| won(row)) {
        let closed = date(&row["closed_at"]);
        cycles[band(row)].push(closed.duration_since(day(created(row))).as_hours() / 24);
        usual += usize::from(SEGMENTS[band(row)] == segment[row["account_id"].as_str()]);
    }
    assert!(share("won new deals in the band of their segment", usual, cycles.iter().map(Vec::len).sum()) > 0.85);
    // Few large deals close within a history, and the long ones later than it ends.
    for (cycles, (least, most)) in cycles.into_iter().zip([(25, 35), (78, 102), (165, 225)]) {
        let count = cycles.len();
        let median = median(cycles);
        println!("median cycle of {count} won new deals: {median} days");
        assert!((least..=most).contains(&median));
    }
}

#[test]
fn a_fifth_of_closed_opportunities_is_won() {
    let world = world();
    for (kind, least, most) in [("new", 0.17, 0.23), ("expansion", 0.25, 0.5)] {
        let closed: Vec<_> = world.opportunities(kind).filter(|row| row["is_closed"] == "true").collect();
        let won = closed.iter().filter(|row| won(row)).count();
        let rate = share(&format!("{kind} opportunities won"), won, closed.len());
        assert!((least..=most).contains(&rate));
        let all = world.opportunities(kind).count();
        assert!(share(&format!("{kind} opportunities open"), all - closed.len(), all) > 0.02);
    }
}

#[test]
fn closes_bunch_at_quarter_ends() {
    let quarter_end = |date: Date| {
        // The first day of the next fiscal quarter: February, May, August and November begin one.
        (0..14).any(|days| {
            let next = date.saturating_add(jiff::SignedDuration::from_hours(24 * (days + 1)));
            next.day() == 1 && next.month() % 3 == 2
        })
    };
    let closes: Vec<_> =
        world().opportunities("new").filter(|row| won(row)).map(|row| date(&row["closed_at"])).collect();
    let late = closes.iter().filter(|&&date| quarter_end(date)).count();
    let share = share("won new deals in the last two weeks of a quarter", late, closes.len());
    assert!((0.27..0.5).contains(&share), "two weeks of thirteen would be 0.15");
}

#[test]
fn a_fifth_of_new_deals_has_no_eligible_touch_and_sales_starts_a_third() {
    let world = world();
    let (mut wins, mut untouched) = (0, 0);
    let (mut all, mut started_by_sales) = (0, 0);
    for row in world.opportunities("new") {
        let account = &row["account_id"];
        all += 1;
        let mut journey = world.journey(account, created(row), day(created(row)));
        started_by_sales += usize::from(journey.next().is_some_and(|touch| touch.source == "sales"));
        if won(row) {
            wins += 1;
            let until = date(&row["closed_at"]);
            untouched += usize::from(!world.journey(account, created(row), until).any(super::reading::Touch::eligible));
        }
    }
    let untouched = share("won new deals without an eligible touch", untouched, wins);
    let started_by_sales = share("new opportunities whose first touch is sales'", started_by_sales, all);
    assert!((0.15..0.25).contains(&untouched));
    assert!((0.25..0.37).contains(&started_by_sales));
}

#[test]
#[expect(clippy::cast_precision_loss, reason = "a ratio of two amounts")]
fn contracts_are_renewed_expanded_and_now_and_then_refunded() {
    let world = world();
    let lines: HashMap<_, _> = world.deals.iter().map(|row| (row["deal_id"].as_str(), row)).collect();
    let (mut full, mut partial) = (0, 0);
    let mut given_back: HashMap<&str, i64> = HashMap::new();
    for credit in world.deals.iter().filter(|row| row["kind"] == "credit") {
        let original = lines[credit["reverses_deal_id"].as_str()];
        assert!(cents(&credit["amount"]).unwrap() < 0);
        assert!(date(&credit["closed_at"]) > date(&original["closed_at"]));
        assert_eq!(credit["opportunity_id"], original["opportunity_id"]);
        *given_back.entry(&original["deal_id"]).or_default() -= cents(&credit["amount"]).unwrap();
    }
    for (deal, amount) in &given_back {
        let booked = cents(&lines[deal]["amount"]).unwrap();
        assert!(*amount <= booked, "{deal}");
        if *amount == booked { full += 1 } else { partial += 1 }
    }
    assert!(full >= 5 && partial >= 15, "{full} full and {partial} partial refunds");

    let kind = |kind: &str| world.deals.iter().filter(|row| row["kind"] == kind).count();
    println!(
        "lines: {} new, {} expansion, {} renewal, {} credit",
        kind("new"),
        kind("expansion"),
        kind("renewal"),
        kind("credit")
    );
    assert!(kind("expansion") > 50 && kind("renewal") > 200);

    // Gross retention: what is kept, at most the old amount, of a contract up for renewal. Taken over contracts rather
    // than dollars, or a handful of large ones would decide.
    let (mut due, mut kept) = (0, 0.0);
    let mut contract: HashMap<&str, i64> = HashMap::new();
    for row in world.opportunities.iter().filter(|row| row["is_closed"] == "true") {
        let (account, amount) = (row["account_id"].as_str(), cents(&row["amount"]).unwrap());
        match row["type"].as_str() {
            "renewal" => {
                let old = contract.insert(account, amount).unwrap();
                due += 1;
                kept += if won(row) { (amount as f64 / old as f64).min(1.0) } else { 0.0 };
            }
            _ if won(row) => *contract.entry(account).or_default() += amount,
            _ => {}
        }
    }
    let retention = kept / f64::from(due);
    println!("gross retention of {due} contracts: {retention:.4}");
    assert!((0.85..0.91).contains(&retention));
}

#[test]
fn renewals_and_expansions_have_touches_before_them() {
    let world = world();
    let (mut all, mut touched) = (0, 0);
    for kind in ["renewal", "expansion"] {
        for row in world.opportunities(kind) {
            all += 1;
            let created = created(row);
            let mut journey = world.journey(&row["account_id"], created, day(created));
            touched += usize::from(journey.any(super::reading::Touch::eligible));
        }
    }
    assert!(share("renewals and expansions with an eligible touch in the year before", touched, all) > 0.6);
}

#[test]
fn every_win_is_booked_line_by_line() {
    let world = world();
    let mut booked: HashMap<&str, (i64, usize)> = HashMap::new();
    for row in world.deals.iter().filter(|row| row["kind"] != "credit" && !row["deal_id"].starts_with("D-STRAY")) {
        let line = booked.entry(&row["opportunity_id"]).or_default();
        *line = (line.0 + cents(&row["amount"]).unwrap(), line.1 + 1);
    }
    let wins: Vec<_> = world.opportunities.iter().filter(|row| won(row)).collect();
    assert_eq!(wins.len(), booked.len());
    for row in wins {
        assert_eq!(booked[row["opportunity_id"].as_str()].0, cents(&row["amount"]).unwrap());
    }
    let double = booked.values().filter(|(_, lines)| *lines == 2).count();
    assert!((0.05..0.4).contains(&share("wins of two lines", double, booked.len())));
    let ids: HashSet<_> = world.deals.iter().map(|row| &row["deal_id"]).collect();
    assert_eq!(ids.len(), world.deals.len());
    assert!(world.deals.iter().all(|row| date(&row["closed_at"]) <= calendar::END));
}

#[test]
fn buying_groups_grow_with_the_deal() {
    let world = world();
    let mut groups: HashMap<&str, (usize, usize)> = HashMap::new();
    for row in &world.contact_roles {
        let (people, primaries) = groups.entry(&row["opportunity_id"]).or_default();
        *people += 1;
        *primaries += usize::from(row["is_primary"] == "true");
    }
    assert!(groups.values().all(|&(_, primaries)| primaries == 1));
    let (mut all, mut without) = (0, 0);
    for row in world.opportunities("new") {
        all += 1;
        match groups.get(row["opportunity_id"].as_str()) {
            None => without += 1,
            Some((people, _)) => assert!([1..=3, 3..=6, 6..=10][band(row)].contains(people), "{people} for {row:?}"),
        }
    }
    assert!((0.04..0.15).contains(&share("opportunities without roles", without, all)));
}
