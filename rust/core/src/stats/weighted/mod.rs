//! Statistics of weighted samples: the general path, of which every faster one is tested to be a copy.
//!
//! A bootstrap replicate is a vector of weights over the observations; a permutation of labels is one of zeros and ones
//! over the pooled observations; a jackknife value is the statistic with one weight lowered. A weight of zero is an
//! absent observation, whatever its value. Integer weights give what the statistic of the repeated observations is.
//! With fractional weights n is their sum; the value at place t of a sorted sample is the one whose cumulated weight
//! first exceeds t; gini, τ-b and ranks follow from pairs of observations weighted by products.

mod association;
mod moments;
mod order;

pub(crate) use association::correlation;
pub use association::{Covariances, Ties};
pub use moments::{Central, of_central};
pub(crate) use order::between;

use std::ops::Range;

use crate::stats::statistic::{Order, Pair, Statistic};

/// One weight for each observation of each column.
pub type Weights<'a> = [&'a [f64]];

/// A statistic whose data are known and prepared.
pub trait Weighted: Sync + Send {
    /// The statistic under `weights`; NaN where it is undefined.
    fn of(&self, weights: &Weights<'_>) -> f64;

    /// The statistic with the weight of each observation of a sample (of each row, where `is_paired`) lowered by 1, and NaN
    /// for observations of a lesser weight; `None` unless that takes no longer than the statistic itself.
    fn lowered(&self, _weights: &Weights<'_>, _sample: usize, _is_paired: bool) -> Option<Vec<f64>> {
        None
    }
}

/// The statistic, prepared for `columns`.
pub fn prepare<'a>(statistic: Statistic, columns: &[&'a [f64]]) -> Box<dyn Weighted + 'a> {
    match statistic {
        Statistic::Moment(moment) => Box::new(moments::Moments::new(moment, columns)),
        Statistic::Pair(pair @ (Pair::Spearman | Pair::PartialSpearman)) => {
            Box::new(association::Ranked::new(pair, columns))
        }
        Statistic::Pair(pair) => Box::new(association::Rows::new(pair, columns)),
        Statistic::Order(Order::Quantile { q }) => Box::new(order::Quantile::new(columns, q)),
        Statistic::Order(Order::QuantileDifference { q }) => Box::new(order::QuantileDifference::new(columns, q)),
        Statistic::Order(Order::TrimmedMean { p }) => Box::new(order::TrimmedMean::new(columns[0], p)),
        Statistic::Order(Order::Gini) => Box::new(order::Gini::new(columns[0])),
        Statistic::Order(Order::Auc) => Box::new(order::Auc::new(columns)),
        Statistic::Order(Order::Kendall) => Box::new(association::Kendall::new(columns)),
    }
}

/// The statistic of the observations as they are.
pub fn plain(statistic: Statistic, columns: &[&[f64]]) -> f64 {
    let units: Vec<_> = columns.iter().map(|column| vec![1.0; column.len()]).collect();
    let views: Vec<_> = units.iter().map(Vec::as_slice).collect();
    prepare(statistic, columns).of(&views)
}

/// [`Weighted::lowered`] by its definition, for the observations at `places`.
pub fn one_by_one(
    statistic: &dyn Weighted,
    weights: &Weights<'_>,
    sample: usize,
    is_paired: bool,
    places: Range<usize>,
) -> Vec<f64> {
    let mut one = weights[sample].to_vec();
    let lower = |i: usize| {
        if one[i] < 1.0 {
            return f64::NAN;
        }
        one[i] -= 1.0;
        let view = |at: usize| if is_paired || at == sample { one.as_slice() } else { weights[at] };
        let value = statistic.of(&(0..weights.len()).map(view).collect::<Vec<_>>());
        one[i] = weights[sample][i];
        value
    };
    places.map(lower).collect()
}

/// The places of `values`, least value first; equal values in the order in which they stand.
fn sorted_places(values: &[f64]) -> Vec<u32> {
    let mut placed: Vec<(f64, u32)> = values.iter().copied().zip(0..).collect();
    placed.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    placed.into_iter().map(|(_, place)| place).collect()
}
