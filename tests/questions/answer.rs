//! Answers as cells: asking DataFusion and DuckDB, and comparing exactly where a cell is exact.

use crate::support::python;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Float64Type, Int64Type};
use closedloop::mart::reading;
use std::path::Path;
use std::process::Command;

/// An answer, row by row.
pub(crate) type Rows = Vec<Vec<Cell>>;

/// One cell of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Text(String),
    Count(i128),
    /// Minor units.
    Money(i128),
    Number(f64),
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// `part ÷ whole`, null where there is no whole.
    pub(super) fn ratio(part: f64, whole: f64) -> Self {
        if whole == 0.0 { Self::Null } else { Self::Number(part / whole) }
    }

    /// Money and text exactly; numbers to twelve digits, since sums of floats depend on their order.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0),
            _ => self == other,
        }
    }
}

#[track_caller]
pub(super) fn assert_same(question: &str, got: &[Vec<Cell>], expected: &[Vec<Cell>]) {
    for (row, (got, expected)) in got.iter().zip(expected).enumerate() {
        let same = got.len() == expected.len() && got.iter().zip(expected).all(|(got, expected)| got.is(expected));
        assert!(same, "{question}, row {row}:\n     got {got:?}\nexpected {expected:?}");
    }
    assert_eq!(got.len(), expected.len(), "{question}: rows");
}

/// DataFusion's answer over the marts of `out`.
pub(crate) fn answer(out: &Path, sql: &str) -> Rows {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let batches = runtime.block_on(async {
        let (_, ctx) = reading::open(out).await.unwrap();
        ctx.sql(sql).await.unwrap().collect().await.unwrap()
    });
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| cells(batch, row))).collect()
}

fn cells(batch: &RecordBatch, row: usize) -> Vec<Cell> {
    let cell = |column: &dyn Array| match column.data_type() {
        _ if column.is_null(row) => Cell::Null,
        DataType::Decimal128(_, 2) => Cell::Money(column.as_primitive::<Decimal128Type>().value(row)),
        DataType::Float64 => Cell::Number(column.as_primitive::<Float64Type>().value(row)),
        DataType::Boolean => Cell::text(if column.as_boolean().value(row) { "true" } else { "false" }),
        kind if kind.is_integer() => {
            Cell::Count(cast(column, &DataType::Int64).unwrap().as_primitive::<Int64Type>().value(row).into())
        }
        DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 => {
            Cell::text(cast(column, &DataType::Utf8).unwrap().as_string::<i32>().value(row))
        }
        kind => panic!("an answer holds {kind}"),
    };
    batch.columns().iter().map(|column| cell(column.as_ref())).collect()
}

/// Rows of cells, each a letter for its kind and its text.
type CellTexts = Vec<Vec<(char, String)>>;

/// DuckDB's answers, or `None` with a word about the skipped test where there is no DuckDB.
pub(super) fn duckdb_answers(
    out: &Path,
    questions: impl Iterator<Item = (&'static str, String)>,
) -> Option<Vec<(String, Rows)>> {
    let python = python("questions::duckdb_gives_the_same_answers")?;
    let questions: Vec<(&str, String)> = questions.collect();
    let questions = serde_json::to_string(&questions).unwrap();
    let asked = Command::new(python).args(["-c", ASK_DUCKDB]).arg(out).arg(questions).output().unwrap();
    assert!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    let answers: Vec<(String, CellTexts)> = serde_json::from_slice(&asked.stdout).unwrap();
    let cell = |(kind, text): (char, String)| match kind {
        'n' => Cell::Null,
        't' => Cell::Text(text),
        'i' => Cell::Count(text.parse().unwrap()),
        'm' => Cell::Money(text.parse().unwrap()),
        _ => Cell::Number(text.parse().unwrap()),
    };
    let rows = |rows: CellTexts| rows.into_iter().map(|row| row.into_iter().map(cell).collect());
    Some(answers.into_iter().map(|(question, answer)| (question, rows(answer).collect())).collect())
}

const ASK_DUCKDB: &str = r#"
import decimal, duckdb, json, pathlib, sys
out, questions = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
db = duckdb.connect()
for mart in out.iterdir():
    if mart.is_dir():
        db.execute(f"CREATE VIEW {mart.name} AS SELECT * FROM read_parquet('{mart}/*.parquet')")
def cell(value):
    if value is None:
        return "n", ""
    if isinstance(value, str):
        return "t", value
    if isinstance(value, int):
        return "i", str(value)
    if isinstance(value, decimal.Decimal):
        assert value.as_tuple().exponent == -2, value
        return "m", str(int(value.scaleb(2)))
    return "f", repr(value)
print(json.dumps([(name, [[cell(v) for v in row] for row in db.sql(sql).fetchall()]) for name, sql in questions]))
"#;
