//! Which values lie more than kσ from the mean.
//!
//! Mean and σ are rounded, so that a value at exactly kσ (the 1 among k² zeros) could fall on either side: a distance
//! that exceeds kσ by less than 2⁻⁴⁹ of it counts as kσ, and is not beyond. Distances are taken from the mean with what
//! rounding left of it (see [`super::center`]); where they could overflow, values and mean are taken an eighth as large.

use crate::weights::center::Center;
use crate::weights::moments::Moments;

/// More than the rounding of kσ and of a distance, relative to either: 16 units in the last place.
const TIE: f64 = 1.0 / (1u64 << 49) as f64;
/// Differences of larger values may overflow.
const HUGE: f64 = 1e307;

/// The values beyond kσ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tail {
    center: Center,
    limit: f64,
    factor: f64,
}

impl Tail {
    /// The values farther than k standard deviations from the mean; `None` without spread.
    pub fn of(moments: &Moments, k: f64) -> Option<Self> {
        let std = moments.std().filter(|std| *std > 0.0)?;
        let factor = if moments.absmax()? > HUGE { 0.125 } else { 1.0 };
        let limit = k * (std * factor) * (1.0 + TIE);
        Some(Self { center: moments.center()?.scaled(factor), limit, factor })
    }

    #[inline(always)]
    fn deviation(self, x: f64) -> f64 {
        (x * self.factor - self.center.high) - self.center.low
    }

    /// Whether `x` is finite and beyond.
    #[inline(always)]
    pub fn holds(self, x: f64) -> bool {
        (self.deviation(x).abs() > self.limit) & (x.abs() < f64::INFINITY)
    }

    /// Whether the finite `x` is beyond, on the lower side.
    pub fn is_below(self, x: f64) -> bool {
        self.deviation(x) < -self.limit
    }

    /// Whether the finite `x` is beyond, on the upper side.
    pub fn is_above(self, x: f64) -> bool {
        self.deviation(x) > self.limit
    }
}
