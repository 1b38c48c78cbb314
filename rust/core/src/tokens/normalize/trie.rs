//! The trie of a character map (a Darts double array), and what each character can do in a text.

use spm_precompiled::Precompiled;
use unicode_segmentation::UnicodeSegmentation;

use crate::tokens::spec::Reason;

/// Is replaced where it stands alone.
pub const ENTRY: u8 = 1;
/// Begins longer entries only.
pub const STEM: u8 = 2;
/// May belong to the grapheme of what stands on its left.
pub const JOINS: u8 = 4;
/// What stands on its right may belong to its grapheme, whatever it is.
pub const TAKES: u8 = 8;

/// A trie, as the reference reads it and as units.
pub struct Trie {
    pub map: Precompiled,
    pub units: Vec<u32>,
}

impl Trie {
    /// The reference walks the trie without looking at its bounds: one that could lead out of them is refused.
    pub fn check(&self, replacements: &[u8]) -> Result<(), Reason> {
        let broken = || Reason::new("charsmap: its trie leads out of itself");
        let text = std::str::from_utf8(replacements).map_err(|_| broken())?;
        let mut seen = vec![false; self.units.len()];
        let mut to_see = vec![offset(*self.units.first().ok_or_else(broken)?)];
        while let Some(node) = to_see.pop() {
            for byte in 1..=usize::from(u8::MAX) {
                let child = node ^ byte;
                let unit = *self.units.get(child).ok_or_else(broken)?;
                if label(unit) as usize != byte || std::mem::replace(&mut seen[child], true) {
                    continue;
                }
                let next = child ^ offset(unit);
                let leaf = self.units.get(next).ok_or_else(broken)? & !(1 << 31);
                if unit >> 8 & 1 == 1 && !text.is_char_boundary(leaf as usize) {
                    return Err(broken());
                }
                to_see.push(next);
            }
        }
        Ok(())
    }

    /// What `c` can do: bits.
    pub fn class(&self, c: char) -> u8 {
        self.entry_class(c) | grapheme_class(c)
    }

    fn entry_class(&self, c: char) -> u8 {
        let mut utf8 = [0; 4];
        let text: &str = c.encode_utf8(&mut utf8);
        if c != '\0' && self.map.transform(text).is_some() {
            return ENTRY;
        }
        if self.begins_entries(text.as_bytes()) { STEM } else { 0 }
    }

    /// Whether the trie leads on after `key`.
    fn begins_entries(&self, key: &[u8]) -> bool {
        let leads_on = |node: usize, b: u8| self.child(node, b).is_some();
        self.walk(key).is_some_and(|node| (1..=u8::MAX).any(|b| leads_on(node, b)))
    }

    /// Whether an entry begins `key`, or `key` one.
    pub fn leads(&self, key: &[u8]) -> bool {
        let mut node = offset(self.units[0]);
        for &byte in key {
            match self.child(node, byte) {
                Some(next) if self.units[node ^ usize::from(byte)] >> 8 & 1 == 0 => node = next,
                found => return found.is_some(),
            }
        }
        true
    }

    fn walk(&self, key: &[u8]) -> Option<usize> {
        key.iter().try_fold(offset(self.units[0]), |node, &byte| self.child(node, byte))
    }

    fn child(&self, node: usize, byte: u8) -> Option<usize> {
        let at = node ^ usize::from(byte);
        let unit = *self.units.get(at)?;
        (byte != 0 && label(unit) == u32::from(byte)).then(|| at ^ offset(unit))
    }
}

/// Darts: where the children of a unit lie, relative to it.
fn offset(unit: u32) -> usize {
    ((unit >> 10) << ((unit & 1 << 9) >> 6)) as usize
}

/// Darts: the byte that leads to a unit; above 255 if it is a leaf.
fn label(unit: u32) -> u32 {
    unit & (1 << 31 | 0xFF)
}

/// The trie and the replacements.
pub fn units(bytes: &[u8]) -> Option<(Vec<u32>, &[u8])> {
    let (size, rest) = bytes.split_first_chunk()?;
    let (trie, replacements) = rest.split_at_checked(u32::from_le_bytes(*size) as usize / 4 * 4)?;
    Some((trie.as_chunks().0.iter().map(|unit| u32::from_le_bytes(*unit)).collect(), replacements))
}

/// How `c` may join graphemes, found by asking the segmenter: whether it stays with a neighbour of any kind.
fn grapheme_class(c: char) -> u8 {
    let one_grapheme = |text: String| text.graphemes(true).count() < 2;
    let joins = LEFT_NEIGHBOURS.iter().any(|left| {
        let together = format!("{left}{c}");
        together.graphemes(true).count() <= left.graphemes(true).count()
    });
    let takes = one_grapheme(format!("{c} ")) || c == '\r';
    (u8::from(joins) * JOINS) | (u8::from(takes) * TAKES)
}

/// One of each kind of text that a character may join: a letter (marks, joiners), Hangul of each kind, a regional
/// indicator, a pictograph with a joiner, a consonant with a virama, a carriage return.
const LEFT_NEIGHBOURS: [&str; 8] =
    ["a", "\u{1100}", "\u{AC00}", "\u{AC01}", "\u{1F1E6}", "\u{1F600}\u{200D}", "\u{915}\u{94D}", "\r"];
