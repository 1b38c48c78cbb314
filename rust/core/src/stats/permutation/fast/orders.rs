//! Dot products with random orders: Fisher & Yates from the top, each product added as its value finds its place.
//!
//! Places come from 16-bit pieces by Lemire's method, whose bounds of rejection are written down once for every number of
//! values left; samples too long for it use the general draw.

use crate::stats::replicates::Replicates;
use crate::stats::statistic::Pair;
use crate::stats::stream::{Key, Stream, streams};
use crate::stats::weighted::{Ties, correlation};

/// Replicates of a statistic of pairs whose order is exchangeable.
struct Orders {
    x: Vec<f64>,
    y: Vec<f64>,
    /// What Σxy is divided by.
    over: f64,
    is_correlation: bool,
    /// 2¹⁶ mod k for each k, if k fits.
    least: Vec<u16>,
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
    let least = (0..=x.len().min(MOST)).map(|k| if k == 0 { 0 } else { (65_536 % k) as u16 }).collect();
    Some(Box::new(Orders { x, y, over, is_correlation: !is_slope, least }))
}

fn centered(values: &[f64]) -> Vec<f64> {
    let pivot = values[0];
    let mean = values.iter().map(|x| x - pivot).sum::<f64>() / values.len() as f64;
    values.iter().map(|x| x - pivot - mean).collect()
}

impl Orders {
    /// Σxy, x in a random order.
    fn product(&self, stream: Stream, x: &mut [f64]) -> f64 {
        x.copy_from_slice(&self.x);
        if x.len() > MOST { self.product_long(stream, x) } else { self.product_short(stream, x) }
    }

    /// Four sums, so that additions need not wait for each other.
    fn product_short(&self, mut stream: Stream, x: &mut [f64]) -> f64 {
        let mut pieces = Pieces { word: 0, left: 0 };
        let (mut a, mut b, mut c, mut d) = (0.0, 0.0, 0.0, 0.0);
        let rows = x.len();
        let last_rows = self.y.iter().zip(&self.least[1..]).enumerate().skip(1).rev();
        for (last, (y, least)) in last_rows {
            let place = pieces.below(&mut stream, last as u32 + 1, *least);
            // A place is at most `last`: the bound says so to the compiler.
            let taken = x[place.min(rows - 1)];
            x[place.min(rows - 1)] = x[last];
            (a, b, c, d) = (b, c, d, a + taken * y);
        }
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
}

/// 16-bit pieces of a stream.
struct Pieces {
    word: u64,
    left: u32,
}

impl Pieces {
    /// A place below `n`, where `least` is 2¹⁶ mod n.
    #[inline(always)]
    fn below(&mut self, stream: &mut Stream, n: u32, least: u16) -> usize {
        loop {
            if self.left == 0 {
                *self = Self { word: stream.word(), left: 4 };
            }
            let product = u32::from(self.word as u16) * n;
            *self = Self { word: self.word >> 16, left: self.left - 1 };
            if product as u16 >= least {
                return (product >> 16) as usize;
            }
        }
    }
}

impl Replicates for Orders {
    fn fill(&self, key: Key, first: u64, out: &mut [f64]) {
        let mut x = self.x.clone();
        let streams = streams(key, first, out.len());
        for (stream, out) in streams.zip(out) {
            let value = self.product(stream, &mut x) / self.over;
            *out = if self.is_correlation { value.clamp(-1.0, 1.0) } else { value };
        }
    }

    fn cost(&self) -> usize {
        64 + 2 * self.x.len()
    }
}
