//! Tests of the fit as a whole, on small simulated populations whose rates are known.

use super::*;
use crate::journey::DAY_MICROS;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

mod slopes;

const DAY: i64 = DAY_MICROS;
const DAYS: i64 = 400;

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn quick() -> IncrementalSettings {
    IncrementalSettings { half_lives_days: vec![10.0, 30.0], ridges: vec![0.1, 1.0], ..Default::default() }
}

/// An account as owned columns.
#[derive(Debug, Clone)]
struct Account {
    key: u64,
    until: i64,
    conversions: Vec<i64>,
    touches: Vec<(i64, u32)>,
}

/// Accounts touched at random by channels 0 and 1, which convert at the rate exp(−7.5 + Σ β_c·ln(1 + x_c)) per day, half-life
/// 10 days, and leave with their first win.
fn accounts(count: u64, effects: [f64; 2], seed: u64) -> Vec<Account> {
    accounts_with(Link::Multiplicative, count, effects, seed)
}

/// The same, or with the rate exp(−7.5)·(1 + Σ β_c·ln(1 + x_c)).
fn accounts_with(link: Link, count: u64, effects: [f64; 2], seed: u64) -> Vec<Account> {
    let one = |key: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(key);
        let (mut exposures, mut touches) = ([0.0_f64; 2], Vec::new());
        for day in 0..DAYS {
            for (channel, exposure) in (0..).zip(&mut exposures) {
                *exposure *= (-0.1_f64).exp2();
                if rng.random::<f64>() < 0.01 {
                    *exposure += 1.0;
                    touches.push((day * DAY, channel));
                }
            }
            let sum = effects[0] * exposures[0].ln_1p() + effects[1] * exposures[1].ln_1p();
            let rate = (-7.5 + link.log_rise(sum)).exp();
            if rng.random::<f64>() < rate {
                return Account { key, until: day * DAY, conversions: vec![day * DAY], touches };
            }
        }
        Account { key, until: DAYS * DAY, conversions: Vec::new(), touches }
    };
    (0..count).map(one).collect()
}

fn population(accounts: &[Account]) -> Subjects {
    let mut subjects = Subjects::new(1);
    for account in accounts {
        let columns: (Vec<i64>, Vec<u32>) = account.touches.iter().copied().unzip();
        let subject = Subject {
            key: account.key,
            from: 0,
            until: account.until,
            conversions: &account.conversions,
            covariates: &[u32::try_from(account.key % 2).unwrap()],
            touched_at: &columns.0,
            channels: &columns.1,
        };
        subjects.push(subject).unwrap();
    }
    subjects
}

fn fitted(accounts: &[Account], experiments: &[Experiment]) -> Fit {
    fit(&population(accounts), &names(&["ads", "events"]), &quick(), experiments).unwrap()
}

/// The lag of a channel that has most weight.
fn likeliest_lag(fit: &Fit, channel: u32) -> Lag {
    let own = fit.model().effects().iter().filter(|effect| effect.channel == channel);
    own.max_by(|a, b| a.weight.total_cmp(&b.weight)).unwrap().lag
}

/// Two channels that multiply, each by (1 + x)^β, and two that add β·ln(1 + x), are told apart.
#[test]
fn the_link_is_found() {
    for (link, effects) in [(Link::Multiplicative, [3.0, 3.0]), (Link::Additive, [12.0, 12.0])] {
        let accounts = accounts_with(link, 5_000, effects, 8);
        assert_eq!(fitted(&accounts, &[]).model().link(), link);
    }
}

#[test]
fn a_strong_effect_is_recovered_and_an_absent_one_is_not_invented() {
    let accounts = accounts(4_000, [2.0, 0.0], 1);
    let fit = fitted(&accounts, &[]);
    assert_eq!(likeliest_lag(&fit, 0), Lag { half_life_days: 10.0, rises: false });
    let shares = fit.shares(&population(&accounts), 0.95);
    // The truth of the rates the accounts were drawn from: 1 − (1 + x)^−2 at the conversions.
    let conversions = accounts.iter().filter(|account| !account.conversions.is_empty());
    let credits: Vec<f64> = conversions
        .map(|account| {
            let age = |&&(at, _): &&(i64, u32)| (account.conversions[0] - at) as f64 / DAY as f64;
            let ads = account.touches.iter().filter(|touch| touch.1 == 0);
            1.0 - (1.0 + ads.map(|touch| (-age(&touch) / 10.0).exp2()).sum::<f64>()).powi(-2)
        })
        .collect();
    let truth = credits.iter().sum::<f64>() / credits.len() as f64;
    assert!((shares[0].share - truth).abs() < 0.05 && shares[0].interval.covers(truth), "{shares:?} {truth}");
    assert!(shares[1].share < 0.05, "{shares:?}");
    assert!(shares[0].interval.low > 0.1 && shares[1].interval.low == 0.0, "{shares:?}");
}

#[test]
fn a_world_without_effects_is_almost_all_baseline() {
    let accounts = accounts(4_000, [0.0, 0.0], 2);
    let shares = fitted(&accounts, &[]).shares(&population(&accounts), 0.95);
    assert!(shares.iter().map(|share| share.share).sum::<f64>() < 0.07, "{shares:?}");
    assert!(shares.iter().all(|share| share.interval.covers(0.0)), "{shares:?}");
}

#[test]
fn the_order_of_subjects_changes_nothing() {
    let mut accounts = accounts(1_500, [2.0, 1.0], 3);
    let first = fitted(&accounts, &[]);
    accounts.reverse();
    accounts.rotate_left(411);
    let second = fitted(&accounts, &[]);
    assert_eq!(first.model(), second.model());
    assert_eq!(first.shares(&population(&accounts), 0.9), second.shares(&population(&accounts), 0.9));
}

#[test]
fn experiments_pull_by_their_precision() {
    let accounts = accounts(3_000, [2.0, 1.0], 4);
    let plain = fitted(&accounts, &[]);
    let experiment =
        |lift, standard_error| Experiment { channel: 0, from: 100 * DAY, until: 300 * DAY, lift, standard_error };
    let vague = fitted(&accounts, &[experiment(5.0, 1e9)]);
    let before = vague.calibrations()[0].before;
    for (a, b) in plain.model().effects().iter().zip(vague.model().effects()) {
        assert!((a.effect - b.effect).abs() < 1e-6);
    }
    let wanted = before * 0.4;
    let mut last = before;
    for standard_error in [before, before / 10.0, before / 100.0] {
        let fit = fitted(&accounts, &[experiment(wanted, standard_error)]);
        let [calibration] = fit.calibrations() else { panic!("one experiment") };
        assert!((calibration.before - before).abs() < 1e-6 && calibration.after < last && calibration.after > wanted);
        last = calibration.after;
    }
    let exact = fitted(&accounts, &[experiment(wanted, 1e-5)]);
    assert!((exact.calibrations()[0].after - wanted).abs() < 1e-3, "{:?}", exact.calibrations());
    for effect in exact.model().effects() {
        let expected = [Evidence::ExperimentCalibrated, Evidence::Observational][effect.channel as usize];
        assert_eq!(effect.evidence, expected);
    }
}

/// An experiment that is known to a hair holds the effect where it is, whatever part of the accounts a refit looks at: the lift
/// was measured on all of them. Accounts that do not count have no rate, and no lift.
#[test]
fn an_experiment_is_about_all_accounts_whoever_is_refitted() {
    let accounts = accounts_with(Link::Additive, 4_000, [12.0, 2.0], 8);
    let experiment = Experiment { channel: 0, from: 0, until: DAYS * DAY, lift: 400.0, standard_error: 0.5 };
    let fit = fitted(&accounts, &[experiment]);
    assert_eq!(fit.model().link(), Link::Additive);
    let effect =
        |model: &Incremental| model.effects().iter().filter(|of| of.channel == 0).map(|of| of.effect).sum::<f64>();
    let whole = effect(fit.model());
    let twice = effect(&fit.refit(|_| 2).unwrap());
    assert!((twice / whole - 1.0).abs() < 0.02, "{twice} {whole}");
    for fifth in 0..5 {
        // Fewer accounts have their own base rate, and the effect is told in parts of it.
        let rest = effect(&fit.refit(|key| u32::from(key % 5 != fifth)).unwrap());
        assert!((rest / whole - 1.0).abs() < 0.15, "{rest} {whole}");
    }
}

#[test]
fn money_becomes_conversions() {
    let experiment = Experiment { channel: 0, from: 0, until: 1, lift: 50_000.0, standard_error: 10_000.0 };
    let converted = experiment.from_money(5_000.0);
    assert_eq!((converted.lift, converted.standard_error), (10.0, 2.0));
}

/// The standard errors of the closed form (sandwich and delta method, two lags averaged) are those of the bootstrap with
/// refits. Were the lags far apart, the bootstrap would also see which of them wins by chance.
#[test]
fn the_closed_form_is_the_bootstrap_with_refits() {
    let subjects = population(&accounts(2_000, [2.0, 1.5], 5));
    let close = IncrementalSettings { half_lives_days: vec![8.0, 9.0], ..quick() };
    let fit = fit(&subjects, &names(&["ads", "events"]), &close, &[]).unwrap();
    assert_eq!(fit.model().effects().len(), 4);
    let closed = fit.shares(&subjects, 0.95);
    let replicates: Vec<Vec<f64>> = (0..120)
        .map(|replicate| {
            let weight = |key| crate::uncertainty::poisson_weight(9, key, replicate);
            let model = fit.refit(weight).unwrap();
            let (mut shares, mut total) = (vec![0.0; 2], 0.0);
            for position in 0..subjects.len() {
                let subject = subjects.get(position);
                let weight = f64::from(weight(subject.key));
                for (converted_at, touched_at, channels) in subject.journeys() {
                    total += weight;
                    let journey =
                        crate::journey::Journey { touched_at, channels, converted_at, anchors: Default::default() };
                    let mut credits = vec![0.0; journey.len()];
                    crate::model::AttributionModel::credit(&model, journey, &mut credits);
                    channels
                        .iter()
                        .zip(credits)
                        .for_each(|(&channel, credit)| shares[channel as usize] += weight * credit);
                }
            }
            shares.into_iter().map(|share| share / total).collect()
        })
        .collect();
    for (channel, estimate) in closed.iter().enumerate() {
        let values: Vec<f64> = replicates.iter().map(|shares| shares[channel]).collect();
        let se = crate::uncertainty::standard_error(&values);
        // The bootstrap's own error is 1/√240, 6.5 %; three of those.
        assert!((se / estimate.interval.se - 1.0).abs() < 0.2, "{se} {estimate:?}");
    }
}

fn refusal(accounts: &[Account]) -> IncrementalError {
    fit(&population(accounts), &names(&["ads", "events"]), &quick(), &[]).unwrap_err()
}

#[test]
fn what_cannot_be_known_is_refused() {
    let all = accounts(1_500, [2.0, 1.0], 6);
    let few: Vec<Account> = all.iter().take(60).cloned().collect();
    assert!(matches!(refusal(&few), IncrementalError::TooFewConversions { needed: 30, channels: 2, .. }));
    let won: Vec<Account> = all.iter().filter(|account| !account.conversions.is_empty()).cloned().collect();
    assert_eq!(refusal(&won), IncrementalError::NoNonConverters(won.len()));
    let mut one = all.clone();
    one.iter_mut().for_each(|account| account.touches.retain(|touch| touch.1 == 0));
    assert_eq!(refusal(&one), IncrementalError::OneChannel(1));
    let mut always = all.clone();
    for account in &mut always {
        account.touches.extend((-1..account.until / DAY).map(|day| (day * DAY, 1)));
        account.touches.sort_unstable();
    }
    assert_eq!(refusal(&always), IncrementalError::AlwaysPresent("events".to_owned()));
    let mut separated = all;
    for account in &mut separated {
        account.touches.retain(|touch| touch.1 == 0);
        account.touches.extend(account.conversions.iter().map(|&at| (at - DAY, 1)));
        account.touches.sort_unstable();
    }
    assert_eq!(refusal(&separated), IncrementalError::Separation("events".to_owned()));
}

/// A replicate in which nobody counts has no likelihood.
#[test]
fn what_the_data_do_not_determine_is_called_so() {
    let fit = fitted(&accounts(1_500, [2.0, 1.0], 6), &[]);
    let refusal = fit.refit(|_| 0).unwrap_err();
    assert_eq!(refusal, IncrementalError::Undetermined);
    assert!(!refusal.to_string().contains("NaN"), "{refusal}");
}

#[test]
fn subjects_settings_and_experiments_that_make_no_sense_are_refused() {
    let mut subjects = Subjects::new(0);
    let good = Subject {
        key: 1,
        from: 0,
        until: 10,
        conversions: &[],
        covariates: &[],
        touched_at: &[1, 2],
        channels: &[0, 0],
    };
    for bad in [
        Subject { until: -1, ..good },
        Subject { conversions: &[11], ..good },
        Subject { touched_at: &[2, 1], ..good },
        Subject { channels: &[0], ..good },
        Subject { covariates: &[0], ..good },
    ] {
        assert!(matches!(subjects.push(bad), Err(IncrementalError::Subject { key: 1, .. })));
    }
    let accounts = accounts(1_500, [2.0, 1.0], 6);
    let with = |settings: &IncrementalSettings, experiments: &[Experiment]| {
        fit(&population(&accounts), &names(&["ads", "events"]), settings, experiments).unwrap_err()
    };
    let no_grid = IncrementalSettings { half_lives_days: Vec::new(), ..quick() };
    assert!(matches!(with(&no_grid, &[]), IncrementalError::Setting { key: "half_lives_days", .. }));
    let no_time = IncrementalSettings { period_days: 0, ..quick() };
    assert!(matches!(with(&no_time, &[]), IncrementalError::Setting { key: "period_days", .. }));
    let good = Experiment { channel: 0, from: 0, until: 100 * DAY, lift: 1.0, standard_error: 1.0 };
    for bad in [
        Experiment { channel: 7, ..good },
        Experiment { standard_error: 0.0, ..good },
        Experiment { lift: f64::NAN, ..good },
        Experiment { until: -DAY, ..good },
    ] {
        assert!(matches!(with(&quick(), &[good, bad]), IncrementalError::Experiment { position: 2, .. }));
    }
}
