//! Models: a word in, tokens out, by the algorithm and the vocabulary of the tokenizer.
//!
//! [`bpe`], [`unigram`], [`wordpiece`] and [`wordlevel`] each equal the reference crate's model of that name on every
//! word; the proof of each shortcut stands in its module. [`Model::atoms`] cuts a long word where that changes no token
//! ([`bridges`]); the parts repeat more often than the word.
//!
//! What a model cannot prove equal it refuses with a [`Reason`] at load.

pub mod bpe;
pub mod bridges;
pub mod trie;
pub mod unigram;
pub mod vocabulary;
pub mod wordlevel;
pub mod wordpiece;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use self::bpe::Bpe;
use self::unigram::Unigram;
use self::wordlevel::WordLevel;
use self::wordpiece::WordPiece;
use super::kinds::Kinds;
use super::spec::{Reason, kind};
use super::tally::Tally;

/// A model, compiled.
#[derive(Clone, Debug)]
pub struct Model {
    kind: Kind,
    /// Tells this model from every other of the process: what a [`Scratch`] remembers belongs to one.
    number: u64,
}

#[derive(Clone, Debug)]
enum Kind {
    Bpe(Box<Bpe>),
    Unigram(Box<Unigram>),
    WordPiece(Box<WordPiece>),
    WordLevel(Box<WordLevel>),
}

/// How many models were compiled; 0 is none.
static MODELS: AtomicU64 = AtomicU64::new(1);

/// Room that a thread uses again from word to word. It also remembers answers: one for each model is quickest, another
/// model makes it forget.
#[derive(Default)]
pub struct Scratch {
    /// The model whose answers it remembers.
    model: u64,
    pieces: Vec<u32>,
    dead: Vec<u64>,
    endings: bpe::endings::Endings,
    room: bpe::merge::Room,
    steps: Vec<unigram::Step>,
    borders: Borders,
}

impl Model {
    /// Compiles the model of a `tokenizer.json`.
    ///
    /// `byte_level`: the vocabulary is written in GPT-2's alphabet, and words will come as they are, not mapped into it.
    pub fn new(model: &Value, byte_level: bool) -> Result<Self, Reason> {
        let kind = match kind_of(model) {
            "BPE" => Kind::Bpe(Box::new(Bpe::new(model, byte_level)?)),
            name if byte_level => return Err(Reason::new(format!("{name} over bytes"))),
            "Unigram" => Kind::Unigram(Box::new(Unigram::new(model)?)),
            "WordPiece" => Kind::WordPiece(Box::new(WordPiece::new(model)?)),
            "WordLevel" => Kind::WordLevel(Box::new(WordLevel::new(model)?)),
            name => return Err(Reason::new(format!("a model of type {name:?}"))),
        };
        Ok(Self { kind, number: MODELS.fetch_add(1, Ordering::Relaxed) })
    }

    /// Gives the tokens of a word to `sink`, in order.
    pub fn tokens(&self, word: &str, scratch: &mut Scratch, sink: &mut impl FnMut(u32)) {
        scratch.serve(self.number);
        match &self.kind {
            Kind::Bpe(bpe) => bpe.tokens(word, scratch, sink),
            Kind::Unigram(unigram) => unigram.tokens(word, scratch, sink),
            Kind::WordPiece(wordpiece) => wordpiece.tokens(word, scratch, sink),
            Kind::WordLevel(wordlevel) => sink(wordlevel.token(word)),
        }
    }

    /// Counts the tokens of a word, or of an atom.
    #[inline]
    pub fn tally(&self, word: &str, is_atom: bool, scratch: &mut Scratch, kinds: &Kinds) -> Tally {
        scratch.serve(self.number);
        if let Kind::Bpe(bpe) = &self.kind
            && let Some(tokens) = bpe.plain_count(word, is_atom, scratch)
        {
            return Tally { tokens, ..Tally::default() };
        }
        let mut tally = Tally::default();
        self.part_tokens(word, is_atom, scratch, &mut |token| tally.see(token, kinds));
        tally
    }

    /// Gives the tokens of a word, or of an atom, to `sink`, in order.
    pub fn part_tokens(&self, part: &str, is_atom: bool, scratch: &mut Scratch, sink: &mut impl FnMut(u32)) {
        if is_atom { self.atom_tokens(part, scratch, sink) } else { self.tokens(part, scratch, sink) }
    }

    /// Gives the tokens of a part of a word to `sink`, in order: like [`Model::tokens`], but a part is never one token
    /// by `ignore_merges` alone.
    pub fn atom_tokens(&self, atom: &str, scratch: &mut Scratch, sink: &mut impl FnMut(u32)) {
        scratch.serve(self.number);
        match &self.kind {
            Kind::Bpe(bpe) => bpe.atom_tokens(atom, scratch, sink),
            _ => self.tokens(atom, scratch, sink),
        }
    }

    /// Cuts a word into parts whose tokens, one after the other, are the tokens of the word, and gives them to `part`.
    ///
    /// True beside a part: it is the whole word, whose tokens are [`Model::tokens`]; else [`Model::atom_tokens`].
    pub fn atoms(&self, word: &str, scratch: &mut Scratch, part: &mut impl FnMut(&str, bool)) {
        scratch.serve(self.number);
        match &self.kind {
            Kind::Bpe(bpe) if bpe.whole_word(word).is_none() => {
                scratch.borders.atoms(word, |left, right| bpe.cuts(left, right), part);
            }
            _ => part(word, true),
        }
    }

    /// Whether a text may be cut before each `head` that stands after another character than `head`: the parts' tokens
    /// are the text's.
    pub fn breaks_before(&self, head: char) -> bool {
        match &self.kind {
            Kind::Bpe(bpe) => bpe.breaks_before(head),
            _ => false,
        }
    }

    /// Largest number of a piece, plus one.
    pub fn pieces(&self) -> usize {
        match &self.kind {
            Kind::Bpe(bpe) => bpe.size(),
            Kind::Unigram(unigram) => unigram.size(),
            Kind::WordPiece(wordpiece) => wordpiece.size(),
            Kind::WordLevel(wordlevel) => wordlevel.size(),
        }
    }

    /// Why words are merged pair by pair, where they are.
    pub fn slow(&self) -> Option<Reason> {
        match &self.kind {
            Kind::Bpe(bpe) if bpe.slow() => {
                Some(Reason::new("merged pair by pair: a merge touches the unknown token or a byte token"))
            }
            _ => None,
        }
    }
}

impl Scratch {
    /// Forgets what another model answered.
    #[inline(always)]
    fn serve(&mut self, model: u64) {
        if self.model != model {
            *self = Self { model, ..Self::default() };
        }
    }
}

/// The type of a model; files without one are told by their fields, as the reference does.
fn kind_of(model: &Value) -> &str {
    let has = |name: &str| model.get(name).is_some();
    match kind(model) {
        "" if has("vocab") && has("merges") => "BPE",
        "" if has("continuing_subword_prefix") && has("max_input_chars_per_word") => "WordPiece",
        "" if model["vocab"].is_array() => "Unigram",
        "" if has("unk_token") => "WordLevel",
        name => name,
    }
}

/// What is known of borders between characters: answers, each in the one place where it can be.
struct Borders(Vec<u64>);

const BORDERS: usize = 1 << 13;

impl Default for Borders {
    fn default() -> Self {
        Self(vec![u64::MAX; BORDERS])
    }
}

impl Borders {
    fn atoms(&mut self, word: &str, cuts: impl Fn(char, char) -> bool, part: &mut impl FnMut(&str, bool)) {
        let mut letters = word.char_indices();
        let Some((_, mut left)) = letters.next() else { return };
        let mut start = 0;
        for (at, right) in letters {
            if self.cuts(left, right, &cuts) {
                part(&word[start..at], false);
                start = at;
            }
            left = right;
        }
        part(&word[start..], start == 0);
    }

    #[inline]
    fn cuts(&mut self, left: char, right: char, cuts: impl Fn(char, char) -> bool) -> bool {
        let key = u64::from(left) << 21 | u64::from(right);
        let known = &mut self.0[(key.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 51) as usize];
        if *known >> 1 != key {
            *known = key << 1 | u64::from(cuts(left, right));
        }
        *known & 1 == 1
    }
}
