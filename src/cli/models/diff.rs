//! Two models side by side: the keys of their definitions, then their credits for example journeys.

use crate::cli::table::{cell, header, plain, print_fitted, right, sentence};
use closedloop_core::journey::{Anchors, DAY_MICROS, Journey, Milestones};
use closedloop_core::ledger::{Allotter, Residual, WHOLE};
use closedloop_core::model::Evidence;
use closedloop_core::model::ModelSpec;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

/// Lengths of the example journeys.
const LENGTHS: std::ops::RangeInclusive<usize> = 1..=5;
/// Days between two touches of an example.
const DAYS_APART: i64 = 7;
/// The channel of an example's closing touch; the other touches have another.
const DIRECT: &str = "direct";

/// Prints what sets the models apart. Keys and journeys that differ are marked.
pub(super) fn print(out: &mut impl Write, models: [&ModelSpec; 2]) -> anyhow::Result<()> {
    for model in models {
        writeln!(out, "{}", sentence(&format!("{}: {}", model.id(), model.description()), 2))?;
    }
    let keys = [keys(models[0])?, keys(models[1])?];
    let mut table = plain();
    table.set_header(["", "key", models[0].id(), models[1].id()]);
    for key in keys.iter().flat_map(BTreeMap::keys).collect::<BTreeSet<_>>() {
        let values = keys.each_ref().map(|keys| keys.get(key).map_or("", String::as_str));
        table.add_row([mark(values[0] != values[1]), key, values[0], values[1]]);
    }
    writeln!(out)?;
    print_fitted(out, &table, &[1, 2, 3])?;
    if let Some(fitted) = models.iter().find(|model| model.is_fitted()) {
        let what = format!("{} learns from data, so that it has no credits for example journeys", fitted.id());
        writeln!(out, "\n{}", sentence(&what, 0))?;
        return Ok(());
    }
    let (least, most) = (LENGTHS.start(), LENGTHS.end());
    let examples = format!(
        "Credit in % for journeys of {least} to {most} touches, {DAYS_APART} days apart, the last on the day of the \
         conversion and \"{DIRECT}\". The 2nd creates the lead, the 3rd the opportunity; in shorter journeys the last does."
    );
    writeln!(out, "\n{}\n", sentence(&examples, 0))?;
    print_credits(out, models)
}

fn print_credits(out: &mut impl Write, models: [&ModelSpec; 2]) -> anyhow::Result<()> {
    let positions: Vec<String> = LENGTHS.map(|position| position.to_string()).collect();
    let names = ["", "touches", "model"].into_iter().chain(positions.iter().map(String::as_str)).chain(["residual"]);
    let mut table = plain();
    table.set_header(header(names, |column| column > 2));
    for touches in LENGTHS {
        let credits = [credits(models[0], touches)?, credits(models[1], touches)?];
        let differs = mark(credits[0] != credits[1]);
        for (model, credits) in models.iter().zip(credits) {
            let mut cells = vec![cell(differs), cell(touches.to_string()), cell(model.id())];
            cells.extend(credits.iter().map(|credit| right(credit.as_str())));
            table.add_row(cells);
        }
    }
    Ok(print_fitted(out, &table, &[])?)
}

/// The definition as dotted keys, without the names.
fn keys(model: &ModelSpec) -> Result<BTreeMap<String, String>, toml::ser::Error> {
    let mut keys = BTreeMap::new();
    for (key, value) in toml::Table::try_from(model)? {
        match value {
            toml::Value::Table(nested) => {
                keys.extend(nested.into_iter().map(|(inner, value)| (format!("{key}.{inner}"), bare(&value))));
            }
            _ if key == "id" || key == "description" => {}
            value => {
                keys.insert(key, bare(&value));
            }
        }
    }
    Ok(keys)
}

fn bare(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a model gives each touch of an example journey of that many touches, then nothing up to the longest, then what
/// it leaves.
fn credits(model: &ModelSpec, touches: usize) -> anyhow::Result<Vec<String>> {
    let channels: Vec<u32> = (1..=touches).map(|position| u32::from(position == touches)).collect();
    let touched_at: Vec<i64> = (0..).map(|step| step * DAYS_APART * DAY_MICROS).take(touches).collect();
    let at = |position: usize| touched_at[position.min(touches) - 1];
    let milestones = Milestones { lead_created_at: Some(at(2)), opportunity_created_at: Some(at(3)), tolerance: 0 };
    let journey = Journey {
        touched_at: &touched_at,
        channels: &channels,
        converted_at: at(touches),
        anchors: Anchors::locate(&touched_at, milestones),
    };
    let (mut credits, mut shares) = (vec![0.0; touches], vec![0; touches]);
    let left =
        match model.build(&[String::new(), DIRECT.to_owned()], Evidence::default())?.credit(journey, &mut credits) {
            Residual::None => 0.0,
            Residual::Left { credit, .. } => credit,
        };
    let residual = Allotter::default().shares(&credits, left, &mut shares)?;
    let blank = std::iter::repeat_n(String::new(), LENGTHS.end() - touches);
    let residual = if residual == 0 { String::new() } else { percent(residual) };
    Ok(shares.into_iter().map(percent).chain(blank).chain([residual]).collect())
}

/// A share with two decimals, rounded half up.
fn percent(share: u64) -> String {
    let hundredths = (u128::from(share) * 10_000 + u128::from(WHOLE / 2)) / u128::from(WHOLE);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

fn mark(differs: bool) -> &'static str {
    if differs { "≠" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use closedloop_core::model::{house_models, vendor_models};

    fn model(id: &str) -> &'static ModelSpec {
        house_models().iter().chain(vendor_models()).find(|model| model.id() == id).unwrap()
    }

    #[test]
    fn examples_hold_all_anchors() {
        let blank = String::new;
        let full_path = |touches| credits(model("marketo.full_path"), touches).unwrap();
        assert_eq!(full_path(1), ["100.00".into(), blank(), blank(), blank(), blank(), blank()]);
        assert_eq!(full_path(2), ["25.00".into(), "75.00".into(), blank(), blank(), blank(), blank()]);
        assert_eq!(full_path(4), ["25.00", "25.00", "25.00", "25.00", "", ""]);
        assert_eq!(full_path(5), ["22.50", "22.50", "22.50", "10.00", "22.50", ""]);
    }

    #[test]
    fn ages_and_channels_of_the_examples_count() {
        assert_eq!(credits(model("google.time_decay"), 2).unwrap(), ["33.33", "66.67", "", "", "", ""]);
        assert_eq!(credits(model("last_non_direct"), 3).unwrap(), ["0.00", "100.00", "0.00", "", "", ""]);
    }

    #[test]
    fn what_learns_from_data_has_no_examples() {
        let markov = closedloop_core::model::fitted_models().iter().find(|model| model.id() == "markov").unwrap();
        let mut out = Vec::new();
        print(&mut out, [markov, model("linear")]).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("kind")
                && text.ends_with("markov learns from data, so that it has no credits for example journeys\n"),
            "{text}"
        );
    }

    #[test]
    fn every_differing_key_and_journey_is_marked() {
        let mut out = Vec::new();
        print(&mut out, [model("j_shaped"), model("amplitude.j_shaped")]).unwrap();
        let text = String::from_utf8(out).unwrap();
        let marked: Vec<&str> = text.lines().filter(|line| line.starts_with(" ≠")).collect();
        assert_eq!(marked.len(), 3, "{text}");
        assert!(marked[0].contains("no_middle"), "{text}");
        assert!(marked[1].contains("25.00") && marked[1].contains("75.00"), "{text}");
        assert!(marked[2].contains("30.00") && marked[2].contains("70.00"), "{text}");
    }
}
