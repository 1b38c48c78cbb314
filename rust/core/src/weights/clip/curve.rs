//! B and C at any step, in a time that does not grow with the number of magnitudes.
//!
//! Notation: see [`super`]. A magnitude at or above s·β, β = i + o − 1/2, has passed the border between levels i − 1 and
//! i. So B = o·X(0) + Σᵢ X(sβ) and C = o²·W(0) + Σᵢ 2β·W(sβ), where X(t) and W(t) are Σwx and Σw of the magnitudes from
//! t on. These sums are kept for every magnitude, and a table over the leading bits of t tells where t stands among
//! them. No sum has terms of both signs, so B and C are rounded relative to themselves.

use std::ops::Range;

use crate::weights::distribution::Sum;
use crate::weights::magnitudes::{Magnitudes, Quantizer};

/// What the curves of all quantizers share.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    /// Each magnitude, ascending, with Σw and Σwx from it on; then (∞, 0, 0).
    from: Vec<[f64; 3]>,
    /// For each run of leading bits, and for one beyond, how many magnitudes are in the runs before.
    before: Vec<u32>,
    /// Whether some run holds more than one magnitude.
    is_crowded: bool,
    first_run: u64,
    shift: u32,
    largest: f64,
    /// Σw, zeros included.
    weight: f64,
}

/// B and C of one quantizer as functions of the step.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve<'a> {
    pub(super) sums: &'a Sums,
    pub(super) quantizer: Quantizer,
}

/// B and C at some step: a line of g.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fit {
    pub(super) step: f64,
    pub(super) b: f64,
    pub(super) c: f64,
    /// How many crossings there are at larger steps.
    pub(super) ahead: usize,
}

impl Fit {
    /// g(1/s) = 2B/s − C.
    pub(super) fn height(self) -> f64 {
        2.0 * self.b / self.step - self.c
    }

    /// By how much these levels, at another step, err less than Σx².
    pub(super) fn explained(self, step: f64) -> f64 {
        step * (2.0 * self.b - step * self.c)
    }

    pub(super) fn best_step(self) -> f64 {
        self.b / self.c
    }

    /// `explained` at the best step; NaN where all levels are zero.
    pub(super) fn peak(self) -> f64 {
        self.b * self.b / self.c
    }
}

/// Runs of leading bits for each magnitude, at least, and at most twice as many.
const RUNS: u64 = 2;
/// Borders whose terms are added before their sum is: 127 terms are then rounded 23 times, not 127.
const BLOCK: u32 = 16;

impl Sums {
    /// `None` where there are no magnitudes.
    pub(super) fn new(magnitudes: &Magnitudes) -> Option<Self> {
        let (smallest, largest) = (*magnitudes.values.first()?, *magnitudes.values.last()?);
        let span = largest.to_bits() - smallest.to_bits();
        let shift = (span / (RUNS * magnitudes.values.len() as u64)).checked_ilog2().map_or(0, |log| log + 1);
        let first_run = smallest.to_bits() >> shift;
        let runs = magnitudes.values.iter().map(|x| ((x.to_bits() >> shift) - first_run) as usize);
        let (before, from) = (before(runs), from(magnitudes));
        let is_crowded = before.windows(2).any(|pair| pair[1] - pair[0] > 1);
        let weight = from[0][1] + magnitudes.zeros;
        Some(Self { from, before, is_crowded, first_run, shift, largest, weight })
    }

    /// How many magnitudes are below `limit`, which is positive.
    #[inline]
    fn place(&self, limit: f64) -> usize {
        let run = (limit.to_bits() >> self.shift).saturating_sub(self.first_run) as usize;
        let run = run.min(self.before.len() - 1);
        // Most runs hold one magnitude or none. Whether it is below the limit no branch predictor can guess; the bits of
        // positive numbers tell it without one, and sooner than the numbers.
        let at = self.before[run] as usize;
        let at = at + usize::from(self.from[at][0].to_bits() < limit.to_bits());
        if self.is_crowded && self.from[at][0] < limit { self.place_in_run(run, at, limit) } else { at }
    }

    #[cold]
    fn place_in_run(&self, run: usize, start: usize, limit: f64) -> usize {
        let end = self.before[run + 1] as usize;
        start + self.from[start..end].partition_point(|from| from[0] < limit)
    }
}

fn from(magnitudes: &Magnitudes) -> Vec<[f64; 3]> {
    let mut from = Vec::with_capacity(magnitudes.values.len() + 1);
    from.push([f64::INFINITY, 0.0, 0.0]);
    let (mut weight, mut sum) = (0.0, Sum::default());
    from.extend(magnitudes.pairs().rev().map(|(x, w)| {
        weight += w;
        sum.add(w * x);
        [x, weight, sum.total()]
    }));
    from.reverse();
    from
}

fn before(runs: impl ExactSizeIterator<Item = usize>) -> Vec<u32> {
    let n = runs.len() as u32;
    let mut before = Vec::new();
    for (i, run) in (0..).zip(runs) {
        before.resize(before.len().max(run + 1), i);
    }
    before.push(n);
    before
}

impl Curve<'_> {
    /// Two steps between which all crossings lie: with room, for at a crossing rounding decides the level.
    pub(super) fn ends(self) -> [f64; 2] {
        let (first, last) = (self.quantizer.border(1), self.quantizer.border(self.quantizer.top));
        [self.sums.from[0][0] / last / 2.0, self.sums.largest / first * 2.0]
    }

    /// Borders that the largest magnitude has passed, and one more: on the border, `place` alone decides.
    fn borders(self, step: f64) -> Range<u32> {
        1..(self.quantizer.nearest(self.sums.largest, step) + 1).min(self.quantizer.top) + 1
    }

    /// B and C at `step`.
    pub(super) fn fit(self, step: f64) -> Fit {
        let (o, [_, _, x]) = (self.quantizer.offset, self.sums.from[0]);
        let mut fit = Fit { step, b: o * x, c: o * o * self.sums.weight, ahead: 0 };
        let Range { start, end } = self.borders(step);
        for first in (start..end).step_by(BLOCK as usize) {
            let (b, c, ahead) = self.block(step, first..end.min(first + BLOCK));
            fit = Fit { step, b: fit.b + b, c: fit.c + c, ahead: fit.ahead + ahead };
        }
        fit
    }

    #[inline]
    fn block(self, step: f64, borders: Range<u32>) -> (f64, f64, usize) {
        let (mut b, mut c, mut behind, mut border) = (0.0, 0.0, 0, self.quantizer.border(borders.start));
        for _ in borders.clone() {
            let place = self.sums.place(step * border);
            let [_, w, x] = self.sums.from[place];
            (b, c, behind, border) = (b + x, c + border * w, behind + place, border + 1.0);
        }
        (b, 2.0 * c, borders.len() * (self.sums.from.len() - 1) - behind)
    }

    /// The fits between one crossing and the next, from the first crossing after `low` to the last before `high`.
    pub(super) fn sweep(self, low: Fit, high: Fit) -> impl Iterator<Item = Fit> {
        let mut lost = Vec::with_capacity(low.ahead - high.ahead);
        for border in self.borders(low.step).map(|i| self.quantizer.border(i)) {
            let places = self.sums.place(low.step * border)..=self.sums.place(high.step * border);
            lost.extend(self.sums.from[places].windows(2).map(|pair| {
                let ([x, w, _], [_, rest, _]) = (pair[0], pair[1]);
                (x / border, (w - rest) * x, (w - rest) * 2.0 * border)
            }));
        }
        lost.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        lost.pop(); // beyond it the fit is that of `high`
        lost.into_iter().scan(low, |fit, (step, b, c)| {
            *fit = Fit { step, b: fit.b - b, c: fit.c - c, ahead: fit.ahead - 1 };
            Some(*fit)
        })
    }
}
