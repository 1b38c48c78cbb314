//! What a scan says of one tensor.

use crate::weights::aciq::{self, Family};
use crate::weights::clip::{BITS, Clip, Grid, Magnitudes, Search};
use crate::weights::distribution::Distribution;
use crate::weights::moments::Moments;
use crate::weights::tail::Tail;

/// Which figures a scan computes.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Quantiles in [0, 1].
    pub quantiles: Vec<f64>,
    /// Tail shares beyond these multiples of σ.
    pub tails: Vec<f64>,
    /// Whether to search clips (and, for f32 and f64, to keep the sketch that they need).
    pub clip: bool,
}

impl Wanted {
    /// Whether wide tensors need the sketch.
    pub fn needs_sketch(&self) -> bool {
        self.clip || !self.quantiles.is_empty()
    }
}

/// All figures of one tensor. Undefined ones are `None`.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// Counts, extremes and moments.
    pub moments: Moments,
    /// Whether the distribution figures come from all values; `false` for the sketch of large wide tensors.
    pub exact: bool,
    /// Shares beyond k·σ, in the order asked for.
    pub tails: Vec<Option<f64>>,
    /// Quantiles, in the order asked for.
    pub quantiles: Vec<Option<f64>>,
    /// Shannon entropy of the values (of the sketch's bins), in bits.
    pub entropy: Option<f64>,
    /// E|x − mean|.
    pub mean_abs_dev: Option<f64>,
    /// Share of Σ(x−mean)⁴ carried by the 0.01 % of values farthest from the mean.
    pub kurtosis_top: Option<f64>,
    /// Clips for 2…8 bits; empty when not asked for or when there is nothing but zeros.
    pub clips: Vec<Clips>,
}

/// The clips of one bit width.
#[derive(Clone, Copy, Debug)]
pub struct Clips {
    /// Bit width.
    pub bits: u32,
    /// Least true error on the mid-rise grid.
    pub mid_rise: Clip,
    /// Least true error on the integer grid.
    pub sym_int: Clip,
    /// ACIQ's clip for Gaussian values and its true error on the mid-rise grid.
    pub gauss: Option<Clip>,
    /// ACIQ's clip for Laplacian values and its true error on the mid-rise grid.
    pub laplace: Option<Clip>,
    /// The family with the smaller analytic error.
    pub family: Family,
}

impl Clips {
    /// ACIQ's clip for the family with the smaller analytic error.
    pub fn aciq(&self) -> Option<Clip> {
        match self.family {
            Family::Gauss => self.gauss,
            Family::Laplace => self.laplace,
        }
    }
}

/// Share of values that count as "top" for [`Figures::kurtosis_top`].
const TOP: f64 = 1e-4;
/// A sketch's bins are 2⁻⁷ wide relative to their value down to the smallest normal f32.
const SMALLEST: f64 = f32::MIN_POSITIVE as f64;
/// A sketch tells values apart up to this many deviations from zero: there a bin is at most σ/16 wide.
const RESOLVED: f64 = 8.0;

impl Figures {
    /// Everything a distribution tells, beside the moments; nothing when it lacks values that the moments have, as
    /// the sketch does of f64 values beyond the range of f32, or when it takes all of them for zero.
    pub fn of(distribution: &Distribution, moments: Moments, exact: bool, wanted: &Wanted) -> Self {
        let is_lost = !exact && moments.absmax().is_some_and(|x| 0.0 < x && x < SMALLEST);
        if distribution.n() != moments.n || is_lost {
            return Self { moments, ..Self::empty(exact, wanted) };
        }
        let mean = moments.mean().unwrap_or(0.0);
        let std = moments.std().unwrap_or(0.0);
        let is_resolved = moments.is_in_range() && (exact || mean.abs().max(SMALLEST) <= RESOLVED * std);
        let mean_abs_dev = distribution.mean_abs_dev(mean);
        let search = |search: Search| clips(&search, std, mean_abs_dev.unwrap_or(0.0));
        let magnitudes = (wanted.clip && is_resolved).then(|| Magnitudes::new(distribution, !exact));
        Self {
            moments,
            exact,
            tails: wanted.tails.iter().map(|k| distribution.share_beyond(Tail::of(&moments, *k)?)).collect(),
            quantiles: wanted.quantiles.iter().map(|q| distribution.quantile(*q)).collect(),
            entropy: distribution.entropy(),
            mean_abs_dev,
            kurtosis_top: (is_resolved && std > 0.0).then(|| distribution.kurtosis_share(mean, TOP)).flatten(),
            clips: magnitudes.map(|m| search(Search::new(m))).unwrap_or_default(),
        }
    }

    /// Takes a better E|x − mean|, and with it ACIQ's clip for Laplacian values; its error stays that of a clip nearby.
    pub(crate) fn set_mean_abs_dev(&mut self, mean_abs_dev: Option<f64>) {
        self.mean_abs_dev = mean_abs_dev;
        let (Some(std), Some(mean_abs_dev)) = (self.moments.std(), mean_abs_dev) else { return };
        for clips in &mut self.clips {
            clips.family = aciq::family(std, mean_abs_dev, clips.bits);
            if let Some(clip) = &mut clips.laplace {
                clip.alpha = Family::Laplace.best(clips.bits) * mean_abs_dev;
            }
        }
    }

    /// The figures of no values.
    pub fn empty(exact: bool, wanted: &Wanted) -> Self {
        let none = |list: &[f64]| vec![None; list.len()];
        Self { exact, tails: none(&wanted.tails), quantiles: none(&wanted.quantiles), ..Self::default() }
    }
}

fn clips(search: &Search, std: f64, mean_abs_dev: f64) -> Vec<Clips> {
    let of = |bits| {
        let analytic =
            |family: Family, scale: f64| search.magnitudes().measure(family.best(bits) * scale, bits, Grid::MidRise);
        Some(Clips {
            bits,
            mid_rise: search.best(bits, Grid::MidRise)?,
            sym_int: search.best(bits, Grid::SymInt)?,
            gauss: analytic(Family::Gauss, std),
            laplace: analytic(Family::Laplace, mean_abs_dev),
            family: aciq::family(std, mean_abs_dev, bits),
        })
    };
    BITS.filter_map(of).collect()
}
