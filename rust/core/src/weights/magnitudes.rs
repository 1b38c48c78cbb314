//! A symmetric uniform quantizer, the magnitudes it quantizes, and the error it makes on them.
//!
//! Notation and grids: see [`super::clip`]. Magnitudes are sorted, so the values of one cell stand side by side; the
//! error is summed value by value.

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

/// Levels and borders in units of the step α/divisor.
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

    pub(crate) fn level(self, i: u32) -> f64 {
        f64::from(i) + self.offset
    }

    /// Lower border of cell i, for i ≥ 1.
    pub(crate) fn border(self, i: u32) -> f64 {
        f64::from(i) + self.offset - 0.5
    }

    /// Index of the level nearest to `x`.
    pub(crate) fn nearest(self, x: f64, step: f64) -> u32 {
        // The cast rounds down; below zero it gives zero.
        ((x / step - self.offset + 0.5) as u32).min(self.top)
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

/// Nonzero magnitudes in ascending order, with weights.
#[derive(Clone, Debug)]
pub struct Magnitudes {
    pub(crate) values: Vec<f64>,
    pub(crate) weights: Vec<f64>,
    pub(crate) zeros: f64,
    /// Σwx².
    pub(crate) energy: f64,
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
        if is_sketch {
            merged = merged.into_iter().map(spread).collect::<Vec<_>>().into_flattened();
        }
        Self::from_pairs(merged)
    }

    pub(crate) fn from_pairs(mut pairs: Vec<Pair>) -> Self {
        let zeros = pairs.iter().filter(|p| p.0 == 0.0).map(|p| p.1).sum();
        pairs.retain(|p| p.0 > 0.0);
        let energy = pairs.iter().map(|(x, w)| x * x * w).sum();
        let (values, weights) = pairs.into_iter().unzip();
        Self { values, weights, zeros, energy }
    }

    pub(crate) fn pairs(&self) -> impl DoubleEndedIterator<Item = Pair> {
        self.values.iter().copied().zip(self.weights.iter().copied())
    }

    /// The quantization error of clip `alpha`; `None` when there is nothing but zeros or `alpha` is not positive.
    pub fn measure(&self, alpha: f64, bits: u32, grid: Grid) -> Option<Clip> {
        let sound = alpha > 0.0 && alpha.is_finite() && !self.values.is_empty();
        sound.then(|| self.clip(alpha, Quantizer::new(grid, bits)))
    }

    pub(crate) fn clip(&self, alpha: f64, quantizer: Quantizer) -> Clip {
        let step = alpha / quantizer.divisor;
        let error = self.error(step, quantizer);
        // What is left of a lattice that α hits is the rounding of α itself.
        let is_rounding = error < LATTICE * LATTICE * self.energy && self.is_lattice(step, quantizer);
        let error = if is_rounding { 0.0 } else { error };
        Clip { alpha, sqnr: 10.0 * (self.energy / error).log10() }
    }

    /// Σ(x−q)², value by value.
    fn error(&self, step: f64, quantizer: Quantizer) -> f64 {
        let mut error = self.zeros * (step * quantizer.level(0)).powi(2);
        for (level, cell) in self.cells(step, quantizer) {
            error += squares(&self.values[cell.clone()], &self.weights[cell], step * level);
        }
        error
    }

    /// Whether every value is a level, but for rounding.
    fn is_lattice(&self, step: f64, quantizer: Quantizer) -> bool {
        let is_level = |(level, cell): (f64, Range<usize>)| {
            self.values[cell].iter().all(|x| (x - step * level).abs() <= LATTICE * x)
        };
        (self.zeros == 0.0 || quantizer.level(0) == 0.0) && self.cells(step, quantizer).all(is_level)
    }

    /// Cells that hold values: level and places in `values`.
    fn cells(&self, step: f64, quantizer: Quantizer) -> impl Iterator<Item = (f64, Range<usize>)> {
        let mut start = 0;
        (0..=quantizer.top).map_while(move |i| {
            let rest = &self.values[start..];
            let border = step * quantizer.border(i + 1);
            let inside = if i == quantizer.top { rest.len() } else { count_below(rest, border) };
            let cell = start..start + inside;
            start = cell.end;
            (!rest.is_empty()).then(|| (quantizer.level(i), cell))
        })
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

/// What is nearer to a level than this share of its value is that level.
const LATTICE: f64 = 1e-13;

type Pair = (f64, f64);

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
    let power_of_two = f64::from_bits(x.to_bits() & !MANTISSA); // 0 for 0; no f32 is subnormal as an f64
    [-1.5, -0.5, 0.5, 1.5].map(|at| (x + at / 512.0 * power_of_two, w / 4.0))
}

const MANTISSA: u64 = (1 << (f64::MANTISSA_DIGITS - 1)) - 1;

/// How many of the ascending `values` are below `border`, found from the front by doubling steps: cells are short.
fn count_below(values: &[f64], border: f64) -> usize {
    let mut reach = 4;
    while values.get(reach).is_some_and(|x| *x < border) {
        reach *= 2;
    }
    let start = if reach > 4 { reach / 2 } else { 0 };
    start + values[start..values.len().min(reach + 1)].partition_point(|x| *x < border)
}
