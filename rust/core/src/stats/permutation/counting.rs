//! Exact p-values by counting: how many of all rearrangements have a sum at most, or at least, the observed one.

use super::Exchange;
use super::pvalue::Extremes;
use crate::stats::statistic::Statistic;

/// The counts of all rearrangements, where the statistic is a sum in disguise and they can be had at little cost.
pub fn count(_statistic: Statistic, _columns: &[&[f64]], _exchange: Exchange) -> Option<Extremes> {
    None
}
