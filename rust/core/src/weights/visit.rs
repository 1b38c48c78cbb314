//! Visits the few values of a stretch that lie in given intervals, at the speed of a comparison.

use crate::cpu::per_cpu;
use crate::lanes::{GROUP, LANES, Lanes};
use crate::weights::center::Center;
use crate::weights::powers::{Stored, Visitor};
use crate::weights::tail::Tail;

/// Closed intervals of f32 values.
pub type Intervals = [(f32, f32)];

/// Values from `low` to `high` are taken to be in no tail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    pub(crate) low: f32,
    pub(crate) high: f32,
}

/// Gathers, in order, the values outside a window, infinities among them; some NaN too.
pub(crate) struct Outliers {
    pub(crate) window: Window,
    pub(crate) found: Vec<[u8; 4]>,
}

impl Visitor<[u8; 4]> for Outliers {
    #[inline(always)]
    fn window(&self) -> (f32, f32) {
        (self.window.low, self.window.high)
    }
    #[inline(always)]
    fn visit<L: Lanes>(&mut self, values: &[[u8; 4]]) {
        let Window { low, high } = self.window;
        select(values, &mut self.found, |eight| !L::between(eight, low, high));
    }
}

per_cpu! {
    /// Appends to `found` the values inside any of `intervals`, in order. NaN is in none.
    pub fn inside(values: &[[u8; 4]], intervals: &Intervals, found: &mut Vec<[u8; 4]>) = lanes inside_body;
}

#[inline(always)]
fn inside_body<L: Lanes>(values: &[[u8; 4]], intervals: &Intervals, found: &mut Vec<[u8; 4]>) {
    select(values, found, |eight| {
        let mut bits = 0;
        for (low, high) in intervals {
            bits |= L::between(eight, *low, *high);
        }
        bits
    });
}

/// Appends the values whose bit `choose` sets. Bits are looked at 32 together: one value in a hundred is chosen, and a
/// branch for every eight values would be guessed wrong too often.
#[inline(always)]
fn select(values: &[[u8; 4]], found: &mut Vec<[u8; 4]>, choose: impl Fn(&[[u8; 4]; LANES]) -> u8) {
    let (groups, rest) = values.as_chunks::<GROUP>();
    for group in groups {
        let eights = group.as_chunks::<LANES>().0;
        let mut bits = 0;
        for (i, eight) in eights.iter().enumerate() {
            bits |= u32::from(choose(eight)) << (i * LANES);
        }
        push(group, bits, found);
    }
    for values in rest.chunks(LANES) {
        let mut eight = [[0; 4]; LANES];
        eight[..values.len()].copy_from_slice(values);
        push(values, u32::from(choose(&eight)) & ((1 << values.len()) - 1), found);
    }
}

/// Appends the values whose bit is set.
#[inline(always)]
fn push(values: &[[u8; 4]], mut bits: u32, found: &mut Vec<[u8; 4]>) {
    while bits != 0 {
        found.push(values[bits.trailing_zeros() as usize]);
        bits &= bits - 1;
    }
}

/// How many values are in each of `tails`. Infinities and NaN are in none.
pub fn beyond<T: Stored>(values: &[T], tails: &[Tail]) -> Vec<u64> {
    tails.iter().map(|tail| count_beyond(values, *tail)).collect()
}

per_cpu! { fn count_beyond<T: Stored>(values: &[T], tail: Tail) -> u64 = count_beyond_body; }

#[inline(always)]
fn count_beyond_body<T: Stored>(values: &[T], tail: Tail) -> u64 {
    let mut count = 0;
    for x in values {
        count += u64::from(tail.holds(x.get()));
    }
    count
}

/// Σ|x − center| of the finite values, in rows of 1,024 against rounding.
pub fn distances<T: Stored>(values: &[T], center: Center) -> f64 {
    let row = |row: &[T]| {
        let sum = distances_of_row(row, center);
        // A sum that is not finite: NaN or infinities among the values, or an overflow that stays one.
        if sum.is_finite() { sum } else { finite(row).map(|x| distance(x, center)).sum() }
    };
    values.chunks(1_024).map(row).sum()
}

per_cpu! { fn distances_of_row<T: Stored>(row: &[T], center: Center) -> f64 = lanes distances_of_row_body; }

#[inline(always)]
fn distances_of_row_body<L: Lanes, T: Stored>(row: &[T], center: Center) -> f64 {
    let (eights, rest) = row.as_chunks::<LANES>();
    let (high, low) = (L::splat(center.high), L::splat(center.low));
    let mut sums = L::splat(0.0);
    for eight in eights {
        sums = sums.plus(T::lanes::<L>(eight).minus(high).minus(low).magnitude());
    }
    rest.iter().fold(sums.to_array().iter().sum(), |sum, x| sum + distance(x.get(), center))
}

fn finite<T: Stored>(values: &[T]) -> impl Iterator<Item = f64> {
    values.iter().map(|x| x.get()).filter(|x| x.is_finite())
}

#[inline(always)]
fn distance(x: f64, center: Center) -> f64 {
    ((x - center.high) - center.low).abs()
}
