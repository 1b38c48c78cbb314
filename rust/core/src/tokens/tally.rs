//! What the tokens of one text are counted as.

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
    pub fn see(&mut self, token: u32, kinds: &Kinds) {
        self.tokens += 1;
        self.unknown += u32::from(kinds.unknown == Some(token));
        self.fallback += u32::from(!kinds.fallback.is_empty() && kinds.fallback.contains(&token));
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
