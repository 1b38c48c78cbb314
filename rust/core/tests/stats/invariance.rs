//! What a result does not depend on.

use glotgap_core::Kind;
use glotgap_core::error::Error;
use glotgap_core::stats::bootstrap::{Data, Design, bootstrap};
use glotgap_core::stats::design::Scheme;
use glotgap_core::stats::interval::Method;
use glotgap_core::stats::permutation::pvalue::Side;
use glotgap_core::stats::permutation::{self, Exchange, Test};

use super::{KEY, asked, found, ordinary, run, statistic};

fn columns(n: i32) -> [Vec<f64>; 2] {
    let x = (0..n).map(|i| (f64::from(i) * 0.618).fract().exp()).collect();
    let y = (0..n).map(|i| (f64::from(i) * 0.618).fract() + (f64::from(i) * 0.377).fract()).collect();
    [x, y]
}

/// Statistics of every path, general and fast.
const CASES: [(&str, usize, bool); 9] = [
    ("mean", 1, false),
    ("std", 1, false),
    ("skew", 1, false),
    ("median", 1, false),
    ("gini", 1, false),
    ("t", 2, false),
    ("pearson", 2, true),
    ("kendall", 2, true),
    ("auc", 2, false),
];

#[test]
fn threads_and_length_change_no_bit_of_a_replicate() {
    for n in [7, 300, 5000] {
        let columns = columns(n);
        let views: Vec<_> = columns.iter().map(Vec::as_slice).collect();
        for (name, samples, is_paired) in CASES {
            let distribution = |n_resamples, threads| {
                let run = run(n_resamples, threads);
                found(name, &views[..samples], ordinary(is_paired), Method::Percentile, run).distribution.unwrap()
            };
            let short = distribution(61, 1);
            for longer in [distribution(61, 3), distribution(200, 2)] {
                let same = short.iter().zip(&longer).all(|(a, b)| a.to_bits() == b.to_bits());
                assert!(same, "{name} {n}");
            }
        }
    }
}

#[test]
fn keys_share_no_replicate() {
    let columns = columns(300);
    let of = |key| {
        let run = glotgap_core::stats::bootstrap::Run { key, ..run(500, 1) };
        found("mean", &[&columns[0]], ordinary(false), Method::Percentile, run).distribution.unwrap()
    };
    let (a, b) = (of(KEY), of(glotgap_core::stats::stream::Key([2, 2, 3, 4])));
    assert!(a.iter().all(|x| !b.contains(x)));
}

#[test]
fn labels_of_every_design_are_used() {
    let x: Vec<f64> = (0..12).map(f64::from).collect();
    let labels: Vec<i64> = (0..12).map(|i| i / 4).collect();
    let distribution = |scheme| {
        let data = Data { columns: vec![&x], labels: vec![&labels], masses: vec![&x] };
        let design = Design { scheme, is_paired: false };
        let all =
            bootstrap(&[data], statistic("mean"), design, asked(Method::Percentile), run(2000, 1), &mut |_, _| Ok(()));
        all.unwrap().remove(0)
    };
    // Means of strata 1.5, 5.5, 9.5; within each the variance is 1.25, between them 32/3.
    let error = |scheme| distribution(scheme).interval.standard_error;
    assert!((error(Scheme::Stratified) - (1.25_f64 / 12.0).sqrt()).abs() < 0.03);
    assert!((error(Scheme::Cluster) - (32.0_f64 / 3.0 / 3.0).sqrt()).abs() < 0.2);
    assert!((error(Scheme::TwoLevel) - (32.0_f64 / 9.0 + 1.25 / 12.0).sqrt()).abs() < 0.2);
    let weighted = distribution(Scheme::Weighted);
    let mean = x.iter().map(|x| x * x).sum::<f64>() / x.iter().sum::<f64>();
    assert!((weighted.estimate - mean).abs() < 1e-12 && weighted.interval.bias.abs() < 0.1);
    for scheme in
        [Scheme::Bayesian, Scheme::Poisson, Scheme::Stationary(3.0), Scheme::Moving(3.0), Scheme::Circular(3.0)]
    {
        assert!(distribution(scheme).interval.standard_error > 0.3, "{scheme:?}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let x = [1.0, 2.0, 3.0];
    let of = |columns: Vec<&[f64]>, name, design: Design, n| -> Error {
        let data = Data { columns, ..Data::default() };
        let all = bootstrap(&[data], statistic(name), design, asked(Method::Bca), run(n, 1), &mut |_, _| Ok(()));
        all.unwrap_err()
    };
    let scheme = |scheme| Design { scheme, is_paired: false };
    let errors = [
        of(vec![&x], "mean", ordinary(false), 0),
        of(vec![&[]], "mean", ordinary(false), 9),
        of(vec![&x, &x[..2]], "pearson", ordinary(true), 9),
        of(vec![&x, &x], "pearson", ordinary(false), 9),
        of(vec![&x, &x], "mean", ordinary(false), 9),
        of(vec![&x], "mean", scheme(Scheme::Cluster), 9),
        of(vec![&x], "mean", scheme(Scheme::Moving(2.0)), 9),
    ];
    for error in errors {
        assert!(error.kind == Kind::BadArgument && !error.what.is_empty() && !error.remedy.is_empty(), "{error}");
    }
}

#[test]
fn a_sequential_test_stops_early_at_the_same_replicates() {
    let columns = columns(60);
    let test = Test {
        statistic: statistic("mean_difference"),
        columns: columns.iter().map(Vec::as_slice).collect(),
        exchange: Exchange::Independent,
        strata: None,
        side: Side::Less,
    };
    let of = |stop, threads| {
        let run = permutation::Run { key: KEY, n_resamples: 20_000, keep: true, stop, threads };
        permutation::test(&test, run, &mut |_, _| Ok(())).unwrap()
    };
    let (whole, early) = (of(None, 1), of(Some(20), 2));
    let (all, first) = (whole.null.unwrap(), early.null.unwrap());
    assert!(first.len() < all.len() && first[..] == all[..first.len()]);
    let extreme = first.iter().filter(|x| **x <= early.observed).count();
    assert_eq!((extreme, early.pvalue), (20, 20.0 / first.len() as f64));
}
