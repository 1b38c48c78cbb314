//! Statistics of the order of values: sorted once, then read under any weights.

use super::association::Ties;
use super::{Weighted, Weights, sorted_places};

/// Values in order, with the places that they came from.
struct Sorted {
    values: Vec<f64>,
    places: Vec<u32>,
}

impl Sorted {
    fn of(values: &[f64]) -> Self {
        let places = sorted_places(values);
        Self { values: places.iter().map(|&i| values[i as usize]).collect(), places }
    }

    fn present<'a>(&'a self, weights: &'a [f64]) -> impl Iterator<Item = (f64, f64)> + 'a {
        let weighted = self.values.iter().zip(&self.places).map(|(&x, &i)| (x, weights[i as usize]));
        weighted.filter(|(_, w)| *w != 0.0)
    }

    /// Whether a value that is not a number is present.
    fn has_nan(&self, weights: &[f64]) -> bool {
        self.present(weights).any(|(x, _)| x.is_nan())
    }

    /// The quantile of order q, at place (n − 1)q between order statistics.
    fn quantile(&self, weights: &[f64], q: f64) -> f64 {
        if self.has_nan(weights) {
            return f64::NAN;
        }
        let weight: f64 = weights.iter().sum();
        let place = ((weight - 1.0) * q).max(0.0);
        let (low, share) = (place.floor(), place - place.floor());
        let (mut below, mut lower) = (0.0, None);
        let mut last = f64::NAN;
        for (x, w) in self.present(weights) {
            below += w;
            last = x;
            if lower.is_none() && below > low {
                lower = Some(x);
            }
            if let Some(lower) = lower.filter(|_| below > low + 1.0 || share == 0.0) {
                return between(lower, x, share);
            }
        }
        lower.map_or(last, |lower| between(lower, last, share))
    }
}

/// Linear interpolation as numpy does it: exact at both ends.
#[inline]
pub(crate) fn between(low: f64, high: f64, share: f64) -> f64 {
    if low == high || share == 0.0 {
        return low;
    }
    let step = high - low;
    if share < 0.5 { low + step * share } else { high - step * (1.0 - share) }
}

/// A quantile.
pub struct Quantile {
    sorted: Sorted,
    q: f64,
}

impl Quantile {
    pub fn new(columns: &[&[f64]], q: f64) -> Self {
        Self { sorted: Sorted::of(columns[0]), q }
    }
}

impl Weighted for Quantile {
    fn of(&self, weights: &Weights<'_>) -> f64 {
        self.sorted.quantile(weights[0], self.q)
    }

    fn lowered(&self, weights: &Weights<'_>, _sample: usize, _is_paired: bool) -> Option<Vec<f64>> {
        if !is_unit(weights[0]) {
            return None;
        }
        Some(without_one(&self.sorted, self.q))
    }
}

/// A quantile of all values but one, for each one: two places of the order, moved up by one where the absent value is below.
fn without_one(sorted: &Sorted, q: f64) -> Vec<f64> {
    let n = sorted.values.len();
    let mut quantiles = vec![f64::NAN; n];
    if n < 2 {
        return quantiles;
    }
    let place = (n as f64 - 2.0) * q;
    let (low, share) = (place.floor() as usize, place - place.floor());
    let value = |at: usize, absent: usize| sorted.values[(at + usize::from(at >= absent)).min(n - 1)];
    let nan = sorted.values.iter().filter(|x| x.is_nan()).count();
    for absent in 0..n {
        let left = nan - usize::from(sorted.values[absent].is_nan());
        if left == 0 {
            let high = (low + 1).min(n - 2);
            quantiles[sorted.places[absent] as usize] = between(value(low, absent), value(high, absent), share);
        }
    }
    quantiles
}

/// The difference of a quantile between two samples.
pub struct QuantileDifference {
    samples: [Sorted; 2],
    q: f64,
}

impl QuantileDifference {
    pub fn new(columns: &[&[f64]], q: f64) -> Self {
        Self { samples: [Sorted::of(columns[0]), Sorted::of(columns[1])], q }
    }
}

impl Weighted for QuantileDifference {
    fn of(&self, weights: &Weights<'_>) -> f64 {
        let [x, y] = &self.samples;
        x.quantile(weights[0], self.q) - y.quantile(weights[1], self.q)
    }

    fn lowered(&self, weights: &Weights<'_>, sample: usize, is_paired: bool) -> Option<Vec<f64>> {
        if !weights.iter().all(|weights| is_unit(weights)) {
            return None;
        }
        let [x, y] = &self.samples;
        let (without_x, without_y) = (|| without_one(x, self.q), || without_one(y, self.q));
        let (whole_x, whole_y) = (x.quantile(weights[0], self.q), y.quantile(weights[1], self.q));
        Some(match (is_paired, sample) {
            (true, _) => without_x().iter().zip(without_y()).map(|(x, y)| x - y).collect(),
            (false, 0) => without_x().iter().map(|x| x - whole_y).collect(),
            (false, _) => without_y().iter().map(|y| whole_x - y).collect(),
        })
    }
}

fn is_unit(weights: &[f64]) -> bool {
    weights.iter().all(|&w| w == 1.0)
}

/// The mean of the values between two ranks.
pub struct TrimmedMean {
    sorted: Sorted,
    p: f64,
}

impl TrimmedMean {
    pub fn new(values: &[f64], p: f64) -> Self {
        Self { sorted: Sorted::of(values), p }
    }
}

impl Weighted for TrimmedMean {
    fn of(&self, weights: &Weights<'_>) -> f64 {
        if self.sorted.has_nan(weights[0]) {
            return f64::NAN;
        }
        let weight: f64 = weights[0].iter().sum();
        let cut = (self.p * weight).floor();
        let (mut below, mut sum) = (0.0_f64, 0.0);
        for (x, w) in self.sorted.present(weights[0]) {
            let kept = (below + w).min(weight - cut) - below.max(cut);
            if kept > 0.0 {
                sum += kept * x;
            }
            below += w;
        }
        sum / (weight - 2.0 * cut)
    }
}

/// Gini's coefficient.
pub struct Gini {
    sorted: Sorted,
}

impl Gini {
    pub fn new(values: &[f64]) -> Self {
        Self { sorted: Sorted::of(values) }
    }
}

impl Weighted for Gini {
    fn of(&self, weights: &Weights<'_>) -> f64 {
        let (mut below, mut sum, mut ranked) = (0.0, 0.0, 0.0);
        for (x, w) in self.sorted.present(weights[0]) {
            ranked += w * x * (2.0 * below + w);
            below += w;
            sum += w * x;
        }
        ranked / (below * sum) - 1.0
    }
}

/// The area under the receiver's curve: x are scores of positives, y of negatives.
pub struct Auc {
    pooled: Ties,
    positives: usize,
}

impl Auc {
    pub fn new(columns: &[&[f64]]) -> Self {
        Self { pooled: Ties::of(&columns.concat()), positives: columns[0].len() }
    }
}

impl Weighted for Auc {
    fn of(&self, weights: &Weights<'_>) -> f64 {
        let all = weights.concat();
        if self.pooled.has_nan(&all) {
            return f64::NAN;
        }
        let (mut wins, mut below) = (0.0, 0.0);
        for run in self.pooled.runs() {
            let weight = |is_positive| -> f64 {
                let of_kind = run.iter().filter(|&&i| ((i as usize) < self.positives) == is_positive);
                of_kind.map(|&i| all[i as usize]).sum()
            };
            let negatives = weight(false);
            wins += weight(true) * (below + negatives / 2.0);
            below += negatives;
        }
        wins / below / weights[0].iter().sum::<f64>()
    }
}
