//! Moments and histograms of values in memory, for callers that hold arrays and not files.

use crate::weights::dtype::DType;
use crate::weights::histogram::{Bins, Counters, Histogram};
use crate::weights::moments::{Moments, merge_all};
use crate::weights::source::Stretch;
use crate::weights::source::read::plain;

/// Bytes counted or summed at a time.
const PIECE: usize = 4 << 20;

/// Moments of the values whose little-endian bytes are `stored`: exact to rounding for formats of at most 16 bits.
pub fn moments(dtype: DType, stored: &[u8]) -> Moments {
    if dtype.is_narrow() {
        let histogram = histogram(dtype, stored);
        return histogram.moments(&histogram.distribution());
    }
    let mut doubles = Vec::new();
    let part = |piece| match plain(dtype, piece, &mut doubles) {
        Stretch::Singles(values) => Moments::of_f32(values),
        Stretch::Doubles(values) => Moments::of_f64(values),
        Stretch::Bytes(_) | Stretch::Pairs(_) => Moments::default(),
    };
    merge_all(stored.chunks(PIECE).map(part))
}

/// The histogram of the same: exact for formats of at most 16 bits, else the sketch.
pub fn histogram(dtype: DType, stored: &[u8]) -> Histogram {
    let mut histogram = Histogram::new(Bins::of(dtype));
    let mut counters = Counters::default();
    let mut doubles = Vec::new();
    for piece in stored.chunks(PIECE) {
        if counters.is_full_for(piece.len() as u64) {
            counters.drain_into(&mut histogram);
        }
        match plain(dtype, piece, &mut doubles) {
            Stretch::Bytes(values) => counters.count_bytes(values),
            Stretch::Pairs(values) => counters.count_pairs(values),
            Stretch::Singles(values) => counters.count_tops(values),
            Stretch::Doubles(values) => counters.count_doubles(values),
        }
    }
    counters.drain_into(&mut histogram);
    histogram
}
