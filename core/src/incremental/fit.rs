//! From subjects to a fitted model: refusals, choices, the fit, its calibration, and refits for the bootstrap.

use super::average::{Average, Component};
use super::clock::Clock;
use super::credit::{ChannelEffect, Evidence, Incremental};
use super::design::Design;
use super::error::IncrementalError;
use super::expectation::Expectation;
use super::experiment::{Calibration, Experiment, Target};
use super::influence::Influence;
use super::lag::Lag;
use super::objective::{Objective, Terms};
use super::refuse::{refuse_counts, refuse_presence};
use super::sample::Sample;
use super::select::{self, Candidate, Candidates};
use super::settings::IncrementalSettings;
use super::solver::{TOLERANCE, minimise};
use super::subjects::{SALES, Subjects};
use super::walk::{Feature, Role};

/// The half-life at which a channel is judged present, and from which the choice starts.
const USUAL_HALF_LIFE_DAYS: f64 = 30.0;
/// Half-lives, in days, at which a credited channel may also rise first: its peak lies 1.4 half-lives after the touch, and
/// before a week or after a quarter it could not be told from other things.
const RISING_DAYS: std::ops::RangeInclusive<f64> = 10.0..=70.0;

/// A fitted incremental model with all that is needed to say how sure it is.
#[derive(Debug)]
pub struct Fit {
    model: Incremental,
    calibrations: Vec<Calibration>,
    influence: Influence,
    problem: Problem,
    theta: Vec<f64>,
}

/// All that was chosen before the final fit.
#[derive(Debug)]
struct Problem {
    design: Design,
    candidates: Candidates,
    chosen: Vec<usize>,
    /// The chosen columns, and all of them.
    terms: Terms,
    everything: Terms,
    ridge: f64,
    experiments: Vec<Experiment>,
    /// The experiments in both.
    targets: Vec<Target>,
    targets_of_everything: Vec<Target>,
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
    let touched = touched_channels(subjects, channels.len());
    let is_control = |code: u32| code == SALES || settings.is_control(&channels[code as usize]);
    let (controls, credited): (Vec<u32>, Vec<u32>) = touched.into_iter().partition(|&code| is_control(code));
    refuse_counts(subjects, credited.len())?;

    let sample = Sample::draw(subjects, settings);
    let has_history = !controls.is_empty();
    let expectation = has_history.then(|| {
        let is_control = (0..channels.len()).zip(0..).map(|(_, code)| is_control(code)).collect();
        Expectation::learn(subjects, &sample, is_control, &credited)
    });
    let lags = lags(&settings.half_lives_days);
    let at_once = |half_life_days: &f64| Lag { half_life_days: *half_life_days, rises: false };
    let control_lags: Vec<Lag> = settings.control_half_lives_days.iter().map(at_once).collect();
    let observed = features(&credited, &lags, Role::Credited);
    let expected = if has_history { features(&credited, &lags, Role::Expected) } else { Vec::new() };
    let of_controls = features(&controls, &control_lags, Role::Control);
    let first_control = observed.len() + expected.len();
    let candidate =
        |position: usize| Candidate { observed: position, expected: has_history.then_some(observed.len() + position) };
    let all: Vec<Candidate> = (0..observed.len()).map(candidate).collect();
    let candidates = Candidates {
        groups: all.chunks(lags.len()).map(<[Candidate]>::to_vec).collect(),
        controls: (first_control..first_control + of_controls.len()).collect(),
    };
    let clock = Clock::new(settings.period_days, settings.seed, subjects, &sample);
    let features = [observed, expected, of_controls].concat();
    let design = Design::build(subjects, &sample, features, channels.len(), expectation.as_ref(), &clock);
    let usual = nearest(&lags, USUAL_HALF_LIFE_DAYS);
    for (group, &code) in candidates.groups.iter().zip(&credited) {
        refuse_presence(&design, group[usual].observed, &channels[code as usize])?;
    }
    let weakest = settings.ridges.iter().copied().fold(f64::INFINITY, f64::min);
    let choice = select::lags(&design, &candidates, usual, weakest, settings.seed)?;
    let ridge = select::ridge(&design, &choice, &settings.ridges, settings.seed)?;
    let problem = Problem::new(design, candidates, choice.chosen, choice.terms, ridge, experiments)?;
    Fit::new(problem, choice.optimum.theta)
}

impl Problem {
    fn new(
        design: Design,
        candidates: Candidates,
        chosen: Vec<usize>,
        terms: Terms,
        ridge: f64,
        experiments: &[Experiment],
    ) -> Result<Self, IncrementalError> {
        let everything = Terms { columns: (0..design.features.len()).collect(), link: terms.link };
        let targets = |terms: &Terms| {
            let prepare = |(position, experiment)| Target::prepare(&design, terms, experiment, position);
            (1..).zip(experiments).map(prepare).collect::<Result<Vec<Target>, _>>()
        };
        let (targets, targets_of_everything) = (targets(&terms)?, targets(&everything)?);
        let experiments = experiments.to_vec();
        Ok(Self { design, candidates, chosen, terms, everything, ridge, experiments, targets, targets_of_everything })
    }

    /// The objective of the chosen columns.
    fn objective<'a>(&'a self, targets: &'a [Target], weight: impl Fn(usize) -> f64) -> Objective<'a> {
        Objective::new(&self.design, &self.terms, self.ridge, targets, weight)
    }

    /// The objective of all columns.
    fn full(&self, weight: impl Fn(usize) -> f64) -> Objective<'_> {
        Objective::new(&self.design, &self.everything, self.ridge, &self.targets_of_everything, weight)
    }

    fn average(&self, full: &Objective<'_>, theta: &[f64]) -> Result<Average, IncrementalError> {
        Average::new(full, &self.candidates, &self.chosen, theta)
    }

    fn model(&self, average: &Average) -> Incremental {
        let effect = |component: &Component| {
            let feature = self.design.features[component.column];
            let is_tried = self.experiments.iter().any(|experiment| experiment.channel == feature.channel);
            ChannelEffect {
                channel: feature.channel,
                effect: component.weight * component.effect,
                lag: feature.lag,
                weight: component.weight,
                evidence: if is_tried { Evidence::ExperimentCalibrated } else { Evidence::Observational },
            }
        };
        Incremental::new(self.terms.link, average.components.iter().map(effect).collect())
    }
}

impl Fit {
    fn new(problem: Problem, start: Vec<f64>) -> Result<Self, IncrementalError> {
        let before = minimise(&problem.objective(&[], |_| 1.0), start, TOLERANCE)?;
        let pulled = problem.objective(&problem.targets, |_| 1.0);
        let optimum = if problem.targets.is_empty() {
            before.clone()
        } else {
            minimise(&pulled, before.theta.clone(), TOLERANCE)?
        };
        let implied = |target: &Target, theta: &[f64]| target.implied(&pulled, theta, &pulled.base(theta)).0;
        let calibration = |(&experiment, target): (&Experiment, &Target)| Calibration {
            experiment,
            before: implied(target, &before.theta),
            after: implied(target, &optimum.theta),
        };
        let calibrations = problem.experiments.iter().zip(&problem.targets).map(calibration).collect();
        let full = problem.full(|_| 1.0);
        let average = problem.average(&full, &optimum.theta)?;
        let model = problem.model(&average);
        let influence = Influence::new(&full, &average)?;
        let theta = optimum.theta;
        drop((full, pulled));
        Ok(Self { model, calibrations, influence, problem, theta })
    }

    /// The model.
    pub fn model(&self) -> &Incremental {
        &self.model
    }

    /// What each experiment did, in their order, at the likeliest lags.
    pub fn calibrations(&self) -> &[Calibration] {
        &self.calibrations
    }

    /// What the intervals rest on.
    pub(super) fn influence(&self) -> &Influence {
        &self.influence
    }

    /// Where in the design the account with this key is, if it was looked at.
    pub(super) fn position(&self, key: u64) -> Option<usize> {
        self.problem.design.keys.binary_search(&key).ok()
    }

    /// The accounts of the fit.
    pub fn accounts(&self) -> u64 {
        self.problem.design.keys.len() as u64
    }

    /// Their conversions.
    pub fn conversions(&self) -> u64 {
        self.problem.design.conversion_count
    }

    /// The model with every account counted `weight(key)` times: one replicate of the bootstrap. Lags are weighted anew;
    /// link, ridge, sample and periods stay as they were chosen, and the fit starts where the first one ended.
    ///
    /// # Errors
    /// [`IncrementalError::NotConverged`], [`IncrementalError::Undetermined`].
    pub fn refit(&self, weight: impl Fn(u64) -> u32) -> Result<Incremental, IncrementalError> {
        let problem = &self.problem;
        let weights: Vec<f64> = problem.design.keys.iter().map(|&key| f64::from(weight(key))).collect();
        let of_account = |account: usize| weights[account];
        let optimum = minimise(&problem.objective(&problem.targets, of_account), self.theta.clone(), TOLERANCE)?;
        Ok(problem.model(&problem.average(&problem.full(of_account), &optimum.theta)?))
    }
}

/// The lags at which a credited channel is tried.
fn lags(half_lives: &[f64]) -> Vec<Lag> {
    let at_once = half_lives.iter().map(|&half_life_days| Lag { half_life_days, rises: false });
    let rising = half_lives.iter().filter(|half_life| RISING_DAYS.contains(half_life));
    at_once.chain(rising.map(|&half_life_days| Lag { half_life_days, rises: true })).collect()
}

fn features(channels: &[u32], lags: &[Lag], role: Role) -> Vec<Feature> {
    let of = |&channel: &u32| lags.iter().map(move |&lag| Feature { channel, lag, role });
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

/// The lag without rise that is nearest to a half-life.
fn nearest(lags: &[Lag], wanted: f64) -> usize {
    let distance = |lag: Lag| if lag.rises { f64::INFINITY } else { (lag.half_life_days / wanted).ln().abs() };
    (0..lags.len()).min_by(|&a, &b| distance(lags[a]).total_cmp(&distance(lags[b]))).unwrap_or(0)
}
