//! The text of a configuration, with a mark before every line that the files did not decide.

use super::doubts::{Doubt, Settings, Spot, StageMeanings, some_of};
use super::look::Look;
use super::name::plain;
use super::recognise::{Branch, Filled, Recognised};
use super::select::{Projection, Select};
use crate::config::file::Table;
use crate::config::plan::{CsvLayout, delimiter_of};
use crate::engine::contract;
use std::path::Path;

/// A configuration and the lines in it that somebody may have to edit.
#[derive(Debug)]
pub(super) struct Composed {
    pub(super) text: String,
    /// Line, from 1, and what is undecided about it.
    pub(super) undecided: Vec<(usize, String)>,
}

/// Writes the configuration.
pub(super) fn compose(
    recognised: &Recognised,
    looks: &[Look],
    settings: &Settings,
    doubts: &[Doubt],
    folder: &Path,
) -> Composed {
    let mut page = Page { looks, folder, doubts, lines: Vec::new(), undecided: Vec::new() };
    page.line("# Written by `closedloop init`. Run it with `closedloop run` and this file; results go to the folder out beside it.");
    if !doubts.is_empty() {
        page.line("# What the files do not decide is marked DECIDE; the line below each mark is a guess.");
    }
    for table in Table::ALL {
        match recognised.tables.get(&table) {
            Some(filled) => page.table(table, filled),
            None if matches!(table, Table::Touchpoints | Table::Opportunities) => page.missing_table(table),
            None => {}
        }
    }
    page.line("\n[journeys]");
    if recognised.tables.contains_key(&Table::ContactRoles) {
        page.line("# Touches of the whole account; \"contact_roles\" takes those of the contacts with a role.");
    }
    page.line("mapping = \"account\"");
    page.line("# Days before an opportunity's creation in which a touch counts.");
    page.line("lookback_days = 365");
    page.line("# Which touches can earn credit.");
    page.marked(Spot::Eligible, &format!("eligible = {}", toml_text(&settings.eligible)));
    if let Some(StageMeanings { won, lost, neither }) = &settings.stages {
        page.line("\n[stages]");
        if !neither.is_empty() {
            page.line(&format!("# Neither won nor lost: {}", one_line(&some_of(neither))));
        }
        page.marked(Spot::Won, &format!("won = {}", toml_list(won)));
        page.line(&format!("lost = {}", toml_list(lost)));
    }
    page.line("\n[finance]");
    page.marked(Spot::Currency, &format!("currency = {}", toml_text(&settings.currency)));
    page.line(
        "# The part of revenue that is margin, at most 1. It says from which roi on a campaign is worth funding.",
    );
    page.line("margin = 1.0");
    page.line("\n[calendar]");
    page.line("# Quarters are cut, and times without a zone are read, in this zone, as \"Europe/Berlin\".");
    page.line("time_zone = \"UTC\"");
    page.marked(Spot::FiscalYear, "fiscal_year_start = 1");
    Composed { text: page.lines.join("\n") + "\n", undecided: page.undecided }
}

struct Page<'a> {
    looks: &'a [Look],
    /// From the configuration to the folder of the files.
    folder: &'a Path,
    doubts: &'a [Doubt],
    lines: Vec<String>,
    undecided: Vec<(usize, String)>,
}

impl Page<'_> {
    fn line(&mut self, text: &str) {
        self.lines.extend(text.split('\n').map(str::to_owned));
    }

    fn marked(&mut self, spot: Spot, line: &str) {
        self.marked_in("#", spot, line);
    }

    /// A line with the doubts about it before it, as comments of the language that the line is in.
    fn marked_in(&mut self, comment: &str, spot: Spot, line: &str) {
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let doubts: Vec<&str> =
            self.doubts.iter().filter(|doubt| doubt.spot == spot).map(|doubt| doubt.message.as_str()).collect();
        self.lines.extend(doubts.iter().map(|message| format!("{indent}{comment} DECIDE: {}", one_line(message))));
        self.lines.push(line.to_owned());
        let number = self.lines.len();
        self.undecided.extend(doubts.into_iter().map(|message| (number, message.to_owned())));
    }

    fn missing_table(&mut self, table: Table) {
        self.line(&format!("\n[tables.{}]", table.name()));
        self.marked(Spot::Path(table), &format!("path = \"{}.csv\"", table.name()));
    }

    fn path(&self, branch: &Branch) -> String {
        // `$` starts a variable of the environment.
        toml_text(&self.folder.join(&self.looks[branch.look].path).to_string_lossy().replace('$', "$$"))
    }

    fn table(&mut self, table: Table, filled: &Filled) {
        self.line("");
        let mut said: Vec<&str> = Vec::new();
        for branch in &filled.branches {
            let about = branch.select.about.as_str();
            if !about.is_empty() && !said.contains(&about) {
                self.line(&format!("# {about}"));
                said.push(about);
            }
        }
        self.line(&format!("[tables.{}]", table.name()));
        let first = &filled.branches[0];
        let path = self.path(first);
        self.marked(Spot::Path(table), &format!("path = {path}"));
        let look = &self.looks[first.look];
        self.left_out(look);
        for key in layout_keys(look) {
            self.line(&key);
        }
        match filled.branches.as_slice() {
            [only] if is_plain(&only.select) => self.column_map(table, &only.select),
            branches => self.sql(table, branches),
        }
        for offer in &filled.offers {
            self.offer(table, filled, offer);
        }
    }

    /// What stands around the rows of a file, for somebody to see that it is none of them.
    fn left_out(&mut self, look: &Look) {
        let said: Vec<String> =
            look.around.iter().filter(|text| !text.is_empty()).map(|text| format!("{text:?}")).collect();
        if !said.is_empty() {
            self.line(&format!("# No rows of {}: {}", one_line(&look.path), one_line(&some_of(&said))));
        }
    }

    /// Further files as `with` names them.
    fn further(&self, branch: &Branch, first: &Branch) -> String {
        let (path, look, first) = (self.path(branch), &self.looks[branch.look], &self.looks[first.look]);
        // A path alone has the delimiter that the table says.
        let said = Some(first.layout.delimiter).filter(|delimiter| *delimiter != usual_delimiter(first));
        if look.typed || look.layout == CsvLayout::plain(said.unwrap_or_else(|| usual_delimiter(look))) {
            return path;
        }
        let keys: Vec<String> = std::iter::once(format!("path = {path}")).chain(layout_keys(look)).collect();
        format!("{{ {} }}", keys.join(", "))
    }

    /// `columns`, without those whose source column has the canonical name.
    fn column_map(&mut self, table: Table, select: &Select) {
        let is_doubtful = |p: &Projection| {
            self.doubts.iter().any(|doubt| matches!(doubt.spot, Spot::Column(t, name) if t == table && name == p.name))
        };
        let mapped: Vec<(Projection, String)> = select
            .projections
            .iter()
            .filter_map(|projection| Some((projection.clone(), projection.plain_header()?.to_owned())))
            .filter(|(projection, header)| !header.eq_ignore_ascii_case(&projection.name) || is_doubtful(projection))
            .collect();
        if !mapped.is_empty() {
            self.line(&format!("[tables.{}.columns]", table.name()));
        }
        for (projection, header) in mapped {
            let line = format!("{} = {}", projection.name, toml_text(&header));
            self.marked_in("#", column_spot(table, &projection.name), &line);
        }
    }

    fn sql(&mut self, table: Table, branches: &[Branch]) {
        let raw = branches[0].look;
        let mut further: Vec<(String, String)> = Vec::new();
        for branch in branches.iter().filter(|branch| branch.look != raw) {
            self.left_out(&self.looks[branch.look]);
            further.push((plain(&branch.object), self.further(branch, &branches[0])));
        }
        if !further.is_empty() {
            let further: Vec<String> = further.iter().map(|(name, path)| format!("{name} = {path}")).collect();
            self.line(&format!("with = {{ {} }}", further.join(", ")));
        }
        self.line("sql = \"\"\"");
        let names = names(table, branches);
        for (number, branch) in branches.iter().enumerate() {
            if number > 0 {
                self.line("UNION ALL");
            }
            self.line("SELECT");
            for (position, name) in names.iter().enumerate() {
                let comma = if position + 1 < names.len() { "," } else { "" };
                let line = format!("    {} AS {name}{comma}", in_toml_block(branch.select.expr(name)));
                let is_about = |doubt: &&Doubt| doubt.spot == column_spot(table, name);
                let is_first = branches[..number].iter().all(|earlier| earlier.select.projection(name).is_none());
                if self.doubts.iter().any(|doubt| is_about(&doubt)) && is_first {
                    self.marked_in("--", column_spot(table, name), &line);
                } else {
                    self.line(&line);
                }
            }
            let from = if branch.look == raw { "raw".to_owned() } else { plain(&branch.object) };
            self.line(&format!("FROM {from}"));
            if let Some(filter) = &branch.select.filter {
                self.line(&format!("WHERE {}", in_toml_block(filter)));
            }
        }
        self.line("\"\"\"");
    }

    /// A further SELECT as a comment.
    fn offer(&mut self, table: Table, filled: &Filled, offer: &Branch) {
        let name = plain(&offer.object);
        let path = self.further(offer, &filled.branches[0]);
        let about = &offer.select.about;
        self.line(&format!("# {about}"));
        self.line(&format!("# To add them, put with = {{ {name} = {path} }} before the sql above, and at its end:"));
        self.line("# UNION ALL");
        let names = names(table, &filled.branches);
        let exprs: Vec<&str> = names.iter().map(|name| offer.select.expr(name)).collect();
        self.line(&format!("# SELECT {}", exprs.join(", ")));
        let filter = offer.select.filter.as_deref().map_or_else(String::new, |filter| format!(" WHERE {filter}"));
        self.line(&format!("# FROM {name}{filter}"));
    }
}

/// The keys that say how a file is laid out, beyond what its name does.
fn layout_keys(look: &Look) -> Vec<String> {
    let CsvLayout { delimiter, encoding, title_lines, footer_lines } = look.layout;
    let delimiter = Some(delimiter).filter(|delimiter| *delimiter != usual_delimiter(look));
    let delimiter = delimiter.map(|byte| format!("delimiter = {}", toml_text(&char::from(byte).to_string())));
    let encoding = encoding.map(|encoding| format!("encoding = {}", toml_text(&encoding.name().to_lowercase())));
    let lines = [("title_lines", title_lines), ("footer_lines", footer_lines)];
    let lines = lines.into_iter().filter(|(_, lines)| *lines > 0).map(|(name, lines)| format!("{name} = {lines}"));
    delimiter.into_iter().chain(encoding).chain(lines).collect()
}

fn usual_delimiter(look: &Look) -> u8 {
    delimiter_of(Path::new(&look.path))
}

/// Whether a column map says all that a SELECT does.
fn is_plain(select: &Select) -> bool {
    select.filter.is_none() && select.projections.iter().all(|projection| projection.plain_header().is_some())
}

/// The columns that any of the SELECTs gives, in the contract's order.
fn names(table: Table, branches: &[Branch]) -> Vec<&'static str> {
    let given = |name: &&str| branches.iter().any(|branch| branch.select.projection(name).is_some());
    contract::columns(table).iter().map(|column| column.name).filter(given).collect()
}

fn column_spot(table: Table, name: &str) -> Spot {
    contract::column(table, name).map_or(Spot::Path(table), |column| Spot::Column(table, column.name))
}

/// A TOML string; its escapes are those of JSON.
fn toml_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn toml_list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| toml_text(word)).collect();
    format!("[{}]", words.join(", "))
}

/// Text within `"""`.
fn in_toml_block(text: &str) -> String {
    text.replace('\\', "\\\\").replace("\"\"\"", "\"\"\\\"")
}

fn one_line(message: &str) -> String {
    // A comment may hold no control characters.
    let printable = message.replace(|c: char| c.is_control() && !c.is_whitespace(), "");
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}
