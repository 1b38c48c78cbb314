//! Confidence intervals from a bootstrap distribution.
//!
//! Percentile and basic (Davison & Hinkley 1997, ch. 5), normal (bias-corrected), `BCa` (Efron 1987, with z₀ from the mean
//! of strict and weak ranks and the acceleration of several samples as scipy has it), studentized. Endpoints are
//! quantiles linear between order statistics. The Monte Carlo error of an endpoint is half the distance between the
//! quantiles one binomial standard deviation below and above it (Woodruff, JASA 1952).

use super::normal;
use super::select::quantiles;
use crate::error::{Error, Result};

/// How endpoints follow from the distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Quantiles of the distribution.
    Percentile,
    /// The same, reflected about the estimate.
    Basic,
    /// Estimate − bias ± z × standard error.
    Normal,
    /// Quantiles corrected for bias and acceleration.
    Bca,
    /// Quantiles of (replicate − estimate) / its standard error.
    Studentized,
}

/// Which endpoints are finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative {
    /// Both.
    TwoSided,
    /// The upper one.
    Less,
    /// The lower one.
    Greater,
}

impl Method {
    /// The method called `name`, in any case.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name.to_lowercase().as_str() {
            "percentile" => Self::Percentile,
            "basic" => Self::Basic,
            "normal" => Self::Normal,
            "bca" => Self::Bca,
            "studentized" => Self::Studentized,
            _ => {
                let remedy = "give percentile, basic, normal, BCa or studentized";
                return Err(Error::bad_argument(format!("method is {name:?}"), remedy));
            }
        })
    }
}

impl Alternative {
    /// The alternative called `name`, in any case.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name.to_lowercase().as_str() {
            "two-sided" => Self::TwoSided,
            "less" => Self::Less,
            "greater" => Self::Greater,
            _ => {
                let what = format!("alternative is {name:?}");
                return Err(Error::bad_argument(what, "give two-sided, less or greater"));
            }
        })
    }
}

/// What interval is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// How.
    pub method: Method,
    /// The confidence level, from 0 to 1.
    pub level: f64,
    /// On which side.
    pub alternative: Alternative,
}

/// What is known beside the distribution.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The statistic of the data.
    pub estimate: f64,
    /// For each sample or stratum, the statistic without each of its units in turn; for `BCa`.
    pub jackknife: Vec<Vec<f64>>,
    /// The standard error of the estimate and of each replicate; for studentized.
    pub errors: Option<(f64, Vec<f64>)>,
}

/// An interval and what it was made of; NaN where undefined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower endpoint.
    pub low: f64,
    /// The upper endpoint.
    pub high: f64,
    /// The standard deviation of the distribution, dividing by B − 1.
    pub standard_error: f64,
    /// Its mean − the estimate.
    pub bias: f64,
    /// `BCa`'s bias correction.
    pub z0: f64,
    /// `BCa`'s acceleration.
    pub acceleration: f64,
    /// The Monte Carlo standard errors of the two endpoints.
    pub mc_error: [f64; 2],
}

/// The interval of values that come from outside; an error where something that the method needs is missing.
pub fn checked(distribution: &mut [f64], known: &Known, asked: Asked) -> Result<Interval> {
    if distribution.is_empty() {
        return Err(Error::bad_argument("a distribution of no replicates", "give at least one"));
    }
    check_level(asked.level)?;
    if asked.method == Method::Bca && known.jackknife.iter().all(Vec::is_empty) {
        return Err(Error::bad_argument("method BCa without jackknife values", "give jackknife"));
    }
    let has_errors = known.errors.as_ref().is_some_and(|(_, errors)| errors.len() == distribution.len());
    if asked.method == Method::Studentized && !has_errors {
        let remedy = "give errors: that of the estimate and one for each replicate";
        return Err(Error::bad_argument("method studentized without standard errors", remedy));
    }
    Ok(interval(distribution, known, asked))
}

/// An error unless `level` is between 0 and 1.
pub(crate) fn check_level(level: f64) -> Result<()> {
    let wrong = || Error::bad_argument(format!("level is {level}"), "give a number between 0 and 1");
    if level > 0.0 && level < 1.0 { Ok(()) } else { Err(wrong()) }
}

/// The interval; `distribution` is reordered.
pub fn interval(distribution: &mut [f64], known: &Known, asked: Asked) -> Interval {
    let tail = match asked.alternative {
        Alternative::TwoSided => (1.0 - asked.level) / 2.0,
        _ => 1.0 - asked.level,
    };
    let (mean, standard_error) = moments(distribution);
    let mut found = Interval {
        low: f64::NAN,
        high: f64::NAN,
        standard_error,
        bias: mean - known.estimate,
        z0: f64::NAN,
        acceleration: f64::NAN,
        mc_error: [f64::NAN; 2],
    };
    match asked.method {
        Method::Percentile => found.set(between(distribution, [tail, 1.0 - tail])),
        Method::Basic => found.set(reflected(between(distribution, [tail, 1.0 - tail]), known.estimate)),
        Method::Normal => found.set_normal(known.estimate, tail, distribution.len()),
        Method::Bca => found.set_bca(distribution, known, tail),
        Method::Studentized => found.set_studentized(distribution, known, tail),
    }
    found.cut(asked.alternative);
    found
}

/// Endpoints with their Monte Carlo errors.
type Ends = [(f64, f64); 2];

impl Interval {
    fn set(&mut self, [low, high]: Ends) {
        (self.low, self.high) = (low.0, high.0);
        self.mc_error = [low.1, high.1];
    }

    fn set_normal(&mut self, estimate: f64, tail: f64, n: usize) {
        let z = normal::inverse(1.0 - tail);
        let (middle, se) = (estimate - self.bias, self.standard_error);
        let mc = se * ((1.0 + z * z / 2.0) / n as f64).sqrt();
        self.set([(middle - z * se, mc), (middle + z * se, mc)]);
    }

    fn set_bca(&mut self, distribution: &mut [f64], known: &Known, tail: f64) {
        self.z0 = bias_correction(distribution, known.estimate);
        self.acceleration = acceleration(&known.jackknife);
        let corrected = |z: f64| {
            let moved = self.z0 + z;
            normal::cdf(self.z0 + moved / (1.0 - self.acceleration * moved))
        };
        let z = normal::inverse(tail);
        self.set(between(distribution, [corrected(z), corrected(-z)]));
    }

    fn set_studentized(&mut self, distribution: &mut [f64], known: &Known, tail: f64) {
        let Some((error, errors)) = &known.errors else { return };
        let studentized = |(value, error): (&f64, &f64)| (value - known.estimate) / error;
        let mut t: Vec<_> = distribution.iter().zip(errors).map(studentized).collect();
        let [low, high] = between(&mut t, [tail, 1.0 - tail]);
        let scaled = |(t, mc): (f64, f64)| (known.estimate - error * t, error * mc);
        self.set([scaled(high), scaled(low)]);
    }

    fn cut(&mut self, alternative: Alternative) {
        match alternative {
            Alternative::TwoSided => {}
            Alternative::Less => (self.low, self.mc_error[0]) = (f64::NEG_INFINITY, 0.0),
            Alternative::Greater => (self.high, self.mc_error[1]) = (f64::INFINITY, 0.0),
        }
    }
}

fn reflected([low, high]: Ends, estimate: f64) -> Ends {
    [(2.0 * estimate - high.0, high.1), (2.0 * estimate - low.0, low.1)]
}

/// Two quantiles with their Monte Carlo errors.
fn between(distribution: &mut [f64], shares: [f64; 2]) -> Ends {
    let n = distribution.len() as f64;
    let step = shares.map(|p| (p * (1.0 - p) / n).sqrt());
    let [a, b] = shares;
    let wanted = [a, b, a - step[0], a + step[0], b - step[1], b + step[1]];
    let found = quantiles(distribution, &wanted);
    [(found[0], (found[3] - found[2]) / 2.0), (found[1], (found[5] - found[4]) / 2.0)]
}

/// Mean and standard deviation, the latter dividing by n − 1.
pub(crate) fn moments(values: &[f64]) -> (f64, f64) {
    let Some(&pivot) = values.first() else { return (f64::NAN, f64::NAN) };
    let n = values.len() as f64;
    let mean = pivot + values.iter().map(|x| x - pivot).sum::<f64>() / n;
    let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// Φ⁻¹ of the share of the distribution below the estimate, ties counted half.
fn bias_correction(distribution: &[f64], estimate: f64) -> f64 {
    if estimate.is_nan() {
        return f64::NAN;
    }
    let count = |x: &f64| u64::from(*x < estimate) + u64::from(*x <= estimate);
    let ranked: u64 = distribution.iter().map(count).sum();
    normal::inverse(ranked as f64 / (2.0 * distribution.len() as f64))
}

/// Skewness of the influence of units: a sixth of Σⱼ Σᵢ Uᵢ³/nⱼ³ over (Σⱼ Σᵢ Uᵢ²/nⱼ²)^1.5.
pub fn acceleration(jackknife: &[Vec<f64>]) -> f64 {
    let (mut cubes, mut squares) = (0.0, 0.0);
    for values in jackknife {
        let n = values.len() as f64;
        let mean = moments(values).0;
        for value in values {
            let u = (n - 1.0) * (mean - value) / n;
            squares += u * u;
            cubes += u * u * u;
        }
    }
    cubes / (squares * squares.sqrt()) / 6.0
}
