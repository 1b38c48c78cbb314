//! A table of distinct byte strings: each gets the next number, in the order of first sight.
//!
//! Open addressing with linear probing over 32-byte slots. A string of up to 24 bytes lies in its slot, zero-padded,
//! with its length (so that zero bytes are told apart); a longer one lies in one shared buffer, and its slot holds its
//! hash and place. Strings are compared whole: a hash only says where to look. Frequent strings come early and so get
//! small numbers, which keeps what a caller stores by number close together.
//!
//! ```
//! use glotgap_core::tokens::table::Table;
//!
//! let mut table = Table::default();
//! assert_eq!(table.number(b"a"), (0, true));
//! assert_eq!(table.number(b"b"), (1, true));
//! assert_eq!(table.number(b"a"), (0, false));
//! ```

use crate::tokens::key::{hash, hash_long, key};

/// The longest string that lies in its slot.
const INLINE: usize = 24;
const FIRST_SLOTS: usize = 1 << 10;
const EMPTY: u32 = u32::MAX;

/// Distinct strings and their numbers.
pub struct Table {
    slots: Vec<Slot>,
    long: Vec<u8>,
    count: u32,
}

#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Slot {
    key: [u64; 3],
    length: u32,
    number: u32,
}

const NO_SLOT: Slot = Slot { key: [0; 3], length: 0, number: EMPTY };

impl Default for Table {
    fn default() -> Self {
        Self { slots: vec![NO_SLOT; FIRST_SLOTS], long: Vec::new(), count: 0 }
    }
}

impl Table {
    /// The number of `text` and whether it is new.
    #[inline]
    pub fn number(&mut self, text: &[u8]) -> (u32, bool) {
        self.number_in(text, 0, text.len())
    }

    /// The number of `buffer[start..end]`, which must lie inside: bytes after it make the look-up faster.
    #[inline]
    pub fn number_in(&mut self, buffer: &[u8], start: usize, end: usize) -> (u32, bool) {
        let length = end - start;
        if length > INLINE {
            return self.number_of_long(&buffer[start..end]);
        }
        let key = key::<3>(buffer, start, length);
        let mut at = self.place(hash(&key));
        loop {
            let slot = &self.slots[at];
            if slot.key == key && slot.length as usize == length && slot.number != EMPTY {
                return (slot.number, false);
            }
            if slot.number == EMPTY {
                return (self.add(at, key, length), true);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    #[inline(never)]
    fn number_of_long(&mut self, text: &[u8]) -> (u32, bool) {
        let hash = hash_long(text);
        let mut at = self.place(hash);
        loop {
            let slot = self.slots[at];
            if slot.number == EMPTY {
                let key = [hash, self.long.len() as u64, 0];
                self.long.extend_from_slice(text);
                return (self.add(at, key, text.len()), true);
            }
            if slot.key[0] == hash && slot.length as usize == text.len() && self.text_of(&slot) == text {
                return (slot.number, false);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    #[inline]
    fn place(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.slots.len() - 1)
    }

    #[inline(never)]
    fn add(&mut self, at: usize, key: [u64; 3], length: usize) -> u32 {
        let number = self.count;
        self.slots[at] = Slot { key, length: length as u32, number };
        self.count += 1;
        if self.count as usize * 3 > self.slots.len() * 2 {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let larger = vec![NO_SLOT; self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, larger);
        for slot in old.into_iter().filter(|slot| slot.number != EMPTY) {
            let long = slot.length as usize > INLINE;
            let mut at = self.place(if long { slot.key[0] } else { hash(&slot.key) });
            while self.slots[at].number != EMPTY {
                at = (at + 1) & (self.slots.len() - 1);
            }
            self.slots[at] = slot;
        }
    }

    fn text_of<'s>(&'s self, slot: &'s Slot) -> &'s [u8] {
        let length = slot.length as usize;
        if length <= INLINE {
            return &bytemuck::bytes_of(&slot.key)[..length];
        }
        let start = slot.key[1] as usize;
        &self.long[start..start + length]
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of memory that the strings take.
    pub fn bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.long.capacity()
    }

    /// Every string and its number, in no order that means anything.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.slots.iter().filter(|slot| slot.number != EMPTY).map(|slot| (self.text_of(slot), slot.number))
    }

    /// Forgets all strings; keeps the memory.
    pub fn clear(&mut self) {
        self.slots.fill(NO_SLOT);
        self.long.clear();
        self.count = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::Table;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_are_those_of_a_hash_map(texts in prop::collection::vec(prop::collection::vec(0u8..3, 0..40), 0..200)) {
            let (mut table, mut map) = (Table::default(), HashMap::new());
            for text in &texts {
                let next = map.len() as u32;
                let number = *map.entry(text.clone()).or_insert(next);
                prop_assert_eq!(table.number(text), (number, number == next && map.len() as u32 > next));
            }
            let entries: HashMap<Vec<u8>, u32> = table.entries().map(|(text, n)| (text.to_vec(), n)).collect();
            prop_assert_eq!(entries, map);
        }
    }

    #[test]
    fn it_grows_and_empties() {
        let mut table = Table::default();
        for round in 0..2 {
            for i in 0..100_000u32 {
                let text = format!("{i:0width$}", width = (i % 40) as usize);
                let (number, is_new) = table.number(text.as_bytes());
                assert!(number <= i && (is_new || number < i), "{round}");
            }
            table.clear();
            assert!(table.is_empty());
        }
    }

    #[test]
    fn where_a_string_lies_does_not_matter() {
        let buffer = b"some text that is longer than one slot of the table, twice: some";
        let mut table = Table::default();
        assert_eq!(table.number_in(buffer, 0, 4), (0, true));
        assert_eq!(table.number_in(buffer, buffer.len() - 4, buffer.len()), (0, false));
        assert_eq!(table.number(b"some\0"), (1, true));
    }
}
