//! Normalizers: text in, text out, and how far a change can reach.
//!
//! # Method
//!
//! A `normalizer` of a `tokenizer.json` is compiled into steps, each equal to the reference's on every text:
//! character by character ([`each`], [`rules`]), the Unicode normal forms ([`compose`]), `SentencePiece`'s character map
//! ([`charsmap`]), and what acts on the text as a whole (`step.rs`). A step that changes nothing copies nothing.
//!
//! # Locality
//!
//! Texts are cut before lone spaces and the parts are counted apart. [`Normalizer::locality`] says whether normalizing
//! the parts gives the parts of the normalized whole; the proof of each step stands in `local.rs`.
//!
//! # Limits
//!
//! A regular expression that gives up (its retry limit) fails in the reference too; [`Buffers::failure`] says so.

pub mod charsmap;
mod classes;
pub mod compose;
pub mod each;
mod local;
mod pages;
pub mod rules;
mod step;
mod trie;

use serde_json::Value;

use super::spec::Reason;
use step::Step;

pub use pages::{Near, PAGE, Pages, characters};

/// Where a stretch of text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It begins the text: nothing stands before it.
    Start,
    /// It begins a segment, that is what stands between added tokens, but is not the first.
    Later,
    /// It was cut from the middle of a segment, before a lone space.
    Inside,
}

/// Room for the texts between steps, kept from call to call.
#[derive(Default)]
pub struct Buffers {
    now: String,
    next: String,
    failure: Option<String>,
}

impl Buffers {
    /// Why the last text was not normalized, if a regular expression gave up. Taken: the next call says none.
    pub fn failure(&mut self) -> Option<String> {
        self.failure.take()
    }
}

/// Appends `text` to `out` with `to` in the place of each ASCII byte `from`, and says true; false if there is none.
pub fn replace_byte(text: &str, from: u8, to: &str, out: &mut String) -> bool {
    let mut copied = 0;
    for at in memchr::memchr_iter(from, text.as_bytes()) {
        out.push_str(&text[copied..at]);
        out.push_str(to);
        copied = at + 1;
    }
    if copied > 0 {
        out.push_str(&text[copied..]);
    }
    copied > 0
}

/// A compiled `normalizer`.
pub struct Normalizer {
    steps: Vec<Step>,
}

impl Normalizer {
    /// Compiles the `normalizer` of a file; `null` changes nothing.
    pub fn new(normalizer: &Value) -> Result<Self, Reason> {
        let mut steps = Vec::new();
        step::compile(normalizer, &mut steps)?;
        Ok(Self { steps })
    }

    /// Whether no text changes.
    pub fn is_identity(&self) -> bool {
        self.steps.is_empty()
    }

    /// The normalized text: `text` itself where nothing changes.
    pub fn apply_at<'a>(&self, text: &'a str, place: Place, buffers: &'a mut Buffers) -> &'a str {
        let Buffers { now, next, failure } = buffers;
        let mut changed = false;
        for step in &self.steps {
            next.clear();
            let input = if changed { now.as_str() } else { text };
            if step.apply(input, place, next, failure) {
                std::mem::swap(now, next);
                changed = true;
            }
        }
        if changed { now } else { text }
    }

    /// Whether the first character of the normalized text is, for the reference, one that stood first in the text, or the
    /// text begins with a space or `mark`; see `local.rs`.
    pub fn keeps_start(&self, mark: &str) -> bool {
        local::keeps_start(&self.steps, mark)
    }

    /// What the space becomes before which a text is cut, if parts can be normalized apart; see `local.rs`.
    pub fn locality(&self) -> Result<char, Reason> {
        Ok(local::prove(&self.steps)?.head)
    }

    /// Whether a text that ends neither with white space nor with the head ([`Normalizer::locality`]) ends with neither
    /// when it is normalized.
    pub fn keeps_ends_from_head(&self) -> bool {
        local::prove(&self.steps).is_ok_and(|proof| proof.keeps_ends && proof.spares_head)
    }

    /// Whether a text that ends with a character that is not white is still such a text when it is normalized.
    pub fn keeps_ends(&self) -> bool {
        local::prove(&self.steps).is_ok_and(|proof| proof.keeps_ends)
    }
}
