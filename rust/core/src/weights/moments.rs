//! Moments of a stream of values, mergeable in index order.
//!
//! Within a block of 65,536 values: sums of powers about a pivot (see [`super::powers`]). Between blocks:
//! Pébay's update (SAND2008-6212, eq. 3.1; Chan, Golub & `LeVeque` 1983), always left to right by element index,
//! so that the bits do not depend on who computed which block. Never raw power sums: they lose every digit when
//! the mean is large beside the deviation. For the same reason a mean has two parts (see [`super::center`]); the limit
//! is what the values themselves hold, whose own rounding is 2⁻⁵³ of the mean.

use crate::weights::center::Center;
use crate::weights::powers::{self, Stored, Visitor};

/// Counts, extremes and central moments of the finite values of a stream.
///
/// Central sums are kept of `x / 2^scale`; `scale` is 0 unless f64 input is so large or small that its fourth
/// power would leave the range of f64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Finite values.
    pub n: u64,
    /// Not-a-numbers, outside `n`.
    pub n_nan: u64,
    /// Infinities of either sign, outside `n`.
    pub n_inf: u64,
    /// Zeros of either sign, among `n`.
    pub n_zero: u64,
    /// Nonzero values below the format's smallest normal magnitude, among `n`.
    pub n_subnormal: u64,
    /// Smallest finite value; +∞ when there is none.
    pub min: f64,
    /// Largest finite value; −∞ when there is none.
    pub max: f64,
    pub(crate) scale: i32,
    pub(crate) center: Center,
    pub(crate) sums: Central,
}

/// Σ(y−ȳ)², Σ(y−ȳ)³, Σ(y−ȳ)⁴.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Central {
    /// Second central sum.
    pub m2: f64,
    /// Third central sum.
    pub m3: f64,
    /// Fourth central sum.
    pub m4: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            n: 0,
            n_nan: 0,
            n_inf: 0,
            n_zero: 0,
            n_subnormal: 0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            scale: 0,
            center: Center::default(),
            sums: Central::default(),
        }
    }
}

impl Moments {
    /// Moments of stored values, as one stream cut into blocks; `min_normal` is the smallest normal magnitude of the
    /// format they came from.
    pub(crate) fn of<S: Stored>(values: &[S], min_normal: f64) -> Self {
        Self::seen_by(values, min_normal, &mut ())
    }

    fn seen_by<S: Stored, V: Visitor<S>>(values: &[S], min_normal: f64, visitor: &mut V) -> Self {
        merge_all(values.chunks(powers::BLOCK).map(|block| powers::moments(block, min_normal, visitor)))
    }

    /// Moments of little-endian f32 values, as one stream cut into blocks.
    pub fn of_f32(values: &[[u8; 4]]) -> Self {
        Self::of_f32_seen_by(values, &mut ())
    }

    /// The same, while `visitor` sees, in order, every value outside its window, and some inside.
    pub(crate) fn of_f32_seen_by<V: Visitor<[u8; 4]>>(values: &[[u8; 4]], visitor: &mut V) -> Self {
        Self::seen_by(values, f64::from(f32::MIN_POSITIVE), visitor)
    }

    /// Moments of little-endian f64 values, as one stream cut into blocks.
    pub fn of_f64(values: &[[u8; 8]]) -> Self {
        Self::of(values, f64::MIN_POSITIVE)
    }

    /// These values followed by `next`'s.
    #[must_use]
    pub fn merge(self, next: &Self) -> Self {
        let mut both = self.joined(next);
        both.n += next.n;
        both.n_nan += next.n_nan;
        both.n_inf += next.n_inf;
        both.n_zero += next.n_zero;
        both.n_subnormal += next.n_subnormal;
        both.min = both.min.min(next.min);
        both.max = both.max.max(next.max);
        both
    }

    /// Center and sums of both (Pébay 2008, eq. 3.1 for p = 2, 3, 4); the counts are still `self`'s.
    fn joined(self, next: &Self) -> Self {
        if next.n == 0 {
            return self;
        }
        if self.n == 0 {
            return Self { scale: next.scale, center: next.center, sums: next.sums, ..self };
        }
        let scale = match (self.is_zero(), next.is_zero()) {
            (true, _) => next.scale,
            (_, true) => self.scale,
            _ => self.scale.max(next.scale),
        };
        let (a, b) = (self.rescaled(scale), next.rescaled(scale));
        let (na, nb) = (a.n as f64, b.n as f64);
        let n = na + nb;
        let d = b.center.minus(a.center);
        let (fa, fb) = (na / n, nb / n);
        let (p, q) = (a.sums, b.sums);
        let m2 = p.m2 + q.m2 + d * d * na * fb;
        let m3 = p.m3 + q.m3 + d * d * d * na * fb * (fa - fb) + 3.0 * d * (fa * q.m2 - fb * p.m2);
        let m4 = p.m4
            + q.m4
            + d * d * d * d * na * fb * (fa * fa - fa * fb + fb * fb)
            + 6.0 * d * d * (fa * fa * q.m2 + fb * fb * p.m2)
            + 4.0 * d * (fa * q.m3 - fb * p.m3);
        Self { scale, center: a.center.plus(d * fb), sums: Central { m2, m3, m4 }, ..self }
    }

    /// Zeros have any scale.
    fn is_zero(&self) -> bool {
        self.n == self.n_zero
    }

    fn rescaled(&self, scale: i32) -> Self {
        if scale == self.scale || self.is_zero() {
            return Self { scale, ..*self };
        }
        let f = shifted(1.0, self.scale - scale);
        let Central { m2, m3, m4 } = self.sums;
        let sums = Central { m2: m2 * f * f, m3: m3 * f * f * f, m4: m4 * f * f * f * f };
        Self { scale, center: self.center.scaled(f), sums, ..*self }
    }

    /// What makes up this object beside the public fields: the scale, and the center's two parts and central sums.
    pub fn sums(&self) -> (i32, [f64; 5]) {
        let (Center { high, low }, Central { m2, m3, m4 }) = (self.center, self.sums);
        (self.scale, [high, low, m2, m3, m4])
    }

    /// The same counts with the scale, center and central sums that [`Moments::sums`] gave.
    #[must_use]
    pub fn with_sums(self, scale: i32, [high, low, m2, m3, m4]: [f64; 5]) -> Self {
        Self { scale, center: Center { high, low }, sums: Central { m2, m3, m4 }, ..self }
    }

    /// Mean; `None` without finite values.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| shifted(self.center.high, self.scale))
    }

    /// The mean with what rounding left of it; `None` without finite values.
    pub(crate) fn center(&self) -> Option<Center> {
        let Center { high, low } = self.center;
        (self.n > 0).then(|| Center { high: shifted(high, self.scale), low: shifted(low, self.scale) })
    }

    /// Whether squares and fourth powers of the values are within the range of f64.
    pub(crate) fn is_in_range(&self) -> bool {
        self.scale == 0
    }

    /// Population standard deviation √m₂; `None` without finite values.
    pub fn std(&self) -> Option<f64> {
        (self.n > 0).then(|| shifted((self.sums.m2 / self.n as f64).sqrt(), self.scale))
    }

    /// Skewness g₁ = m₃/m₂^{3/2}; `None` when undefined (no values, or no spread).
    pub fn skew(&self) -> Option<f64> {
        let n = self.n as f64;
        let m2 = self.spread()?;
        Some(self.sums.m3 / n / (m2 * m2.sqrt()))
    }

    /// Excess kurtosis g₂ = m₄/m₂² − 3 (Fisher, biased); `None` when undefined (no values, or no spread).
    pub fn kurtosis(&self) -> Option<f64> {
        let m2 = self.spread()?;
        Some(self.sums.m4 / self.n as f64 / (m2 * m2) - 3.0)
    }

    /// Bias-corrected skewness G₁ (Joanes & Gill 1998); `None` below 3 values.
    pub fn skew_unbiased(&self) -> Option<f64> {
        let n = self.n as f64;
        let g1 = self.skew().filter(|_| self.n >= 3)?;
        Some(g1 * (n * (n - 1.0)).sqrt() / (n - 2.0))
    }

    /// Bias-corrected excess kurtosis G₂ (Joanes & Gill 1998); `None` below 4 values.
    pub fn kurtosis_unbiased(&self) -> Option<f64> {
        let n = self.n as f64;
        let g2 = self.kurtosis().filter(|_| self.n >= 4)?;
        Some((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * g2 + 6.0))
    }

    /// Largest finite magnitude; `None` without finite values.
    pub fn absmax(&self) -> Option<f64> {
        (self.n > 0).then(|| self.max.max(-self.min))
    }

    /// Largest magnitude in units of σ; `None` when undefined (no values, or no spread).
    pub fn absmax_sigma(&self) -> Option<f64> {
        let std = self.std().filter(|std| *std > 0.0)?;
        Some(self.absmax()? / std)
    }

    /// Variance of the scaled values, unless the values are all equal.
    fn spread(&self) -> Option<f64> {
        (self.n > 0 && self.max > self.min).then(|| self.sums.m2 / self.n as f64).filter(|m2| *m2 > 0.0)
    }
}

/// x · 2^k, by two factors, since 2^k alone may leave the range of f64.
pub(crate) fn shifted(x: f64, k: i32) -> f64 {
    x * f64::from(k / 2).exp2() * f64::from(k - k / 2).exp2()
}

/// Joins blocks from left to right.
pub fn merge_all(blocks: impl IntoIterator<Item = Moments>) -> Moments {
    blocks.into_iter().fold(Moments::default(), |all, block| all.merge(&block))
}
