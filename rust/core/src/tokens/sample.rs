//! Draws documents at random and has the reference count them again.
//!
//! Each document gets a number from a hash of its unit and its place in it; the documents with the smallest numbers
//! are drawn. So the draw is the same for any number of threads and any order of units. Of a document of more than
//! [`LONGEST`] bytes, its begin is drawn: so a draw of any corpus is small, and no single count takes long.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::tokens::counter::Counter;
use crate::tokens::reference::VERSION;
use crate::tokens::source::Document;
use crate::tokens::tokenizer::Tokenizer;
use crate::work::{self, Pace, Work};

/// How much of a document is drawn at most.
pub const LONGEST: usize = 64 << 10;

/// Documents drawn so far, by their random number.
#[derive(Default)]
pub struct Sample(BTreeMap<(u64, usize, u64), Drawn>);

/// A document to be counted again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    source: String,
    place: u64,
    text: String,
    is_cut: bool,
}

impl Drawn {
    /// A document of `source`, or its begin if it is long.
    pub fn new(source: String, document: &Document) -> Self {
        let most = document.text.len().min(LONGEST);
        let end = (0..=most).rev().find(|&end| document.text.is_char_boundary(end)).unwrap_or(0);
        let text = &document.text[..end];
        let is_cut = text.len() < document.text.len();
        Self { source, place: document.place, text: text.to_owned(), is_cut }
    }

    fn differs(&self, tokenizer: usize, ours: usize, theirs: usize) -> Error {
        let start: String = self.text.chars().take(40).collect();
        let part = if self.is_cut { format!("the first {} bytes of ", self.text.len()) } else { String::new() };
        let Self { source, place, .. } = self;
        let what = format!(
            "{part}document {place} of a part of {source} ({start:?}…): {ours} tokens here and {theirs} by the \
             tokenizers crate {VERSION}, with tokenizer number {tokenizer}"
        );
        Error::unsupported(what, "please report this with the document and the tokenizer")
    }
}

impl Sample {
    /// Draws document `number` of `unit` or not; keeps at most `most`.
    pub fn offer(&mut self, unit: usize, number: u64, most: usize, drawn: impl FnOnce() -> Drawn) {
        let key = (mix(unit as u64, number), unit, number);
        let is_small = self.0.len() < most || self.0.last_key_value().is_some_and(|(largest, _)| key < *largest);
        if most > 0 && is_small {
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

    /// Counts all documents drawn by both ways; gives how many there were, or an error at a difference.
    ///
    /// See [`work::run`] for `threads` and `watch`, which is told of documents instead of bytes: each counts once a
    /// tokenizer.
    pub fn verify(
        &self,
        tokenizers: &[&Tokenizer],
        threads: usize,
        watch: impl FnMut(u64, u64) -> Result<()>,
    ) -> Result<usize> {
        let job = Check { tokenizers, drawn: self.0.values().collect() };
        if job.steps() > 0 {
            work::run(&job, threads, watch)?;
        }
        Ok(self.0.len())
    }
}

struct Check<'a> {
    tokenizers: &'a [&'a Tokenizer],
    drawn: Vec<&'a Drawn>,
}

impl Work for Check<'_> {
    /// The counter of the tokenizer with this number.
    type Scratch = Option<(usize, Counter)>;

    fn steps(&self) -> usize {
        self.tokenizers.len() * self.drawn.len()
    }

    fn total_bytes(&self) -> u64 {
        self.steps() as u64
    }

    fn step(&self, i: usize, kept: &mut Self::Scratch, _: &Pace) -> Result<u64> {
        let (number, drawn) = (i / self.drawn.len(), self.drawn[i % self.drawn.len()]);
        let tokenizer = self.tokenizers[number];
        let last = kept.take().filter(|(of, _)| *of == number);
        let (_, counter) = kept.insert(last.unwrap_or_else(|| (number, Counter::new(REMEMBERED))));
        let ours = counter.count(tokenizer, &drawn.text)?.tokens as usize;
        let theirs = tokenizer.reference().ids(&drawn.text)?.len();
        if ours == theirs { Ok(1) } else { Err(drawn.differs(number, ours, theirs)) }
    }

    fn finish(&self, _: Self::Scratch) -> Result<()> {
        Ok(())
    }
}

/// Bytes that a counter may remember.
const REMEMBERED: usize = 1 << 26;

/// A random number for a pair (the finalizer of `SplitMix64`, Steele et al. 2014, twice).
fn mix(unit: u64, number: u64) -> u64 {
    let finish = |mut x: u64| {
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    };
    finish(finish(unit.wrapping_add(0x9e37_79b9_7f4a_7c15)).wrapping_add(number))
}
