//! Every fast source against its slow twin: the same draws where it draws rows, the same distribution elsewhere.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use super::choose;
use super::sums::{Group, Rows, Segment, draw, visit};
use crate::stats::bootstrap::Design;
use crate::stats::design::{Plan, Scheme};
use crate::stats::replicates::{General, Replicates};
use crate::stats::statistic::Statistic;
use crate::stats::stream::{Key, Stream};
use crate::stats::weighted::prepare;

const KEY: Key = Key([11, 22, 33, 44]);

struct Numbers;

impl Rows<[f64; 1]> for Numbers {
    fn write(&self, first: usize, out: &mut [[f64; 1]]) {
        out.iter_mut().zip(first..).for_each(|(out, row)| *out = [(row * row) as f64]);
    }
}

#[test]
fn rows_drawn_together_are_those_visited_one_by_one() {
    let two = [Segment { first: 0, rows: 100, draws: 300 }, Segment { first: 100, rows: 4200, draws: 77 }];
    let whole = [1, 2, 14, 1000, 4096, 4097, 10_000].map(|n| vec![Segment::whole(n)]);
    for segments in whole.into_iter().chain([two.to_vec()]) {
        let mut groups = Group::<[f64; 1]>::all(KEY, 16, 24);
        draw(&Numbers, &segments, &mut groups);
        let sums = groups.iter().flat_map(|group| group.sums);
        for (replicate, [sum]) in (16..).zip(sums) {
            let mut visited = 0;
            visit::<[f64; 1]>(&mut Stream::new(KEY, replicate), &segments, |row| visited += row * row);
            assert_eq!(sum, visited as f64, "{segments:?} {replicate}");
        }
    }
}

#[test]
fn rows_are_drawn_as_often_as_each_other() {
    let segments = [Segment::whole(5000)];
    let mut counts = vec![0.0; 5000];
    for replicate in 0..200 {
        visit::<[f64; 1]>(&mut Stream::new(KEY, replicate), &segments, |row| counts[row] += 1.0);
    }
    let chi2: f64 = counts.iter().map(|count| (count - 200.0_f64).powi(2) / 200.0).sum();
    assert!((chi2 - 4999.0).abs() < 5.0 * 9998_f64.sqrt(), "{chi2}");
}

/// Numbers without pattern, of a skewed distribution; rounded, where ties are wanted.
fn sample(n: usize, seed: u64, decimals: Option<f64>) -> Vec<f64> {
    let mut stream = Stream::new(Key([seed, 0, 0, 1]), 0);
    let round = |x: f64| decimals.map_or(x, |d| (x * d).round() / d);
    (0..n).map(|_| round(crate::stats::draws::exponential(&mut stream) + seed as f64)).collect()
}

/// The greatest distance between two empirical distributions, by its 0.999 quantile (Kolmogorov & Smirnov). Values that are
/// equal but for rounding are made equal, and NaN is the least.
fn distance(mut a: Vec<f64>, mut b: Vec<f64>) -> f64 {
    for x in a.iter_mut().chain(&mut b) {
        *x = if x.is_nan() { f64::NEG_INFINITY } else { (*x * 1e9).round() };
    }
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    let share = |sorted: &[f64], x: f64| sorted.partition_point(|y| *y <= x) as f64 / sorted.len() as f64;
    let apart = a.iter().chain(&b).map(|&x| (share(&a, x) - share(&b, x)).abs()).fold(0.0, f64::max);
    apart / 1.95 / (2.0 / a.len() as f64).sqrt()
}

fn check(name: &str, q: Option<f64>, columns: &[Vec<f64>], is_paired: bool) {
    check_scheme(Scheme::Ordinary, name, q, columns, is_paired);
}

fn check_scheme(scheme: Scheme, name: &str, q: Option<f64>, columns: &[Vec<f64>], is_paired: bool) {
    let parameters = q.map(|q| ("q".to_owned(), q)).into_iter().collect();
    let statistic = Statistic::named(name, &parameters).unwrap();
    let views: Vec<_> = columns.iter().map(Vec::as_slice).collect();
    let design = Design { scheme, is_paired };
    let drawn = if is_paired { &columns[..1] } else { columns };
    let plans: Vec<_> = drawn.iter().map(|column| Plan::new(scheme, column.len(), None, None).unwrap()).collect();
    let weighted = prepare(statistic, &views);
    let lengths = columns.iter().map(Vec::len).collect();
    let general = General { weighted: weighted.as_ref(), plans: &plans, lengths };
    let replicates = |source: &dyn Replicates, first| {
        let mut out = vec![0.0; 8000];
        source.fill(KEY, first, &mut out);
        out
    };
    let fast = choose(&views, statistic, design).unwrap();
    let apart = distance(replicates(fast.as_ref(), 0), replicates(&general, 80_000));
    assert!(apart < 1.0, "{name} {q:?} {is_paired}: {apart}");
}

#[test]
fn a_fast_source_has_the_distribution_of_the_general_one() {
    for n in [5, 60] {
        let columns = [sample(n, 1, None), sample(n, 2, None)];
        for name in ["mean", "sum", "std", "cv", "skew", "kurtosis", "median"] {
            check(name, None, &columns[..1], false);
        }
        for name in ["mean_difference", "ratio_of_sums", "log_ratio", "t", "median_difference"] {
            check(name, None, &columns, false);
        }
        for name in ["pearson", "slope", "mean_difference", "mean_ratio"] {
            check(name, None, &columns, true);
        }
        for q in [0.0, 0.1, 0.77, 1.0] {
            check("quantile", Some(q), &columns[..1], false);
        }
    }
}

#[test]
fn blocks_are_drawn_with_the_same_distribution() {
    let column = sample(50, 1, None);
    for length in [1.0, 7.0, 10.0, 50.0] {
        for scheme in [Scheme::Moving(length), Scheme::Circular(length)] {
            for name in ["mean", "std", "skew"] {
                check_scheme(scheme, name, None, std::slice::from_ref(&column), false);
            }
        }
    }
}

#[test]
fn few_values_are_counted_with_the_same_distribution() {
    let few = [sample(600, 1, Some(1.0)).iter().map(|x| x.min(3.0)).collect::<Vec<_>>(), vec![0.0; 300]];
    let mut other = few[1].clone();
    other[..40].fill(2.0);
    for name in ["mean", "std", "gini", "median", "trimmed_mean"] {
        check(name, None, &few[..1], false);
    }
    check("auc", None, &[few[0].clone(), other], false);
}

#[test]
fn cancelled_digits_are_computed_anew() {
    // Any resample without the outlier is spread by 1e-8 about a pivot that is 1e8 away.
    let mut column = vec![0.0; 20];
    column.iter_mut().zip(0..).for_each(|(x, i)| *x = 1e-8 * f64::from(i));
    column[7] = 2e9;
    let statistic = Statistic::named("std", &std::collections::BTreeMap::new()).unwrap();
    let fast = choose(&[&column], statistic, Design { scheme: Scheme::Ordinary, is_paired: false }).unwrap();
    let mut out = vec![0.0; 64];
    fast.fill(KEY, 0, &mut out);
    let mut without = 0;
    for (replicate, value) in (0..).zip(out) {
        let mut counts = vec![0.0; 20];
        visit::<[f64; 1]>(&mut Stream::new(KEY, replicate), &[Segment::whole(20)], |row| counts[row] += 1.0);
        let exact = prepare(statistic, &[&column]).of(&[&counts]);
        assert!((value - exact).abs() <= 1e-9 * exact, "{replicate}: {value} {exact}");
        without += usize::from(counts[7] == 0.0);
    }
    assert!(without > 5);
}
