//! How well a file fits an object of a known system, or a table under anybody's names.

use super::{lacking, turned};
use crate::engine::contract;
use crate::init::kinds::{Kind, Plain};
use crate::init::look::Look;
use crate::init::name::{find_header, find_headers, plain, speaks_of};
use crate::init::reading::{Reading, of_column};
use crate::init::select::{Projection, Select, quoted};
use std::collections::{BTreeMap, BTreeSet};

/// How well a file fits what it could be.
pub(super) struct Fit {
    pub(super) score: f64,
    /// Whether the file's name says so.
    pub(super) named: bool,
}

/// How well a file fits an object; ids that start right outweigh everything else.
pub(super) fn fit_of_kind(kind: &Kind, look: &Look) -> Option<Fit> {
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
pub(super) fn plain_select(known: &Plain, look: &Look) -> Option<(Select, Fit)> {
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
pub(super) fn chosen_columns<'a>(known: &Plain, look: &'a Look) -> BTreeMap<&'static str, &'a String> {
    let hint = speaks_of(&look.path, &known.files);
    let columns = contract::columns(known.table);
    let exact = |name: &str| look.headers.iter().find(|header| plain(header) == plain(name));
    let mut chosen: BTreeMap<&'static str, &String> =
        columns.iter().filter_map(|column| Some((column.name, exact(column.name)?))).collect();
    for column in columns {
        if chosen.contains_key(column.name) {
            continue;
        }
        let further = known.columns.get(column.name).into_iter().flatten().map(String::as_str);
        let mut names: Vec<&str> = [column.name].into_iter().chain(further).collect();
        if hint && contract::key(known.table) == Some(column.name) {
            names.push("id");
        }
        let is_free = |header: &&String| !chosen.values().any(|taken| taken == header);
        let free: Vec<&String> = find_headers(&look.headers, &names, column.kind).into_iter().filter(is_free).collect();
        // What cannot be read is asked about where the file is known to be this table.
        let fitting = free
            .iter()
            .find(|header| of_column(column.kind, look, header) != Reading::Unreadable)
            .or_else(|| free.first().filter(|_| hint));
        if let Some(&header) = fitting {
            chosen.insert(column.name, header);
        }
    }
    chosen
}

/// The SELECT of a table from chosen columns, and how many of its own it makes up.
pub(super) fn select_of_columns(known: &Plain, chosen: &BTreeMap<&'static str, &String>) -> (Select, usize) {
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

#[expect(clippy::cast_precision_loss, reason = "a handful of columns")]
fn ratio(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}
