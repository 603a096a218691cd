//! Small random worlds: accounts, campaigns, contacts, won opportunities, deals and touches, as the stages hand them to
//! the credit stage.

use super::tape::Tape;
use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, StringViewArray, TimestampMicrosecondArray,
};
use closedloop::config::file::{DealKind, LookbackFrom, Mapping, Restart, RestartConfig};
use closedloop::config::{Calendar, Overrides, Plan};
use closedloop::scatter::reader::{CONTACT_COLUMN, TOUCH_COLUMNS};
use closedloop_core::journey::DAY_MICROS;
use jiff::tz::TimeZone;
use std::sync::{Arc, LazyLock};

/// Identifiers are numbers; a world writes them as integers or as text.
pub(super) type Id = u32;

/// Accounts there are; opportunities are of the first three, so that some touches are of accounts without deals.
const ACCOUNTS: u8 = 4;
/// An identifier that nothing has.
pub(super) const NOBODY: Id = 250;
const CHANNELS: [&str; 3] = ["direct", "email", "paid_search"];
/// Times lie this far apart, and the lookback is a whole number of steps, so that the ends of windows are often hit.
const STEP: i64 = 5 * DAY_MICROS;
const HOUR: i64 = DAY_MICROS / 24;
/// How far a time is off its step: ties, neighbours of a window's end, and both sides of the anchor tolerance.
const OFF: [i64; 8] = [0, 0, 0, 1, -1, HOUR, HOUR + 1, HOUR / 2];
/// 2024-01-01T00:00:00Z.
const EPOCH: i64 = 1_704_067_200_000_000;

#[derive(Debug, Clone)]
pub(super) struct World {
    /// Position in [`plans`].
    pub(super) plan: usize,
    pub(super) ids_are_text: bool,
    pub(super) campaigns: Vec<Campaign>,
    pub(super) contacts: Vec<Contact>,
    pub(super) roles: Vec<Role>,
    pub(super) deals: Vec<Deal>,
    pub(super) touches: Vec<Touch>,
}

#[derive(Debug, Clone)]
pub(super) struct Campaign {
    pub(super) id: Id,
    pub(super) channel: &'static str,
}

#[derive(Debug, Clone)]
pub(super) struct Contact {
    pub(super) id: Id,
    pub(super) account: Option<Id>,
    pub(super) created_at: Option<i64>,
}

#[derive(Debug, Clone)]
pub(super) struct Role {
    pub(super) opportunity: Id,
    pub(super) contact: Id,
    pub(super) is_primary: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Opportunity {
    pub(super) id: Id,
    pub(super) account: Id,
    pub(super) created_at: i64,
}

#[derive(Debug, Clone)]
pub(super) struct Deal {
    pub(super) id: Id,
    pub(super) opportunity: Opportunity,
    pub(super) closed_at: i64,
    pub(super) amount: i64,
    pub(super) kind: Option<DealKind>,
    pub(super) reverses: Option<Id>,
}

#[derive(Debug, Clone)]
pub(super) struct Touch {
    pub(super) id: Id,
    pub(super) at: i64,
    pub(super) account: Option<Id>,
    pub(super) contact: Option<Id>,
    pub(super) campaign: Option<Id>,
    pub(super) channel: Option<&'static str>,
    pub(super) eligible: Option<bool>,
    pub(super) in_scope: bool,
    pub(super) is_good: bool,
}

fn step(tape: &mut Tape, steps: u8) -> i64 {
    i64::from(tape.below(steps)) * STEP + tape.one_of(&OFF)
}

fn maybe_id(tape: &mut Tape, limit: u8) -> Option<Id> {
    let number = tape.below(limit + 1);
    (number > 0).then(|| Id::from(number - 1))
}

fn maybe_channel(tape: &mut Tape) -> Option<&'static str> {
    tape.one_of(&[Some(CHANNELS[0]), Some(CHANNELS[1]), Some(CHANNELS[2]), None])
}

impl World {
    /// The world that a tape describes.
    pub(super) fn read(tape: &mut Tape) -> Self {
        let plan = usize::from(tape.byte()) % plans().len();
        let ids_are_text = tape.once_in(2);
        let campaigns = tape.many(0, 3, |tape, id| Campaign { id: id.into(), channel: tape.one_of(&CHANNELS) });
        let contacts = tape.many(0, 5, |tape, id| Contact {
            id: id.into(),
            account: maybe_id(tape, ACCOUNTS),
            created_at: (!tape.once_in(4)).then(|| EPOCH + step(tape, 64)),
        });
        let opportunities = tape.many(1, 6, |tape, id| Opportunity {
            id: id.into(),
            account: tape.below(ACCOUNTS - 1).into(),
            created_at: EPOCH + step(tape, 64),
        });
        let roles = if contacts.is_empty() { Vec::new() } else { tape.many(0, 5, |tape, _| role(tape, &contacts)) };
        let deals = tape.many(1, 8, |tape, id| deal(tape, id, &opportunities));
        let mut touches: Vec<Touch> = Vec::new();
        for _ in 0..tape.below(21) {
            let is_repeat = tape.once_in(5) && !touches.is_empty();
            touches.push(if is_repeat { repeat(tape, &touches) } else { touch(tape) });
        }
        Self { plan, ids_are_text, campaigns, contacts, roles, deals, touches }
    }

    /// Its plan.
    pub(super) fn plan(&self) -> &'static Plan {
        &plans()[self.plan]
    }

    /// The same world, its rows in another order.
    pub(super) fn shuffled(&self, tape: &mut Tape) -> Self {
        let mut world = self.clone();
        tape.shuffle(&mut world.campaigns);
        tape.shuffle(&mut world.contacts);
        tape.shuffle(&mut world.roles);
        tape.shuffle(&mut world.deals);
        tape.shuffle(&mut world.touches);
        world
    }

    /// The same world `copies` times over, each with identifiers of its own, whose order is the same as numbers and as
    /// text; campaigns are shared.
    pub(super) fn copied(&self, copies: Id) -> Self {
        let mut world = Self { contacts: vec![], roles: vec![], deals: vec![], touches: vec![], ..self.clone() };
        for copy in 1..=copies {
            let own = |id: Id| id + copy * 1_000;
            world.contacts.extend(self.contacts.iter().map(|contact| Contact {
                id: own(contact.id),
                account: contact.account.map(own),
                ..contact.clone()
            }));
            world.roles.extend(self.roles.iter().map(|role| Role {
                opportunity: own(role.opportunity),
                contact: own(role.contact),
                ..role.clone()
            }));
            world.deals.extend(self.deals.iter().map(|deal| Deal {
                id: own(deal.id),
                opportunity: Opportunity {
                    id: own(deal.opportunity.id),
                    account: own(deal.opportunity.account),
                    ..deal.opportunity
                },
                reverses: deal.reverses.map(own),
                ..deal.clone()
            }));
            world.touches.extend(self.touches.iter().map(|touch| Touch {
                id: own(touch.id),
                account: touch.account.map(own),
                contact: touch.contact.map(own),
                ..touch.clone()
            }));
        }
        world
    }

    fn ids(&self, ids: impl Iterator<Item = Option<Id>>) -> ArrayRef {
        if self.ids_are_text {
            Arc::new(ids.map(|id| id.map(|id| id.to_string())).collect::<StringViewArray>())
        } else {
            Arc::new(ids.map(|id| id.map(i64::from)).collect::<Int64Array>())
        }
    }

    pub(super) fn deal_rows(&self) -> RecordBatch {
        let deals = || self.deals.iter();
        batch([
            ("deal_id", self.ids(deals().map(|deal| Some(deal.id)))),
            ("opportunity_id", self.ids(deals().map(|deal| Some(deal.opportunity.id)))),
            ("account_id", self.ids(deals().map(|deal| Some(deal.opportunity.account)))),
            ("opportunity_created_at", instants(deals().map(|deal| Some(deal.opportunity.created_at)))),
            ("closed_at", instants(deals().map(|deal| Some(deal.closed_at)))),
            ("amount", Arc::new(deals().map(|deal| Some(deal.amount)).collect::<Int64Array>())),
            ("kind", texts(deals().map(|deal| deal.kind.map(DealKind::name)))),
            ("reverses_deal_id", self.ids(deals().map(|deal| deal.reverses))),
        ])
    }

    pub(super) fn contact_rows(&self) -> RecordBatch {
        let contacts = || self.contacts.iter();
        batch([
            ("contact_id", self.ids(contacts().map(|contact| Some(contact.id)))),
            ("account_id", self.ids(contacts().map(|contact| contact.account))),
            ("created_at", instants(contacts().map(|contact| contact.created_at))),
        ])
    }

    pub(super) fn role_rows(&self) -> RecordBatch {
        let roles = || self.roles.iter();
        batch([
            ("opportunity_id", self.ids(roles().map(|role| Some(role.opportunity)))),
            ("contact_id", self.ids(roles().map(|role| Some(role.contact)))),
            ("is_primary", flags(roles().map(|role| Some(role.is_primary)))),
        ])
    }

    pub(super) fn campaign_rows(&self) -> RecordBatch {
        let campaigns = || self.campaigns.iter();
        batch([
            ("campaign_id", self.ids(campaigns().map(|campaign| Some(campaign.id)))),
            ("channel", texts(campaigns().map(|campaign| Some(campaign.channel)))),
        ])
    }

    pub(super) fn touch_rows(&self) -> RecordBatch {
        let touches = || self.touches.iter();
        let columns = [
            self.ids(touches().map(|touch| Some(touch.id))),
            self.ids(touches().map(|touch| touch.account)),
            instants(touches().map(|touch| Some(touch.at))),
            self.ids(touches().map(|touch| touch.campaign)),
            texts(touches().map(|touch| touch.channel)),
            flags(touches().map(|touch| touch.eligible)),
            flags(touches().map(|touch| Some(touch.in_scope))),
            flags(touches().map(|touch| Some(touch.is_good))),
            self.ids(touches().map(|touch| touch.contact)),
        ];
        batch(TOUCH_COLUMNS.into_iter().chain([CONTACT_COLUMN]).zip(columns))
    }
}

fn role(tape: &mut Tape, contacts: &[Contact]) -> Role {
    let contact = usize::from(tape.byte()) % contacts.len();
    Role { opportunity: tape.below(6).into(), contact: contacts[contact].id, is_primary: tape.once_in(2) }
}

fn deal(tape: &mut Tape, id: u8, opportunities: &[Opportunity]) -> Deal {
    let opportunity = opportunities[usize::from(tape.byte()) % opportunities.len()];
    let [new, expansion, renewal, credit] = DealKind::ALL.map(Some);
    let after = if tape.once_in(16) { -step(tape, 10) } else { step(tape, 24) };
    let kind = tape.one_of(&[None, new, expansion, renewal, credit, credit]);
    let size = i64::from(tape.byte());
    let amount = match tape.below(4) {
        0 => size,
        1 => size * 257 + 1,
        2 => size * 100_000_300_003,
        _ => -size,
    };
    let amount = if kind == credit && !tape.once_in(4) { -amount.abs() } else { amount };
    let reverses = tape.one_of(&[None, None, Some(0), Some(1), Some(2), Some(4), Some(NOBODY)]);
    Deal { id: id.into(), opportunity, closed_at: opportunity.created_at + after, amount, kind, reverses }
}

fn touch(tape: &mut Tape) -> Touch {
    let at = EPOCH + step(tape, 88);
    Touch {
        id: tape.below(40).into(),
        at,
        account: maybe_id(tape, ACCOUNTS),
        contact: maybe_id(tape, 6),
        campaign: maybe_id(tape, 5),
        channel: maybe_channel(tape),
        eligible: tape.one_of(&[Some(true), Some(true), Some(true), Some(true), Some(true), Some(false), None]),
        in_scope: !tape.once_in(12),
        is_good: !tape.once_in(12),
    }
}

/// An earlier touch once more, perhaps told differently.
fn repeat(tape: &mut Tape, earlier: &[Touch]) -> Touch {
    let mut touch = earlier[usize::from(tape.byte()) % earlier.len()].clone();
    for _ in 0..tape.below(3) {
        match tape.below(5) {
            0 => touch.at = EPOCH + step(tape, 88),
            1 => touch.contact = maybe_id(tape, 6),
            2 => touch.campaign = maybe_id(tape, 5),
            3 => touch.channel = maybe_channel(tape),
            _ => touch.eligible = Some(touch.eligible != Some(true)),
        }
    }
    touch
}

fn batch<'a>(columns: impl IntoIterator<Item = (&'a str, ArrayRef)>) -> RecordBatch {
    let columns = columns.into_iter().map(|(name, values)| (name, values, true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

fn instants(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn flags(values: impl Iterator<Item = Option<bool>>) -> ArrayRef {
    Arc::new(values.collect::<BooleanArray>())
}

/// The house models and three of one's own, for the rules that no house model has.
const CONFIG: &str = r#"
    [tables.touchpoints]
    path = "touchpoints.csv"
    [tables.opportunities]
    path = "opportunities.csv"
    [journeys]
    lookback_days = 100
    [[models.custom]]
    id = "strict_path"
    kind = "anchored"
    anchors = { first = 0.25, lead_creation = 0.25, opportunity_creation = 0.25 }
    middle = 0.25
    missing = "residual"
    no_middle = "renormalise"
    [[models.custom]]
    id = "distinct"
    kind = "anchored"
    anchors = { first = 0.4, lead_creation = 0.2, closing = 0.3 }
    middle = 0.1
    overlap = "equal_distinct"
    [[models.custom]]
    id = "fast_decay"
    kind = "time_decay"
    half_life_days = 0.5
"#;

/// The configurations that worlds are run under.
pub(super) fn plans() -> &'static [Plan] {
    static PLANS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("closedloop.toml"), CONFIG).unwrap();
        for table in ["touchpoints.csv", "opportunities.csv"] {
            std::fs::write(folder.path().join(table), "").unwrap();
        }
        let house = Plan::load(&folder.path().join("closedloop.toml"), Overrides::default()).unwrap();

        let mut by_role = house.clone();
        by_role.journeys.mapping = Mapping::ContactRoles;
        by_role.journeys.lookback_from = LookbackFrom::Conversion;
        by_role.finance.attribute_kinds = vec![DealKind::New, DealKind::Expansion, DealKind::Renewal];
        by_role.calendar = Calendar::new(TimeZone::get("America/New_York").unwrap(), 2);

        let mut by_primary_contact = house.clone();
        by_primary_contact.journeys.mapping = Mapping::PrimaryContact;
        by_primary_contact.journeys.anchor_tolerance = 0;
        let never = Restart::Never;
        by_primary_contact.journeys.restart = RestartConfig { new: never, expansion: never, renewal: never };

        let mut always_restarting = house.clone();
        let after_win = Restart::AfterWin;
        always_restarting.journeys.restart = RestartConfig { new: after_win, expansion: after_win, renewal: after_win };
        always_restarting.journeys.lookback_from = LookbackFrom::Conversion;
        always_restarting.journeys.lookback = 400 * DAY_MICROS;
        always_restarting.finance.attribute_kinds = vec![DealKind::Expansion, DealKind::Renewal];
        always_restarting.calendar = Calendar::new(TimeZone::get("Asia/Kolkata").unwrap(), 7);

        vec![house, by_role, by_primary_contact, always_restarting]
    });
    &PLANS
}
