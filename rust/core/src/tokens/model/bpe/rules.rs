//! The merge rules by their two sides.
//!
//! A slot of the table holds the number of a rule and, in the bits that are left, a part of the hash of its sides: most
//! pairs that have no rule are known by one look at four bytes. The rule itself proves the rest. Before that, one bit a
//! pair, in a table that fits the second cache, says no to nine pairs of ten.

use super::super::trie::NONE;
use super::merge::{Room, merge};

/// Marks, in [`Rule::born`], a product whose run is not monotone.
pub const WILD: u32 = 1 << 31;

/// Two symbols that become one.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Symbol on the left.
    pub left: u32,
    /// Symbol on the right.
    pub right: u32,
    /// Rank plus one; 0 for what no rule makes. The highest bit is [`WILD`].
    pub born: u32,
    /// What they become.
    pub product: u32,
}

/// All rules.
#[derive(Clone, Debug)]
pub struct Rules {
    list: Vec<Rule>,
    slots: Vec<u32>,
    /// Bits of the pairs that may have a rule.
    sieve: Vec<u64>,
    /// 64 less the bits of a slot's place.
    shift: u32,
    /// Bits of a rule's number.
    bits: u32,
}

impl Rules {
    /// `count` rules that make nothing yet: rule `n` has the product `n`.
    pub fn unborn(count: usize) -> Self {
        let none = |product| Rule { left: NONE, right: NONE, born: 0, product };
        let places = (count * 2).next_power_of_two().max(4);
        Self {
            list: (0..count as u32).map(none).collect(),
            slots: vec![NONE; places],
            sieve: vec![0; places / 16 + 1],
            shift: 64 - places.trailing_zeros(),
            bits: (count + 2).next_power_of_two().trailing_zeros(),
        }
    }

    /// Gives the rule with number `at` its sides; the first of two rules with the same sides stays.
    pub fn set(&mut self, at: usize, rule: Rule) {
        if self.find(rule.left, rule.right) != NONE {
            return;
        }
        self.list[at] = rule;
        let hash = hash(rule.left, rule.right);
        let (word, bit) = self.sieve_bit(hash);
        self.sieve[word] |= bit;
        let mut slot = (hash >> self.shift) as usize;
        while self.slots[slot] != NONE {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        self.slots[slot] = (hash as u32) << self.bits | at as u32;
    }

    /// The number of the rule with these sides, or [`NONE`].
    #[inline(always)]
    pub fn find(&self, left: u32, right: u32) -> u32 {
        let hash = hash(left, right);
        let (word, bit) = self.sieve_bit(hash);
        if self.sieve[word] & bit == 0 {
            return NONE;
        }
        let mask = (1u32 << self.bits) - 1;
        let mut slot = (hash >> self.shift) as usize;
        loop {
            let entry = self.slots[slot];
            if entry == NONE {
                return NONE;
            }
            if (entry ^ (hash as u32) << self.bits) <= mask {
                let rule = &self.list[(entry & mask) as usize];
                if rule.left == left && rule.right == right {
                    return entry & mask;
                }
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// Where the sieve keeps a pair: four bits for each slot.
    #[inline(always)]
    fn sieve_bit(&self, hash: u64) -> (usize, u64) {
        ((hash >> self.shift >> 4) as usize, 1 << (hash >> (self.shift - 2) & 63))
    }

    /// Rank plus one of the rule with this number, without the mark.
    #[inline(always)]
    pub fn rank(&self, at: u32) -> u32 {
        self.rule(at).born & !WILD
    }

    /// The rule with this number.
    #[inline(always)]
    pub fn rule(&self, at: u32) -> &Rule {
        &self.list[at as usize]
    }

    /// Whether one of two pieces is wild.
    #[inline(always)]
    pub fn wild(&self, left: u32, right: u32) -> bool {
        (self.rule(left).born | self.rule(right).born) & WILD != 0
    }

    /// Whether `left` and `right`, each grown alone from its units, meet whole: no rule joins a part of the one with a
    /// part of the other before. Neither may be wild. See the proof in [`super::growth`].
    #[inline(always)]
    pub fn meet(&self, mut left: u32, mut right: u32) -> bool {
        loop {
            let (old, new) = (self.rule(left).born, self.rule(right).born);
            let limit = if old > new {
                left = self.rule(left).right;
                old
            } else if new > 0 {
                right = self.rule(right).left;
                new + 1
            } else {
                return true;
            };
            let crossing = self.find(left, right);
            if crossing != NONE && self.rank(crossing) < limit {
                return false;
            }
        }
    }

    /// Whether two neighbours stay apart, by the definition.
    #[cold]
    pub fn apart(&self, left: u32, right: u32) -> bool {
        self.find(left, right) == NONE && self.meet_when_merged(left, right)
    }

    /// The same by the definition, for any two pieces that no rule joins: their units are merged.
    #[cold]
    pub fn meet_when_merged(&self, left: u32, right: u32) -> bool {
        let mut symbols = Vec::new();
        self.units(left, &mut symbols);
        self.units(right, &mut symbols);
        merge(self, &mut symbols, &mut Room::default());
        symbols == [left, right]
    }

    /// Appends the units that a piece grows from, in order.
    fn units(&self, piece: u32, units: &mut Vec<u32>) {
        let mut waiting = vec![piece];
        while let Some(piece) = waiting.pop() {
            match self.rule(piece) {
                Rule { born: 0, .. } => units.push(piece),
                rule => waiting.extend([rule.right, rule.left]),
            }
        }
    }
}

#[inline(always)]
fn hash(left: u32, right: u32) -> u64 {
    let product = (u64::from(left) << 32 | u64::from(right)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    product ^ product >> 29
}
