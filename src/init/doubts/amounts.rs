//! Which column is the amount, and in what unit.

use super::{Doubts, Spot, some_of};
use crate::config::file::Table;
use crate::engine::contract::{self, ColumnKind};
use crate::init::kinds::Plain;
use crate::init::look::Look;
use crate::init::name::plain;
use crate::init::reading::{Reading, of_column};
use crate::init::unit;

impl Doubts<'_> {
    /// A won opportunity is booked by its amount, where no deals say what was.
    pub(super) fn no_amount(&mut self) {
        if !self.branches(Table::Deals).is_empty() {
            return;
        }
        let branches = self.branches(Table::Opportunities);
        for branch in branches.iter().filter(|branch| branch.select.projection("amount").is_none()) {
            let look = &self.looks[branch.look];
            let is_taken = |header: &String| branch.select.projections.iter().any(|p| p.headers.contains(header));
            let numbers = look.headers.iter().filter(|header| !is_taken(header) && holds_amounts(look, header));
            let numbers: Vec<String> = numbers.map(|header| format!("\"{header}\"")).collect();
            let remedy = match numbers.as_slice() {
                [] => "add it to the export, or a file of deals".to_owned(),
                [only] => format!("map {only} if it is the amount, or add a file of deals"),
                _ => format!("map the one of {} that is the amount, or add a file of deals", some_of(&numbers)),
            };
            let message = format!("{} has no column for amount, without which nothing is booked; {remedy}", look.path);
            self.add(Spot::Path(Table::Opportunities), message);
        }
    }

    /// Further columns that bear the name of an amount, as ARR beside ACV and Spend beside Cost; one that is called amount and nothing
    /// else is meant.
    pub(super) fn other_amounts(&mut self, known: &[Plain]) {
        for table in [Table::Opportunities, Table::Deals, Table::Spend, Table::Transactions] {
            let further =
                known.iter().filter(|known| known.table == table).filter_map(|known| known.columns.get("amount"));
            let names: Vec<String> = further.flatten().map(|name| plain(name)).chain(["amount".to_owned()]).collect();
            for branch in self.branches(table) {
                let look = &self.looks[branch.look];
                let Some([taken]) = branch.select.projection("amount").map(|p| p.headers.as_slice()) else { continue };
                if plain(taken) == "amount" {
                    continue;
                }
                let is_named =
                    |header: &&String| names.contains(&plain(header)) || names.contains(&unit::without(header));
                let differs = |header: &&String| look.values(taken).ne(look.values(header));
                let others = look.headers.iter().filter(|header| *header != taken).filter(is_named);
                let others = others.filter(|header| holds_amounts(look, header)).filter(differs);
                let others: Vec<String> = others.map(|header| format!("\"{header}\"")).collect();
                if !others.is_empty() {
                    let message = format!(
                        "\"{taken}\" of {} is taken for the amount; put {} here if that is what counts, and its currency under [finance]",
                        look.path,
                        others.join(" or ")
                    );
                    self.add(Spot::Column(table, "amount"), message);
                }
            }
        }
    }

    /// Headers that say thousands or millions.
    pub(super) fn scales(&mut self, table: Table) {
        for (column, look, header) in self.money_headers(table) {
            if let Some(scale) = unit::of(header).scale {
                let (word, number) = scale.words();
                let path = &look.path;
                let message = format!(
                    "\"{header}\" of {path} may be in {word}; if so, select TRY_CAST({} AS DOUBLE) * {number} AS {column} by sql",
                    of_column(ColumnKind::Money, look, header).expr(header)
                );
                self.add(Spot::Column(table, column), message);
            }
        }
    }
}

impl<'a> Doubts<'a> {
    /// The amounts of a table as they are written.
    pub(super) fn amounts(&self, table: Table) -> Vec<&'a str> {
        let columns = contract::columns(table).iter().filter(|column| column.kind == ColumnKind::Money);
        columns.flat_map(|column| self.values(table, column.name)).collect()
    }

    /// The source columns that the amounts of a table are read from.
    pub(super) fn money_headers(&self, table: Table) -> Vec<(&'static str, &'a Look, &'a str)> {
        let looks = self.looks;
        let columns = contract::columns(table).iter().filter(|column| column.kind == ColumnKind::Money);
        let of_column = |name: &'static str| {
            let given =
                self.branches(table).iter().filter_map(move |branch| Some((branch, branch.select.projection(name)?)));
            given.flat_map(move |(branch, p)| {
                p.headers.iter().map(move |header| (name, &looks[branch.look], header.as_str()))
            })
        };
        columns.flat_map(|column| of_column(column.name)).collect()
    }
}

fn holds_amounts(look: &Look, header: &str) -> bool {
    look.values(header).next().is_some() && of_column(ColumnKind::Money, look, header) != Reading::Unreadable
}
