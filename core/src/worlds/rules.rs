//! Estimators for the worlds: any attribution model, and the incremental model with its intervals.

use super::simulate::World;
use super::validate::{Estimate, Estimator};
use crate::incremental::{IncrementalSettings, SALES, fit};
use crate::journey::{Anchors, Journey, Milestones};
use crate::ledger::Residual;
use crate::model::Evidence;
use crate::model::{AttributionModel, house_models};

/// The share of a world's conversions that a model gives each channel; sales touches are not eligible.
pub fn estimate_shares(world: &World, model: &dyn AttributionModel) -> Vec<f64> {
    let mut shares = vec![0.0; world.channels.len()];
    let mut conversions = 0.0;
    for position in 0..world.subjects.len() {
        for (converted_at, touched_at, channels) in world.subjects.get(position).journeys() {
            conversions += 1.0;
            let eligible = || touched_at.iter().zip(channels).filter(|(_, channel)| **channel != SALES);
            let touched_at: Vec<i64> = eligible().map(|(at, _)| *at).collect();
            let channels: Vec<u32> = eligible().map(|(_, channel)| *channel).collect();
            if touched_at.is_empty() {
                continue;
            }
            let anchors = Anchors::locate(&touched_at, Milestones::default());
            let journey = Journey { touched_at: &touched_at, channels: &channels, converted_at, anchors };
            let mut credits = vec![0.0; touched_at.len()];
            let residual = match model.credit(journey, &mut credits) {
                Residual::None => 0.0,
                Residual::Left { credit, .. } => credit,
            };
            let whole = credits.iter().sum::<f64>() + residual;
            channels.iter().zip(&credits).for_each(|(&channel, credit)| shares[channel as usize] += credit / whole);
        }
    }
    shares.iter().map(|share| share / conversions).collect()
}

/// The house models that need no milestones but touches.
pub fn rule_estimators() -> Vec<Estimator> {
    ["first_touch", "last_touch", "last_non_direct", "linear", "time_decay", "position_based"]
        .into_iter()
        .filter_map(|id| house_models().iter().find(|spec| spec.id() == id))
        .map(|spec| Estimator {
            model: spec.id().to_owned(),
            estimate: Box::new(move |world| {
                let model = spec.build(&world.channels, Evidence::default()).map_err(|refusal| refusal.to_string())?;
                Ok(Estimate { shares: estimate_shares(world, &*model), intervals: None })
            }),
        })
        .collect()
}

/// The incremental model with default settings and intervals at `level`.
pub fn incremental_estimator(level: f64) -> Estimator {
    let estimate = move |world: &World| {
        let fit = fit(&world.subjects, &world.channels, &IncrementalSettings::default(), &[])
            .map_err(|refusal| refusal.to_string())?;
        let mut shares = vec![0.0; world.channels.len()];
        let mut intervals = vec![None; world.channels.len()];
        for estimate in fit.shares(&world.subjects, level) {
            shares[estimate.channel as usize] = estimate.share;
            intervals[estimate.channel as usize] = Some(estimate.interval);
        }
        Ok(Estimate { shares, intervals: Some(intervals) })
    };
    Estimator { model: "incremental".to_owned(), estimate: Box::new(estimate) }
}
