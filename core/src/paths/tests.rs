//! Outside data: ChannelAttribution's paths and real journeys, against values that others computed.

use super::*;
use crate::chain::{Chain, Target};
use crate::model::{ChainOrder, fitted_models, house_models, parse_models};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The folder of a data set, or `None`, said aloud, where there is no outside data.
fn data(folder: &str) -> Option<PathBuf> {
    let found = std::env::var_os("CLOSEDLOOP_REAL_DATA").map(|root| PathBuf::from(root).join(folder));
    if found.is_none() {
        eprintln!("skipped: CLOSEDLOOP_REAL_DATA does not say where {folder} is");
    }
    found
}

fn records(file: PathBuf, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_path(file).unwrap();
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn number(text: &str) -> f64 {
    text.parse().unwrap()
}

/// A row, to be changed by tests.
#[derive(Debug, Clone)]
struct PathRow {
    path: Vec<u32>,
    counts: PathCounts,
}

/// Paths that are counted as far as `order`, and by set.
fn paths(rows: &[PathRow], channels: Vec<String>, order: usize, nulls: Nulls) -> Paths {
    let mut table = PathTable::default();
    rows.iter().for_each(|row| table.push(&row.path, row.counts).unwrap());
    Paths::new(table, channels, &[markov(order), named("rate_shapley").clone()], nulls).unwrap()
}

/// Rows and channel names from paths of names.
fn coded(named: &[(Vec<String>, [f64; 3])]) -> (Vec<PathRow>, Vec<String>) {
    let names: BTreeSet<&String> = named.iter().flat_map(|(path, _)| path).collect();
    let names: Vec<String> = names.into_iter().cloned().collect();
    let code = |name: &String| u32::try_from(names.binary_search(name).unwrap()).unwrap();
    let row = |(path, [conversions, value, nulls]): &(Vec<String>, [f64; 3])| PathRow {
        path: path.iter().map(code).collect(),
        counts: PathCounts { conversions: *conversions, value: *value, nulls: *nulls },
    };
    (named.iter().map(row).collect(), names)
}

fn path_data() -> Option<(PathBuf, Vec<PathRow>, Vec<String>)> {
    let folder = data("path_data")?;
    let named = records(folder.join("PathData.csv"), b';').into_iter().map(|record| {
        let path = record[0].split('>').map(|name| name.trim().to_owned()).collect();
        (path, [number(&record[1]), number(&record[2]), number(&record[3])])
    });
    let (rows, names) = coded(&named.collect::<Vec<_>>());
    Some((folder, rows, names))
}

/// A customer's touches up to and including a conversion are a journey; what follows the last has not converted.
fn real_journeys() -> Option<(PathBuf, Vec<PathRow>, Vec<String>)> {
    let folder = data("journeys")?;
    let mut touches = records(folder.join("attribution_data.csv"), b',');
    touches.sort_by(|a, b| (&a[0], &a[1]).cmp(&(&b[0], &b[1])));
    let mut named = Vec::new();
    for customer in touches.chunk_by(|a, b| a[0] == b[0]) {
        let mut path = Vec::new();
        for touch in customer {
            path.push(touch[5].clone());
            if touch[3] == "1" {
                named.push((std::mem::take(&mut path), [1.0, number(&touch[4]), 0.0]));
            }
        }
        if !path.is_empty() {
            named.push((path, [0.0, 0.0, 1.0]));
        }
    }
    let (rows, names) = coded(&named);
    Some((folder, rows, names))
}

fn markov(order: usize) -> ModelSpec {
    parse_models(&format!("[[model]]\nid = 'm'\nkind = 'markov'\norder = {order}")).unwrap().remove(0)
}

fn named(id: &str) -> &'static ModelSpec {
    house_models().iter().chain(fitted_models()).find(|spec| spec.id() == id).unwrap()
}

fn close(got: f64, want: f64, what: &str) {
    assert!((got - want).abs() <= 1e-9 * want.abs().max(1.0), "{what}: {got} is not {want}");
}

/// Rows of `channel_name, removal_effect_conversion, removal_effect_value, total_conversions, total_conversion_value`.
fn assert_markov_totals(folder: &std::path::Path, paths: &Paths) {
    let results = paths.attribute(&markov(1)).unwrap();
    let expected = records(folder.join("expected_markov_order1.csv"), b',');
    assert_eq!(expected.len(), paths.channels().len());
    for record in expected {
        let result = results[paths.channels().binary_search(&record[0]).unwrap()];
        close(result.removal_effect_conversions.unwrap(), number(&record[1]), &record[0]);
        close(result.removal_effect_value.unwrap(), number(&record[2]), &record[0]);
        close(result.conversions, number(&record[3]), &record[0]);
        close(result.value, number(&record[4]), &record[0]);
    }
}

#[test]
fn channel_attributions_paths_order_one() {
    let Some((folder, rows, names)) = path_data() else { return };
    let paths = paths(&rows, names, 1, Nulls::Use);
    assert_markov_totals(&folder, &paths);
}

#[test]
fn channel_attributions_transitions() {
    let Some((folder, rows, names)) = path_data() else { return };
    let paths = paths(&rows, names, 1, Nulls::Use);
    let transitions = paths.statistics().transitions();
    let name = |run: u64| match transitions.last(run) {
        Some(code) => paths.channels()[code as usize].clone(),
        None => "(start)".to_owned(),
    };
    let mut got = BTreeMap::new();
    for row in Chain::new(&transitions, 1).rows() {
        let to = match row.to {
            Target::Run(run) => name(run),
            Target::Conversion => "(conversion)".to_owned(),
            Target::Null => "(null)".to_owned(),
        };
        got.insert((name(row.from), to), (row.count, row.probability));
    }
    let expected = records(folder.join("expected_markov_order1_transitions.csv"), b',');
    assert_eq!(expected.len(), got.len());
    for record in expected {
        let (count, probability) = got[&(record[0].clone(), record[1].clone())];
        assert_eq!(count.to_string(), record[2], "{record:?}");
        close(probability, number(&record[3]), &record[1]);
    }
}

#[test]
fn channel_attributions_heuristics() {
    let Some((folder, rows, names)) = path_data() else { return };
    let paths = paths(&rows, names, 1, Nulls::Use);
    let models = ["first_touch", "last_touch", "linear"].map(|id| paths.attribute(named(id)).unwrap());
    for record in records(folder.join("expected_heuristics.csv"), b',') {
        let code = paths.channels().binary_search(&record[0]).unwrap();
        for (model, results) in models.iter().enumerate() {
            close(results[code].conversions, number(&record[1 + 2 * model]), &record[0]);
            close(results[code].value, number(&record[2 + 2 * model]), &record[0]);
        }
    }
}

/// The closed form of Zhao et al., as attribution.md §7.3 lists it to four places.
#[test]
fn channel_attributions_paths_under_shapley() {
    let Some((_, rows, names)) = path_data() else { return };
    let paths = paths(&rows, names, 1, Nulls::Use);
    let expected = [
        7627.9440, 1982.7393, 2.2929, 374.6774, 3613.6560, 138.1857, 3505.0440, 159.0571, 987.7821, 2.6667, 1190.9631,
        199.9917,
    ];
    for id in ["shapley", "ordered_shapley"] {
        let results = paths.attribute(named(id)).unwrap();
        assert!(results.iter().zip(expected).all(|(got, want)| (got.conversions - want).abs() < 6e-5), "{results:?}");
    }
}

#[test]
fn real_journeys_order_one() {
    let Some((folder, rows, names)) = real_journeys() else { return };
    let conversions: f64 = rows.iter().map(|row| row.counts.conversions).sum();
    assert_eq!((rows.len(), conversions), (9_506, 1_838.0), "the journeys that the data's notes count");
    let paths = paths(&rows, names, 1, Nulls::Use);
    assert_markov_totals(&folder, &paths);
}

/// Attribution.md §7.3 lists some effects of orders two and three, and participation, to which they drift.
#[test]
fn channel_attributions_paths_at_higher_orders() {
    let Some((_, rows, names)) = path_data() else { return };
    let counted = paths(&rows, names.clone(), 4, Nulls::Use);
    let listed = ["alpha", "beta", "eta", "iota"].map(|name| names.binary_search(&name.to_owned()).unwrap());
    let published = [
        (2, 125, [0.547_803, 0.237_910, 0.330_767, 0.371_594]),
        (3, 967, [0.546_420, 0.228_673, 0.322_834, 0.360_379]),
    ];
    for (order, states, effects) in published {
        let fitted = Markov::fit(counted.statistics(), ChainOrder::Fixed(order)).unwrap();
        assert_eq!(fitted.chain().states(), states);
        for (code, want) in listed.iter().zip(effects) {
            assert!((fitted.effects().conversions[*code] - want).abs() < 1e-6, "order {order}");
        }
    }
    assert_laws_of_higher_orders(&counted, rows, names);
}

#[test]
fn real_journeys_at_higher_orders() {
    let Some((_, rows, names)) = real_journeys() else { return };
    let counted = paths(&rows, names.clone(), 4, Nulls::Use);
    assert_laws_of_higher_orders(&counted, rows, names);
}

/// The base rate is the empirical rate, scaling changes nothing, and effects drift toward participation.
fn assert_laws_of_higher_orders(counted: &Paths, rows: Vec<PathRow>, names: Vec<String>) {
    let total = counted.statistics().total();
    let rate = total.conversions as f64 / total.journeys() as f64;
    let participation = counted.statistics().sets().participation();
    let share = |code: usize| participation[code].conversions as f64 / total.conversions as f64;
    let tenfold = rows
        .into_iter()
        .map(|mut row| {
            row.counts.conversions *= 10.0;
            row.counts.nulls *= 10.0;
            row
        })
        .collect::<Vec<_>>();
    let tenfold = paths(&tenfold, names, 4, Nulls::Use);
    let mut previous = f64::INFINITY;
    for order in 1..=4 {
        let order = ChainOrder::Fixed(order);
        let (fitted, scaled) =
            (Markov::fit(counted.statistics(), order).unwrap(), Markov::fit(tenfold.statistics(), order).unwrap());
        let effects = fitted.effects();
        assert!((effects.base_rate / rate - 1.0).abs() < 1e-12, "{order:?}: {} is not {rate}", effects.base_rate);
        let mut distance = 0.0;
        for (code, (effect, scaled)) in effects.conversions.iter().zip(&scaled.effects().conversions).enumerate() {
            assert!((effect - scaled).abs() < 1e-12, "{order:?}: {effect} is not {scaled}");
            distance += (effect - share(code)).abs();
        }
        assert!(distance < previous, "{order:?}: {distance} is not less than {previous}");
        previous = distance;
    }
}

#[test]
fn rows_that_make_no_sense_are_named() {
    let error = |path: &[u32], conversions: f64, value: f64, nulls: f64| {
        PathTable::default().push(path, PathCounts { conversions, value, nulls }).unwrap_err().to_string()
    };
    assert_eq!(error(&[], 1.0, 1.0, 0.0), "a path has no channel; remove the row or name at least one channel");
    let negative = error(&[0], -1.0, 0.0, 0.0);
    assert_eq!(negative, "the number of conversions is -1, but must be a finite number of at least 0");
    assert!(error(&[0], 1.0, 0.0, f64::NAN).contains("did not convert is NaN"));
    assert!(error(&[0], 1.0, f64::INFINITY, 0.0).contains("the value is inf"));
    assert!(error(&[0], 0.0, 5.0, 1.0).contains("the value is 5, but must be a finite number, and 0 without"));
}

#[test]
fn what_cannot_be_counted_is_named() {
    let mut table = PathTable::default();
    table.push(&[2], PathCounts { conversions: 1.0, value: 1.0, nulls: 0.0 }).unwrap();
    let names = ["a", "b"].map(str::to_owned).to_vec();
    let unknown = Paths::new(table, names, &[], Nulls::Use).unwrap_err();
    assert_eq!(unknown.to_string(), "a path has channel code 2, but there are 2 channels");
    let names = || ["a", "b"].map(str::to_owned).to_vec();
    for (conversions, nulls) in [(1e18, 0.0), (6e12, 6e12), (1.0, f64::MAX)] {
        let mut table = PathTable::default();
        table.push(&[0, 1], PathCounts { conversions, value: 2.0, nulls }).unwrap();
        let error = Paths::new(table, names(), &[], Nulls::Use).unwrap_err().to_string();
        assert!(
            error.ends_with("journeys, more than 10¹³; give the numbers of journeys that took each path"),
            "{error}"
        );
    }
}

/// A fraction of a conversion that is nothing beside the others, and has value all the same.
#[test]
fn a_fraction_that_vanishes_is_no_path() {
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let counted = paths(&[row(&[0, 1], 1e12, 5.0, 1.0), row(&[2, 1], 1e-9, 7.0, 0.0)], names, 1, Nulls::Use);
    let results = counted.attribute(&markov(1)).unwrap();
    assert_eq!(results[2].removal_effect_conversions, Some(0.0));
    assert!((results[0].conversions - 5e11).abs() < 1.0, "{results:?}");
}

#[test]
fn nothing_or_one_channel_is_refused_by_fitted_models_alone() {
    let names = vec!["a".to_owned(), "b".to_owned()];
    let nothing = paths(&[], names.clone(), 1, Nulls::Use).attribute(&markov(1)).unwrap_err();
    assert!(matches!(nothing.reason, Reason::TooFewConversions { conversions: 0, minimum: 1 }));
    let counted = paths(&[row(&[0], 1.0, 2.0, 1.0)], names, 1, Nulls::Use);
    assert_eq!(counted.attribute(&markov(1)).unwrap_err().reason, Reason::OneChannel);
    assert_eq!(counted.attribute(named("linear")).unwrap()[0].value, 2.0);
}

/// Paths know neither dates nor milestones, nor accounts over time.
#[test]
fn models_that_ask_for_more_than_paths_tell_are_refused() {
    let rows = [row(&[0, 1], 3.0, 1.0, 0.0), row(&[1], 1.0, 1.0, 5.0)];
    let counted = paths(&rows, vec!["a".to_owned(), "b".to_owned()], 1, Nulls::Use);
    for spec in house_models().iter().chain(fitted_models()) {
        let by_date = ["lead_creation", "opportunity_creation", "time_decay", "u_shaped", "w_shaped", "full_path"];
        let expected = [&by_date[..], &["incremental", "incremental_total"]].concat();
        let refused = matches!(counted.attribute(spec), Err(Refusal { reason: Reason::NotInPaths(_), .. }));
        assert_eq!(refused, expected.contains(&spec.id()), "{}", spec.id());
    }
}

/// {a>b 3c/1n; a>c 1c/1n} without its nulls: every journey converts, and effects are participation: 1, ¾, ¼.
#[test]
fn nulls_can_be_ignored() {
    let rows = [row(&[0, 1], 3.0, 3.0, 1.0), row(&[0, 2], 1.0, 1.0, 1.0)];
    let counted = paths(&rows, ["a", "b", "c"].map(str::to_owned).to_vec(), 1, Nulls::Ignore);
    let effects: Vec<f64> =
        counted.attribute(&markov(1)).unwrap().iter().map(|row| row.removal_effect_conversions.unwrap()).collect();
    assert!(effects.iter().zip([1.0, 0.75, 0.25]).all(|(got, want)| (got - want).abs() < 1e-14), "{effects:?}");
    let refusal = counted.attribute(named("rate_shapley")).unwrap_err();
    assert_eq!(refusal.reason, Reason::NoNonConverters);
}

/// a>b>a with 4 conversions: a earns 1 first and 1 third, b 2 second. b with 1: 1 first (Zhao et al., ordered).
#[test]
fn ordered_shapley_by_channel() {
    let rows = [row(&[0, 1, 0], 4.0, 40.0, 0.0), row(&[1], 1.0, 10.0, 0.0)];
    let counted = paths(&rows, ["a", "b"].map(str::to_owned).to_vec(), 1, Nulls::Use);
    let credited = counted.attribute(named("ordered_shapley")).unwrap();
    let got: Vec<_> = credited.into_iter().map(|channel| (channel.conversions, channel.value)).collect();
    assert_eq!(got, [(2.0, 20.0), (3.0, 30.0)]);
}

/// Journeys drawn from a chain that remembers two touches: after a>b comes c, after c>b comes a, so that one touch of
/// memory knows half of the next step and two know all. Orders beyond add nothing but noise.
#[test]
fn cross_validation_finds_the_memory_of_paths_whatever_the_order_of_rows() {
    let rows: Vec<PathRow> = (1..=12_u32)
        .flat_map(|length| {
            let cycle = [0, 1, 2, 1];
            [0, 2].map(|start| {
                let path: Vec<u32> = (0..length).map(|touch| cycle[((start + touch) % 4) as usize]).collect();
                row(&path, 4.0, 4.0, 4.0)
            })
        })
        .collect();
    let names = || ["a", "b", "c"].map(str::to_owned).to_vec();
    let auto = named("markov_auto");
    let counted = |rows: &mut dyn Iterator<Item = &PathRow>| {
        let mut table = PathTable::default();
        rows.for_each(|row| table.push(&row.path, row.counts).unwrap());
        Paths::new(table, names(), std::slice::from_ref(auto), Nulls::Use).unwrap()
    };
    let (forward, backward) = (counted(&mut rows.iter()), counted(&mut rows.iter().rev()));
    assert_eq!(forward.best_order(), Some(2));
    let results = forward.attribute(auto).unwrap();
    assert_eq!(backward.attribute(auto).unwrap(), results);
    assert_eq!(paths(&rows, names(), 2, Nulls::Use).attribute(&markov(2)).unwrap(), results);
}

/// The same rows under names in another order are the same results.
#[test]
fn channels_come_in_the_order_of_their_names() {
    let rows = [row(&[0, 1], 3.0, 30.0, 2.0), row(&[1], 1.0, 10.0, 9.0)];
    let swapped = [row(&[1, 0], 3.0, 30.0, 2.0), row(&[0], 1.0, 10.0, 9.0)];
    let sorted = paths(&rows, vec!["a".to_owned(), "b".to_owned()], 1, Nulls::Use);
    let reversed = paths(&swapped, vec!["b".to_owned(), "a".to_owned()], 1, Nulls::Use);
    assert_eq!(reversed.channels(), ["a", "b"]);
    for spec in [named("first_touch"), named("linear"), &markov(1)] {
        assert_eq!(reversed.attribute(spec), sorted.attribute(spec));
    }
}

fn row(path: &[u32], conversions: f64, value: f64, nulls: f64) -> PathRow {
    PathRow { path: path.to_vec(), counts: PathCounts { conversions, value, nulls } }
}

fn fractional() -> impl Strategy<Value = Vec<PathRow>> {
    let columns = (prop::collection::vec(0..4_u32, 1..6), 0.01..9.0, 0.0..99.0, 0.0..20.0);
    let rows = columns.prop_map(|(path, conversions, value, nulls)| row(&path, conversions, value, nulls));
    prop::collection::vec(rows, 4..20)
}

proptest! {
    #[test]
    fn totals_add_up_and_input_order_changes_no_bit(rows in fractional(), order in 1..=3_usize) {
        let names = || ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let forward = paths(&rows, names(), order, Nulls::Use);
        let reversed = paths(&rows.iter().rev().cloned().collect::<Vec<_>>(), names(), order, Nulls::Use);
        let all: f64 = rows.iter().map(|row| row.counts.conversions).sum();
        let value: f64 = rows.iter().map(|row| row.counts.value).sum();
        let fixed = markov(order);
        let ids = ["first_touch", "last_touch", "linear", "shapley", "ordered_shapley", "rate_shapley"];
        for spec in ids.map(named).into_iter().chain([&fixed]) {
            let Ok(results) = forward.attribute(spec) else { continue };
            prop_assert!((results.iter().map(|row| row.conversions).sum::<f64>() / all - 1.0).abs() < 1e-12);
            prop_assert!((results.iter().map(|row| row.value).sum::<f64>() - value).abs() <= 1e-12 * value);
            prop_assert_eq!(reversed.attribute(spec).unwrap(), results);
        }
    }

    /// Fractions of a conversion are the same as whole ones on another scale.
    #[test]
    fn fractions_are_whole_numbers_on_another_scale(rows in fractional(), order in 1..=3_usize) {
        let names = || ["a", "b", "c", "d"].map(str::to_owned).to_vec();
        let effects = |part: f64| {
            let scaled = |whole: &PathRow| {
                let PathCounts { conversions, value, nulls } = whole.counts;
                row(&whole.path, conversions.ceil() / part, value, nulls.ceil() / part)
            };
            let rows: Vec<PathRow> = rows.iter().map(scaled).collect();
            paths(&rows, names(), order, Nulls::Use).attribute(&markov(order))
        };
        let (thirds, whole) = (effects(3.0), effects(1.0));
        prop_assert_eq!(thirds.is_ok(), whole.is_ok());
        for (third, whole) in thirds.into_iter().flatten().zip(whole.into_iter().flatten()) {
            prop_assert!((third.removal_effect_conversions.unwrap() - whole.removal_effect_conversions.unwrap()).abs() < 1e-9);
        }
    }
}

#[test]
fn a_table_is_appended_under_other_codes() {
    let row = |conversions| PathCounts { conversions, value: 3.0 * conversions, nulls: 0.25 };
    let (mut table, mut other) = (PathTable::default(), PathTable::default());
    assert!(table.is_empty());
    table.push(&[0, 1], row(0.5)).unwrap();
    other.push(&[1, 0, 1], row(0.25)).unwrap();
    other.push(&[0], row(1.0)).unwrap();
    table.append(&other, &[5, 7]);
    assert!(!table.is_empty());
    assert_eq!(
        (0..table.len()).map(|at| table.path(at).to_vec()).collect::<Vec<_>>(),
        [vec![0, 1], vec![7, 5, 7], vec![5]]
    );
    assert_eq!(table.counts(), [row(0.5), row(0.25), row(1.0)]);
}

/// Half a conversion, worth 8, along a b: under linear credit each channel has a quarter of a conversion and 4. One
/// conversion is enough for a chain of paths.
#[test]
fn half_a_conversion_is_shared_and_one_is_enough_to_fit() {
    let shared = |conversions: f64, model: &ModelSpec| -> Vec<[f64; 2]> {
        let mut table = PathTable::default();
        table.push(&[0, 1], PathCounts { conversions, value: 8.0, nulls: 0.0 }).unwrap();
        let paths = Paths::new(table, vec!["a".into(), "b".into()], std::slice::from_ref(model), Nulls::Use).unwrap();
        paths.attribute(model).unwrap().iter().map(|result| [result.conversions, result.value]).collect()
    };
    assert_eq!(shared(0.5, named("linear")), [[0.25, 4.0]; 2]);
    assert_eq!(shared(1.0, &markov(1)), [[0.5, 4.0]; 2]);
}

/// Journeys that did not convert are a row of their own; without a conversion there is no value.
#[test]
fn a_row_may_have_no_conversion_but_then_no_value() {
    let mut table = PathTable::default();
    let counts = |value| PathCounts { conversions: 0.0, value, nulls: 3.0 };
    assert!(table.push(&[0], counts(0.0)).is_ok());
    assert!(table.push(&[0], counts(0.5)).is_err());
    assert_eq!(table.len(), 1);
}
