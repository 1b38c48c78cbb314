//! The second pass, over wide tensors only: what the first could not settle exactly.
//!
//! f32 quantiles: the sketch says in which bin each order statistic lies and at which rank within it; this pass
//! counts the 65,536 bit patterns of those bins, which pins the value down. Tails, where the first pass's window
//! missed: a count of |x − mean| > kσ. Mean distance: Σ|x − mean|. Quantiles of f64, i32 and i64 stay the sketch's.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use crate::error::Result;
use crate::weights::center::Center;
use crate::weights::distribution::{Distribution, interpolate, order_statistics};
use crate::weights::figures::{Figures, Wanted};
use crate::weights::moments::Moments;
use crate::weights::powers::Stored;
use crate::weights::scan::{Step, steps_of};
use crate::weights::slot::lock;
use crate::weights::source::{Buffers, Stretch, Tensor};
use crate::weights::tail::Tail;
use crate::weights::visit;
use crate::work::{Pace, Work};

/// What is left to find of one tensor.
#[derive(Default)]
pub(crate) struct Gaps {
    tails: Vec<Tail>,
    /// The mean, where the mean distance from it is to be found.
    center: Option<Center>,
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
        let asked = wanted.tails.iter().filter(|_| tails);
        let tails = asked.filter_map(|k| Tail::of(all, *k)).collect();
        let mut gaps = Self { tails, center: all.center().filter(|_| sketch.is_some()), ..Self::default() };
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
        self.tails.is_empty() && self.bins.is_empty() && self.center.is_none()
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
    /// How many values are in each tail.
    beyond: Vec<u64>,
    /// Σ|x − mean| of each step, by its place.
    distances: BTreeMap<usize, f64>,
}

/// Values looked at together.
const PIECE: usize = 16_384;

/// What one step finds.
#[derive(Default)]
struct Hits {
    in_bins: Vec<[u8; 4]>,
    beyond: Vec<u64>,
    distances: f64,
}

impl Hits {
    /// Everything but what is in bins, which `pick` finds; piece by piece, while a piece is in the nearest caches.
    fn of<S: Stored>(values: &[S], gaps: &Gaps, pick: impl Fn(&[S], &mut Vec<[u8; 4]>)) -> Self {
        let mut all = Self { beyond: vec![0; gaps.tails.len()], ..Self::default() };
        for piece in values.chunks(PIECE) {
            pick(piece, &mut all.in_bins);
            all.distances += gaps.center.map_or(0.0, |center| visit::distances(piece, center));
            let beyond = visit::beyond(piece, &gaps.tails);
            all.beyond.iter_mut().zip(beyond).for_each(|(sum, more)| *sum += more);
        }
        all
    }
}

impl Counts {
    fn add(&mut self, gaps: &Gaps, at: usize, hits: &Hits) {
        if self.steps == 0 {
            let patterns = |(low, high): &(f32, f32)| vec![0; (key(*high) - key(*low)) as usize + 1];
            self.patterns = gaps.bins.iter().map(patterns).collect();
            self.beyond = vec![0; gaps.tails.len()];
        }
        self.steps += 1;
        self.distances.insert(at, hits.distances);
        self.beyond.iter_mut().zip(&hits.beyond).for_each(|(sum, more)| *sum += more);
        for x in hits.in_bins.iter().map(|stored| f32::from_le_bytes(*stored)) {
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
    /// Σ|x − mean|, where it was asked for.
    distances: Option<f64>,
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
            let n = figures.moments.n as f64;
            if let Some(sum) = refined.distances {
                figures.set_mean_abs_dev(Some(sum / n).filter(|x| x.is_finite()));
            }
            if !refined.beyond.is_empty() {
                figures.tails = refined.beyond.iter().map(|beyond| Some(*beyond as f64 / n)).collect();
            }
            if !refined.quantiles.is_empty() {
                figures.quantiles = refined.quantiles;
            }
        }
    }

    /// Adds what a step found; after the tensor's last step, its tables are read and freed.
    fn settle(&self, Step { tensor, at, .. }: Step, hits: &Hits) {
        let gaps = &self.gaps[tensor];
        let mut counts = lock(&self.counts[tensor]);
        counts.add(gaps, at, hits);
        if counts.steps == self.tensors[tensor].steps() {
            let counts = std::mem::take(&mut *counts);
            let quantile = |place: &Option<Place>| place.and_then(|place| counts.quantile(gaps, place));
            let quantiles = gaps.quantiles.iter().map(quantile).collect();
            let distances = gaps.center.map(|_| counts.distances.values().sum());
            // Each tensor is completed once, so the cell is empty.
            let _ = self.refined[tensor].set(Refined { beyond: counts.beyond, quantiles, distances });
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

    fn step(&self, i: usize, buffers: &mut Buffers, _: &Pace) -> Result<u64> {
        let step = self.steps[i];
        let (tensor, gaps) = (&self.tensors[step.tensor], &self.gaps[step.tensor]);
        let hits = match tensor.stretch(step.first, step.count as usize, buffers)? {
            Stretch::Singles(values) => Hits::of(values, gaps, |piece, found| visit::inside(piece, &gaps.bins, found)),
            Stretch::Doubles(values) => Hits::of(values, gaps, |_, _| ()),
            Stretch::Bytes(_) | Stretch::Pairs(_) => Hits::default(),
        };
        self.settle(step, &hits);
        tensor.release(step.first, step.count);
        Ok(tensor.stored_bytes(step.count))
    }

    fn finish(&self, _buffers: Buffers) -> Result<()> {
        Ok(())
    }
}
