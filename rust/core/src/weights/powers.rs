//! Sums of powers over one block of at most 65,536 f32 or f64 values: the inner loop of every float scan.
//!
//! Method: pivot p = mean of the block's first 1,024 finite values; d = x − p in f64; Σd, Σd², Σd³, Σd⁴ in
//! eight lanes (lane = index mod 8), emptied into the block's totals every 1,024 values so that rounding grows
//! with 128 + 64 terms, not 65,536. Because the pivot is made of the block's own values, the shift from pivot to
//! mean costs at most a few bits. Counting zeros, subnormals and extremes rides along.
//!
//! A block with NaN, infinities or f64 values beyond the fourth root of the range shows itself by a non-finite
//! or vanishing sum; it is then filtered, scaled by a power of two and summed again. Bits depend on the values
//! and their order only.

use crate::cpu::{per_cpu, prefetch_ahead};
use crate::lanes::{Bounds, LANES, Lanes};
use crate::weights::center::Center;
use crate::weights::moments::{Central, Moments, shifted};

/// Values per block.
pub const BLOCK: usize = 65_536;
const ROW: usize = 1_024;

/// A little-endian float as stored: `[u8; 4]` or `[u8; 8]`.
pub trait Stored: Copy {
    /// The stored value, widened.
    fn get(self) -> f64;
    /// Stores `x`, rounded.
    fn put(x: f64) -> Self;
    /// Eight values, widened.
    fn lanes<L: Lanes>(eight: &[Self; LANES]) -> L;
    /// Extremes of values without NaN; `visitor` sees all groups with a value outside its window.
    fn bounds<L: Lanes, V: Visitor<Self>>(row: &[Self], visitor: &mut V) -> Bounds;
}

/// Looks at the few values outside a window, while they are in the nearest cache.
pub trait Visitor<S> {
    /// Values between these two need not be looked at.
    fn window(&self) -> (f32, f32);
    /// Looks at values.
    fn visit<L: Lanes>(&mut self, values: &[S]);
}

/// Looks at nothing.
impl<S> Visitor<S> for () {
    #[inline(always)]
    fn window(&self) -> (f32, f32) {
        (f32::NEG_INFINITY, f32::INFINITY)
    }
    #[inline(always)]
    fn visit<L: Lanes>(&mut self, _values: &[S]) {}
}

/// Extremes of some values, and how many are zero or below the smallest normal magnitude (zeros included).
#[derive(Clone, Copy)]
pub(crate) struct Extremes {
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) zeros: u64,
    pub(crate) tiny: u64,
}

impl Stored for [u8; 4] {
    #[inline(always)]
    fn get(self) -> f64 {
        f64::from(f32::from_le_bytes(self))
    }
    #[inline(always)]
    fn put(x: f64) -> Self {
        (x as f32).to_le_bytes()
    }
    #[inline(always)]
    fn lanes<L: Lanes>(eight: &[Self; LANES]) -> L {
        L::from_f32(eight)
    }
    #[inline(always)]
    fn bounds<L: Lanes, V: Visitor<Self>>(row: &[Self], visitor: &mut V) -> Bounds {
        let (groups, rest) = row.as_chunks();
        let (bounds, mut outside) = L::bounds(groups, visitor.window());
        while outside != 0 {
            visitor.visit::<L>(&groups[outside.trailing_zeros() as usize]);
            outside &= outside - 1;
        }
        visitor.visit::<L>(rest);
        rest.iter().fold(bounds, |bounds, x| bounds.with(x.get()))
    }
}

impl Stored for [u8; 8] {
    #[inline(always)]
    fn get(self) -> f64 {
        f64::from_le_bytes(self)
    }
    #[inline(always)]
    fn put(x: f64) -> Self {
        x.to_le_bytes()
    }
    #[inline(always)]
    fn lanes<L: Lanes>(eight: &[Self; LANES]) -> L {
        L::from_f64(eight)
    }
    #[inline(always)]
    fn bounds<L: Lanes, V: Visitor<Self>>(row: &[Self], visitor: &mut V) -> Bounds {
        visitor.visit::<L>(row);
        let (eights, rest) = row.as_chunks();
        rest.iter().fold(Bounds::of_f64(eights), |bounds, x| bounds.with(x.get()))
    }
}

#[cold]
fn count_tiny<S: Stored>(row: &[S], min_normal: f64) -> (u64, u64) {
    let count = |test: &dyn Fn(f64) -> bool| row.iter().filter(|x| test(x.get())).count() as u64;
    (count(&|x| x == 0.0), count(&|x| x.abs() < min_normal))
}

impl Extremes {
    const NONE: Self = Self { min: f64::INFINITY, max: f64::NEG_INFINITY, zeros: 0, tiny: 0 };

    /// Of `row` too, whose bounds are given: zeros and subnormals are counted only where there are some.
    fn add<S: Stored>(&mut self, row: &[S], bounds: Bounds, min_normal: f64) {
        (self.min, self.max) = (self.min.min(bounds.min), self.max.max(bounds.max));
        if bounds.near < min_normal {
            let (zeros, tiny) = count_tiny(row, min_normal);
            (self.zeros, self.tiny) = (self.zeros + zeros, self.tiny + tiny);
        }
    }

    fn absmax(&self) -> f64 {
        self.max.max(-self.min)
    }
}

/// What one pass over a block gives.
#[derive(Clone, Copy)]
pub(crate) struct Sums {
    pub(crate) powers: [f64; 4],
    pub(crate) extremes: Extremes,
}

/// Moments of one block; `min_normal` is the smallest normal magnitude of the format the values came from. `visitor`
/// sees, in order, every value outside its window, and some inside.
pub fn moments<S: Stored, V: Visitor<S>>(block: &[S], min_normal: f64, visitor: &mut V) -> Moments {
    let pivot = pivot(block);
    let sums = sums(block, pivot, min_normal, visitor);
    if block.is_empty() || (sums.powers[3].is_finite() && in_range(sums.extremes.absmax())) {
        central(&sums, block.len(), pivot, 0)
    } else {
        filtered(block, min_normal)
    }
}

/// Whether fourth powers of deviations of values up to `absmax` are exact enough in f64.
fn in_range(absmax: f64) -> bool {
    absmax == 0.0 || (1e-60..=1e72).contains(&absmax)
}

fn pivot<S: Stored>(block: &[S]) -> f64 {
    let head = &block[..block.len().min(ROW)];
    let Some(first) = head.first().map(|x| x.get()) else { return 0.0 };
    first + total(head, first) / head.len() as f64
}

per_cpu! {
    /// Σ(x − origin): of values near the origin, a sum far smaller than its terms and so far less rounded.
    fn total<S: Stored>(row: &[S], origin: f64) -> f64 = lanes total_body;
}

#[inline(always)]
fn total_body<L: Lanes, S: Stored>(row: &[S], origin: f64) -> f64 {
    let (eights, rest) = row.as_chunks::<LANES>();
    let mut sum = L::splat(0.0);
    for eight in eights {
        sum = sum.plus(S::lanes::<L>(eight).minus(L::splat(origin)));
    }
    rest.iter().fold(fold(&sum.to_array()), |sum, x| sum + (x.get() - origin))
}

per_cpu! {
    fn sums<S: Stored, V: Visitor<S>>(block: &[S], pivot: f64, min_normal: f64, visitor: &mut V) -> Sums = lanes sums_body;
}

#[inline(always)]
fn sums_body<L: Lanes, S: Stored, V: Visitor<S>>(block: &[S], pivot: f64, min_normal: f64, visitor: &mut V) -> Sums {
    let mut total = Sums { powers: [0.0; 4], extremes: Extremes::NONE };
    for row in block.chunks(ROW) {
        add_powers::<L, S>(row, pivot, &mut total.powers);
        let bounds = S::bounds::<L, V>(row, visitor);
        total.extremes.add(row, bounds, min_normal);
    }
    total
}

#[inline(always)]
fn add_powers<L: Lanes, S: Stored>(row: &[S], pivot: f64, total: &mut [f64; 4]) {
    let mut sums = [L::splat(0.0); 4];
    let (pairs, rest) = row.as_chunks::<{ 2 * LANES }>();
    for pair in pairs {
        prefetch_ahead(pair.as_ptr().cast());
        for eight in pair.as_chunks().0 {
            add(&mut sums, S::lanes::<L>(eight).minus(L::splat(pivot)));
        }
    }
    let (eights, rest) = rest.as_chunks();
    for eight in eights {
        add(&mut sums, S::lanes::<L>(eight).minus(L::splat(pivot)));
    }
    if let [first, ..] = rest {
        add(&mut sums, padded::<L, S>(rest, *first, pivot));
    }
    for (total, sum) in total.iter_mut().zip(sums) {
        *total += fold(&sum.to_array());
    }
}

/// Deviations of fewer than eight values; the lanes left over deviate by nothing.
#[inline(always)]
fn padded<L: Lanes, S: Stored>(rest: &[S], filler: S, pivot: f64) -> L {
    let mut full = [filler; LANES];
    full[..rest.len()].copy_from_slice(rest);
    let deviation = S::lanes::<L>(&full).minus(L::splat(pivot)).to_array();
    let mut kept = [[0; 8]; LANES];
    for (slot, d) in kept.iter_mut().zip(&deviation[..rest.len()]) {
        *slot = d.to_le_bytes();
    }
    L::from_f64(&kept)
}

#[inline(always)]
pub(crate) fn add<L: Lanes>(sums: &mut [L; 4], d: L) {
    let d2 = d.times(d);
    sums[0] = sums[0].plus(d);
    sums[1] = d.times_plus(d, sums[1]);
    sums[2] = d2.times_plus(d, sums[2]);
    sums[3] = d2.times_plus(d2, sums[3]);
}

/// ((0+4)+(2+6)) + ((1+5)+(3+7)): a fixed tree.
#[inline(always)]
fn fold(x: &[f64; LANES]) -> f64 {
    ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))
}

/// Sums about the pivot become sums about the mean.
pub(crate) fn central(sums: &Sums, n: usize, pivot: f64, scale: i32) -> Moments {
    if n == 0 {
        return Moments::default();
    }
    let [s1, s2, s3, s4] = sums.powers;
    let Extremes { min, max, zeros, tiny } = sums.extremes;
    let d = s1 / n as f64;
    let m2 = (s2 - d * s1).max(0.0);
    let m3 = s3 - d * (3.0 * s2 - 2.0 * d * s1);
    let m4 = (s4 - d * (4.0 * s3 - d * (6.0 * s2 - 3.0 * d * s1))).max(0.0);
    Moments {
        n: n as u64,
        n_zero: zeros,
        n_subnormal: tiny - zeros,
        min: min + 0.0, // −0 becomes 0
        max: max + 0.0,
        scale,
        center: Center::sum(pivot, d),
        sums: Central { m2, m3, m4 },
        ..Moments::default()
    }
}

/// The slow path: without the non-finite values, and scaled where their fourth powers would leave the range of f64.
fn filtered<S: Stored>(block: &[S], min_normal: f64) -> Moments {
    let finite: Vec<S> = block.iter().copied().filter(|x| x.get().is_finite()).collect();
    let n_nan = block.iter().filter(|x| x.get().is_nan()).count();
    let n_inf = block.len() - finite.len() - n_nan;
    let pivot = pivot(&finite);
    let sums = sums(&finite, pivot, min_normal, &mut ());
    let found = if finite.is_empty() || in_range(sums.extremes.absmax()) {
        central(&sums, finite.len(), pivot, 0)
    } else {
        scaled(&finite, sums.extremes)
    };
    Moments { n_nan: n_nan as u64, n_inf: n_inf as u64, ..found }
}

/// Moments of values that are scaled so that the largest magnitude is about 1; `extremes` are those of the values.
fn scaled<S: Stored>(finite: &[S], extremes: Extremes) -> Moments {
    let scale = extremes.absmax().log2().ceil() as i32;
    let scaled: Vec<S> = finite.iter().map(|x| S::put(shifted(x.get(), -scale))).collect();
    let pivot = pivot(&scaled);
    let Sums { powers, .. } = sums(&scaled, pivot, 0.0, &mut ());
    central(&Sums { powers, extremes }, finite.len(), pivot, scale)
}
