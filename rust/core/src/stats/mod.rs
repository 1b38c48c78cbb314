//! Statistics: bootstrap and permutation tests with the names and results of `scipy.stats`.
//!
//! # Method
//!
//! - [`stream`]: one random stream for each (key, replicate); a replicate has the same bits for any number of threads, batch
//!   and CPU, and a longer run has the shorter one's replicates as its beginning.
//! - [`weighted`]: a bootstrap replicate ([`design`]) is a vector of weights over the observations, a permutation of labels
//!   a vector of zeros and ones, a jackknife value the statistic with one weight lowered. Every named [`statistic`] is a
//!   function of a weighted sample: this is the general path, and the twin of all others.
//! - `fast`: sources of replicates with the same distribution and less work: sums of drawn rows, binomial splits of large
//!   samples, counts of few values, order statistics from gammas, sums of blocks.
//! - [`distribution`]: what becomes of replicates: held, or drawn again where they are many, or none at all where the
//!   whole distribution is known.
//! - [`bootstrap`]: replicates, then an [`interval`]: percentile, basic, normal, `BCa` (Efron 1987) or studentized.
//! - [`permutation`]: exact by enumeration or by counting, else Monte Carlo with (b + 1)/(B + 1).
//! - [`adjust`]: p-values of many tests.
//!
//! # Limits
//!
//! An undefined figure is NaN. `BCa` and studentized intervals ask for a jackknife, which blocks and masses do not have;
//! for ranks, Kendall, gini, trimmed means and areas it takes time in proportion to n², on all threads. Studentized
//! intervals take the general path. A replicate equals that of another source in distribution, not in bits: adding a source
//! changes what a key gives.
//!
//! # Example
//!
//! ```
//! use glotgap_core::stats::bootstrap::{Data, Design, Run, bootstrap};
//! use glotgap_core::stats::interval::{Alternative, Asked, Method};
//! use glotgap_core::stats::{design::Scheme, statistic::Statistic, stream::Key};
//!
//! let heights = [1.5, 1.6, 1.7, 1.8, 2.0];
//! let data = Data { columns: vec![&heights], ..Data::default() };
//! let statistic = Statistic::named("mean", &Default::default())?;
//! let design = Design { scheme: Scheme::Ordinary, is_paired: false };
//! let asked = Asked { method: Method::Bca, level: 0.95, alternative: Alternative::TwoSided };
//! let run = Run { key: Key([1, 2, 3, 4]), n_resamples: 999, keep: false, threads: 1 };
//! let found = bootstrap(&[data], statistic, design, asked, run, &mut |_, _| Ok(()))?;
//! assert!((found[0].estimate - 1.72).abs() < 1e-12);
//! assert!(found[0].interval.low < 1.72 && 1.72 < found[0].interval.high);
//! # Ok::<(), glotgap_core::Error>(())
//! ```

pub mod adjust;
pub mod bootstrap;
pub mod design;
pub mod distribution;
pub mod draws;
pub mod evaluate;
mod fast;
pub mod interval;
mod normal;
pub mod permutation;
pub mod replicates;
mod select;
pub mod statistic;
pub mod stream;
mod vector;
pub mod weighted;
mod ziggurat;
