//! What the files do not decide. Each doubt marks one line of the configuration.

use super::imported::replace_imported_dates;
use super::kinds::Stages;
use super::look::Look;
use super::name::plain;
use super::reading::{self, Reading};
use super::recognise::{Branch, Recognised, reading_of};
use super::select::Projection;
use super::select::quoted_text;
use crate::config::file::{JourneyConfig, Table};
use crate::engine::contract::{self, ColumnKind};
use crate::engine::written_flag;
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// The line of the configuration that somebody may have to edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spot {
    /// `path` of a table.
    Path(Table),
    /// A column of a table.
    Column(Table, &'static str),
    /// `journeys.eligible`.
    Eligible,
    /// `stages.won`.
    Won,
    /// `finance.currency`.
    Currency,
    /// `calendar.fiscal_year_start`.
    FiscalYear,
}

/// Something undecided.
#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) spot: Spot,
    pub(super) message: String,
}

/// What the values say about the settings beside the tables.
#[derive(Debug)]
pub(super) struct Settings {
    /// Which touches can earn credit.
    pub(super) eligible: String,
    /// The currency of the amounts.
    pub(super) currency: String,
    /// What stages mean, where only they say how an opportunity ended.
    pub(super) stages: Option<StageMeanings>,
}

/// What the stages of the opportunities mean.
#[derive(Debug)]
pub(super) struct StageMeanings {
    pub(super) won: Vec<String>,
    pub(super) lost: Vec<String>,
    /// All others.
    pub(super) neither: Vec<String>,
}

/// Holds the values against what the engine will make of them.
pub(super) fn examine(recognised: &mut Recognised, looks: &[Look], words: &Stages) -> (Settings, Vec<Doubt>) {
    let found = replace_imported_dates(recognised, looks);
    let mut doubts = Doubts { recognised, looks, found };
    for table in [Table::Touchpoints, Table::Opportunities] {
        if !recognised.tables.contains_key(&table) {
            let columns = wanted(table);
            doubts.add(Spot::Path(table), format!("no file has {} ({columns}); name one", table.name()));
        }
    }
    for (table, filled) in &recognised.tables {
        if !filled.rivals.is_empty() {
            let rivals = filled.rivals.join(", ");
            doubts.add(Spot::Path(*table), format!("{rivals} may be {} too", table.name()));
        }
        for branch in &filled.branches {
            doubts.made_up_and_unreadable(*table, branch);
        }
        doubts.repeated_keys(*table);
    }
    doubts.milestones_only();
    let eligible = doubts.eligible();
    doubts.strangers();
    let stages = doubts.stages(words);
    let currency = doubts.currency();
    let message = "no file says in which month the fiscal year starts; January is assumed".to_owned();
    doubts.add(Spot::FiscalYear, message);
    (Settings { eligible, currency, stages }, doubts.found)
}

/// The columns that a table needs.
pub(super) fn wanted(table: Table) -> String {
    let required = contract::columns(table).iter().filter(|column| column.required).map(|column| column.name);
    let mut names: Vec<String> = required.map(str::to_owned).collect();
    for choice in contract::alternatives(table) {
        names.push(choice.iter().map(|set| set.join(" and ")).collect::<Vec<_>>().join(" or "));
    }
    names.join(", ")
}

fn may_be_thousands(look: &Look, header: &str) -> bool {
    reading::may_be_thousands(&look.values(header).collect::<Vec<_>>())
}

/// How the usual predicate begins: touches without a response earn nothing.
const RESPONDED: &str = "coalesce(responded, true) AND ";

/// As many names as somebody reads.
pub(super) fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    const MOST: usize = 12;
    let shown: Vec<&str> = names.iter().map(AsRef::as_ref).take(MOST).collect();
    shown.join(", ") + if names.len() > MOST { ", …" } else { "" }
}

struct Doubts<'a> {
    recognised: &'a Recognised,
    looks: &'a [Look],
    found: Vec<Doubt>,
}

impl<'a> Doubts<'a> {
    fn add(&mut self, spot: Spot, message: String) {
        self.found.push(Doubt { spot, message });
    }

    fn branches(&self, table: Table) -> &'a [Branch] {
        self.recognised.tables.get(&table).map_or(&[], |filled| filled.branches.as_slice())
    }

    /// The non-blank values of a canonical column, over all files of its table.
    fn values(&self, table: Table, name: &'static str) -> Vec<&'a str> {
        let looks = self.looks;
        let of_branch = |branch: &'a Branch| {
            let look = &looks[branch.look];
            look.rows.iter().map(|row| branch.select.value(look, row, name)).filter(|value| !value.is_empty())
        };
        self.branches(table).iter().flat_map(of_branch).collect()
    }

    /// Columns for which something else stands, and columns that do not hold what they should.
    fn made_up_and_unreadable(&mut self, table: Table, branch: &Branch) {
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
    fn repeated_keys(&mut self, table: Table) {
        let Some(key) = contract::key(table) else { return };
        let values = self.values(table, key);
        let once: BTreeSet<&str> = values.iter().copied().collect();
        if once.len() * 20 < values.len() * 19 {
            let message = format!(
                "{} values of {key} are {} different ones; of rows with one key one is used",
                values.len(),
                once.len()
            );
            self.add(Spot::Column(table, key), message);
        }
    }

    /// What the values of a column, which a canonical one is read from, leave open.
    fn readings(&mut self, spot: Spot, kind: ColumnKind, projection: &Projection, look: &Look, header: &str) {
        let example = look.values(header).next().unwrap_or_default();
        match reading_of(kind, look, header) {
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
            Reading::AsIs | Reading::Written('.')
                if kind == ColumnKind::Money && !look.typed && may_be_thousands(look, header) =>
            {
                let example = look.values(header).find(|value| value.contains('.')).unwrap_or(example);
                let message = format!(
                    "the points in \"{header}\" may be of thousands, as in \"{example}\"; they are read as decimal points"
                );
                self.add(spot, message);
            }
            _ => {}
        }
    }

    /// Contacts know only their first and last touches.
    fn milestones_only(&mut self) {
        let branches = self.branches(Table::Touchpoints);
        if branches.first().is_some_and(|branch| branch.system == "HubSpot" && branch.object == "contacts") {
            let message = "no file lists touches; a contact's first visit, first and latest form stand for them";
            self.add(Spot::Path(Table::Touchpoints), message.to_owned());
        }
    }

    /// Which touches can earn credit: those with a response, or where nobody responded all of marketing's.
    fn eligible(&mut self) -> String {
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

    /// Identifiers that another table should know, and none of which it does.
    fn strangers(&mut self) {
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

    /// What the stages mean, where no column says what is won.
    fn stages(&mut self, words: &Stages) -> Option<StageMeanings> {
        let branch = self.branches(Table::Opportunities).first()?;
        if branch.select.projection("is_won").is_some() {
            return None;
        }
        let look = &self.looks[branch.look];
        let is_constant = branch.select.projection("stage").is_none_or(|projection| projection.headers.is_empty());
        if is_constant {
            return None;
        }
        let mut meanings = StageMeanings { won: Vec::new(), lost: Vec::new(), neither: Vec::new() };
        let stages: BTreeSet<&str> = self.values(Table::Opportunities, "stage").into_iter().collect();
        for stage in stages {
            let bare = plain(stage.split(" (").next().unwrap_or_default());
            let is_one_of = |words: &[String]| words.iter().any(|word| plain(word) == bare);
            let meaning = match (is_one_of(&words.won), is_one_of(&words.lost)) {
                (true, _) => &mut meanings.won,
                (_, true) => &mut meanings.lost,
                _ => &mut meanings.neither,
            };
            meaning.push(stage.to_owned());
        }
        let doubtful: Vec<&str> =
            meanings.neither.iter().map(String::as_str).filter(|stage| words.speak_in(stage)).collect();
        if meanings.won.is_empty() {
            let all: Vec<&str> = meanings.lost.iter().chain(&meanings.neither).map(String::as_str).collect();
            let message = format!("which stage of {} means won? It has {}", look.path, some_of(&all));
            self.add(Spot::Won, message);
        } else if !doubtful.is_empty() {
            let message = format!("stages that may mean won or lost are in neither list: {}", some_of(&doubtful));
            self.add(Spot::Won, message);
        }
        Some(meanings)
    }

    /// The currency that the rows name, or else that beside their amounts.
    fn currency(&mut self) -> String {
        let tables = [Table::Opportunities, Table::Deals, Table::Spend, Table::Campaigns];
        let named: Vec<String> =
            tables.iter().flat_map(|table| self.values(*table, "currency")).map(str::to_uppercase).collect();
        let codes: BTreeSet<&String> = named.iter().collect();
        let most = codes.iter().max_by_key(|code| named.iter().filter(|name| name == *code).count());
        match (most, codes.len()) {
            (Some(only), 1) => only.to_string(),
            (Some(most), _) => {
                let all: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
                let message =
                    format!("amounts are in {}; a run takes one currency: convert the others", all.join(", "));
                self.add(Spot::Currency, message);
                most.to_string()
            }
            (None, _) => self.written_currency(),
        }
    }

    /// The currency beside the amounts. A dollar sign may be another country's.
    fn written_currency(&mut self) -> String {
        let tables = [Table::Opportunities, Table::Deals, Table::Spend];
        let amounts: Vec<&str> = tables.iter().flat_map(|table| self.values(*table, "amount")).collect();
        let written = reading::written_currencies(&amounts);
        let codes = written.iter().filter(|(word, _)| reading::is_code(word));
        let most = codes.max_by_key(|(code, count)| (**count, Reverse(*code)));
        let code = most.map_or("USD", |(code, _)| code).to_owned();
        let words: Vec<&str> = written.keys().map(String::as_str).collect();
        match words.as_slice() {
            [] => self.add(Spot::Currency, "no row names its currency; US dollars are assumed".to_owned()),
            ["USD"] if amounts.iter().any(|amount| amount.contains('$')) => {
                self.add(Spot::Currency, "amounts bear a dollar sign; US dollars are assumed".to_owned());
            }
            [only] if *only == code => {}
            [only] => {
                let message =
                    format!("amounts bear {only}, which may be several currencies'; name theirs instead of {code}");
                self.add(Spot::Currency, message);
            }
            several => {
                let all = several.join(", ");
                let message = format!(
                    "amounts are written in {all}; {code} is assumed: a run takes one currency, so convert the others"
                );
                self.add(Spot::Currency, message);
            }
        }
        code
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
