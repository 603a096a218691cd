//! Which file gives which table: every file is held against everything known, and the best fits are taken first.

use super::kinds::{Fill, Kind, Knowledge, Plain};
use super::look::Look;
use super::name::{find_header, plain, speaks_of};
use super::reading::{self, Reading};
use super::select::{Projection, Select, quoted};
use crate::config::file::Table;
use crate::engine::contract::{self, ColumnKind};
use std::collections::{BTreeMap, BTreeSet};

/// A table and where its rows come from.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// SELECTs whose rows together are the table.
    pub(super) branches: Vec<Branch>,
    /// SELECTs that somebody may want to add.
    pub(super) offers: Vec<Branch>,
    /// Further files that look like this table and whose names say so too.
    pub(super) rivals: Vec<String>,
}

/// One file read by one SELECT.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) look: usize,
    /// Empty for a file of no known system.
    pub(super) system: String,
    pub(super) object: String,
    pub(super) select: Select,
}

/// What the files are.
#[derive(Debug, Default)]
pub(super) struct Recognised {
    pub(super) tables: BTreeMap<Table, Filled>,
    /// Files that give no table, and why.
    pub(super) unused: Vec<(usize, String)>,
}

/// A file as something it could be.
struct Candidate<'a> {
    look: usize,
    fit: Fit,
    guess: Guess<'a>,
}

/// How well a file fits what it could be.
struct Fit {
    score: f64,
    /// Whether the file's name says so.
    named: bool,
}

enum Guess<'a> {
    Kind(usize, &'a Kind),
    Plain(Table, Select),
}

/// Says what each file is.
pub(super) fn recognise(knowledge: &Knowledge, looks: &[Look]) -> Recognised {
    let mut recognised = Recognised::default();
    let mut found: BTreeMap<usize, (usize, &Kind)> = BTreeMap::new();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    // What a file would be, were another not better at it.
    let mut second: BTreeMap<usize, (Table, bool)> = BTreeMap::new();
    for Candidate { look, fit, guess } in candidates(knowledge, looks) {
        if used.contains(&look) {
            continue;
        }
        match guess {
            Guess::Kind(number, kind) if !found.contains_key(&number) && has_place(&recognised, kind) => {
                used.insert(look);
                found.insert(number, (look, kind));
                for fill in kind.fills.iter().filter(|fill| !fill.fallback && !fill.offer) {
                    add(&mut recognised, fill.table, look, kind, select_of(fill, &looks[look]));
                }
            }
            Guess::Kind(_, kind) => {
                if let Some(fill) = kind.fills.first() {
                    second.entry(look).or_insert((fill.table, fit.named));
                }
            }
            Guess::Plain(table, select) if !recognised.tables.contains_key(&table) => {
                used.insert(look);
                let (system, object) = (String::new(), table.name().to_owned());
                let branches = vec![Branch { look, system, object, select }];
                recognised.tables.insert(table, Filled { branches, ..Filled::default() });
            }
            Guess::Plain(table, _) => drop(second.entry(look).or_insert((table, fit.named))),
        }
    }
    add_derived(&mut recognised, looks, &found);
    for position in (0..looks.len()).filter(|position| !used.contains(position)) {
        let why = rivalled(&mut recognised, looks, position, second.get(&position).copied())
            .unwrap_or_else(|| why_no_table(knowledge, &looks[position]));
        recognised.unused.push((position, why));
    }
    for (look, kind) in found.values() {
        let said = said_of_kind(&recognised, kind).map(|why| (*look, why));
        recognised.unused.extend(said);
    }
    recognised
}

/// Everything that each file could be, the best first.
fn candidates<'a>(knowledge: &'a Knowledge, looks: &[Look]) -> Vec<Candidate<'a>> {
    let mut candidates: Vec<Candidate<'_>> = Vec::new();
    for (position, look) in looks.iter().enumerate() {
        let kinds = knowledge.kinds.iter().enumerate().filter_map(|(number, kind)| {
            let fit = fit_of_kind(kind, look)?;
            Some(Candidate { look: position, fit, guess: Guess::Kind(number, kind) })
        });
        let speaks = knowledge.plain.iter().any(|plain| speaks_of(&look.path, &plain.files));
        let plain = knowledge.plain.iter().filter_map(|plain| {
            let (select, fit) = plain_select(plain, look)?;
            // A file whose name says what it is, is nothing else.
            if speaks && !fit.named {
                return None;
            }
            Some(Candidate { look: position, fit, guess: Guess::Plain(plain.table, select) })
        });
        candidates.extend(kinds.chain(plain));
    }
    candidates.sort_by(|a, b| b.fit.score.total_cmp(&a.fit.score).then(a.look.cmp(&b.look)));
    candidates
}

/// Why a file is unused that would be a table, were another not better at it; where its name says so too it is a rival.
fn rivalled(
    recognised: &mut Recognised,
    looks: &[Look],
    position: usize,
    second: Option<(Table, bool)>,
) -> Option<String> {
    let (table, named) = second?;
    let filled = recognised.tables.get_mut(&table).filter(|filled| !filled.branches.is_empty())?;
    if named {
        filled.rivals.push(looks[position].path.clone());
    }
    Some(format!("also looks like {}; {} fits better", table.name(), looks[filled.branches[0].look].path))
}

/// What is to be said of a known object beside the tables that it gives.
fn said_of_kind(recognised: &Recognised, kind: &Kind) -> Option<String> {
    let offered = kind.fills.iter().find(|fill| fill.offer).map(|fill| {
        let given = recognised.tables.contains_key(&fill.table);
        let fate = if given { "offered as a comment under" } else { "offered only beside other" };
        format!("{fate} {}", fill.table.name())
    });
    let said = offered.or_else(|| kind.note.clone())?;
    Some(format!("{} {}: {said}", kind.system, kind.object))
}

/// What a file lacks for the table that its name speaks of.
fn why_no_table(knowledge: &Knowledge, look: &Look) -> String {
    let named = knowledge.plain.iter().find(|plain| speaks_of(&look.path, &plain.files));
    let Some(known) = named else { return "fits no table".to_owned() };
    let lacking = lacking(known.table, &select_of_columns(known, &chosen_columns(known, look)).0);
    match lacking.as_slice() {
        [] => "fits no table".to_owned(),
        _ => format!("is named like {}, but has no column for {}", known.table.name(), lacking.join(", ")),
    }
}

/// Whether no other system gives the tables that a kind gives.
fn has_place(recognised: &Recognised, kind: &Kind) -> bool {
    kind.fills.iter().filter(|fill| !fill.fallback && !fill.offer).all(|fill| {
        let branches = recognised.tables.get(&fill.table).map(|filled| &filled.branches);
        branches.is_none_or(|branches| branches.iter().all(|branch| branch.system == kind.system))
    })
}

fn add(recognised: &mut Recognised, table: Table, look: usize, kind: &Kind, select: Option<Select>) {
    if let Some(select) = select {
        let branch = Branch { look, system: kind.system.clone(), object: kind.object.clone(), select };
        recognised.tables.entry(table).or_default().branches.push(branch);
    }
}

/// What is made of files that already give another table: fallbacks where nothing else does, and offers.
fn add_derived(recognised: &mut Recognised, looks: &[Look], found: &BTreeMap<usize, (usize, &Kind)>) {
    // Contact before Lead, as in the list of kinds.
    for filled in recognised.tables.values_mut() {
        let place = |branch: &Branch| found.values().position(|(look, _)| *look == branch.look);
        filled.branches.sort_by_key(place);
    }
    let given: BTreeSet<Table> = recognised.tables.keys().copied().collect();
    for (look, kind) in found.values() {
        for fill in &kind.fills {
            let Some(select) = select_of(fill, &looks[*look]) else { continue };
            let complete = lacking(fill.table, &select).is_empty();
            let has_rows = || looks[*look].rows.iter().any(|row| has_required(fill.table, &select, &looks[*look], row));
            if fill.fallback && !given.contains(&fill.table) && complete && has_rows() {
                add(recognised, fill.table, *look, kind, Some(select));
            } else if let (true, true, Some(filled)) = (fill.offer, complete, recognised.tables.get_mut(&fill.table)) {
                let (system, object) = (kind.system.clone(), kind.object.clone());
                filled.offers.push(Branch { look: *look, system, object, select });
            }
        }
    }
}

/// The SELECT of a fill over a file's own columns.
fn select_of(fill: &Fill, look: &Look) -> Option<Select> {
    Some(turned(fill.table, fill.select()?.over(look), look))
}

/// A SELECT whose columns are turned into what the engine reads, alone or where the first given of some counts.
fn turned(table: Table, mut select: Select, look: &Look) -> Select {
    for projection in &mut select.projections {
        let kind =
            contract::columns(table).iter().find(|column| column.name == projection.name).map(|column| column.kind);
        let Some(kind) = kind else { continue };
        if let Some(header) = projection.plain_header() {
            projection.expr = reading_of(kind, look, header).expr(header);
        } else if kind != ColumnKind::Flag && projection.expr.starts_with("coalesce(") {
            for header in &projection.headers {
                let read = reading_of(kind, look, header).expr(header);
                projection.expr = projection.expr.replace(&quoted(header), &read);
            }
        }
    }
    select
}

/// Required columns that a SELECT does not give.
fn lacking(table: Table, select: &Select) -> Vec<&'static str> {
    let gives = |name: &str| select.projection(name).is_some();
    let required = contract::columns(table).iter().filter(|column| column.required).map(|column| column.name);
    let mut lacking: Vec<&'static str> = required.filter(|name| !gives(name)).collect();
    for choice in contract::alternatives(table) {
        if !choice.iter().any(|set| set.iter().all(|name| gives(name))) {
            lacking.push(choice[0][0]);
        }
    }
    lacking
}

fn has_required(table: Table, select: &Select, look: &Look, row: &[String]) -> bool {
    let required = contract::columns(table).iter().filter(|column| column.required);
    let is_given = |name| {
        let is_constant = select.projection(name).is_some_and(|projection| projection.headers.is_empty());
        is_constant || !select.value(look, row, name).is_empty()
    };
    required.into_iter().all(|column| is_given(column.name))
}

/// How well a file fits an object; ids that start right outweigh everything else.
fn fit_of_kind(kind: &Kind, look: &Look) -> Option<Fit> {
    if !kind.must.iter().all(|name| look.headers.contains(name)) {
        return None;
    }
    for fill in kind.fills.iter().filter(|fill| !fill.fallback) {
        if !lacking(fill.table, &fill.select()?.over(look)).is_empty() {
            return None;
        }
    }
    let mut score = 5.0;
    if let Some(prefix) = &kind.prefix {
        let id = find_header(&look.headers, "Id")?;
        let is_id = |value: &str| value.starts_with(prefix.as_str()) && matches!(value.len(), 15 | 18);
        let (right, wrong): (Vec<&str>, Vec<&str>) = look.values(id).partition(|value| is_id(value));
        if wrong.len() > right.len() {
            return None;
        }
        score += if right.is_empty() { 0.0 } else { 100.0 };
    }
    let marks = kind.marks.iter().filter(|mark| find_header(&look.headers, mark).is_some()).count();
    let hint = speaks_of(&look.path, &kind.files);
    let enough = score > 100.0 || marks * 2 > kind.marks.len() || (hint && marks >= 2);
    let score = score + 3.0 * f64::from(u8::from(hint)) + 5.0 * ratio(marks, kind.marks.len());
    enough.then_some(Fit { score, named: hint })
}

/// The SELECT that gives a table from a file of no known system, and how well it fits.
fn plain_select(known: &Plain, look: &Look) -> Option<(Select, Fit)> {
    let hint = speaks_of(&look.path, &known.files);
    let key = contract::key(known.table);
    let chosen = chosen_columns(known, look);
    let is_unique = |header: &&String| {
        let (mut seen, mut all) = (BTreeSet::new(), 0_usize);
        look.values(header).for_each(|value| {
            seen.insert(value);
            all += 1;
        });
        seen.len() * 100 >= all * 95
    };
    // Repeats are set aside; a file that is named and headed as the table needs none of this proof.
    let is_said = |header: &String| hint && key.is_some_and(|key| plain(header) == plain(key));
    if key.and_then(|key| chosen.get(key)).is_some_and(|header| !is_said(header) && !is_unique(header)) {
        return None;
    }
    let (select, made_up) = select_of_columns(known, &chosen);
    let select = turned(known.table, select, look);
    let named = key.is_none_or(|key| chosen.get(key).is_some_and(|header| plain(header) != "id"));
    // One column alone says nothing of a file that is not named like the table.
    let is_likely = hint || named && made_up == 0 && chosen.len() > 1;
    if !is_likely || !lacking(known.table, &select).is_empty() {
        return None;
    }
    // A table of few columns must not win over one that uses more of the file.
    let score = 3.0 * f64::from(u8::from(hint))
        + 3.0 * ratio(chosen.len(), look.headers.len().max(1))
        + 2.0 * ratio(chosen.len(), contract::columns(known.table).len())
        - 2.0 * ratio(made_up, 1);
    Some((select, Fit { score, named: hint }))
}

/// The columns of a file of no known system that a table would be read from.
fn chosen_columns<'a>(known: &Plain, look: &'a Look) -> BTreeMap<&'static str, &'a String> {
    let hint = speaks_of(&look.path, &known.files);
    let columns = contract::columns(known.table);
    let exact = |name: &str| look.headers.iter().find(|header| plain(header) == plain(name));
    let mut chosen: BTreeMap<&'static str, &String> =
        columns.iter().filter_map(|column| Some((column.name, exact(column.name)?))).collect();
    for column in columns {
        if chosen.contains_key(column.name) {
            continue;
        }
        let mut names: Vec<&str> = known.columns.get(column.name).into_iter().flatten().map(String::as_str).collect();
        if hint && contract::key(known.table) == Some(column.name) {
            names.push("id");
        }
        let is_free = |header: &&String| !chosen.values().any(|taken| taken == header);
        let free: Vec<&String> =
            names.iter().filter_map(|name| find_header(&look.headers, name)).filter(is_free).collect();
        // What cannot be read is asked about where the file is known to be this table.
        let fitting =
            free.iter().find(|header| fits(column.kind, look, header)).or_else(|| free.first().filter(|_| hint));
        if let Some(&header) = fitting {
            chosen.insert(column.name, header);
        }
    }
    chosen
}

/// The SELECT of a table from chosen columns, and how many of its own it makes up.
fn select_of_columns(known: &Plain, chosen: &BTreeMap<&'static str, &String>) -> (Select, usize) {
    let columns = contract::columns(known.table);
    let mut projections: Vec<Projection> = Vec::new();
    let mut made_up = 0_usize;
    for column in columns {
        let expr = match (chosen.get(column.name), known.instead.get(column.name)) {
            (Some(header), _) => quoted(header),
            (None, Some(other)) => {
                let expr = match chosen.get(other.as_str()) {
                    Some(header) => quoted(header),
                    None if columns.iter().any(|column| column.name == other) => continue,
                    None => other.clone(),
                };
                made_up += 1;
                expr
            }
            (None, None) => continue,
        };
        projections.push(Projection::new(column.name, expr));
    }
    (Select { about: String::new(), projections, filter: None }, made_up)
}

/// Whether the values of a column could be what is wanted.
fn fits(kind: ColumnKind, look: &Look, header: &str) -> bool {
    reading_of(kind, look, header) != Reading::Unreadable
}

/// How a column reads as a kind of value.
pub(super) fn reading_of(kind: ColumnKind, look: &Look, header: &str) -> Reading {
    reading::of(kind, &look.values(header).collect::<Vec<_>>())
}

#[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
