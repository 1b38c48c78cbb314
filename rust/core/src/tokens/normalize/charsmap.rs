//! `Precompiled`: `SentencePiece`'s character map, applied as the reference applies it, grapheme by grapheme.
//!
//! The map is a double-array trie of byte strings. For a grapheme of fewer than six bytes the reference looks up the
//! *shortest* entry that begins it and, if there is one, puts its replacement in the place of the whole grapheme, what
//! follows the entry included; otherwise each character is looked up alone.
//!
//! So a character matters only if an entry begins with it: an *entry* has its own replacement, a *stem* begins longer
//! entries only. A stem stays unless a character that may join it follows; everything else stays. Text is copied up to
//! an entry or a joined stem, whose cluster (up to the next place where graphemes certainly part) takes the slow way.

use spm_precompiled::Precompiled;
use unicode_segmentation::UnicodeSegmentation;

use super::classes::Classes;
use super::trie::{ENTRY, JOINS, STEM, TAKES, Trie, units};
use crate::tokens::spec::Reason;

/// A character map.
pub struct Charsmap {
    trie: Trie,
    classes: Classes,
    /// The class of printable ASCII that has no entry of its own, so that a run of it stays; else `UNKNOWN`.
    ascii: [u8; 256],
}

/// Longest grapheme, in bytes, that is looked up whole.
const WHOLE: usize = 5;

const UNKNOWN: u8 = 0x80;

impl Charsmap {
    /// Reads the base64 text of the file.
    pub fn new(base64: &str) -> Result<Self, Reason> {
        let bytes = base64::decode(base64).map_err(|e| Reason::new(format!("charsmap: {e}")))?;
        let map = Precompiled::from(&bytes).map_err(|e| Reason::new(format!("charsmap: {e}")))?;
        let (trie, replacements) = units(&bytes).ok_or_else(|| Reason::new("charsmap: it is cut short"))?;
        let trie = Trie { map, units: trie };
        trie.check(replacements)?;
        let classes = Classes::new(|c| trie.class(c));
        let ascii = std::array::from_fn(|byte| ascii_class(&classes, &trie, byte as u8));
        Ok(Self { trie, classes, ascii })
    }

    /// Whether parts can be normalized apart; `local.rs` has the proof.
    pub fn is_local(&self) -> Result<(), Reason> {
        let begins = |c: char| self.class(c) & (ENTRY | STEM) != 0;
        if begins(' ') {
            return Err(Reason::new("Precompiled: an entry begins with a space"));
        }
        match prepended().find(|&c| begins(c)) {
            Some(c) => {
                Err(Reason::new(format!("Precompiled: an entry begins with {c:?}, which takes a space with it")))
            }
            None => Ok(()),
        }
    }

    /// Appends the normalized text to `out` and says true; or says false and leaves `out` alone: the text stays.
    pub fn apply(&self, text: &str, out: &mut String) -> bool {
        let before = out.len();
        let mut copied = 0;
        let mut at = 0;
        while let Some((start, end)) = self.next_cluster(text, at) {
            let reserved = out.len();
            out.push_str(&text[copied..start]);
            if self.rewrite(&text[start..end], out) {
                copied = end;
            } else {
                out.truncate(reserved);
            }
            at = end;
        }
        if copied == 0 {
            out.truncate(before);
            return false;
        }
        out.push_str(&text[copied..]);
        true
    }

    /// Normalizes a cluster as the reference does, and says whether anything was replaced.
    fn rewrite(&self, cluster: &str, out: &mut String) -> bool {
        let mut replaced = false;
        for grapheme in cluster.graphemes(true) {
            if let Some(whole) = self.look_up(grapheme).filter(|_| grapheme.len() <= WHOLE) {
                replaced = true;
                out.push_str(whole);
                continue;
            }
            for (at, c) in grapheme.char_indices() {
                let character = &grapheme[at..at + c.len_utf8()];
                let becomes = self.look_up(character);
                replaced |= becomes.is_some();
                out.push_str(becomes.unwrap_or(character));
            }
        }
        replaced
    }

    /// The replacement of the shortest entry that begins `text`.
    fn look_up<'a>(&'a self, text: &str) -> Option<&'a str> {
        let first = text.chars().next()?;
        if self.class(first) & (ENTRY | STEM) == 0 { None } else { self.trie.map.transform(text) }
    }

    fn class(&self, c: char) -> u8 {
        self.classes.of(c, |c| self.trie.class(c))
    }

    /// The next cluster from `at` on that may change.
    fn next_cluster(&self, text: &str, at: usize) -> Option<(usize, usize)> {
        let bytes = text.as_bytes();
        let mut near = self.classes.near();
        let (mut i, mut start, mut previous, mut before) = (at, at, at, 0);
        while i < bytes.len() {
            if self.ascii[usize::from(bytes[i])] != UNKNOWN {
                let run = self.ascii_run(&bytes[i..]);
                i += run;
                if run > 1 || before & TAKES == 0 {
                    start = i - 1;
                }
                (previous, before) = (i - 1, self.ascii[usize::from(bytes[i - 1])]);
                continue;
            }
            let (class, length) = self.classes.at(bytes, i, &mut near, |c| self.trie.class(c));
            let joined = class & JOINS != 0 || before & TAKES != 0;
            if !joined {
                start = i;
            }
            let next = i + length;
            if class & ENTRY != 0 || joined && before & STEM != 0 && self.trie.leads(&bytes[previous..next]) {
                return Some((start, self.cluster_end(text, i)));
            }
            (previous, before, i) = (i, class, next);
        }
        None
    }

    /// The next place after the character at `from` where graphemes certainly part.
    fn cluster_end(&self, text: &str, from: usize) -> usize {
        let mut before = 0;
        for (i, c) in text[from..].char_indices() {
            let class = self.class(c);
            if i > 0 && class & JOINS == 0 && before & TAKES == 0 {
                return from + i;
            }
            before = class;
        }
        text.len()
    }

    /// Length of the run of ASCII at the start that stays: eight bytes at a step, or one byte.
    #[inline(always)]
    fn ascii_run(&self, bytes: &[u8]) -> usize {
        let stays = |word: &&[u8]| word.iter().fold(0, |or, &b| or | (self.ascii[usize::from(b)] & UNKNOWN)) == 0;
        let words = bytes.chunks_exact(8).take_while(stays).count();
        (words * 8).max(1)
    }
}

/// The characters that take a space into their grapheme.
pub fn prepended() -> impl Iterator<Item = char> {
    PREPENDED.iter().cloned().flatten()
}

/// The characters of UAX #29's class `Prepend`: a test asks the segmenter for all that take a space with them.
const PREPENDED: [std::ops::RangeInclusive<char>; 15] = [
    '\u{600}'..='\u{605}',
    '\u{6DD}'..='\u{6DD}',
    '\u{70F}'..='\u{70F}',
    '\u{890}'..='\u{891}',
    '\u{8E2}'..='\u{8E2}',
    '\u{D4E}'..='\u{D4E}',
    '\u{110BD}'..='\u{110BD}',
    '\u{110CD}'..='\u{110CD}',
    '\u{111C2}'..='\u{111C3}',
    '\u{113D1}'..='\u{113D1}',
    '\u{1193F}'..='\u{1193F}',
    '\u{11941}'..='\u{11941}',
    '\u{11A84}'..='\u{11A89}',
    '\u{11D46}'..='\u{11D46}',
    '\u{11F02}'..='\u{11F02}',
];

fn ascii_class(classes: &Classes, trie: &Trie, byte: u8) -> u8 {
    let class = classes.of(char::from(byte), |c| trie.class(c));
    if matches!(byte, b' '..=b'~') && class & ENTRY == 0 { class } else { UNKNOWN }
}
