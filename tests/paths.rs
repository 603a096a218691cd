//! `closedloop paths`: what the literature's packages and textbooks say of their own paths, what a user sees, and files that
//! cannot be read.

use crate::support::{closedloop, outside_data};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Two channels, as attribution.md §7.2 has them: a>b 3 conversions and 1 null, a>c 1 and 1.
const THREE: &str = "path;total_conversions;total_conversion_value;total_null\na > b;3;30;1\na > c;1;10;1\n";

fn file(folder: &tempfile::TempDir, text: impl AsRef<[u8]>) -> String {
    let path = folder.path().join("paths.csv");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Standard output and standard error of a command that must succeed.
fn shown(arguments: &[&str]) -> (String, String) {
    let output = closedloop().arg("paths").args(arguments).output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(output.status.success(), "{arguments:?}: {err}");
    (out, err)
}

/// The answers by model and channel: both removal effects (NaN where there are none), conversions, value.
fn answers(arguments: &[&str]) -> BTreeMap<(String, String), [f64; 4]> {
    let (out, err) = shown(&[arguments, &["--format", "csv"]].concat());
    assert_eq!(err, "");
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let header = ["model", "channel", "removal_effect_conversions", "removal_effect_value", "conversions", "value"];
    assert_eq!(reader.headers().unwrap(), header.as_slice());
    let row = |record: csv::StringRecord| {
        let number = |at: usize| if record[at].is_empty() { f64::NAN } else { record[at].parse().unwrap() };
        ((record[0].to_owned(), record[1].to_owned()), [number(2), number(3), number(4), number(5)])
    };
    reader.records().map(|record| row(record.unwrap())).collect()
}

fn records(path: &Path) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn close(got: f64, want: &str, what: &str) {
    let want: f64 = want.parse().unwrap();
    assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{what}: {got} is not {want}");
}

/// Rows of `channel_name, removal_effect_conversion, removal_effect_value, total_conversions, total_conversion_value`.
fn assert_markov(expected: &Path, answers: &BTreeMap<(String, String), [f64; 4]>) {
    let expected = records(expected);
    assert_eq!(answers.keys().filter(|(model, _)| model == "markov").count(), expected.len());
    for record in expected {
        let answer = answers[&("markov".to_owned(), record[0].clone())];
        for (got, want) in answer.into_iter().zip(&record[1..]) {
            close(got, want, &record[0]);
        }
    }
}

#[test]
fn the_standard_example_of_path_data() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "the standard example of path data") else { return };
    let folder = data.join("path_data");
    let answers = answers(&[&folder.join("PathData.csv").display().to_string()]);
    assert_markov(&folder.join("expected_markov_order1.csv"), &answers);
    for record in records(&folder.join("expected_heuristics.csv")) {
        for (model, expected) in ["first_touch", "last_touch", "linear"].into_iter().zip(record[1..].chunks(2)) {
            let [no_effect, _, conversions, value] = answers[&(model.to_owned(), record[0].clone())];
            assert!(no_effect.is_nan(), "{model} has no removal effect");
            close(conversions, &expected[0], &record[0]);
            close(value, &expected[1], &record[0]);
        }
    }
}

/// Real touches as paths: a customer's touches up to a conversion, and those after the last. Commas between columns, bars
/// between channels, and columns by other names.
#[test]
fn real_journeys_under_other_names() {
    let Some(data) = outside_data("CLOSEDLOOP_REAL_DATA", "real journeys as paths") else { return };
    let folder = data.join("journeys");
    let mut touches = records(&folder.join("attribution_data.csv"));
    touches.sort_by(|a, b| (&a[0], &a[1]).cmp(&(&b[0], &b[1])));
    let mut text = "lost,worth,journey,won\n".to_owned();
    for customer in touches.chunk_by(|a, b| a[0] == b[0]) {
        for journey in customer.split_inclusive(|touch| touch[3] == "1") {
            let path = journey.iter().map(|touch| touch[5].as_str()).collect::<Vec<_>>().join("|");
            let last = &journey[journey.len() - 1];
            let (won, worth) = if last[3] == "1" { (1, last[4].as_str()) } else { (0, "0") };
            text += &format!("{},{worth},{path},{won}\n", 1 - won);
        }
    }
    let scratch = tempfile::tempdir().unwrap();
    let file = file(&scratch, text);
    let names =
        ["--path-column", "journey", "--conversions-column", "won", "--value-column", "worth", "--null-column", "lost"];
    let flags = [&[file.as_str(), "--delimiter", ",", "--separator", "|", "--models", "markov"], &names[..]].concat();
    assert_markov(&folder.join("expected_markov_order1.csv"), &answers(&flags));
}

/// {a>b 3/1; a>c 1/1}: of the removal of b ¾ of the conversions are lost, of c ¼, of a all; so a earns half of them.
#[test]
fn a_textbook_example_by_hand() {
    let scratch = tempfile::tempdir().unwrap();
    let answers = answers(&[&file(&scratch, THREE), "--models", "markov,shapley"]);
    for (channel, want) in [("a", [1.0, 1.0, 2.0, 20.0]), ("b", [0.75, 0.75, 1.5, 15.0]), ("c", [0.25, 0.25, 0.5, 5.0])]
    {
        let got = answers[&("markov".to_owned(), channel.to_owned())];
        assert!(got.iter().zip(want).all(|(got, want)| (got - want).abs() < 1e-12), "{channel}: {got:?}");
        let [_, _, conversions, value] = answers[&("shapley".to_owned(), channel.to_owned())];
        assert_eq!([conversions, value], [want[2], want[3]], "half to each of two channels, as it happens");
    }
}

#[test]
fn a_table_is_for_people_and_json_has_every_digit() {
    let scratch = tempfile::tempdir().unwrap();
    let file = file(&scratch, THREE);
    insta::assert_snapshot!(shown(&[&file, "--models", "linear,markov"]).0, @r"
     model   channel  removal_effect_conversions  removal_effect_value  conversions  value
     linear  a                                                                 2.00  20.00
     linear  b                                                                 1.50  15.00
     linear  c                                                                 0.50   5.00
     markov  a                          1.000000              1.000000         2.00  20.00
     markov  b                          0.750000              0.750000         1.50  15.00
     markov  c                          0.250000              0.250000         0.50   5.00
    ");
    let json: serde_json::Value =
        serde_json::from_str(&shown(&[&file, "--models", "linear", "--format", "json"]).0).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 3);
    assert_eq!(json[1]["channel"], "b");
    assert_eq!(json[1]["conversions"], 1.5);
    assert!(json[1]["removal_effect_value"].is_null());
}

#[test]
fn the_order_of_rows_and_the_number_of_threads_change_no_byte() {
    let scratch = tempfile::tempdir().unwrap();
    let names = ["email", "social", "search", "event", "display"];
    let row = |at: usize| {
        let path: Vec<&str> = (0..1 + at % 6).map(|touch| names[(at * at + 3 * touch) % 5]).collect();
        let (conversions, nulls) = (at % 4, at % 7);
        let value = if conversions == 0 { 0.0 } else { 0.1 + at as f64 / 7.0 };
        format!("{};{conversions};{value};{nulls}\n", path.join(">"))
    };
    let rows: Vec<String> = (0..40_000).map(row).collect();
    let text = |rows: &mut dyn Iterator<Item = &String>| {
        rows.fold(THREE.lines().next().unwrap().to_owned() + "\n", |text, row| text + row)
    };
    let arguments = |file: &str| {
        ["paths", file, "--models", "first_touch,linear,markov,markov_auto,rate_shapley", "--format", "csv"]
            .map(str::to_owned)
    };
    let forward = file(&scratch, text(&mut rows.iter()));
    let one = closedloop().args(arguments(&forward)).env("RAYON_NUM_THREADS", "1").output().unwrap().stdout;
    let two = closedloop().args(arguments(&forward)).env("RAYON_NUM_THREADS", "2").output().unwrap().stdout;
    let backward = file(&scratch, text(&mut rows.iter().rev()));
    let reversed = closedloop().args(arguments(&backward)).output().unwrap().stdout;
    assert!(one.len() > 1_000);
    assert_eq!(one, two);
    assert_eq!(one, reversed);
}

#[test]
fn the_order_can_be_found() {
    let scratch = tempfile::tempdir().unwrap();
    // a>b>c and c>b>a only: two touches tell the next, one does not after b.
    let text = format!("{}\na>b>c;200;200;100\nc>b>a;200;200;100\n", THREE.lines().next().unwrap());
    let file = file(&scratch, text);
    let (found, said) = shown(&[&file, "--models", "markov", "--order", "auto"]);
    assert_eq!(said, "note: held-out journeys are predicted best by a chain of order 2\n");
    assert_eq!(found, shown(&[&file, "--models", "markov", "--order", "2"]).0);
}

#[test]
fn a_file_without_value_or_nulls() {
    let scratch = tempfile::tempdir().unwrap();
    let file = file(&scratch, "path;total_conversions\na>b;3\nb;1\n");
    let answers = answers(&[&file, "--nulls", "ignore", "--models", "linear,markov"]);
    assert_eq!(answers[&("linear".to_owned(), "b".to_owned())][2], 2.5);
    assert!(answers.values().all(|answer| answer[1].is_nan() && answer[3].is_nan()), "{answers:?}");
}

/// Without their nulls all of these journeys converted, and the conversion-rate game has no rate to explain.
/// What a journey gave back makes the effect of its channel negative.
#[test]
fn negative_effects_on_value_are_warned_of() {
    let warned = |value: &str| {
        let scratch = tempfile::tempdir().unwrap();
        let file = file(
            &scratch,
            format!("path;total_conversions;total_conversion_value;total_null\na;1;100;0\na > b;1;{value};0\n"),
        );
        shown(&[&file, "--models", "markov,linear"]).1
    };
    assert_eq!(warned("90"), "");
    assert!(warned("-90").starts_with("warning: some channels have negative removal effects on value"));
}

#[test]
fn a_refused_model_is_a_sentence_and_the_others_go_on() {
    let scratch = tempfile::tempdir().unwrap();
    let file = file(&scratch, THREE);
    let arguments = [file.as_str(), "--nulls", "ignore", "--models", "rate_shapley,w_shaped,linear"];
    let (out, err) = shown(&arguments);
    assert!(out.contains("linear") && !out.contains("rate_shapley"), "{out}");
    assert_eq!(
        err,
        "warning: model \"rate_shapley\" is left out: every journey converted, so there is no rate to explain; add the \
         opportunities that were lost or are open\n\
         warning: model \"w_shaped\" is left out: it needs to know when leads and opportunities were created, which paths \
         do not tell; compute it from touchpoints with `closedloop run`\n"
    );
    closedloop().arg("paths").args(arguments).arg("--strict").assert().code(1).stdout(out);
    closedloop().args(["paths", &file, "--strict"]).assert().success();
    let alone = closedloop().args(["paths", &file, "--models", "incremental"]).assert().code(2).stdout("");
    let err = String::from_utf8(alone.get_output().stderr.clone()).unwrap();
    assert!(
        err.ends_with(
            "accounts over time, which paths do not tell; compute it from touchpoints with `closedloop run`\n"
        ),
        "{err}"
    );
}

/// The one sentence with which a file or a flag is refused, the file's path as FILE.
fn refused(text: impl AsRef<[u8]>, arguments: &[&str]) -> String {
    let scratch = tempfile::tempdir().unwrap();
    let file = file(&scratch, text);
    let assert = closedloop().args(["paths", &file]).args(arguments).assert().code(2);
    let output = assert.get_output();
    assert!(output.stdout.is_empty(), "nothing is half answered");
    String::from_utf8(output.stderr.clone()).unwrap().replace(&file, "FILE")
}

#[test]
fn faults_of_a_file_are_one_sentence_with_line_column_and_remedy() {
    let header = THREE.lines().next().unwrap();
    let below = |rows: &str| format!("{header}\n{rows}");
    let cases: &[(Vec<u8>, &[&str], &str)] = &[
        (
            below("a;1;1;0\na > > b;1;1;0\n").into(),
            &[],
            "FILE line 3, column \"path\": has no name for channel 2 of \"a > > b\"; name it, or remove a \">\"",
        ),
        (
            below("\n\na;1;1;0\r\n\r\n ;1;1;0\r\n").into(),
            &[],
            "FILE line 6, column \"path\": has no channel; remove the row or name at least one channel",
        ),
        (
            below("a;x;1;0\n").into(),
            &[],
            "FILE line 2, column \"total_conversions\": \"x\" is not a number; write it as in 1234.5",
        ),
        (below("a;1;1;\n").into(), &[], "FILE line 2, column \"total_null\": is empty; write 0 for none"),
        (
            below("\"a\n\";1;1;0\na;-1;0;0\n").into(),
            &[],
            "FILE line 4, column \"total_conversions\": is -1, but must be a finite number of at least 0; correct it",
        ),
        (
            below("a;0;5;1\n").into(),
            &[],
            "FILE line 2, column \"total_conversion_value\": is 5, but must be a finite number, and 0 without \
             conversions; correct it",
        ),
        (
            below("a;1;1;inf").into(),
            &[],
            "FILE line 2, column \"total_null\": is inf, but must be a finite number of at least 0; correct it",
        ),
        (
            below("a;1;1;0\na;b;1;1;0\n").into(),
            &[],
            "FILE line 3: has 5 cells, but the header has 4; quote cells that hold the delimiter",
        ),
        (
            below("\"a > b;1;1;0\nb;1;1;0\n").into(),
            &[],
            "FILE line 2: has 1 cells, but the header has 4; close the quote that it opens",
        ),
        (
            [header.as_bytes(), b"\na > \xff;1;1;0\n"].concat(),
            &[],
            "FILE line 2, column \"path\": is not UTF-8; save the file as UTF-8",
        ),
        (
            "total_conversions;total_null;path\n1;0;a\n1;0;\"a > b\n1;0;c\n".into(),
            &[],
            "FILE line 3, column \"path\": has a line break in the name of a channel; close the quote before it",
        ),
        (
            THREE.replace(';', ",").into(),
            &[],
            "FILE has one column, \"path,total_conversions,total_conversion_value,total_null\", when cut at ';'; pass \
             --delimiter ','",
        ),
        (
            THREE.replace("path;", "paths;").into(),
            &[],
            "FILE has no column \"path\"; did you mean --path-column paths?",
        ),
        (
            THREE.into(),
            &["--null-column", "verloren"],
            "FILE has no column \"verloren\", but path, total_conversions, total_conversion_value, total_null; name it \
             with --null-column, or leave it out with --nulls ignore",
        ),
        (
            THREE.into(),
            &["--value-column", "total_conversion_valu"],
            "FILE has no column \"total_conversion_valu\"; did you mean --value-column total_conversion_value?",
        ),
        (
            "path;total_conversions;path;total_null\na;1;a;1\n".into(),
            &[],
            "FILE has 2 columns \"path\"; rename all but one",
        ),
        (below("").into(), &[], "FILE has no paths below its header; add at least one"),
        (THREE.into(), &["--models", "markow"], "no model is called \"markow\"; did you mean \"markov\"?"),
        (THREE.into(), &["--models", "linear,linear"], "--models names \"linear\" twice; name it once"),
    ];
    for (text, arguments, sentence) in cases {
        assert_eq!(refused(text, arguments), format!("error: {sentence}\n"));
    }
}

#[test]
fn paths_may_come_through_a_pipe() {
    let scratch = tempfile::tempdir().unwrap();
    let piped = closedloop().args(["paths", "/dev/stdin"]).write_stdin(THREE).output().unwrap();
    assert_eq!(String::from_utf8(piped.stdout).unwrap(), shown(&[&file(&scratch, THREE)]).0);
}

/// Longer than what one thread reads at a time: with either line end, blank lines, and line breaks in quotes.
#[test]
fn a_long_file_is_read_as_a_whole_and_its_faults_are_found() {
    const ROWS: usize = 250_000;
    for end in ["\n", "\r\n"] {
        for quotes_from in [ROWS, 200_000, 0] {
            let (mut text, mut lines) = (format!("\u{feff}{}{end}{end}", THREE.lines().next().unwrap()), 2);
            for at in 0..ROWS {
                let (row, more) = match at % 1_000 {
                    500 if at >= quotes_from => ("\"a >\n b\";1;10;0", 1),
                    // A byte-order mark is a part of the text here.
                    700 => ("\u{feff}c > b;1;10;0", 0),
                    900 => ("\na>b;1;10;0", 1),
                    _ => ("a > b;1;10;0", 0),
                };
                text += row;
                text += end;
                lines += 1 + more;
            }
            let scratch = tempfile::tempdir().unwrap();
            let answers = answers(&[&file(&scratch, &text), "--models", "linear"]);
            for (channel, rows) in [("a", ROWS - ROWS / 1_000), ("b", ROWS), ("\u{feff}c", ROWS / 1_000)] {
                let [_, _, conversions, value] = answers[&("linear".to_owned(), channel.to_owned())];
                assert_eq!([conversions, value], [rows as f64 / 2.0, rows as f64 * 5.0], "{channel}");
            }
            for (row, fault) in [
                ("a > b;1;x;0", ", column \"total_conversion_value\": \"x\" is not a number; write it as in 1234.5"),
                ("a > b;1", ": has 2 cells, but the header has 4; quote cells that hold the delimiter"),
            ] {
                let wrong = format!("{text}{row}{end}a;also;wrong;0{end}");
                assert_eq!(refused(wrong, &[]), format!("error: FILE line {}{fault}\n", lines + 1));
            }
        }
    }
}

#[test]
fn an_empty_file_and_a_missing_one_are_named() {
    assert_eq!(refused("", &[]), "error: FILE is empty; give it a header line and a row for each path\n");
    let missing = PathBuf::from("/nowhere/paths.csv").display().to_string();
    let assert = closedloop().args(["paths", &missing]).assert().code(2);
    let message = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    assert!(message.starts_with("error: /nowhere/paths.csv cannot be read ("), "{message}");
}

#[test]
fn flags_that_make_no_sense_are_explained() {
    for (flags, remedy) in [
        (["--order", "5"], "give a number from 1 to 4, or auto"),
        (["--delimiter", "ab"], "give one character of ASCII that is no quote"),
        (["--separator", " "], "give the text that stands between channels"),
    ] {
        let message = refused(THREE, &flags);
        assert!(message.contains(remedy), "{message}");
    }
}
