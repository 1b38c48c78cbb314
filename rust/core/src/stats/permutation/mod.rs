//! Permutation tests: exact where all rearrangements fit or can be counted, Monte Carlo elsewhere.
//!
//! - *Independent*: labels of pooled samples are exchangeable, within strata where given.
//! - *Samples*: the values of a row are exchangeable between its columns; a single sample's signs are.
//! - *Pairings*: which row of the other columns a value of the first one stands beside is exchangeable, within strata.
//!   With covariates, what they leave of the first column is permuted (Freedman & Lane 1983).
//!
//! All distinct rearrangements are enumerated if there are at most `n_resamples`. A null distribution that no one asks
//! for is counted instead where that is possible (see [`counting`]). What is observed counts as one replicate of a
//! random run: p is never 0.

mod arrangement;
pub mod counting;
mod covariates;
mod evaluation;
mod fast;
pub mod pvalue;

pub use arrangement::Arrangement;

use self::evaluation::Evaluation;
use self::pvalue::{Extremes, Side};
use super::replicates::{Replicates, Watch, fill, room};
use super::statistic::{Pair, Statistic};
use super::stream::{Key, Stream};
use super::weighted::plain;
use crate::error::{Error, Result};

/// What is exchangeable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Labels of samples.
    Independent,
    /// The values of each row.
    Samples,
    /// The order of the first column.
    Pairings,
}

/// What is tested.
#[derive(Clone, Debug)]
pub struct Test<'a> {
    /// The statistic.
    pub statistic: Statistic,
    /// Its samples or columns.
    pub columns: Vec<&'a [f64]>,
    /// What is exchangeable under the null hypothesis.
    pub exchange: Exchange,
    /// Labels within which it is: of the pooled observations, or of the rows.
    pub strata: Option<&'a [i64]>,
    /// Which values are extreme.
    pub side: Side,
}

/// How many replicates, and which.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run {
    /// The key of the streams.
    pub key: Key,
    /// The most rearrangements to visit.
    pub n_resamples: usize,
    /// Whether the null distribution is handed back.
    pub keep: bool,
    /// Stop at the replicate by which this many are as extreme as the observed value (Besag & Clifford 1991).
    pub stop: Option<usize>,
    /// The number of threads; results do not depend on it.
    pub threads: usize,
}

/// What a test found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The statistic of the data.
    pub observed: f64,
    /// The p-value; NaN if the statistic is undefined.
    pub pvalue: f64,
    /// The Monte Carlo standard error of p.
    pub mc_error: f64,
    /// Whether every rearrangement was counted.
    pub exact: bool,
    /// How many rearrangements were visited, or counted.
    pub n_resamples: f64,
    /// Their values, if kept.
    pub null: Option<Vec<f64>>,
}

/// Tests.
pub fn test(test: &Test<'_>, run: Run, watch: Watch<'_>) -> Result<Found> {
    check(test, run)?;
    if let Some(left) = covariates::taken_off(test) {
        let columns = left.iter().map(Vec::as_slice).collect();
        let statistic = Statistic::Pair(Pair::PartialPearson);
        return of_checked(&Test { statistic, columns, ..test.clone() }, run, watch);
    }
    of_checked(test, run, watch)
}

fn of_checked(test: &Test<'_>, run: Run, watch: Watch<'_>) -> Result<Found> {
    let observed = plain(test.statistic, &test.columns);
    let arrangement = test.arrangement()?;
    if let Some(extremes) = counted(test, run) {
        return Ok(found(observed, extremes, test.side, true, None));
    }
    if let Some(count) = arrangement.count(run.n_resamples).filter(|_| run.stop.is_none()) {
        let seen = test.enumerate(&arrangement, count, observed, run.keep, watch)?;
        return Ok(found(observed, seen.extremes, test.side, true, seen.null));
    }
    let seen = test.replicates(&arrangement, observed, run, watch)?;
    let has_stopped = seen.extremes.all < run.n_resamples as f64;
    let mut found = found(observed, seen.extremes, test.side, false, seen.null);
    if has_stopped {
        found.pvalue = stopped(seen.extremes, test.side);
    }
    Ok(found)
}

/// What rearrangements gave: how many were as extreme, and their values, if they are kept.
struct Seen {
    observed: f64,
    tie: Option<f64>,
    extremes: Extremes,
    null: Option<Vec<f64>>,
}

impl Seen {
    /// Nothing yet; room for `keep` values, if they are to be kept.
    fn nothing(observed: f64, keep: Option<usize>) -> Result<Self> {
        let null = keep.map(room).transpose()?;
        Ok(Self { observed, tie: None, extremes: Extremes::default(), null })
    }

    /// Sees values until `is_enough`, and says whether it was. The first part tells what a tie is.
    fn see(&mut self, part: &[f64], is_enough: impl Fn(&Extremes) -> bool) -> bool {
        let tie = *self.tie.get_or_insert_with(|| pvalue::tie(self.observed, part));
        for (at, &x) in part.iter().enumerate() {
            self.extremes.see(x, self.observed, tie);
            if is_enough(&self.extremes) {
                self.keep(&part[..=at]);
                return true;
            }
        }
        self.keep(part);
        false
    }

    fn keep(&mut self, part: &[f64]) {
        if let Some(null) = &mut self.null {
            null.extend_from_slice(part);
        }
    }
}

/// The counts of every rearrangement without a visit to each, where that can be had and no one asks for their values.
fn counted(test: &Test<'_>, run: Run) -> Option<Extremes> {
    if run.keep || run.stop.is_some() || test.strata.is_some() {
        return None;
    }
    counting::count(test.statistic, &test.columns, test.exchange)
}

fn found(observed: f64, extremes: Extremes, side: Side, exact: bool, null: Option<Vec<f64>>) -> Found {
    let (pvalue, mc_error) = if observed.is_nan() { (f64::NAN, f64::NAN) } else { extremes.pvalue(side, exact) };
    Found { observed, pvalue, mc_error, exact, n_resamples: extremes.all, null }
}

/// Besag & Clifford's h/l: unbiased in that P(p ≤ α) ≤ α.
fn stopped(extremes: Extremes, side: Side) -> f64 {
    let one_sided = extremes.reached(side) / extremes.all;
    if side == Side::TwoSided { (2.0 * one_sided).min(1.0) } else { one_sided }
}

fn check(test: &Test<'_>, run: Run) -> Result<()> {
    let is_paired = test.exchange != Exchange::Independent;
    test.statistic.check(&test.columns, is_paired)?;
    if run.n_resamples < 1 {
        return Err(Error::bad_argument("n_resamples is 0", "give at least 1"));
    }
    let wrong = |what: &str, remedy: &str| Err(Error::bad_argument(what, remedy));
    match test.exchange {
        Exchange::Independent if test.statistic.is_paired() => {
            wrong("a statistic of rows with exchangeable labels of samples", "give exchange pairings or samples")
        }
        Exchange::Independent if test.columns.len() < 2 => {
            wrong("one sample with exchangeable labels", "give two samples or more")
        }
        Exchange::Pairings if test.columns.len() < 2 => wrong("pairings of one column", "give two columns or more"),
        Exchange::Samples if test.strata.is_some() => {
            wrong("strata for values exchanged within rows", "leave strata out: each row is one")
        }
        _ => Ok(()),
    }
}

impl Test<'_> {
    fn arrangement(&self) -> Result<Arrangement> {
        let n = self.columns[0].len() as u32;
        let k = self.columns.len() as u32;
        Ok(match self.exchange {
            Exchange::Independent => {
                let sizes = self.columns.iter().map(|column| column.len()).zip(0..);
                let labels: Vec<u32> = sizes.flat_map(|(n, label)| std::iter::repeat_n(label, n)).collect();
                Arrangement { strata: self.strata(labels.len())?, labels }
            }
            Exchange::Pairings => Arrangement { labels: (0..n).collect(), strata: self.strata(n as usize)? },
            Exchange::Samples => {
                let per_row = k.max(2);
                let row = |i: u32| (0..per_row).map(|column| column * n + i).collect();
                let labels = (0..per_row).flat_map(|column| std::iter::repeat_n(column, n as usize)).collect();
                Arrangement { labels, strata: (0..n).map(row).collect() }
            }
        })
    }

    fn strata(&self, n: usize) -> Result<Vec<Vec<u32>>> {
        match self.strata {
            None => Ok(vec![(0..n as u32).collect()]),
            Some(labels) => super::design::groups(Some(labels), n),
        }
    }

    /// The values that labels are over, for pooled samples.
    fn pool(&self) -> Vec<f64> {
        let mut pool = self.columns.concat();
        if self.exchange == Exchange::Samples && self.columns.len() == 1 {
            pool.extend(self.columns[0].iter().map(|x| -x));
        }
        pool
    }

    fn evaluation<'a>(&'a self, pool: &'a [f64]) -> Evaluation<'a> {
        match self.exchange {
            Exchange::Pairings => Evaluation::Pairings(self.statistic, self.columns.clone()),
            Exchange::Samples if self.statistic.is_paired() => Evaluation::Rows(self.statistic, self.columns.clone()),
            _ => Evaluation::pooled(self.statistic, pool, self.columns.len()),
        }
    }

    fn enumerate(
        &self,
        arrangement: &Arrangement,
        count: usize,
        observed: f64,
        keep: bool,
        watch: Watch<'_>,
    ) -> Result<Seen> {
        let pool = self.pool();
        let evaluation = self.evaluation(&pool);
        let mut labels = arrangement.first();
        let mut seen = Seen::nothing(observed, keep.then_some(count))?;
        let mut part = Vec::with_capacity(count.min(PART));
        for done in 1_u64.. {
            part.push(evaluation.of(&labels));
            if done % 1024 == 0 {
                watch(done, count as u64)?;
            }
            let is_last = !arrangement.advance(&mut labels);
            if is_last || part.len() == PART {
                seen.see(&part, |_| false);
                part.clear();
            }
            if is_last {
                break;
            }
        }
        Ok(seen)
    }

    /// Random rearrangements, a part of them at a time; with `stop`, up to the one by which so many were as extreme.
    fn replicates(&self, arrangement: &Arrangement, observed: f64, run: Run, watch: Watch<'_>) -> Result<Seen> {
        let pool = self.pool();
        let general = || Box::new(General { arrangement, evaluation: self.evaluation(&pool) }) as Box<dyn Replicates>;
        let source = fast::choose(self).unwrap_or_else(general);
        let mut seen = Seen::nothing(observed, run.keep.then_some(run.n_resamples))?;
        let is_enough = |seen: &Extremes| run.stop.is_some_and(|stop| seen.reached(self.side) >= stop as f64);
        let mut part = [Vec::new()];
        let (mut done, mut size) = (0, if run.stop.is_some() { FIRST } else { PART });
        while done < run.n_resamples {
            part[0].resize(size.min(run.n_resamples - done), 0.0);
            let mut hear = |of_part, _| watch(done as u64 + of_part, run.n_resamples as u64);
            fill(&[source.as_ref()], run.key, done as u64, &mut part, run.threads, &mut hear)?;
            if seen.see(&part[0], is_enough) {
                break;
            }
            done += part[0].len();
            size = (2 * size).min(PART);
        }
        Ok(seen)
    }
}

/// Replicates before the first look of a sequential test.
const FIRST: usize = 1024;
/// The most replicates at a time: 16 MiB.
const PART: usize = 2 << 20;

/// Labels shuffled, then evaluated.
struct General<'a> {
    arrangement: &'a Arrangement,
    evaluation: Evaluation<'a>,
}

impl Replicates for General<'_> {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        for (replicate, out) in (first..).zip(out) {
            let mut labels = self.arrangement.labels.clone();
            self.arrangement.shuffle(&mut Stream::new(key, replicate), &mut labels);
            *out = self.evaluation.of(&labels);
        }
    }

    fn cost(&self) -> usize {
        8 * self.arrangement.labels.len()
    }
}
