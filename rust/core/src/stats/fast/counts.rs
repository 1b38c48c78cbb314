//! Data of few distinct values: how often a resample holds each is multinomial, drawn by conditional binomials.

use crate::stats::draws::binomial;
use crate::stats::replicates::Replicates;
use crate::stats::statistic::Statistic;
use crate::stats::stream::{Key, Stream};
use crate::stats::weighted::{Weighted, prepare};

/// The most distinct values that are looked for.
const MOST: usize = 32;
/// The draws that a binomial costs as much as.
const DRAWS: usize = 128;

/// Replicates of a statistic of samples with few distinct values.
struct Counts {
    statistic: Statistic,
    samples: Vec<Sample>,
}

/// Distinct values, and how often each occurs.
struct Sample {
    values: Vec<f64>,
    counts: Vec<u64>,
}

/// The source for samples that are drawn apart, if their values are few.
pub fn source<'a>(samples: &[&'a [f64]], statistic: Statistic) -> Option<Box<dyn Replicates + 'a>> {
    let samples = samples.iter().map(|values| Sample::new(values)).collect::<Option<Vec<_>>>()?;
    Some(Box::new(Counts { statistic, samples }))
}

impl Sample {
    fn new(values: &[f64]) -> Option<Self> {
        let most = MOST.min(values.len() / DRAWS);
        let (mut distinct, mut counts): (Vec<f64>, Vec<u64>) = (Vec::new(), Vec::new());
        for x in values {
            match distinct.iter().position(|known| known == x) {
                Some(at) => counts[at] += 1,
                None if distinct.len() < most && !x.is_nan() => {
                    distinct.push(*x);
                    counts.push(1);
                }
                None => return None,
            }
        }
        Some(Self { values: distinct, counts })
    }

    fn draw(&self, stream: &mut Stream, weights: &mut [f64]) {
        let mut left: u64 = self.counts.iter().sum();
        let mut below = left;
        for (count, weight) in self.counts.iter().zip(weights) {
            let drawn = if *count == below { left } else { binomial(left, *count as f64 / below as f64, stream) };
            *weight = drawn as f64;
            left -= drawn;
            below -= count;
        }
    }
}

impl Replicates for Counts {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let columns: Vec<_> = self.samples.iter().map(|sample| sample.values.as_slice()).collect();
        let weighted: Box<dyn Weighted + '_> = prepare(self.statistic, &columns);
        let mut weights: Vec<Vec<f64>> = columns.iter().map(|values| vec![0.0; values.len()]).collect();
        for (replicate, out) in (first..).zip(out) {
            let mut stream = Stream::new(key, replicate);
            self.samples.iter().zip(&mut weights).for_each(|(sample, weights)| sample.draw(&mut stream, weights));
            *out = match weights.as_slice() {
                [one] => weighted.of(&[one]),
                _ => weighted.of(&weights.iter().map(Vec::as_slice).collect::<Vec<_>>()),
            };
        }
    }

    fn cost(&self) -> usize {
        self.samples.iter().map(|sample| DRAWS * sample.values.len()).sum()
    }
}
