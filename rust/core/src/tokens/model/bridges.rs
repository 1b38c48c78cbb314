//! Where a word can be cut: between two characters that no piece of the vocabulary holds one after the other.
//!
//! A piece may begin or end inside a character (byte-level vocabularies). It reaches over the border between the
//! characters A and B if, at some offset inside it, the bytes before are A, or end with A, or are a proper ending of A,
//! and the bytes after are B, or begin with B, or are a proper beginning of B. For every piece and every offset at which
//! a character may begin, the pair of these contexts is kept; a border is asked for with all endings of A and all
//! beginnings of B. Pairs of ASCII characters, the most frequent, are a table of bits.

use super::vocabulary::Vocabulary;

/// The pairs of contexts.
#[derive(Clone, Debug)]
pub struct Bridges {
    ascii: Box<[u128; 128]>,
    contexts: Contexts,
}

impl Bridges {
    /// From the pieces that `made` chooses.
    pub fn new(vocabulary: &Vocabulary, made: impl Fn(usize) -> bool) -> Self {
        let mut bridges = Self { ascii: Box::new([0; 128]), contexts: Contexts::new() };
        for piece in (0..vocabulary.count()).filter(|&piece| vocabulary.spelled[piece] && made(piece)) {
            bridges.add(vocabulary.bytes(piece));
        }
        bridges
    }

    fn add(&mut self, piece: &[u8]) {
        for at in 1..piece.len() {
            let (before, after) = (piece[at - 1], piece[at]);
            if before < 128 && after < 128 {
                self.ascii[usize::from(before)] |= 1 << after;
            } else if !continues(after) {
                self.contexts.insert(key(ending(&piece[..at]), beginning(&piece[at..])));
            }
        }
    }

    /// Whether a piece reaches over the border of two characters.
    pub fn cross(&self, left: char, right: char) -> bool {
        if left.is_ascii() && right.is_ascii() {
            return self.ascii[left as usize] >> (right as u32) & 1 == 1;
        }
        let (mut before, mut after) = ([0; 4], [0; 4]);
        let before = left.encode_utf8(&mut before).as_bytes();
        let after = right.encode_utf8(&mut after).as_bytes();
        (0..before.len())
            .any(|from| (1..=after.len()).any(|to| self.contexts.holds(key(&before[from..], &after[..to]))))
    }

    /// Whether a piece holds `head`, or its beginning, after anything else than `head`.
    pub fn follows_another(&self, head: char) -> bool {
        let mut bytes = [0; 4];
        let head = head.encode_utf8(&mut bytes).as_bytes();
        let before = u64::from(packed(head)) << 32;
        let afters: Vec<u64> = (1..=head.len()).map(|to| u64::from(packed(&head[..to]))).collect();
        let after_ascii = |left: u8| head != [left] && self.ascii[usize::from(left)] >> head[0] & 1 == 1;
        let after_context = |&key: &u64| key & !0 << 32 != before && afters.contains(&(key & 0xFFFF_FFFF));
        head.len() == 1 && (0..128).any(after_ascii) || self.contexts.keys.iter().any(after_context)
    }
}

/// A set of pairs of contexts, each packed into a number that is not 0.
#[derive(Clone, Debug)]
struct Contexts {
    keys: Vec<u64>,
    count: usize,
}

impl Contexts {
    fn new() -> Self {
        Self { keys: vec![0; 1 << 12], count: 0 }
    }

    /// The slot of the key, or the free one where it belongs.
    fn slot(&self, key: u64) -> usize {
        let mask = self.keys.len() - 1;
        let mut slot = (key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as usize & mask;
        while self.keys[slot] != 0 && self.keys[slot] != key {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn holds(&self, key: u64) -> bool {
        self.keys[self.slot(key)] == key
    }

    fn insert(&mut self, key: u64) {
        let slot = self.slot(key);
        if self.keys[slot] == 0 {
            self.keys[slot] = key;
            self.count += 1;
            if self.count * 2 > self.keys.len() {
                self.double();
            }
        }
    }

    fn double(&mut self) {
        let wider = vec![0; self.keys.len() * 2];
        for key in std::mem::replace(&mut self.keys, wider).into_iter().filter(|&key| key != 0) {
            let slot = self.slot(key);
            self.keys[slot] = key;
        }
    }
}

fn key(before: &[u8], after: &[u8]) -> u64 {
    u64::from(packed(before)) << 32 | u64::from(packed(after))
}

/// Up to four bytes as a number; NUL alone is told from nothing by its length, because nothing is never packed.
fn packed(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, &byte| number << 8 | u32::from(byte))
}

fn continues(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// The last character, or all there is of it.
fn ending(bytes: &[u8]) -> &[u8] {
    let start = (0..bytes.len()).rev().take(4).find(|&at| !continues(bytes[at]));
    &bytes[start.unwrap_or(bytes.len().saturating_sub(4))..]
}

/// The first character, or all there is of it.
fn beginning(bytes: &[u8]) -> &[u8] {
    let end = (1..bytes.len()).take(3).find(|&at| !continues(bytes[at]));
    &bytes[..end.unwrap_or(bytes.len().min(4))]
}
