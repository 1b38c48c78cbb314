//! p-values from counts of a null distribution.
//!
//! As in scipy: values closer to the observed one than 100 ε of it are ties; where replicates are random, the observed
//! value counts as one of them, p = (b + 1)/(B + 1) (Phipson & Smyth 2010); two-sided is twice the lesser one-sided p.

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

/// The tie with an observed value reaches this far.
pub fn tie(observed: f64) -> f64 {
    100.0 * f64::EPSILON * observed.abs()
}

impl Extremes {
    /// Those of a null distribution.
    pub fn of(null: &[f64], observed: f64) -> Self {
        let gamma = tie(observed);
        let count = |is_as_extreme: &dyn Fn(f64) -> bool| null.iter().filter(|x| is_as_extreme(**x)).count() as f64;
        Self {
            less: count(&|x| x <= observed + gamma),
            greater: count(&|x| x >= observed - gamma),
            magnitude: count(&|x| x.abs() >= observed.abs() - gamma),
            all: null.len() as f64,
        }
    }

    /// The p-value and its Monte Carlo standard error, 0 where the null distribution is complete.
    pub fn pvalue(&self, side: Side, is_exact: bool) -> (f64, f64) {
        let added = if is_exact { 0.0 } else { 1.0 };
        let share = |count: f64| (count + added) / (self.all + added);
        let one_sided = match side {
            Side::TwoSided => share(self.less).min(share(self.greater)),
            Side::Magnitude => share(self.magnitude),
            Side::Less => share(self.less),
            Side::Greater => share(self.greater),
        };
        let error = if is_exact { 0.0 } else { (one_sided * (1.0 - one_sided) / self.all).sqrt() };
        match side {
            Side::TwoSided => ((2.0 * one_sided).min(1.0), 2.0 * error),
            _ => (one_sided, error),
        }
    }
}
