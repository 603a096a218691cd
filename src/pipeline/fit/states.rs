//! States: what a model tells touches apart by, as dense codes with names.

use crate::engine::dense::narrow;
use crate::scatter::lines::Lines;
use crate::scatter::touch::Touch;
use crate::scatter::types::TypeCodes;
use closedloop_core::incremental::SALES;
use closedloop_core::statistics::Pool;
use std::collections::BTreeMap;

/// Campaigns with fewer touches than this in all journeys share one state: what is learned of them would be noise.
const RARE_TOUCHES: u64 = 20;

/// The state of campaigns with few touches.
const OTHERS: &str = "other campaigns";

/// The states of touches at one level.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pipeline) struct StateCodes {
    names: Vec<String>,
    of_line: Vec<u32>,
    /// The place of each type's code among the names of types, where types are told apart.
    types: Option<Types>,
    /// Whether sales touches have the code [`SALES`].
    sales_apart: bool,
    /// How many campaigns share a state.
    pooled: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct Types {
    place_of_code: Vec<u32>,
    count: u32,
}

impl StateCodes {
    /// The channel.
    pub(super) fn channels(lines: &Lines) -> Self {
        let of_line = codes(lines).map(|code| lines.channel(code)).collect();
        Self { names: lines.channels().to_vec(), of_line, types: None, sales_apart: false, pooled: 0 }
    }

    /// The channel, sales touches apart.
    pub(super) fn channels_and_sales(lines: &Lines) -> Self {
        Self { sales_apart: true, ..Self::channels(lines) }
    }

    /// The channel and the type of touch; a touch without type is the channel's own.
    pub(super) fn channels_and_types(lines: &Lines, types: &TypeCodes) -> Self {
        let types = types.all();
        let mut place_of_code = vec![0; types.len() + 1];
        for (place, (_, code)) in (1..).zip(&types) {
            if let Some(slot) = place_of_code.get_mut(usize::from(*code)) {
                *slot = place;
            }
        }
        let names = lines.channels().iter().flat_map(|channel| {
            let own = std::iter::once(channel.clone());
            own.chain(types.iter().map(move |(name, _)| format!("{channel} / {name}")))
        });
        let count = narrow(types.len() + 1);
        let types = Some(Types { place_of_code, count });
        Self { names: names.collect(), types, ..Self::channels(lines) }
    }

    /// The campaign, or the channel of touches without one, given the number of touches of every line; the rare share one.
    pub(super) fn campaigns(lines: &Lines, touches_of_line: &[u64]) -> Self {
        let mut touches: BTreeMap<String, u64> = BTreeMap::new();
        let label = |code: u32| match &lines.line(code).campaign {
            Some(campaign) => campaign.clone(),
            None => format!("no campaign ({})", lines.line(code).channel),
        };
        for (code, &count) in codes(lines).zip(touches_of_line) {
            *touches.entry(label(code)).or_default() += count;
        }
        let labels: Vec<&String> = touches.keys().collect();
        let counts: Vec<u64> = touches.values().copied().collect();
        let pool = Pool::new(&counts, RARE_TOUCHES);
        let states = 0..narrow(pool.states());
        let name = |state| pool.code(state).map_or_else(|| OTHERS.to_owned(), |code| labels[code as usize].clone());
        let names = states.map(name).collect();
        let state = |code: u32| {
            let place = labels.partition_point(|known| **known < label(code));
            pool.state(narrow(place))
        };
        let of_line = codes(lines).map(state).collect();
        Self { names, of_line, types: None, sales_apart: false, pooled: pool.pooled() }
    }

    /// What a reader should know about pooled states.
    pub(super) fn remark(&self) -> Option<String> {
        let Self { pooled, .. } = self;
        (*pooled > 0).then(|| {
            format!(
                "{pooled} campaigns with fewer than {RARE_TOUCHES} touches in all journeys share the state \"{OTHERS}\""
            )
        })
    }

    /// The names of the states by code.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// How many states there are.
    pub(super) fn len(&self) -> u32 {
        narrow(self.names.len())
    }

    /// The state of a touch.
    pub(in crate::pipeline) fn state(&self, touch: &Touch) -> u32 {
        if self.sales_apart && touch.of_sales {
            return SALES;
        }
        let of_line = self.of_line[touch.line as usize];
        match &self.types {
            None => of_line,
            Some(types) => of_line * types.count + types.place_of_code[usize::from(touch.touch_type)],
        }
    }

    /// The state of all touches of a line; `None` where the line alone does not say.
    pub(super) fn of_line(&self, line: u32) -> Option<u32> {
        self.types.is_none().then(|| self.of_line[line as usize])
    }
}

fn codes(lines: &Lines) -> impl Iterator<Item = u32> + use<> {
    0..narrow(lines.count())
}
