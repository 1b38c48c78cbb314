//! The second pass, over wide tensors only: what the first could not settle exactly.
//!
//! f32 quantiles: the sketch says in which bin each order statistic lies and at which rank within it; this pass
//! counts the 65,536 bit patterns of those bins, which pins the value down. Tails, where the first pass's window
//! missed: a count of |x − mean| > kσ. Quantiles of f64, i32 and i64 stay the sketch's (within 2⁻⁸).

use std::sync::{Mutex, OnceLock};

use crate::error::Result;
use crate::weights::distribution::{Distribution, interpolate, order_statistics};
use crate::weights::figures::{Figures, Wanted};
use crate::weights::moments::Moments;
use crate::weights::scan::{Step, steps_of};
use crate::weights::slot::lock;
use crate::weights::source::{Buffers, Stretch, Tensor};
use crate::weights::visit;
use crate::work::Work;

/// What is left to find of one tensor.
#[derive(Default)]
pub(crate) struct Gaps {
    tails: Option<(f64, Vec<f64>)>,
    quantiles: Vec<Option<Place>>,
    bins: Vec<(f32, f32)>,
}

/// A quantile: two order statistics, each a bin (by index into `bins`) and a rank within it.
#[derive(Clone, Copy)]
struct Place {
    low: (usize, u64),
    high: (usize, u64),
    fraction: f64,
}

impl Gaps {
    pub(crate) fn new(
        all: &Moments,
        sketch: Option<&Distribution>,
        is_single: bool,
        tails: bool,
        wanted: &Wanted,
    ) -> Self {
        let limits = |std: f64| wanted.tails.iter().map(|k| k * std).collect();
        let spread = all.std().filter(|s| *s > 0.0 && tails && !wanted.tails.is_empty());
        let mut gaps = Self { tails: spread.and_then(|s| Some((all.mean()?, limits(s)))), ..Self::default() };
        if let Some(sketch) = sketch.filter(|_| is_single) {
            gaps.quantiles = wanted.quantiles.iter().map(|q| gaps.place(sketch, *q)).collect();
        }
        gaps
    }

    fn place(&mut self, sketch: &Distribution, q: f64) -> Option<Place> {
        let (low, high, fraction) = order_statistics(sketch.n(), q)?;
        Some(Place { low: self.locate(sketch, low)?, high: self.locate(sketch, high)?, fraction })
    }

    fn locate(&mut self, sketch: &Distribution, rank: u64) -> Option<(usize, u64)> {
        let (middle, below) = sketch.locate(rank)?;
        let bin = bin_around(middle as f32);
        let at = self.bins.iter().position(|b| *b == bin).unwrap_or_else(|| {
            self.bins.push(bin);
            self.bins.len() - 1
        });
        Some((at, rank - below))
    }

    fn is_empty(&self) -> bool {
        self.tails.is_none() && self.bins.is_empty()
    }
}

/// The smallest and largest f32 of the sketch bin (or, at zero, the two bins) whose middle is given.
fn bin_around(middle: f32) -> (f32, f32) {
    let top = middle.to_bits() & 0xffff_0000;
    let (near, far) = (f32::from_bits(top), f32::from_bits(top | 0xffff));
    match middle {
        0.0 => (-far, far),
        _ if middle > 0.0 => (near, far),
        _ => (far, near),
    }
}

/// Integers in the order of the floats they stand for.
fn key(x: f32) -> i32 {
    let bits = (x + 0.0).to_bits() as i32;
    bits ^ ((bits >> 31) as u32 >> 1) as i32
}

fn unkey(key: i32) -> f64 {
    f64::from(f32::from_bits((key ^ ((key >> 31) as u32 >> 1) as i32) as u32))
}

/// Counts of one tensor: made when its first step comes in, turned into `Refined` after the last.
#[derive(Default)]
struct Counts {
    steps: u64,
    /// How often each pattern of each bin occurs, in the order of the values.
    patterns: Vec<Vec<u64>>,
    /// How many values are beyond each tail limit.
    beyond: Vec<u64>,
}

impl Counts {
    fn add(&mut self, gaps: &Gaps, hits: &[[u8; 4]], beyond: &[u64]) {
        if self.patterns.is_empty() && self.beyond.is_empty() {
            let patterns = |(low, high): &(f32, f32)| vec![0; (key(*high) - key(*low)) as usize + 1];
            *self =
                Self { steps: 0, patterns: gaps.bins.iter().map(patterns).collect(), beyond: vec![0; beyond.len()] };
        }
        self.beyond.iter_mut().zip(beyond).for_each(|(sum, more)| *sum += more);
        for x in hits.iter().map(|stored| f32::from_le_bytes(*stored)) {
            for ((low, high), counts) in gaps.bins.iter().zip(&mut self.patterns) {
                if (*low..=*high).contains(&x) {
                    counts[(key(x) - key(*low)) as usize] += 1;
                }
            }
        }
    }

    /// The value of the given rank within a bin.
    fn at(&self, gaps: &Gaps, (bin, rank): (usize, u64)) -> Option<f64> {
        let mut seen = 0;
        let place = self.patterns.get(bin)?.iter().position(|count| {
            seen += count;
            rank < seen
        })?;
        Some(unkey(key(gaps.bins[bin].0) + place as i32))
    }

    fn quantile(&self, gaps: &Gaps, place: Place) -> Option<f64> {
        Some(interpolate(self.at(gaps, place.low)?, self.at(gaps, place.high)?, place.fraction))
    }
}

/// What was found of one tensor.
#[derive(Default)]
struct Refined {
    /// Shares beyond each tail limit; empty when the first pass had them.
    beyond: Vec<u64>,
    /// Exact quantiles; empty for tensors that keep the sketch's.
    quantiles: Vec<Option<f64>>,
}

pub(crate) struct Refine<'a> {
    tensors: &'a [Tensor],
    gaps: Vec<Gaps>,
    steps: Vec<Step>,
    counts: Vec<Mutex<Counts>>,
    refined: Vec<OnceLock<Refined>>,
}

impl<'a> Refine<'a> {
    pub(crate) fn new(tensors: &'a [Tensor], gaps: Vec<Gaps>) -> Self {
        let open = |(i, _): &(usize, &Tensor)| !gaps[*i].is_empty();
        let steps = tensors.iter().enumerate().filter(open).flat_map(|(i, t)| steps_of(i, t)).collect();
        let counts = tensors.iter().map(|_| Mutex::default()).collect();
        let refined = tensors.iter().map(|_| OnceLock::new()).collect();
        Self { tensors, gaps, steps, counts, refined }
    }

    /// Puts what was found into `figures`, one for each tensor.
    pub(crate) fn fill(self, figures: &mut [Figures]) {
        for (refined, figures) in self.refined.into_iter().zip(figures) {
            let Some(refined) = refined.into_inner() else { continue };
            if !refined.beyond.is_empty() {
                let n = figures.moments.n as f64;
                figures.tails = refined.beyond.iter().map(|beyond| Some(*beyond as f64 / n)).collect();
            }
            if !refined.quantiles.is_empty() {
                figures.quantiles = refined.quantiles;
            }
        }
    }

    /// Adds what a step found; after the tensor's last step, its tables are read and freed.
    fn settle(&self, tensor: usize, hits: &[[u8; 4]], beyond: &[u64]) {
        let gaps = &self.gaps[tensor];
        let mut counts = lock(&self.counts[tensor]);
        counts.add(gaps, hits, beyond);
        counts.steps += 1;
        if counts.steps == self.tensors[tensor].steps() {
            let counts = std::mem::take(&mut *counts);
            let quantile = |place: &Option<Place>| place.and_then(|place| counts.quantile(gaps, place));
            let quantiles = gaps.quantiles.iter().map(quantile).collect();
            // Each tensor is completed once, so the cell is empty.
            let _ = self.refined[tensor].set(Refined { beyond: counts.beyond, quantiles });
        }
    }
}

impl Work for Refine<'_> {
    type Scratch = Buffers;

    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn total_bytes(&self) -> u64 {
        self.steps.iter().map(|step| self.tensors[step.tensor].stored_bytes(step.count)).sum()
    }

    fn step(&self, i: usize, buffers: &mut Buffers) -> Result<u64> {
        let step = self.steps[i];
        let (tensor, gaps) = (&self.tensors[step.tensor], &self.gaps[step.tensor]);
        let (mean, limits) = gaps.tails.as_ref().map_or((0.0, &[][..]), |(mean, limits)| (*mean, limits));
        let mut hits = Vec::new();
        let beyond = match tensor.stretch(step.first, step.count as usize, buffers)? {
            Stretch::Singles(values) => {
                visit::inside(values, &gaps.bins, &mut hits);
                visit::beyond(values, mean, limits)
            }
            Stretch::Doubles(values) => visit::beyond(values, mean, limits),
            Stretch::Bytes(_) | Stretch::Pairs(_) => Vec::new(),
        };
        self.settle(step.tensor, &hits, &beyond);
        tensor.release(step.first, step.count);
        Ok(tensor.stored_bytes(step.count))
    }

    fn finish(&self, _buffers: Buffers) -> Result<()> {
        Ok(())
    }
}
