//! Distinct texts and how often each was seen.

use std::ops::Range;

use crate::tokens::table::Table;

/// Distinct texts and how often each was seen.
#[derive(Default)]
pub struct Times {
    table: Table,
    times: Vec<u64>,
}

impl Times {
    /// Counts `buffer[part]`, `times` times.
    #[inline]
    pub fn see(&mut self, buffer: &str, part: Range<usize>, times: u64) {
        let (number, is_new) = self.table.number_in(buffer.as_bytes(), part.start, part.end);
        if is_new {
            self.times.push(times);
        } else {
            self.times[number as usize] += times;
        }
    }

    /// Every text and how often it was seen, in no order that means anything.
    pub fn entries(&self) -> impl Iterator<Item = (&str, u64)> {
        let text = |bytes| std::str::from_utf8(bytes).unwrap_or_default(); // only whole texts come in
        self.table.entries().map(move |(bytes, number)| (text(bytes), self.times[number as usize]))
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        self.table.bytes() + self.times.capacity() * size_of::<u64>()
    }
}
