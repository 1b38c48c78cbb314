//! Every fast source against complete enumeration: each rearrangement must come up as often as any other.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use super::choose;
use crate::stats::permutation::pvalue::Side;
use crate::stats::permutation::{Exchange, Run, Test, test};
use crate::stats::statistic::Statistic;
use crate::stats::stream::Key;

const KEY: Key = Key([5, 6, 7, 8]);

fn run(n_resamples: usize) -> Run {
    Run { key: KEY, n_resamples, keep: true, stop: None, threads: 1 }
}

fn rounded(values: &[f64]) -> Vec<i64> {
    values.iter().map(|x| (x * 1e9).round() as i64).collect()
}

fn check(name: &str, exchange: Exchange, columns: &[Vec<f64>]) {
    let statistic = Statistic::named(name, &BTreeMap::new()).unwrap();
    let columns = columns.iter().map(Vec::as_slice).collect();
    let asked = Test { statistic, columns, exchange, strata: None, side: Side::TwoSided };
    let all = test(&asked, run(100_000), &mut |_, _| Ok(())).unwrap();
    assert!(all.exact);
    let mut exact: BTreeMap<i64, f64> = BTreeMap::new();
    for x in rounded(&all.null.unwrap()) {
        *exact.entry(x).or_default() += 1.0 / all.n_resamples;
    }
    let mut drawn = vec![0.0; 40_000];
    choose(&asked).unwrap().fill(KEY, 0, &mut drawn);
    let mut seen: BTreeMap<i64, f64> = BTreeMap::new();
    for x in rounded(&drawn) {
        *seen.entry(x).or_default() += 1.0;
    }
    let known: BTreeSet<_> = exact.keys().collect();
    assert!(seen.keys().all(|x| known.contains(x)), "{name}: a value that no rearrangement has");
    let expected = |share: &f64| share * 40_000.0;
    let chi2: f64 = exact.iter().map(|(x, p)| (seen.get(x).unwrap_or(&0.0) - expected(p)).powi(2) / expected(p)).sum();
    let freedom = exact.len() as f64 - 1.0;
    assert!(chi2 < freedom + 5.0 * (2.0 * freedom).sqrt(), "{name} {exchange:?}: {chi2} of {freedom}");
}

fn column(n: i32, step: f64) -> Vec<f64> {
    (0..n).map(|i| (f64::from(i) * step).fract() * 10.0).collect()
}

#[test]
fn a_fast_source_draws_every_rearrangement_as_often() {
    for (m, n) in [(4, 4), (1, 7), (5, 3), (2, 9)] {
        check("mean_difference", Exchange::Independent, &[column(m, 0.377), column(n, 0.581)]);
    }
    check("t", Exchange::Independent, &[column(4, 0.377), column(4, 0.581)]);
    check("mean", Exchange::Samples, &[column(9, 0.377)]);
    check("sum", Exchange::Samples, &[column(8, 0.377)]);
    check("mean_difference", Exchange::Samples, &[column(8, 0.377), column(8, 0.581)]);
    for name in ["pearson", "spearman", "slope"] {
        check(name, Exchange::Pairings, &[column(6, 0.377), column(6, 0.581)]);
    }
}

#[test]
fn subsets_of_many_words_have_their_size() {
    // Each value is 1: the sum is the size of the subset.
    let columns = [vec![1.0; 100], vec![1.0; 230]];
    let statistic = Statistic::named("ratio_of_sums", &BTreeMap::new()).unwrap();
    let columns = columns.iter().map(Vec::as_slice).collect();
    let asked = Test { statistic, columns, exchange: Exchange::Independent, strata: None, side: Side::TwoSided };
    let mut drawn = vec![0.0; 100];
    choose(&asked).unwrap().fill(KEY, 0, &mut drawn);
    assert!(drawn.iter().all(|x| (x - 100.0 / 230.0).abs() < 1e-12));
}
