//! What changed between two runs: against counting deal by deal, over edits whose causes are known.

use crate::support::{closedloop, copy_of, money, project, read_mart, run, texts};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const MODEL: &str = "position_based";
const CAUSES: [&str; 6] = ["added", "gone", "moved", "restated", "reclassified", "credited_anew"];

/// Quarter, campaign, channel, residual; empty where there is none.
type Line = [String; 4];

/// Two runs: the demo company, and the same after corrections and under a shorter window.
struct Runs {
    before: PathBuf,
    after: PathBuf,
    _folder: TempDir,
}

impl Runs {
    fn new() -> Self {
        let folder = copy_of(&project("fixtures/demo"), &[]);
        let config = folder.path().join("closedloop.toml");
        let (before, after) = (folder.path().join("signed"), folder.path().join("out"));
        run(&config, &before, &[]);
        edit(&folder.path().join("deals.csv"), |deals| {
            let added = deals[1].replacen("D-", "D-NEW-", 1);
            set(&mut deals[1], 3, "9940.00");
            set(&mut deals[2], 2, "2025-01-03");
            set(&mut deals[22], 5, "renewal");
            deals.remove(11);
            deals.push(added);
        });
        edit(&folder.path().join("spend.csv"), |spend| set(&mut spend[1], 5, "100.00"));
        edit(&config, |lines| lines.push("[journeys]\nlookback_days = 60".to_owned()));
        run(&config, &after, &[]);
        Self { before, after, _folder: folder }
    }

    /// What a list says, by column, and the exit code.
    fn list(&self, list: &str, flags: &[&str]) -> (Vec<BTreeMap<String, String>>, i32) {
        let mut command = closedloop();
        command.arg("changes").args([&self.before, &self.after]).args(["--model", MODEL, "--format", "csv"]);
        let output = command.args(["--list", list]).args(flags).output().unwrap();
        let rows = csv::Reader::from_reader(&output.stdout[..]).deserialize().collect::<Result<_, _>>().unwrap();
        (rows, output.status.code().unwrap())
    }
}

fn edit(file: &Path, change: impl FnOnce(&mut Vec<String>)) {
    let mut lines: Vec<String> = std::fs::read_to_string(file).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    std::fs::write(file, lines.join("\n")).unwrap();
}

/// Sets a cell of a record without quotes.
fn set(record: &mut String, cell: usize, value: &str) {
    let mut cells: Vec<&str> = record.split(',').collect();
    cells[cell] = value;
    *record = cells.join(",");
}

/// A deal as a run has it.
#[derive(PartialEq, Clone)]
struct Deal {
    quarter: String,
    kind: String,
    amount: i128,
    lines: BTreeMap<Line, i128>,
}

fn deals(out: &Path) -> BTreeMap<String, Deal> {
    let rows = read_mart(out, "journeys");
    let text = |name: &str| texts(&rows, name).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
    let (ids, quarters, kinds, residuals) =
        (text("deal_id"), text("close_quarter"), text("kind"), text(&format!("{MODEL}_residual")));
    let (amounts, left) = (money(&rows, "amount"), money(&rows, &format!("{MODEL}_residual_amount")));
    let mut deals = BTreeMap::new();
    for row in 0..rows.num_rows() {
        let (quarter, kind) = (quarters[row].clone(), kinds[row].clone());
        let mut lines = BTreeMap::new();
        if !residuals[row].is_empty() {
            lines.insert([quarter.clone(), String::new(), String::new(), residuals[row].clone()], left[row]);
        }
        deals.insert(ids[row].clone(), Deal { quarter, kind, amount: amounts[row], lines });
    }
    let rows = read_mart(out, "touch_credits");
    let text = |name: &str| texts(&rows, name).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
    let (ids, campaigns, channels) = (text("deal_id"), text("campaign_id"), text("channel"));
    let amounts = money(&rows, &format!("{MODEL}_amount"));
    for row in 0..rows.num_rows() {
        let deal = deals.get_mut(&ids[row]).unwrap();
        let line = [deal.quarter.clone(), campaigns[row].clone(), channels[row].clone(), String::new()];
        *deal.lines.entry(line).or_default() += amounts[row];
    }
    deals
}

fn spend(out: &Path) -> BTreeMap<Line, i128> {
    let rows = read_mart(out, "campaign_spend");
    let text = |name: &str| texts(&rows, name).into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>();
    let (quarters, campaigns, channels) = (text("fiscal_quarter"), text("campaign_id"), text("channel"));
    let amounts = money(&rows, "spend");
    let line = |row: usize| [quarters[row].clone(), campaigns[row].clone(), channels[row].clone(), String::new()];
    (0..rows.num_rows()).map(|row| (line(row), amounts[row])).collect()
}

fn cause(before: Option<&Deal>, after: Option<&Deal>) -> &'static str {
    match (before, after) {
        (None, _) => "added",
        (_, None) => "gone",
        (Some(before), Some(after)) if before.quarter != after.quarter => "moved",
        (Some(before), Some(after)) if before.amount != after.amount => "restated",
        (Some(before), Some(after)) if before.kind != after.kind => "reclassified",
        _ => "credited_anew",
    }
}

fn minor(cell: &str) -> i128 {
    cell.replace('.', "").parse().unwrap()
}

/// What a line has before and after, and by which cause it changed.
#[derive(Default, PartialEq, Debug)]
struct Told {
    amounts: [i128; 2],
    causes: BTreeMap<&'static str, i128>,
    spend: [i128; 2],
}

#[test]
fn lines_quarters_and_deals_are_what_counting_deal_by_deal_gives() {
    let runs = Runs::new();
    let sides = [deals(&runs.before), deals(&runs.after)];
    let ids: BTreeSet<&String> = sides.iter().flat_map(BTreeMap::keys).collect();
    let mut lines: BTreeMap<Line, Told> = BTreeMap::new();
    let mut moved: BTreeMap<String, (&str, i128)> = BTreeMap::new();
    for id in ids {
        let of_deal = sides.each_ref().map(|side| side.get(id));
        let cause = cause(of_deal[0], of_deal[1]);
        let mut gained: BTreeMap<&Line, i128> = BTreeMap::new();
        for (side, sign) in [(0, -1), (1, 1)] {
            for (line, amount) in of_deal[side].iter().flat_map(|deal| &deal.lines) {
                let told = lines.entry(line.clone()).or_default();
                told.amounts[side] += amount;
                *told.causes.entry(cause).or_default() += sign * amount;
                *gained.entry(line).or_default() += sign * amount;
            }
        }
        let won: i128 = gained.values().filter(|gained| **gained > 0).sum();
        let lost: i128 = gained.values().filter(|gained| **gained < 0).map(|gained| -gained).sum();
        if cause != "credited_anew" || won.max(lost) != 0 {
            moved.insert(id.clone(), (cause, won.max(lost)));
        }
    }
    for (side, out) in [&runs.before, &runs.after].into_iter().enumerate() {
        for (line, amount) in spend(out) {
            lines.entry(line).or_default().spend[side] = amount;
        }
    }
    lines.retain(|_, told| told.causes.values().any(|amount| *amount != 0) || told.spend[0] != told.spend[1]);

    let (rows, code) = runs.list("lines", &[]);
    assert_eq!((rows.len(), code), (lines.len(), 1));
    for row in &rows {
        let line = ["fiscal_quarter", "campaign_id", "channel", "residual"].map(|key| row[key].clone());
        let told = &lines[&line];
        for cause in CAUSES {
            assert_eq!(minor(&row[cause]), told.causes.get(cause).copied().unwrap_or_default(), "{line:?} {cause}");
        }
        let amounts = ["amount_before", "amount_after", "spend_before", "spend_after"].map(|name| minor(&row[name]));
        assert_eq!(amounts, [told.amounts[0], told.amounts[1], told.spend[0], told.spend[1]], "{line:?}");
        let causes: i128 = CAUSES.iter().map(|cause| minor(&row[*cause])).sum();
        assert_eq!(amounts[0] + causes, amounts[1], "{line:?}");
    }
    // The corrections are five, one of each cause; what the window changes is the sixth.
    let seen: BTreeSet<&str> = moved.values().map(|(cause, _)| *cause).collect();
    assert_eq!(seen, BTreeSet::from(CAUSES));

    let (rows, _) = runs.list("deals", &[]);
    let found: BTreeMap<String, (&str, i128)> =
        rows.iter().map(|row| (row["deal_id"].clone(), (row["cause"].as_str(), minor(&row["money_moved"])))).collect();
    assert_eq!((&found, rows.len()), (&moved, moved.len()));

    let (rows, _) = runs.list("quarters", &[]);
    let booked = |side: usize, quarter: &str| -> i128 {
        sides[side].values().filter(|deal| deal.quarter == quarter).map(|deal| deal.amount).sum()
    };
    for row in &rows {
        let quarter = row["fiscal_quarter"].as_str();
        assert_eq!(minor(&row["booked_before"]), booked(0, quarter));
        assert_eq!(minor(&row["booked_after"]), booked(1, quarter));
        let causes: i128 = CAUSES[..4].iter().map(|cause| minor(&row[*cause])).sum();
        assert_eq!(booked(0, quarter) + causes, booked(1, quarter), "{quarter}");
    }
    // The restated deal and the added one closed in FY26Q3; the moved one left FY26Q2 for FY25Q4, where one is gone.
    let quarters: Vec<&str> = rows.iter().map(|row| row["fiscal_quarter"].as_str()).collect();
    assert_eq!(quarters, ["FY24Q1", "FY25Q4", "FY26Q2", "FY26Q3"]);

    // Only the spend of FY24Q1 changed, by 18.98.
    let (rows, _) = runs.list("quarters", &["--quarter", "FY24Q1"]);
    let spend = |row: &BTreeMap<String, String>| minor(&row["spend_after"]) - minor(&row["spend_before"]);
    assert_eq!(rows.iter().map(spend).collect::<Vec<_>>(), [1898]);
}

#[test]
fn tables_tell_the_causes_that_there_are() {
    let runs = Runs::new();
    let mut command = closedloop();
    command.arg("changes").args([&runs.before, &runs.after]).args([
        "--quarter",
        "FY24Q1, FY26Q3",
        "--list",
        "quarters",
    ]);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let table: Vec<Vec<&str>> = text.lines().skip(2).take(3).map(|line| line.split_whitespace().collect()).collect();
    let header = "quarter booked before added restated booked after spend before spend after";
    assert_eq!(table[0].join(" "), header);
    // No deal of FY24Q1 changed: nothing stands under the causes.
    assert_eq!(table[1][1], table[1][2], "{text}");
    // 8,940.00 became 9,940.00, and once more it was added.
    assert_eq!(table[2][2..4], ["8,940.00", "1,000.00"], "{text}");
    assert!(text.ends_with("note: the configuration is another\nnote: other files of deals, spend\n"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_run_says_the_same_as_itself() {
    let (folder, out) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (before, after) = (folder.path().join("a"), out.path().join("b"));
    let config = project("fixtures/demo/closedloop.toml");
    run(&config, &before, &[]);
    run(&config, &after, &["--threads", "1"]);
    let output = closedloop().arg("changes").args([&before, &after]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.ends_with("under w_shaped\nno booking, credit or spend differs\n"), "{text}");
    assert_eq!(output.status.code(), Some(0));
}

/// What closed later was not known then; nothing that was known changed.
#[test]
fn a_later_as_of_date_is_said_and_adds_deals() {
    let folder = tempfile::tempdir().unwrap();
    let config = project("fixtures/demo/closedloop.toml");
    let (before, after) = (folder.path().join("signed/FY26Q3"), folder.path().join("out"));
    run(&config, &before, &["--as-of", "2025-10-31"]);
    run(&config, &after, &["--as-of", "2025-11-30"]);
    let told = |flags: &[&str]| {
        let output = closedloop().arg("changes").args([&before, &after]).args(flags).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    };
    let (text, _) = told(&["--rows", "3"]);
    assert!(text.contains("\nnote: what is known ended on 2025-10-31 before and ends on 2025-11-30 after\n"), "{text}");
    assert!(text.contains(" deals more; see --rows\n"), "{text}");
    let (deals, code) = told(&["--list", "deals", "--format", "json"]);
    assert!(code == Some(1) && deals.lines().all(|deal| deal.contains("\"cause\":\"added\"")), "{deals}");
    // The quarter that ended with October is as it was.
    let (text, code) = told(&["--quarter", "FY26Q3"]);
    assert!(code == Some(0) && text.contains("\nno booking, credit or spend differs\n"), "{text}");
}

/// Runs of a company with two deals of these amounts, both of the campaign C, of 1999 and of another year.
fn two_deals(folder: &Path, name: &str, amounts: [&str; 2], other_year: &str) -> PathBuf {
    let file = |name: &str, text: String| std::fs::write(folder.join(name), text).unwrap();
    let touches = format!("t1,1999-01-05,A1,C\nt2,{other_year}-01-05,A2,C\n");
    file("touches.csv", format!("touch_id,touched_at,account_id,campaign_id\n{touches}"));
    let rows = [("O1", "A1", "1999", amounts[0]), ("O2", "A2", other_year, amounts[1])]
        .map(|(id, account, year, amount)| format!("{id},{account},{year}-02-01,{year}-03-01,Closed Won,{amount}\n"));
    let header = "opportunity_id,account_id,created_at,closed_at,stage,amount\n";
    file("opportunities.csv", format!("{header}{}", rows.concat()));
    let tables = ["touchpoints", "opportunities"].map(|table| format!("[tables.{table}]\npath = \"{table}.csv\"\n"));
    file("closedloop.toml", tables.concat().replace("touchpoints.csv", "touches.csv"));
    let out = folder.join(name);
    run(&folder.join("closedloop.toml"), &out, &[]);
    out
}

/// What one deal takes from a line and a quarter another gives it.
#[test]
fn where_only_deals_differ_the_other_lists_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = [("before", ["100", "200"]), ("after", ["200", "100"])]
        .map(|(name, amounts)| two_deals(folder.path(), name, amounts, "1999"));
    let said = "no line differs; see --list for what does: 2 deals\n";
    let told = |flags: &[&str]| {
        let output = closedloop().arg("changes").args([&before, &after]).args(flags).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap())
    };
    let [table, _] = told(&["--list", "lines"]);
    assert!(table.contains(said), "{table}");
    let [csv, notes] = told(&["--format", "csv"]);
    assert_eq!((csv.lines().count(), notes), (1, format!("note: {said}")));
    let [deals, notes] = told(&["--list", "deals", "--format", "csv"]);
    assert_eq!((deals.lines().count(), notes.as_str()), (3, ""));
}

/// By their names those of 2001 would come first.
#[test]
fn quarters_stand_in_the_order_of_their_days() {
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = [("before", ["100", "200"]), ("after", ["101", "202"])]
        .map(|(name, amounts)| two_deals(folder.path(), name, amounts, "2001"));
    let mut command = closedloop();
    command.arg("changes").args([&before, &after]).args(["--list", "quarters", "--format", "csv"]);
    let output = command.output().unwrap().stdout;
    let rows = csv::Reader::from_reader(&output[..]).into_records().map(|row| row.unwrap()[0].to_owned());
    assert_eq!(rows.collect::<Vec<_>>(), ["FY1999Q1", "FY01Q1"]);
}

/// A quarter was signed under the model that was the default then.
#[test]
fn the_default_model_is_that_of_the_run_before() {
    let folder = copy_of(&project("fixtures/demo"), &[]);
    let config = folder.path().join("closedloop.toml");
    let (before, after) = (folder.path().join("signed"), folder.path().join("out"));
    run(&config, &before, &[]);
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("default = \"w_shaped\"", "default = \"linear\"")).unwrap();
    run(&config, &after, &[]);
    let output = closedloop().arg("changes").args([&before, &after]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(", USD, under w_shaped\n"), "{text}");
    assert!(text.contains("note: the default model was w_shaped and is linear; see --model\n"), "{text}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let config = project("fixtures/demo/closedloop.toml");
    let (whole, part) = (folder.path().join("whole"), folder.path().join("part"));
    run(&config, &whole, &[]);
    run(&config, &part, &["--marts", "campaign_roi"]);
    let refused = |other: &Path, flags: &[&str], because: &str| {
        let output = closedloop().arg("changes").args([&whole, other]).args(flags).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.starts_with("error: ") && text.contains(because) && text.lines().count() == 1, "{text}");
        assert_eq!(output.status.code(), Some(2));
    };
    refused(&part, &[], "part has no journeys; run again with this mart");
    refused(&whole, &["--model", "markov"], "has no model \"markov\"; give --model one that both have: first_touch,");
    refused(&whole, &["--quarter", "FY26-Q3"], "there is no quarter \"FY26-Q3\"; did you mean \"FY26Q3\"?");
    refused(folder.path(), &[], "holds no manifest.json; give the output folder of a run");
}
