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

    /// Every text and how often it was seen, in no order that means anything.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u64)> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default(); // only whole texts come in
        self.0.entries().map(move |(bytes, times)| (text(bytes), times))
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        self.0.bytes()
    }
}
