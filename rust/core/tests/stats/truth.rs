//! Figures that others published or that follow exactly.
#![allow(clippy::approx_constant, reason = "a depression score of 3.14 is no π")]

use std::collections::BTreeMap;

use glotgap_core::stats::interval::{Method, acceleration};
use glotgap_core::stats::permutation::Exchange;
use glotgap_core::stats::permutation::pvalue::Side;
use glotgap_core::stats::statistic::Statistic;
use glotgap_core::stats::weighted::prepare;

use super::{found, ordinary, run, tested};

/// scipy's data for its comparison with R, on a grid of 0.1.
const R_DATA: [f64; 16] =
    [10.0, 12.0, 12.5, 12.5, 13.9, 15.0, 21.0, 22.0, 23.0, 34.0, 50.0, 81.0, 89.0, 121.0, 134.0, 213.0];

/// Law schools (Efron & Tibshirani 1993).
const LSAT: [f64; 15] =
    [576.0, 635.0, 558.0, 578.0, 666.0, 580.0, 555.0, 661.0, 651.0, 605.0, 653.0, 575.0, 545.0, 572.0, 594.0];
const GPA: [f64; 15] =
    [339.0, 330.0, 281.0, 303.0, 344.0, 307.0, 300.0, 343.0, 336.0, 313.0, 312.0, 274.0, 276.0, 288.0, 296.0];

/// The exact distribution of the sum of n draws of `tenths`, by repeated convolution: shares from sum 0 on.
fn convolved(tenths: &[usize]) -> Vec<f64> {
    let mut shares = vec![1.0];
    for _ in tenths {
        let mut next = vec![0.0; shares.len() + tenths.iter().max().unwrap()];
        for (sum, share) in shares.iter().enumerate() {
            for x in tenths {
                next[sum + x] += share / tenths.len() as f64;
            }
        }
        shares = next;
    }
    shares
}

/// The greatest distance between replicates and the exact distribution, in units of 1/√B.
fn distance(replicates: &[f64], exact: &[f64], unit: f64) -> f64 {
    let mut counts = vec![0.0; exact.len()];
    for x in replicates {
        counts[(x * unit).round() as usize] += 1.0;
    }
    let (mut seen, mut known, mut most) = (0.0, 0.0, 0.0_f64);
    for (count, share) in counts.iter().zip(exact) {
        seen += count / replicates.len() as f64;
        known += share;
        most = most.max((seen - known).abs());
    }
    most * (replicates.len() as f64).sqrt()
}

#[test]
fn the_bootstrap_of_a_mean_is_the_exact_convolution() {
    let tenths: Vec<usize> = R_DATA.iter().map(|x| (x * 10.0).round() as usize).collect();
    let exact = convolved(&tenths);
    let all = found("mean", &[&R_DATA], ordinary(false), Method::Bca, run(200_000, 2));
    let apart = distance(all.distribution.as_ref().unwrap(), &exact, 160.0);
    assert!(apart < 1.95, "{apart}");
    // Issue 4: z0 = 0.0619299, a = 0.0615289 and the endpoints 32.24375, 91.40, within their Monte Carlo errors.
    let interval = all.interval;
    assert!((interval.acceleration - 0.061_528_9).abs() < 5e-8, "{}", interval.acceleration);
    assert!((interval.z0 - 0.061_929_9).abs() < 0.015, "{}", interval.z0);
    let [low, high] = interval.mc_error;
    assert!((interval.low - 32.243_75).abs() < 5.0 * low, "{interval:?}");
    assert!((interval.high - 91.4).abs() < 5.0 * high, "{interval:?}");
    let percentile = found("mean", &[&R_DATA], ordinary(false), Method::Percentile, run(200_000, 1)).interval;
    assert!((percentile.low - 28.862_5).abs() < 5.0 * percentile.mc_error[0], "{percentile:?}");
    assert!((percentile.high - 84.237_5).abs() < 5.0 * percentile.mc_error[1], "{percentile:?}");
}

#[test]
fn the_acceleration_is_that_of_scipys_reference() {
    let y = [10.0, 27.0, 31.0, 40.0, 46.0, 50.0, 52.0, 104.0, 146.0];
    let z = [16.0, 23.0, 38.0, 94.0, 99.0, 141.0, 197.0];
    let a = found("mean_difference", &[&z, &y], ordinary(false), Method::Bca, run(99, 1)).interval.acceleration;
    assert!((a - 0.011_008_228_344_026_734).abs() < 1e-15, "{a}");
}

#[test]
fn the_acceleration_of_the_law_school_is_that_of_r() {
    let a = found("pearson", &[&LSAT, &GPA], ordinary(true), Method::Bca, run(99, 1)).interval.acceleration;
    assert!((a + 0.075_671_6).abs() < 5e-8, "{a}");
}

/// The 95 % ABC interval (`DiCiccio` & Efron 1992), by numerical derivatives of a statistic of weights, with the step of R's
/// `boot::abc.ci`.
fn abc(of: impl Fn(&[f64]) -> f64, n: usize) -> [f64; 2] {
    let (count, step) = (n as f64, 0.001 / n as f64);
    let at = |towards: &dyn Fn(usize) -> f64| of(&(0..n).map(|i| 1.0 / count + towards(i)).collect::<Vec<_>>());
    let whole = at(&|_| 0.0);
    let moved = |i: usize, by: f64| at(&|k| by * (f64::from(u8::from(k == i)) - 1.0 / count));
    let ends: Vec<_> = (0..n).map(|i| (moved(i, step), moved(i, -step))).collect();
    let first: Vec<f64> = ends.iter().map(|(up, down)| (up - down) / (2.0 * step)).collect();
    let curvature = ends.iter().map(|(up, down)| (up - 2.0 * whole + down) / (step * step)).sum::<f64>();
    let error = first.iter().map(|d| d * d).sum::<f64>().sqrt() / count;
    let acceleration = first.iter().map(|d| d.powi(3)).sum::<f64>() / (6.0 * (count * error).powi(3));
    let along = |by: f64| at(&|i| by * first[i] / (count * count * error));
    let bend = (along(step) - 2.0 * whole + along(-step)) / (2.0 * error * step * step);
    let bias = acceleration - (curvature / (2.0 * count * count * error) - bend);
    [-1.959_963_984_540_054, 1.959_963_984_540_054].map(|z| {
        let moved = bias + z;
        along(moved / (1.0 - acceleration * moved).powi(2))
    })
}

/// R's figures to the 9 decimals that issue 4 gives; derivatives by differences keep 6 of them.
#[test]
fn statistics_of_weights_have_the_abc_intervals_of_r() {
    let x = [
        143.0, 104.0, 69.0, 260.0, 75.0, 63.0, 50.0, 48.0, 111.0, 50.0, 52.0, 53.0, 79.0, 57.0, 317.0, 93.0, 58.0,
        80.0, 464.0, 459.0, 106.0, 57.0, 634.0, 64.0, 89.0, 77.0, 60.0, 139.0, 291.0, 288.0, 85.0, 46.0, 53.0, 67.0,
        115.0, 183.0, 86.0, 65.0, 113.0, 58.0, 63.0, 142.0, 64.0, 130.0, 105.0, 61.0, 50.0, 232.0, 54.0,
    ];
    let u = [
        138.0, 93.0, 61.0, 179.0, 48.0, 37.0, 29.0, 23.0, 30.0, 2.0, 38.0, 46.0, 71.0, 25.0, 298.0, 74.0, 50.0, 76.0,
        381.0, 387.0, 78.0, 60.0, 507.0, 50.0, 77.0, 64.0, 40.0, 136.0, 243.0, 256.0, 94.0, 36.0, 45.0, 67.0, 120.0,
        172.0, 66.0, 46.0, 121.0, 44.0, 64.0, 56.0, 40.0, 116.0, 87.0, 43.0, 43.0, 161.0, 36.0,
    ];
    has_abc("ratio_of_sums", &x[..10], &u[..10], [1.261_824_152, 2.078_085_038]);
    has_abc("ratio_of_sums", &x, &u, [1.182_688_732, 1.321_107_869]);
    has_abc("pearson", &LSAT, &GPA, [0.337_971_167, 0.942_070_516]);
}

fn has_abc(name: &str, x: &[f64], y: &[f64], published: [f64; 2]) {
    let weighted = prepare(Statistic::named(name, &BTreeMap::new()).unwrap(), &[x, y]);
    let ends = abc(|weights| weighted.of(&[weights, weights]), x.len());
    for (end, known) in ends.iter().zip(published) {
        assert!((end - known).abs() < 5e-6, "{name}: {ends:?}");
    }
}

#[test]
fn darwins_maize_is_863_of_32768() {
    let differences = [49.0, -67.0, 8.0, 16.0, 6.0, 23.0, 28.0, 41.0, 14.0, 29.0, 56.0, 24.0, 75.0, 60.0, -48.0];
    let found = tested("mean", Exchange::Samples, &[&differences], Side::Greater, false);
    assert_eq!((found.pvalue, found.exact, found.n_resamples), (863.0 / 32_768.0, true, 32_768.0));
}

#[test]
fn hamiltons_depression_is_exact() {
    let x = [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30];
    let y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
    let found = tested("mean_difference", Exchange::Samples, &[&x, &y], Side::Greater, true);
    assert_eq!((found.pvalue, found.exact), (0.013_671_875, true));
}

#[test]
fn spearman_of_six_is_exact() {
    // Every order of six: p of each observed order follows from the 720 of them (issue 4: 0.0513889 one-sided).
    let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let y = [2.0, 1.0, 4.0, 3.0, 6.0, 5.0];
    let one_sided = tested("spearman", Exchange::Pairings, &[&x, &y], Side::Greater, true);
    assert!(one_sided.exact && one_sided.null.unwrap().len() == 720);
    let two_sided = tested("spearman", Exchange::Pairings, &[&x, &y], Side::TwoSided, true);
    assert_eq!(two_sided.pvalue, 2.0 * one_sided.pvalue);
}

#[test]
fn twenty_against_twenty_are_all_counted() {
    let values: Vec<f64> = (0..40).map(|i| (f64::from(i) * 0.618).fract().sqrt()).collect();
    let (x, y) = values.split_at(20);
    let found = tested("mean_difference", Exchange::Independent, &[x, y], Side::TwoSided, false);
    assert!(found.exact && found.n_resamples == 137_846_528_820.0);
    let random = tested("mean_difference", Exchange::Independent, &[x, y], Side::TwoSided, true);
    assert!(!random.exact && (random.pvalue - found.pvalue).abs() < 5.0 * random.mc_error);
}

#[test]
fn the_acceleration_of_symmetric_influence_is_0() {
    assert_eq!(acceleration(&[vec![-1.0, 0.0, 1.0]]), 0.0);
}
