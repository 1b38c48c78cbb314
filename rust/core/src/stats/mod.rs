//! Statistics: bootstrap and permutation tests with the names and results of `scipy.stats`.
//!
//! # Method
//!
//! - [`stream`]: one random stream for each (key, replicate); a result has the same bits for any number of threads, batch
//!   and CPU, and a longer run has the shorter one's replicates as its beginning.
//! - [`weighted`]: a bootstrap replicate ([`design`]) is a vector of weights over the observations, a permutation of labels
//!   a vector of zeros and ones, a jackknife value the statistic with one weight lowered. Every named [`statistic`] is a
//!   function of a weighted sample: this is the general path.
//! - [`bootstrap`]: replicates, then an [`interval`]: percentile, basic, normal, `BCa` (Efron 1987) or studentized.
//!
//! # Limits
//!
//! An undefined figure is NaN. `BCa` and studentized intervals ask for a jackknife, which blocks and masses do not have.

pub mod adjust;
pub mod bootstrap;
pub mod design;
pub mod draws;
pub mod evaluate;
pub mod fast;
pub mod interval;
mod normal;
pub mod permutation;
pub mod replicates;
mod select;
pub mod statistic;
pub mod stream;
pub mod vector;
pub mod weighted;
mod ziggurat;
