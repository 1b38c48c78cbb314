//! A symmetric uniform quantizer, the magnitudes it quantizes, and the error it makes on them.
//!
//! Notation and grids: see [`super::clip`]. Magnitudes are sorted, so the values of one cell stand side by side and
//! running sums give B and C without touching them; the error that is reported is summed value by value.

use std::ops::{Range, RangeInclusive};

use crate::weights::distribution::Distribution;

/// Bit widths for which clips are computed.
pub const BITS: RangeInclusive<u32> = 2..=8;

/// Where the levels of the quantizer lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// 2^M levels at odd multiples of half a step; zero is not one of them.
    MidRise,
    /// The usual integer grid: ±(2^(M−1) − 1) steps, zero included.
    SymInt,
}

impl Grid {
    /// The grid called `name`: `mid-rise` or `sym-int`.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "mid-rise" => Some(Self::MidRise),
            "sym-int" => Some(Self::SymInt),
            _ => None,
        }
    }
}

/// A quantizer of unit clip: level i is (i + offset)/divisor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quantizer {
    pub(crate) offset: f64,
    pub(crate) divisor: f64,
    pub(crate) top: u32,
}

impl Quantizer {
    pub(crate) fn new(grid: Grid, bits: u32) -> Self {
        let half = 1u32 << (bits - 1);
        match grid {
            Grid::MidRise => Self { offset: 0.5, divisor: f64::from(half), top: half - 1 },
            Grid::SymInt => Self { offset: 0.0, divisor: f64::from(half - 1), top: half - 1 },
        }
    }

    pub(crate) fn level(self, i: f64) -> f64 {
        (i + self.offset) / self.divisor
    }

    /// Index of the level nearest to `x` under clip `alpha`.
    pub(crate) fn nearest(self, x: f64, alpha: f64) -> usize {
        // The cast rounds down; below zero it gives zero.
        ((x * self.divisor / alpha - self.offset + 0.5) as u32).min(self.top) as usize
    }

    /// Lower border of cell i, for i ≥ 1.
    pub(crate) fn border(self, i: u32) -> f64 {
        (f64::from(i) + self.offset - 0.5) / self.divisor
    }
}

/// A clip α and the signal-to-quantization-noise ratio it gives, 10·log₁₀(Σx²/Σ(x−q)²) dB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clip {
    /// In units of the values.
    pub alpha: f64,
    /// In dB; +∞ when the quantizer represents every value.
    pub sqnr: f64,
}

/// Nonzero magnitudes in ascending order, with weights and running sums.
#[derive(Clone, Debug)]
pub struct Magnitudes {
    pub(crate) values: Vec<f64>,
    pub(crate) weights: Vec<f64>,
    pub(crate) zeros: f64,
    /// Σw, Σwx and Σwx² of the values below each place.
    pub(crate) below: Vec<[f64; 3]>,
    pub(crate) energy: f64,
}

/// B and C at some clip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fit {
    pub(crate) alpha: f64,
    pub(crate) b: f64,
    pub(crate) c: f64,
}

impl Fit {
    /// Σx² − 2αB + α²C: good for comparing, but rounded relative to `energy`.
    pub(crate) fn error(self, energy: f64) -> f64 {
        energy - 2.0 * self.alpha * self.b + self.alpha * self.alpha * self.c
    }
}

impl Magnitudes {
    /// |x| of a distribution; of a sketch's, with each value spread over its bin.
    pub fn new(distribution: &Distribution, is_sketch: bool) -> Self {
        let (values, counts) = (distribution.values(), distribution.counts());
        let first_positive = values.partition_point(|x| *x < 0.0);
        let mut minus = (0..first_positive).rev().map(|i| (-values[i], counts[i] as f64)).peekable();
        let mut plus = (first_positive..values.len()).map(|i| (values[i], counts[i] as f64)).peekable();
        let mut merged: Vec<Pair> = Vec::with_capacity(values.len());
        while let Some((x, w)) = next_smaller(&mut minus, &mut plus) {
            match merged.last_mut() {
                Some(last) if last.0 == x => last.1 += w,
                _ => merged.push((x, w)),
            }
        }
        Self::from_pairs(if is_sketch { merged.into_iter().flat_map(spread).collect() } else { merged })
    }

    fn from_pairs(mut pairs: Vec<Pair>) -> Self {
        let zeros = pairs.iter().filter(|p| p.0 == 0.0).map(|p| p.1).sum();
        pairs.retain(|p| p.0 > 0.0);
        let energy = pairs.iter().map(|(x, w)| x * x * w).sum();
        let mut below = vec![[0.0; 3]];
        let mut sums = [0.0; 3];
        below.extend(pairs.iter().map(|(x, w)| {
            sums = [sums[0] + w, sums[1] + w * x, sums[2] + w * x * x];
            sums
        }));
        let (values, weights) = pairs.into_iter().unzip();
        Self { values, weights, zeros, below, energy }
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = Pair> {
        self.values.iter().copied().zip(self.weights.iter().copied())
    }

    /// The quantization error of clip `alpha`; `None` when there is nothing but zeros or `alpha` is not positive.
    pub fn measure(&self, alpha: f64, bits: u32, grid: Grid) -> Option<Clip> {
        let sound = alpha > 0.0 && alpha.is_finite() && !self.values.is_empty();
        sound.then(|| self.clip(alpha, Quantizer::new(grid, bits)))
    }

    pub(crate) fn clip(&self, alpha: f64, quantizer: Quantizer) -> Clip {
        let error = self.error(alpha, quantizer);
        // What is left of a lattice that α hits is the rounding of α itself.
        let error = if error < LATTICE * self.energy { 0.0 } else { error };
        Clip { alpha, sqnr: 10.0 * (self.energy / error).log10() }
    }

    /// Cells that hold values: level and places in `values`.
    fn cells(&self, alpha: f64, quantizer: Quantizer) -> impl Iterator<Item = (f64, Range<usize>)> {
        let mut start = 0;
        (0..=quantizer.top).map_while(move |i| {
            let rest = &self.values[start..];
            let border = alpha * quantizer.border(i + 1);
            let inside = if i == quantizer.top { rest.len() } else { count_below(rest, border) };
            let cell = start..start + inside;
            start = cell.end;
            (!rest.is_empty() || i == 0).then(|| (quantizer.level(f64::from(i)), cell))
        })
    }

    /// Σ(x−q)², value by value.
    pub(crate) fn error(&self, alpha: f64, quantizer: Quantizer) -> f64 {
        let mut error = self.zeros * (alpha * quantizer.level(0.0)).powi(2);
        for (level, cell) in self.cells(alpha, quantizer) {
            error += squares(&self.values[cell.clone()], &self.weights[cell], alpha * level);
        }
        error
    }

    /// B and C from the running sums.
    pub(crate) fn fit(&self, alpha: f64, quantizer: Quantizer) -> Fit {
        let zero = quantizer.level(0.0);
        let mut fit = Fit { alpha, b: 0.0, c: self.zeros * zero * zero };
        for (level, cell) in self.cells(alpha, quantizer) {
            let (low, high) = (self.below[cell.start], self.below[cell.end]);
            fit.b += level * (high[1] - low[1]);
            fit.c += level * level * (high[0] - low[0]);
        }
        fit
    }

    /// Σ(x−α)² of the values above α: at least so much is lost to clipping.
    pub(crate) fn clipped(&self, alpha: f64) -> f64 {
        let (low, high) = (self.below[self.values.partition_point(|x| *x <= alpha)], self.below[self.values.len()]);
        let [w, x, square] = std::array::from_fn(|i| high[i] - low[i]);
        square - 2.0 * alpha * x + alpha * alpha * w
    }

    /// At least so much is lost on values that are nearer to zero than to any but the lowest level (sym-int), or
    /// nearer to zero than to half the lowest level (mid-rise).
    pub(crate) fn lost_below(&self, alpha: f64, quantizer: Quantizer) -> f64 {
        let lowest = alpha * quantizer.level(0.0);
        let border = if lowest == 0.0 { alpha * quantizer.border(1) } else { lowest / 2.0 };
        let [w, _, square] = self.below[self.values.partition_point(|x| *x < border)];
        if lowest == 0.0 { square } else { (w + self.zeros) * border * border }
    }

    /// At most 16 magnitudes for each factor of two, in the order given.
    pub(crate) fn condensed(&self) -> Self {
        let mut pairs: Vec<Pair> = vec![(0.0, self.zeros)];
        let mut limit = 0.0;
        for (x, w) in self.pairs() {
            match pairs.last_mut() {
                Some(pair) if x < limit => *pair = (pair.0 + x * w, pair.1 + w),
                _ => {
                    pairs.push((x * w, w));
                    limit = x * (1.0 / 16.0f64).exp2();
                }
            }
        }
        Self::from_pairs(pairs.into_iter().map(|(xw, w)| (if w > 0.0 { xw / w } else { 0.0 }, w)).collect())
    }
}

/// Σw(x−q)², four sums side by side.
fn squares(values: &[f64], weights: &[f64], q: f64) -> f64 {
    let square = |(x, w): (&f64, &f64)| w * (x - q) * (x - q);
    let ((xs, x_rest), (ws, w_rest)) = (values.as_chunks::<4>(), weights.as_chunks::<4>());
    let mut sums = [0.0; 4];
    for (x, w) in xs.iter().zip(ws) {
        for ((sum, x), w) in sums.iter_mut().zip(x).zip(w) {
            *sum += square((x, w));
        }
    }
    sums.iter().sum::<f64>() + x_rest.iter().zip(w_rest).map(square).sum::<f64>()
}

/// Errors below this share of Σx² are rounding.
const LATTICE: f64 = 1e-26;

pub(crate) type Pair = (f64, f64);

fn next_smaller<A, B>(a: &mut std::iter::Peekable<A>, b: &mut std::iter::Peekable<B>) -> Option<Pair>
where
    A: Iterator<Item = Pair>,
    B: Iterator<Item = Pair>,
{
    match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if x.0 <= y.0 => a.next(),
        (Some(_), None) => a.next(),
        _ => b.next(),
    }
}

/// A sketch bin as four points: its value is the middle of a stretch 2^-7 of its power of two wide.
fn spread((x, w): Pair) -> [Pair; 4] {
    let quarter = x.log2().floor().exp2() / 512.0;
    [-1.5, -0.5, 0.5, 1.5].map(|at| (if x == 0.0 { 0.0 } else { x + at * quarter }, w / 4.0))
}

/// How many of the ascending `values` are below `border`, found from the front by doubling steps: cells are short.
fn count_below(values: &[f64], border: f64) -> usize {
    let mut reach = 4;
    while values.get(reach).is_some_and(|x| *x < border) {
        reach *= 2;
    }
    let start = if reach > 4 { reach / 2 } else { 0 };
    start + values[start..values.len().min(reach + 1)].partition_point(|x| *x < border)
}
