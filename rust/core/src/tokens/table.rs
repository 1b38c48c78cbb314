//! A table from byte strings to numbers, which are 0 for a new string.
//!
//! Open addressing with linear probing. A string of up to 23 bytes lies in a slot of 32 bytes beside its number, one of
//! up to 55 bytes in a slot of 64: a look-up mostly touches one line of the cache. A key is the string, zero-padded, with
//! its length plus one in the last byte, so that zero bytes are told apart and no string has the key of an empty slot.
//! Strings are compared whole: a hash only says where to look. Longer strings lie in a hash map.
//!
//! Limit: little-endian machines, where the bytes of a key are those of its string.
//!
//! ```
//! use glotgap_core::tokens::table::Table;
//!
//! let mut table = Table::default();
//! *table.value(b"a word", 2..6) += 1;
//! *table.value(b"word", 0..4) += 1;
//! assert_eq!(table.entries().collect::<Vec<_>>(), [(&b"word"[..], 2)]);
//! ```

use std::collections::HashMap;
use std::ops::Range;

use crate::cpu::prefetch;
use crate::pages::filled;
use crate::tokens::key::{hash, key};

/// The longest string that lies in a slot.
pub const LONGEST: usize = longest::<7>();
const FIRST_SLOTS: usize = 1 << 6;
const _: () = assert!(cfg!(target_endian = "little"), "the bytes of a key are those of its string");

/// Distinct strings and their numbers.
#[derive(Default)]
pub struct Table {
    short: Slots<3>,
    medium: Slots<7>,
    long: HashMap<Box<[u8]>, u64>,
    long_bytes: usize,
}

impl Table {
    /// The number of `buffer[part]`, which must lie inside: bytes after it make the look-up faster.
    #[inline]
    pub fn value(&mut self, buffer: &[u8], part: Range<usize>) -> &mut u64 {
        if part.len() <= longest::<3>() {
            self.short.value(buffer, part)
        } else if part.len() <= LONGEST {
            self.medium.value(buffer, part)
        } else {
            self.value_of_long(&buffer[part])
        }
    }

    /// Asks the memory for the number of `buffer[part]`, which is looked up soon.
    #[inline]
    pub fn prefetch(&self, buffer: &[u8], part: Range<usize>) {
        if part.len() <= longest::<3>() {
            self.short.prefetch(buffer, part);
        } else if part.len() <= LONGEST {
            self.medium.prefetch(buffer, part);
        }
    }

    #[inline(never)]
    fn value_of_long(&mut self, text: &[u8]) -> &mut u64 {
        if !self.long.contains_key(text) {
            self.long_bytes += text.len();
            self.long.insert(text.into(), 0);
        }
        self.long.get_mut(text).unwrap_or_else(|| unreachable!("it was put in"))
    }

    /// Bytes of memory held.
    pub fn bytes(&self) -> usize {
        let entries = self.long.capacity() * size_of::<(Box<[u8]>, u64)>();
        self.short.bytes() + self.medium.bytes() + self.long_bytes + entries
    }

    /// Every string and its number, in no order that means anything.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let long = self.long.iter().map(|(text, &value)| (&**text, value));
        self.short.entries().chain(self.medium.entries()).chain(long)
    }

    /// The same, with numbers that can be changed.
    pub fn entries_mut(&mut self) -> impl Iterator<Item = (&[u8], &mut u64)> {
        let long = self.long.iter_mut().map(|(text, value)| (&**text, value));
        self.short.entries_mut().chain(self.medium.entries_mut()).chain(long)
    }
}

/// Strings of up to `8 W - 1` bytes.
struct Slots<const W: usize> {
    slots: Vec<Slot<W>>,
    count: usize,
}

#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Slot<const W: usize> {
    key: [u64; W],
    value: u64,
}

const fn longest<const W: usize>() -> usize {
    8 * W - 1
}

impl<const W: usize> Default for Slots<W> {
    fn default() -> Self {
        Self { slots: filled(Slot::EMPTY, FIRST_SLOTS), count: 0 }
    }
}

impl<const W: usize> Slots<W> {
    #[inline]
    fn value(&mut self, buffer: &[u8], part: Range<usize>) -> &mut u64 {
        let key = Self::key(buffer, part);
        let mut at = self.find(&key);
        if self.slots[at].key[W - 1] == 0 {
            at = self.add(key);
        }
        &mut self.slots[at].value
    }

    #[inline(always)]
    fn key(buffer: &[u8], part: Range<usize>) -> [u64; W] {
        let mut key = key::<W>(buffer, part.start, part.len());
        key[W - 1] |= (part.len() as u64 + 1) << 56;
        key
    }

    #[inline]
    fn prefetch(&self, buffer: &[u8], part: Range<usize>) {
        prefetch((&raw const self.slots[self.home(&Self::key(buffer, part))]).cast());
    }

    /// Where the search for a key begins.
    #[inline]
    fn home(&self, key: &[u64; W]) -> usize {
        (hash(key) >> 32) as usize & (self.slots.len() - 1)
    }

    /// The slot of the key, or the empty one where it belongs.
    #[inline]
    fn find(&self, key: &[u64; W]) -> usize {
        let mut at = self.home(key);
        while self.slots[at].key != *key && self.slots[at].key[W - 1] != 0 {
            at = (at + 1) & (self.slots.len() - 1);
        }
        at
    }

    #[inline(never)]
    fn add(&mut self, key: [u64; W]) -> usize {
        self.count += 1;
        if self.count * 3 > self.slots.len() * 2 {
            self.grow();
        }
        let at = self.find(&key);
        self.slots[at].key = key;
        at
    }

    fn grow(&mut self) {
        let larger = filled(Slot::EMPTY, self.slots.len() * 2);
        for slot in std::mem::replace(&mut self.slots, larger) {
            if slot.key[W - 1] != 0 {
                let at = self.find(&slot.key);
                self.slots[at] = slot;
            }
        }
    }

    fn bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot<W>>()
    }

    fn entries(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let taken = self.slots.iter().filter(|slot| slot.key[W - 1] != 0);
        taken.map(|Slot { key, value }| (text_of(key), *value))
    }

    fn entries_mut(&mut self) -> impl Iterator<Item = (&[u8], &mut u64)> {
        let taken = self.slots.iter_mut().filter(|slot| slot.key[W - 1] != 0);
        taken.map(|Slot { key, value }| (text_of(&*key), value))
    }
}

impl<const W: usize> Slot<W> {
    const EMPTY: Self = Self { key: [0; W], value: 0 };
}

/// The string of a key.
fn text_of<const W: usize>(key: &[u64; W]) -> &[u8] {
    let length = (key[W - 1] >> 56) as usize - 1;
    &bytemuck::cast_slice(key)[..length]
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::Table;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_those_of_a_hash_map(texts in prop::collection::vec(prop::collection::vec(0u8..3, 0..80), 0..200)) {
            let (mut table, mut map) = (Table::default(), HashMap::<Vec<u8>, u64>::new());
            for (text, i) in texts.iter().zip(1..) {
                *table.value(text, 0..text.len()) += i;
                *map.entry(text.clone()).or_default() += i;
            }
            let entries: HashMap<Vec<u8>, u64> = table.entries().map(|(text, n)| (text.to_vec(), n)).collect();
            prop_assert_eq!(&entries, &map);
            table.entries_mut().for_each(|(_, n)| *n += 1);
            prop_assert!(table.entries().all(|(text, n)| n == map[text] + 1));
        }
    }

    #[test]
    fn it_grows() {
        let mut table = Table::default();
        for i in 0..200_000u64 {
            let text = format!("{:0width$}", i % 100_000, width = (i % 70) as usize);
            *table.value(text.as_bytes(), 0..text.len()) += 1;
        }
        assert_eq!(table.entries().map(|(_, n)| n).sum::<u64>(), 200_000);
        assert!(table.bytes() > 3_000_000);
    }

    #[test]
    fn where_a_string_lies_does_not_matter() {
        let buffer = b"some text that is longer than one slot of the table, twice: some";
        let mut table = Table::default();
        *table.value(buffer, 0..4) = 7;
        assert_eq!(*table.value(buffer, buffer.len() - 4..buffer.len()), 7);
        assert_eq!(*table.value(b"some\0", 0..5), 0);
    }
}
