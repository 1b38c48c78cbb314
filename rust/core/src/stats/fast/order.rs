//! Quantiles of resamples, without resampling.
//!
//! A resample of n values is that of n uniform numbers u, each of which takes the value at place ⌊n·u⌋ of the sorted
//! sample. So its k-th order statistic is the value at ⌊n·U₍ₖ₎⌋, and U₍ₖ₎ ~ Beta(k, n − k + 1); given it, the next one is
//! the least of n − k uniforms on what remains (David & Nagaraja 2003, §2.5).

use crate::stats::draws::{beta, exponential};
use crate::stats::replicates::Replicates;
use crate::stats::stream::{Key, Stream, streams};
use crate::stats::weighted::between;

/// Replicates of a quantile, or of its difference between two samples.
struct Quantiles {
    samples: Vec<Sample>,
}

/// Sorted values, and where in a resample the quantile lies.
struct Sample {
    values: Vec<f64>,
    /// The rank of the order statistic below the quantile, from 1.
    rank: f64,
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
        values.sort_unstable_by(f64::total_cmp);
        let place = (values.len() as f64 - 1.0) * q;
        Some(Self { rank: place.floor() + 1.0, share: place - place.floor(), values })
    }

    fn at(&self, u: f64) -> f64 {
        let n = self.values.len();
        self.values[((n as f64 * u) as usize).min(n - 1)]
    }

    fn draw(&self, stream: &mut Stream) -> f64 {
        let above = self.values.len() as f64 - self.rank;
        let u = beta(self.rank, above + 1.0, stream);
        let low = self.at(u);
        if self.share == 0.0 {
            return low;
        }
        // The least of `above` uniforms is 1 − exp(−E/above).
        let next = -libm::expm1(-exponential(stream) / above);
        between(low, self.at(u + (1.0 - u) * next), self.share)
    }
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
