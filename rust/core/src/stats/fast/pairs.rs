//! Statistics of two columns of rows, from sums of drawn points: Pearson's r, slopes, and what moments of both columns tell.
//!
//! Values are taken about their means;
//! where a spread is lost to rounding, the replicate is drawn again and taken in two passes.

use super::kernel::Point;
use super::moments::{COST, Column};
use super::sums::{Group, Rows, Segment, draw, visit};
use crate::stats::replicates::Replicates;
use crate::stats::statistic::{Pair, Statistic};
use crate::stats::stream::{Key, Stream};
use crate::stats::weighted::{Central, Weighted, correlation, of_central, prepare};

/// Replicates of a statistic of rows of two columns.
pub struct Pairs<'a> {
    statistic: Statistic,
    x: Column<'a>,
    y: Column<'a>,
    weighted: Box<dyn Weighted + 'a>,
}

/// The source for these columns, if their values allow it.
pub fn source<'a>(statistic: Statistic, columns: &[&'a [f64]]) -> Option<Box<dyn Replicates + 'a>> {
    let (x, y) = (Column::new(columns[0])?, Column::new(columns[1])?);
    Some(Box::new(Pairs { statistic, x, y, weighted: prepare(statistic, columns) }))
}

impl Rows<Point> for Pairs<'_> {
    fn write(&self, first: usize, out: &mut [Point]) {
        let points = self.x.values[first..].iter().zip(&self.y.values[first..]);
        for (out, (x, y)) in out.iter_mut().zip(points) {
            *out = Point([x - self.x.pivot, y - self.y.pivot]);
        }
    }
}

/// A spread below this share of the square sum about the pivot has lost digits.
const LOST: f64 = 1e-6;

impl Pairs<'_> {
    fn segment(&self) -> [Segment; 1] {
        [Segment::whole(self.x.values.len())]
    }

    /// The statistic, if its digits do not cancel.
    fn value(&self, [x, y, xx, yy, xy]: [f64; 5]) -> Option<f64> {
        let n = self.x.values.len() as f64;
        let (sxx, syy, sxy) = (xx - x * x / n, yy - y * y / n, xy - x * y / n);
        if !(sxx > LOST * xx && syy > LOST * yy) {
            return None;
        }
        Some(match self.statistic {
            Statistic::Pair(Pair::Slope) => sxy / sxx,
            Statistic::Moment(moment) => {
                let of = |column: &Column<'_>, s1, s2| Central::about(column.pivot, n, [s1, s2, 0.0, 0.0]);
                of_central(moment, &[of(&self.x, x, xx), of(&self.y, y, yy)])
            }
            _ => correlation(sxx, sxy, syy),
        })
    }

    /// A replicate in two passes.
    fn anew(&self, key: Key, replicate: u64) -> f64 {
        let mut counts = vec![0.0; self.x.values.len()];
        visit::<Point>(&mut Stream::new(key, replicate), &self.segment(), |row| counts[row] += 1.0);
        self.weighted.of(&[&counts, &counts])
    }
}

impl Replicates for Pairs<'_> {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let mut groups = Group::all(key, first, out.len());
        draw(self, &self.segment(), &mut groups);
        let sums = groups.iter().flat_map(|group| group.sums);
        for (replicate, (out, sums)) in (first..).zip(out.iter_mut().zip(sums)) {
            *out = self.value(sums).unwrap_or_else(|| self.anew(key, replicate));
        }
    }

    fn cost(&self) -> usize {
        COST + 2 * self.x.values.len()
    }
}
