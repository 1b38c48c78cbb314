//! Dot products with random orders: Fisher & Yates from the top, each product added as its value finds its place.
//!
//! Eight replicates draw their places together: one 16-bit piece for each place, by Lemire's method, whose bounds are the
//! same for all and written down once. A piece that must be rejected is drawn again from the words that follow in its
//! replicate's own stream, in the order of the places. Samples too long for pieces use the general draw.

use crate::stats::replicates::Replicates;
use crate::stats::statistic::Pair;
use crate::stats::stream::{Key, LANES, Lanes, Stream, streams};
use crate::stats::vector::{AGAIN, Bounds, PIECES, Step, least, places_below};
use crate::stats::weighted::{Ties, correlation};

/// Replicates of a statistic of pairs whose order is exchangeable.
struct Orders {
    x: Vec<f64>,
    y: Vec<f64>,
    /// What Σxy is divided by.
    over: f64,
    is_correlation: bool,
    /// For each word, below what its pieces lie: n, n − 1, …, 2; none if the sample is too long.
    bounds: Vec<Bounds>,
}

/// The longest sample that 16-bit pieces serve: rejections stay below 1 in 4.
const MOST: usize = 1 << 14;

/// The source for two columns.
pub fn source<'a>(pair: Pair, columns: &[&'a [f64]]) -> Option<Box<dyn Replicates + 'a>> {
    let [x, y] = [0, 1].map(|at| match pair {
        Pair::Spearman => centered(&Ties::of(columns[at]).ranks(&vec![1.0; columns[at].len()])),
        _ => centered(columns[at]),
    });
    let squares = |values: &[f64]| -> f64 { values.iter().map(|x| x * x).sum() };
    let (xx, yy) = (squares(&x), squares(&y));
    let is_slope = pair == Pair::Slope;
    let over = if is_slope { xx } else { xx.sqrt() * yy.sqrt() };
    if !(over > 0.0 && correlation(xx, 0.0, yy) == 0.0) {
        return None;
    }
    let bounds = bounds(x.len());
    Some(Box::new(Orders { x, y, over, is_correlation: !is_slope, bounds }))
}

fn centered(values: &[f64]) -> Vec<f64> {
    let pivot = values[0];
    let mean = values.iter().map(|x| x - pivot).sum::<f64>() / values.len() as f64;
    values.iter().map(|x| x - pivot - mean).collect()
}

fn bounds(n: usize) -> Vec<Bounds> {
    if n > MOST {
        return Vec::new();
    }
    let of_word = |word: usize| {
        // The last word's spare pieces lie below 1.
        let bounds = std::array::from_fn(|piece| n.saturating_sub(PIECES * word + piece).max(1) as u16);
        Bounds { bounds, least: bounds.map(least) }
    };
    (0..(n - 1).div_ceil(PIECES)).map(of_word).collect()
}

impl Orders {
    fn fill_short(&self, key: Key, first: u64, out: &mut [f64]) {
        let mut x = self.x.clone();
        let mut steps = vec![Step::default(); self.bounds.len()];
        for (first, out) in (first..).step_by(LANES).zip(out.chunks_mut(LANES)) {
            let mut lanes = Lanes::new(key, first);
            places_below(&mut lanes, &self.bounds, &mut steps);
            for (lane, out) in out.iter_mut().enumerate() {
                x.copy_from_slice(&self.x);
                *out = self.product(&steps, lane, || lanes.stream(lane), &mut x);
            }
        }
    }

    /// Σxy, x in the order that `places` say; those to be drawn again go on with the stream. Four sums, so that additions
    /// need not wait for each other.
    fn product(&self, steps: &[Step], lane: usize, stream: impl Fn() -> Stream, x: &mut [f64]) -> f64 {
        let mut again = None;
        let mut sums = [0.0; PIECES];
        let mut left = x.len();
        let mut take = |left: usize, place: u16, sum: &mut f64| {
            let place = match place {
                AGAIN => again.get_or_insert_with(|| Pieces::of(stream())).below(left as u32),
                place => usize::from(place),
            };
            // SAFETY: a place is below `left`, which is from 2 to n.
            unsafe {
                let value = *x.get_unchecked(place);
                *x.get_unchecked_mut(place) = *x.get_unchecked(left - 1);
                *sum += value * self.y.get_unchecked(left - 1);
            }
        };
        let (whole, last) = steps.split_at((left - 1) / PIECES);
        for step in whole {
            for (piece, sum) in sums.iter_mut().enumerate() {
                take(left - piece, step[lane][piece], sum);
            }
            left -= PIECES;
        }
        for (piece, sum) in (0..left - 1).zip(&mut sums) {
            take(left - piece, last[0][lane][piece], sum);
        }
        let [a, b, c, d] = sums;
        (a + b) + (c + d) + x[0] * self.y[0]
    }

    fn product_long(&self, mut stream: Stream, x: &mut [f64]) -> f64 {
        let mut sum = 0.0;
        for last in (1..x.len()).rev() {
            x.swap(last, stream.below(last + 1));
            sum += x[last] * self.y[last];
        }
        sum + x[0] * self.y[0]
    }

    fn fill_long(&self, key: Key, first: u64, out: &mut [f64]) {
        let mut x = self.x.clone();
        for (stream, out) in streams(key, first, out.len()).zip(out) {
            x.copy_from_slice(&self.x);
            *out = self.product_long(stream, &mut x);
        }
    }
}

/// 16-bit pieces of a stream.
struct Pieces {
    stream: Stream,
    word: u64,
    left: usize,
}

impl Pieces {
    fn of(stream: Stream) -> Self {
        Self { stream, word: 0, left: 0 }
    }

    /// A place below `n`.
    fn below(&mut self, n: u32) -> usize {
        loop {
            if self.left == 0 {
                (self.word, self.left) = (self.stream.word(), PIECES);
            }
            let product = u32::from(self.word as u16) * n;
            (self.word, self.left) = (self.word >> 16, self.left - 1);
            if product as u16 >= least(n as u16) {
                return (product >> 16) as usize;
            }
        }
    }
}

impl Replicates for Orders {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        if self.x.len() > MOST {
            self.fill_long(key, first, out);
        } else {
            self.fill_short(key, first, out);
        }
        for value in out {
            *value /= self.over;
            if self.is_correlation {
                *value = value.clamp(-1.0, 1.0);
            }
        }
    }

    fn cost(&self) -> usize {
        64 + 2 * self.x.len()
    }
}
