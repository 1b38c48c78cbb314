//! The tallies of short strings seen lately, in a table that stays in the cache of a core.
//!
//! Words follow Zipf's law: a few thousand make up most of a text. Each has one place here, by its hash, and drives out
//! what was there before; so a look-up costs some nanoseconds, and a string that was driven out is asked for again.

use crate::tokens::key::{hash, key};
use crate::tokens::tally::Tally;

/// Tallies of strings of up to [`LONGEST`](Recent::LONGEST) bytes.
pub struct Recent {
    slots: Vec<Slot>,
}

const WORDS: usize = 3;

#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Slot {
    key: [u64; WORDS],
    length: u16,
    tokens: u16,
    unknown: u16,
    fallback: u16,
}

/// No string is as long.
const EMPTY: u16 = u16::MAX;

impl Recent {
    /// The longest string that has a place.
    pub const LONGEST: usize = 8 * WORDS;

    /// Places for `2^bits` strings.
    pub fn new(bits: u32) -> Self {
        let empty = Slot { key: [0; WORDS], length: EMPTY, tokens: 0, unknown: 0, fallback: 0 };
        Self { slots: vec![empty; 1 << bits] }
    }

    /// The tally of `text`: the one kept, or what `new` gives.
    #[inline]
    pub fn tally(&mut self, text: &[u8], new: impl FnOnce() -> Tally) -> Tally {
        let (key, length) = (key::<WORDS>(text, 0, text.len()), text.len());
        let last = self.slots.len() - 1;
        let slot = &mut self.slots[(hash(&key) >> 32) as usize & last];
        if slot.key == key && usize::from(slot.length) == length {
            return slot.tally();
        }
        let tally = new();
        if let Some(kept) = Slot::of(key, length, tally) {
            *slot = kept;
        }
        tally
    }
}

impl Slot {
    /// None if a count is too large to be kept.
    fn of(key: [u64; WORDS], length: usize, tally: Tally) -> Option<Self> {
        let small = |count: u32| u16::try_from(count).ok();
        let (tokens, unknown) = (small(tally.tokens)?, small(tally.unknown)?);
        Some(Self { key, length: length as u16, tokens, unknown, fallback: small(tally.fallback)? })
    }

    #[inline]
    fn tally(&self) -> Tally {
        let [tokens, unknown, fallback] = [self.tokens, self.unknown, self.fallback].map(u32::from);
        Tally { tokens, unknown, fallback }
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;
    use crate::tokens::tally::Tally;

    #[test]
    fn what_is_kept_is_what_was_given() {
        let mut recent = Recent::new(2);
        for round in 0..3u32 {
            for i in 0..100u32 {
                let text = format!("{i}\0{}", "x".repeat(i as usize % 20));
                let given = Tally { tokens: i, unknown: i / 2, fallback: 0 };
                let found = recent.tally(text.as_bytes(), || given);
                assert_eq!(found, given, "{round}");
            }
        }
    }

    #[test]
    fn a_count_too_large_to_be_kept_is_given_all_the_same() {
        let mut recent = Recent::new(2);
        for tokens in [70_000, 3] {
            let given = Tally { tokens, ..Tally::default() };
            assert_eq!(recent.tally(b"a", || given), given);
        }
    }
}
