//! Statistics of central moments, each column by itself.
//!
//! Central sums are taken in two passes, about the weighted mean, so that no digits cancel. Leaving one observation out
//! moves the mean by a known amount, from which the lowered sums follow (Pébay, SAND2008-6212, with signs turned).

use super::{Weighted, Weights};
use crate::stats::statistic::Moment;

/// Weight, mean, and Σw(x − x̄)ᵏ for k = 2, 3, 4.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Central {
    /// The sum of the weights.
    pub weight: f64,
    /// The weighted mean.
    pub mean: f64,
    /// Σw(x − x̄)².
    pub m2: f64,
    /// Σw(x − x̄)³.
    pub m3: f64,
    /// Σw(x − x̄)⁴.
    pub m4: f64,
}

impl Central {
    /// Of weighted values, in two passes; in one, where powers to `degree` are to do and that is 1.
    pub fn of(values: &[f64], weights: &[f64], degree: usize) -> Self {
        let Some(first) = weights.iter().position(|w| *w != 0.0) else { return Self::default() };
        let pivot = values[first];
        let [weight, shifted] = sums(values, weights, |x, w| [w, w * (x - pivot)]);
        let mean = if shifted.is_finite() { pivot + shifted / weight } else { raw_mean(values, weights, weight) };
        if degree == 1 {
            return Self { weight, mean, ..Self::default() };
        }
        let [m2, m3, m4] = sums(values, weights, |x, w| {
            let d = x - mean;
            let square = w * d * d;
            [square, square * d, square * d * d]
        });
        Self { weight, mean, m2, m3, m4 }
    }

    /// From Σw and Σw(x − pivot)ᵏ, k = 1 to 4.
    #[inline]
    pub fn about(pivot: f64, weight: f64, [s1, s2, s3, s4]: [f64; 4]) -> Self {
        let e = s1 / weight;
        Self {
            weight,
            mean: pivot + e,
            m2: (s2 - s1 * e).max(0.0),
            m3: s3 - e * (3.0 * s2 - 2.0 * s1 * e),
            m4: s4 - e * (4.0 * s3 - e * (6.0 * s2 - 3.0 * s1 * e)),
        }
    }

    /// Without one observation of weight 1.
    fn without(&self, x: f64) -> Self {
        let d = x - self.mean;
        let sums = [-d, self.m2 - d * d, self.m3 - d * d * d, self.m4 - d * d * d * d];
        Self::about(self.mean, self.weight - 1.0, sums)
    }

    /// The variance that divides by n − ddof; NaN for too few observations.
    pub fn variance(&self, ddof: f64) -> f64 {
        let over = self.weight - ddof;
        if over > 0.0 { self.m2 / over } else { f64::NAN }
    }
}

/// The mean of values so large, or infinite, that differences of them are not numbers.
fn raw_mean(values: &[f64], weights: &[f64], weight: f64) -> f64 {
    sums(values, weights, |x, w| [w / weight * x])[0]
}

/// Sums at a time, which need not wait for each other.
const WAYS: usize = 4;

/// The sums of terms of all values with a weight.
fn sums<const K: usize>(values: &[f64], weights: &[f64], term: impl Fn(f64, f64) -> [f64; K]) -> [f64; K] {
    let mut sums = [[0.0; K]; WAYS];
    let mut add = |way: usize, x: f64, w: f64| {
        let terms = term(x, w);
        for (sum, term) in sums[way].iter_mut().zip(terms) {
            *sum += if w == 0.0 { 0.0 } else { term };
        }
    };
    let (values, last_values) = values.as_chunks::<WAYS>();
    let (weights, last_weights) = weights.as_chunks::<WAYS>();
    for (values, weights) in values.iter().zip(weights) {
        (0..WAYS).for_each(|way| add(way, values[way], weights[way]));
    }
    last_values.iter().zip(last_weights).for_each(|(&x, &w)| add(0, x, w));
    std::array::from_fn(|k| (sums[0][k] + sums[1][k]) + (sums[2][k] + sums[3][k]))
}

/// `moment` of columns with these central moments.
pub fn of_central(moment: Moment, columns: &[Central]) -> f64 {
    match (moment, columns) {
        (Moment::OneWay, _) => one_way(columns),
        (Moment::WorstMinusBest, _) => spread(columns),
        (_, [x]) => of_one(moment, x),
        (_, [x, y]) => of_two(moment, x, y),
        _ => f64::NAN,
    }
}

fn of_one(moment: Moment, x: &Central) -> f64 {
    match moment {
        Moment::Mean if x.weight > 0.0 => x.mean,
        Moment::Sum => x.weight * x.mean,
        Moment::Variance { ddof } => x.variance(ddof),
        Moment::Deviation { ddof } => x.variance(ddof).sqrt(),
        Moment::Variation { ddof } => x.variance(ddof).sqrt() / x.mean,
        Moment::Skew => standardized(x, x.m3, x.m2 * (x.m2 / x.weight).sqrt()),
        Moment::Kurtosis => standardized(x, x.m4, x.m2 * (x.m2 / x.weight)) - 3.0,
        _ => f64::NAN,
    }
}

/// A ratio of central moments; NaN where values differ by no more than the rounding of their mean, as in scipy.
fn standardized(x: &Central, above: f64, below: f64) -> f64 {
    let rounding = f64::EPSILON * x.mean;
    if x.m2 / x.weight <= rounding * rounding { f64::NAN } else { above / below }
}

fn of_two(moment: Moment, x: &Central, y: &Central) -> f64 {
    let difference = x.mean - y.mean;
    match moment {
        Moment::RatioOfSums => x.weight * x.mean / (y.weight * y.mean),
        Moment::MeanDifference => difference,
        Moment::MeanRatio => x.mean / y.mean,
        Moment::LogRatio => libm::log(x.mean / y.mean),
        Moment::CohenD => difference / pooled(x, y),
        Moment::HedgesG => difference / pooled(x, y) * (1.0 - 3.0 / (4.0 * (x.weight + y.weight) - 9.0)),
        Moment::Welch => difference / (x.variance(1.0) / x.weight + y.variance(1.0) / y.weight).sqrt(),
        _ => f64::NAN,
    }
}

fn pooled(x: &Central, y: &Central) -> f64 {
    let freedom = x.weight + y.weight - 2.0;
    if freedom > 0.0 { ((x.m2 + y.m2) / freedom).sqrt() } else { f64::NAN }
}

fn one_way(columns: &[Central]) -> f64 {
    let weight: f64 = columns.iter().map(|c| c.weight).sum();
    let mean = columns.iter().map(|c| c.weight / weight * c.mean).sum::<f64>();
    let between: f64 = columns.iter().map(|c| c.weight * (c.mean - mean) * (c.mean - mean)).sum();
    let within: f64 = columns.iter().map(|c| c.m2).sum();
    let groups = columns.len() as f64;
    (between / (groups - 1.0)) / (within / (weight - groups))
}

fn spread(columns: &[Central]) -> f64 {
    if columns.iter().any(|c| c.mean.is_nan()) {
        return f64::NAN;
    }
    let means = || columns.iter().map(|c| c.mean);
    means().fold(f64::NEG_INFINITY, f64::max) - means().fold(f64::INFINITY, f64::min)
}

/// A statistic of central moments with its columns.
pub struct Moments<'a> {
    moment: Moment,
    columns: Vec<&'a [f64]>,
}

impl<'a> Moments<'a> {
    pub fn new(moment: Moment, columns: &[&'a [f64]]) -> Self {
        Self { moment, columns: columns.to_vec() }
    }

    fn central(&self, weights: &Weights<'_>, degree: usize) -> Vec<Central> {
        self.columns.iter().zip(weights).map(|(values, weights)| Central::of(values, weights, degree)).collect()
    }
}

impl Weighted for Moments<'_> {
    fn of(&self, weights: &Weights<'_>) -> f64 {
        let degree = self.moment.degree();
        match self.columns.as_slice() {
            [values] => of_central(self.moment, &[Central::of(values, weights[0], degree)]),
            _ => of_central(self.moment, &self.central(weights, degree)),
        }
    }

    fn lowered(&self, weights: &Weights<'_>, sample: usize, is_paired: bool) -> Option<Vec<f64>> {
        let full = self.central(weights, HIGHEST);
        if full[sample].weight < SHORT || !full.iter().all(|c| c.m4.is_finite()) {
            return None;
        }
        let mut lowered = full.clone();
        let lower = |i: usize| {
            if weights[sample][i] < 1.0 {
                return f64::NAN;
            }
            for at in (0..self.columns.len()).filter(|&at| is_paired || at == sample) {
                lowered[at] = without(&full[at], self.columns[at], weights[at], i);
            }
            of_central(self.moment, &lowered)
        };
        Some((0..weights[sample].len()).map(lower).collect())
    }
}

/// The moments of `values` without one of weight 1 at `i`; summed anew where the lowered sums would have lost digits.
fn without(full: &Central, values: &[f64], weights: &[f64], i: usize) -> Central {
    let lowered = full.without(values[i]);
    if lowered.m2 > LOST * full.m2 {
        return lowered;
    }
    let mut weights = weights.to_vec();
    weights[i] -= 1.0;
    Central::of(values, &weights, HIGHEST)
}

/// The highest power.
const HIGHEST: usize = 4;

/// A sum that falls below this share of itself, when one term is taken off, has lost digits to it.
const LOST: f64 = 1e-4;

/// Samples of less weight than this are summed anew without each observation: cancellation could leave few digits.
const SHORT: f64 = 32.0;
