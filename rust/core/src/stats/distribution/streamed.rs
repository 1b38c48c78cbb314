//! A distribution of which a part at a time is in memory.

use super::{Distribution, Seen, moments, ranked, reach, tie};
use crate::error::Result;
use crate::stats::replicates::{Replicates, Watch, fill};
use crate::stats::select::{Place, key, value};
use crate::stats::stream::Key;

/// Replicates that are drawn anew for each question; [`Distribution::seen`] comes first.
pub struct Streamed<'a> {
    source: &'a dyn Replicates,
    key: Key,
    n: usize,
    threads: usize,
    part: Vec<Vec<f64>>,
    /// The least and the greatest key, once seen, unless there is a NaN.
    range: Option<(i64, i64)>,
}

/// Replicates held at a time.
const PART: usize = 1 << 21;
/// Counters of one pass, in all.
const BINS: usize = 1 << 20;
/// So many values near a wanted one are held at last.
const FEW: u64 = 1 << 16;

/// A range of keys around wanted order statistics.
struct Range {
    low: i64,
    high: i64,
    /// Values below the range.
    before: u64,
    /// Values in it.
    count: u64,
    /// Ranks of the wanted ones, among all.
    ranks: Vec<u64>,
}

impl Range {
    fn has(&self, key: i64) -> bool {
        self.low <= key && key <= self.high
    }

    /// By how many bits a distance from `low` is shifted, so that so many bins hold all.
    fn shift(&self, bins: usize) -> u32 {
        let distance = self.high.abs_diff(self.low);
        (u64::BITS - distance.leading_zeros()).saturating_sub(bins.ilog2())
    }

    /// The bins that hold wanted values, as ranges.
    fn narrowed(&self, counts: &[u64], shift: u32) -> Vec<Self> {
        let mut before = self.before;
        let mut found = Vec::new();
        for (bin, &count) in counts.iter().enumerate() {
            let is_here = |rank: &&u64| (before..before + count).contains(*rank);
            let ranks: Vec<u64> = self.ranks.iter().filter(is_here).copied().collect();
            if !ranks.is_empty() {
                let low = self.low.wrapping_add_unsigned((bin as u64) << shift);
                let high = self.high.min(low.saturating_add_unsigned((1 << shift) - 1));
                found.push(Self { low, high, before, count, ranks });
            }
            before += count;
        }
        found
    }
}

impl<'a> Streamed<'a> {
    /// `n` replicates of `source`.
    pub fn new(source: &'a dyn Replicates, key: Key, n: usize, threads: usize) -> Self {
        Self { source, key, n, threads, part: vec![Vec::new()], range: None }
    }

    /// Shows all replicates, part by part; `watch` hears how far the pass is.
    fn pass(&mut self, watch: Watch<'_>, mut see: impl FnMut(&[f64])) -> Result<()> {
        for first in (0..self.n).step_by(PART) {
            self.part[0].resize(PART.min(self.n - first), 0.0);
            let mut hear = |done, _| watch(first as u64 + done, self.n as u64);
            fill(&[self.source], self.key, first as u64, &mut self.part, self.threads, &mut hear)?;
            see(&self.part[0]);
        }
        Ok(())
    }

    /// The ranges in which fewer values lie, or one value alone.
    fn narrow(&mut self, ranges: &[Range], watch: Watch<'_>) -> Result<Vec<Range>> {
        let bins = (BINS / ranges.len()).max(2);
        let shifts: Vec<u32> = ranges.iter().map(|range| range.shift(bins)).collect();
        let mut counts = vec![vec![0_u64; bins]; ranges.len()];
        self.pass(watch, |part| {
            for key in part.iter().map(|&x| key(x)) {
                if let Some(at) = ranges.iter().position(|range| range.has(key)) {
                    counts[at][(key.abs_diff(ranges[at].low) >> shifts[at]) as usize] += 1;
                }
            }
        })?;
        let all = ranges.iter().zip(counts.iter().zip(shifts));
        Ok(all.flat_map(|(range, (counts, shift))| range.narrowed(counts, shift)).collect())
    }

    /// The order statistics of these ranks, from 0, in their order.
    fn order_statistics(
        &mut self,
        mut ranks: Vec<u64>,
        (low, high): (i64, i64),
        watch: Watch<'_>,
    ) -> Result<Vec<(u64, f64)>> {
        ranks.sort_unstable();
        ranks.dedup();
        let mut ranges = vec![Range { low, high, before: 0, count: self.n as u64, ranks }];
        while ranges.iter().any(|range| range.count > FEW && range.low < range.high) {
            ranges = self.narrow(&ranges, watch)?;
        }
        self.collected(&ranges, watch)
    }

    fn collected(&mut self, ranges: &[Range], watch: Watch<'_>) -> Result<Vec<(u64, f64)>> {
        let mut held: Vec<Vec<i64>> = vec![Vec::new(); ranges.len()];
        self.pass(watch, |part| {
            for key in part.iter().map(|&x| key(x)) {
                if let Some(at) = ranges.iter().position(|range| range.low < range.high && range.has(key)) {
                    held[at].push(key);
                }
            }
        })?;
        for keys in &mut held {
            keys.sort_unstable();
        }
        let of_range = |(range, keys): (&Range, &Vec<i64>)| {
            let at = |rank: u64| keys.get((rank - range.before) as usize).copied().unwrap_or(range.low);
            range.ranks.iter().map(|&rank| (rank, value(at(rank)))).collect::<Vec<_>>()
        };
        Ok(ranges.iter().zip(&held).flat_map(of_range).collect())
    }
}

impl Distribution for Streamed<'_> {
    fn size(&self) -> Option<f64> {
        Some(self.n as f64)
    }

    /// In one pass, about a pivot within the distribution.
    fn seen(&mut self, estimate: f64, watch: Watch<'_>) -> Result<Seen> {
        let (mut first, mut sum, mut squares, mut count) = (None, 0.0, 0.0, 0);
        let (mut low, mut high, mut has_nan) = (i64::MAX, i64::MIN, false);
        self.pass(watch, |part| {
            let (pivot, tie) = *first.get_or_insert_with(|| (moments(part).0, tie(estimate, reach(part, estimate))));
            for &x in part {
                sum += x - pivot;
                squares += (x - pivot) * (x - pivot);
                has_nan |= x.is_nan();
                (low, high) = (low.min(key(x)), high.max(key(x)));
            }
            count += ranked(part, estimate, tie);
        })?;
        self.range = (!has_nan).then_some((low, high));
        let n = self.n as f64;
        Ok(Seen {
            mean: first.map_or(f64::NAN, |(pivot, _)| pivot) + sum / n,
            deviation: ((squares - sum * sum / n) / (n - 1.0)).sqrt(),
            below: count as f64 / (2.0 * n),
        })
    }

    fn quantiles(&mut self, shares: &[f64], watch: Watch<'_>) -> Result<Vec<f64>> {
        let Some(range) = self.range else { return Ok(vec![f64::NAN; shares.len()]) };
        let places: Vec<Place> = shares.iter().map(|&share| Place::of(share, self.n)).collect();
        let ranks = places.iter().flat_map(Place::ranks).map(|rank| rank as u64).collect();
        let found = self.order_statistics(ranks, range, watch)?;
        let at = |rank: usize| found.iter().find(|(known, _)| *known == rank as u64).map_or(f64::NAN, |(_, x)| *x);
        Ok(places.iter().map(|place| place.value(at)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Distribution, Key, Replicates, Streamed};
    use crate::error::Result;
    use crate::stats::distribution::Held;

    /// Replicate b is the value that a function gives it.
    struct Given<F>(F);

    impl<F: Fn(u64) -> f64 + Sync> Replicates for Given<F> {
        fn fill(&self, _key: Key, first: u64, out: &mut [f64]) {
            (first..).zip(out).for_each(|(b, out)| *out = (self.0)(b));
        }

        fn cost(&self) -> usize {
            1
        }
    }

    const N: usize = 300_000;
    const SHARES: [f64; 9] = [0.0, 1e-5, 0.025, 0.3, 0.5, 0.500_001, 0.975, 1.0, f64::NAN];

    fn check(of: impl Fn(u64) -> f64 + Sync) -> Result<()> {
        let mut watch = |_, _| Ok(());
        let mut held = Held((0..N as u64).map(&of).collect());
        let source = Given(of);
        let mut streamed = Streamed::new(&source, Key([0; 4]), N, 2);
        let (a, b) = (held.seen(0.25, &mut watch)?, streamed.seen(0.25, &mut watch)?);
        assert!((a.mean - b.mean).abs() <= 1e-9 * a.deviation || !a.deviation.is_finite() || a.mean == b.mean);
        assert!((a.deviation - b.deviation).abs() <= 1e-9 * a.deviation || !a.deviation.is_finite());
        assert_eq!(a.below, b.below);
        let bits = |found: Vec<f64>| found.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(held.quantiles(&SHARES, &mut watch)?), bits(streamed.quantiles(&SHARES, &mut watch)?));
        Ok(())
    }

    #[test]
    fn parts_tell_what_the_whole_tells() -> Result<()> {
        let scattered = |b: u64| (b.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11) as f64 * f64::exp2(-53.0);
        check(scattered)?;
        check(|b| scattered(b) - 0.5)?;
        check(|b| 1e300 * (scattered(b) - 0.5).powi(9))?;
        check(|b| (10.0 * scattered(b)).floor())?;
        check(|_| 7.0)?;
        check(|b| if b == 5 { f64::INFINITY } else { scattered(b) })?;
        check(|b| if b == 299_999 { f64::NAN } else { scattered(b) })
    }
}
