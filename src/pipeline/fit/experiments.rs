//! Experiments: from the canonical table to the lifts in conversions that the incremental model is pulled toward.
//!
//! A lift in money becomes conversions at what an opportunity brought whose deals closed in the window. The model knows channels:
//! a lift of one campaign speaks for its channel in the proportion of touches in the window that were the campaign's,
//! as the model itself takes every touch of a channel to work alike.

use super::journeys::Journeys;
use crate::config::Plan;
use crate::config::calendar::{DateMeans, days_since_epoch};
use crate::engine::columns::{column, text_column, value_at};
use crate::engine::ids::IdColumn;
use crate::engine::session;
use crate::pipeline::error::RunError;
use crate::pipeline::number::{major, number};
use crate::pipeline::prepare::{Prepared, Workers};
use crate::scatter::conversions::Conversion;
use crate::scatter::lines::Lines;
use crate::scatter::touch::Touch;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Float64Type};
use closedloop_core::incremental::{Experiment, IncrementalSettings};

/// An experiment as its row says.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pipeline) struct GivenExperiment {
    /// The campaign it was on, if on one.
    pub(in crate::pipeline) campaign: Option<String>,
    /// The channel it was on, or that of the campaign.
    pub(in crate::pipeline) channel: Option<String>,
    /// First and last day, since the epoch.
    pub(in crate::pipeline) days: [i32; 2],
    lift: f64,
    standard_error: f64,
    in_money: bool,
    /// First instant of the window, and the first after it.
    window: [i64; 2],
}

impl GivenExperiment {
    /// What it was on.
    pub(super) fn name(&self) -> &str {
        self.campaign.as_ref().or(self.channel.as_ref()).map_or("", String::as_str)
    }

    /// Whether models with these settings credit its channel.
    pub(super) fn is_credited(&self, settings: &IncrementalSettings) -> bool {
        self.channel.as_ref().is_none_or(|channel| !settings.is_control(channel))
    }

    /// The lift of its channel in conversions, by its own touches in its window and those of its channel; an error says why there
    /// is none.
    fn lift_of_channel(
        &self,
        plan: &Plan,
        journeys: &Journeys<'_>,
        [own, of_channel]: [u64; 2],
    ) -> Result<Experiment, String> {
        let channels = journeys.prepared.lines.channels();
        let channel = self.channel.as_ref().and_then(|name| channels.binary_search(name).ok());
        let channel = channel.and_then(|code| u32::try_from(code).ok()).filter(|_| own > 0);
        let channel = channel.ok_or("it has no touch in its window")?;
        let last_day = plan.calendar.date_of(journeys.as_of).map(days_since_epoch);
        if last_day.is_some_and(|last_day| self.days[1] > last_day) {
            return Err("it is not over by the as-of date".to_owned());
        }
        // The lift is of the whole window; the model knows of conversions only in the part that was observed.
        let [from, until] = self.window;
        if until.saturating_sub(journeys.subjects.observed_from) < (until - from) / 10 * 9 {
            return Err("no opportunity is as old as the first tenth of its window".to_owned());
        }
        let mut raw = Experiment { channel, from, until, lift: self.lift, standard_error: self.standard_error };
        if self.in_money {
            let worth = worth_of_conversion(plan, journeys, self.window);
            raw = raw.from_money(worth.ok_or("no deal says what a conversion is worth")?);
        }
        // An estimate may exceed what there was, but not by three standard errors.
        let conversions = conversions_within(plan, journeys, self.window);
        if raw.lift - 3.0 * raw.standard_error > number(conversions) {
            return Err(format!(
                "its lift is more than all {conversions} conversions of its window; say measure = money where it is money"
            ));
        }
        let part = number(own) / number(of_channel);
        Ok(Experiment { lift: raw.lift / part, standard_error: raw.standard_error / part, ..raw })
    }
}

/// The experiments of a run, in an order that the input's does not change.
#[derive(Debug, Default)]
pub(super) struct GivenExperiments(Vec<GivenExperiment>);

impl GivenExperiments {
    /// Reads the canonical table, where a model runs that experiments calibrate.
    ///
    /// # Errors
    /// A table of other columns than the stage file gives it.
    pub(super) fn read(plan: &Plan, workers: &Workers, prepared: &Prepared) -> Result<Self, RunError> {
        if !plan.follows_accounts() {
            return Ok(Self::default());
        }
        let rows = async { session::collect(prepared.ctx.table("experiments").await?).await };
        let rows = workers.runtime.block_on(rows).map_err(crate::engine::EngineError::from)?;
        let mut experiments = of_rows(plan, &rows)?;
        experiments.sort_by(|a, b| {
            let key = |e: &GivenExperiment| (e.channel.clone(), e.campaign.clone(), e.days, e.in_money);
            key(a).cmp(&key(b)).then(a.lift.total_cmp(&b.lift)).then(a.standard_error.total_cmp(&b.standard_error))
        });
        let lines = &prepared.lines;
        for experiment in &mut experiments {
            if let Some(campaign) = &experiment.campaign {
                experiment.channel = lines.channels_of(campaign).min().map(str::to_owned);
            }
        }
        Ok(Self(experiments))
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Counts an account's touches in the windows: those that the experiment was on, and all of its channel.
    pub(super) fn count(&self, touches: &[Touch], lines: &Lines, counts: &mut [[u64; 2]]) {
        for (experiment, [own, of_channel]) in self.0.iter().zip(counts) {
            let [from, until] = experiment.window;
            let in_window = touches.iter().filter(|touch| touch.eligible && (from..until).contains(&touch.at));
            for touch in in_window {
                let line = lines.line(touch.line);
                if Some(&line.channel) == experiment.channel.as_ref() {
                    *of_channel += 1;
                    let is_own = experiment.campaign.is_none() || experiment.campaign == line.campaign;
                    *own += u64::from(is_own);
                }
            }
        }
    }

    /// The lifts by channel, in conversions, each with the row it came from; and one sentence for every experiment that
    /// says nothing about a channel of this run. `counts` are those of [`Self::count`].
    pub(super) fn measured(
        self,
        plan: &Plan,
        journeys: &Journeys<'_>,
        counts: &[[u64; 2]],
    ) -> (Vec<(GivenExperiment, Experiment)>, Vec<String>) {
        let (mut measured, mut unused) = (Vec::new(), Vec::new());
        for (given, touches) in self.0.into_iter().zip(counts) {
            match given.lift_of_channel(plan, journeys, *touches) {
                Ok(lift) => measured.push((given, lift)),
                Err(why) => unused.push(format!("the experiment on {} is not used: {why}", given.name())),
            }
        }
        (measured, unused)
    }
}

fn of_rows(plan: &Plan, rows: &RecordBatch) -> Result<Vec<GivenExperiment>, RunError> {
    let campaigns = IdColumn::try_new(column(rows, "campaign_id")?)?;
    let (channels, measures) = (text_column(rows, "channel")?, text_column(rows, "measure")?);
    let days = |name: &str| column(rows, name).map(|days| days.as_primitive::<Date32Type>());
    let numbers = |name: &str| column(rows, name).map(|numbers| numbers.as_primitive::<Float64Type>());
    let (first, last) = (days("first_day")?, days("last_day")?);
    let (lifts, errors) = (numbers("lift")?, numbers("standard_error")?);
    let instant = |day: i32, means| plan.calendar.instant_of_day(day, means);
    let row = |row: usize| {
        let days = [first.value(row), last.value(row)];
        Some(GivenExperiment {
            campaign: campaigns.text(row),
            channel: value_at(&channels, row).map(str::to_owned),
            days,
            lift: lifts.value(row),
            standard_error: errors.value(row),
            in_money: measures.value(row) == "money",
            window: [instant(days[0], DateMeans::Start)?, instant(days[1], DateMeans::End)?.saturating_add(1)],
        })
    };
    Ok((0..rows.num_rows()).filter_map(row).collect())
}

/// The attributed deals, and whether each is the first of its opportunity, which is the conversion.
fn attributed<'a>(
    plan: &'a Plan,
    journeys: &'a Journeys<'_>,
) -> impl Iterator<Item = (&'a Conversion, &'a bool)> + Clone {
    let lines = journeys.prepared.conversions.all.iter().zip(&journeys.subjects.is_first_line);
    lines.filter(|(deal, _)| plan.finance.attribute_kinds.contains(&deal.kind))
}

/// The opportunities that were won in a window.
fn conversions_within(plan: &Plan, journeys: &Journeys<'_>, [from, until]: [i64; 2]) -> u64 {
    let won = |(deal, is_first): (&Conversion, &bool)| *is_first && (from..until).contains(&deal.converted_at);
    attributed(plan, journeys).map(|line| u64::from(won(line))).sum()
}

/// What a conversion is worth, in the major unit: the money of the attributed deals that closed in a window, else of all, over
/// the opportunities that they are of.
fn worth_of_conversion(plan: &Plan, journeys: &Journeys<'_>, [from, until]: [i64; 2]) -> Option<f64> {
    let attributed = attributed(plan, journeys);
    let worth = |lines: &mut dyn Iterator<Item = (&Conversion, &bool)>| {
        let (money, opportunities) = lines.fold((0, 0), |(money, opportunities), (deal, is_first)| {
            (money + i128::from(deal.amount), opportunities + u64::from(*is_first))
        });
        (money > 0 && opportunities > 0).then(|| major(money, &plan.finance) / number(opportunities))
    };
    let closed = |(deal, _): &(&Conversion, &bool)| (from..until).contains(&deal.converted_at);
    worth(&mut attributed.clone().filter(closed)).or_else(|| worth(&mut attributed.clone()))
}
