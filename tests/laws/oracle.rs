//! Journeys by plain search: every rule of the design read as it stands, over all touches, with nothing indexed.

use super::world::{Contact, Deal, Id, Touch, World};
use closedloop::config::file::{DealKind, LookbackFrom, Mapping, Restart};
use closedloop::engine::contract::UNKNOWN_CHANNEL;
use closedloop::scatter::lines::Line;
use closedloop_core::ledger::Bucket;

/// What is expected of one deal.
#[derive(Debug)]
pub(super) struct Expected<'a> {
    pub(super) deal: &'a Deal,
    pub(super) kind: DealKind,
    /// Its eligible touches in order; those of its original for a credit deal.
    pub(super) touches: Vec<&'a Touch>,
    pub(super) anchors: [Option<usize>; 4],
    /// The bucket of all its money, where none goes to touches.
    pub(super) whole: Option<Bucket>,
}

/// What is expected of every deal, in order of their identifiers.
pub(super) fn expected(world: &World) -> Vec<Expected<'_>> {
    let mut expected: Vec<Expected<'_>> = world.deals.iter().map(|deal| expected_of(world, deal)).collect();
    expected.sort_by_key(|expected| expected.deal.id);
    expected
}

fn expected_of<'a>(world: &'a World, deal: &'a Deal) -> Expected<'a> {
    let Some(original) = (if is_credit(deal) { original_of(world, deal) } else { Some(deal) }) else {
        let (touches, anchors, whole) = (Vec::new(), [None; 4], Some(Bucket::UnmatchedCredit));
        return Expected { deal, kind: DealKind::Credit, touches, anchors, whole };
    };
    let kind = kind_of(world, original);
    let touches: Vec<&Touch> = mapped(world, original).filter(|touch| touch.eligible == Some(true)).collect();
    let opportunity = original.opportunity;
    let start = window(world, original).0;
    let of_account = || readable(world, opportunity.account);
    let whole = if !world.plan().finance.attribute_kinds.contains(&kind) {
        Some(Bucket::KindNotAttributed)
    } else if !touches.is_empty() {
        None
    } else if mapped(world, original).next().is_some() {
        Some(Bucket::Suppressed)
    } else if of_account().any(|touch| touch.at < start) {
        Some(Bucket::OutsideLookback)
    } else {
        Some(Bucket::NoTouch)
    };
    let last_by = |milestone: Option<i64>| {
        let limit = milestone? + world.plan().journeys.anchor_tolerance;
        touches.iter().rposition(|touch| touch.at <= limit)
    };
    let anchors = [
        (!touches.is_empty()).then_some(0),
        last_by(lead_created_at(world, original)),
        last_by(Some(opportunity.created_at)),
        touches.len().checked_sub(1),
    ];
    let kind = if is_credit(deal) { DealKind::Credit } else { kind };
    Expected { deal, kind, touches, anchors, whole }
}

/// Negative money without a kind is a credit.
pub(super) fn is_credit(deal: &Deal) -> bool {
    deal.kind == Some(DealKind::Credit) || (deal.kind.is_none() && deal.amount < 0)
}

/// The deals that are no credits and pass `test`, in order of closing and identifier.
fn originals(world: &World, test: impl Fn(&Deal) -> bool) -> Vec<&Deal> {
    let mut originals: Vec<&Deal> = world.deals.iter().filter(|deal| !is_credit(deal) && test(deal)).collect();
    originals.sort_by(|a, b| a.closed_at.cmp(&b.closed_at).then_with(|| a.id.cmp(&b.id)));
    originals
}

/// The deal that a credit reverses: the one it names, else the first line of its opportunity.
pub(super) fn original_of<'a>(world: &'a World, credit: &Deal) -> Option<&'a Deal> {
    match credit.reverses {
        Some(reversed) => originals(world, |deal| deal.id == reversed).first().copied(),
        None => originals(world, |deal| deal.opportunity.id == credit.opportunity.id).first().copied(),
    }
}

/// The kind given; else an account's first won opportunity is new business, later ones are expansion.
fn kind_of(world: &World, deal: &Deal) -> DealKind {
    let first = originals(world, |other| other.opportunity.account == deal.opportunity.account)[0];
    let is_first = first.opportunity.id == deal.opportunity.id;
    deal.kind.unwrap_or(if is_first { DealKind::New } else { DealKind::Expansion })
}

/// Both ends of a deal's window, which belong to it. All lines of an opportunity start at the same time.
fn window(world: &World, deal: &Deal) -> (i64, i64) {
    let rules = &world.plan().journeys;
    let opportunity = deal.opportunity;
    let first_line = originals(world, |other| other.opportunity.id == opportunity.id)[0];
    let from = match rules.lookback_from {
        LookbackFrom::OpportunityCreated => opportunity.created_at,
        LookbackFrom::Conversion => first_line.closed_at,
    };
    let restart = match kind_of(world, first_line) {
        DealKind::New | DealKind::Credit => rules.restart.new,
        DealKind::Expansion => rules.restart.expansion,
        DealKind::Renewal => rules.restart.renewal,
    };
    let mut start = from - rules.lookback;
    if restart == Restart::AfterWin {
        // A line booked later does not undo the win of an earlier one.
        let others = originals(world, |other| {
            other.opportunity.account == opportunity.account && other.opportunity.id != opportunity.id
        });
        let wins = others.iter().map(|line| line.closed_at);
        if let Some(latest) = wins.filter(|&won_at| won_at < opportunity.created_at).max() {
            start = start.max(latest + 1);
        }
    }
    // One that opens after the deal closed holds nothing, and what came before the close is before it.
    (start.min(deal.closed_at + 1), deal.closed_at)
}

/// The account a touch belongs to: its own, else its contact's.
pub(super) fn account_of(world: &World, touch: &Touch) -> Option<Id> {
    touch.account.or_else(|| contact(world, touch.contact?)?.account)
}

fn contact(world: &World, id: Id) -> Option<&Contact> {
    world.contacts.iter().find(|contact| contact.id == id)
}

/// An account's touches that can be read and were recorded in time, repeats and all.
fn readable(world: &World, account: Id) -> impl Iterator<Item = &Touch> {
    world
        .touches
        .iter()
        .filter(move |touch| touch.is_good && touch.in_scope && account_of(world, touch) == Some(account))
}

/// Those of an account's touches that lie in some window of it.
pub(super) fn in_any_window(world: &World, account: Id) -> Vec<&Touch> {
    let deals = originals(world, |deal| deal.opportunity.account == account);
    let windows: Vec<(i64, i64)> = deals.iter().map(|deal| window(world, deal)).collect();
    let is_in = |touch: &&Touch| windows.iter().any(|&(start, end)| start <= touch.at && touch.at <= end);
    readable(world, account).filter(is_in).collect()
}

/// An account's touches in some window, in order; of those with one identifier the greatest in column order.
fn kept(world: &World, account: Id) -> Vec<&Touch> {
    let touches = in_any_window(world, account);
    let mut kept: Vec<&Touch> = Vec::new();
    for &touch in &touches {
        let alike = touches.iter().filter(|other| other.id == touch.id);
        let greatest = alike.max_by_key(|other| columns(world, other)).unwrap();
        if !kept.iter().any(|other| other.id == greatest.id) {
            kept.push(greatest);
        }
    }
    kept.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| a.id.cmp(&b.id)));
    kept
}

/// What a touch says, in column order; nobody is less than anybody, and a contact that no deal concerns is nobody.
fn columns(world: &World, touch: &Touch) -> (i64, Option<String>, Line, bool) {
    let concerned = |person: &Contact| {
        let is_of = |deal: &Deal| !is_credit(deal) && person.account == Some(deal.opportunity.account);
        world.deals.iter().any(is_of) || world.roles.iter().any(|role| role.contact == person.id)
    };
    let known = touch.contact.filter(|&id| contact(world, id).is_some_and(concerned));
    (touch.at, known.map(|id| id.to_string()), line_of(world, touch), touch.eligible == Some(true))
}

/// What a touch is credited to.
pub(super) fn line_of(world: &World, touch: &Touch) -> Line {
    let table = world.campaigns.iter().find(|campaign| Some(campaign.id) == touch.campaign);
    let channel = table.map(|campaign| campaign.channel).or(touch.channel).unwrap_or(UNKNOWN_CHANNEL);
    Line { campaign: touch.campaign.map(|id| id.to_string()), channel: channel.to_owned() }
}

/// The touches in a deal's window that are mapped to it, eligible or not.
fn mapped<'a>(world: &'a World, deal: &Deal) -> impl Iterator<Item = &'a Touch> {
    let (start, end) = window(world, deal);
    let people = people(world, deal);
    kept(world, deal.opportunity.account).into_iter().filter(move |touch| {
        let is_theirs = people.is_empty() || touch.contact.is_some_and(|contact| people.contains(&contact));
        start <= touch.at && touch.at <= end && is_theirs
    })
}

/// The contacts whose touches count; none means that all of the account's do.
fn people(world: &World, deal: &Deal) -> Vec<Id> {
    let mapping = world.plan().journeys.mapping;
    let counts = |is_primary| match mapping {
        Mapping::Account => false,
        Mapping::ContactRoles => true,
        Mapping::PrimaryContact => is_primary,
    };
    let roles = world.roles.iter().filter(|role| role.opportunity == deal.opportunity.id && counts(role.is_primary));
    roles.map(|role| role.contact).collect()
}

/// The earliest creation of the mapped contacts: those with a role, else those of the account.
fn lead_created_at(world: &World, deal: &Deal) -> Option<i64> {
    let people = people(world, deal);
    let is_mapped = |contact: &&Contact| {
        if people.is_empty() { contact.account == Some(deal.opportunity.account) } else { people.contains(&contact.id) }
    };
    world.contacts.iter().filter(is_mapped).filter_map(|contact| contact.created_at).min()
}
