//! Statistics of rows: correlations, slopes and what covariates leave of them, of values or of average ranks.
//!
//! Partial correlations come from the covariance matrix, from which the covariates are swept out one by one (Goodnight,
//! The American Statistician 1979). Ranks of a weighted sample: the weight below plus half the weight of the tie.
//! Kendall's τ-b counts pairs by a Fenwick tree over the ranks of y, in the order of x (Knight, JASA 1966).

use super::{Weighted, Weights, sorted_places};
use crate::stats::statistic::Pair;

/// Σw, and Σw(a − ā)(b − b̄) for every two columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Covariances {
    /// The sums, row by row.
    pub sums: Vec<f64>,
    /// How many columns there are.
    pub columns: usize,
}

impl Covariances {
    /// Of weighted rows, in two passes.
    pub fn of(columns: &[impl AsRef<[f64]>], weights: &[f64]) -> Self {
        let present: Vec<_> = (0..weights.len()).filter(|&i| weights[i] != 0.0).collect();
        let centered: Vec<Vec<f64>> =
            columns.iter().map(|column| centered(column.as_ref(), weights, &present)).collect();
        let k = columns.len();
        let sum = |a: &[f64], b: &[f64]| -> f64 {
            present.iter().zip(a.iter().zip(b)).map(|(&i, (x, y))| weights[i] * x * y).sum()
        };
        let sums = (0..k * k).map(|at| sum(&centered[at / k], &centered[at % k])).collect();
        Self { sums, columns: k }
    }

    /// Of two columns, from their three sums.
    pub fn of_two(xx: f64, xy: f64, yy: f64) -> Self {
        Self { sums: vec![xx, xy, xy, yy], columns: 2 }
    }

    /// Without one row of weight 1.
    fn without(&self, deviations: &[Vec<f64>], weight: f64, i: usize) -> Self {
        let scale = weight / (weight - 1.0);
        let k = self.columns;
        let less = |at: usize| self.sums[at] - scale * deviations[at / k][i] * deviations[at % k][i];
        Self { sums: (0..k * k).map(less).collect(), columns: k }
    }

    fn keeps_digits_of(&self, full: &Self) -> bool {
        (0..self.columns).all(|a| self.at(a, a) > LOST * full.at(a, a))
    }

    fn at(&self, a: usize, b: usize) -> f64 {
        self.sums[a * self.columns + b]
    }

    /// Takes off what regression on column `z` explains of the columns.
    fn sweep(&mut self, z: usize) {
        let k = self.columns;
        let by = self.at(z, z);
        let row: Vec<f64> = (0..k).map(|b| self.at(z, b)).collect();
        for (at, sum) in self.sums.iter_mut().enumerate() {
            *sum -= row[at / k] * row[at % k] / by;
        }
    }

    /// The statistic of columns with these sums.
    pub fn value(mut self, pair: Pair) -> f64 {
        let before = [self.at(0, 0), self.at(1, 1)];
        for z in 2..self.columns {
            self.sweep(z);
        }
        if pair == Pair::Slope {
            return self.at(0, 1) / self.at(0, 0);
        }
        let left = [self.at(0, 0), self.at(1, 1)];
        if left.iter().zip(before).any(|(left, before)| *left <= ROUNDING * before) {
            return f64::NAN;
        }
        correlation(left[0], self.at(0, 1), left[1])
    }
}

/// What is left of a sum of squares when all of it is explained.
const ROUNDING: f64 = 1e-14;

/// Σxy / √(Σxx Σyy), no further from 0 than 1.
#[inline]
pub(crate) fn correlation(xx: f64, xy: f64, yy: f64) -> f64 {
    (xy / (xx.sqrt() * yy.sqrt())).clamp(-1.0, 1.0)
}

/// Deviations of the present values from their weighted mean; exactly 0 where all are equal.
fn centered(values: &[f64], weights: &[f64], present: &[usize]) -> Vec<f64> {
    let Some(&first) = present.first() else { return Vec::new() };
    let pivot = values[first];
    let weight: f64 = present.iter().map(|&i| weights[i]).sum();
    let shifted = present.iter().map(|&i| weights[i] * (values[i] - pivot)).sum::<f64>() / weight;
    present.iter().map(|&i| values[i] - pivot - shifted).collect()
}

/// A statistic of rows of values.
pub struct Rows<'a> {
    pair: Pair,
    columns: Vec<&'a [f64]>,
}

impl<'a> Rows<'a> {
    pub fn new(pair: Pair, columns: &[&'a [f64]]) -> Self {
        Self { pair, columns: columns.to_vec() }
    }
}

impl Weighted for Rows<'_> {
    fn of(&self, weights: &Weights<'_>) -> f64 {
        Covariances::of(&self.columns, weights[0]).value(self.pair)
    }

    fn lowered(&self, weights: &Weights<'_>, _sample: usize, _is_paired: bool) -> Option<Vec<f64>> {
        let weights_of_rows = weights[0];
        let every: Vec<_> = (0..weights_of_rows.len()).filter(|&i| weights_of_rows[i] >= 1.0).collect();
        if every.len() < weights_of_rows.len() {
            return None;
        }
        let deviations: Vec<_> = self.columns.iter().map(|column| centered(column, weights_of_rows, &every)).collect();
        let full = Covariances::of(&self.columns, weights_of_rows);
        let weight: f64 = weights_of_rows.iter().sum();
        let all: Vec<_> = every.iter().map(|&i| full.without(&deviations, weight, i)).collect();
        if !all.iter().all(|lowered| lowered.keeps_digits_of(&full)) {
            return None;
        }
        Some(all.into_iter().map(|c| c.value(self.pair)).collect())
    }
}

/// A sum that falls below this share of itself, when one row is taken off, has lost digits to it.
const LOST: f64 = 1e-4;

/// A statistic of rows of average ranks.
pub struct Ranked {
    pair: Pair,
    ties: Vec<Ties>,
}

impl Ranked {
    pub fn new(pair: Pair, columns: &[&[f64]]) -> Self {
        Self { pair, ties: columns.iter().map(|column| Ties::of(column)).collect() }
    }
}

impl Weighted for Ranked {
    fn of(&self, weights: &Weights<'_>) -> f64 {
        if self.ties.iter().any(|ties| ties.has_nan(weights[0])) {
            return f64::NAN;
        }
        let ranks: Vec<_> = self.ties.iter().map(|ties| ties.ranks(weights[0])).collect();
        let pair = if self.pair == Pair::Spearman { Pair::Pearson } else { Pair::PartialPearson };
        Covariances::of(&ranks, weights[0]).value(pair)
    }
}

/// Places in the order of their values, cut into runs of equal values.
pub struct Ties {
    places: Vec<u32>,
    ends: Vec<u32>,
    nan: Vec<u32>,
}

impl Ties {
    /// Those of `values`.
    pub fn of(values: &[f64]) -> Self {
        let places = sorted_places(values);
        let value = |at: usize| values[places[at] as usize];
        let is_end = |at: &usize| *at == values.len() || value(*at - 1) != value(*at);
        let ends = (1..=values.len()).filter(is_end).map(|at| at as u32).collect();
        let nan = (0..values.len() as u32).filter(|&i| values[i as usize].is_nan()).collect();
        Self { places, ends, nan }
    }

    /// Runs of places with equal values, least first.
    pub fn runs(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(&start, &end)| &self.places[start as usize..end as usize])
    }

    /// Whether a value that is not a number is present.
    pub fn has_nan(&self, weights: &[f64]) -> bool {
        self.nan.iter().any(|&i| weights[i as usize] != 0.0)
    }

    /// The weight below each value plus half the weight of its tie.
    pub fn ranks(&self, weights: &[f64]) -> Vec<f64> {
        let mut ranks = vec![0.0; self.places.len()];
        let mut below = 0.0;
        for run in self.runs() {
            let weight: f64 = run.iter().map(|&i| weights[i as usize]).sum();
            for &i in run {
                ranks[i as usize] = below + weight / 2.0;
            }
            below += weight;
        }
        ranks
    }
}

/// Kendall's τ-b.
pub struct Kendall {
    x: Ties,
    y: Ties,
    /// The place of each y among the distinct values of y.
    level: Vec<u32>,
}

impl Kendall {
    pub fn new(columns: &[&[f64]]) -> Self {
        let (x, y) = (Ties::of(columns[0]), Ties::of(columns[1]));
        let mut level = vec![0; columns[1].len()];
        for (number, run) in y.runs().enumerate() {
            for &i in run {
                level[i as usize] = number as u32;
            }
        }
        Self { x, y, level }
    }

    /// The weight of concordant pairs − that of discordant ones.
    fn balance(&self, weights: &[f64]) -> f64 {
        let mut tree = Fenwick(vec![0.0; self.y.ends.len() + 1]);
        let (mut balance, mut before) = (0.0, 0.0);
        for run in self.x.runs() {
            for &i in run {
                let (w, level) = (weights[i as usize], self.level[i as usize] as usize);
                balance += w * (tree.below(level) - (before - tree.below(level + 1)));
            }
            for &i in run {
                tree.add(self.level[i as usize] as usize, weights[i as usize]);
                before += weights[i as usize];
            }
        }
        balance
    }
}

impl Weighted for Kendall {
    fn of(&self, weights: &Weights<'_>) -> f64 {
        let weights = weights[0];
        if self.x.has_nan(weights) || self.y.has_nan(weights) {
            return f64::NAN;
        }
        let weight: f64 = weights.iter().sum();
        let untied = |ties: &Ties| {
            let squares = ties.runs().map(|run| run.iter().map(|&i| weights[i as usize]).sum::<f64>());
            (weight * weight - squares.map(|run| run * run).sum::<f64>()) / 2.0
        };
        let (x, y) = (untied(&self.x), untied(&self.y));
        if x <= 0.0 || y <= 0.0 {
            return f64::NAN;
        }
        (self.balance(weights) / x.sqrt() / y.sqrt()).clamp(-1.0, 1.0)
    }
}

/// Sums of a growing table below any place, in logarithmic time.
struct Fenwick(Vec<f64>);

impl Fenwick {
    fn add(&mut self, place: usize, weight: f64) {
        let mut at = place + 1;
        while at < self.0.len() {
            self.0[at] += weight;
            at += at & at.wrapping_neg();
        }
    }

    fn below(&self, place: usize) -> f64 {
        let (mut at, mut sum) = (place, 0.0);
        while at > 0 {
            sum += self.0[at];
            at &= at - 1;
        }
        sum
    }
}
