//! Tables and sentences for people: no lines, numbers to the right, as wide as the terminal, and no word broken.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width, presets};
use std::borrow::Cow;
use std::io::Write;
use textwrap::core::display_width;

/// How headings stand out.
pub(super) const BOLD: anstyle::Style = anstyle::Style::new().bold();

/// A table without lines that never wraps.
pub(super) fn plain() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table
}

/// A cell.
pub(super) fn cell(text: impl AsRef<str>) -> Cell {
    Cell::new(printable(text.as_ref()))
}

/// A cell with a number.
pub(super) fn right(text: impl AsRef<str>) -> Cell {
    cell(text).set_alignment(CellAlignment::Right)
}

/// Text as a terminal may have it: nothing in it breaks the line, moves the cursor, colours or rings.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let shown = |letter: char| match letter {
        '\n' | '\r' | '\t' => ' ',
        letter if letter.is_control() => char::REPLACEMENT_CHARACTER,
        letter => letter,
    };
    text.chars().map(shown).collect()
}

/// A header; the names of columns of numbers stand right, as the numbers do.
pub(super) fn header<S: AsRef<str>>(
    names: impl IntoIterator<Item = S>,
    is_number: impl Fn(usize) -> bool,
) -> Vec<Cell> {
    let named = |(column, name): (usize, S)| if is_number(column) { right(name) } else { cell(name) };
    names.into_iter().enumerate().map(named).collect()
}

/// Columns of the terminal; none where the output goes elsewhere.
pub(super) fn terminal_width() -> Option<usize> {
    Table::new().width().map(usize::from)
}

/// Columns that a table takes.
pub(super) fn width_of(table: &Table) -> usize {
    table.trim_fmt().lines().map(display_width).max().unwrap_or_default()
}

/// Prints a table as the terminal allows: as it is; else with the cells of the `wrapping` columns broken at words; else
/// closed up as well; else every row as one value a line.
pub(super) fn print_fitted(out: &mut (impl Write + ?Sized), table: &Table, wrapping: &[usize]) -> std::io::Result<()> {
    let Some(width) = terminal_width() else { return writeln!(out, "{}", table.trim_fmt()) };
    match fitted(table.clone(), wrapping, width) {
        Some(table) => writeln!(out, "{}", table.trim_fmt()),
        None => print_records(out, table),
    }
}

/// The table in a width; none if it does not fit.
pub(super) fn fitted(mut table: Table, wrapping: &[usize], width: usize) -> Option<Table> {
    let content: Vec<usize> = table.column_max_content_widths().into_iter().map(usize::from).collect();
    // A blank on either side of a cell, then one behind it; what ends a line is trimmed.
    for (blanks, padding) in [(2 * content.len(), (1, 1)), (content.len(), (0, 1))] {
        let room = (width + 1).checked_sub(blanks)?;
        let Some(columns) = shrunk(&table, &content, wrapping, room) else { continue };
        table.set_content_arrangement(ContentArrangement::Dynamic);
        for (column, content) in table.column_iter_mut().zip(columns) {
            let whole = u16::try_from(content).unwrap_or(u16::MAX).saturating_add(padding.0 + padding.1);
            column.set_padding(padding).set_constraint(ColumnConstraint::Absolute(Width::Fixed(whole)));
        }
        table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        return Some(table);
    }
    None
}

/// The widths of the columns in so much room, the widest of the `wrapping` ones taken in first, none below its longest word.
fn shrunk(table: &Table, content: &[usize], wrapping: &[usize], room: usize) -> Option<Vec<usize>> {
    let mut widths = content.to_vec();
    let least: Vec<usize> = (0..content.len()).map(|column| longest_word(table, column)).collect();
    while widths.iter().sum::<usize>() > room {
        let can_give = wrapping.iter().copied().filter(|&column| widths[column] > least[column]);
        let widest = can_give.max_by_key(|&column| widths[column])?;
        widths[widest] -= 1;
    }
    Some(widths)
}

fn longest_word(table: &Table, column: usize) -> usize {
    let cells = table.header().into_iter().chain(table.row_iter()).filter_map(|row| row.cell_iter().nth(column));
    let longest = |cell: &Cell| cell.content().split_whitespace().map(display_width).max();
    cells.filter_map(longest).max().unwrap_or_default()
}

/// Row after row, one value a line.
fn print_records(out: &mut (impl Write + ?Sized), table: &Table) -> std::io::Result<()> {
    let texts = |row: &Row| row.cell_iter().map(Cell::content).collect::<Vec<_>>();
    let names = table.header().map(texts).unwrap_or_default();
    let width = names.iter().map(|name| display_width(name)).max().unwrap_or_default();
    for (number, row) in table.row_iter().enumerate() {
        let blank = if number > 0 { "\n" } else { "" };
        writeln!(out, "{blank}{BOLD}row {}{BOLD:#}", number + 1)?;
        for (name, text) in names.iter().zip(texts(row)) {
            writeln!(out, "{}", format!("  {}  {text}", padded(name, width)).trim_end())?;
        }
    }
    Ok(())
}

/// What is shown of the end of a name that is too long.
const NAME_END: usize = 8;

/// A name, short enough for a width. Both ends stay: names of one kind often differ at the end.
pub(super) fn clip(name: &str, width: usize) -> String {
    let name = printable(name);
    if display_width(&name) <= width {
        return name.into_owned();
    }
    let start = fitting(name.chars(), width.saturating_sub(NAME_END + 1));
    let end = fitting(name.chars().rev(), NAME_END.min(width));
    start.into_iter().chain(['…']).chain(end.into_iter().rev()).collect()
}

/// As many letters as a width holds.
fn fitting(letters: impl Iterator<Item = char>, width: usize) -> Vec<char> {
    let mut taken = 0;
    let fits = |letter: &char| {
        taken += display_width(letter.encode_utf8(&mut [0; 4]));
        taken <= width
    };
    letters.take_while(fits).collect()
}

/// Text with blanks behind it up to a width.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(display_width(text))))
}

/// A sentence that breaks at words where the terminal ends; its further lines are indented.
pub(super) fn sentence(text: &str, indent: usize) -> String {
    let text = printable(text);
    match terminal_width() {
        Some(width) => broken(&text, indent, width),
        None => text.into_owned(),
    }
}

fn broken(text: &str, indent: usize, width: usize) -> String {
    let indent = " ".repeat(indent);
    let options = textwrap::Options::new(width)
        .subsequent_indent(&indent)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options)
}

/// Prints what a reader of the numbers should know, where there is something.
pub(super) fn print_notes(out: &mut impl Write, notes: &[String]) -> std::io::Result<()> {
    if !notes.is_empty() {
        writeln!(out)?;
    }
    for note in notes {
        writeln!(out, "{}", sentence(&format!("note: {note}"), 6))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Columns of 4, 11 and 27 characters; the longest word of the last has 11.
    fn table() -> Table {
        let mut table = plain();
        table.set_header(["deal", "a name", "status"]);
        table.add_row(["D-01", "some campai", "first, opportunity creation"]);
        table
    }

    #[test]
    fn a_table_gives_way_step_by_step_and_breaks_no_word() {
        let whole = width_of(&table());
        assert_eq!(whole, 1 + 4 + 2 + 11 + 2 + 27);
        let shown = |width| fitted(table(), &[2], width).map(|table| table.trim_fmt());
        assert_eq!(shown(whole).unwrap().lines().count(), 2);
        for width in (28..whole).rev() {
            let text = shown(width).unwrap();
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}:\n{text}");
            for word in ["D-01", "some campai", "first,", "opportunity", "creation"] {
                assert!(text.contains(word), "{width}:\n{text}");
            }
        }
        // 4 + 11 + 11 and a blank between each two.
        assert!(shown(28).is_some() && shown(27).is_none());
    }

    #[test]
    fn rows_that_fit_no_other_way_are_told_value_by_value() {
        let mut out = Vec::new();
        print_records(&mut out, &table()).unwrap();
        let text = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
        assert_eq!(text, "row 1\n  deal    D-01\n  a name  some campai\n  status  first, opportunity creation\n");
    }

    #[test]
    fn a_long_name_keeps_both_ends() {
        let long = format!("{} FY26", "ä".repeat(28));
        assert_eq!(clip(&long, 28).chars().count(), 28);
        assert!(clip(&long, 28).ends_with("…äää FY26"), "{}", clip(&long, 28));
        assert_eq!(clip(&"ä".repeat(28), 28), "ä".repeat(28));
    }

    /// A Chinese letter takes two columns of a terminal, an accent on its own none.
    #[test]
    fn names_are_as_wide_as_a_terminal_shows_them() {
        assert_eq!(clip(&"展".repeat(14), 28), "展".repeat(14));
        assert_eq!(clip(&"展".repeat(15), 28), format!("{}…{}", "展".repeat(9), "展".repeat(4)));
        let accents = "e\u{301}".repeat(28);
        assert_eq!(clip(&accents, 28), accents);
        assert_eq!(padded("展覽", 6), "展覽  ");
    }

    #[test]
    fn what_moves_a_terminal_is_not_shown() {
        assert_eq!(printable("line one\nline two\t\u{1b}[31mred\u{7}"), "line one line two \u{fffd}[31mred\u{fffd}");
        assert_eq!(cell("a\nb").content(), "a b");
    }

    #[test]
    fn a_sentence_breaks_at_blanks_only() {
        assert_eq!(broken("note: a non-renewal is seen", 6, 16), "note: a\n      non-renewal\n      is seen");
    }
}
