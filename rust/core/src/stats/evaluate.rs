//! The statistic of resamples whose observations were drawn elsewhere.

use super::replicates::{Replicates, fill};
use super::statistic::Statistic;
use super::stream::Key;
use super::weighted::{Weighted, prepare};
use crate::error::{Error, Result};

/// The statistic of each resample. Row b of `rows[j]`, of one length for all b, holds the places in sample j that
/// replicate b consists of; one matrix for several samples draws their rows together.
pub fn evaluate(
    columns: &[&[f64]],
    statistic: Statistic,
    rows: &[&[i64]],
    n_resamples: usize,
    threads: usize,
    watch: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Vec<f64>> {
    let is_paired = rows.len() == 1 && columns.len() > 1;
    statistic.check(columns, is_paired)?;
    check(columns, rows, n_resamples, is_paired)?;
    let lengths = columns.iter().map(|column| column.len()).collect();
    let weighted = prepare(statistic, columns);
    let given = Given { weighted: weighted.as_ref(), rows, n_resamples, lengths };
    let mut values = vec![vec![0.0; n_resamples]];
    fill(&[&given], Key([0; 4]), 0, &mut values, threads, watch)?;
    Ok(values.concat())
}

fn check(columns: &[&[f64]], rows: &[&[i64]], n_resamples: usize, is_paired: bool) -> Result<()> {
    if rows.len() != columns.len() && !is_paired {
        let what = format!("{} matrices of places for {} samples", rows.len(), columns.len());
        return Err(Error::bad_argument(what, "give one for each sample, or one for all"));
    }
    for (places, column) in rows.iter().zip(columns) {
        let is_sound = |place: &&i64| **place >= 0 && (**place as usize) < column.len();
        let is_even = n_resamples > 0 && places.len() % n_resamples == 0;
        if let Some(place) = places.iter().find(|place| !is_sound(place)) {
            let what = format!("place {place} in a sample of {}", column.len());
            return Err(Error::bad_argument(what, "give places from 0 to its length − 1"));
        }
        if !is_even {
            let what = format!("{} places for {n_resamples} resamples", places.len());
            return Err(Error::bad_argument(what, "give matrices of as many rows"));
        }
    }
    Ok(())
}

struct Given<'a> {
    weighted: &'a dyn Weighted,
    rows: &'a [&'a [i64]],
    n_resamples: usize,
    lengths: Vec<usize>,
}

impl Replicates for Given<'_> {
    fn fill(&self, _key: Key, first: u64, out: &mut [f64]) {
        let mut weights: Vec<Vec<f64>> = self.rows.iter().zip(&self.lengths).map(|(_, &n)| vec![0.0; n]).collect();
        for (b, out) in (first as usize..).zip(out) {
            for (weights, places) in weights.iter_mut().zip(self.rows) {
                let size = places.len() / self.n_resamples;
                weights.fill(0.0);
                places[b * size..(b + 1) * size].iter().for_each(|&place| weights[place as usize] += 1.0);
            }
            let view = |at: usize| weights[at.min(weights.len() - 1)].as_slice();
            *out = self.weighted.of(&(0..self.lengths.len()).map(view).collect::<Vec<_>>());
        }
    }

    fn cost(&self) -> usize {
        4 * self.lengths.iter().sum::<usize>()
    }
}
