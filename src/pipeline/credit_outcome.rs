//! The outcome of the credit stage: the models run, the marts that are as large as the journeys are written, the books close.

use super::credit::{CreditWants, Crediting, PartitionCredit};
use super::error::RunError;
use super::fit::Models;
use super::lifetime::acquired::Acquisitions;
use super::place_sums::PlaceSums;
use super::prepare::Prepared;
use super::sensitivity::{self, Sensitivity};
use super::spread::{self, IntervalRow, Kept};
use super::totals::CreditTotals;
use super::touch_outcome::TouchOutcome;
use crate::config::{Intervals, Plan};
use crate::mart::MartError;
use crate::mart::stage::MartStage;
use crate::mart::writer::{MartWriter, WrittenMart};
use arrow::array::RecordBatch;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What the credit stage came to.
#[derive(Default)]
pub(super) struct CreditOutcome {
    pub(super) totals: CreditTotals,
    pub(super) places: PlaceSums,
    pub(super) touches: TouchOutcome,
    pub(super) intervals: Vec<IntervalRow>,
    /// What a reader should know about them.
    pub(super) remarks: Vec<String>,
    /// The models, by position, and the channels that they cannot credit.
    pub(super) unable: BTreeSet<(usize, String)>,
    /// What `model_sensitivity` shows, where it is wanted.
    pub(super) sensitivity: Option<Sensitivity>,
    /// The marts that are as large as the journeys.
    pub(super) written: Vec<WrittenMart>,
}

impl CreditOutcome {
    /// What no touches come to.
    pub(super) fn of_nothing(models: usize) -> Self {
        Self { totals: CreditTotals::new(models), ..Self::default() }
    }
}

/// The marts that show intervals.
const WITH_INTERVALS: [&str; 3] = ["campaign_roi", "channel_roi", "model_decision"];

/// Whether a wanted mart shows intervals.
pub(super) fn shows_intervals(wanted: &BTreeSet<&'static str>) -> bool {
    WITH_INTERVALS.iter().any(|mart| wanted.contains(mart))
}

/// Runs the models, writes the marts that are as large as the journeys, and checks the books.
pub(super) fn credit(
    plan: &Plan,
    prepared: &Prepared,
    models: Models,
    acquisitions: Option<Arc<Acquisitions>>,
    wanted: &BTreeSet<&'static str>,
    stage: &MartStage<'_>,
) -> Result<CreditOutcome, RunError> {
    let names = prepared.names(plan);
    let grid = if wanted.contains("model_sensitivity") { sensitivity::grid(plan) } else { None };
    let mut marts = JourneyMarts::open(stage, wanted)?;
    let wants = CreditWants {
        touch_credits: marts.credits.is_some(),
        journeys: marts.journeys.is_some(),
        acquisitions,
        intervals: if shows_intervals(wanted) { plan.intervals } else { Intervals::Off },
        grid: grid.as_ref(),
    };
    let unable = unable(&models, prepared.lines.channels());
    let crediting = Crediting::new(plan, prepared, models, wants)?;
    let mut touches = TouchOutcome::default();
    let mut kept_for_bootstrap = Kept::default();
    let mut credited = crediting.run(
        |partition| {
            let PartitionCredit { credits, journeys, ids, used, repeated, collapsed, parts, kept } = partition;
            let credits = crediting.wants.touch_credits.then(|| names.touch_credits(credits, &ids)).transpose()?;
            let journeys = crediting.wants.journeys.then(|| names.journeys(&journeys)).transpose()?;
            Ok((TouchOutcome { used, repeated, collapsed }, Kept { parts, journeys: kept }, credits, journeys))
        },
        |partitions| {
            let (mut credit_rows, mut journey_rows) = (Vec::new(), Vec::new());
            for (outcome, kept, credits, journeys) in partitions {
                touches.add(outcome);
                kept_for_bootstrap.parts.extend(&kept.parts);
                kept_for_bootstrap.journeys.extend(&kept.journeys);
                credit_rows.extend(credits);
                journey_rows.extend(journeys);
            }
            Ok(marts.write(credit_rows, journey_rows)?)
        },
    )?;
    let unmatched = crediting.unmatched(&mut credited.totals);
    marts.write(Vec::new(), vec![names.journeys(&unmatched)?])?;
    check_books(plan, &credited.totals)?;
    let places = PlaceSums::of(&credited.totals, &prepared.lines, plan.models.len());
    // The last rows are written while intervals are told: a disk that is full is noticed no sooner than they are.
    let intervals = || spread::intervals(&crediting, prepared, credited.squares.as_ref(), &places, &kept_for_bootstrap);
    let (finished, told) = rayon::join(|| marts.finish(), intervals);
    let (written, (intervals, remarks)) = (finished?, told?);
    drop(crediting);
    let sensitivity = grid.map(|grid| Sensitivity { grid, totals: credited.variants });
    Ok(CreditOutcome { totals: credited.totals, places, touches, intervals, remarks, unable, sensitivity, written })
}

/// The marts that are as large as the journeys, where they are wanted.
struct JourneyMarts<'a> {
    credits: Option<MartWriter<'a>>,
    journeys: Option<MartWriter<'a>>,
}

impl<'a> JourneyMarts<'a> {
    fn open(stage: &'a MartStage<'_>, wanted: &BTreeSet<&'static str>) -> Result<Self, MartError> {
        let writer = |name| wanted.contains(name).then(|| stage.writer(name)).transpose();
        Ok(Self { credits: writer("touch_credits")?, journeys: writer("journeys")? })
    }

    fn write(&mut self, credits: Vec<RecordBatch>, journeys: Vec<RecordBatch>) -> Result<(), MartError> {
        if let Some(writer) = &mut self.credits {
            writer.write(credits)?;
        }
        if let Some(writer) = &mut self.journeys {
            writer.write(journeys)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<WrittenMart>, MartError> {
        let writers: Vec<MartWriter<'_>> = self.journeys.into_iter().chain(self.credits).collect();
        writers.into_par_iter().map(MartWriter::finish).collect()
    }
}

/// Which models cannot credit which channels.
fn unable(models: &Models, channels: &[String]) -> BTreeSet<(usize, String)> {
    let mut unable = BTreeSet::new();
    for (position, model) in models.built.iter().enumerate() {
        let of_model = (0..).zip(channels).filter(|(code, _)| !model.can_credit(*code));
        unable.extend(of_model.map(|(_, channel)| (position, channel.clone())));
    }
    unable
}

/// The law over the whole run: under every model, attributed money and residuals are what was booked.
fn check_books(plan: &Plan, totals: &CreditTotals) -> Result<(), RunError> {
    let booked = totals.booked_amount();
    for (position, model) in plan.models.iter().enumerate() {
        let got = totals.accounted(position);
        if got != booked {
            return Err(RunError::BrokenLaw {
                model: model.id().to_owned(),
                place: "all deals".to_owned(),
                got,
                booked,
            });
        }
    }
    Ok(())
}
