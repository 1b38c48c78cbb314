//! Whether two pieces stay apart, asked many million times.
//!
//! [`super::growth`] proves how to find out: walk back from the two pieces, undo the side that was born later, and see
//! whether a rule joins the neighbours that are then alive. Everything that the walk needs of a piece lies here in one
//! line of the cache.
//!
//! # Ending the walk early
//!
//! The walk goes down the right edge of the left piece (itself, its right side, the right side of that, …) and the left
//! edge of the right piece. A part of an edge is alive until the rule that made the next larger part, and births fall on
//! the way down; so where the walk stands, the limit is at most the death of either part, and a rule of that rank or
//! later does not join them. Each piece therefore bears, hashed to 64 bits, what may follow the parts of its right edge
//! below itself by a rule older than their death, and those parts of its left edge below itself that stand on the right
//! of such a rule. Where the bits left of both sides have nothing in common, no rule joins what is left of the edges.

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
#[repr(C, align(64))]
struct Piece {
    /// Bits of the pieces that may follow it by a rule.
    may_follow: u64,
    /// Bits of those that may follow a part of its right edge below itself, while that part is alive.
    may_follow_edge: u64,
    /// Bits of the parts of its left edge below itself that may follow another, while they are alive.
    edge: u64,
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
            Piece { may_follow: 0, may_follow_edge: 0, edge: 0, start: 0, bits: 0, length, born, left, right, shorter }
        };
        let list = moved(shorter.into_iter().enumerate().map(piece).collect());
        let mut pieces = Self { list, followers: Vec::new(), sieve: Vec::new() };
        let mut live: Vec<Rule> =
            (0..pieces.list.len() as u32).map(|piece| *rules.rule(piece)).filter(|rule| rule.left != NONE).collect();
        live.sort_unstable_by_key(|rule| rule.born & !WILD);
        pieces.mark(&live);
        pieces.follow(&live);
        pieces
    }

    /// Gives each piece its bits, from the oldest rule on: what they hold by then is what the older rules gave them.
    fn mark(&mut self, live: &[Rule]) {
        let mut stands_right = vec![0; self.list.len()];
        for &Rule { left, right, product, .. } in live {
            stands_right[right as usize] = bit(right);
            let (left_side, right_side) = (self.list[left as usize], self.list[right as usize]);
            let product = &mut self.list[product as usize];
            product.edge = stands_right[left as usize] | left_side.edge;
            product.may_follow_edge = right_side.may_follow | right_side.may_follow_edge;
            self.list[left as usize].may_follow |= bit(right);
        }
    }

    fn follow(&mut self, live: &[Rule]) {
        let mut counts = vec![0usize; self.list.len()];
        for rule in live {
            counts[rule.left as usize] += 1;
        }
        for (piece, count) in self.list.iter_mut().zip(counts).filter(|(_, count)| *count > 0) {
            let slots = (count * 2).next_power_of_two(); // half of them stay empty
            (piece.start, piece.bits) = (self.followers.len() as u32, slots.trailing_zeros() as u8);
            self.followers.resize(self.followers.len() + slots, NO_FOLLOWER);
        }
        self.sieve.resize(self.followers.len() / 16 + 1, 0);
        for rule in live {
            self.insert(rule);
        }
        self.followers = moved(std::mem::take(&mut self.followers));
    }

    fn insert(&mut self, rule: &Rule) {
        let hash = hash(rule.right);
        let left = &self.list[rule.left as usize];
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
        let (mut may_follow, mut edge) = (x.may_follow | x.may_follow_edge, bit(right) | y.edge);
        while may_follow & edge != 0 {
            if self.joined(x, symbol) < limit {
                return false;
            }
            if x.born > y.born {
                (limit, may_follow) = (x.born, x.may_follow_edge);
                x = &self.list[x.right as usize];
            } else if y.born > 0 {
                (limit, edge) = (y.born + 1, y.edge);
                symbol = y.left;
                y = &self.list[symbol as usize];
            } else {
                return true;
            }
        }
        true
    }

    /// Rank plus one of the rule that joins `left` with `symbol`, or [`NONE`].
    #[inline(always)]
    fn joined(&self, left: &Piece, symbol: u32) -> u32 {
        if left.may_follow & bit(symbol) == 0 {
            return NONE;
        }
        let hash = hash(symbol);
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

/// The bit of a piece.
#[inline(always)]
fn bit(piece: u32) -> u64 {
    1 << (hash(piece) >> 26)
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
