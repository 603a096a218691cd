//! Intervals of fitted models by the bootstrap: every replicate fits them to its accounts, and credits all journeys again.
//!
//! Shares are not rounded here: these are draws, not books. Sums go in order of account, so that threads change no byte.

use super::bootstrap::{Weights, weight_of_key};
use super::interval::{IntervalRow, LEVEL};
use super::kept::{KeptJourney, KeptJourneys};
use super::places;
use crate::config::file::DealKind;
use crate::engine::dense::narrow;
use crate::pipeline::credit::Crediting;
use crate::pipeline::fit::RefitGroup;
use crate::pipeline::totals::CreditKey;
use closedloop_core::journey::Journey;
use closedloop_core::ledger::Residual;
use closedloop_core::model::AttributionModel;
use closedloop_core::uncertainty::percentile_interval;
use rayon::prelude::*;
use std::collections::HashMap;

/// What is credited again, and where it goes.
pub(super) struct Replay<'a> {
    crediting: &'a Crediting<'a>,
    kept: &'a KeptJourneys,
    /// For every journey, posting and touch in turn, the cell that the credit goes to.
    cells: Vec<u32>,
    /// Of each cell, the positions of its places among the rows.
    places_of_cell: Vec<[usize; 6]>,
    places: usize,
}

/// Money (minor units) and new deals.
type Got = [f64; 2];

impl<'a> Replay<'a> {
    /// `rows` are the intervals of every place, sorted.
    pub(super) fn new(crediting: &'a Crediting<'a>, kept: &'a KeptJourneys, rows: &[IntervalRow]) -> Self {
        let mut known: HashMap<CreditKey, u32> = HashMap::new();
        let mut places_of_cell = Vec::new();
        let mut cells = Vec::new();
        for journey in &kept.journeys {
            for &posting in &kept.postings[journey.postings.clone()] {
                for key in kept.keys(journey, posting) {
                    let cell = *known.entry(key).or_insert_with(|| {
                        let position = |place| rows.partition_point(|row| row.place < place);
                        places_of_cell.push(places(key, crediting.lines.channel(key.line)).map(position));
                        narrow(places_of_cell.len() - 1)
                    });
                    cells.push(cell);
                }
            }
        }
        Self { crediting, kept, cells, places_of_cell, places: rows.len() }
    }

    /// Puts the intervals of a group's models into the rows. Returns, per model, in how
    /// many replicates it could not be fitted, so that the fit to all accounts stood in.
    pub(super) fn intervals(&self, group: &RefitGroup, weights: &Weights, rows: &mut [IntervalRow]) -> Vec<usize> {
        let replicates: Vec<(Vec<Got>, Vec<bool>)> = (0..weights.replicates())
            .into_par_iter()
            .map(|replicate| {
                let of_account = |account: u32| weights.of(account)[replicate].into();
                let models = group.refit(of_account, |key| weight_of_key(key, replicate));
                let models_or_given: Vec<&dyn AttributionModel> = models
                    .iter()
                    .zip(&group.models)
                    .map(|(model, &given)| model.as_deref().unwrap_or(&*self.crediting.models.built[given]))
                    .collect();
                let got = self.replicate(&group.models, &models_or_given, of_account);
                (got, models.iter().map(Option::is_none).collect())
            })
            .collect();
        rows.par_iter_mut().enumerate().for_each(|(place, row)| {
            for (at, &model) in group.models.iter().enumerate() {
                let draws = |what: usize| -> Vec<f64> {
                    replicates.iter().map(|(got, _)| got[at * self.places + place][what]).collect()
                };
                let interval = &mut row.models[model];
                interval.amount = interval.amount.and_then(|_| percentile_interval(&draws(0), LEVEL));
                interval.new = interval.new.and_then(|_| percentile_interval(&draws(1), LEVEL));
            }
        });
        (0..group.models.len()).map(|at| replicates.iter().filter(|(_, failed)| failed[at]).count()).collect()
    }

    /// What each model gives each place: `model · places + place`.
    fn replicate(
        &self,
        positions: &[usize],
        models: &[&dyn AttributionModel],
        weight: impl Fn(u32) -> u32,
    ) -> Vec<Got> {
        let cells = self.places_of_cell.len();
        let mut by_cell = vec![[0.0; 2]; models.len() * cells];
        let mut scratch = Scratch::default();
        let mut first = 0;
        for journey in &self.kept.journeys {
            let touches = journey.touches.len();
            let own = &self.cells[first..first + touches * journey.postings.len()];
            first += own.len();
            let weight = weight(journey.account);
            if weight == 0 || touches == 0 {
                continue;
            }
            for (at, (&position, model)) in positions.iter().zip(models).enumerate() {
                let shares = scratch.shares(self, position, *model, journey);
                let into = &mut by_cell[at * cells..(at + 1) * cells];
                for (posting, own) in self.kept.postings[journey.postings.clone()].iter().zip(own.chunks(touches)) {
                    let amount = f64::from(weight) * to_float(posting.amount);
                    let new = if posting.kind == DealKind::New { f64::from(weight) } else { 0.0 };
                    for (share, &cell) in shares.iter().zip(own) {
                        into[cell as usize][0] += amount * share;
                        into[cell as usize][1] += new * share;
                    }
                }
            }
        }
        let mut by_place = vec![[0.0; 2]; models.len() * self.places];
        for (by_cell, by_place) in by_cell.chunks(cells.max(1)).zip(by_place.chunks_mut(self.places.max(1))) {
            for (got, places) in by_cell.iter().zip(&self.places_of_cell) {
                for &place in places {
                    by_place[place][0] += got[0];
                    by_place[place][1] += got[1];
                }
            }
        }
        by_place
    }
}

#[derive(Default)]
struct Scratch {
    touched_at: Vec<i64>,
    codes: Vec<u32>,
    credits: Vec<f64>,
}

impl Scratch {
    /// What a model gives each touch, as parts of the whole; the rest is a residual's.
    fn shares(
        &mut self,
        replay: &Replay<'_>,
        position: usize,
        model: &dyn AttributionModel,
        journey: &KeptJourney,
    ) -> &[f64] {
        let touches = &replay.kept.touches[journey.touches.clone()];
        self.touched_at.clear();
        self.touched_at.extend(touches.iter().map(|touch| touch.at));
        self.codes.clear();
        match &replay.crediting.models.states[position] {
            Some(states) => self.codes.extend(touches.iter().map(|touch| states.state(touch))),
            None => self.codes.extend(touches.iter().map(|touch| replay.crediting.lines.channel(touch.line))),
        }
        self.credits.clear();
        self.credits.resize(touches.len(), 0.0);
        let seen = Journey {
            touched_at: &self.touched_at,
            channels: &self.codes,
            converted_at: journey.converted_at,
            anchors: journey.anchors,
        };
        let left = match model.credit(seen, &mut self.credits) {
            Residual::None => 0.0,
            Residual::Left { credit, .. } => credit,
        };
        let whole = left + self.credits.iter().sum::<f64>();
        if whole > 0.0 {
            self.credits.iter_mut().for_each(|credit| *credit /= whole);
        }
        &self.credits
    }
}

#[expect(clippy::cast_precision_loss, reason = "draws, not books")]
fn to_float(amount: i64) -> f64 {
    amount as f64
}
