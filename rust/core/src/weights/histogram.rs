//! Integer histograms over bit patterns: everything there is to know of a narrow tensor, in one pass.
//!
//! A format of at most 16 bits has at most 65,536 values, so counting patterns keeps the whole distribution:
//! moments, quantiles, tails, entropy and the error of every quantizer follow exactly, and histograms merge in
//! any order. For f32 and f64 the same table over the top 16 bits of the f32 pattern is a *sketch*: bins are
//! 2⁻⁷ wide relative to their value and stand for their middle.
//!
//! Counting goes into u32 tables of the worker, two of them in turn so that equal neighbours do not wait for each
//! other's store; four measured slower, because together they leave the first-level cache. Bytes use eight tables of 256.

use crate::cpu::{per_cpu, prefetch_ahead};
use crate::weights::distribution::Distribution;
use crate::weights::dtype::DType;
use crate::weights::moments::Moments;

const PATTERNS: usize = 65_536;
/// Neighbouring patterns that are looked at together: a cache line of u32.
const LINE: usize = 16;
/// Values that a worker may count before its u32 tables must be emptied.
const ROOM: u64 = 1 << 31;

/// What a bin of the histogram stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bins {
    /// One bin a bit pattern of a narrow format.
    Exact(DType),
    /// One bin for each top half of an f32 pattern.
    Sketch,
}

/// How often each bit pattern occurs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    bins: Bins,
    counts: Vec<u64>,
}

impl Histogram {
    /// An empty histogram.
    pub fn new(bins: Bins) -> Self {
        Self { bins, counts: vec![0; PATTERNS] }
    }

    /// A histogram with these counts, one for each of the 65,536 patterns.
    pub fn from_counts(bins: Bins, counts: Vec<u64>) -> Option<Self> {
        (counts.len() == PATTERNS).then_some(Self { bins, counts })
    }

    /// What the bins stand for.
    pub fn bins(&self) -> Bins {
        self.bins
    }

    /// Counts by bit pattern.
    pub fn counts(&self) -> &[u64] {
        &self.counts
    }

    /// Adds the counts of a histogram over the same bins; `false`, and nothing done, when the bins differ.
    #[must_use]
    pub fn merge(&mut self, other: &Self) -> bool {
        let fits = self.bins == other.bins;
        if fits {
            self.counts.iter_mut().zip(&other.counts).for_each(|(a, b)| *a += b);
        }
        fits
    }

    /// The finite values in ascending order, each with its count.
    pub fn distribution(&self) -> Distribution {
        let patterns = self.occurring();
        let (plus, minus) = patterns.split_at(patterns.partition_point(|p| usize::from(*p) < self.bins.unsigned()));
        let mut found = Distribution::with_capacity(patterns.len());
        let mut see = |pattern: &u16| {
            let value = self.bins.value(*pattern);
            if value.is_finite() {
                found.push(value, self.counts[usize::from(*pattern)]);
            }
        };
        if self.bins.is_signed_magnitude() {
            minus.iter().rev().for_each(&mut see);
        } else {
            minus.iter().for_each(&mut see);
        }
        plus.iter().for_each(see);
        found
    }

    /// Patterns counted at least once, ascending: few of all, so whole lines of empty ones are passed over.
    fn occurring(&self) -> Vec<u16> {
        let mut found = Vec::with_capacity(8_192);
        for (line, counts) in self.counts[..self.bins.width()].as_chunks::<LINE>().0.iter().enumerate() {
            if counts.iter().fold(0, |any, count| any | count) > 0 {
                let patterns = (line * LINE..).zip(counts).filter(|(_, count)| **count > 0);
                found.extend(patterns.map(|(pattern, _)| pattern as u16));
            }
        }
        found
    }

    /// Moments of what was counted, NaN and infinities of exact bins included; `distribution` is its own.
    pub fn moments(&self, distribution: &Distribution) -> Moments {
        let is_finite = self.counts.iter().sum::<u64>() == distribution.n();
        let (n_nan, n_inf) = if is_finite { (0, 0) } else { self.non_finite() };
        let min_normal = if let Bins::Exact(dtype) = self.bins { dtype.min_normal() } else { None };
        Moments { n_nan, n_inf, ..distribution.moments(min_normal) }
    }

    /// How many values are NaN, and how many infinite. For a sketch both are told by its moments instead: (0, 0).
    pub fn non_finite(&self) -> (u64, u64) {
        if self.bins == Bins::Sketch {
            return (0, 0);
        }
        let patterns = self.occurring();
        let values = patterns.iter().map(|p| (self.bins.value(*p), self.counts[usize::from(*p)]));
        values.filter(|(value, _)| !value.is_finite()).fold((0, 0), |(nan, inf), (value, count)| {
            if value.is_nan() { (nan + count, inf) } else { (nan, inf + count) }
        })
    }
}

impl Bins {
    /// The bins for values of `dtype`.
    pub fn of(dtype: DType) -> Self {
        if dtype.is_narrow() { Self::Exact(dtype) } else { Self::Sketch }
    }

    /// The value a pattern stands for; NaN for patterns that stand for none.
    fn value(self, pattern: u16) -> f64 {
        match self {
            Self::Exact(dtype) => dtype.value(pattern),
            Self::Sketch => middle(pattern),
        }
    }

    fn width(self) -> usize {
        if matches!(self, Self::Exact(dtype) if dtype.size() == 1) { 256 } else { PATTERNS }
    }

    /// Number of patterns without the sign bit; they come first. Among them, and among those with it, values rise with
    /// the pattern, or fall with it where the sign bit is set and magnitudes are stored.
    fn unsigned(self) -> usize {
        if self.is_unsigned() { self.width() } else { self.width() / 2 }
    }

    fn is_unsigned(self) -> bool {
        matches!(self, Self::Exact(DType::U8 | DType::Bool | DType::F8E8m0))
    }

    fn is_signed_magnitude(self) -> bool {
        !matches!(self, Self::Exact(dtype) if dtype.is_integer())
    }
}

/// The middle of the f32 values whose top half is `pattern`; the bins next to zero stand for zero.
fn middle(pattern: u16) -> f64 {
    match pattern & 0x7fff {
        0 => 0.0,
        0x7f80.. => f64::NAN,
        _ => f64::from(f32::from_bits(u32::from(pattern) << 16 | 0x8000)),
    }
}

/// The sketch bin of a value: monotone, so a bin holds a contiguous range of values.
pub fn sketch_bin(x: f64) -> u16 {
    ((x as f32).to_bits() >> 16) as u16
}

/// A worker's own tables, emptied into a [`Histogram`] now and then.
#[derive(Debug)]
pub struct Counters {
    even: Box<[u32]>,
    odd: Box<[u32]>,
    filled: u64,
}

impl Default for Counters {
    fn default() -> Self {
        Self { even: zeros(), odd: zeros(), filled: 0 }
    }
}

fn zeros() -> Box<[u32]> {
    vec![0; PATTERNS].into_boxed_slice()
}

impl Counters {
    /// Whether `more` values might overflow the tables.
    pub fn is_full_for(&self, more: u64) -> bool {
        self.filled + more > ROOM
    }

    /// Counts 16-bit patterns.
    pub fn count_pairs(&mut self, values: &[[u8; 2]]) {
        self.filled += values.len() as u64;
        with_tables(&mut self.even, &mut self.odd, |even, odd| count_pairs(values, even, odd));
    }

    /// Counts bytes.
    pub fn count_bytes(&mut self, values: &[u8]) {
        self.filled += values.len() as u64;
        with_tables(&mut self.even, &mut self.odd, |even, odd| count_bytes(values, even, odd));
    }

    /// Counts the top halves of f32 patterns.
    pub fn count_tops(&mut self, values: &[[u8; 4]]) {
        self.filled += values.len() as u64;
        with_tables(&mut self.even, &mut self.odd, |even, odd| count_tops(values, even, odd));
    }

    /// Counts f64 values in the sketch bins.
    pub fn count_doubles(&mut self, values: &[[u8; 8]]) {
        self.filled += values.len() as u64;
        for bytes in values {
            self.even[usize::from(sketch_bin(f64::from_le_bytes(*bytes)))] += 1;
        }
    }

    /// Moves all counts into `histogram`.
    pub fn drain_into(&mut self, histogram: &mut Histogram) {
        let byte_wide = matches!(histogram.bins, Bins::Exact(dtype) if dtype.size() == 1);
        if byte_wide {
            self.drain_bytes(&mut histogram.counts);
        } else {
            self.drain_pairs(&mut histogram.counts);
        }
        self.filled = 0;
    }

    fn drain_pairs(&mut self, counts: &mut [u64]) {
        let lines = counts.as_chunks_mut::<LINE>().0.iter_mut();
        let tables = self.even.as_chunks_mut::<LINE>().0.iter_mut().zip(self.odd.as_chunks_mut::<LINE>().0);
        for (totals, (even, odd)) in lines.zip(tables) {
            if even.iter().zip(&*odd).fold(0, |any, (even, odd)| any | even | odd) == 0 {
                continue;
            }
            for ((total, even), odd) in totals.iter_mut().zip(even).zip(odd) {
                *total += u64::from(std::mem::take(even)) + u64::from(std::mem::take(odd));
            }
        }
    }

    /// Table t of byte b is at t·256 + b, four in each half.
    fn drain_bytes(&mut self, counts: &mut [u64]) {
        for table in [&mut self.even, &mut self.odd] {
            for (at, count) in table.iter_mut().take(4 * 256).enumerate() {
                counts[at % 256] += u64::from(std::mem::take(count));
            }
        }
    }
}

type Table = [u32; PATTERNS];

fn with_tables(even: &mut [u32], odd: &mut [u32], count: impl FnOnce(&mut Table, &mut Table)) {
    if let (Ok(even), Ok(odd)) = (even.try_into(), odd.try_into()) {
        count(even, odd);
    }
}

per_cpu! { fn count_pairs(values: &[[u8; 2]], even: &mut Table, odd: &mut Table) = count_pairs_body; }

#[inline(always)]
fn count_pairs_body(values: &[[u8; 2]], even: &mut Table, odd: &mut Table) {
    let (quads, rest) = values.as_flattened().as_chunks::<32>();
    for quad in quads {
        prefetch_ahead(quad.as_ptr());
        for word in quad.as_chunks::<8>().0 {
            let w = u64::from_le_bytes(*word);
            even[(w & 0xffff) as usize] += 1;
            odd[(w >> 16 & 0xffff) as usize] += 1;
            even[(w >> 32 & 0xffff) as usize] += 1;
            odd[(w >> 48) as usize] += 1;
        }
    }
    for pattern in rest.as_chunks::<2>().0 {
        even[usize::from(u16::from_le_bytes(*pattern))] += 1;
    }
}

per_cpu! { fn count_tops(values: &[[u8; 4]], even: &mut Table, odd: &mut Table) = count_tops_body; }

#[inline(always)]
fn count_tops_body(values: &[[u8; 4]], even: &mut Table, odd: &mut Table) {
    let (words, rest) = values.as_flattened().as_chunks::<8>();
    for word in words {
        let w = u64::from_le_bytes(*word);
        even[(w >> 16 & 0xffff) as usize] += 1;
        odd[(w >> 48) as usize] += 1;
    }
    for pattern in rest.as_chunks::<4>().0 {
        even[(u32::from_le_bytes(*pattern) >> 16) as usize] += 1;
    }
}

per_cpu! { fn count_bytes(values: &[u8], even: &mut Table, odd: &mut Table) = count_bytes_body; }

#[inline(always)]
fn count_bytes_body(values: &[u8], even: &mut Table, odd: &mut Table) {
    let (words, rest) = values.as_chunks::<8>();
    for word in words {
        for (table, pair) in word.as_chunks::<2>().0.iter().enumerate() {
            even[table * 256 + usize::from(pair[0])] += 1;
            odd[table * 256 + usize::from(pair[1])] += 1;
        }
    }
    for byte in rest {
        even[usize::from(*byte)] += 1;
    }
}
