//! Sums of rows drawn at random from a table: the inner loop of every bootstrap of sums.
//!
//! Eight replicates step together. A word of a replicate's stream is four 16-bit pieces, each of which draws a row by
//! Lemire's high product; a piece that must be rejected draws a row of zeros instead, is counted, and made good at the
//! end by pieces of further words. So the rows that a replicate draws are those of its pieces accepted one after
//! another, whatever its neighbours do ([`places`] says so in a few lines), without a branch in the loop.

use std::array::from_fn;

use crate::stats::stream::{LANES, Lanes, Stream};
use crate::stats::vector::{self, PIECES, Step};

/// The most rows that 16-bit pieces draw from: rejections stay below 1 in 2.
pub const ROWS: usize = 1 << 15;

/// What is drawn.
pub trait Row: Copy + Send + Sync {
    /// Nothing.
    const ZERO: Self;
    /// As many rows as stay in the nearest caches.
    const NEAR: usize;
    /// What is kept of the rows drawn.
    type Sum: Copy + Send + Sync;
    /// That of no rows.
    const NOTHING: Self::Sum;
    /// Adds rows, pairs of pairs first.
    fn add(sum: &mut Self::Sum, rows: [Self; PIECES]);
}

/// Figures that are summed one by one.
impl<const K: usize> Row for [f64; K] {
    const ZERO: Self = [0.0; K];
    const NEAR: usize = 4096;
    type Sum = Self;
    const NOTHING: Self = [0.0; K];

    #[inline(always)]
    fn add(sum: &mut Self, [a, b, c, d]: [Self; PIECES]) {
        *sum = from_fn(|i| sum[i] + ((a[i] + b[i]) + (c[i] + d[i])));
    }
}

/// A point, of which Σx, Σy, Σx², Σy² and Σxy are kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point(pub [f64; 2]);

impl Row for Point {
    const ZERO: Self = Self([0.0; 2]);
    const NEAR: usize = 2048;
    type Sum = [f64; 5];
    const NOTHING: Self::Sum = [0.0; 5];

    #[inline(always)]
    fn add(sum: &mut Self::Sum, [a, b, c, d]: [Self; PIECES]) {
        let first = |i: usize| (a.0[i] + b.0[i]) + (c.0[i] + d.0[i]);
        let second = |i: usize| (a.0[i] * a.0[i] + b.0[i] * b.0[i]) + (c.0[i] * c.0[i] + d.0[i] * d.0[i]);
        let cross = (a.0[0] * a.0[1] + b.0[0] * b.0[1]) + (c.0[0] * c.0[1] + d.0[0] * d.0[1]);
        *sum = [sum[0] + first(0), sum[1] + first(1), sum[2] + second(0), sum[3] + second(1), sum[4] + cross];
    }
}

/// Adds `draws[lane]` random rows of `table` to each sum. `table` has at most [`ROWS`] rows and, as its last, one of zeros
/// that is not drawn. `held` is room for places, of any length but 0.
pub fn add_draws<R: Row>(
    table: &[R],
    lanes: &mut Lanes,
    draws: [usize; LANES],
    held: &mut [Step],
    sums: &mut [R::Sum; LANES],
) {
    let n = table.len() - 1;
    debug_assert!((1..=ROWS).contains(&n));
    let steps = draws.iter().min().map_or(0, |least| least / PIECES);
    let mut rejected = [0; LANES];
    for start in (0..steps).step_by(held.len()) {
        let held_now = held.len().min(steps - start);
        let held = &mut held[..held_now];
        vector::places(lanes, n as u16, held, &mut rejected);
        // SAFETY: places are at most n, the last of the table.
        unsafe { add_rows(table, held, sums) };
    }
    let mut left = from_fn(|lane| draws[lane] - PIECES * steps + rejected[lane]);
    if left.iter().all(|&left| left > 0) {
        add_word(table, lanes, &mut held[..1], &mut left, sums);
    }
    finish(table, lanes, left, sums);
}

/// Draws by the pieces of one more word of each stream, as many as are left.
fn add_word<R: Row>(
    table: &[R],
    lanes: &mut Lanes,
    held: &mut [Step],
    left: &mut [usize; LANES],
    sums: &mut [R::Sum; LANES],
) {
    let none = table.len() - 1;
    vector::places(lanes, none as u16, held, &mut [0; LANES]);
    for (lane, places) in held[0].iter().enumerate() {
        let mut rows = [R::ZERO; PIECES];
        for (row, &place) in rows.iter_mut().zip(places) {
            let place = if left[lane] > 0 { usize::from(place) } else { none };
            *row = table[place];
            left[lane] -= usize::from(place != none);
        }
        R::add(&mut sums[lane], rows);
    }
}

/// Steps whose places are best held at a time: 4 KiB.
pub const HELD: usize = 64;

/// Adds the rows at all places of each lane.
///
/// # Safety
///
/// Every place must be one of the table.
#[inline]
unsafe fn add_rows<R: Row>(table: &[R], steps: &[Step], sums: &mut [R::Sum; LANES]) {
    // SAFETY: the caller's.
    let rows = |places: &[u16; PIECES]| places.map(|place| unsafe { *table.get_unchecked(usize::from(place)) });
    let mut all = *sums;
    if size_of::<R::Sum>() > 16 {
        // More sums than registers: one lane after the other.
        for (lane, sum) in all.iter_mut().enumerate() {
            for step in steps {
                R::add(sum, rows(&step[lane]));
            }
        }
    } else {
        for step in steps {
            for (sum, places) in all.iter_mut().zip(step) {
                R::add(sum, rows(places));
            }
        }
    }
    *sums = all;
}

fn finish<R: Row>(table: &[R], lanes: &mut Lanes, left: [usize; LANES], sums: &mut [R::Sum; LANES]) {
    for lane in (0..LANES).filter(|&lane| left[lane] > 0) {
        let mut stream = lanes.stream(lane);
        for place in places(&mut stream, table.len() - 1, left[lane]) {
            R::add(&mut sums[lane], [table[place], R::ZERO, R::ZERO, R::ZERO]);
        }
        lanes.put(lane, &stream);
    }
}

/// The next `draws` places below `n`; whole words are used.
pub fn places(stream: &mut Stream, n: usize, draws: usize) -> impl Iterator<Item = usize> {
    let (n, least) = (n as u32, 65_536 % n as u32);
    let mut word = 0;
    let mut pieces = 0;
    let mut next = move || {
        loop {
            if pieces == 0 {
                (word, pieces) = (stream.word(), PIECES);
            }
            let product = u32::from(word as u16) * n;
            (word, pieces) = (word >> 16, pieces - 1);
            if product & 0xffff >= least {
                return (product >> 16) as usize;
            }
        }
    };
    (0..draws).map(move |_| next())
}
