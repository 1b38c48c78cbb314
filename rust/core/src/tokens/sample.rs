//! Draws documents at random and has the reference count them again.
//!
//! Each document gets a number from a hash of its unit and its place in it; the documents with the smallest numbers
//! are drawn. So the draw is the same for any number of threads and any order of units. A document of more than
//! [`LONGEST`] bytes is not drawn: the reference would take minutes for it.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::tokens::counter::Counter;
use crate::tokens::reference::VERSION;
use crate::tokens::tokenizer::Tokenizer;

/// Longest document that is drawn.
pub const LONGEST: usize = 1 << 20;

/// Documents drawn so far, by their random number.
#[derive(Default)]
pub struct Sample(BTreeMap<(u64, usize, u64), Drawn>);

/// A document to be counted again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Its file.
    pub file: String,
    /// Its line or row in its unit, from 1.
    pub place: u64,
    /// Its text.
    pub text: String,
}

impl Sample {
    /// Draws document `number` of `unit`, of `bytes` bytes, or not; keeps at most `most`.
    pub fn offer(&mut self, unit: usize, number: u64, bytes: usize, most: usize, drawn: impl FnOnce() -> Drawn) {
        let key = (mix(unit as u64, number), unit, number);
        let is_small = self.0.len() < most || self.0.last_key_value().is_some_and(|(largest, _)| key < *largest);
        if bytes <= LONGEST && most > 0 && is_small {
            self.0.insert(key, drawn());
            self.shrink(most);
        }
    }

    /// Joins the draw of another thread.
    pub fn join(&mut self, other: Self, most: usize) {
        self.0.extend(other.0);
        self.shrink(most);
    }

    fn shrink(&mut self, most: usize) {
        while self.0.len() > most {
            self.0.pop_last();
        }
    }

    /// Counts all documents drawn by both ways; gives how many there were, or an error at the first difference.
    pub fn verify(&self, tokenizers: &[&Tokenizer]) -> Result<usize> {
        for (number, tokenizer) in tokenizers.iter().enumerate() {
            let mut counter = Counter::new(1 << 26);
            for drawn in self.0.values() {
                let ours = counter.count(tokenizer, &drawn.text)?.tokens as usize;
                let theirs = tokenizer.reference().ids(&drawn.text)?.len();
                if ours != theirs {
                    return Err(differ(number, drawn, ours, theirs));
                }
            }
        }
        Ok(self.0.len())
    }
}

fn differ(tokenizer: usize, drawn: &Drawn, ours: usize, theirs: usize) -> Error {
    let Drawn { file, place, text } = drawn;
    let start: String = text.chars().take(40).collect();
    let what = format!(
        "document {place} of a part of {file} ({start:?}…) has {ours} tokens here and {theirs} by the tokenizers crate \
         {VERSION}, with tokenizer number {tokenizer}"
    );
    Error::unsupported(what, "please report this with the document and the tokenizer")
}

/// A random number for a pair (the finalizer of `SplitMix64`, Steele et al. 2014, twice).
fn mix(unit: u64, number: u64) -> u64 {
    let finish = |mut x: u64| {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    finish(finish(unit.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_add(number))
}
