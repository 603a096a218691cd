//! The objective's slopes against finite differences.

use super::*;
use crate::incremental::{clock, design, experiment, objective, sample, walk};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]

    /// Gradient and Hessian against central differences at random points; the experiments' part of the Hessian is Gauss–Newton and
    /// that of adding channels Fisher's, so the Hessian is compared where there is neither.
    #[test]
    fn slopes_are_finite_differences(draws in prop::collection::vec(-0.5..0.5_f64, 40), lift in 0.0..20.0_f64, link in prop::sample::select(vec![Link::Additive, Link::Multiplicative])) {
        let subjects = population(&accounts(60, [2.0, 1.0], 7));
        let features = [(0, walk::Role::Credited), (1, walk::Role::Control)]
            .map(|(channel, role)| walk::Feature { channel, lag: Lag { half_life_days: 10.0, rises: false }, role });
        let sample = sample::Sample::draw(&subjects, &IncrementalSettings::default());
        let clock = clock::Clock::new(7, 0, &subjects, &sample);
        let design = design::Design::build(&subjects, &sample, features.to_vec(), 2, None, &clock);
        let weight = |account: usize| (account % 3) as f64;
        let experiment = Experiment { channel: 0, from: 0, until: 200 * DAY, lift, standard_error: 2.0 };
        let terms = objective::Terms { columns: vec![0, 1], link };
        let targets = [experiment::Target::prepare(&design, &terms, &experiment, 1).unwrap()];
        let plain = objective::Objective::new(&design, &terms, 0.7, &[], weight);
        let pulled = objective::Objective::new(&design, &terms, 0.7, &targets, weight);
        let mut theta: Vec<f64> = draws[..plain.width()].to_vec();
        theta[0] -= 6.0;
        theta[design.base_count] += 0.5;
        let step = 1e-5;
        let moved = |j: usize, by: f64| {
            let mut theta = theta.clone();
            theta[j] += by;
            theta
        };
        let (at, at_pulled) = (plain.evaluate(&theta), pulled.evaluate(&theta));
        for j in 0..theta.len() {
            let (up, down) = (plain.evaluate(&moved(j, step)), plain.evaluate(&moved(j, -step)));
            let numeric = (up.loss - down.loss) / (2.0 * step);
            prop_assert!((numeric - at.gradient[j]).abs() < 1e-5 * (1.0 + numeric.abs()), "{} {}", numeric, at.gradient[j]);
            for k in 0..if link == Link::Multiplicative { theta.len() } else { 0 } {
                let numeric = (up.gradient[k] - down.gradient[k]) / (2.0 * step);
                let analytic = at.hessian[j * theta.len() + k];
                prop_assert!((numeric - analytic).abs() < 1e-5 * (1.0 + numeric.abs()), "{} {}", numeric, analytic);
            }
            let numeric = (pulled.evaluate(&moved(j, step)).loss - pulled.evaluate(&moved(j, -step)).loss) / (2.0 * step);
            prop_assert!((numeric - at_pulled.gradient[j]).abs() < 1e-5 * (1.0 + numeric.abs()));
        }
    }
}
