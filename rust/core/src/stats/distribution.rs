//! Bootstrap distributions as an interval sees them: held, complete, or drawn again for every question.
//!
//! - [`Held`]: all replicates in memory.
//! - [`Masses`]: every value that the statistic can take, with its chance; no replicate is drawn.
//! - [`Streamed`]: more replicates than memory is given to. A stream gives the same ones again, so they are drawn once for
//!   moments and range, then for counts in ever narrower ranges around the wanted order statistics, and at last for the few
//!   values left there: exact selection by digits (Knuth, vol. 3, §5.2.5) without the sorting.

mod streamed;

pub use streamed::Streamed;

use super::replicates::Watch;
use super::select::quantiles;
use crate::error::Result;

/// What an interval asks.
pub trait Distribution {
    /// How many replicates there are; `None` if the distribution is complete.
    fn size(&self) -> Option<f64>;

    /// Where it lies, seen from the estimate.
    fn seen(&mut self, estimate: f64, watch: Watch<'_>) -> Result<Seen>;

    /// Quantiles of these orders; NaN if there is a NaN. Between order statistics of replicates they are linear.
    fn quantiles(&mut self, shares: &[f64], watch: Watch<'_>) -> Result<Vec<f64>>;
}

/// Where a distribution lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation; that of replicates divides by their number − 1.
    pub deviation: f64,
    /// The share below the estimate, ties counted half.
    pub below: f64,
}

/// All replicates; questions may reorder them.
pub struct Held(pub Vec<f64>);

impl Distribution for Held {
    fn size(&self) -> Option<f64> {
        Some(self.0.len() as f64)
    }

    fn seen(&mut self, estimate: f64, _watch: Watch<'_>) -> Result<Seen> {
        let (mean, deviation) = moments(&self.0);
        let ranked = ranked(&self.0, estimate, tie(estimate, reach(&self.0, estimate)));
        Ok(Seen { mean, deviation, below: ranked as f64 / (2.0 * self.0.len() as f64) })
    }

    fn quantiles(&mut self, shares: &[f64], _watch: Watch<'_>) -> Result<Vec<f64>> {
        Ok(quantiles(&mut self.0, shares))
    }
}

/// How far a value may be from the estimate and be one with it: equal figures of a discrete distribution differ in their
/// last bits, since they were added up in another order.
fn tie(estimate: f64, reach: f64) -> f64 {
    let tie = 4.0 * f64::EPSILON * estimate.abs() + 1e-10 * reach;
    if tie.is_finite() { tie } else { 0.0 }
}

/// How far from a centre most of a distribution lies, by its first values: so far as three in four of them. No standard
/// deviation, which few wild values would make useless; 0 if there is no such distance.
pub(crate) fn reach(values: &[f64], centre: f64) -> f64 {
    let first = &values[..values.len().min(FIRST)];
    let mut away: Vec<f64> = first.iter().map(|x| (x - centre).abs()).filter(|away| away.is_finite()).collect();
    quantiles(&mut away, &[0.75]).into_iter().find(|away| away.is_finite()).unwrap_or(0.0)
}

/// So many values tell.
const FIRST: usize = 1024;

/// Twice the number of values below the estimate, and once that of its ties.
fn ranked(values: &[f64], estimate: f64, tie: f64) -> u64 {
    values.iter().map(|x| u64::from(*x < estimate - tie) + u64::from(*x <= estimate + tie)).sum()
}

/// Mean and standard deviation, the latter dividing by n − 1.
pub(crate) fn moments(values: &[f64]) -> (f64, f64) {
    let Some(&pivot) = values.first() else { return (f64::NAN, f64::NAN) };
    let n = values.len() as f64;
    let mean = pivot + values.iter().map(|x| x - pivot).sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// Values, least first, and the chance of each; chances sum to 1.
pub struct Masses(Vec<(f64, f64)>);

impl Masses {
    /// Of values with masses in any order; `None` if a value is no finite number.
    pub fn new(mut values: Vec<(f64, f64)>) -> Option<Self> {
        let all: f64 = values.iter().map(|(_, mass)| mass).sum();
        for (_, mass) in &mut values {
            *mass /= all;
        }
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        values.iter().all(|(x, _)| x.is_finite()).then_some(Self(values))
    }

    fn mean(&self, of: impl Fn(f64) -> f64) -> f64 {
        self.0.iter().map(|&(x, mass)| mass * of(x)).sum()
    }

    /// The least value up to which the share lies.
    fn quantile(&self, share: f64) -> f64 {
        let mut sum = 0.0;
        let reached = |&&(_, mass): &&(f64, f64)| {
            sum += mass;
            sum >= share - ROUNDING
        };
        let last = self.0.last();
        self.0.iter().find(reached).or(last).map_or(f64::NAN, |(x, _)| *x)
    }
}

/// Of sums of chances.
const ROUNDING: f64 = 1e-14;

impl Distribution for Masses {
    fn size(&self) -> Option<f64> {
        None
    }

    fn seen(&mut self, estimate: f64, _watch: Watch<'_>) -> Result<Seen> {
        let pivot = self.0[self.0.len() / 2].0;
        let mean = pivot + self.mean(|x| x - pivot);
        let deviation = self.mean(|x| (x - mean) * (x - mean)).sqrt();
        let tie = tie(estimate, (self.quantile(0.875) - self.quantile(0.125)) / 2.0);
        let below = self.mean(|x| ranked(&[x], estimate, tie) as f64 / 2.0);
        Ok(Seen { mean, deviation, below })
    }

    fn quantiles(&mut self, shares: &[f64], _watch: Watch<'_>) -> Result<Vec<f64>> {
        let quantile = |&share: &f64| if share.is_nan() { share } else { self.quantile(share.clamp(0.0, 1.0)) };
        Ok(shares.iter().map(quantile).collect())
    }
}
