//! Distinct texts and how often each was seen.

use std::ops::Range;

use crate::tokens::table::Table;

/// Distinct texts and how often each was seen.
#[derive(Default)]
pub struct Times(Table);

impl Times {
    /// Counts `buffer[part]`, `times` times.
    #[inline]
    pub fn see(&mut self, buffer: &str, part: Range<usize>, times: u64) {
        *self.0.value(buffer.as_bytes(), part) += times;
    }

    /// Asks the memory for the count of `buffer[part]`, which is seen soon.
    #[inline]
    pub fn prefetch(&self, buffer: &str, part: Range<usize>) {
        self.0.prefetch(buffer.as_bytes(), part);
    }

    /// Every text and how often it was seen, in no order that means anything.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.entries().map(|(text, times)| (str_of(text), times))
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

/// Tells when some more text has gone by, so that tables are weighed now and then and not at every word.
#[derive(Default)]
pub(super) struct Stride(usize);

/// Bytes between two times.
const STRIDE: usize = 64 << 10;

impl Stride {
    /// Whether it is time, after so many more bytes.
    #[inline]
    pub(super) fn ends_with(&mut self, bytes: usize) -> bool {
        self.0 += bytes;
        let is_over = self.0 >= STRIDE;
        if is_over {
            self.0 = 0;
        }
        is_over
    }
}

/// A string of a table into which only whole texts were put.
pub(super) fn str_of(text: &[u8]) -> &str {
    simdutf8::basic::from_utf8(text).unwrap_or_default()
}
