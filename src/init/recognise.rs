//! Which file gives which table: every file is held against everything known, and the best fits are taken first.

mod fit;

use super::kinds::{Fill, Kind, Knowledge};
use super::look::{Look, are_alike};
use super::name::speaks_of;
use super::reading::of_column;
use super::select::{Select, quoted};
use crate::config::file::Table;
use crate::engine::contract::{self, Column, ColumnKind};
use fit::{Fit, chosen_columns, fit_of_kind, plain_select, select_of_columns};
use std::collections::{BTreeMap, BTreeSet};

/// A table and where its rows come from.
#[derive(Debug, Default)]
pub(super) struct Filled {
    /// SELECTs whose rows together are the table.
    pub(super) branches: Vec<Branch>,
    /// SELECTs that somebody may want to add.
    pub(super) offers: Vec<Branch>,
    /// Further files that look like this table and whose names say so too, and further columns of such files.
    pub(super) rivals: Vec<String>,
    /// Further files with the columns of one that is read.
    pub(super) alike: Vec<usize>,
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

impl Branch {
    /// A file of a known kind.
    fn of(look: usize, kind: &Kind, select: Select) -> Self {
        Self { look, system: kind.system.clone(), object: kind.object.clone(), select }
    }
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
    // Of equal files the one with the shorter name is no copy.
    let place = |candidate: &Candidate<'_>| (looks[candidate.look].path.len(), candidate.look);
    candidates.sort_by(|a, b| b.fit.score.total_cmp(&a.fit.score).then_with(|| place(a).cmp(&place(b))));
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
    let mut read = filled.branches.iter().map(|branch| &looks[branch.look]);
    if let Some(twin) = read.find(|read| are_alike(read, &looks[position])) {
        filled.alike.push(position);
        return Some(format!("has the same columns as {}", twin.path));
    }
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
        recognised.tables.entry(table).or_default().branches.push(Branch::of(look, kind, select));
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
            if fill.fallback && complete && has_rows() {
                if !given.contains(&fill.table) {
                    add(recognised, fill.table, *look, kind, Some(select));
                } else if let (Table::Spend, Some(filled)) = (fill.table, recognised.tables.get_mut(&fill.table)) {
                    let headers = select.projection("amount").into_iter().flat_map(|amount| &amount.headers);
                    filled.rivals.extend(headers.map(|header| format!("\"{header}\" of {}", looks[*look].path)));
                }
            } else if let (true, true, Some(filled)) = (fill.offer, complete, recognised.tables.get_mut(&fill.table)) {
                filled.offers.push(Branch::of(*look, kind, select));
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
        let Some(&Column { kind, .. }) = contract::column(table, &projection.name) else { continue };
        if let Some(header) = projection.plain_header() {
            projection.expr = of_column(kind, look, header).expr(header);
        } else if kind != ColumnKind::Flag && projection.expr.starts_with("coalesce(") {
            for header in &projection.headers {
                let read = of_column(kind, look, header).expr(header);
                projection.expr = projection.expr.replace(&quoted(header), &read);
            }
        }
    }
    select
}

/// Required columns that a SELECT does not give.
pub(super) fn lacking(table: Table, select: &Select) -> Vec<String> {
    let gives = |name: &str| select.projection(name).is_some();
    let required = contract::required_columns(table);
    let mut lacking: Vec<String> = required.filter(|name| !gives(name)).map(str::to_owned).collect();
    for choice in contract::alternatives(table) {
        if !choice.iter().any(|set| set.iter().all(|name| gives(name))) {
            lacking.push(either(choice));
        }
    }
    lacking
}

/// Columns of which one set suffices, in words.
fn either(choice: &[&[&str]]) -> String {
    choice.iter().map(|set| set.join(" and ")).collect::<Vec<_>>().join(" or ")
}

fn has_required(table: Table, select: &Select, look: &Look, row: &[String]) -> bool {
    let is_given = |name: &str| {
        let is_constant = select.projection(name).is_some_and(|projection| projection.headers.is_empty());
        is_constant || !select.value(look, row, name).is_empty()
    };
    contract::required_columns(table).all(is_given)
}
