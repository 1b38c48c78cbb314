//! Exact p-values by counting: how many of all rearrangements have a sum at most, or at least, the observed one.
//!
//! The statistic must rise with the sum of a subset: of a fixed size, for the mean difference of two exchangeable samples
//! and for the area under the receiver's curve (through ranks: Wilcoxon, Mann & Whitney, ties included); of any size, for
//! means and sums under exchangeable signs. Whole numbers, or decimals of few digits, go through the shift algorithm
//! (Streitberg & Röhmel 1986) in `whole`; up to 40 values of any kind are counted by halves (Horowitz & Sahni 1974) in
//! `halves`. Counts are f64: exact to 2⁵³, and to 15 digits beyond.

mod halves;
mod whole;

use super::Exchange;
use super::pvalue::Extremes;
use crate::stats::statistic::{Moment, Order, Statistic};
use crate::stats::weighted::Ties;

/// Sums of subsets, and the one observed.
#[derive(Clone, Debug)]
struct Sums {
    /// What is summed.
    values: Vec<f64>,
    /// The size of the subsets; any, if `None`.
    size: Option<usize>,
    /// The observed sum.
    observed: f64,
    /// The sum at which the statistic is 0.
    centre: f64,
}

/// How many subsets have a sum in a range that is open at one end.
trait Counted {
    /// Not above `bound`.
    fn at_most(&self, bound: f64) -> f64;
    /// Not below `bound`.
    fn at_least(&self, bound: f64) -> f64;
    /// All of them.
    fn all(&self) -> f64;
}

/// The counts of all rearrangements, where the statistic is a sum in disguise and they can be had at little cost.
pub fn count(statistic: Statistic, columns: &[&[f64]], exchange: Exchange) -> Option<Extremes> {
    let sums = Sums::new(statistic, columns, exchange)?;
    if !sums.values.iter().all(|x| x.is_finite()) {
        return None;
    }
    let n = sums.values.len();
    let shifted = whole::Shifted::new(&sums);
    match shifted {
        Some((shifted, scale)) => Some(sums.scaled(scale).extremes(&shifted)),
        None if n <= halves::MOST => Some(sums.extremes(&halves::Halves::new(&sums.values, sums.size))),
        None => None,
    }
}

impl Sums {
    fn new(statistic: Statistic, columns: &[&[f64]], exchange: Exchange) -> Option<Self> {
        match (exchange, statistic, columns) {
            (Exchange::Independent, Statistic::Moment(Moment::MeanDifference), [x, y]) => {
                Some(Self::of_subsets([*x, y].concat(), x.len()))
            }
            (Exchange::Independent, Statistic::Order(Order::Auc), [x, y]) => {
                let pool = [*x, y].concat();
                let is_number = pool.iter().all(|x| !x.is_nan());
                is_number.then(|| Self::of_subsets(Ties::of(&pool).ranks(&vec![1.0; pool.len()]), x.len()))
            }
            (Exchange::Samples, Statistic::Moment(Moment::Mean | Moment::Sum), [x]) => Some(Self::of_signs(x.to_vec())),
            (Exchange::Samples, Statistic::Moment(Moment::MeanDifference), [x, y]) => {
                Some(Self::of_signs(x.iter().zip(*y).map(|(x, y)| x - y).collect()))
            }
            _ => None,
        }
    }

    fn of_subsets(values: Vec<f64>, size: usize) -> Self {
        let observed = values[..size].iter().sum();
        let centre = size as f64 / values.len() as f64 * values.iter().sum::<f64>();
        Self { values, size: Some(size), observed, centre }
    }

    /// Signs are subsets of positive ones: Σ±x = 2Σ₊x − Σx.
    fn of_signs(values: Vec<f64>) -> Self {
        let observed: f64 = values.iter().sum();
        Self { size: None, centre: observed / 2.0, values, observed }
    }

    fn scaled(mut self, scale: f64) -> Self {
        self.values.iter_mut().for_each(|x| *x = (*x * scale).round());
        self.observed = (self.observed * scale).round();
        self.centre *= scale;
        self
    }

    /// How far the tie with the observed sum reaches: scipy's rule for the statistic, and the rounding of sums.
    fn tie(&self) -> f64 {
        let magnitudes: f64 = self.values.iter().map(|x| x.abs()).sum();
        f64::EPSILON * (100.0 * (self.observed - self.centre).abs() + 4.0 * magnitudes)
    }

    fn extremes(&self, counted: &dyn Counted) -> Extremes {
        let tie = self.tie();
        let away = (self.observed - self.centre).abs();
        let beyond = |reach: f64| counted.at_most(self.centre - reach) + counted.at_least(self.centre + reach);
        Extremes {
            less: counted.at_most(self.observed + tie),
            greater: counted.at_least(self.observed - tie),
            magnitude: if away <= tie { counted.all() } else { beyond(away - tie) },
            all: counted.all(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use std::collections::BTreeMap;

    use super::count;
    use crate::stats::permutation::pvalue::{Extremes, Side, tie};
    use crate::stats::permutation::{Exchange, Run, Test, test};
    use crate::stats::statistic::Statistic;
    use crate::stats::stream::Key;

    fn check(name: &str, exchange: Exchange, columns: &[&[f64]]) {
        let statistic = Statistic::named(name, &BTreeMap::new()).unwrap();
        let asked = Test { statistic, columns: columns.to_vec(), exchange, strata: None, side: Side::TwoSided };
        let run = Run { key: Key([0; 4]), n_resamples: 1_000_000, keep: true, stop: None, threads: 1 };
        let all = test(&asked, run, &mut |_, _| Ok(())).unwrap();
        let null = all.null.unwrap();
        let mut visited = Extremes::default();
        for &x in &null {
            visited.see(x, all.observed, tie(all.observed, &null));
        }
        let counted = count(statistic, columns, exchange).unwrap();
        // The area is never negative, so that its magnitude says nothing.
        let magnitude = if name == "auc" { visited.magnitude } else { counted.magnitude };
        assert_eq!(Extremes { magnitude, ..counted }, visited, "{name} {exchange:?}");
    }

    #[test]
    fn counting_equals_enumeration() {
        let whole = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0, 6.0, 5.0, 3.0, 5.0];
        let decimal = whole.map(|x| x * 0.1 + 0.03);
        let any = whole.map(|x: f64| (x + 7.0).sqrt());
        let other = whole.map(|x: f64| (x + 8.0).cbrt());
        for values in [whole, decimal, any] {
            let (x, y) = values.split_at(4);
            for name in ["mean_difference", "auc"] {
                check(name, Exchange::Independent, &[x, y]);
                check(name, Exchange::Independent, &[y, x]);
            }
            check("mean", Exchange::Samples, &[&values]);
            check("sum", Exchange::Samples, &[x]);
            check("mean_difference", Exchange::Samples, &[&values, &other]);
        }
        check("mean", Exchange::Samples, &[&[1.0, -1.0]]);
        check("mean", Exchange::Samples, &[&[0.0, 0.0, 0.0]]);
    }
}
