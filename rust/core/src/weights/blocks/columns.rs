//! Sums of powers of the columns of a matrix, side by side: the columns of a few rows are read as they lie, and each
//! lane sums a column of its own.
//!
//! Method: as in [`crate::weights::powers`], but that a column's pivot is the mean of its first 64 values, and that a
//! lane's sum is emptied into the column's totals every 64 values. Values go through a tile of 64 × 64, which stays in
//! the first-level cache: rows of 2ᵏ values would push each other out of it.
//!
//! f32 only. A column with NaN or infinities shows itself by a sum that is not finite, and has no moments here.

use crate::cpu::{per_cpu, prefetch_ahead};
use crate::lanes::{LANES, Lanes};
use crate::weights::moments::Moments;
use crate::weights::powers::{Extremes, Sums, add, central};

/// Rows that are summed before lanes are emptied.
pub const RUN: usize = 64;
/// Columns of a tile.
const TILE: usize = 64;

/// A little-endian f32.
type Single = [u8; 4];
type Tile = [[Single; TILE]; RUN];

/// What was summed of some columns.
pub struct Columns {
    width: usize,
    rows: usize,
    /// Bits of the smallest normal magnitude.
    limit: u32,
    strips: Vec<Strip>,
    tile: Box<Tile>,
}

/// Totals of 64 neighbours.
#[derive(Clone)]
struct Strip {
    pivot: [f64; TILE],
    powers: [[f64; TILE]; 4],
    extremes: Bits,
    zeros: [u32; TILE],
    tiny: [u32; TILE],
}

/// Extremes of 64 neighbours as bits. Non-negative floats sort like signed and like unsigned integers, negative ones in
/// reverse, so four integer extremes hold those of both signs. Comparing floats instead made columns a tenth slower: the
/// sums keep those units busy.
#[derive(Clone)]
struct Bits {
    low: [i32; TILE],
    high: [i32; TILE],
    near: [u32; TILE],
    far: [u32; TILE],
}

impl Columns {
    /// No rows yet of `width` columns.
    pub fn new(width: usize, min_normal: f64) -> Self {
        let strips = vec![Strip::NOTHING; width.div_ceil(TILE)];
        Self { width, rows: 0, limit: (min_normal as f32).to_bits(), strips, tile: Box::new([[[0; 4]; TILE]; RUN]) }
    }

    /// Adds rows, all of them whole.
    pub fn add(&mut self, values: &[Single]) {
        for run in values.chunks(RUN * self.width) {
            add_run(self, run);
            self.rows += run.len() / self.width;
        }
    }

    /// Moments of each column; `None` where a value is not finite, or where there are no rows.
    pub fn moments(&self) -> Vec<Option<Moments>> {
        (0..self.width).map(|column| self.strips[column / TILE].moments(column % TILE, self.rows)).collect()
    }
}

per_cpu! {
    fn add_run(columns: &mut Columns, run: &[Single]) = lanes add_run_body;
}

#[inline(always)]
fn add_run_body<L: Lanes>(columns: &mut Columns, run: &[Single]) {
    let Columns { width, rows, limit, strips, tile } = columns;
    let height = run.len() / *width;
    for (start, strip) in (0..*width).step_by(TILE).zip(strips) {
        fill(tile, run.chunks_exact(*width), start);
        let tile = &tile[..height];
        for place in 0..(*width - start).min(TILE).div_ceil(LANES) {
            let eights = tile.iter().map(|row| &row.as_chunks::<LANES>().0[place]);
            if *rows == 0 {
                strip.pivot.as_chunks_mut().0[place] = mean::<L>(eights.clone());
            }
            strip.add_powers::<L>(place, eights);
        }
        strip.add_extremes(tile, *limit);
    }
}

/// Copies up to 64 columns of each row. What is beyond the last column is left over, and never looked at.
#[inline(always)]
fn fill<'a>(tile: &mut Tile, rows: impl Iterator<Item = &'a [Single]>, start: usize) {
    for (to, row) in tile.iter_mut().zip(rows) {
        let from = &row[start..];
        for line in from.iter().take(TILE).step_by(16) {
            prefetch_ahead(line.as_ptr());
        }
        match from.first_chunk() {
            Some(whole) => *to = *whole,
            None => to[..from.len()].copy_from_slice(from),
        }
    }
}

/// Means by way of distances from the first value: of equal values, exactly that value.
#[inline(always)]
fn mean<'a, L: Lanes>(eights: impl ExactSizeIterator<Item = &'a [Single; LANES]> + Clone) -> [f64; LANES] {
    let n = eights.len() as f64;
    let Some(first) = eights.clone().next().map(|first| L::from_f32(first)) else { return [0.0; LANES] };
    let sum = eights.fold(L::splat(0.0), |sum, eight| sum.plus(L::from_f32(eight).minus(first)));
    first.plus(sum.times(L::splat(1.0 / n))).to_array()
}

impl Strip {
    const NOTHING: Self =
        Self { pivot: [0.0; TILE], powers: [[0.0; TILE]; 4], extremes: Bits::NONE, zeros: [0; TILE], tiny: [0; TILE] };

    #[inline(always)]
    fn add_powers<'a, L: Lanes>(&mut self, place: usize, eights: impl Iterator<Item = &'a [Single; LANES]>) {
        let pivot = L::from_f64(&self.pivot.as_chunks().0[place].map(f64::to_le_bytes));
        let mut sums = [L::splat(0.0); 4];
        for eight in eights {
            add(&mut sums, L::from_f32(eight).minus(pivot));
        }
        for (totals, sum) in self.powers.iter_mut().zip(sums) {
            let totals: &mut [f64; LANES] = &mut totals.as_chunks_mut().0[place];
            totals.iter_mut().zip(sum.to_array()).for_each(|(total, sum)| *total += sum);
        }
    }

    #[inline(always)]
    fn add_extremes(&mut self, tile: &[[Single; TILE]], limit: u32) {
        let mut run = Bits::NONE;
        for row in tile {
            run.see(row);
        }
        if (0..TILE).fold(u32::MAX, |least, i| least.min(run.near[i]).min(magnitude(run.low[i]))) < limit {
            for row in tile {
                self.count_tiny(row, limit);
            }
        }
        self.extremes.join(&run);
    }

    #[inline(always)]
    fn count_tiny(&mut self, row: &[Single; TILE], limit: u32) {
        for (i, bytes) in row.iter().enumerate() {
            let size = magnitude(i32::from_le_bytes(*bytes));
            self.zeros[i] += u32::from(size == 0);
            self.tiny[i] += u32::from(size < limit);
        }
    }

    fn moments(&self, i: usize, rows: usize) -> Option<Moments> {
        let powers = self.powers.map(|power| power[i]);
        let (min, max) = self.extremes.values(i);
        let extremes = Extremes { min, max, zeros: self.zeros[i].into(), tiny: self.tiny[i].into() };
        let is_finite = rows > 0 && powers[3].is_finite();
        is_finite.then(|| central(&Sums { powers, extremes }, rows, self.pivot[i], 0))
    }
}

impl Bits {
    const NONE: Self = Self { low: [i32::MAX; TILE], high: [i32::MIN; TILE], near: [u32::MAX; TILE], far: [0; TILE] };

    /// Loops over all 64 columns, used or not: compilers vectorise them so.
    #[inline(always)]
    fn see(&mut self, row: &[Single; TILE]) {
        for (i, bytes) in row.iter().enumerate() {
            let bits = i32::from_le_bytes(*bytes);
            (self.low[i], self.high[i]) = (self.low[i].min(bits), self.high[i].max(bits));
            (self.near[i], self.far[i]) = (self.near[i].min(bits as u32), self.far[i].max(bits as u32));
        }
    }

    #[inline(always)]
    fn join(&mut self, other: &Self) {
        for i in 0..TILE {
            (self.low[i], self.high[i]) = (self.low[i].min(other.low[i]), self.high[i].max(other.high[i]));
            (self.near[i], self.far[i]) = (self.near[i].min(other.near[i]), self.far[i].max(other.far[i]));
        }
    }

    /// Smallest and largest value of a column.
    fn values(&self, i: usize) -> (f64, f64) {
        let value = |bits: u32| f64::from(f32::from_bits(bits));
        let min = if self.low[i] < 0 { self.far[i] } else { self.near[i] };
        let max = if self.high[i] < 0 { self.low[i] } else { self.high[i] };
        (value(min), value(max as u32))
    }
}

/// Bits without the sign.
#[inline(always)]
fn magnitude(bits: i32) -> u32 {
    bits as u32 & (u32::MAX >> 1)
}
