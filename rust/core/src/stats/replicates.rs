//! Where replicates come from: the general path, and batches of them on any number of threads.

use std::sync::{Mutex, PoisonError};

use super::design::Plan;
use super::stream::{Key, LANES, Stream};
use super::weighted::Weighted;
use crate::error::{Error, Result};
use crate::work::{Pace, Work, along};

/// Hears how many replicates of how many are done; its error ends the work.
pub type Watch<'a> = &'a mut dyn FnMut(u64, u64) -> Result<()>;

/// A source of replicates. Replicate b is a function of the key and b.
pub trait Replicates: Sync {
    /// Writes replicates `first`, `first + 1`, …; `first` is a multiple of [`LANES`].
    fn fill(&self, key: Key, first: u64, out: &mut [f64]);

    /// About how many elements one replicate touches.
    fn cost(&self) -> usize;
}

/// Weights by a plan for each sample (one for all, where rows are drawn), then the statistic of the weighted samples.
pub struct General<'a> {
    /// The statistic.
    pub weighted: &'a dyn Weighted,
    /// One plan a sample, or one for all.
    pub plans: &'a [Plan],
    /// The lengths of the samples.
    pub lengths: Vec<usize>,
}

impl General<'_> {
    /// The weights of one replicate, one vector a plan.
    pub fn weights(&self, stream: &mut Stream, weights: &mut [Vec<f64>]) {
        self.plans.iter().zip(weights).for_each(|(plan, weights)| plan.draw(stream, weights));
    }

    /// Room for them.
    pub fn room(&self) -> Vec<Vec<f64>> {
        self.lengths.iter().take(self.plans.len()).map(|&n| vec![0.0; n]).collect()
    }

    /// One view a sample.
    pub fn views<'w>(&self, weights: &'w [Vec<f64>]) -> Vec<&'w [f64]> {
        (0..self.lengths.len()).map(|at| weights[at.min(weights.len() - 1)].as_slice()).collect()
    }
}

impl Replicates for General<'_> {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let mut weights = self.room();
        for (replicate, out) in (first..).zip(out) {
            self.weights(&mut Stream::new(key, replicate), &mut weights);
            *out = self.weighted.of(&self.views(&weights));
        }
    }

    fn cost(&self) -> usize {
        4 * self.lengths.iter().sum::<usize>()
    }
}

/// Room for `n` values that are to be kept, if memory has it.
pub fn room(n: usize) -> Result<Vec<f64>> {
    let mut values = Vec::new();
    let wrong = |_| {
        let what = format!("a distribution of {n} values, {:.3e} bytes, does not fit memory", 8.0 * n as f64);
        Error::bad_argument(what, "give fewer resamples, or do not keep the distribution")
    };
    values.try_reserve_exact(n).map_err(wrong)?;
    Ok(values)
}

/// Elements that one batch touches: some milliseconds.
const BATCH: usize = 1 << 21;
/// Elements below which threads cost more than they bring: half a millisecond.
const FEW: usize = 1 << 19;

/// Fills `out` with replicates `first`, `first` + 1, … of each source, `first` a multiple of [`LANES`]; `watch` hears how many replicates of how many are done.
pub fn fill(
    sources: &[&dyn Replicates],
    key: Key,
    first: u64,
    out: &mut [Vec<f64>],
    threads: usize,
    watch: Watch<'_>,
) -> Result<()> {
    let elements: usize = sources.iter().zip(out.iter()).map(|(source, out)| source.cost() * out.len()).sum();
    let total = out.iter().map(|out| out.len() as u64).sum();
    if elements < FEW {
        sources.iter().zip(out).for_each(|(source, out)| source.fill(key, first, out));
        return watch(total, total);
    }
    let mut batches = Vec::new();
    for (source, out) in sources.iter().zip(out) {
        let share = (out.len() / (2 * threads)).min(BATCH / source.cost().max(1));
        let size = share.next_multiple_of(LANES).max(LANES);
        let cut = out.chunks_mut(size).enumerate();
        batches.extend(cut.map(|(at, out)| Batch {
            source: *source,
            first: first + (at * size) as u64,
            out: Mutex::new(out),
        }));
    }
    along::run(&Job { key, batches, total }, threads, watch)
}

struct Batch<'a> {
    source: &'a dyn Replicates,
    first: u64,
    out: Mutex<&'a mut [f64]>,
}

struct Job<'a> {
    key: Key,
    batches: Vec<Batch<'a>>,
    total: u64,
}

impl Work for Job<'_> {
    type Scratch = ();

    fn steps(&self) -> usize {
        self.batches.len()
    }

    fn total_bytes(&self) -> u64 {
        self.total
    }

    fn step(&self, i: usize, (): &mut (), _pace: &Pace) -> Result<u64> {
        let batch = &self.batches[i];
        let mut out = batch.out.lock().unwrap_or_else(PoisonError::into_inner);
        batch.source.fill(self.key, batch.first, &mut out);
        Ok(out.len() as u64)
    }

    fn finish(&self, (): ()) -> Result<()> {
        Ok(())
    }
}
