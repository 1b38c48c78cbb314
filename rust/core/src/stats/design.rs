//! Resampling designs: how a stream becomes one weight for each observation.
//!
//! Ordinary draws n of n. Stratified draws within each label as many as it has; cluster draws labels, each with all its
//! observations; two-level draws labels, then observations within each drawn label (Davison & Hinkley 1997, §3.8). Blocks
//! are runs of successive observations: moving (Künsch 1989) from places where they fit, circular (Politis & Romano 1992)
//! from any place, the end joined to the beginning, both cut at n observations in all; stationary (Politis & Romano 1994)
//! has geometric lengths. Bayesian weights (Rubin 1981) are n × Dirichlet(1, …, 1); Poisson weights are independent
//! Poisson(1), so that n varies. Weighted draws n with probabilities in proportion to given masses.

use std::collections::BTreeMap;

use super::draws;
use super::stream::Stream;
use crate::error::{Error, Result};

/// A design, without the data that it is applied to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scheme {
    /// n of n, with replacement.
    Ordinary,
    /// Within each label.
    Stratified,
    /// Whole labels.
    Cluster,
    /// Labels, then observations within each.
    TwoLevel,
    /// Blocks of a fixed length that fit.
    Moving(f64),
    /// Blocks of a fixed length, around the end.
    Circular(f64),
    /// Blocks of a geometric length with this mean.
    Stationary(f64),
    /// Dirichlet weights.
    Bayesian,
    /// Independent Poisson weights.
    Poisson,
    /// Probabilities in proportion to masses.
    Weighted,
}

impl Scheme {
    /// The scheme called `kind`; `block` is the length of blocks, for those that have them.
    pub fn named(kind: &str, block: Option<f64>) -> Result<Self> {
        let length = || {
            let block = block.ok_or_else(|| Error::bad_argument("no block length given", "give block"))?;
            let wrong = || Error::bad_argument(format!("block is {block}"), "give a length of at least 1");
            if block >= 1.0 && block.is_finite() { Ok(block) } else { Err(wrong()) }
        };
        Ok(match kind {
            "ordinary" => Self::Ordinary,
            "stratified" => Self::Stratified,
            "cluster" => Self::Cluster,
            "two_level" => Self::TwoLevel,
            "moving" => Self::Moving(length()?),
            "circular" => Self::Circular(length()?),
            "stationary" => Self::Stationary(length()?),
            "bayesian" => Self::Bayesian,
            "poisson" => Self::Poisson,
            "weighted" => Self::Weighted,
            _ => {
                let remedy = "give ordinary, stratified, cluster, two_level, moving, circular, stationary, bayesian, \
                              poisson or weighted";
                return Err(Error::bad_argument(format!("design is {kind:?}"), remedy));
            }
        })
    }

    /// Whether it asks for labels.
    pub fn has_labels(self) -> bool {
        matches!(self, Self::Stratified | Self::Cluster | Self::TwoLevel)
    }

    /// Whether observations have an order, so that leaving one out means nothing.
    pub fn has_blocks(self) -> bool {
        matches!(self, Self::Moving(_) | Self::Circular(_) | Self::Stationary(_))
    }
}

/// A scheme applied to the observations of one sample.
pub enum Plan {
    /// n of n.
    Ordinary(usize),
    /// Observations of each label.
    Stratified(Vec<Vec<u32>>),
    /// Observations of each label.
    Cluster(Vec<Vec<u32>>),
    /// Observations of each label.
    TwoLevel(Vec<Vec<u32>>),
    /// n, length, places where a block may start.
    Blocks(usize, usize, usize),
    /// n, and the chance in 2³² that a block ends.
    Stationary(usize, u64),
    /// n.
    Bayesian,
    /// n.
    Poisson,
    /// Cumulated masses.
    Weighted(Vec<f64>),
}

impl Plan {
    /// The plan for `n` observations with these labels or masses, where the scheme asks for them.
    pub fn new(scheme: Scheme, n: usize, labels: Option<&[i64]>, masses: Option<&[f64]>) -> Result<Self> {
        Ok(match scheme {
            Scheme::Ordinary => Self::Ordinary(n),
            Scheme::Stratified => Self::Stratified(groups(labels, n)?),
            Scheme::Cluster => Self::Cluster(clusters(labels, n)?),
            Scheme::TwoLevel => Self::TwoLevel(clusters(labels, n)?),
            Scheme::Moving(length) => {
                let length = block(length, n)?;
                Self::Blocks(n, length, n - length + 1)
            }
            Scheme::Circular(length) => Self::Blocks(n, block(length, n)?, n),
            Scheme::Stationary(mean) => Self::Stationary(n, (f64::exp2(32.0) / mean) as u64),
            Scheme::Bayesian => Self::Bayesian,
            Scheme::Poisson => Self::Poisson,
            Scheme::Weighted => Self::Weighted(cumulated(masses, n)?),
        })
    }

    /// The weights of the data themselves.
    pub fn base(&self, n: usize) -> Vec<f64> {
        let Self::Weighted(cumulated) = self else { return vec![1.0; n] };
        let scale = n as f64 / cumulated[n - 1];
        let before = std::iter::once(&0.0).chain(cumulated);
        cumulated.iter().zip(before).map(|(to, from)| (to - from) * scale).collect()
    }

    /// Draws weights.
    pub fn draw(&self, stream: &mut Stream, weights: &mut [f64]) {
        weights.fill(0.0);
        match self {
            Self::Ordinary(n) => (0..*n).for_each(|_| weights[stream.below(*n)] += 1.0),
            Self::Stratified(strata) => {
                for stratum in strata {
                    within(stratum, stream, weights);
                }
            }
            Self::Cluster(clusters) => {
                for _ in clusters {
                    for &i in &clusters[stream.below(clusters.len())] {
                        weights[i as usize] += 1.0;
                    }
                }
            }
            Self::TwoLevel(clusters) => {
                for _ in clusters {
                    within(&clusters[stream.below(clusters.len())], stream, weights);
                }
            }
            Self::Blocks(n, length, starts) => blocks(*n, *length, *starts, stream, weights),
            Self::Stationary(n, end) => stationary(*n, *end, stream, weights),
            Self::Bayesian => dirichlet(stream, weights),
            Self::Poisson => {
                for weight in weights {
                    *weight = draws::poisson_one(stream);
                }
            }
            Self::Weighted(cumulated) => {
                let last = cumulated.len() - 1;
                for _ in cumulated {
                    let place = stream.unit() * cumulated[last];
                    weights[cumulated.partition_point(|&sum| sum <= place).min(last)] += 1.0;
                }
            }
        }
    }

    /// Observations that are left out together by a jackknife, in samples that are jackknifed apart; `None` for each
    /// observation by itself, all of one sample.
    pub fn units(&self) -> Option<Vec<Vec<Vec<u32>>>> {
        match self {
            Self::Cluster(clusters) | Self::TwoLevel(clusters) => Some(vec![clusters.clone()]),
            Self::Stratified(strata) => {
                let apart = |stratum: &Vec<u32>| stratum.iter().map(|&i| vec![i]).collect();
                Some(strata.iter().map(apart).collect())
            }
            _ => None,
        }
    }
}

fn within(places: &[u32], stream: &mut Stream, weights: &mut [f64]) {
    for _ in places {
        weights[places[stream.below(places.len())] as usize] += 1.0;
    }
}

fn blocks(n: usize, length: usize, starts: usize, stream: &mut Stream, weights: &mut [f64]) {
    let mut left = n;
    while left > 0 {
        let start = stream.below(starts);
        let taken = length.min(left);
        for place in start..start + taken {
            weights[if place < n { place } else { place - n }] += 1.0;
        }
        left -= taken;
    }
}

fn stationary(n: usize, end: u64, stream: &mut Stream, weights: &mut [f64]) {
    let mut place = stream.below(n);
    for _ in 0..n {
        weights[place] += 1.0;
        let ends = (stream.word() >> 32) < end;
        place = if ends { stream.below(n) } else { (place + 1) % n };
    }
}

fn dirichlet(stream: &mut Stream, weights: &mut [f64]) {
    for weight in weights.iter_mut() {
        *weight = draws::exponential(stream);
    }
    let scale = weights.len() as f64 / weights.iter().sum::<f64>();
    for weight in weights {
        *weight *= scale;
    }
}

pub(super) fn groups(labels: Option<&[i64]>, n: usize) -> Result<Vec<Vec<u32>>> {
    let labels = labels.ok_or_else(|| Error::bad_argument("no labels given", "give one label an observation"))?;
    if labels.len() != n {
        let what = format!("{} labels for {n} observations", labels.len());
        return Err(Error::bad_argument(what, "give one label an observation"));
    }
    let mut groups: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    labels.iter().enumerate().for_each(|(i, label)| groups.entry(*label).or_default().push(i as u32));
    Ok(groups.into_values().collect())
}

fn clusters(labels: Option<&[i64]>, n: usize) -> Result<Vec<Vec<u32>>> {
    let clusters = groups(labels, n)?;
    let wrong = || Error::bad_argument(format!("{} cluster", clusters.len()), "give at least two clusters");
    if clusters.len() < 2 { Err(wrong()) } else { Ok(clusters) }
}

fn block(length: f64, n: usize) -> Result<usize> {
    let wrong = || {
        let what = format!("blocks of {length} for {n} observations");
        Error::bad_argument(what, "give a whole number, from 1 to the number of observations")
    };
    if length.fract() == 0.0 && length <= n as f64 { Ok(length as usize) } else { Err(wrong()) }
}

fn cumulated(masses: Option<&[f64]>, n: usize) -> Result<Vec<f64>> {
    let masses = masses.ok_or_else(|| Error::bad_argument("no weights given", "give one weight an observation"))?;
    let is_sound = masses.iter().all(|m| m.is_finite() && *m >= 0.0) && masses.iter().any(|m| *m > 0.0);
    if masses.len() != n || !is_sound {
        let what = format!("{} weights for {n} observations", masses.len());
        return Err(Error::bad_argument(what, "give one finite weight an observation, not negative, not all zero"));
    }
    Ok(masses.iter().scan(0.0, |sum, mass| Some((*sum += mass, *sum).1)).collect())
}
