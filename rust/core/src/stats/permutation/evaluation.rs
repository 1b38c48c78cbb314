//! The statistic of rearranged data: by weights of zero and one where samples are pooled, by columns written out elsewhere.

use crate::stats::statistic::Statistic;
use crate::stats::weighted::{Weighted, plain, prepare};

/// How labels become a value.
pub enum Evaluation<'a> {
    /// Label j of a pooled observation puts it into sample j; greater labels leave it out.
    Pooled(Box<dyn Weighted + 'a>, usize),
    /// Label l at place i puts observation l of the first column beside row i of the others.
    Pairings(Statistic, Vec<&'a [f64]>),
    /// Label l of value i of a column puts it at row i of column l.
    Rows(Statistic, Vec<&'a [f64]>),
}

impl<'a> Evaluation<'a> {
    /// `samples` samples of one pool.
    pub fn pooled(statistic: Statistic, pool: &'a [f64], samples: usize) -> Self {
        Self::Pooled(prepare(statistic, &vec![pool; samples]), samples)
    }

    /// The statistic under `labels`.
    pub fn of(&self, labels: &[u32]) -> f64 {
        match self {
            Self::Pooled(weighted, samples) => {
                let member =
                    |sample: usize| labels.iter().map(|&l| f64::from(u8::from(l as usize == sample))).collect();
                let weights: Vec<Vec<f64>> = (0..*samples).map(member).collect();
                weighted.of(&weights.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
            Self::Pairings(statistic, columns) => {
                let permuted: Vec<_> = labels.iter().map(|&l| columns[0][l as usize]).collect();
                let mut all = columns.clone();
                all[0] = &permuted;
                plain(*statistic, &all)
            }
            Self::Rows(statistic, columns) => {
                let n = columns[0].len();
                let mut moved = vec![vec![0.0; n]; columns.len()];
                for (place, &label) in labels.iter().enumerate() {
                    moved[label as usize][place % n] = columns[place / n][place % n];
                }
                plain(*statistic, &moved.iter().map(Vec::as_slice).collect::<Vec<_>>())
            }
        }
    }
}
