//! Tables for people: no lines, numbers to the right.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Table, presets};

/// A table without lines that never wraps.
pub(super) fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// A table without lines that wraps its cells where the terminal is too narrow.
pub(super) fn wrapping() -> Table {
    let mut table = plain();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// A cell with a number.
pub(super) fn right(text: impl Into<String>) -> Cell {
    Cell::new(text.into()).set_alignment(CellAlignment::Right)
}

/// Columns of the terminal; none where the output goes elsewhere.
pub(super) fn terminal_width() -> Option<usize> {
    Table::new().width().map(usize::from)
}

/// Columns that a table takes.
pub(super) fn width_of(table: &Table) -> usize {
    table.trim_fmt().lines().map(|line| line.chars().count()).max().unwrap_or_default()
}
