//! Labels over the pooled observations, and every way or a random way to rearrange them within strata.
//!
//! One form serves all tests. *Independent* samples: the labels are the samples. *Samples* of rows: the strata are the
//! rows, each with one label for each column; a single sample is a row of a value and its negative. *Pairings*: the labels
//! are the places of the permuted column. Distinct rearrangements come in lexicographic order, stratum by stratum.

use crate::stats::stream::Stream;

/// What a test rearranges.
#[derive(Clone, Debug)]
pub struct Arrangement {
    /// The label of each pooled observation, as the data have it.
    pub labels: Vec<u32>,
    /// Places whose labels may change with each other.
    pub strata: Vec<Vec<u32>>,
}

impl Arrangement {
    /// How many rearrangements are distinct, if that is at most `most`.
    pub fn count(&self, most: usize) -> Option<usize> {
        let ways = |stratum: &Vec<u32>| multinomial(&self.labels_of(stratum), most);
        self.strata.iter().try_fold(1_usize, |all, stratum| all.checked_mul(ways(stratum)?)).filter(|&all| all <= most)
    }

    fn labels_of(&self, stratum: &[u32]) -> Vec<u32> {
        stratum.iter().map(|&place| self.labels[place as usize]).collect()
    }

    /// A random rearrangement of `labels`, which are any rearrangement: Fisher & Yates within each stratum.
    pub fn shuffle(&self, stream: &mut Stream, labels: &mut [u32]) {
        for stratum in &self.strata {
            for last in (1..stratum.len()).rev() {
                let other = stream.below(last + 1);
                labels.swap(stratum[last] as usize, stratum[other] as usize);
            }
        }
    }

    /// The first rearrangement.
    pub fn first(&self) -> Vec<u32> {
        let mut labels = self.labels.clone();
        self.strata.iter().for_each(|stratum| put(&mut labels, stratum, &sorted(self.labels_of(stratum))));
        labels
    }

    /// The rearrangement after `labels`; false after the last, when `labels` are the first again.
    pub fn advance(&self, labels: &mut [u32]) -> bool {
        self.strata.iter().any(|stratum| {
            let mut of_stratum: Vec<_> = stratum.iter().map(|&place| labels[place as usize]).collect();
            let has_next = next_permutation(&mut of_stratum);
            put(labels, stratum, &of_stratum);
            has_next
        })
    }
}

fn sorted(mut labels: Vec<u32>) -> Vec<u32> {
    labels.sort_unstable();
    labels
}

fn put(labels: &mut [u32], stratum: &[u32], values: &[u32]) {
    stratum.iter().zip(values).for_each(|(&place, value)| labels[place as usize] = *value);
}

/// The distinct orders of `labels`, if at most `most`: a product of binomial coefficients.
fn multinomial(labels: &[u32], most: usize) -> Option<usize> {
    let labels = sorted(labels.to_vec());
    let (mut ways, mut placed) = (1_u128, 0_u128);
    for run in labels.chunk_by(|a, b| a == b) {
        for chosen in 1..=run.len() as u128 {
            placed += 1;
            ways = ways * placed / chosen;
            // Within a run the product falls never again.
            if ways > most as u128 {
                return None;
            }
        }
    }
    usize::try_from(ways).ok()
}

/// The next order of the labels; false after the last, when they are sorted again.
fn next_permutation(labels: &mut [u32]) -> bool {
    let Some(pivot) = (1..labels.len()).rev().find(|&i| labels[i - 1] < labels[i]) else {
        labels.reverse();
        return false;
    };
    let larger = (pivot..labels.len()).rev().find(|&i| labels[i] > labels[pivot - 1]).unwrap_or(pivot);
    labels.swap(pivot - 1, larger);
    labels[pivot..].reverse();
    true
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::Arrangement;
    use crate::stats::stream::{Key, Stream};
    use std::collections::{BTreeMap, BTreeSet};

    fn all(arrangement: &Arrangement) -> Vec<Vec<u32>> {
        let mut labels = arrangement.first();
        let mut seen = vec![labels.clone()];
        while arrangement.advance(&mut labels) {
            seen.push(labels.clone());
        }
        seen
    }

    #[test]
    fn every_rearrangement_comes_once() {
        let arrangement =
            Arrangement { labels: vec![0, 0, 1, 1, 2, 0, 1], strata: vec![vec![0, 2, 4, 3], vec![1, 5, 6]] };
        let seen = all(&arrangement);
        assert_eq!(seen.len(), 12 * 3);
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), seen.len());
        assert_eq!((arrangement.count(36), arrangement.count(35)), (Some(36), None));
    }

    #[test]
    fn a_shuffle_gives_every_rearrangement_as_often() {
        let arrangement = Arrangement { labels: vec![0, 0, 1, 1, 1], strata: vec![vec![0, 1, 2, 3, 4]] };
        let mut counts: BTreeMap<Vec<u32>, f64> = all(&arrangement).into_iter().map(|labels| (labels, 0.0)).collect();
        let mut stream = Stream::new(Key([1, 1, 1, 1]), 0);
        let mut labels = arrangement.labels.clone();
        for _ in 0..10_000 {
            arrangement.shuffle(&mut stream, &mut labels);
            *counts.get_mut(&labels).unwrap() += 1.0;
        }
        let chi2: f64 = counts.values().map(|seen| (seen - 1000.0).powi(2) / 1000.0).sum();
        assert!(chi2 < 9.0 + 5.0 * 18_f64.sqrt(), "{chi2}");
    }
}
