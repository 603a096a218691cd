//! The closing summary of a run: rows, money, campaigns, remarks, and where the marts are.

use crate::cli::money::{counted, grouped, money, rounded};
use crate::cli::table::{BOLD, clip, padded, print_notes, printable};
use crate::mart::manifest::Manifest;
use crate::pipeline::{Report, StageReport, TopCampaign};
use bytesize::ByteSize;
use std::io::{self, Write};
use std::path::Path;
use textwrap::core::display_width;

/// Prints the summary of a run whose marts are in `folder`; `verbose` with what each stage took.
pub(super) fn print_summary(out: &mut impl Write, report: &Report, folder: &Path, verbose: bool) -> io::Result<()> {
    print_rows(out, &report.manifest)?;
    print_money(out, report)?;
    print_notes(out, &report.manifest.remarks)?;
    if verbose {
        print_stages(out, &report.stages)?;
    }
    print_marts(out, &report.manifest, folder)
}

/// What became of the rows of every table, and the money set aside.
fn print_rows(out: &mut impl Write, manifest: &Manifest) -> io::Result<()> {
    let columns = format!("{:<16}{:>14}{:>14}{:>14}{:>12}", "rows", "read", "used", "out of scope", "set aside");
    writeln!(out, "{BOLD}{columns}{BOLD:#}")?;
    for (table, counts) in &manifest.tables {
        let [read, used, out_of_scope, set_aside] =
            [&counts.read, &counts.used, &counts.out_of_scope, &counts.set_aside].map(|count| grouped(count.rows));
        writeln!(out, "{table:<16}{read:>14}{used:>14}{out_of_scope:>14}{set_aside:>12}")?;
    }
    for (table, counts) in manifest.tables.iter().filter(|(_, counts)| counts.set_aside.amount != 0) {
        let amount = money(counts.set_aside.amount.into(), manifest.minor_digits);
        writeln!(out, "{amount} {} of {table} set aside", manifest.currency)?;
    }
    Ok(())
}

/// Room for the names of buckets and campaigns: enough for buckets, and no more than a narrow terminal has.
const LEAST_NAME_WIDTH: usize = 28;
const MOST_NAME_WIDTH: usize = 48;

/// Booked money and where it went, then the campaigns with the most of it, under the default model.
fn print_money(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let Report { manifest, attributed, residuals, deals, top_campaigns, .. } = report;
    let campaigns: Vec<(String, i64)> =
        top_campaigns.iter().map(|campaign| (shown(campaign), campaign.amount)).collect();
    let longest = campaigns.iter().map(|(name, _)| display_width(name)).max().unwrap_or_default();
    let width = longest.max(LEAST_NAME_WIDTH);
    let line = |name: &str, minor: i64| {
        let (amount, percent) = (money(minor.into(), manifest.minor_digits), percent_of(minor, manifest.booked));
        format!("  {}{amount:>20}{percent:>9}", padded(name, width))
    };
    let deals = counted(*deals, "deal");
    writeln!(out, "\n{BOLD}{deals}, {}, under {}{BOLD:#}", manifest.currency, manifest.default_model)?;
    writeln!(out, "{}", line("booked", manifest.booked))?;
    writeln!(out, "{}", line("attributed", *attributed))?;
    for (bucket, amount) in residuals {
        writeln!(out, "{}", line(bucket, *amount))?;
    }
    if !campaigns.is_empty() {
        writeln!(out, "\n{BOLD}top campaigns, % of booked{BOLD:#}")?;
    }
    for (name, amount) in &campaigns {
        writeln!(out, "{}", line(name, *amount))?;
    }
    Ok(())
}

/// What every stage took.
fn print_stages(out: &mut impl Write, stages: &[StageReport]) -> io::Result<()> {
    let columns = format!("{:<16}{:>14}{:>14}{:>14}{:>14}", "stage", "seconds", "rows", "bytes", "peak memory");
    writeln!(out, "\n{BOLD}{columns}{BOLD:#}")?;
    for stage in stages {
        let size = |bytes: u64| if bytes == 0 { String::new() } else { ByteSize(bytes).to_string() };
        let peak = stage.peak_memory.map(size).unwrap_or_default();
        let (rows, bytes) = (grouped(stage.rows), size(stage.bytes));
        writeln!(out, "{:<16}{:>14.3}{rows:>14}{bytes:>14}{peak:>14}", stage.name, stage.seconds)?;
    }
    Ok(())
}

/// How many rows and marts there are, and where.
fn print_marts(out: &mut impl Write, manifest: &Manifest, folder: &Path) -> io::Result<()> {
    let rows: u64 = manifest.marts.iter().map(|mart| mart.rows).sum();
    let as_of = if manifest.as_of.is_empty() { String::new() } else { format!(", as of {}", manifest.as_of) };
    let marts = counted(manifest.marts.len() as u64, "mart");
    writeln!(out, "\n{} in {marts}{as_of}: {}", counted(rows, "row"), folder.display())
}

/// A campaign and, where there is room, its channel.
fn shown(campaign: &TopCampaign) -> String {
    let whole = printable(&format!("{} ({})", campaign.label, campaign.channel)).into_owned();
    if display_width(&whole) <= MOST_NAME_WIDTH { whole } else { clip(&campaign.label, MOST_NAME_WIDTH) }
}

fn percent_of(part: i64, whole: i64) -> String {
    if whole == 0 {
        return String::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "a percentage to look at")]
    let percent = 100.0 * part as f64 / whole as f64;
    format!("{} %", rounded(percent, 1))
}
