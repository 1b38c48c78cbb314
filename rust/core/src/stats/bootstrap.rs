//! The bootstrap of one or many data sets: estimate, distribution, interval.

use super::design::{Plan, Scheme};
use super::fast;
use super::interval::{Asked, Interval, Known, Method, check_level, interval};
use super::replicates::{General, Replicates, fill};
use super::statistic::Statistic;
use super::stream::{Key, Stream};
use super::weighted::{Weighted, prepare};
use crate::error::{Error, Result};

/// One data set.
#[derive(Clone, Debug, Default)]
pub struct Data<'a> {
    /// Its samples, or the columns of its rows.
    pub columns: Vec<&'a [f64]>,
    /// Labels of strata or clusters: for each sample, or once where rows are drawn.
    pub labels: Vec<&'a [i64]>,
    /// Masses of observations, likewise.
    pub masses: Vec<&'a [f64]>,
}

/// How replicates are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// The scheme.
    pub scheme: Scheme,
    /// Whether samples are columns of rows that are drawn together.
    pub is_paired: bool,
}

/// How many replicates, and which.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The key of the streams.
    pub key: Key,
    /// B.
    pub n_resamples: usize,
    /// Whether the distribution is handed back.
    pub keep: bool,
    /// The number of threads; results do not depend on it.
    pub threads: usize,
}

/// What a bootstrap found out about one data set.
#[derive(Clone, Debug)]
pub struct Found {
    /// The statistic of the data.
    pub estimate: f64,
    /// Its interval.
    pub interval: Interval,
    /// Replicate b at place b, if kept.
    pub distribution: Option<Vec<f64>>,
}

/// Distributions held at a time, in bytes.
const HELD: usize = 32 << 20;

/// Bootstraps each data set; every set sees the same streams, so that its result does not depend on its company.
pub fn bootstrap(
    sets: &[Data<'_>],
    statistic: Statistic,
    design: Design,
    asked: Asked,
    run: Run,
    watch: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Vec<Found>> {
    check(asked, design, run)?;
    let prepared = sets.iter().map(|set| Prepared::new(set, statistic, design)).collect::<Result<Vec<_>>>()?;
    let at_once = (HELD / 8 / run.n_resamples).max(1);
    let mut found = Vec::with_capacity(sets.len());
    for group in prepared.chunks(at_once) {
        found.extend(of_group(group, asked, run, watch)?);
    }
    Ok(found)
}

fn of_group(
    group: &[Prepared<'_>],
    asked: Asked,
    run: Run,
    watch: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Vec<Found>> {
    let mut distributions = vec![vec![0.0; run.n_resamples]; group.len()];
    let sources: Vec<_> = group.iter().map(Prepared::source).collect();
    let views: Vec<&dyn Replicates> = sources.iter().map(AsRef::as_ref).collect();
    fill(&views, run.key, &mut distributions, run.threads, watch)?;
    group.iter().zip(distributions).map(|(set, distribution)| set.found(distribution, asked, run, watch)).collect()
}

fn check(asked: Asked, design: Design, run: Run) -> Result<()> {
    if run.n_resamples < 1 {
        return Err(Error::bad_argument("n_resamples is 0", "give at least 1"));
    }
    check_level(asked.level)?;
    let is_jackknifed = matches!(asked.method, Method::Bca | Method::Studentized);
    if is_jackknifed && (design.scheme.has_blocks() || design.scheme == Scheme::Weighted) {
        let what = format!("method {:?} with design {:?}", asked.method, design.scheme);
        return Err(Error::bad_argument(what, "give percentile, basic or normal: there is no jackknife for it"));
    }
    if asked.method == Method::Studentized && design.scheme != Scheme::Ordinary {
        let what = format!("method studentized with design {:?}", design.scheme);
        return Err(Error::bad_argument(what, "give another method, or an ordinary design"));
    }
    Ok(())
}

/// A data set with everything that does not depend on the replicate.
struct Prepared<'a> {
    columns: Vec<&'a [f64]>,
    statistic: Statistic,
    design: Design,
    weighted: Box<dyn Weighted + 'a>,
    plans: Vec<Plan>,
    lengths: Vec<usize>,
    estimate: f64,
}

impl<'a> Prepared<'a> {
    fn new(set: &Data<'a>, statistic: Statistic, design: Design) -> Result<Self> {
        statistic.check(&set.columns, design.is_paired)?;
        if statistic.is_paired() && !design.is_paired {
            let remedy = "say that the design is paired: rows are drawn together";
            return Err(Error::bad_argument("a statistic of rows with samples drawn apart", remedy));
        }
        let lengths: Vec<_> = set.columns.iter().map(|column| column.len()).collect();
        let plan = |at: usize| {
            let (labels, masses) = (set.labels.get(at).copied(), set.masses.get(at).copied());
            Plan::new(design.scheme, lengths[at], labels, masses)
        };
        let drawn = if design.is_paired { 1 } else { lengths.len() };
        let plans = (0..drawn).map(plan).collect::<Result<Vec<_>>>()?;
        let weighted = prepare(statistic, &set.columns);
        let mut prepared =
            Self { columns: set.columns.clone(), statistic, design, weighted, plans, lengths, estimate: f64::NAN };
        prepared.estimate = prepared.weighted.of(&prepared.general().views(&prepared.base()));
        Ok(prepared)
    }

    fn general(&self) -> General<'_> {
        General { weighted: self.weighted.as_ref(), plans: &self.plans, lengths: self.lengths.clone() }
    }

    /// The weights of the data themselves.
    fn base(&self) -> Vec<Vec<f64>> {
        self.plans.iter().zip(&self.lengths).map(|(plan, &n)| plan.base(n)).collect()
    }

    /// The fastest source of replicates for these data and this statistic.
    fn source(&self) -> Box<dyn Replicates + '_> {
        fast::choose(&self.columns, self.statistic, self.design).unwrap_or_else(|| Box::new(self.general()))
    }

    fn found(
        &self,
        mut distribution: Vec<f64>,
        asked: Asked,
        run: Run,
        watch: &mut dyn FnMut(u64, u64) -> Result<()>,
    ) -> Result<Found> {
        let kept = run.keep.then(|| distribution.clone());
        let mut known = Known { estimate: self.estimate, ..Known::default() };
        if asked.method == Method::Bca {
            known.jackknife = self.jackknife();
        }
        if asked.method == Method::Studentized {
            known.errors = Some(self.errors(run, &mut distribution, watch)?);
        }
        let interval = interval(&mut distribution, &known, asked);
        Ok(Found { estimate: self.estimate, interval, distribution: kept })
    }

    /// For each sample or stratum, the statistic without each of its units.
    fn jackknife(&self) -> Vec<Vec<f64>> {
        let base = self.base();
        let general = self.general();
        let lowered = |sample| self.weighted.lowered(&general.views(&base), sample, self.design.is_paired);
        let of_plan = |(sample, plan): (usize, &Plan)| match plan.units() {
            None => vec![lowered(sample)],
            Some(units) if units.iter().flatten().all(|unit| unit.len() == 1) => {
                let values = lowered(sample);
                units.iter().map(|units| units.iter().map(|unit| values[unit[0] as usize]).collect()).collect()
            }
            Some(units) => units.iter().map(|units| self.without_each(sample, units)).collect(),
        };
        self.plans.iter().enumerate().flat_map(of_plan).collect()
    }

    fn without_each(&self, sample: usize, units: &[Vec<u32>]) -> Vec<f64> {
        let general = self.general();
        let mut weights = self.base();
        let without = |unit: &Vec<u32>| {
            set(&mut weights[sample], unit, 0.0);
            let value = self.weighted.of(&general.views(&weights));
            set(&mut weights[sample], unit, 1.0);
            value
        };
        units.iter().map(without).collect()
    }

    /// Jackknife standard errors of the estimate and of each replicate, whose values are put into `distribution`.
    fn errors(
        &self,
        run: Run,
        distribution: &mut [f64],
        watch: &mut dyn FnMut(u64, u64) -> Result<()>,
    ) -> Result<(f64, Vec<f64>)> {
        let general = self.general();
        let mut weights = self.base();
        let error = self.error(&weights);
        let mut errors = vec![0.0; distribution.len()];
        for (b, (value, out)) in distribution.iter_mut().zip(&mut errors).enumerate() {
            general.weights(&mut Stream::new(run.key, b as u64), &mut weights);
            *value = self.weighted.of(&general.views(&weights));
            *out = self.error(&weights);
            if b % 256 == 0 {
                watch(b as u64, run.n_resamples as u64)?;
            }
        }
        Ok((error, errors))
    }

    /// √Σⱼ (nⱼ − 1)/nⱼ Σᵢ wᵢ (θ₍ᵢ₎ − θ̄)².
    fn error(&self, weights: &[Vec<f64>]) -> f64 {
        let general = self.general();
        let of_sample = |(sample, weights_of): (usize, &Vec<f64>)| {
            let lowered = self.weighted.lowered(&general.views(weights), sample, self.design.is_paired);
            let present = || lowered.iter().zip(weights_of).filter(|(_, w)| **w > 0.0);
            let n: f64 = weights_of.iter().sum();
            let mean = present().map(|(x, w)| w * x).sum::<f64>() / n;
            (n - 1.0) / n * present().map(|(x, w)| w * (x - mean) * (x - mean)).sum::<f64>()
        };
        weights.iter().enumerate().map(of_sample).sum::<f64>().sqrt()
    }
}

fn set(weights: &mut [f64], places: &[u32], to: f64) {
    for &place in places {
        weights[place as usize] = to;
    }
}
