//! Weights: exact statistics of tensors of any size, in bounded memory, at the speed of reading.
//!
//! # Method
//!
//! - Formats of at most 16 bits: an integer [`histogram`] over bit patterns. It holds the whole [`distribution`], so
//!   moments, quantiles, tails, entropy and the error of every quantizer follow exactly from one pass.
//! - Wider formats: [`moments`] from sums of [`powers`] about a pivot, per block of 65,536 values, joined in index order
//!   (Pébay, SAND2008-6212; Chan, Golub & `LeVeque` 1983); a histogram of the top 16 bits as a sketch. A second pass
//!   pins down f32 quantiles, the mean distance, and tails where the first pass could not.
//! - [`clip`]: the clip of least squared error (Max 1960 for a Gaussian), searched on the distribution; [`aciq`]: the
//!   clip that would be best if the values were Gaussian or Laplacian (Banner et al. 2019).
//! - [`blocks`]: moments per channel, head or quantization group.
//! - [`source`]: safetensors, torch zip, GGUF and numpy files; headers are read first and every offset is checked.
//!
//! # What holds for every figure
//!
//! NaN and infinities are counted and left out; an undefined figure is `None`. Results are the same bits for any
//! number of threads, way of reading and CPU: tests assert it.
//!
//! # Limits
//!
//! Of wider formats, tensors of at most 65,536 values are sorted, so that all is exact. Of larger ones, entropy, the
//! share of the top values in the kurtosis and the clips come from bins 2⁻⁷ wide relative to their value; the last two
//! are undefined where |mean| > 8σ, for then a bin at the mean is wider than σ/16. Quantiles of f64, i32 and i64 are the
//! sketch's. Integers beyond 2⁵³ are rounded to f64. Values of f64 beyond the range of f32 have moments, tails and mean
//! distance only.
//!
//! # Example
//!
//! ```
//! use glotgap_core::weights::{array, dtype::DType};
//!
//! let stored: Vec<u8> = [1.0f32, 2.0, 3.0, 10.0].iter().flat_map(|x| x.to_le_bytes()).collect();
//! let moments = array::moments(DType::F32, &stored);
//! assert_eq!(moments.mean(), Some(4.0));
//! assert!((moments.kurtosis().unwrap() + 0.7696).abs() < 1e-12);
//! ```

pub mod aciq;
pub mod array;
pub mod blocks;
pub mod center;
pub mod clip;
pub mod distribution;
pub mod dtype;
pub mod figures;
pub mod histogram;
mod join;
pub mod magnitudes;
pub mod moments;
pub mod powers;
mod refine;
pub mod scan;
mod slot;
pub mod source;
pub mod tail;
mod visit;
