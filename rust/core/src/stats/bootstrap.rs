//! The bootstrap of one or many data sets: estimate, distribution, interval.

use super::design::{Plan, Scheme};
use super::distribution::{Distribution, Held, Masses, Streamed};
use super::fast;
use super::interval::{Asked, Interval, Known, Method, Studentized, check_level, interval};
use super::replicates::{General, Replicates, Watch, fill, room};
use super::statistic::Statistic;
use super::stream::{Key, Stream};
use super::weighted::{Weighted, Weights, one_by_one, prepare};
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

impl Run {
    /// The replicates of one source, held if they are not too many.
    fn drawn<'a>(self, source: &'a dyn Replicates, watch: Watch<'_>) -> Result<Box<dyn Distribution + 'a>> {
        if self.n_resamples > HELD {
            return Ok(Box::new(self.streamed(source)));
        }
        let mut drawn = [vec![0.0; self.n_resamples]];
        fill(&[source], self.key, 0, &mut drawn, self.threads, watch)?;
        let [drawn] = drawn;
        Ok(Box::new(Held(drawn)))
    }

    fn streamed(self, source: &dyn Replicates) -> Streamed<'_> {
        Streamed::new(source, self.key, self.n_resamples, self.threads)
    }
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

/// Replicates held at a time, of all data sets together: 32 MiB.
const HELD: usize = 4 << 20;

/// Bootstraps each data set; every set sees the same streams, so that its result does not depend on its company.
pub fn bootstrap(
    sets: &[Data<'_>],
    statistic: Statistic,
    design: Design,
    asked: Asked,
    run: Run,
    watch: Watch<'_>,
) -> Result<Vec<Found>> {
    check(asked, design, run)?;
    let prepared = sets.iter().map(|set| Prepared::new(set, statistic, design)).collect::<Result<Vec<_>>>()?;
    let mut found = prepared.iter().map(|set| set.unheld(asked, run, watch)).collect::<Result<Vec<_>>>()?;
    let left: Vec<usize> = (0..found.len()).filter(|&at| found[at].is_none()).collect();
    for places in left.chunks((HELD / run.n_resamples).max(1)) {
        let group: Vec<_> = places.iter().map(|&at| &prepared[at]).collect();
        for (&at, of_set) in places.iter().zip(of_group(&group, asked, run, watch)?) {
            found[at] = Some(of_set);
        }
    }
    Ok(found.into_iter().flatten().collect())
}

fn of_group(group: &[&Prepared<'_>], asked: Asked, run: Run, watch: Watch<'_>) -> Result<Vec<Found>> {
    let mut distributions = group.iter().map(|_| room(run.n_resamples)).collect::<Result<Vec<_>>>()?;
    for distribution in &mut distributions {
        distribution.resize(run.n_resamples, 0.0);
    }
    let sources: Vec<_> = group.iter().map(|set| set.source(asked.method)).collect();
    let views: Vec<&dyn Replicates> = sources.iter().map(AsRef::as_ref).collect();
    fill(&views, run.key, 0, &mut distributions, run.threads, watch)?;
    let of_set = |(set, distribution): (&&Prepared<'_>, Vec<f64>)| {
        let kept = run.keep.then(|| copied(&distribution)).transpose()?;
        Ok(Found { distribution: kept, ..set.found(&mut Held(distribution), asked, run, watch)? })
    };
    group.iter().zip(distributions).map(of_set).collect()
}

fn copied(values: &[f64]) -> Result<Vec<f64>> {
    let mut copy = room(values.len())?;
    copy.extend_from_slice(values);
    Ok(copy)
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

    /// The fastest source of replicates for these data and this statistic; for studentized the one whose weights are known.
    fn source(&self, method: Method) -> Box<dyn Replicates + '_> {
        let fast = || fast::choose(&self.columns, self.statistic, self.design);
        let fast = if method == Method::Studentized { None } else { fast() };
        fast.unwrap_or_else(|| Box::new(self.general()))
    }

    /// What can be found out without holding all replicates: where their distribution is known, or they are too many.
    fn unheld(&self, asked: Asked, run: Run, watch: Watch<'_>) -> Result<Option<Found>> {
        if run.keep {
            return Ok(None);
        }
        if let Some(mut masses) = self.masses(asked.method) {
            watch(run.n_resamples as u64, run.n_resamples as u64)?;
            return self.found(&mut masses, asked, run, watch).map(Some);
        }
        if run.n_resamples <= HELD {
            return Ok(None);
        }
        let source = self.source(asked.method);
        self.found(&mut run.streamed(source.as_ref()), asked, run, watch).map(Some)
    }

    /// The whole distribution, if it is known.
    fn masses(&self, method: Method) -> Option<Masses> {
        let is_apart = self.columns.len() == 1 && self.design.scheme == Scheme::Ordinary;
        (is_apart && method != Method::Studentized).then(|| fast::masses(self.columns[0], self.statistic)).flatten()
    }

    fn found(&self, distribution: &mut dyn Distribution, asked: Asked, run: Run, watch: Watch<'_>) -> Result<Found> {
        let ratios = (asked.method == Method::Studentized).then(|| Ratios::new(self));
        let mut known = Known { estimate: self.estimate, ..Known::default() };
        if asked.method == Method::Bca {
            known.jackknife = self.jackknife(run, watch)?;
        }
        if let Some(ratios) = &ratios {
            known.studentized = Some(Studentized { error: ratios.error, distribution: run.drawn(ratios, watch)? });
        }
        let interval = interval(distribution, known, asked, watch)?;
        Ok(Found { estimate: self.estimate, interval, distribution: None })
    }

    /// For each sample or stratum, the statistic without each of its units.
    fn jackknife(&self, run: Run, watch: Watch<'_>) -> Result<Vec<Vec<f64>>> {
        let base = self.base();
        let mut all = Vec::new();
        for (sample, plan) in self.plans.iter().enumerate() {
            match plan.units() {
                None => all.push(self.lowered(&base, sample, run, watch)?),
                Some(units) if units.iter().flatten().all(|unit| unit.len() == 1) => {
                    let values = self.lowered(&base, sample, run, watch)?;
                    all.extend(units.iter().map(|units| units.iter().map(|unit| values[unit[0] as usize]).collect()));
                }
                Some(units) => {
                    for units in &units {
                        all.push(self.without_each(sample, units, run, watch)?);
                    }
                }
            }
        }
        Ok(all)
    }

    /// The statistic without each observation; one by one on all threads, where there is no quicker way.
    fn lowered(&self, weights: &[Vec<f64>], sample: usize, run: Run, watch: Watch<'_>) -> Result<Vec<f64>> {
        let general = self.general();
        let (weights, is_paired) = (general.views(weights), self.design.is_paired);
        if let Some(values) = self.weighted.lowered(&weights, sample, is_paired) {
            return Ok(values);
        }
        let mut values = [vec![0.0; weights[sample].len()]];
        let left_out = LeftOut { weighted: self.weighted.as_ref(), weights, sample, is_paired };
        let all = run.n_resamples as u64;
        fill(&[&left_out], run.key, 0, &mut values, run.threads, &mut |_, _| watch(all, all))?;
        let [values] = values;
        Ok(values)
    }

    fn without_each(&self, sample: usize, units: &[Vec<u32>], run: Run, watch: Watch<'_>) -> Result<Vec<f64>> {
        let general = self.general();
        let all = run.n_resamples as u64;
        let mut weights = self.base();
        let mut values = Vec::with_capacity(units.len());
        for unit in units {
            set(&mut weights[sample], unit, 0.0);
            values.push(self.weighted.of(&general.views(&weights)));
            set(&mut weights[sample], unit, 1.0);
            if values.len() % 64 == 0 {
                watch(all, all)?;
            }
        }
        Ok(values)
    }

    /// √Σⱼ (nⱼ − 1)/nⱼ Σᵢ wᵢ (θ₍ᵢ₎ − θ̄)².
    fn error(&self, weights: &[Vec<f64>]) -> f64 {
        let general = self.general();
        let of_sample = |(sample, weights_of): (usize, &Vec<f64>)| {
            let (views, is_paired) = (general.views(weights), self.design.is_paired);
            let slowly = || one_by_one(self.weighted.as_ref(), &views, sample, is_paired, 0..weights_of.len());
            let lowered = self.weighted.lowered(&views, sample, is_paired).unwrap_or_else(slowly);
            let present = || lowered.iter().zip(weights_of).filter(|(_, w)| **w > 0.0);
            let n: f64 = weights_of.iter().sum();
            let mean = present().map(|(x, w)| w * x).sum::<f64>() / n;
            (n - 1.0) / n * present().map(|(x, w)| w * (x - mean) * (x - mean)).sum::<f64>()
        };
        weights.iter().enumerate().map(of_sample).sum::<f64>().sqrt()
    }
}

/// The statistic without each observation, one by one.
struct LeftOut<'a> {
    weighted: &'a dyn Weighted,
    weights: Vec<&'a [f64]>,
    sample: usize,
    is_paired: bool,
}

impl Replicates for LeftOut<'_> {
    fn fill(&self, _key: Key, first: u64, out: &mut [f64]) {
        let first = first as usize;
        let weights: &Weights<'_> = &self.weights;
        out.copy_from_slice(&one_by_one(self.weighted, weights, self.sample, self.is_paired, first..first + out.len()));
    }

    fn cost(&self) -> usize {
        16 * self.weights.iter().map(|weights| weights.len()).sum::<usize>()
    }
}

/// (replicate − estimate) / its jackknife standard error.
struct Ratios<'a> {
    set: &'a Prepared<'a>,
    /// The standard error of the estimate.
    error: f64,
}

impl<'a> Ratios<'a> {
    fn new(set: &'a Prepared<'a>) -> Self {
        Self { set, error: set.error(&set.base()) }
    }
}

impl Replicates for Ratios<'_> {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let general = self.set.general();
        let mut weights = general.room();
        for (replicate, out) in (first..).zip(out) {
            general.weights(&mut Stream::new(key, replicate), &mut weights);
            let value = general.weighted.of(&general.views(&weights));
            *out = (value - self.set.estimate) / self.set.error(&weights);
        }
    }

    fn cost(&self) -> usize {
        8 * self.set.general().cost()
    }
}

fn set(weights: &mut [f64], places: &[u32], to: f64) {
    for &place in places {
        weights[place as usize] = to;
    }
}
