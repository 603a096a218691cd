//! Further files that may be of a table.

use super::{Doubts, Spot};
use crate::config::file::Table;
use crate::init::look::pattern_of;
use crate::init::recognise::Filled;

impl Doubts<'_> {
    pub(super) fn rivals(&mut self, table: Table, filled: &Filled) {
        if !filled.rivals.is_empty() {
            let rivals = filled.rivals.join(", ");
            self.add(Spot::Path(table), format!("{rivals} may be {} too", table.name()));
        }
        if !filled.alike.is_empty() {
            self.add(Spot::Path(table), self.further_parts(filled));
        }
    }

    fn further_parts(&self, filled: &Filled) -> String {
        let path = |look: usize| self.looks[look].path.as_str();
        let further: Vec<&str> = filled.alike.iter().map(|look| path(*look)).collect();
        let read: Vec<&str> = filled.branches.iter().map(|branch| path(branch.look)).collect();
        let names: Vec<String> = self.looks.iter().map(|look| look.path.clone()).collect();
        let remedy = match pattern_of(&[&read[..1], &further[..]].concat(), &names) {
            Some(pattern) if further.len() == 1 => format!("read both with path = \"{pattern}\""),
            Some(pattern) => format!("read all with path = \"{pattern}\""),
            None => "put them into a folder of their own and give it as path".to_owned(),
        };
        let first = &self.looks[filled.branches[0].look];
        if filled.alike.iter().all(|look| self.looks[*look].rows == first.rows) {
            let are = if further.len() == 1 { "is a copy" } else { "are copies" };
            return format!(
                "{} {are} of {}, as far as looked at; delete what is not needed",
                further.join(", "),
                read[0]
            );
        }
        let have = if further.len() == 1 { "has" } else { "have" };
        format!(
            "{} {have} the same columns as {}; if they are parts of one table, {remedy}",
            further.join(", "),
            read[0]
        )
    }
}
