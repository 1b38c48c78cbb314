//! p-values from counts of a null distribution.
//!
//! As in scipy: values close to the observed one ([`tie`]) count as equal to it; where replicates are random, the observed
//! value counts as one of them, p = (b + 1)/(B + 1) (Phipson & Smyth 2010); two-sided is twice the lesser one-sided p.

use crate::stats::distribution::reach;

/// Which values are as extreme as the observed one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Twice the lesser one-sided p, at most 1.
    TwoSided,
    /// Those of no lesser magnitude.
    Magnitude,
    /// Those not above.
    Less,
    /// Those not below.
    Greater,
}

/// How many values are at most, at least, and of no lesser magnitude than the observed one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Extremes {
    /// Not above.
    pub less: f64,
    /// Not below.
    pub greater: f64,
    /// Of no lesser magnitude.
    pub magnitude: f64,
    /// Of how many.
    pub all: f64,
}

/// How far a value may be from the observed one and be one with it: as far as in scipy, and 10⁻¹⁰ of how far most of the
/// null distribution lies, since equal values differ in their last bits when they were added up in another order, and
/// differences of such (an F, a slope) in many more.
pub fn tie(observed: f64, null: &[f64]) -> f64 {
    if observed.is_finite() { 100.0 * f64::EPSILON * observed.abs() + 1e-10 * reach(null, observed) } else { 0.0 }
}

impl Extremes {
    /// Adds one value, a tie being so far.
    #[inline]
    pub fn see(&mut self, x: f64, observed: f64, tie: f64) {
        let one = |is_as_extreme| f64::from(u8::from(is_as_extreme));
        self.less += one(x <= observed + tie);
        self.greater += one(x >= observed - tie);
        self.magnitude += one(x.abs() >= observed.abs() - tie);
        self.all += 1.0;
    }

    /// How many are as extreme; on both sides, for two-sided.
    pub fn reached(&self, side: Side) -> f64 {
        match side {
            Side::TwoSided => self.less.min(self.greater),
            Side::Magnitude => self.magnitude,
            Side::Less => self.less,
            Side::Greater => self.greater,
        }
    }

    /// The p-value and its Monte Carlo standard error, 0 where the null distribution is complete.
    pub fn pvalue(&self, side: Side, is_exact: bool) -> (f64, f64) {
        let added = if is_exact { 0.0 } else { 1.0 };
        let one_sided = (self.reached(side) + added) / (self.all + added);
        let error = if is_exact { 0.0 } else { (one_sided * (1.0 - one_sided) / self.all).sqrt() };
        match side {
            Side::TwoSided => ((2.0 * one_sided).min(1.0), 2.0 * error),
            _ => (one_sided, error),
        }
    }
}
