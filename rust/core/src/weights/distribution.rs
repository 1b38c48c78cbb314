//! A finite distribution: distinct values in ascending order, each with its count. Every figure that a
//! histogram gives is computed here.
//!
//! Moments are exact to rounding: the mean is a compensated sum, deviations carry the mean's low part, and
//! powers are added with compensation (Neumaier 1974), so that each figure is within a few units in the last place
//! of its exact value, whatever the number of values.

use crate::weights::center::{Center, two_sum};
use crate::weights::moments::{Central, Moments};
use crate::weights::tail::Tail;

/// Distinct finite values in ascending order, with counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Distribution {
    values: Vec<f64>,
    counts: Vec<u64>,
    /// How many values there are up to and including each distinct one.
    up_to: Vec<u64>,
}

impl Distribution {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self {
            values: Vec::with_capacity(capacity),
            counts: Vec::with_capacity(capacity),
            up_to: Vec::with_capacity(capacity),
        }
    }

    /// The distribution of finite values in any order; others are left out.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.filter(|x| x.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        let mut found = Self::with_capacity(values.len());
        for x in values {
            found.push(x, 1);
        }
        found
    }

    /// Adds a value not below the last one; equal values are joined.
    pub(crate) fn push(&mut self, value: f64, count: u64) {
        let value = value + 0.0; // −0 becomes 0
        let n = self.n() + count;
        match (self.counts.last_mut(), self.up_to.last_mut()) {
            (Some(last), Some(up_to)) if self.values.last() == Some(&value) => (*last, *up_to) = (*last + count, n),
            _ => {
                self.values.push(value);
                self.counts.push(count);
                self.up_to.push(n);
            }
        }
    }

    /// Number of values, repeats included.
    pub fn n(&self) -> u64 {
        self.up_to.last().copied().unwrap_or(0)
    }

    /// Distinct values, ascending.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// How often each distinct value occurs.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    fn pairs(&self) -> impl DoubleEndedIterator<Item = (f64, f64)> {
        self.values.iter().zip(&self.counts).map(|(x, c)| (*x, *c as f64))
    }

    /// Moments of the values; `min_normal` as in [`DType::min_normal`](super::dtype::DType::min_normal).
    pub fn moments(&self, min_normal: Option<f64>) -> Moments {
        let (Some(min), Some(max)) = (self.values.first(), self.values.last()) else { return Moments::default() };
        let center = self.split_mean();
        let limit = min_normal.unwrap_or(0.0);
        let n_zero = self.n_where(|x| x < 0.0, |x| x <= 0.0);
        Moments {
            n: self.n(),
            n_zero,
            n_subnormal: self.n_where(|x| x <= -limit, |x| x < limit).saturating_sub(n_zero),
            min: *min,
            max: *max,
            center,
            sums: self.central(center),
            ..Moments::default()
        }
    }

    /// Number of values that are `within` but not `below`: both hold up to some value, `within` as far or farther.
    fn n_where(&self, below: impl Fn(f64) -> bool, within: impl Fn(f64) -> bool) -> u64 {
        let up_to = |at: usize| if at == 0 { 0 } else { self.up_to[at - 1] };
        let place = |test: &dyn Fn(f64) -> bool| self.values.partition_point(|x| test(*x));
        up_to(place(&within)).saturating_sub(up_to(place(&below)))
    }

    /// The mean and what rounding left of it: the remainder of a division, not a sum of deviations, whose rounding
    /// would exceed that of a mean near zero.
    fn split_mean(&self) -> Center {
        let mut sum = Sum::default();
        for (x, c) in self.pairs() {
            sum.add(x * c); // exact: at most 16 significant bits times a count below 2^37
        }
        let (n, Center { high, low }) = (self.n() as f64, Center::sum(sum.sum, sum.error));
        let mean = high / n;
        Center::sum(mean, ((-mean).mul_add(n, high) + low) / n)
    }

    fn central(&self, mean: Center) -> Central {
        let [mut m2, mut m3, mut m4] = [Sum::default(); 3];
        for (x, c) in self.pairs() {
            let (d, e) = two_sum(x, -mean.high);
            let d = d + (e - mean.low);
            let d2 = d * d;
            m2.add(c * d2);
            m3.add(c * (d2 * d));
            m4.add(c * (d2 * d2));
        }
        Central { m2: m2.total(), m3: m3.total(), m4: m4.total() }
    }

    /// The q-th quantile with linear interpolation between order statistics (type 7 of Hyndman & Fan 1996,
    /// numpy's default); `None` without values or for q outside [0, 1].
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let (low, high, fraction) = order_statistics(self.n(), q)?;
        let (a, b) = (self.locate(low)?.0, self.locate(high)?.0);
        Some(interpolate(a, b, fraction))
    }

    /// The value of rank `rank`, counted from 0, and how many values are below it.
    pub fn locate(&self, rank: u64) -> Option<(f64, u64)> {
        let at = self.up_to.partition_point(|up_to| *up_to <= rank);
        Some((*self.values.get(at)?, self.up_to[at] - self.counts[at]))
    }

    /// Share of values in a tail; `None` without values.
    pub fn share_beyond(&self, tail: Tail) -> Option<f64> {
        let up_to = |at: usize| if at == 0 { 0 } else { self.up_to[at - 1] };
        let low = up_to(self.values.partition_point(|x| tail.is_below(*x)));
        let high = self.n() - up_to(self.values.partition_point(|x| !tail.is_above(*x)));
        (self.n() > 0).then(|| (low + high) as f64 / self.n() as f64)
    }

    /// x − mean, with what rounding took from the mean where it is these values' own (a sketch's is not).
    fn deviation(&self, mean: f64) -> impl Fn(f64) -> f64 {
        let Center { high, low } = self.split_mean();
        let low = if high == mean { low } else { 0.0 };
        move |x| {
            let (d, e) = two_sum(x, -mean);
            d + (e - low)
        }
    }

    /// Mean distance from `mean`; `None` without values.
    pub fn mean_abs_dev(&self, mean: f64) -> Option<f64> {
        let mut sum = Sum::default();
        let deviation = self.deviation(mean);
        self.pairs().for_each(|(x, c)| sum.add(deviation(x).abs() * c));
        (self.n() > 0).then(|| sum.total() / self.n() as f64)
    }

    /// Shannon entropy of the values in bits; `None` without values.
    pub fn entropy(&self) -> Option<f64> {
        let n = self.n() as f64;
        let mut sum = Sum::default();
        self.pairs().for_each(|(_, c)| sum.add(c * c.log2()));
        (self.n() > 0).then(|| (n.log2() - sum.total() / n).max(0.0))
    }

    /// Share of Σ(x−mean)⁴ carried by the `share` of values (at least one) farthest from `mean`; `None` without spread.
    pub fn kurtosis_share(&self, mean: f64, share: f64) -> Option<f64> {
        let deviation = self.deviation(mean);
        let weight = |x: f64| deviation(x).powi(4);
        let all: f64 = self.pairs().map(|(x, c)| weight(x) * c).sum();
        let mut left = (share * self.n() as f64).ceil().max(1.0);
        let mut top = 0.0;
        for (x, c) in self.farthest_first(mean) {
            top += weight(x) * c.min(left);
            left -= c.min(left);
            if left == 0.0 {
                break;
            }
        }
        (all > 0.0).then(|| (top / all).min(1.0))
    }

    fn farthest_first(&self, mean: f64) -> impl Iterator<Item = (f64, f64)> {
        let mut ends = self.pairs().peekable();
        let mut tops = self.pairs().rev().peekable();
        let mut left = self.values.len();
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let (low, high) = (ends.peek()?.0, tops.peek()?.0);
            if mean - low >= high - mean { ends.next() } else { tops.next() }
        })
    }
}

/// Ranks (from 0) of the two order statistics around quantile `q` of `n` values, and the weight of the second.
pub fn order_statistics(n: u64, q: f64) -> Option<(u64, u64, f64)> {
    if n == 0 || !(0.0..=1.0).contains(&q) {
        return None;
    }
    let position = (n - 1) as f64 * q;
    let low = position.floor();
    Some((low as u64, (low as u64 + 1).min(n - 1), position - low))
}

/// Between `a` and `b`, rounded as numpy does it.
pub fn interpolate(a: f64, b: f64, fraction: f64) -> f64 {
    if fraction < 0.5 { a + (b - a) * fraction } else { b - (b - a) * (1.0 - fraction) }
}

/// A sum with its rounding errors kept beside it (Neumaier 1974).
#[derive(Clone, Copy, Default)]
pub(crate) struct Sum {
    sum: f64,
    error: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, x: f64) {
        let (total, error) = two_sum(self.sum, x);
        self.sum = total;
        self.error += error;
    }

    pub(crate) fn total(self) -> f64 {
        self.sum + self.error
    }
}
