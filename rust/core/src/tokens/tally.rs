//! What the tokens of one text are counted as.

use std::num::NonZeroU64;
use std::ops::AddAssign;

use crate::tokens::kinds::Kinds;

/// Counts of the tokens of one text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All tokens.
    pub tokens: u32,
    /// The unknown token among them.
    pub unknown: u32,
    /// Byte-fallback tokens among them.
    pub fallback: u32,
}

impl Tally {
    /// Counts one token.
    #[inline]
    pub fn see(&mut self, token: u32, kinds: &Kinds) {
        self.tokens += 1;
        self.unknown += u32::from(kinds.unknown == Some(token));
        self.fallback += u32::from(kinds.is_fallback(token));
    }
}

impl Tally {
    /// The tally as a number that is not 0; none if a count is too large.
    #[inline]
    pub fn packed(self) -> Option<NonZeroU64> {
        let fits = self.tokens < 1 << 24 && self.unknown < 1 << 19 && self.fallback < 1 << 20;
        let counts = u64::from(self.tokens) << 39 | u64::from(self.unknown) << 20 | u64::from(self.fallback);
        NonZeroU64::new(1 << 63 | counts).filter(|_| fits)
    }

    /// The tally that was packed.
    #[inline]
    pub fn unpacked(number: NonZeroU64) -> Self {
        let part = |from: u32, bits: u32| (number.get() >> from) as u32 & ((1 << bits) - 1);
        Self { tokens: part(39, 24), unknown: part(20, 19), fallback: part(0, 20) }
    }
}

impl AddAssign for Tally {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        self.tokens += other.tokens;
        self.unknown += other.unknown;
        self.fallback += other.fallback;
    }
}
