//! A set of byte strings, each with a number: the longest of them that a text starts with.
//!
//! A double array (Aoe 1989) of four bytes a node, in the compact form with exclusive-or (Yata et al. 2007): node `s`
//! with base `b` has its child by byte `c` in slot `b ^ c`, and that slot holds the label `c`. Every node has a base of
//! its own, so that equal labels prove the parent. A base stays within its block of 256 slots. Offsets 0 and 1 of a block
//! are no node's base: empty slots bear the labels of offset 0, and the root of the empty set has base 1. A leaf holds
//! the number of its string instead of a base. Nodes are placed depth first, that a path lies
//! in few cache lines.
//!
//! Limit: 2^22 slots and numbers.

use super::super::spec::Reason;
use crate::pages::moved;

/// No string.
pub const NONE: u32 = u32::MAX;

/// The base of an empty set: no slot's label agrees with it.
const BARE: u32 = 1;
const TERMINAL: u32 = 1 << 8;
const LEAF: u32 = 1 << 9;
const BASE_SHIFT: u32 = 10;
const SLOTS: usize = 1 << (32 - BASE_SHIFT);
/// A block that has refused this many nodes is tried no more.
const REFUSALS: u32 = 32;

/// The set.
#[derive(Clone, Debug)]
pub struct Trie {
    /// Label (8 bits), whether a string ends here (1), whether none goes on (1), base or number (22).
    nodes: Vec<u32>,
    /// The number of the string that ends at a slot that is no leaf.
    values: Vec<u32>,
    root: u32,
}

impl Trie {
    /// The set of `strings`, which are sorted, distinct and not empty.
    pub fn new(strings: &[(&[u8], u32)]) -> Result<Self, Reason> {
        if strings.iter().any(|&(_, number)| number as usize >= SLOTS) {
            return Err(Reason::new("the vocabulary has more than 4 million pieces"));
        }
        let mut ground = Ground::default();
        let root = ground.plant(strings)?;
        Ok(Self { nodes: moved(ground.nodes), values: moved(ground.values), root })
    }

    /// Calls `found(length, number)` for each string that `text` starts with, the shortest first.
    #[inline(always)]
    pub fn prefixes(&self, text: &[u8], mut found: impl FnMut(usize, u32)) {
        let mut base = self.root;
        for (depth, &byte) in text.iter().enumerate() {
            let slot = (base ^ u32::from(byte)) as usize;
            let node = self.nodes[slot];
            if node as u8 != byte {
                return;
            }
            if node & LEAF != 0 {
                return found(depth + 1, node >> BASE_SHIFT);
            }
            if node & TERMINAL != 0 {
                found(depth + 1, self.values[slot]);
            }
            base = node >> BASE_SHIFT;
        }
    }

    /// The longest string that `text` starts with, and its length; [`NONE`] and 0 if there is none.
    #[inline(always)]
    pub fn longest(&self, text: &[u8]) -> (u32, usize) {
        let (mut base, mut last, mut length) = (self.root, NONE, 0);
        for (depth, &byte) in text.iter().enumerate() {
            let slot = base ^ u32::from(byte);
            let node = self.nodes[slot as usize];
            if node as u8 != byte {
                break;
            }
            if node & LEAF != 0 {
                return (node >> BASE_SHIFT, depth + 1);
            }
            if node & TERMINAL != 0 {
                (last, length) = (slot, depth + 1);
            }
            base = node >> BASE_SHIFT;
        }
        (if last == NONE { NONE } else { self.values[last as usize] }, length)
    }

    /// The number of the string that is all of `text`.
    pub fn exact(&self, text: &[u8]) -> Option<u32> {
        let (number, length) = self.longest(text);
        (number != NONE && length == text.len()).then_some(number)
    }
}

/// Which slots of a block are free, and which bases are.
#[derive(Clone)]
struct Block {
    free: [u64; 4],
    bases: [u64; 4],
    refusals: u32,
}

/// The slots while they are filled.
#[derive(Default)]
struct Ground {
    nodes: Vec<u32>,
    values: Vec<u32>,
    blocks: Vec<Block>,
    open: Vec<usize>,
    labels: Vec<u8>,
}

/// The strings from `start` to `end` share their first `depth` bytes, which lead to `slot`.
struct Branch {
    slot: Option<usize>,
    start: usize,
    end: usize,
    depth: usize,
}

impl Ground {
    /// Plants all strings and returns the base of the root.
    fn plant(&mut self, strings: &[(&[u8], u32)]) -> Result<u32, Reason> {
        self.open_block()?;
        let mut root = BARE;
        let mut branches = vec![Branch { slot: None, start: 0, end: strings.len(), depth: 0 }];
        while let Some(mut branch) = branches.pop() {
            self.end_string(strings, &mut branch);
            if branch.start == branch.end {
                continue;
            }
            let base = self.place(strings, &branch)?;
            match branch.slot {
                Some(slot) => self.nodes[slot] |= base << BASE_SHIFT,
                None => root = base,
            }
            grow(strings, &branch, base, &mut branches);
        }
        Ok(root)
    }

    /// The string that ends at this branch, if one does: it is the first.
    fn end_string(&mut self, strings: &[(&[u8], u32)], branch: &mut Branch) {
        let (Some(slot), Some(&(string, number))) = (branch.slot, strings.get(branch.start)) else { return };
        if string.len() != branch.depth {
            return;
        }
        branch.start += 1;
        if branch.start == branch.end {
            self.nodes[slot] |= LEAF | number << BASE_SHIFT;
        } else {
            self.nodes[slot] |= TERMINAL;
            self.values[slot] = number;
        }
    }

    /// A base for the children of a branch, whose slots are taken.
    fn place(&mut self, strings: &[(&[u8], u32)], branch: &Branch) -> Result<u32, Reason> {
        let mut labels = std::mem::take(&mut self.labels);
        labels.clear();
        labels.extend(strings[branch.start..branch.end].iter().map(|(string, _)| string[branch.depth]));
        labels.dedup();
        let base = self.base_for(&labels)?;
        for &label in &labels {
            self.take_slot(base, label);
        }
        self.labels = labels;
        Ok(base)
    }

    fn base_for(&mut self, labels: &[u8]) -> Result<u32, Reason> {
        for at in (0..self.open.len()).rev() {
            let number = self.open[at];
            if let Some(offset) = self.blocks[number].base_for(labels) {
                return Ok(self.take_base(number, offset));
            }
            self.blocks[number].refusals += 1;
            if self.blocks[number].refusals > REFUSALS {
                self.open.remove(at);
            }
        }
        let number = self.open_block()?;
        let offset = self.blocks[number].base_for(labels).unwrap_or(2);
        Ok(self.take_base(number, offset))
    }

    fn open_block(&mut self) -> Result<usize, Reason> {
        if self.nodes.len() + 256 > SLOTS {
            return Err(Reason::new("the vocabulary has more than 4 million nodes"));
        }
        self.nodes.extend(0..256);
        self.values.resize(self.nodes.len(), NONE);
        self.blocks.push(Block { free: [!0; 4], bases: [!3, !0, !0, !0], refusals: 0 });
        self.open.push(self.blocks.len() - 1);
        Ok(self.blocks.len() - 1)
    }

    fn take_base(&mut self, block: usize, offset: u8) -> u32 {
        self.blocks[block].bases[usize::from(offset >> 6)] &= !(1 << (offset & 63));
        (block as u32) << 8 | u32::from(offset)
    }

    fn take_slot(&mut self, base: u32, label: u8) {
        let slot = base ^ u32::from(label);
        let block = &mut self.blocks[(slot >> 8) as usize];
        block.free[(slot as usize & 255) >> 6] &= !(1 << (slot & 63));
        self.nodes[slot as usize] = u32::from(label);
    }
}

/// The branches of the children, the last on top.
fn grow(strings: &[(&[u8], u32)], branch: &Branch, base: u32, branches: &mut Vec<Branch>) {
    let (mut start, depth) = (branch.start, branch.depth);
    while start < branch.end {
        let label = strings[start].0[depth];
        let same = strings[start..branch.end].partition_point(|(string, _)| string[depth] == label);
        let slot = Some((base ^ u32::from(label)) as usize);
        branches.push(Branch { slot, start, end: start + same, depth: depth + 1 });
        start += same;
    }
}

impl Block {
    /// The first free base whose slots for all labels are free.
    fn base_for(&self, labels: &[u8]) -> Option<u8> {
        let mut bases = self.bases;
        for &label in labels {
            (0..4).for_each(|word| bases[word] &= exchanged(self.free[word ^ usize::from(label >> 6)], label));
            if bases == [0; 4] {
                return None;
            }
        }
        let word = bases.iter().position(|&word| word != 0)?;
        Some((word as u32 * 64 + bases[word].trailing_zeros()) as u8)
    }
}

/// Bit `i` of the result is bit `i ^ label` of `word`, for the low six bits of the label.
fn exchanged(mut word: u64, label: u8) -> u64 {
    const HALVES: [u64; 6] = [
        0x5555_5555_5555_5555,
        0x3333_3333_3333_3333,
        0x0F0F_0F0F_0F0F_0F0F,
        0x00FF_00FF_00FF_00FF,
        0x0000_FFFF_0000_FFFF,
        0x0000_0000_FFFF_FFFF,
    ];
    for (bit, half) in HALVES.iter().enumerate().filter(|(bit, _)| label >> bit & 1 == 1) {
        word = (word & half) << (1 << bit) | (word >> (1 << bit)) & half;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::{NONE, Trie};

    #[test]
    fn it_holds_what_it_was_given_and_nothing_else() {
        let mut strings: Vec<Vec<u8>> =
            (0..5000u32).map(|n| n.wrapping_mul(n * 7919).to_le_bytes()[..=n as usize % 4].to_vec()).collect();
        strings.sort();
        strings.dedup();
        let numbered: Vec<(&[u8], u32)> = strings.iter().enumerate().map(|(n, s)| (s.as_slice(), n as u32)).collect();
        let trie = Trie::new(&numbered).unwrap_or_else(|e| unreachable!("{e:?}"));
        for text in (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes()) {
            let expected: Vec<(usize, u32)> = (1..=4)
                .filter_map(|length| strings.binary_search(&text[..length].to_vec()).ok().map(|n| (length, n as u32)))
                .collect();
            let mut found = Vec::new();
            trie.prefixes(&text, |length, number| found.push((length, number)));
            assert_eq!(found, expected);
            let longest = expected.last().map_or((NONE, 0), |&(length, number)| (number, length));
            assert_eq!(trie.longest(&text), longest);
        }
    }

    #[test]
    fn the_empty_set_has_no_prefix() {
        let trie = Trie::new(&[]).unwrap_or_else(|e| unreachable!("{e:?}"));
        assert_eq!(trie.longest(b"\0a"), (NONE, 0));
    }
}
