//! Which touches there are, and which of them can earn credit.

use super::{Doubts, Spot, some_of};
use crate::config::file::{JourneyConfig, Table};
use crate::engine::written_flag;
use crate::init::select::quoted_text;
use std::collections::BTreeSet;

/// How the usual predicate begins: touches without a response earn nothing.
const RESPONDED: &str = "responded IS NOT FALSE AND ";

impl Doubts<'_> {
    /// Contacts know only their first and last touches.
    pub(super) fn milestones_only(&mut self) {
        let branches = self.branches(Table::Touchpoints);
        if branches.first().is_some_and(|branch| branch.system == "HubSpot" && branch.object == "contacts") {
            let message = "no file lists touches; a contact's first visit, first and latest form stand for them";
            self.add(Spot::Path(Table::Touchpoints), message.to_owned());
        }
    }

    /// Which touches can earn credit: those with a response, or where nobody responded all of marketing's.
    pub(super) fn eligible(&mut self) -> String {
        let usual = JourneyConfig::default().eligible;
        let sources: BTreeSet<&str> = self.values(Table::Touchpoints, "source").into_iter().collect();
        if !sources.is_empty() && !sources.iter().any(|source| usual.contains(&quoted_text(&source.to_lowercase()))) {
            let sources = some_of(&sources.into_iter().collect::<Vec<_>>());
            let message =
                format!("touches of the sources {sources} earn nothing under this condition; name those that do");
            self.add(Spot::Eligible, message);
        }
        let (mut flags, mut rows) = (Vec::new(), 0);
        for branch in self.branches(Table::Touchpoints) {
            let Some(responded) = branch.select.projection("responded") else { return usual };
            let look = &self.looks[branch.look];
            rows += look.rows.len();
            flags.extend(responded.headers.iter().flat_map(|header| look.values(header)));
        }
        let is_yes = |flag: &str| flag.eq_ignore_ascii_case("responded") || written_flag(flag) == Some(true);
        let someone_responded = flags.iter().any(|flag| is_yes(flag));
        match usual.strip_prefix(RESPONDED) {
            Some(rest) if rows > 0 && !someone_responded => {
                let message = format!(
                    "none of the {rows} touches looked at is a response, so all count; to count responses only, begin with `{}`",
                    RESPONDED.trim_end()
                );
                self.add(Spot::Eligible, message);
                rest.to_owned()
            }
            _ => usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_predicate_asks_for_a_response_first() {
        assert!(JourneyConfig::default().eligible.starts_with(RESPONDED));
    }
}
