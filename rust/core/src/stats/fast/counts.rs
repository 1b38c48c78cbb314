//! Data of few distinct values: how often a resample holds each is multinomial, drawn by conditional binomials.

use crate::stats::draws::binomial;
use crate::stats::replicates::Replicates;
use crate::stats::statistic::Statistic;
use crate::stats::stream::{Key, Stream, streams};
use crate::stats::weighted::{Weighted, prepare};

/// The most distinct values that are looked for.
const MOST: usize = 32;
/// By then, data of few values have shown all.
const SOON: usize = 1024;
/// So many are counted at once.
const FEW: usize = 8;
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
        let mut distinct = Vec::new();
        for (at, x) in values.iter().enumerate() {
            // Most data show all their values soon: then counting them is the faster proof.
            let is_time = at == SOON && distinct.len() <= FEW;
            if let Some(sample) = is_time.then(|| Self::counted(&distinct, values)).flatten() {
                return Some(sample);
            }
            if !distinct.contains(x) {
                if distinct.len() == most || x.is_nan() {
                    return None;
                }
                distinct.push(*x);
            }
        }
        Self::counted(&distinct, values)
    }

    /// The counts of `distinct` values, if there are no others.
    fn counted(distinct: &[f64], values: &[f64]) -> Option<Self> {
        let count = |known: &f64| values.iter().map(|x| u64::from(x == known)).sum();
        let counts: Vec<u64> = distinct.iter().map(count).collect();
        let is_all = counts.iter().sum::<u64>() == values.len() as u64;
        is_all.then(|| Self { values: distinct.to_vec(), counts })
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
        let streams = streams(key, first, out.len());
        for (mut stream, out) in streams.zip(out) {
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
