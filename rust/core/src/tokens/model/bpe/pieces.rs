//! Whether two pieces stay apart, asked many million times.
//!
//! [`super::growth`] proves how to find out: walk back from the two pieces, undo the side that was born later, and see
//! whether a rule joins the neighbours that are then alive. Everything that the walk needs of a piece lies here in half a
//! line of the cache, with 64 bits of what may follow it by a rule: for most pieces, which stand on the left of few rules
//! or none, these bits alone say no.

use super::super::trie::NONE;
use super::super::vocabulary::Vocabulary;
use super::growth::Growth;
use super::rules::{Rule, Rules, WILD};
use crate::pages::moved;

/// All pieces.
#[derive(Clone, Debug)]
pub struct Pieces {
    list: Vec<Piece>,
    followers: Vec<Follower>,
    /// Four bits for each slot of `followers`: nine of ten that are not there are known by these.
    sieve: Vec<u64>,
}

/// A piece.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(32))]
struct Piece {
    /// Bits of the pieces that may follow it by a rule.
    may_follow: u64,
    /// Where its followers are: a small hash table of `2^bits` slots.
    start: u32,
    bits: u8,
    /// In bytes, at most 2^16 - 1.
    length: u16,
    /// Rank plus one of the rule that makes it; 0 for a unit. The highest bit is [`WILD`].
    born: u32,
    left: u32,
    right: u32,
    /// The longest makeable piece that begins this one.
    shorter: u32,
}

/// A piece that may follow another, and the rank, plus one, of the rule that joins them.
#[derive(Clone, Copy, Debug)]
struct Follower {
    piece: u32,
    born: u32,
}

const NO_FOLLOWER: Follower = Follower { piece: NONE, born: NONE };

impl Pieces {
    /// The pieces of a vocabulary.
    pub fn new(vocabulary: &Vocabulary, growth: &Growth) -> Self {
        let rules = &growth.rules;
        let shorter = shorter(vocabulary, &growth.made);
        let piece = |(at, shorter): (usize, u32)| {
            let &Rule { left, right, born, .. } = rules.rule(at as u32);
            let length = vocabulary.length(at) as u16;
            Piece { may_follow: 0, start: 0, bits: 0, length, born, left, right, shorter }
        };
        let list = moved(shorter.into_iter().enumerate().map(piece).collect());
        let mut pieces = Self { list, followers: Vec::new(), sieve: Vec::new() };
        pieces.follow(rules);
        pieces
    }

    fn follow(&mut self, rules: &Rules) {
        let live = || (0..self.list.len() as u32).map(|piece| *rules.rule(piece)).filter(|rule| rule.left != NONE);
        let mut counts = vec![0usize; self.list.len()];
        live().for_each(|rule| counts[rule.left as usize] += 1);
        let live: Vec<Rule> = live().collect();
        for (piece, count) in self.list.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
            let slots = (count * 2).next_power_of_two(); // half of them stay empty
            (piece.start, piece.bits) = (self.followers.len() as u32, slots.trailing_zeros() as u8);
            self.followers.resize(self.followers.len() + slots, NO_FOLLOWER);
        }
        self.sieve.resize(self.followers.len() / 16 + 1, 0);
        for rule in &live {
            self.insert(rule);
        }
        self.followers = moved(std::mem::take(&mut self.followers));
    }

    fn insert(&mut self, rule: &Rule) {
        let hash = hash(rule.right);
        let left = &mut self.list[rule.left as usize];
        left.may_follow |= 1 << (hash >> 26);
        let mut at = left.home(hash);
        let (word, bit) = sieve_bit(left.start as usize + at, hash);
        self.sieve[word] |= bit;
        while self.followers[left.start as usize + at].piece != NONE {
            at = left.next(at);
        }
        self.followers[left.start as usize + at] = Follower { piece: rule.right, born: rule.born & !WILD };
    }

    /// The longest makeable piece that begins `piece`, and its length; [`NONE`] and 0 if there is none.
    #[inline(always)]
    pub fn shorten(&self, piece: u32) -> (u32, usize) {
        let shorter = self.list[piece as usize].shorter;
        (shorter, if shorter == NONE { 0 } else { self.length(shorter) })
    }

    /// In bytes.
    #[inline(always)]
    pub fn length(&self, piece: u32) -> usize {
        usize::from(self.list[piece as usize].length)
    }

    /// Whether two neighbours stay apart; `rules` are asked where one is wild.
    #[inline(always)]
    pub fn apart(&self, rules: &Rules, left: u32, right: u32) -> bool {
        let (mut x, mut y) = (&self.list[left as usize], &self.list[right as usize]);
        if (x.born | y.born) & WILD != 0 {
            return rules.apart(left, right);
        }
        let (mut symbol, mut limit) = (right, NONE);
        loop {
            if self.joined(x, symbol) < limit {
                return false;
            }
            if x.born > y.born {
                limit = x.born;
                x = &self.list[x.right as usize];
            } else if y.born > 0 {
                limit = y.born + 1;
                symbol = y.left;
                y = &self.list[symbol as usize];
            } else {
                return true;
            }
        }
    }

    /// Rank plus one of the rule that joins `left` with `symbol`, or [`NONE`].
    #[inline(always)]
    fn joined(&self, left: &Piece, symbol: u32) -> u32 {
        let hash = hash(symbol);
        if left.may_follow >> (hash >> 26) & 1 == 0 {
            return NONE;
        }
        let mut at = left.home(hash);
        let (word, bit) = sieve_bit(left.start as usize + at, hash);
        if self.sieve[word] & bit == 0 {
            return NONE;
        }
        loop {
            let follower = self.followers[left.start as usize + at];
            if follower.piece == symbol || follower.piece == NONE {
                return follower.born;
            }
            at = left.next(at);
        }
    }
}

impl Piece {
    /// The slot where the search for a follower begins.
    #[inline(always)]
    fn home(&self, hash: u32) -> usize {
        (u64::from(hash << 6) >> (32 - self.bits)) as usize
    }

    #[inline(always)]
    fn next(&self, at: usize) -> usize {
        (at + 1) & ((1 << self.bits) - 1)
    }
}

/// Where the sieve keeps a follower whose search begins at a slot.
#[inline(always)]
fn sieve_bit(slot: usize, hash: u32) -> (usize, u64) {
    (slot / 16, 1 << ((slot % 16) * 4 + (hash >> 2 & 3) as usize))
}

#[inline(always)]
fn hash(piece: u32) -> u32 {
    piece.wrapping_mul(0x9E37_79B9)
}

/// The longest makeable piece that begins each; pieces are in the order of their bytes.
fn shorter(vocabulary: &Vocabulary, made: &[bool]) -> Vec<u32> {
    let mut shorter = vec![NONE; vocabulary.count()];
    let mut opened: Vec<usize> = Vec::new();
    for piece in (0..vocabulary.count()).filter(|&piece| made[piece]) {
        while opened.last().is_some_and(|&begin| !vocabulary.bytes(piece).starts_with(vocabulary.bytes(begin))) {
            opened.pop();
        }
        shorter[piece] = opened.last().map_or(NONE, |&begin| begin as u32);
        opened.push(piece);
    }
    shorter
}
