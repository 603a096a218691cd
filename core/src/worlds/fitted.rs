//! Estimators of the data-driven models: fitted on a world's journeys, converted or not, as on any others.

use super::rules::estimate_shares;
use super::simulate::World;
use super::validate::{Estimate, Estimator};
use crate::incremental::SALES;
use crate::model::{Evidence, ModelSpec, fitted_models, parse_models};
use crate::statistics::{CountedJourney, HIGHEST_ORDER, JourneyStatistics, Outcome, Shape, ShapeError};

/// Markov of every order, of the order that cross-validation finds, and both Shapley games. `ordered_shapley` is left out:
/// it credits touches as `shapley` does.
pub fn fitted_estimators() -> Vec<Estimator> {
    let kept = |spec: &&ModelSpec| {
        matches!(spec, ModelSpec::Markov { .. } | ModelSpec::Shapley { .. } | ModelSpec::RateShapley { .. })
    };
    let mut specs: Vec<ModelSpec> = fitted_models().iter().filter(kept).cloned().collect();
    specs.splice(1..1, (2..=HIGHEST_ORDER).flat_map(markov));
    specs.into_iter().map(estimator).collect()
}

/// The Markov model of an order.
fn markov(order: usize) -> Vec<ModelSpec> {
    let spec = format!("[[model]]\nid = \"markov_{order}\"\nkind = \"markov\"\norder = {order}");
    parse_models(&spec).unwrap_or_default()
}

fn estimator(spec: ModelSpec) -> Estimator {
    let model = spec.id().to_owned();
    let estimate = move |world: &World| {
        let journeys = count(world, &spec).map_err(|error| error.to_string())?;
        let evidence = Evidence { journeys: Some(&journeys), ..Evidence::default() };
        let model = spec.build(&world.channels, evidence).map_err(|refusal| refusal.to_string())?;
        Ok(Estimate { shares: estimate_shares(world, &*model), intervals: None })
    };
    Estimator { model, estimate: Box::new(estimate) }
}

/// A world's journeys as the model asks for them: one per conversion, and one of the touches after the last. Sales touches
/// are not eligible.
fn count(world: &World, spec: &ModelSpec) -> Result<JourneyStatistics, ShapeError> {
    let states = u32::try_from(world.channels.len()).unwrap_or(u32::MAX);
    let on = spec.fitted_on();
    let order = on.map_or(1, |on| on.order);
    let shape = Shape { states, order, folds: on.is_some_and(|on| on.folds), sets: on.is_some_and(|on| on.sets) };
    let mut statistics = JourneyStatistics::new(shape)?;
    let mut path = Vec::new();
    for position in 0..world.subjects.len() {
        let subject = world.subjects.get(position);
        let mut counted = 0;
        let mut add = |channels: &[u32], outcome| {
            path.clear();
            path.extend(channels.iter().copied().filter(|&channel| channel != SALES));
            statistics.add(CountedJourney { path: &path, outcome, key: subject.key });
        };
        for (_, _, channels) in subject.journeys() {
            counted += channels.len();
            add(channels, Outcome::converted(1));
        }
        let rest = &subject.channels[counted..];
        if !rest.is_empty() {
            add(rest, Outcome::NULL);
        }
    }
    Ok(statistics)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incremental::Subject;
    use crate::worlds::scenarios;

    #[test]
    fn every_account_is_a_journey() {
        let world = World::simulate(&scenarios()[4], 2_000, 3).unwrap();
        let is_touched = |subject: &Subject<'_>| subject.channels.iter().any(|&channel| channel != SALES);
        let touched = || (0..world.subjects.len()).map(|position| world.subjects.get(position)).filter(is_touched);
        let converted = touched().filter(|subject| !subject.conversions.is_empty()).count() as u64;
        let touched = touched().count() as u64;
        for spec in fitted_models() {
            let counted = count(&world, spec).unwrap();
            assert_eq!(counted.total().conversions, converted, "{}", spec.id());
            assert_eq!(counted.total().journeys(), touched, "an account of a world has one journey: {}", spec.id());
        }
    }

    /// What a model gives the channels is what it does not leave: all conversions that some channel touched.
    #[test]
    fn every_model_shares_out_the_touched_conversions() {
        let world = World::simulate(&scenarios()[0], 2_000, 3).unwrap();
        let counted = count(&world, &fitted_models()[0]).unwrap();
        let touched = counted.total().conversions as f64 / world.subjects.conversion_count() as f64;
        let estimators = fitted_estimators();
        let models: Vec<&str> = estimators.iter().map(|estimator| estimator.model.as_str()).collect();
        assert_eq!(models, ["markov", "markov_2", "markov_3", "markov_4", "markov_auto", "shapley", "rate_shapley"]);
        for estimator in &estimators {
            let shares = (estimator.estimate)(&world).unwrap().shares;
            assert!((shares.iter().sum::<f64>() - touched).abs() < 1e-9, "{}: {shares:?}", estimator.model);
        }
    }
}
