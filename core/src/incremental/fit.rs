//! From subjects to a fitted model: refusals, choices, the fit, its calibration, and refits for the bootstrap.

use super::credit::{ChannelEffect, Evidence, Incremental};
use super::design::{Design, PERIODS_PER_CONVERSION};
use super::error::IncrementalError;
use super::expectation::Expectation;
use super::experiment::{Calibration, Experiment, Target};
use super::objective::Objective;
use super::select::{self, Candidate};
use super::settings::IncrementalSettings;
use super::shares::Influence;
use super::solver::minimise;
use super::subjects::{SALES, Subjects};
use super::walk::{Clock, Feature, Role};

/// Fewest conversions, in all and per credited channel (ten events per variable: Peduzzi et al. 1996).
const MIN_CONVERSIONS: usize = 30;
const MIN_CONVERSIONS_PER_CHANNEL: usize = 10;
/// Unexposed conversions expected of a channel without effect from which their absence means separation:
/// by chance it would happen once in twenty times.
const EXPECTED_UNEXPOSED: f64 = 3.0;
/// The half-life at which a channel is judged present, and from which the choice starts.
const USUAL_HALF_LIFE_DAYS: f64 = 30.0;
/// Periods per conversion while choosing; the fit itself takes more.
const CHOICE_PERIODS_PER_CONVERSION: f64 = 30.0;

/// A fitted incremental model with all that is needed to say how sure it is.
#[derive(Debug)]
pub struct Fit {
    model: Incremental,
    calibrations: Vec<Calibration>,
    influence: Influence,
    design: Design,
    targets: Vec<Target>,
    theta: Vec<f64>,
    ridge: f64,
    steps: u64,
}

/// Fits the incremental model. `channels[code]` is the name of the channel with that dense code.
///
/// # Errors
/// A refusal: settings, data or experiments from which no honest number follows. See [`IncrementalError`].
pub fn fit(
    subjects: &Subjects,
    channels: &[String],
    settings: &IncrementalSettings,
    experiments: &[Experiment],
) -> Result<Fit, IncrementalError> {
    settings.check()?;
    let order = subjects.by_key();
    let touched = touched_channels(subjects, channels.len());
    let is_control = |code: u32| code == SALES || settings.control_channels.contains(&channels[code as usize]);
    let (controls, credited): (Vec<u32>, Vec<u32>) = touched.into_iter().partition(|&code| is_control(code));
    refuse_counts(subjects, credited.len())?;

    let grid = &settings.half_lives_days;
    let has_history = !controls.is_empty();
    let expectation = has_history.then(|| {
        let is_control = (0..channels.len()).zip(0..).map(|(_, code)| is_control(code)).collect();
        Expectation::learn(subjects, &order, is_control, &credited)
    });
    let observed = features(&credited, grid, Role::Credited);
    let expected = if has_history { features(&credited, grid, Role::Expected) } else { Vec::new() };
    let of_controls = features(&controls, &settings.control_half_lives_days, Role::Control);
    let conversions = f64::from(u32::try_from(subjects.conversion_count()).unwrap_or(u32::MAX));
    let clock = Clock::new(settings.period_days, settings.seed, subjects, &order);
    let build = |features: Vec<Feature>, per_conversion: f64| {
        let periods = per_conversion * conversions;
        Design::build(subjects, &order, features, channels.len(), expectation.as_ref(), &clock, periods)
    };
    let candidate =
        |position: usize| Candidate { observed: position, expected: has_history.then_some(observed.len() + position) };
    let candidates: Vec<Candidate> = (0..observed.len()).map(candidate).collect();
    let groups: Vec<Vec<Candidate>> = candidates.chunks(grid.len()).map(<[Candidate]>::to_vec).collect();
    let first_control = observed.len() + expected.len();
    let control_columns: Vec<usize> = (first_control..first_control + of_controls.len()).collect();
    let search = build([observed, expected, of_controls].concat(), CHOICE_PERIODS_PER_CONVERSION);
    let usual = nearest(grid, USUAL_HALF_LIFE_DAYS);
    for (group, &code) in groups.iter().zip(&credited) {
        refuse_presence(&search, group[usual].observed, &channels[code as usize])?;
    }
    let middle_ridge = settings.ridges[settings.ridges.len() / 2];
    let columns = select::half_lives(&search, &groups, &control_columns, usual, middle_ridge)?;
    let ridge = select::ridge(&search.select(&columns), &settings.ridges, settings.seed)?;
    let chosen = columns.iter().map(|&column| search.features[column]).collect();
    drop(search);
    Fit::new(build(chosen, PERIODS_PER_CONVERSION), ridge, experiments)
}

impl Fit {
    fn new(design: Design, ridge: f64, experiments: &[Experiment]) -> Result<Self, IncrementalError> {
        let bounded = select::bounded(&design);
        let unpulled = Objective::new(&design, ridge, &[], |_| 1.0);
        let before = minimise(&unpulled, select::cold_start(&unpulled), &bounded)?;
        let prepare = |(position, experiment)| Target::prepare(&unpulled, experiment, position);
        let targets = (1..).zip(experiments).map(prepare).collect::<Result<Vec<Target>, _>>()?;
        let objective = Objective::new(&design, ridge, &targets, |_| 1.0);
        let optimum =
            if targets.is_empty() { before.clone() } else { minimise(&objective, before.theta.clone(), &bounded)? };
        let implied = |target: &Target, theta: &[f64]| target.implied(&objective, theta, &objective.base(theta)).0;
        let calibrations = experiments
            .iter()
            .zip(&targets)
            .map(|(&experiment, target)| Calibration {
                experiment,
                before: implied(target, &before.theta),
                after: implied(target, &optimum.theta),
            })
            .collect();
        let free = minimise(&objective, optimum.theta.clone(), &vec![false; bounded.len()])?;
        let influence = Influence::new(&objective, &free);
        let effects = |theta: &[f64]| effects(&design, theta, experiments);
        let model = Incremental::new(effects(&optimum.theta));
        let steps = before.steps + optimum.steps + free.steps;
        let theta = optimum.theta;
        drop(objective);
        drop(unpulled);
        Ok(Self { model, calibrations, influence, targets, theta, ridge, steps, design })
    }

    /// The model.
    pub fn model(&self) -> &Incremental {
        &self.model
    }

    /// What each experiment did, in their order.
    pub fn calibrations(&self) -> &[Calibration] {
        &self.calibrations
    }

    /// What the intervals rest on.
    pub fn influence(&self) -> &Influence {
        &self.influence
    }

    /// The ridge that cross-validation chose.
    pub fn ridge(&self) -> f64 {
        self.ridge
    }

    /// Newton steps taken by the final fits, all of which converged.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The model with every account counted `weight(key)` times: one replicate of the bootstrap. Half-lives, ridge and
    /// periods stay as they were chosen, and the fit starts where the first one ended.
    ///
    /// # Errors
    /// [`IncrementalError::NotConverged`].
    pub fn refit(&self, weight: impl Fn(u64) -> u32) -> Result<Incremental, IncrementalError> {
        let weights: Vec<f64> = self.design.frame.keys.iter().map(|&key| f64::from(weight(key))).collect();
        let objective = Objective::new(&self.design, self.ridge, &self.targets, |account| weights[account]);
        let optimum = minimise(&objective, self.theta.clone(), &select::bounded(&self.design))?;
        let base_count = self.design.frame.base_count;
        let mut effects = self.model.effects().to_vec();
        for (effect, &value) in effects.iter_mut().zip(&optimum.theta[base_count..]) {
            effect.effect = value;
        }
        Ok(Incremental::new(effects))
    }
}

/// The credited features with their coefficients; they come first among the features.
fn effects(design: &Design, theta: &[f64], experiments: &[Experiment]) -> Vec<ChannelEffect> {
    let evidence = |channel| match experiments.iter().any(|experiment| experiment.channel == channel) {
        true => Evidence::ExperimentCalibrated,
        false => Evidence::Observational,
    };
    let credited =
        design.features.iter().zip(&theta[design.frame.base_count..]).filter(|(f, _)| f.role == Role::Credited);
    credited
        .map(|(feature, &effect)| ChannelEffect {
            channel: feature.channel,
            effect,
            half_life_days: feature.half_life_days,
            evidence: evidence(feature.channel),
        })
        .collect()
}

fn features(channels: &[u32], half_lives: &[f64], role: Role) -> Vec<Feature> {
    let of = |&channel: &u32| half_lives.iter().map(move |&half_life_days| Feature { channel, half_life_days, role });
    channels.iter().flat_map(of).collect()
}

/// The codes of the channels that were ever touched, ascending, sales touches last.
fn touched_channels(subjects: &Subjects, channel_count: usize) -> Vec<u32> {
    let mut touched = vec![false; channel_count];
    let mut by_sales = false;
    for position in 0..subjects.len() {
        for &channel in subjects.get(position).channels {
            match touched.get_mut(channel as usize) {
                Some(seen) => *seen = true,
                None => by_sales |= channel == SALES,
            }
        }
    }
    (0..).zip(touched).chain([(SALES, by_sales)]).filter(|(_, seen)| *seen).map(|(code, _)| code).collect()
}

fn refuse_counts(subjects: &Subjects, channels: usize) -> Result<(), IncrementalError> {
    let found = subjects.conversion_count();
    if channels < 2 {
        return Err(IncrementalError::OneChannel(channels));
    }
    let needed = MIN_CONVERSIONS.max(MIN_CONVERSIONS_PER_CHANNEL * channels);
    if found < needed {
        return Err(IncrementalError::TooFewConversions { found, needed, channels });
    }
    if (0..subjects.len()).all(|position| !subjects.get(position).conversions.is_empty()) {
        return Err(IncrementalError::NoNonConverters(subjects.len()));
    }
    Ok(())
}

/// Refuses a channel that nobody was without, or without which nobody converted.
fn refuse_presence(design: &Design, column: usize, name: &str) -> Result<(), IncrementalError> {
    let frame = &design.frame;
    let (mut unexposed, mut days) = ((0.0, 0.0), 0.0);
    let mut conversions = 0.0;
    for row in &frame.idle {
        unexposed = (unexposed.0 + row.days, unexposed.1 + row.conversions);
        days += row.days;
        conversions += row.conversions;
    }
    for row in 0..frame.rows() {
        days += frame.days[row];
        conversions += frame.conversions[row];
        if design.row(row)[column] == 0.0 {
            unexposed = (unexposed.0 + frame.days[row], unexposed.1 + frame.conversions[row]);
        }
    }
    if unexposed.0 == 0.0 {
        return Err(IncrementalError::AlwaysPresent(name.to_owned()));
    }
    if unexposed.1 == 0.0 && conversions * unexposed.0 / days >= EXPECTED_UNEXPOSED {
        return Err(IncrementalError::Separation(name.to_owned()));
    }
    Ok(())
}

fn nearest(grid: &[f64], wanted: f64) -> usize {
    let distance = |value: f64| (value / wanted).ln().abs();
    (0..grid.len()).min_by(|&a, &b| distance(grid[a]).total_cmp(&distance(grid[b]))).unwrap_or(0)
}
