//! `closedloop marts`: the data dictionary, from the column catalogue.

use super::table::{BOLD, plain, print_fitted, sentence};
use crate::mart::catalogue::{self, Mart, SCHEMA_VERSION};
use clap::Args;
use std::io::Write;
use std::process::ExitCode;

/// Arguments of `marts`.
#[derive(Debug, Args)]
#[command(after_help = "Example: closedloop marts campaign_roi")]
pub(super) struct MartsArgs {
    /// Describe the columns of this mart
    name: Option<String>,
    /// Print the whole dictionary as Markdown
    #[arg(long, conflicts_with = "name")]
    markdown: bool,
}

impl MartsArgs {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let marts = catalogue::templates();
        let mut out = anstream::stdout();
        if let Some(name) = &self.name {
            let name = catalogue::find(name)?;
            for mart in marts.iter().filter(|mart| mart.name == name) {
                print_mart(&mut out, mart)?;
            }
        } else if self.markdown {
            print_markdown(&mut out, &marts)?;
        } else {
            for mart in &marts {
                writeln!(out, "{}", sentence(&format!("{:<22}{}", mart.name, mart.grain), 22))?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// One mart for people, as wide as the terminal.
fn print_mart(out: &mut impl Write, mart: &Mart) -> std::io::Result<()> {
    let title = sentence(&format!("{}: one row per {}", mart.name, mart.grain), 2);
    writeln!(out, "{BOLD}{}{BOLD:#}{}", mart.name, &title[mart.name.len()..])?;
    let mut table = plain();
    table.set_header(["column", "type", "may be summed", "meaning"]);
    for column in &mart.columns {
        table.add_row([&column.name, column.kind.name(), column.additivity.name(), &column.description]);
    }
    writeln!(out)?;
    print_fitted(out, &table, &[2, 3])
}

/// All marts as one page; `docs/marts.md` is this.
fn print_markdown(out: &mut impl Write, marts: &[Mart]) -> std::io::Result<()> {
    writeln!(out, "{INTRODUCTION}\nSchema version {SCHEMA_VERSION}.\n\n| mart | one row per |\n|---|---|")?;
    for mart in marts {
        writeln!(out, "| [{0}](#{0}) | {1} |", mart.name, mart.grain)?;
    }
    for mart in marts {
        writeln!(out, "\n## {}\n\nOne row per {}.\n", mart.name, mart.grain)?;
        writeln!(out, "| column | type | may be summed | meaning |\n|---|---|---|---|")?;
        for column in &mart.columns {
            let (kind, additivity) = (column.kind.name(), column.additivity.name());
            let meaning = column.description.replace('|', "\\|");
            writeln!(out, "| `{}` | {kind} | {additivity} | {meaning} |", column.name)?;
        }
    }
    Ok(())
}

const INTRODUCTION: &str = "\
# The marts

Every column of every mart. This page is printed by `closedloop marts --markdown`; the same words are in the Parquet
files, as metadata of each column. A mart is a folder of Parquet files. Columns whose name begins with `<model>` are
there once for every model of the run, with `.` in the model's id as `__`.

| type | in Parquet |
|---|---|
| text | string |
| integer | 64-bit integer |
| double | 64-bit float |
| money | DECIMAL(18, digits of the currency's minor unit), in major units, exact |
| date | date |
| instant | timestamp in microseconds, UTC |
| flag | boolean |

| may be summed | |
|---|---|
| additive | over everything |
| within model and basis | over rows of one `model` and one `basis`; columns that begin with `<model>` over all rows |
| never | keys, flags, ratios, ranks and counts that overlap: derive ratios from sums, never average them |
";
