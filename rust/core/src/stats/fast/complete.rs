//! The whole distribution of a statistic of two distinct values: how often a resample holds the second is binomial.

use crate::stats::distribution::Masses;
use crate::stats::statistic::Statistic;
use crate::stats::weighted::prepare;

/// Every value that the statistic takes in resamples of `values`, with its chance; `None` unless there are two distinct
/// ones and the statistic is finite wherever it has a chance.
pub fn masses(values: &[f64], statistic: Statistic) -> Option<Masses> {
    let [first, second, count] = two(values)?;
    let pair = [first, second];
    let weighted = prepare(statistic, &[&pair]);
    let n = values.len() as f64;
    Masses::new(binomial(n, count / n).map(|(k, mass)| (weighted.of(&[&[n - k, k]]), mass)).collect())
}

/// The two values and how often the second occurs.
fn two(values: &[f64]) -> Option<[f64; 3]> {
    let first = *values.first()?;
    let second = *values.iter().find(|x| **x != first)?;
    // Most data show soon that they have more. Counted by arithmetic: no processor could foresee which of two comes.
    let count = |values: &[f64], of: f64| values.iter().map(|&x| u64::from(x == of)).sum::<u64>();
    let is_of_two = |values: &[f64]| count(values, first) + count(values, second) == values.len() as u64;
    values.chunks(PART).all(is_of_two).then(|| [first, second, count(values, second) as f64])
}

/// Values looked at together.
const PART: usize = 256;

/// Counts with their chances, up to a factor, from the mode to both sides.
fn binomial(n: f64, p: f64) -> impl Iterator<Item = (f64, f64)> {
    let mode = ((n + 1.0) * p).floor().min(n);
    let odds = p / (1.0 - p);
    let up = move |&(k, mass): &(f64, f64)| (k < n).then(|| (k + 1.0, mass * odds * (n - k) / (k + 1.0)));
    let down = move |&(k, mass): &(f64, f64)| (k > 0.0).then(|| (k - 1.0, mass * k / ((n - k + 1.0) * odds)));
    let has_chance = |&(_, mass): &(f64, f64)| mass > NONE;
    let above = std::iter::successors(Some((mode, 1.0)), up).take_while(has_chance);
    let below = std::iter::successors(Some((mode, 1.0)), down).skip(1).take_while(has_chance);
    above.chain(below)
}

/// A chance that adds nothing to sums of chances.
const NONE: f64 = 1e-18;

#[cfg(test)]
mod tests {
    use super::{binomial, masses, two};
    use crate::stats::statistic::{Moment, Statistic};

    #[test]
    fn chances_are_binomial() {
        for (n, p) in [(2.0, 0.5), (20.0, 0.05), (1000.0, 0.3)] {
            let all: f64 = binomial(n, p).map(|(_, mass)| mass).sum();
            let log = |k: f64| libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0);
            for (k, mass) in binomial(n, p) {
                let exact = libm::exp(log(k) + k * libm::log(p) + (n - k) * libm::log1p(-p));
                assert!((mass / all - exact).abs() < 1e-12, "{n} {p} {k}: {mass} {exact}");
            }
        }
    }

    #[test]
    fn only_two_values_are_two() {
        assert_eq!(two(&[1.0, 0.0, 1.0]), Some([1.0, 0.0, 1.0]));
        assert_eq!(two(&[1.0, 1.0]), None);
        assert_eq!(two(&[1.0, 2.0, 3.0]), None);
        assert_eq!(two(&[1.0, f64::NAN]), None);
        assert_eq!(two(&[]), None);
        let cv = Statistic::Moment(Moment::Variation { ddof: 0.0 });
        assert!(masses(&[1.0, -1.0], cv).is_none());
    }
}
