//! Laws of the credit stage, tried on random worlds, and of whole runs, tried on the demo.
//!
//! ```text
//! tape ──► world ──► Conversions → LineCodes → Scatter → Crediting → CreditTotals ──► books ◄── laws
//!                └── the same by plain search, see `oracle` ─────────────────────────────────┘
//! ```

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod books;
mod oracle;
mod tape;
mod whole_runs;
mod world;

use books::{Books, Credit, keep, keep_in_pieces, keep_on_this_pool, keep_spilled};
use closedloop::config::file::DealKind;
use closedloop::pipeline::totals::{Earned, LeftOver, LineCounts};
use closedloop::scatter::lines::Line;
use closedloop_core::ledger::{Bucket, WHOLE};
use closedloop_core::model::{MissingRule, ModelSpec};
use oracle::{Expected, expected, in_any_window, is_credit, line_of, original_of};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use tape::{Tape, tapes};
use world::{Deal, NOBODY, Touch, World};

/// Bytes of a tape that describes a full world.
const WORLD: usize = 330;
/// Bytes of a tape that says what happens to a world.
const CHANGE: usize = 64;

/// 10⁵ worlds in the normal run, more by `PROPTEST_CASES`.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100_000)
}

/// Tries a law on `cases` random worlds; each comes with a tape that says what happens to it.
fn hold(cases: u32, law: impl Fn(&World, &mut Tape) -> TestCaseResult) {
    let config = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Default::default() };
    let tried = TestRunner::new(config).run(&(tapes(WORLD), tapes(CHANGE)), |(mut tape, mut change)| {
        let world = World::read(&mut tape);
        law(&world, &mut change).map_err(|error| TestCaseError::fail(format!("{error}\n{world:#?}")))
    });
    if let Err(broken) = tried {
        panic!("{broken}");
    }
}

#[test]
fn every_deal_reconciles_and_totals_are_the_sums_of_their_rows() {
    hold(cases(), |world, _| {
        let books = keep(world);
        deals_reconcile(world, &books)?;
        totals_are_sums(world, &books)
    });
}

#[test]
fn journeys_are_what_a_search_through_all_touches_finds() {
    hold(cases(), |world, _| journeys_are_right(world, &keep(world)));
}

#[test]
fn partial_refunds_are_one_refund_and_a_full_refund_leaves_nothing() {
    hold(cases(), refunds_add_up);
}

#[test]
fn order_and_cuts_of_the_input_change_nothing() {
    hold(cases(), order_is_nothing);
}

/// Memory decides where touches wait, not what comes of them.
#[test]
fn what_is_spilled_comes_back_as_it_was() {
    hold(500, |world, _| {
        let half = world.touches.len() / 2;
        let pieces = vec![(0, 0..half), (1, half..world.touches.len())];
        prop_assert_eq!(keep_spilled(world, &pieces), keep_in_pieces(world, &pieces));
        Ok(())
    });
}

#[test]
fn touches_that_cannot_count_change_nothing() {
    hold(cases(), idle_touches_are_nothing);
}

/// Enough copies for several partitions, on one thread and on two.
#[test]
fn many_copies_of_a_world_come_to_as_many_times_its_totals() {
    hold(24, |world, _| copies_multiply(world, 3_000));
}

fn copies_multiply(world: &World, copies: u32) -> TestCaseResult {
    let one = keep(&world.copied(1));
    let many = world.copied(copies);
    let pieces = vec![(0, 0..many.touches.len())];
    let [narrow, wide] = [1, 2].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| keep_on_this_pool(&many, &pieces))
    });
    prop_assert!(narrow == wide, "threads change the books");
    let earned =
        |earned: Earned| Earned { amount: earned.amount * i64::from(copies), share: earned.share * u128::from(copies) };
    let left = |left: LeftOver| LeftOver { earned: earned(left.earned), deals: left.deals * u64::from(copies) };
    let lines = one.earned.iter().map(|(at, counts, by_model)| {
        let counts =
            LineCounts { touches: counts.touches * u64::from(copies), deals: counts.deals * u64::from(copies) };
        (at.clone(), counts, by_model.iter().copied().map(earned).collect::<Vec<_>>())
    });
    prop_assert_eq!(wide.earned, lines.collect::<Vec<_>>());
    prop_assert_eq!(wide.left, one.left.iter().map(|&(at, l)| (at, left(l))).collect::<Vec<_>>());
    prop_assert_eq!(wide.booked, one.booked.iter().map(|&(q, kind, l)| (q, kind, left(l))).collect::<Vec<_>>());
    prop_assert_eq!(wide.used, one.used * u64::from(copies));
    prop_assert_eq!(wide.repeated.len() as u64, one.repeated.len() as u64 * u64::from(copies));
    Ok(())
}

/// Per deal and model: shares are a whole with the residual's, money is what was booked, and the money given so far
/// is the balance so far, allotted by largest remainder. A journey of one touch gives it everything.
fn deals_reconcile(world: &World, books: &Books) -> TestCaseResult {
    let plan = world.plan();
    prop_assert_eq!(books.journeys.len(), world.deals.len());
    for journey in &books.journeys {
        let credits = books.credits_of(journey.deal);
        let deal = world.deals.iter().find(|deal| deal.id == journey.deal).unwrap();
        prop_assert_eq!(journey.amount, deal.amount);
        for (model, &(bucket, left)) in journey.left.iter().enumerate() {
            let attributed: i64 = credits.iter().map(|credit| credit.models[model].1).sum();
            prop_assert_eq!(attributed + left, deal.amount, "money of deal {}", deal.id);
            let shares: u64 = credits.iter().map(|credit| credit.models[model].0).sum();
            prop_assert!(shares <= WHOLE);
            prop_assert_eq!(shares < WHOLE, bucket.is_some(), "a residual is named where something is left");
            if let ([only], true) = (credits, conserves(&plan.models[model])) {
                prop_assert_eq!(only.models[model], (WHOLE, deal.amount), "a single touch earns everything");
            }
        }
        if !is_credit(deal) {
            money_follows_shares(world, books, deal, credits)?;
        }
    }
    Ok(())
}

/// Whether a model leaves nothing of a journey with touches.
fn conserves(model: &ModelSpec) -> bool {
    !matches!(model, ModelSpec::Anchored { missing: MissingRule::Residual, .. })
}

/// What a deal and its credits, oldest first, have given to each touch is the balance so far, allotted.
fn money_follows_shares(world: &World, books: &Books, original: &Deal, rows: &[Credit]) -> TestCaseResult {
    let is_theirs = |deal: &&Deal| is_credit(deal) && original_of(world, deal).is_some_and(|o| o.id == original.id);
    let mut postings: Vec<&Deal> = world.deals.iter().filter(is_theirs).collect();
    postings.sort_by(|a, b| a.closed_at.cmp(&b.closed_at).then_with(|| a.id.cmp(&b.id)));
    postings.insert(0, original);
    for model in 0..world.plan().models.len() {
        let shares: Vec<u64> = rows.iter().map(|row| row.models[model].0).collect();
        let mut given = vec![0; rows.len()];
        let mut balance = 0;
        for &posting in &postings {
            balance += posting.amount;
            for (given, row) in given.iter_mut().zip(books.credits_of(posting.id)) {
                *given += row.models[model].1;
            }
            prop_assert_eq!(&given, &allotted(balance, &shares), "balance {} of deal {}", balance, original.id);
        }
    }
    Ok(())
}

/// `amount` by largest remainder over `shares` and the residual that makes them whole; ties to the earlier touch.
fn allotted(amount: i64, shares: &[u64]) -> Vec<i64> {
    let residual = WHOLE - shares.iter().sum::<u64>();
    let exact: Vec<i128> =
        shares.iter().chain([&residual]).map(|&share| i128::from(amount.abs()) * i128::from(share)).collect();
    let whole = i128::from(WHOLE);
    let mut units: Vec<i128> = exact.iter().map(|exact| exact / whole).collect();
    let mut by_remainder: Vec<usize> = (0..exact.len()).collect();
    by_remainder.sort_by_key(|&position| std::cmp::Reverse(exact[position] % whole));
    let rest = i128::from(amount.abs()) - units.iter().sum::<i128>();
    for &position in by_remainder.iter().take(usize::try_from(rest).unwrap()) {
        units[position] += 1;
    }
    units.truncate(shares.len());
    units.into_iter().map(|units| amount.signum() * i64::try_from(units).unwrap()).collect()
}

/// Totals per quarter, line and kind are the sums of the rows; with the residuals they are what was booked, whether
/// touches are counted in their own quarter or in the deal's, and whether by campaign, by channel or in all.
fn totals_are_sums(world: &World, books: &Books) -> TestCaseResult {
    let plan = world.plan();
    let mut rows: BTreeMap<_, (LineCounts, Vec<Earned>)> = BTreeMap::new();
    let mut met = BTreeSet::new();
    for credit in &books.credits {
        let key = (credit.close_quarter, credit.touch_quarter, &credit.line, credit.kind);
        prop_assert_eq!(Some(credit.touch_quarter), plan.calendar.quarter_of(credit.at));
        let row =
            rows.entry(key).or_insert_with(|| (LineCounts::default(), vec![Earned::default(); plan.models.len()]));
        row.0.touches += 1;
        // A deal is counted once a line, where the line comes first in the journey.
        row.0.deals += u64::from(met.insert((credit.deal, &credit.line)));
        for (earned, &(share, amount)) in row.1.iter_mut().zip(&credit.models) {
            earned.amount += amount;
            earned.share += u128::from(share);
        }
    }
    prop_assert_eq!(books.earned.len(), rows.len());
    for (((close, touch, line, kind), counts, earned), (key, row)) in books.earned.iter().zip(&rows) {
        prop_assert_eq!((*close, *touch, line, *kind), *key);
        prop_assert_eq!((counts, earned), (&row.0, &row.1));
    }

    let mut booked: BTreeMap<(i32, DealKind), LeftOver> = BTreeMap::new();
    for journey in &books.journeys {
        prop_assert_eq!(Some(journey.close_quarter), plan.calendar.quarter_of(journey.closed_at));
        let row = booked.entry((journey.close_quarter, journey.kind)).or_default();
        row.earned.amount += journey.amount;
        row.deals += 1;
    }
    let got: BTreeMap<_, _> = books.booked.iter().map(|&(quarter, kind, left)| ((quarter, kind), left)).collect();
    prop_assert_eq!(&got, &booked);

    for model in 0..plan.models.len() {
        let mut difference: BTreeMap<(i32, DealKind), (i64, u128)> = booked
            .iter()
            .map(|(&key, row)| (key, (row.earned.amount, u128::from(row.deals) * u128::from(WHOLE))))
            .collect();
        let mut channels: BTreeMap<&str, i64> = BTreeMap::new();
        let mut touch_quarters: BTreeMap<i32, i64> = BTreeMap::new();
        for ((close, touch, line, kind), _, earned) in &books.earned {
            let row = difference.get_mut(&(*close, *kind)).unwrap();
            row.0 -= earned[model].amount;
            row.1 -= earned[model].share;
            *channels.entry(&line.channel).or_default() += earned[model].amount;
            *touch_quarters.entry(*touch).or_default() += earned[model].amount;
        }
        let mut left = 0;
        for &((quarter, kind, _, _), residual) in books.left.iter().filter(|((_, _, of, _), _)| *of == model) {
            let row = difference.get_mut(&(quarter, kind)).unwrap();
            row.0 -= residual.earned.amount;
            row.1 -= residual.earned.share;
            left += residual.earned.amount;
        }
        prop_assert!(difference.values().all(|row| *row == (0, 0)), "{:?} under model {}", difference, model);
        let all: i64 = world.deals.iter().map(|deal| deal.amount).sum();
        prop_assert_eq!(channels.values().sum::<i64>() + left, all);
        prop_assert_eq!(touch_quarters.values().sum::<i64>() + left, all);
    }
    Ok(())
}

/// Every deal's kind, journey, anchors and residual, and what became of every touch.
fn journeys_are_right(world: &World, books: &Books) -> TestCaseResult {
    let expected = expected(world);
    for (journey, expected) in books.journeys.iter().zip(&expected) {
        let deal = expected.deal;
        prop_assert_eq!((journey.deal, journey.kind, journey.closed_at), (deal.id, expected.kind, deal.closed_at));
        prop_assert_eq!(journey.whole, expected.whole, "the residual of deal {}", deal.id);
        prop_assert_eq!(journey.touches, expected.touches.len() as u64, "the journey of deal {}", deal.id);
        let span = expected.touches.first().zip(expected.touches.last()).map(|(first, last)| (first.at, last.at));
        prop_assert_eq!(journey.span, span);
        prop_assert_eq!(journey.anchors, expected.anchors, "the anchors of deal {}", deal.id);
        for &(bucket, _) in &journey.left {
            let fits = bucket == expected.whole || (expected.whole, bucket) == (None, Some(Bucket::MissingAnchor));
            prop_assert!(fits, "{:?} of deal {}", bucket, deal.id);
        }
        rows_are_right(world, books, expected)?;
    }
    prop_assert_eq!(expected.len(), books.journeys.len());

    let served: BTreeSet<*const Touch> =
        expected.iter().flat_map(|expected| &expected.touches).map(|touch| std::ptr::from_ref(*touch)).collect();
    prop_assert_eq!(books.used, served.len() as u64, "touches used");
    let mut repeated = 0;
    for account in world.deals.iter().map(|deal| deal.opportunity.account).collect::<BTreeSet<_>>() {
        let touches = in_any_window(world, account);
        repeated += touches.len() - touches.iter().map(|touch| touch.id).collect::<BTreeSet<_>>().len();
    }
    prop_assert_eq!(books.repeated.len(), repeated, "touches repeated");
    prop_assert_eq!(books.counts.read, world.touches.len() as u64);
    prop_assert_eq!(books.counts.unreadable, world.touches.iter().filter(|touch| !touch.is_good).count() as u64);
    Ok(())
}

/// The credit rows of one deal: its touches in order, each with its line, or none where all is left.
fn rows_are_right(world: &World, books: &Books, expected: &Expected<'_>) -> TestCaseResult {
    let rows = books.credits_of(expected.deal.id);
    let touches: &[&Touch] = if expected.whole.is_some() { &[] } else { &expected.touches };
    prop_assert_eq!(rows.len(), touches.len());
    for (position, (row, touch)) in rows.iter().zip(touches).enumerate() {
        prop_assert_eq!(usize::try_from(row.position).unwrap(), position + 1);
        prop_assert_eq!((&row.touch, row.at, row.kind), (&touch.id.to_string(), touch.at, expected.kind));
        prop_assert_eq!(&row.line, &line_of(world, touch));
        prop_assert_eq!(row.anchors, expected.anchors.map(|anchor| anchor == Some(position)));
    }
    Ok(())
}

/// Money under one model, over all quarters and kinds; nothing is left out.
type Balance = BTreeMap<(usize, Option<(i32, Line)>, Option<Bucket>), i64>;

/// What every line earned in every touch quarter and what every bucket holds, over all close quarters and kinds.
fn balance(books: &Books) -> Balance {
    let mut balance = Balance::new();
    for ((_, touch, line, _), _, earned) in &books.earned {
        for (model, earned) in earned.iter().enumerate() {
            *balance.entry((model, Some((*touch, line.clone())), None)).or_default() += earned.amount;
        }
    }
    for &((_, _, model, bucket), left) in &books.left {
        *balance.entry((model, None, Some(bucket))).or_default() += left.earned.amount;
    }
    balance.retain(|_, amount| *amount != 0);
    balance
}

fn refunds_add_up(world: &World, tape: &mut Tape) -> TestCaseResult {
    let mut world = world.clone();
    world.deals.retain(|deal| !is_credit(deal));
    let latest = world.deals.iter().map(|deal| deal.closed_at).max().unwrap_or_default();
    let (mut at_once, mut in_parts, mut in_full) = (world.clone(), world.clone(), world.clone());
    let mut ids = 100..;
    for original in &world.deals {
        let mut credit = |amount, closed_at| Deal {
            id: ids.next().unwrap(),
            closed_at,
            amount,
            kind: Some(DealKind::Credit),
            reverses: Some(original.id),
            ..original.clone()
        };
        let parts = tape.many(1, 3, |tape, _| {
            let part = original.amount * i64::from(tape.below(12)) / 10 + i64::from(tape.below(3)) - 1;
            credit(-part, original.closed_at + i64::from(tape.byte()) * 86_400_000_000)
        });
        let refunded: i64 = parts.iter().map(|part| part.amount).sum();
        at_once.deals.push(credit(refunded, latest));
        in_full.deals.push(credit(-original.amount - refunded, latest + 1));
        in_full.deals.extend_from_slice(&parts);
        in_parts.deals.extend(parts);
    }
    prop_assert_eq!(balance(&keep(&at_once)), balance(&keep(&in_parts)));
    prop_assert_eq!(balance(&keep(&in_full)), Balance::new());
    Ok(())
}

fn order_is_nothing(world: &World, tape: &mut Tape) -> TestCaseResult {
    let shuffled = world.shuffled(tape);
    let readers = 1 + tape.below(4);
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < shuffled.touches.len() {
        let end = (start + usize::from(tape.below(6))).min(shuffled.touches.len());
        pieces.push((usize::from(tape.below(readers)), start..end));
        start = if end == start { end + 1 } else { end };
        if start > end {
            pieces.push((0, end..start));
        }
    }
    let (straight, shuffled) = (keep(world), keep_in_pieces(&shuffled, &pieces));
    prop_assert_eq!(straight, shuffled);
    Ok(())
}

fn idle_touches_are_nothing(world: &World, tape: &mut Tape) -> TestCaseResult {
    let before = keep(world);
    let mut ids = 100..;
    let mut touches = Vec::new();
    for deal in &world.deals {
        let account = deal.opportunity.account;
        let closes = world.deals.iter().filter(|other| other.opportunity.account == account);
        let last_close = closes.map(|deal| deal.closed_at).max().unwrap();
        touches.push(Touch {
            id: ids.next().unwrap(),
            at: last_close + 1 + i64::from(tape.byte()) * 3_600_000_000,
            account: Some(account),
            contact: None,
            campaign: Some(tape.one_of(&[0, 1, NOBODY])),
            channel: None,
            eligible: Some(true),
            in_scope: true,
            is_good: true,
        });
    }
    for credit in &before.credits {
        // Which of several touches with one identifier has served is not told here.
        let mut of_id = world.touches.iter().filter(|touch| touch.id.to_string() == credit.touch);
        let (Some(served), None) = (of_id.next(), of_id.next()) else { continue };
        let id = ids.next().unwrap();
        let beside = Touch { id, eligible: tape.one_of(&[Some(false), None]), ..served.clone() };
        touches.push(beside);
    }
    let mut after = world.clone();
    after.touches.extend(touches);
    let after = keep(&after);
    prop_assert_eq!(&after.credits, &before.credits);
    prop_assert_eq!(&after.journeys, &before.journeys);
    prop_assert_eq!((&after.earned, &after.left, &after.booked), (&before.earned, &before.left, &before.booked));
    prop_assert_eq!((after.used, &after.repeated), (before.used, &before.repeated));
    Ok(())
}
