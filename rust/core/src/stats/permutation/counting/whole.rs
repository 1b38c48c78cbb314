//! Sums of subsets of whole numbers: the shift algorithm. A table holds, for each size and sum, how many subsets of the
//! values so far have them; one value more shifts it and adds it to itself.

use super::{Counted, Sums};

/// The most additions, some tens of milliseconds.
const MOST: f64 = 1e8;
/// More values would have more subsets than f64 counts.
const VALUES: usize = 1000;
/// Factors by which decimals become whole.
const SCALES: [f64; 6] = [1.0, 2.0, 10.0, 100.0, 1000.0, 10_000.0];

/// How many subsets of the wanted size have each sum, from `first` on.
pub struct Shifted {
    counts: Vec<f64>,
    first: f64,
}

impl Shifted {
    /// The counts and what values were multiplied by; `None` if they are not whole, or too many.
    pub fn new(sums: &Sums) -> Option<(Self, f64)> {
        let (values, scale) = whole(&sums.values)?;
        let least = *values.iter().min()?;
        // Of a fixed size, subsets of values above the least; of any, those of magnitudes, which move all sums alike.
        let steps: Vec<u64> = match sums.size {
            Some(_) => values.iter().map(|x| x.abs_diff(least)).collect(),
            None => values.iter().map(|x| x.unsigned_abs()).collect(),
        };
        let first = match sums.size {
            Some(size) => least * size as i64,
            None => values.iter().filter(|x| **x < 0).sum(),
        };
        let counts = match sums.size {
            Some(size) => of_size(&steps, size)?,
            None => of_any(&steps)?,
        };
        Some((Self { counts, first: first as f64 }, scale))
    }
}

fn whole(values: &[f64]) -> Option<(Vec<i64>, f64)> {
    let is_whole = |x: f64| (x - x.round()).abs() <= 1e-9 && x.abs() < 1e6;
    let scale = *SCALES.iter().find(|scale| values.iter().all(|x| is_whole(x * *scale)))?;
    (values.len() <= VALUES).then(|| (values.iter().map(|x| (x * scale).round() as i64).collect(), scale))
}

fn of_any(steps: &[u64]) -> Option<Vec<f64>> {
    let range = steps.iter().sum::<u64>() as usize + 1;
    if range as f64 * steps.len() as f64 > MOST {
        return None;
    }
    let mut counts = vec![0.0; range];
    counts[0] = 1.0;
    let mut reached = 0;
    for &step in steps {
        let step = step as usize;
        reached += step;
        (step..=reached).rev().for_each(|sum| counts[sum] += counts[sum - step]);
    }
    Some(counts)
}

fn of_size(steps: &[u64], size: usize) -> Option<Vec<f64>> {
    let mut largest = steps.to_vec();
    largest.sort_unstable_by(|a, b| b.cmp(a));
    let range = largest[..size].iter().sum::<u64>() as usize + 1;
    if range as f64 * steps.len() as f64 * size as f64 > MOST {
        return None;
    }
    let mut counts = vec![vec![0.0; range]; size + 1];
    counts[0][0] = 1.0;
    for (seen, &step) in steps.iter().enumerate() {
        for chosen in (1..=size.min(seen + 1)).rev() {
            let (below, from) = counts.split_at_mut(chosen);
            let shifted = &below[chosen - 1][..range.saturating_sub(step as usize)];
            from[0].iter_mut().skip(step as usize).zip(shifted).for_each(|(to, count)| *to += count);
        }
    }
    counts.pop()
}

impl Counted for Shifted {
    fn at_most(&self, bound: f64) -> f64 {
        let sums = self.counts.iter().zip(0..);
        sums.filter(|&(_, at)| self.first + f64::from(at) <= bound).map(|(count, _)| count).sum()
    }

    fn at_least(&self, bound: f64) -> f64 {
        let sums = self.counts.iter().zip(0..);
        sums.filter(|&(_, at)| self.first + f64::from(at) >= bound).map(|(count, _)| count).sum()
    }

    fn all(&self) -> f64 {
        self.counts.iter().sum()
    }
}
