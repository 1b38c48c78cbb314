//! Quantiles of resamples, without resampling.
//!
//! A resample of n values is that of n uniform numbers u, each of which takes the value at place ⌊n·u⌋ of the sorted
//! sample. So its k-th order statistic is the value at ⌊n·U₍ₖ₎⌋, and the order statistics of uniforms are the partial sums of
//! n + 1 exponentials over their whole (David & Nagaraja 2003, §2.5), of which a gamma stands for those that nobody asks
//! for. The sample is sorted about the quantile only, as far as these reach.

use std::ops::Range;
use std::sync::OnceLock;

use crate::stats::draws::{Gamma, exponential};
use crate::stats::replicates::Replicates;
use crate::stats::select::{put_in_place, sort};
use crate::stats::stream::{Key, Stream, streams};
use crate::stats::weighted::between;

/// Replicates of a quantile, or of its difference between two samples.
struct Quantiles {
    samples: Vec<Sample>,
}

/// Values, and where in a resample the quantile lies.
struct Sample {
    /// In order within `sorted`; lesser ones before, greater ones after.
    values: Vec<f64>,
    sorted: Range<usize>,
    /// All in order, should a draw ever fall outside.
    all: OnceLock<Vec<f64>>,
    /// Of the uniforms up to the order statistic below the quantile, and of those above it, or above the next one.
    below: Gamma,
    above: Gamma,
    /// How far the quantile is from there to the next.
    share: f64,
}

/// The source for one or two samples, if all their values are numbers.
pub fn source<'a>(samples: &[&'a [f64]], q: f64) -> Option<Box<dyn Replicates + 'a>> {
    let samples = samples.iter().map(|values| Sample::new(values, q)).collect::<Option<Vec<_>>>()?;
    Some(Box::new(Quantiles { samples }))
}

impl Sample {
    fn new(values: &[f64], q: f64) -> Option<Self> {
        if values.iter().any(|x| x.is_nan()) {
            return None;
        }
        let mut values = values.to_vec();
        let n = values.len() as f64;
        let place = (n - 1.0) * q;
        let (rank, share) = (place.floor() + 1.0, place - place.floor());
        let above = if share == 0.0 { n - rank + 1.0 } else { n - rank };
        let sorted = sort_about(&mut values, rank as usize);
        Some(Self { values, sorted, all: OnceLock::new(), below: Gamma::new(rank), above: Gamma::new(above), share })
    }

    fn at(&self, u: f64) -> f64 {
        let n = self.values.len();
        let place = ((n as f64 * u) as usize).min(n - 1);
        if self.sorted.contains(&place) { self.values[place] } else { self.all.get_or_init(|| self.in_order())[place] }
    }

    fn in_order(&self) -> Vec<f64> {
        let mut values = self.values.clone();
        sort(&mut values);
        values
    }

    fn draw(&self, stream: &mut Stream) -> f64 {
        let low = self.below.draw(stream);
        if self.share == 0.0 {
            return self.at(low / (low + self.above.draw(stream)));
        }
        let high = low + exponential(stream);
        let scale = 1.0 / (high + self.above.draw(stream));
        between(self.at(low * scale), self.at(high * scale), self.share)
    }
}

/// Sorts as far from `rank` as an order statistic of a resample comes but by a chance below 10⁻¹⁷: nine standard
/// deviations, which are at most √n/2.
fn sort_about(values: &mut [f64], rank: usize) -> Range<usize> {
    let far = (4.5 * (values.len() as f64).sqrt()) as usize + 64;
    let range = rank.saturating_sub(far)..values.len().min(rank + far);
    put_in_place(values, &[range.start, range.end - 1]);
    sort(&mut values[range.clone()]);
    range
}

impl Replicates for Quantiles {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let streams = streams(key, first, out.len());
        for (mut stream, out) in streams.zip(out) {
            let mut drawn = self.samples.iter().map(|sample| sample.draw(&mut stream));
            let value = drawn.next().unwrap_or(f64::NAN);
            *out = drawn.fold(value, |value, other| value - other);
        }
    }

    fn cost(&self) -> usize {
        256 * self.samples.len()
    }
}
