//! Faster sources of replicates with the distribution of the general path, chosen by data and statistic alone.

use super::bootstrap::Design;
use super::replicates::Replicates;
use super::statistic::Statistic;

/// The fastest source for these data, if there is one beside the general path.
pub fn choose<'a>(_columns: &[&'a [f64]], _statistic: Statistic, _design: Design) -> Option<Box<dyn Replicates + 'a>> {
    None
}
