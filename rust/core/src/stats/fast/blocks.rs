//! Block bootstraps of statistics of central moments: the sums of every block that can be drawn are written down once, by
//! differences of cumulated sums, and drawn as rows. The last block, cut at n observations, is drawn from a second table.

use super::moments::{COST, Column};
use super::sums::{Group, Rows, Segment, draw, visit};
use crate::stats::replicates::Replicates;
use crate::stats::statistic::{Moment, Statistic};
use crate::stats::stream::{Key, Stream};
use crate::stats::weighted::{Central, Weighted, of_central, prepare};

/// Replicates of a statistic whose highest power is K.
struct Blocks<'a, const K: usize> {
    moment: Moment,
    n: usize,
    pivot: f64,
    length: usize,
    starts: usize,
    /// Sums of whole blocks, then of cut ones, by where they start.
    rows: Vec<[f64; K]>,
    segments: Vec<Segment>,
    weighted: Box<dyn Weighted + 'a>,
}

/// The source for blocks of `length` that may begin at the first `starts` places of `values`, if these allow it.
pub fn source<'a>(moment: Moment, values: &'a [f64], length: usize, starts: usize) -> Option<Box<dyn Replicates + 'a>> {
    let column = Column::new(values)?;
    Some(match moment.degree() {
        1 => Box::new(Blocks::<1>::new(moment, &column, length, starts)),
        2 => Box::new(Blocks::<2>::new(moment, &column, length, starts)),
        _ => Box::new(Blocks::<4>::new(moment, &column, length, starts)),
    })
}

/// A spread below this share of the square sum about the pivot has lost digits.
const LOST: f64 = 1e-6;

impl<'a, const K: usize> Blocks<'a, K> {
    fn new(moment: Moment, column: &Column<'a>, length: usize, starts: usize) -> Self {
        let n = column.values.len();
        let cumulated = cumulated::<K>(column, length);
        let sum = |start: usize, length: usize| {
            std::array::from_fn(|power| cumulated[start + length][power] - cumulated[start][power])
        };
        let (whole, cut) = (n / length, n % length);
        let of_length = |length: usize| (0..starts).map(move |start| (start, length));
        let rows = of_length(length).chain(of_length(cut)).map(|(start, length)| sum(start, length)).collect();
        let segments = vec![
            Segment { first: 0, rows: starts, draws: whole },
            Segment { first: starts, rows: starts, draws: usize::from(cut > 0) },
        ];
        let weighted = prepare(Statistic::Moment(moment), &[column.values]);
        Self { moment, n, pivot: column.pivot, length, starts, rows, segments, weighted }
    }

    /// The statistic of sums; `None` if their digits cancel.
    fn value(&self, sums: [f64; K]) -> Option<f64> {
        let mut powers = [0.0; 4];
        powers[..K].copy_from_slice(&sums);
        let central = Central::about(self.pivot, self.n as f64, powers);
        (K == 1 || central.m2 > LOST * powers[1]).then(|| of_central(self.moment, &[central]))
    }

    /// A replicate in two passes.
    fn anew(&self, key: Key, replicate: u64) -> f64 {
        let mut counts = vec![0.0; self.n];
        visit::<[f64; K]>(&mut Stream::new(key, replicate), &self.segments, |row| {
            let is_whole = row < self.starts;
            let (start, length) = if is_whole { (row, self.length) } else { (row - self.starts, self.n % self.length) };
            for place in start..start + length {
                counts[place % self.n] += 1.0;
            }
        });
        self.weighted.of(&[&counts])
    }
}

/// Sums of powers of all values before each place, going on around the end for one block.
fn cumulated<const K: usize>(column: &Column<'_>, length: usize) -> Vec<[f64; K]> {
    let mut rows = vec![[0.0; K]; column.values.len()];
    column.write(0, &mut rows);
    let mut sum = [0.0; K];
    let mut cumulated = vec![sum];
    for row in rows.iter().chain(&rows[..length]) {
        sum = std::array::from_fn(|power| sum[power] + row[power]);
        cumulated.push(sum);
    }
    cumulated
}

impl<const K: usize> Rows<[f64; K]> for Blocks<'_, K> {
    fn write(&self, first: usize, out: &mut [[f64; K]]) {
        out.copy_from_slice(&self.rows[first..first + out.len()]);
    }
}

impl<const K: usize> Replicates for Blocks<'_, K> {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let mut groups = Group::all(key, first, out.len());
        draw(self, &self.segments, &mut groups);
        let sums = groups.iter().flat_map(|group| group.sums);
        for (replicate, (out, sums)) in (first..).zip(out.iter_mut().zip(sums)) {
            *out = self.value(sums).unwrap_or_else(|| self.anew(key, replicate));
        }
    }

    fn cost(&self) -> usize {
        COST + self.n / self.length
    }
}
