//! Faster sources of replicates with the distribution of the general path, chosen by data and statistic alone.
//!
//! - [`sums`]: rows are drawn and added up by [`kernel`], for statistics of [`moments`] and of [`pairs`].
//! - [`blocks`]: the sums of whole blocks are drawn.
//! - [`order`]: order statistics of a resample are drawn from their own distribution.
//! - [`counts`]: data of few distinct values are drawn as counts of each.
//! - [`complete`]: of two values, nothing is drawn: the whole distribution is known.

mod blocks;
mod complete;
pub mod counts;
pub mod kernel;
pub mod moments;
pub mod order;
pub mod pairs;
pub mod sums;

#[cfg(test)]
mod tests;

pub use complete::masses;

use super::bootstrap::Design;
use super::design::Scheme;
use super::replicates::Replicates;
use super::statistic::{Order, Pair, Statistic};

/// The fastest source for these data, if there is one beside the general path.
pub fn choose<'a>(columns: &[&'a [f64]], statistic: Statistic, design: Design) -> Option<Box<dyn Replicates + 'a>> {
    let is_apart = !design.is_paired || columns.len() == 1;
    match (design.scheme, statistic) {
        (Scheme::Ordinary, _) if is_apart => apart(columns, statistic),
        (Scheme::Ordinary, Statistic::Pair(Pair::Pearson | Pair::Slope)) => pairs::source(statistic, columns),
        (Scheme::Ordinary, Statistic::Moment(moment)) if columns.len() == 2 && moment.degree() <= 2 => {
            pairs::source(statistic, columns)
        }
        (Scheme::Moving(length), Statistic::Moment(moment)) if columns.len() == 1 => {
            blocks::source(moment, columns[0], length as usize, columns[0].len() + 1 - length as usize)
        }
        (Scheme::Circular(length), Statistic::Moment(moment)) if columns.len() == 1 => {
            blocks::source(moment, columns[0], length as usize, columns[0].len())
        }
        _ => None,
    }
}

/// Sources for samples that are drawn apart.
fn apart<'a>(columns: &[&'a [f64]], statistic: Statistic) -> Option<Box<dyn Replicates + 'a>> {
    counts::source(columns, statistic).or_else(|| match statistic {
        Statistic::Moment(moment) => moments::source(moment, columns),
        Statistic::Order(Order::Quantile { q } | Order::QuantileDifference { q }) => order::source(columns, q),
        _ => None,
    })
}
