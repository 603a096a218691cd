//! With data-driven models on, threads and the order of rows change no byte, every deal still adds up, and the models by
//! rule say what they say without.

use super::{demo_with, run};
use crate::support::{closedloop, mart_files, money, numbers, project, read_mart, texts};
use arrow::array::RecordBatch;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const ALL: &str = r#"
run = ["rules", "fitted", "by_campaign", "by_type"]
custom = [
    { id = "by_campaign", kind = "markov", state = "campaign" },
    { id = "by_type", kind = "markov", order = 2, state = "channel_type" },
]"#;

#[test]
fn threads_and_a_memory_limit_change_no_byte() {
    let scratch = tempfile::tempdir().unwrap();
    let config = demo_with(ALL, scratch.path());
    let outs =
        [&["--threads", "1"][..], &["--threads", "2"], &["--threads", "7", "--memory-limit", "512MiB"]].map(|flags| {
            let out = scratch.path().join(flags[1]);
            run(&config, &out, flags);
            mart_files(&out)
        });
    assert!(outs[0].len() >= 19, "a run writes every mart");
    for out in &outs[1..] {
        let differing: Vec<_> = outs[0].iter().filter(|(path, bytes)| out.get(*path) != Some(bytes)).collect();
        assert!(differing.is_empty(), "{:?}", differing.iter().map(|(path, _)| path).collect::<Vec<_>>());
    }
}

/// Fits read the partitions before the credit does: what waits on disk is read twice.
#[test]
fn spilled_touches_are_read_as_often_as_they_are_needed() {
    let scratch = tempfile::tempdir().unwrap();
    let data = scratch.path().join("data");
    closedloop().args(["generate", "--accounts", "45000", "--out"]).arg(&data).assert().success();
    let config = data.join("closedloop.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let models = "[models]\nrun = [\"linear\", \"w_shaped\", \"markov\", \"rate_shapley\", \"by_campaign\"]\n\
                  custom = [{ id = \"by_campaign\", kind = \"markov\", state = \"campaign\" }]";
    let asked = text.replacen("[models]", models, 1);
    assert_ne!(asked, text);
    std::fs::write(&config, asked).unwrap();
    let marts = "campaign_roi,removal_effects,rate_values,path_summary,model_validation,touch_credits,journeys";
    let run = |name: &str, limit: &[&str]| {
        let out = scratch.path().join(name);
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_closedloop"));
        command.arg("run").arg(&config).arg("--out").arg(&out).args(["--quiet", "--intervals", "bootstrap=100"]);
        let mut running = command.args(["--marts", marts]).args(limit).spawn().unwrap();
        let mut has_spilled = false;
        let status = loop {
            has_spilled |= spill_files(scratch.path()) > 0;
            if let Some(status) = running.try_wait().unwrap() {
                break status;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        };
        assert!(status.success(), "{name}");
        (mart_files(&out), has_spilled)
    };
    let (in_memory, spilled) = (run("in_memory", &[]), run("spilled", &["--memory-limit", "64MiB"]));
    assert_eq!((in_memory.1, spilled.1), (false, true), "touches wait on disk under the limit, and only then");
    assert!(!in_memory.0.is_empty());
    let differing: Vec<_> = in_memory.0.iter().filter(|(path, bytes)| spilled.0.get(*path) != Some(bytes)).collect();
    assert!(differing.is_empty(), "{:?}", differing.iter().map(|(path, _)| path).collect::<Vec<_>>());
}

/// The spill files of running runs whose output goes beside them.
fn spill_files(folder: &Path) -> usize {
    let inside = |folder: &Path| -> Vec<std::path::PathBuf> {
        std::fs::read_dir(folder)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default()
    };
    let scratch = inside(folder).into_iter().filter(|path| path.to_string_lossy().ends_with(".scratch"));
    scratch.flat_map(|path| inside(&path)).filter(|path| path.extension().is_some_and(|end| end == "arrow")).count()
}

/// Rewrites a CSV file of the demo with its rows in reverse.
fn reversed(name: &str, to: &Path) {
    let mut reader = csv::Reader::from_path(project("fixtures/demo").join(name)).unwrap();
    let mut writer = csv::Writer::from_path(to.join(name)).unwrap();
    writer.write_record(reader.headers().unwrap()).unwrap();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    records.iter().rev().for_each(|record| writer.write_record(record).unwrap());
    writer.flush().unwrap();
}

#[test]
fn the_order_of_rows_changes_no_byte() {
    let scratch = tempfile::tempdir().unwrap();
    let (straight, back) = (scratch.path().join("straight"), scratch.path().join("back"));
    std::fs::create_dir_all(&back).unwrap();
    let config = demo_with("run = [\"fitted\"]", scratch.path());
    let text = std::fs::read_to_string(&config).unwrap();
    let mut turned = text;
    for table in ["accounts", "campaigns", "contact_roles", "contacts", "deals", "opportunities", "spend"] {
        let file = format!("{table}.csv");
        reversed(&file, &back);
        turned = turned.replace(
            &project("fixtures/demo").join(&file).display().to_string(),
            &back.join(&file).display().to_string(),
        );
    }
    let rows = crate::support::read_parquet(&project("fixtures/demo/touchpoints.parquet"));
    let order: Vec<u32> = (0..u32::try_from(rows.num_rows()).unwrap()).rev().collect();
    let rows = arrow::compute::take_record_batch(&rows, &arrow::array::UInt32Array::from(order)).unwrap();
    let file = std::fs::File::create(back.join("touchpoints.parquet")).unwrap();
    let mut writer = parquet::arrow::ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let touches = |folder: &Path| folder.join("touchpoints.parquet").display().to_string();
    turned = turned.replace(&touches(&project("fixtures/demo")), &touches(&back));
    let turned_config = back.join("closedloop.toml");
    std::fs::write(&turned_config, turned).unwrap();

    run(&config, &straight, &["--quiet"]);
    run(&turned_config, &back.join("out"), &["--quiet"]);
    let (mut expected, mut got) = (mart_files(&straight), mart_files(&back.join("out")));
    for files in [&mut expected, &mut got] {
        // On which line a row stood is the one thing that its place decides.
        files.retain(|path, _| !path.starts_with("set_aside"));
    }
    let differing: Vec<_> =
        expected.iter().filter(|(path, bytes)| got.get(*path) != Some(bytes)).map(|(p, _)| p).collect();
    assert!(differing.is_empty(), "{differing:?}");
}

/// Rows of a mart with the columns of another run's only.
fn columns_of(rows: &RecordBatch, like: &RecordBatch) -> RecordBatch {
    let names: Vec<usize> =
        like.schema().fields().iter().map(|field| rows.schema().index_of(field.name()).unwrap()).collect();
    rows.project(&names).unwrap()
}

#[test]
fn models_by_rule_say_what_they_say_alone() {
    let scratch = tempfile::tempdir().unwrap();
    let (alone, beside) = (scratch.path().join("alone"), scratch.path().join("beside"));
    run(&demo_with("run = [\"rules\"]", scratch.path()), &alone, &["--quiet"]);
    run(&demo_with("run = [\"rules\", \"fitted\"]", scratch.path()), &beside, &["--quiet"]);
    for mart in ["touch_credits", "journeys", "set_aside"] {
        let (alone, beside) = (read_mart(&alone, mart), read_mart(&beside, mart));
        assert!(columns_of(&beside, &alone).columns() == alone.columns(), "{mart} differs");
    }
    let tables = |out: &Path| {
        let manifest = std::fs::read_to_string(out.join("manifest.json")).unwrap();
        serde_json::from_str::<Value>(&manifest).unwrap()["tables"].clone()
    };
    assert_eq!(tables(&alone), tables(&beside));
}

/// Control channels, channels that only sales touches, and one that nobody touched.
const CONTROLS: [&str; 6] = ["organic_search", "direct", "referral", "outbound_sdr", "sales", "brand"];

/// What `incremental` controls for it credits nothing by definition, which is no reason to cut it: neither control channels nor
/// touches of sales.
#[test]
fn controls_are_judged_by_the_other_models() {
    let scratch = tempfile::tempdir().unwrap();
    let compared = |models: &str, name: &str| {
        let out = scratch.path().join(name);
        let models = format!("run = [{models}]\n[journeys]\neligible = \"true\"");
        run(&demo_with(&models, scratch.path()), &out, &["--quiet"]);
        read_mart(&out, "model_comparison")
    };
    let alone = compared(r#""first_touch", "linear""#, "alone");
    let beside = compared(r#""first_touch", "linear", "incremental", "incremental_total""#, "beside");
    let decisions = |rows: &RecordBatch, channel: &str| -> BTreeMap<_, _> {
        let [levels, channels, models, quarters, decisions] =
            ["level", "channel", "model", "fiscal_quarter", "decision"].map(|name| texts(rows, name));
        let of_channel = (0..rows.num_rows())
            .filter(|&row| levels[row].as_deref() == Some("channel") && channels[row].as_deref() == Some(channel));
        of_channel.map(|row| ((quarters[row].clone(), models[row].clone()), decisions[row].clone())).collect()
    };
    let (channels, models, can, amounts) =
        (texts(&beside, "channel"), texts(&beside, "model"), texts(&beside, "can_credit"), money(&beside, "amount"));
    for row in 0..beside.num_rows() {
        let (model, channel) = (models[row].as_deref().unwrap(), channels[row].as_deref().unwrap());
        let is_control = model == "incremental" && CONTROLS.contains(&channel);
        assert_eq!(can[row].as_deref(), Some(if is_control { "false" } else { "true" }), "{channel} under {model}");
        assert!(!is_control || amounts[row] == 0, "{channel} under {model}");
    }
    let total_gives = (0..beside.num_rows()).any(|row| {
        models[row].as_deref() == Some("incremental_total")
            && channels[row].as_deref() == Some("direct")
            && amounts[row] > 0
    });
    assert!(total_gives, "journeys of controls alone are shared by the total");
    let compared_again = compared(r#""first_touch", "linear", "incremental""#, "without_total");
    for channel in ["organic_search", "outbound_sdr"] {
        let (alone, beside) = (decisions(&alone, channel), decisions(&compared_again, channel));
        assert!(alone.values().any(|decision| decision.as_deref() == Some("fund")), "{channel}");
        assert!(alone.iter().all(|(place, decision)| beside[place] == *decision), "{channel}");
    }
}

#[test]
fn every_deal_adds_up_under_every_model() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    run(&demo_with("run = [\"fitted\"]", scratch.path()), &out, &["--quiet"]);
    let (credits, journeys) = (read_mart(&out, "touch_credits"), read_mart(&out, "journeys"));
    let (credited, deals) = (texts(&credits, "deal_id"), texts(&journeys, "deal_id"));
    let booked = money(&journeys, "amount");
    let models: Vec<String> = texts(&read_mart(&out, "dim_model"), "model").into_iter().flatten().collect();
    assert_eq!(models.len(), 7);
    for model in &models {
        let mut sums: BTreeMap<&Option<String>, i128> = BTreeMap::new();
        for (deal, amount) in credited.iter().zip(money(&credits, &format!("{model}_amount"))) {
            *sums.entry(deal).or_default() += amount;
        }
        let left = money(&journeys, &format!("{model}_residual_amount"));
        for (position, deal) in deals.iter().enumerate() {
            let attributed = sums.get(deal).copied().unwrap_or_default();
            assert_eq!(attributed + left[position], booked[position], "{deal:?} under {model}");
        }
    }
    let reconciled = read_mart(&out, "reconciliation");
    assert!(money(&reconciled, "difference").iter().all(|&difference| difference == 0));
    let baseline: BTreeMap<String, i128> = texts(&reconciled, "model")
        .into_iter()
        .flatten()
        .zip(money(&reconciled, "baseline"))
        .fold(BTreeMap::new(), |mut sums, (model, amount)| {
            *sums.entry(model).or_default() += amount;
            sums
        });
    assert!(baseline["incremental"] > 0 && baseline["incremental_total"] == 0, "{baseline:?}");
    romi_is_for_incremental_money(&out);
}

fn romi_is_for_incremental_money(out: &Path) {
    for mart in ["campaign_roi", "channel_roi"] {
        let rows = read_mart(out, mart);
        let (models, romi, margin_roi) = (texts(&rows, "model"), numbers(&rows, "romi"), numbers(&rows, "margin_roi"));
        let mut filled = 0;
        for row in 0..rows.num_rows() {
            if models[row].as_deref() == Some("incremental") {
                assert!(romi[row] == margin_roi[row] || romi[row].is_nan() && margin_roi[row].is_nan());
                filled += usize::from(!romi[row].is_nan());
            } else {
                assert!(romi[row].is_nan(), "{mart}: romi under {:?}", models[row]);
            }
        }
        assert!(filled > 10, "{mart}");
    }
}

/// What `explain` says of a deal under a model that learned from all journeys is what the run wrote.
#[test]
fn a_deal_is_explained_as_it_was_credited() {
    let scratch = tempfile::tempdir().unwrap();
    let out = scratch.path().join("out");
    let config = demo_with("run = [\"markov\", \"incremental\"]", scratch.path());
    run(&config, &out, &["--quiet"]);
    let rows = read_mart(&out, "touch_credits");
    let deals = texts(&rows, "deal_id");
    let deal = deals[deals.len() / 2].clone().unwrap();
    let assert =
        closedloop().arg("explain").arg(&config).args(["--deal", &deal, "--format", "json"]).assert().success();
    let explained: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let touches = explained[0]["touches"].as_array().unwrap();
    for model in ["markov", "incremental"] {
        let amounts = money(&rows, &format!("{model}_amount"));
        let expected: i128 =
            (0..rows.num_rows()).filter(|&row| deals[row].as_ref() == Some(&deal)).map(|row| amounts[row]).sum();
        let got: i64 = touches.iter().filter_map(|touch| touch["credit"][model]["amount"].as_i64()).sum();
        assert_eq!(i128::from(got), expected, "{deal} under {model}");
    }
}

/// Controls, such as the content hub of organic search, are in the fit whatever `eligible` says of them: they earn nothing anyway.
#[test]
fn a_control_need_not_be_eligible() {
    let scratch = tempfile::tempdir().unwrap();
    let config = demo_with("run = [\"linear\", \"incremental\"]", scratch.path());
    let text = std::fs::read_to_string(&config).unwrap();
    let marts = ["--quiet", "--marts", "channel_effects,touch_credits"];
    let of = |name: &str, eligible: &str| {
        let section = format!("[journeys]\neligible = \"coalesce(responded, true) AND {eligible}\"\n");
        let text = if text.contains("[journeys]\n") {
            text.replace("[journeys]\n", &section)
        } else {
            format!("{text}\n{section}")
        };
        std::fs::write(&config, text).unwrap();
        let out = scratch.path().join(name);
        run(&config, &out, &marts);
        out
    };
    let (with, without) = (of("with", "true"), of("without", "coalesce(campaign_id, '') <> 'C-0049'"));
    let earn = |out: &Path| read_mart(out, "touch_credits").num_rows();
    assert!(earn(&without) < earn(&with), "the content hub is on some paths");
    let [with, without] = [with, without].map(|out| read_mart(&out, "channel_effects"));
    for column in ["effect", "half_life_days", "weight"] {
        assert_eq!(numbers(&without, column), numbers(&with, column), "{column}");
    }
}

/// By hand: twenty accounts win after e-mail and webinar; five that are open have two e-mails twenty minutes apart, the first
/// a few minutes before their window, the second within. Only fits of rates look at what came before, and change nothing.
#[test]
fn touches_before_a_window_collapse_none_within() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let (mut accounts, mut touches) = ("account_id\n".to_owned(), String::new());
    let mut contacts = "contact_id,account_id\n".to_owned();
    let mut opportunities = "opportunity_id,account_id,created_at,stage,is_won,closed_at,amount\n".to_owned();
    for number in 0..20 {
        accounts += &format!("W{number}\n");
        opportunities += &format!("O{number},W{number},2024-12-20T12:00:00Z,Won,true,2025-01-10T12:00:00Z,100\n");
        touches += &format!(
            "a{number},2024-12-15T12:00:00Z,W{number},,email\nb{number},2025-01-05T12:00:00Z,W{number},,webinar\n"
        );
    }
    for number in 0..5 {
        accounts += &format!("X{number}\n");
        contacts += &format!("P{number},X{number}\n");
        for (touch, at, channel) in
            [("c", "01T23:50:00Z", "email"), ("d", "02T00:10:00Z", "email"), ("e", "25T12:00:00Z", "webinar")]
        {
            touches += &format!("{touch}{number},2025-01-{at},X{number},P{number},{channel}\n");
        }
    }
    write("accounts.csv", &accounts);
    write("contacts.csv", &contacts);
    write("opportunities.csv", &opportunities);
    write("touchpoints.csv", &format!("touch_id,touched_at,account_id,contact_id,channel\n{touches}"));
    for models in [r#""linear", "markov""#, r#""linear", "markov", "incremental""#] {
        let tables = ["accounts", "contacts", "opportunities", "touchpoints"];
        let tables = tables.map(|table| format!("[tables.{table}]\npath = \"{table}.csv\"\n")).concat();
        let settings = format!(
            "[journeys]\nlookback_days = 30\n[journeys.collapse]\ngap = \"30 minutes\"\n\
             [models]\nrun = [{models}]\ndefault = \"linear\"\n[calendar]\nas_of = \"2025-01-31\"\n"
        );
        write("closedloop.toml", &(tables + &settings));
        let out = folder.path().join("out");
        run(&folder.path().join("closedloop.toml"), &out, &["--quiet"]);
        let rows = read_mart(&out, "transition_matrix");
        let (from, to, counts) = (texts(&rows, "from_state"), texts(&rows, "to_state"), numbers(&rows, "transitions"));
        let begun: BTreeMap<&str, f64> = (0..rows.num_rows())
            .filter(|&row| from[row].as_deref() == Some("(start)"))
            .map(|row| (to[row].as_deref().unwrap(), counts[row]))
            .collect();
        assert_eq!(begun, BTreeMap::from([("email", 25.0)]), "{models}");
    }
}
