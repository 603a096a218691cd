//! One SELECT over `raw`, one projection a line, as written in `sql/source/` and in configurations.

use super::look::Look;
use super::name::find_header;

/// A SELECT taken apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Select {
    /// What it reads, in a sentence.
    pub(super) about: String,
    pub(super) projections: Vec<Projection>,
    pub(super) filter: Option<String>,
}

/// `expr AS name`.
#[derive(Debug, Clone)]
pub(super) struct Projection {
    pub(super) name: String,
    pub(super) expr: String,
    /// The source columns in `expr`, in order.
    pub(super) headers: Vec<String>,
}

/// What stands for a column that is not there.
const NOTHING: &str = "CAST(NULL AS VARCHAR)";

impl Projection {
    pub(super) fn new(name: &str, expr: String) -> Self {
        let headers = headers(&expr);
        Self { name: name.to_owned(), expr, headers }
    }

    /// The source column, where the expression is nothing else.
    pub(super) fn plain_header(&self) -> Option<&str> {
        let header = self.headers.first()?;
        (self.expr == quoted(header)).then_some(header)
    }
}

impl Select {
    /// Takes one of our own files apart: comment, SELECT, projections, FROM raw, perhaps WHERE.
    pub(super) fn parse(text: &str) -> Self {
        let mut select = Self::default();
        for line in text.lines().map(str::trim) {
            if let Some(comment) = line.strip_prefix("-- ") {
                let blank = if select.about.is_empty() { "" } else { " " };
                select.about.push_str(&format!("{blank}{comment}"));
            } else if let Some(filter) = line.strip_prefix("WHERE ") {
                select.filter = Some(filter.to_owned());
            } else if let Some((expr, name)) = line.trim_end_matches(',').rsplit_once(" AS ") {
                select.projections.push(Projection::new(name, expr.to_owned()));
            }
        }
        select
    }

    /// The SELECT over a source's own columns. A projection none of whose columns it has is left out.
    pub(super) fn over(&self, look: &Look) -> Self {
        let translated = |text: &str| {
            let mut text = text.to_owned();
            for header in headers(&text) {
                let quoted_header = quoted(&header);
                text = match find_header(&look.headers, &header) {
                    Some(found) => text.replace(&quoted_header, &quoted(found)),
                    None => text
                        .replace(&format!(", {quoted_header}"), "")
                        .replace(&format!("{quoted_header}, "), "")
                        .replace(&quoted_header, NOTHING),
                };
            }
            for header in headers(&text).iter().map(|header| quoted(header)) {
                // Two names may mean one column.
                let twice = format!("{header}, {header}");
                while text.contains(&twice) {
                    text = text.replace(&twice, &header);
                }
                text = text.replace(&format!("coalesce({header})"), &header);
            }
            if look.typed { as_text(text) } else { text }
        };
        let lacks_all = |text: &str| {
            let headers = headers(text);
            !headers.is_empty() && headers.iter().all(|header| find_header(&look.headers, header).is_none())
        };
        let projections = self.projections.iter().filter(|projection| !lacks_all(&projection.expr));
        Self {
            about: self.about.clone(),
            projections: projections.map(|p| Projection::new(&p.name, translated(&p.expr))).collect(),
            filter: self.filter.as_deref().filter(|filter| !lacks_all(filter)).map(translated),
        }
    }

    pub(super) fn projection(&self, name: &str) -> Option<&Projection> {
        self.projections.iter().find(|projection| projection.name == name)
    }

    /// The expression of a canonical column; nothing where there is none.
    pub(super) fn expr(&self, name: &str) -> &str {
        self.projection(name).map_or(NOTHING, |projection| &projection.expr)
    }

    /// What a row has for a canonical column: the first of its source columns that is not blank.
    pub(super) fn value<'a>(&self, look: &'a Look, row: &'a [String], name: &str) -> &'a str {
        let cells = self.projection(name).into_iter().flat_map(|p| &p.headers).map(|header| look.cell(row, header));
        cells.into_iter().find(|cell| !cell.is_empty()).unwrap_or("")
    }
}

/// An expression whose columns are read as text, as its literals are; a column alone keeps its type.
fn as_text(expr: String) -> String {
    let mut text = expr;
    for header in
        headers(&text).iter().map(|header| quoted(header)).filter(|header| *header != text).collect::<Vec<_>>()
    {
        let cast = format!("CAST({header} AS VARCHAR)");
        text = text.replace(&cast, &header).replace(&header, &cast);
    }
    text
}

/// An SQL identifier in quotes.
pub(super) fn quoted(header: &str) -> String {
    format!("\"{}\"", header.replace('"', "\"\""))
}

/// A text in SQL.
pub(super) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The quoted identifiers of an expression, each once.
fn headers(expr: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = expr;
    while let Some((_, opened)) = rest.split_once('"') {
        let mut header = String::new();
        let mut chars = opened.char_indices().peekable();
        let mut end = opened.len();
        while let Some((at, c)) = chars.next() {
            if c != '"' {
                header.push(c);
            } else if chars.next_if(|(_, next)| *next == '"').is_some() {
                header.push('"');
            } else {
                end = at + 1;
                break;
            }
        }
        if !found.contains(&header) {
            found.push(header);
        }
        rest = &opened[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::plan::CsvLayout;

    fn look(headers: &[&str]) -> Look {
        let headers = headers.iter().map(|&name| name.to_owned()).collect();
        Look {
            path: String::new(),
            typed: false,
            layout: CsvLayout::plain(b','),
            around: Vec::new(),
            headers,
            rows: Vec::new(),
            whole: true,
        }
    }

    #[test]
    fn columns_that_are_not_there_leave_no_trace() {
        let text = "-- About it.\nSELECT\n    coalesce(\"A\", \"B\") AS x,\n    \"C\" AS y,\n    lower(\"A\") || \"B\" AS z\nFROM raw\nWHERE \"C\" = 1\n";
        let select = Select::parse(text).over(&look(&["b"]));
        let lines: Vec<String> = select.projections.iter().map(|p| format!("{} AS {}", p.expr, p.name)).collect();
        assert_eq!(lines, ["\"b\" AS x", "lower(CAST(NULL AS VARCHAR)) || \"b\" AS z"]);
        assert_eq!((select.about.as_str(), select.filter), ("About it.", None));
    }

    #[test]
    fn a_column_that_two_names_mean_is_read_once() {
        let text = "SELECT\n    coalesce(\"Ids (Primary)\", \"Ids\", \"Id\") AS x,\n    coalesce(\"Ids\", \"Day\") AS y\nFROM raw\n";
        let select = Select::parse(text).over(&look(&["Ids (Primary)", "Day"]));
        let exprs: Vec<&str> = select.projections.iter().map(|p| p.expr.as_str()).collect();
        assert_eq!(exprs, ["\"Ids (Primary)\"", "coalesce(\"Ids (Primary)\", \"Day\")"]);
    }

    #[test]
    fn a_quote_in_a_header_is_doubled() {
        assert_eq!(headers(&format!("{} || {}", quoted("a\"b"), quoted("c"))), ["a\"b", "c"]);
    }
}
