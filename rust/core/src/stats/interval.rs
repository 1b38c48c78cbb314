//! Confidence intervals from a bootstrap distribution.
//!
//! Percentile and basic (Davison & Hinkley 1997, ch. 5), normal (bias-corrected), `BCa` (Efron 1987, with z₀ from the mean
//! of strict and weak ranks and the acceleration of several samples as scipy has it), studentized. Endpoints are
//! quantiles linear between order statistics. The Monte Carlo error of an endpoint is half the distance between the
//! quantiles one binomial standard deviation below and above it (Woodruff, JASA 1952); 0 where the distribution is complete.

use super::distribution::{Distribution, Held, moments};
use super::normal;
use super::replicates::Watch;
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
#[derive(Default)]
pub struct Known<'a> {
    /// The statistic of the data.
    pub estimate: f64,
    /// For each sample or stratum, the statistic without each of its units in turn; for `BCa`.
    pub jackknife: Vec<Vec<f64>>,
    /// For studentized.
    pub studentized: Option<Studentized<'a>>,
}

/// What a studentized interval is made of.
pub struct Studentized<'a> {
    /// The standard error of the estimate.
    pub error: f64,
    /// Of (replicate − estimate) / its standard error.
    pub distribution: Box<dyn Distribution + 'a>,
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
    /// Whether the distribution is complete.
    pub is_complete: bool,
}

/// The interval of values that come from outside, with the standard errors of the estimate and of each, if known; an
/// error where something that the method needs is missing.
pub fn checked(
    distribution: Vec<f64>,
    estimate: f64,
    jackknife: Vec<Vec<f64>>,
    errors: Option<(f64, &[f64])>,
    asked: Asked,
) -> Result<Interval> {
    if distribution.is_empty() {
        return Err(Error::bad_argument("a distribution of no replicates", "give at least one"));
    }
    check_level(asked.level)?;
    if asked.method == Method::Bca && jackknife.iter().all(Vec::is_empty) {
        return Err(Error::bad_argument("method BCa without jackknife values", "give jackknife"));
    }
    let errors = errors.filter(|(_, errors)| errors.len() == distribution.len());
    if asked.method == Method::Studentized && errors.is_none() {
        let remedy = "give errors: that of the estimate and one for each replicate";
        return Err(Error::bad_argument("method studentized without standard errors", remedy));
    }
    let (error, errors) = errors.unwrap_or_default();
    let t = distribution.iter().zip(errors).map(|(value, error)| (value - estimate) / error).collect();
    let studentized = Some(Studentized { error, distribution: Box::new(Held(t)) });
    interval(&mut Held(distribution), Known { estimate, jackknife, studentized }, asked, &mut |_, _| Ok(()))
}

/// An error unless `level` is between 0 and 1.
pub(crate) fn check_level(level: f64) -> Result<()> {
    let wrong = || Error::bad_argument(format!("level is {level}"), "give a number between 0 and 1");
    if level > 0.0 && level < 1.0 { Ok(()) } else { Err(wrong()) }
}

/// The interval.
pub fn interval(
    distribution: &mut dyn Distribution,
    known: Known<'_>,
    asked: Asked,
    watch: Watch<'_>,
) -> Result<Interval> {
    let tail = match asked.alternative {
        Alternative::TwoSided => (1.0 - asked.level) / 2.0,
        _ => 1.0 - asked.level,
    };
    let Known { estimate, jackknife, studentized } = known;
    let seen = distribution.seen(estimate, watch)?;
    let mut found = Interval {
        low: f64::NAN,
        high: f64::NAN,
        standard_error: seen.deviation,
        bias: seen.mean - estimate,
        z0: f64::NAN,
        acceleration: f64::NAN,
        mc_error: [f64::NAN; 2],
        is_complete: distribution.size().is_none(),
    };
    match (asked.method, studentized) {
        (Method::Percentile, _) => found.set(between(distribution, [tail, 1.0 - tail], watch)?),
        (Method::Basic, _) => found.set(reflected(between(distribution, [tail, 1.0 - tail], watch)?, estimate)),
        (Method::Normal, _) => found.set_normal(estimate, tail, distribution.size()),
        (Method::Bca, _) => {
            found.z0 = if estimate.is_nan() { f64::NAN } else { normal::inverse(seen.below) };
            found.acceleration = acceleration(&jackknife);
            found.set(between(distribution, found.corrected(tail), watch)?);
        }
        (Method::Studentized, Some(studentized)) => found.set(of_studentized(studentized, estimate, tail, watch)?),
        (Method::Studentized, None) => {}
    }
    found.cut(asked.alternative);
    Ok(found)
}

/// Endpoints with their Monte Carlo errors.
type Ends = [(f64, f64); 2];

impl Interval {
    fn set(&mut self, [low, high]: Ends) {
        (self.low, self.high) = (low.0, high.0);
        self.mc_error = [low.1, high.1];
    }

    fn set_normal(&mut self, estimate: f64, tail: f64, n: Option<f64>) {
        let z = normal::inverse(1.0 - tail);
        let (middle, se) = (estimate - self.bias, self.standard_error);
        let mc = n.map_or(0.0, |n| se * ((1.0 + z * z / 2.0) / n).sqrt());
        self.set([(middle - z * se, mc), (middle + z * se, mc)]);
    }

    /// The orders of quantiles that `BCa` takes for those of `tail` and 1 − `tail`.
    fn corrected(&self, tail: f64) -> [f64; 2] {
        let z = normal::inverse(tail);
        [z, -z].map(|z| {
            let moved = self.z0 + z;
            normal::cdf(self.z0 + moved / (1.0 - self.acceleration * moved))
        })
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

fn of_studentized(studentized: Studentized<'_>, estimate: f64, tail: f64, watch: Watch<'_>) -> Result<Ends> {
    let Studentized { error, mut distribution } = studentized;
    distribution.seen(0.0, watch)?;
    let [low, high] = between(distribution.as_mut(), [tail, 1.0 - tail], watch)?;
    let scaled = |(t, mc): (f64, f64)| (estimate - error * t, error * mc);
    Ok([scaled(high), scaled(low)])
}

/// Two quantiles with their Monte Carlo errors.
fn between(distribution: &mut dyn Distribution, [a, b]: [f64; 2], watch: Watch<'_>) -> Result<Ends> {
    let Some(n) = distribution.size() else {
        let found = distribution.quantiles(&[a, b], watch)?;
        return Ok([(found[0], 0.0), (found[1], 0.0)]);
    };
    let step = [a, b].map(|p| (p * (1.0 - p) / n).sqrt());
    let wanted = [a, b, a - step[0], a + step[0], b - step[1], b + step[1]];
    let found = distribution.quantiles(&wanted, watch)?;
    Ok([(found[0], (found[3] - found[2]) / 2.0), (found[1], (found[5] - found[4]) / 2.0)])
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
