//! Faster sources of null distributions, with the distribution of the general one, chosen by data and statistic alone.
//!
//! - [`subsets`]: two exchangeable samples and exchangeable signs are random subsets, added up byte by byte.
//! - [`orders`]: exchangeable pairings of Pearson's r, Spearman's ρ and slopes are dot products with a random order.

mod orders;
mod subsets;
#[cfg(test)]
mod tests;

use super::{Exchange, Test};
use crate::stats::replicates::Replicates;
use crate::stats::statistic::{Moment, Pair, Statistic};

/// The fastest source for this test, if there is one beside the general path.
pub fn choose<'a>(test: &Test<'a>) -> Option<Box<dyn Replicates + 'a>> {
    let is_finite = test.columns.iter().all(|column| column.iter().all(|x| x.is_finite()));
    if test.strata.is_some() || !is_finite {
        return None;
    }
    match (test.exchange, test.statistic, test.columns.len()) {
        (Exchange::Independent, Statistic::Moment(moment), 2) if moment.degree() <= 2 => {
            Some(subsets::of_samples(moment, &test.columns))
        }
        (Exchange::Samples, Statistic::Moment(moment @ (Moment::Mean | Moment::Sum)), 1) => {
            Some(subsets::of_signs(moment, test.columns[0]))
        }
        (Exchange::Samples, Statistic::Moment(Moment::MeanDifference), 2) => {
            Some(subsets::of_swaps(test.columns[0], test.columns[1]))
        }
        (Exchange::Pairings, Statistic::Pair(pair @ (Pair::Pearson | Pair::Slope | Pair::Spearman)), 2) => {
            orders::source(pair, &test.columns)
        }
        _ => None,
    }
}
