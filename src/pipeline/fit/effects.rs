//! What incremental models learned, as rows of marts: the effect of every channel, and what experiments did to it.

use super::experiments::GivenExperiment;
use super::learned::Learned;
use crate::engine::EngineError;
use crate::pipeline::columns::Columns;
use crate::scatter::lines::Lines;
use arrow::array::RecordBatch;
use closedloop_core::incremental::{Calibration, ChannelEffect, Evidence, Fit, Link, ShareEstimate};

/// What an incremental model learned.
pub(super) struct EffectsLearned {
    model: String,
    link: Link,
    /// Accounts that the fit looked at, and their conversions.
    looked_at: [u64; 2],
    /// Per effect, its channel's name and what the channel brought about of all conversions.
    channels: Vec<(String, ChannelEffect, ShareEstimate)>,
    calibrations: Vec<(GivenExperiment, Calibration)>,
}

impl EffectsLearned {
    pub(super) fn new(
        model: &str,
        names: &[String],
        fit: &Fit,
        shares: &[ShareEstimate],
        experiments: &[GivenExperiment],
    ) -> Self {
        let with_share = |effect: &ChannelEffect| {
            let share = shares.iter().find(|share| share.channel == effect.channel)?;
            Some((names[effect.channel as usize].clone(), *effect, *share))
        };
        Self {
            model: model.to_owned(),
            link: fit.model().link(),
            looked_at: [fit.accounts(), fit.conversions()],
            channels: fit.model().effects().iter().filter_map(with_share).collect(),
            calibrations: experiments.iter().cloned().zip(fit.calibrations().iter().copied()).collect(),
        }
    }
}

impl Learned {
    /// `channel_effects`.
    pub(super) fn channel_effects(&self) -> Result<RecordBatch, EngineError> {
        let rows = || self.effects.iter().flat_map(|model| model.channels.iter().map(move |row| (model, row)));
        let evidence = |effect: &ChannelEffect| match effect.evidence {
            Evidence::Observational => "observational",
            Evidence::ExperimentCalibrated => "experiment_calibrated",
        };
        let link = |link: Link| match link {
            Link::Additive => "additive",
            Link::Multiplicative => "multiplicative",
        };
        let lag = |effect: &ChannelEffect| if effect.lag.rises { "rising" } else { "fading" };
        let mut columns = Columns::default();
        columns.texts("model", rows().map(|(model, _)| model.model.as_str()));
        columns.texts("channel", rows().map(|(_, (channel, ..))| channel.as_str()));
        columns.texts("lag", rows().map(|(_, (_, effect, _))| lag(effect)));
        columns.numbers("half_life_days", rows().map(|(_, (_, effect, _))| effect.lag.half_life_days));
        columns.numbers("weight", rows().map(|(_, (_, effect, _))| effect.weight));
        columns.numbers("effect", rows().map(|(_, (_, effect, _))| effect.effect));
        columns.numbers("share", rows().map(|(_, (.., share))| share.share));
        columns.numbers("share_low", rows().map(|(_, (.., share))| share.interval.low));
        columns.numbers("share_high", rows().map(|(_, (.., share))| share.interval.high));
        columns.texts("link", rows().map(|(model, _)| link(model.link)));
        columns.texts("evidence", rows().map(|(_, (_, effect, _))| evidence(effect)));
        columns.counts("fitted_accounts", rows().map(|(model, _)| model.looked_at[0]));
        columns.counts("fitted_conversions", rows().map(|(model, _)| model.looked_at[1]));
        columns.finish()
    }

    /// `calibration`.
    pub(super) fn calibration(&self, lines: &Lines) -> Result<RecordBatch, EngineError> {
        let rows = || self.effects.iter().flat_map(|model| model.calibrations.iter().map(move |row| (model, row)));
        let channel = |calibration: &Calibration| lines.channels()[calibration.experiment.channel as usize].as_str();
        let mut columns = Columns::default();
        columns.texts("model", rows().map(|(model, _)| model.model.as_str()));
        columns.texts("campaign_id", rows().map(|(_, (given, _))| given.campaign.as_deref()));
        columns.texts("channel", rows().map(|(_, (_, calibration))| channel(calibration)));
        columns.dates("start_date", rows().map(|(_, (given, _))| given.days[0]));
        columns.dates("end_date", rows().map(|(_, (given, _))| given.days[1]));
        columns.numbers("lift", rows().map(|(_, (_, calibration))| calibration.experiment.lift));
        let error = |calibration: &Calibration| calibration.experiment.standard_error;
        columns.numbers("standard_error", rows().map(|(_, (_, calibration))| error(calibration)));
        columns.numbers("before", rows().map(|(_, (_, calibration))| calibration.before));
        columns.numbers("after", rows().map(|(_, (_, calibration))| calibration.after));
        columns.finish()
    }
}
