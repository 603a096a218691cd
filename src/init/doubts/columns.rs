//! Columns that are made up, do not read, do not identify a row, or name what no other table knows.

use super::{Doubts, Spot};
use crate::config::file::Table;
use crate::engine::contract::{self, ColumnKind};
use crate::init::look::Look;
use crate::init::reading::{self, Reading, of_column};
use crate::init::recognise::Branch;
use crate::init::select::Projection;
use std::collections::BTreeSet;

impl Doubts<'_> {
    /// Columns for which something else stands, and columns that do not hold what they should.
    pub(super) fn made_up_and_unreadable(&mut self, table: Table, branch: &Branch) {
        let look = &self.looks[branch.look];
        for column in contract::columns(table) {
            let Some(projection) = branch.select.projection(column.name) else { continue };
            let spot = Spot::Column(table, column.name);
            if projection.headers.is_empty() && (branch.system.is_empty() || column.required) {
                let message =
                    format!("{} has no column for {}; {} stands for it", look.path, column.name, projection.expr);
                self.add(spot, message);
            }
            let is_first_of = projection.expr.starts_with("coalesce(");
            for header in projection.headers.iter().filter(|_| projection.headers.len() == 1 || is_first_of) {
                self.readings(spot, column.kind, projection, look, header);
            }
            let [header] = projection.headers.as_slice() else { continue };
            if table == Table::Opportunities
                && column.name == "created_at"
                && branch.select.projection("closed_at").is_some_and(|closed| closed.headers == [header.as_str()])
            {
                self.add(spot, format!("{} has no date of creation; the closing date stands for it", look.path));
            }
            if column.name == "account_id" && projection.expr.starts_with("split_part") {
                let several = look.values(header).filter(|value| value.contains(';')).count();
                if several > 0 {
                    let message =
                        format!("{several} of {} name several companies; the first is taken", look.looked_at());
                    self.add(spot, message);
                }
            }
        }
    }

    /// A key that is none.
    pub(super) fn repeated_keys(&mut self, table: Table) {
        let Some(key) = contract::key(table) else { return };
        let mut keys: Vec<Vec<&str>> = Vec::new();
        for branch in self.branches(table) {
            let look = &self.looks[branch.look];
            let headers = branch.select.projection(key).map_or(&[][..], |projection| &projection.headers);
            for row in &look.rows {
                let cells: Vec<&str> = headers.iter().map(|header| look.cell(row, header)).collect();
                keys.extend(cells.iter().any(|cell| !cell.is_empty()).then_some(cells));
            }
        }
        let rows = keys.len();
        let once = keys.into_iter().collect::<BTreeSet<_>>().len();
        if once * 20 < rows * 19 {
            let values = if once == 1 { "value" } else { "values" };
            let message = format!("{rows} rows share {once} {values} of {key}; of rows with one key one is used");
            self.add(Spot::Column(table, key), message);
        }
    }

    /// What the values of a column, which a canonical one is read from, leave open.
    fn readings(&mut self, spot: Spot, kind: ColumnKind, projection: &Projection, look: &Look, header: &str) {
        let example = look.values(header).next().unwrap_or_default();
        let reading = of_column(kind, look, header);
        match reading {
            // What else is made of a flag is more than its text.
            Reading::Unreadable
                if kind != ColumnKind::Flag
                    || projection.plain_header().is_some()
                    || projection.expr.starts_with("read_flag(") =>
            {
                let what = match kind {
                    ColumnKind::Money => "an amount",
                    ColumnKind::Flag => "true or false",
                    _ => "a date",
                };
                let mut values = look.values(header);
                let example =
                    values.find(|value| reading::of(kind, &[value]) == Reading::Unreadable).unwrap_or(example);
                self.add(spot, format!("\"{header}\" does not hold {what} that can be read, as in \"{example}\""));
            }
            Reading::Formatted { is_guess: true, .. } => {
                let message =
                    format!("\"{header}\" may be month/day or day/month, as in \"{example}\"; month/day is assumed");
                self.add(spot, message);
            }
            Reading::AsIs | Reading::Written('.') if kind == ColumnKind::Money && !look.typed => {
                self.marks(spot, look, header);
            }
            _ => {}
        }
        if reading != Reading::Unreadable {
            self.odd_values(spot, kind, &reading, look, header);
        }
    }

    /// Points that may set thousands apart, and commas that may be decimal marks, as they are where semicolons part cells.
    fn marks(&mut self, spot: Spot, look: &Look, header: &str) {
        let values: Vec<&str> = look.values(header).collect();
        let example = |mark| values.iter().find(|value| value.contains(mark)).copied().unwrap_or_default();
        if reading::are_all_thousands(&values, '.') {
            let message = format!(
                "the points in \"{header}\" may be of thousands, as in \"{}\"; they are read as decimal points",
                example('.')
            );
            self.add(spot, message);
        }
        let has_points = values.iter().any(|value| value.contains('.'));
        if look.layout.delimiter == b';' && !has_points && reading::are_all_thousands(&values, ',') {
            let message = format!(
                "the commas in \"{header}\" may be decimal marks, as in \"{}\"; they are read as of thousands",
                example(',')
            );
            self.add(spot, message);
        }
    }

    /// Values of which there are too many to be slips of the pen, and that read as nothing.
    fn odd_values(&mut self, spot: Spot, kind: ColumnKind, reading: &Reading, look: &Look, header: &str) {
        let values: Vec<&str> = look.values(header).collect();
        let odd: Vec<&str> = values.iter().copied().filter(|value| !reading.reads(kind, value)).collect();
        if let Some(example) = odd.first().filter(|_| odd.len() * 10 > values.len()) {
            let message = format!(
                "{} of {} values of \"{header}\" do not read as the others do, as \"{example}\"; their rows are set aside",
                odd.len(),
                values.len()
            );
            self.add(spot, message);
        }
    }

    /// Identifiers that another table should know, and none of which it does.
    pub(super) fn strangers(&mut self) {
        let references = [
            (Table::Contacts, "account_id", Table::Accounts),
            (Table::Touchpoints, "contact_id", Table::Contacts),
            (Table::Touchpoints, "account_id", Table::Accounts),
            (Table::Touchpoints, "campaign_id", Table::Campaigns),
            (Table::Opportunities, "account_id", Table::Accounts),
            (Table::Deals, "opportunity_id", Table::Opportunities),
            (Table::Spend, "campaign_id", Table::Campaigns),
        ];
        for (table, column, other) in references {
            let whole = self.branches(other).iter().all(|branch| self.looks[branch.look].whole);
            let known: BTreeSet<&str> = self.values(other, column).into_iter().collect();
            let asked = self.values(table, column);
            if let (true, false, Some(first)) = (whole, known.is_empty(), asked.first())
                && !asked.iter().any(|id| known.contains(id))
            {
                let message = format!("no {column} is one of {}, as \"{first}\"", other.name());
                self.add(Spot::Column(table, column), message);
            }
        }
    }
}
