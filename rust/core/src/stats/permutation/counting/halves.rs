//! Sums of subsets by halves: the sorted sums of each half, by size, then two pointers.
//!
//! A list of sorted sums grows by one value as the merge of itself and itself with the value added, so that nothing is
//! ever sorted: 2²⁰ sums a half for 40 values.

use super::Counted;

/// The most values.
pub const MOST: usize = 40;

/// Sorted sums of the subsets of one half, by size.
type Lists = Vec<Vec<f64>>;

/// Sums of subsets of two halves, whose sizes add up.
pub struct Halves {
    halves: [Lists; 2],
    size: Option<usize>,
}

impl Halves {
    pub fn new(values: &[f64], size: Option<usize>) -> Self {
        let (left, right) = values.split_at(values.len() / 2);
        Self { halves: [lists(left, size.is_some()), lists(right, size.is_some())], size }
    }

    /// Lists whose every pair of sums is that of one subset.
    fn pairs(&self) -> impl Iterator<Item = (&[f64], &[f64])> {
        let [left, right] = &self.halves;
        let matching = move |chosen: usize| self.size.map_or(Some(0), |size| size.checked_sub(chosen));
        left.iter().enumerate().filter_map(move |(chosen, list)| {
            right.get(matching(chosen)?).map(|other| (list.as_slice(), other.as_slice()))
        })
    }

    fn count(&self, is_counted: impl Fn(f64) -> bool + Copy) -> f64 {
        self.pairs().map(|(left, right)| count(left, right, is_counted)).sum()
    }
}

impl Counted for Halves {
    fn at_most(&self, bound: f64) -> f64 {
        self.count(|sum| sum <= bound)
    }

    fn at_least(&self, bound: f64) -> f64 {
        self.all() - self.count(|sum| sum < bound)
    }

    fn all(&self) -> f64 {
        self.pairs().map(|(left, right)| left.len() as f64 * right.len() as f64).sum()
    }
}

/// Pairs whose sum is counted, where every lesser sum is counted too.
fn count(left: &[f64], right: &[f64], is_counted: impl Fn(f64) -> bool) -> f64 {
    let mut end = right.len();
    let mut pairs = 0;
    for x in left {
        while end > 0 && !is_counted(x + right[end - 1]) {
            end -= 1;
        }
        pairs += end as u64;
    }
    pairs as f64
}

/// Sorted sums of subsets: one list for each size, or one for all.
fn lists(values: &[f64], is_by_size: bool) -> Lists {
    let mut lists = vec![vec![0.0]];
    for value in values {
        if is_by_size {
            lists.push(Vec::new());
            for size in (1..lists.len()).rev() {
                lists[size] = merged(&lists[size], &lists[size - 1], *value);
            }
        } else {
            lists[0] = merged(&lists[0], &lists[0], *value);
        }
    }
    lists
}

/// `a` and `b` + `value`, both sorted, in order.
fn merged(a: &[f64], b: &[f64], value: f64) -> Vec<f64> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let mut next = 0;
    for x in b.iter().map(|x| x + value) {
        while next < a.len() && a[next] < x {
            merged.push(a[next]);
            next += 1;
        }
        merged.push(x);
    }
    merged.extend_from_slice(&a[next..]);
    merged
}
