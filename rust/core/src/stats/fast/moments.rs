//! Statistics of central moments, from sums of powers of drawn values about a pivot within the data.
//!
//! Where a replicate's spread is so small beside its distance from the pivot that its digits cancel, the replicate is
//! drawn again and taken in two passes.

use super::sums::{Group, Rows, Segment, draw, visit};
use crate::stats::replicates::Replicates;
use crate::stats::statistic::{Moment, Statistic};
use crate::stats::stream::{Key, LANES, Stream};
use crate::stats::weighted::{Central, Weighted, of_central, prepare};

/// Values with a pivot, as rows of K powers of their distance from it.
pub struct Column<'a> {
    /// The values.
    pub values: &'a [f64],
    /// Their mean, within their range.
    pub pivot: f64,
}

impl<'a> Column<'a> {
    /// `None` if a value is not finite, or so large that its fourth power is not.
    pub fn new(values: &'a [f64]) -> Option<Self> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for &x in values {
            low = if x < low { x } else { low };
            high = if x > high { x } else { high };
        }
        let mean = values.iter().map(|x| x - low).sum::<f64>() / values.len() as f64 + low;
        // Not a number, if a value was not; beyond, if one is too large.
        let is_sound = mean.is_finite() && low.abs().max(high.abs()) < LARGEST;
        is_sound.then(|| Self { values, pivot: mean.clamp(low, high) })
    }
}

/// Of this, the fourth power is 10²⁸⁰.
const LARGEST: f64 = 1e70;

impl<const K: usize> Rows<[f64; K]> for Column<'_> {
    fn write(&self, first: usize, out: &mut [[f64; K]]) {
        for (powers, x) in out.iter_mut().zip(&self.values[first..]) {
            let mut power = 1.0;
            *powers = std::array::from_fn(|_| {
                power *= x - self.pivot;
                power
            });
        }
    }
}

/// Replicates of a statistic of central moments whose samples are drawn apart; K is the highest power that it needs.
pub struct Moments<'a, const K: usize> {
    moment: Moment,
    columns: Vec<Column<'a>>,
    weighted: Box<dyn Weighted + 'a>,
}

/// The source for these samples, if their values allow it.
pub fn source<'a>(moment: Moment, samples: &[&'a [f64]]) -> Option<Box<dyn Replicates + 'a>> {
    let columns = samples.iter().map(|values| Column::new(values)).collect::<Option<Vec<_>>>()?;
    let weighted = prepare(Statistic::Moment(moment), samples);
    Some(match moment.degree() {
        1 => Box::new(Moments::<1> { moment, columns, weighted }),
        2 => Box::new(Moments::<2> { moment, columns, weighted }),
        _ => Box::new(Moments::<4> { moment, columns, weighted }),
    })
}

/// A spread below this share of the square sum about the pivot has lost digits.
const LOST: f64 = 1e-6;

impl<const K: usize> Moments<'_, K> {
    /// The central moments of a replicate, and whether they keep their digits.
    fn central(column: &Column<'_>, sums: [f64; K]) -> (Central, bool) {
        let mut powers = [0.0; 4];
        powers[..K].copy_from_slice(&sums);
        let central = Central::about(column.pivot, column.values.len() as f64, powers);
        (central, K == 1 || central.m2 > LOST * powers[1])
    }

    /// Adds the central moments of one column to those of each replicate.
    fn add(column: &Column<'_>, groups: &mut [Group<[f64; K]>], replicates: &mut [(Vec<Central>, bool)]) {
        for group in groups.iter_mut() {
            group.sums = [[0.0; K]; LANES];
        }
        draw(column, &[Segment::whole(column.values.len())], groups);
        let sums = groups.iter().flat_map(|group| group.sums);
        for (replicate, sums) in replicates.iter_mut().zip(sums) {
            let (central, is_sound) = Self::central(column, sums);
            replicate.0.push(central);
            replicate.1 &= is_sound;
        }
    }

    /// A replicate in two passes.
    fn anew(&self, key: Key, replicate: u64) -> f64 {
        let mut stream = Stream::new(key, replicate);
        let counts = |column: &Column<'_>| {
            let mut counts = vec![0.0; column.values.len()];
            visit::<[f64; K]>(&mut stream, &[Segment::whole(counts.len())], |row| counts[row] += 1.0);
            counts
        };
        let weights: Vec<Vec<f64>> = self.columns.iter().map(counts).collect();
        self.weighted.of(&weights.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

impl<const K: usize> Replicates for Moments<'_, K> {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let mut groups = Group::all(key, first, out.len());
        if let ([column], 1) = (self.columns.as_slice(), K) {
            draw(column, &[Segment::whole(column.values.len())], &mut groups);
            let sums = groups.iter().flat_map(|group| group.sums);
            out.iter_mut().zip(sums).for_each(|(out, s)| *out = of_central(self.moment, &[Self::central(column, s).0]));
            return;
        }
        let mut replicates = vec![(Vec::with_capacity(self.columns.len()), true); out.len()];
        for column in &self.columns {
            Self::add(column, &mut groups, &mut replicates);
        }
        for (replicate, ((columns, is_sound), out)) in (first..).zip(replicates.iter().zip(out)) {
            *out = if *is_sound { of_central(self.moment, columns) } else { self.anew(key, replicate) };
        }
    }

    fn cost(&self) -> usize {
        COST + self.columns.iter().map(|column| column.values.len()).sum::<usize>()
    }
}

/// What a replicate costs beside its draws, in draws.
pub const COST: usize = 50;
