//! The clip that minimises the true quantization error of the values at hand: found for certain, by branch and bound.
//!
//! A symmetric uniform quantizer with M bits on [−α, α] has steps of s = α/D and maps a magnitude x to s·k, for the
//! nearest level k = i + o with i in 0…top:
//!
//! | grid      | o   | D             | top    | levels          |
//! |-----------|-----|---------------|--------|-----------------|
//! | mid-rise  | 1/2 | 2^(M−1)       | D − 1  | 2^M, none at 0  |
//! | sym-int   | 0   | 2^(M−1) − 1   | D      | 2^M − 1, one at 0 |
//!
//! **Convexity.** Any choice of levels, one for each value, errs by Σ(x − sk)² = Σx² − s²(2B/s − C) with B = Σxk and
//! C = Σk²; the nearest levels err least. So E(s) = Σx² − s²·g(1/s), where g(u) is the greatest of the lines 2Bu − C:
//! a convex function. Between two steps a < b it lies below its chord pu − r, whence
//!
//! > E(s) ≥ Σx² − s²(p/s − r) = Σx² − ps + rs²  for a ≤ s ≤ b.
//!
//! The right side is the parabola through (0, Σx²), (a, E(a)) and (b, E(b)), and its least value is known. It falls
//! short of E by no more than g bends between a and b, that is by a multiple of (b − a)².
//!
//! **Search** (branch and bound, Land & Doig 1960). One stretch of s holds every step at which a value changes its
//! level (a *crossing*). A stretch whose parabola stays above the least error seen is dropped, any other is halved;
//! where few crossings are left, each is visited. All levels met on the way are tried at their own best step B/C, where
//! they err by Σx² − B²/C. The levels of the best clip are met too: they hold from one crossing to the next, and the
//! stretch around it is not dropped, since its parabola goes down to the least error or below.
//!
//! **Rounding.** The rounding of B and C puts errors wrong by less than 3·10⁻¹⁴·Σx², so nothing that comes so close is
//! dropped. Where that is more than 10⁻⁹ of the least error, all levels that come so close are compared by their errors
//! summed value by value, as the error that is reported always is. So the clip found errs by at most 1 + 10⁻⁹ times the
//! least error; where less than 10⁻¹³·Σx² is left (130 dB), the rounding of s·k itself can cost more than that.
//!
//! **Limits.** A minimum is flat: an error that is certain to 10⁻⁹ leaves the clip itself certain to some 10⁻⁵ (on a
//! mesh of the normal law it is found to 10⁻⁸). For sketches (f32, f64) it is the best clip of four points spread over
//! each bin, not of the values. The search is fast because few stretches come close to the least error: weights take
//! some 200 fits at 8 bits, however many values there are. No bound on the time is proven but that of visiting every
//! crossing, 2^(M−1) for each distinct magnitude.

mod curve;
#[cfg(test)]
mod tests;

use crate::weights::magnitudes::Quantizer;
pub use crate::weights::magnitudes::{BITS, Clip, Grid, Magnitudes};
use curve::{Curve, Fit, Sums};

/// Magnitudes with what the searches of all bit widths share.
#[derive(Clone, Debug)]
pub struct Search {
    magnitudes: Magnitudes,
    sums: Option<Sums>,
}

impl Search {
    /// Prepares a search for the best clips of `magnitudes`.
    pub fn new(magnitudes: Magnitudes) -> Self {
        Self { sums: Sums::new(&magnitudes), magnitudes }
    }

    /// The magnitudes searched.
    pub fn magnitudes(&self) -> &Magnitudes {
        &self.magnitudes
    }

    /// The clip of least error; `None` when there is nothing but zeros. `bits` in 2…8.
    pub fn best(&self, bits: u32, grid: Grid) -> Option<Clip> {
        let quantizer = Quantizer::new(grid, bits);
        let peaks = peaks(Curve { sums: self.sums.as_ref()?, quantizer }, self.magnitudes.energy);
        let clips = peaks.highest().map(|fit| self.magnitudes.clip(fit.best_step() * quantizer.divisor, quantizer));
        clips.reduce(|best, clip| if clip.sqnr > best.sqnr { clip } else { best })
    }
}

/// Stretches with so many crossings are swept: as long as a fit takes at 8 bits.
const FEW: usize = 24;
/// Stretches as narrow as this are swept too: crossings that coincide cannot be told apart.
const NARROW: f64 = 1.0 + 1e-9;
/// More than the rounding of two B²/C, relative to Σx²: 24 additions in a fit and 24 subtractions in a sweep, 10⁻¹⁶ each,
/// for B twice; C is exact for counts. (127 crossings can coincide, but seldom a tenth of this is seen.)
const ROUNDING: f64 = 3e-14;
/// By how much of the least error the one found may exceed it.
const TOLERANCE: f64 = 1e-9;

fn peaks(curve: Curve, energy: f64) -> Peaks {
    let mut peaks = Peaks { best: 0.0, energy, seen: Vec::new() };
    let [low, high] = curve.ends().map(|step| peaks.see(curve.fit(step)));
    let mut open = vec![Stretch { low, high }];
    while !open.is_empty() {
        open = open.into_iter().filter_map(|stretch| stretch.halves(curve, &mut peaks)).flatten().collect();
        open.retain(|stretch| stretch.bound() >= peaks.limit());
    }
    peaks
}

/// Fits whose levels explain most of Σx² at their best step.
struct Peaks {
    best: f64,
    energy: f64,
    seen: Vec<Fit>,
}

impl Peaks {
    /// What explains less than this cannot be best.
    fn limit(&self) -> f64 {
        self.best - ROUNDING * self.energy
    }

    fn see(&mut self, fit: Fit) -> Fit {
        let peak = fit.peak();
        if peak >= self.limit() {
            self.best = self.best.max(peak);
            self.seen.push(fit);
        }
        fit
    }

    /// The best of them, and those that rounding may have put behind it.
    fn highest(self) -> impl Iterator<Item = Fit> {
        let is_sharp = ROUNDING * self.energy <= TOLERANCE * (self.energy - self.best);
        let limit = if is_sharp { self.best } else { self.limit() };
        self.seen.into_iter().filter(move |fit| fit.peak() >= limit)
    }
}

/// The steps between two fits.
struct Stretch {
    low: Fit,
    high: Fit,
}

impl Stretch {
    /// No step of the stretch explains more of Σx² than the chord of g at its own best.
    fn bound(&self) -> f64 {
        let (low, high) = (self.low.height(), self.high.height());
        let slope = (low - high) / (1.0 / self.low.step - 1.0 / self.high.step);
        let chord = Fit { b: slope / 2.0, c: slope / self.low.step - low, ..self.low };
        chord.explained(chord.best_step().clamp(self.low.step, self.high.step))
    }

    /// Two halves, or none when every crossing could be visited.
    fn halves(self, curve: Curve, peaks: &mut Peaks) -> Option<[Self; 2]> {
        let Self { low, high } = self;
        if low.ahead - high.ahead <= FEW || high.step <= low.step * NARROW {
            curve.sweep(low, high).for_each(|fit| _ = peaks.see(fit));
            return None;
        }
        let middle = peaks.see(curve.fit((low.step * high.step).sqrt()));
        Some([Self { low, high: middle }, Self { low: middle, high }])
    }
}
