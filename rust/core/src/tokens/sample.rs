//! Draws documents at random and has the reference count them again.
//!
//! Each document gets a number from a hash of its unit and its place in it; the documents with the smallest numbers
//! are drawn. So the draw is the same for any number of threads and any order of units. Of a document of more than
//! [`LONGEST`] bytes, its begin is drawn: so a draw of any corpus is small, and no single count takes long. All threads
//! share one draw, which soon takes few documents, so that they seldom wait for each other.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::tokens::counter::Counter;
use crate::tokens::reference::VERSION;
use crate::tokens::source::Document;
use crate::tokens::tokenizer::Tokenizer;
use crate::work::{self, Pace, Work};

/// How much of a document is drawn at most.
pub const LONGEST: usize = 64 << 10;

/// Documents drawn so far.
pub struct Sample {
    most: usize,
    drawn: Mutex<ByNumber>,
    /// No document with a larger random number is drawn any more.
    largest: AtomicU64,
}

/// By random number, unit, and place in it.
type ByNumber = BTreeMap<(u64, usize, u64), Drawn>;

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
    /// None yet; keeps at most `most`.
    pub fn new(most: usize) -> Self {
        Self { most, drawn: Mutex::default(), largest: AtomicU64::new(u64::MAX) }
    }

    /// Draws document `number` of `unit` or not.
    pub fn offer(&self, unit: usize, number: u64, drawn: impl FnOnce() -> Drawn) {
        let random = mix(unit as u64, number);
        if self.most == 0 || random > self.largest.load(Ordering::Relaxed) {
            return;
        }
        let new = drawn();
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.insert((random, unit, number), new);
        if drawn.len() > self.most {
            drawn.pop_last();
        }
        if let Some(((largest, ..), _)) = drawn.last_key_value().filter(|_| drawn.len() == self.most) {
            self.largest.store(*largest, Ordering::Relaxed);
        }
    }

    /// Counts all documents drawn by both ways; gives how many there were, or an error at a difference.
    ///
    /// See [`work::run`] for `threads` and `watch`, which is told of documents instead of bytes: each counts once a
    /// tokenizer.
    pub fn verify(
        self,
        tokenizers: &[&Tokenizer],
        threads: usize,
        watch: impl FnMut(u64, u64) -> Result<()>,
    ) -> Result<usize> {
        let drawn = self.drawn.into_inner().unwrap_or_else(PoisonError::into_inner);
        let job = Check { tokenizers, drawn: drawn.into_values().collect() };
        if job.steps() > 0 {
            work::run(&job, threads, watch)?;
        }
        Ok(job.drawn.len())
    }
}

struct Check<'a> {
    tokenizers: &'a [&'a Tokenizer],
    drawn: Vec<Drawn>,
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
        let (number, drawn) = (i / self.drawn.len(), &self.drawn[i % self.drawn.len()]);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is drawn of documents that come in this order.
    fn drawn(order: impl Iterator<Item = (usize, u64)>, most: usize) -> ByNumber {
        let sample = Sample::new(most);
        for (unit, number) in order {
            let document = Document { text: "text", language: 0, place: number };
            sample.offer(unit, number, || Drawn::new(unit.to_string(), &document));
        }
        sample.drawn.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn the_smallest_numbers_are_drawn_in_any_order() {
        let all: Vec<_> = (0..3).flat_map(|unit| (0..200).map(move |number| (unit, number))).collect();
        let mut sorted: Vec<_> = all.iter().map(|&(unit, number)| (mix(unit as u64, number), unit, number)).collect();
        sorted.sort_unstable();
        for most in [0, 1, 50, 600, 1000] {
            let found = drawn(all.iter().copied(), most);
            assert_eq!(found, drawn(all.iter().rev().copied(), most));
            assert!(found.keys().eq(sorted.iter().take(most)), "{most}");
        }
    }
}
