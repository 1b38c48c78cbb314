//! Pre-tokenizers: text in, words out.
//!
//! # Method
//!
//! A `pre_tokenizer` of a `tokenizer.json` is compiled into steps, each equal to the reference's on every text. A step
//! takes a word and gives words, each of which goes through the steps that follow. The regular expressions that the
//! large tokenizers share have scanners of their own ([`scan`]); others run in the reference's engine ([`regex`]).
//!
//! A byte-level tokenizer maps each byte to a printable character. Words are given as they stand in the text, unmapped,
//! where that mapping is the last step ([`Splitter::is_byte_level`]): the model's vocabulary is unmapped instead.
//!
//! # Cuts
//!
//! [`Splitter::cuts_at_spaces`] says where a text can be cut before it is split; the proofs stand in `cuts.rs`.
//!
//! # Limits
//!
//! `FixedLength` and `UnicodeScripts` are left to the reference, and so is a Metaspace that prepends to the first word
//! only, but not as the first step.

pub mod classes;
mod cuts;
pub mod regex;
pub mod scan;
pub mod spans;
mod step;
pub mod words;

use serde_json::Value;

use super::normalize::Normalizer;
pub use super::normalize::Place;
use super::spec::Reason;
use step::Step;

/// Where a text can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before any space: a word always begins there, whatever stands left and right.
    AfterAnything,
    /// Before a space, if what stands left is not white space.
    AfterWord,
    /// The splitter never looks over the cut: each word of the parts is a word of the whole, but for the two at the
    /// cut, which may be one word in the whole. Whether that changes counts depends on the model.
    AfterText,
}

/// Room for the texts between steps, kept from call to call.
#[derive(Default)]
pub struct Scratch {
    buffers: Vec<String>,
    failure: Option<String>,
}

impl Scratch {
    /// Why the last text was not split, if a regular expression gave up. Taken: the next call says none.
    pub fn failure(&mut self) -> Option<String> {
        self.failure.take()
    }
}

/// A compiled `pre_tokenizer`.
pub struct Splitter {
    steps: Vec<Step>,
    is_byte_level: bool,
}

impl Splitter {
    /// Compiles the `pre_tokenizer` of a file; `null` keeps the text whole.
    pub fn new(pre_tokenizer: &Value) -> Result<Self, Reason> {
        let mut steps = Vec::new();
        step::compile(pre_tokenizer, &mut steps)?;
        let is_byte_level = matches!(steps.last(), Some(Step::MapBytes(_)));
        if is_byte_level {
            steps.pop();
        }
        step::check_first(&steps)?;
        Ok(Self { steps, is_byte_level })
    }

    /// Calls `piece` for each word of the normalized `text`, in order; no word is empty.
    pub fn split(&self, text: &str, place: Place, scratch: &mut Scratch, piece: &mut impl FnMut(&str)) {
        let Scratch { buffers, failure } = scratch;
        match self.steps.as_slice() {
            [Step::Scan(rule)] => return rule.scan(text, &mut |word| piece(word)),
            [Step::Words(words)] => return words.scan(text, &mut |word| piece(word)),
            _ => {}
        }
        buffers.resize_with(self.steps.len(), String::new);
        step::run(&self.steps, text, place, buffers, failure, piece);
    }

    /// Whether words are raw text whose bytes the model maps to its alphabet.
    pub fn is_byte_level(&self) -> bool {
        self.is_byte_level
    }

    /// Whether the text is the only word, unchanged.
    pub fn keeps_text(&self) -> bool {
        self.steps.is_empty()
    }

    /// What is put before the first word only, if something is.
    pub fn first_only(&self) -> Option<&str> {
        step::first_only(self.steps.first()?)
    }

    /// Where a text that was not normalized, or whose [`Normalizer::locality`] is a space, can be cut.
    pub fn cuts_at_spaces(&self) -> Result<Cut, Reason> {
        cuts::prove(&self.steps, ' ')
    }

    /// Where a text can be cut before a lone space (between two characters that are not white) and each part be
    /// normalized and split apart. Never [`Cut::AfterWord`]: that the cut stands after a word is proven here.
    pub fn cuts_after(&self, normalizer: &Normalizer) -> Result<Cut, Reason> {
        match cuts::prove(&self.steps, normalizer.locality()?)? {
            Cut::AfterWord if normalizer.keeps_ends() => Ok(Cut::AfterAnything),
            Cut::AfterWord => Err(Reason::new("the normalizer may leave white space before a space")),
            cut => Ok(cut),
        }
    }
}
