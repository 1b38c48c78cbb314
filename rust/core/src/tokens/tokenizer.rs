//! A tokenizer: the reference, the fast engine where it is proven equal, and the plan that says which is used.
//!
//! Three questions are settled at load, each with its reason where the answer is no ([`Tokenizer::plan`]):
//!
//! 1. **Engine.** Are the normalizer, the pre-tokenizer and the model covered? If not, every text goes to the reference.
//! 2. **Added tokens.** Can a text without them be told by one search? A text with one goes to the reference.
//! 3. **Units.** May a text be cut before each lone space ([`units`](super::units))? Yes, if three things hold:
//!    normalizing the parts gives the parts of the normalized text, and a space in front stays one character
//!    ([`Normalizer::locality`]); the pre-tokenizer breaks at that character, whatever is left of it, or never breaks
//!    ([`Splitter::cuts_after`]); and if it never breaks, no piece of the model's vocabulary holds that character
//!    behind another one, so that no merge reaches over the cut ([`Model::breaks_before`]). What may stand there is that
//!    character itself, where a text has it (`▁`): such a text is not cut ([`Engine::may_cut`]).
//!
//! ```
//! use glotgap_core::tokens::tokenizer::Tokenizer;
//!
//! let json = r#"{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}}"#;
//! let tokenizer = Tokenizer::from_json(json).unwrap();
//! assert_eq!(tokenizer.ids("abba").unwrap(), [2, 1, 0]);
//! ```

use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Result};
use crate::tokens::added::Added;
use crate::tokens::counter::Counter;
use crate::tokens::kinds::Kinds;
use crate::tokens::model::{self, Model};
use crate::tokens::normalize::{self, Normalizer, Place};
use crate::tokens::post;
use crate::tokens::reference::Reference;
use crate::tokens::spec::{Reason, Spec};
use crate::tokens::split::{self, Cut, Splitter};

/// A word up to this length is looked up whole; a longer one is cut into atoms first.
const SHORT: usize = 24;
/// Bytes that a thread's counter may remember from call to call.
const REMEMBERED: usize = 1 << 27;

/// A tokenizer and what is proven about it.
pub struct Tokenizer {
    /// The options of its file that are left out: "truncation", "padding".
    pub left_out: Vec<&'static str>,
    /// Its unknown and byte-fallback tokens.
    pub kinds: Kinds,
    reference: Reference,
    counters: Mutex<Vec<Counter>>,
    engine: std::result::Result<Engine, Reason>,
}

/// The three steps from a text without added tokens to token numbers, equal to the reference's.
pub struct Engine {
    pub(super) added: Added,
    pub(super) model: Model,
    /// Whether texts may be cut into units, and the character that keeps a text whole, if there is one.
    pub(super) units: std::result::Result<Option<char>, Reason>,
    normalizer: Normalizer,
    splitter: Splitter,
}

/// Buffers of [`Engine::words`].
#[derive(Default)]
pub struct Scratch {
    normalize: normalize::Buffers,
    split: split::Scratch,
    atoms: model::Scratch,
}

impl Tokenizer {
    /// Reads the text of a `tokenizer.json`.
    pub fn from_json(json: &str) -> Result<Self> {
        let spec = Spec::parse(json)?;
        let reference = Reference::from_json(&spec.json)?;
        let kinds = Kinds::new(&spec, &reference);
        Ok(Self { counters: Mutex::default(), kinds, engine: Engine::new(&spec), left_out: spec.left_out, reference })
    }

    /// The truth.
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The engine for `text`: none if there is no proof for the tokenizer, or the text holds an added token.
    pub fn engine_for(&self, text: &str) -> Option<&Engine> {
        self.engine().filter(|engine| !engine.added.are_in(text))
    }

    /// The engine, if the tokenizer has one.
    pub fn engine(&self) -> Option<&Engine> {
        self.engine.as_ref().ok()
    }

    /// A counter of an earlier call, or a new one.
    pub(super) fn counter(&self) -> Counter {
        let kept = self.counters.lock().unwrap_or_else(PoisonError::into_inner).pop();
        kept.unwrap_or_else(|| Counter::new(REMEMBERED))
    }

    /// Keeps a counter for the next call.
    pub(super) fn keep(&self, counter: Counter) {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner).push(counter);
    }

    /// The token numbers of `text`, without special tokens.
    pub fn ids(&self, text: &str) -> Result<Vec<u32>> {
        let Some(engine) = self.engine_for(text) else { return self.reference.ids(text) };
        let (mut ids, mut scratch) = (Vec::new(), model::Scratch::default());
        engine.words(text, Place::Start, &mut Scratch::default(), &mut |word, is_atom| {
            engine.model.part_tokens(word, is_atom, &mut scratch, &mut |id| ids.push(id));
        })?;
        Ok(ids)
    }

    /// Each shortcut by name, and why it is off, or nothing where it is on.
    pub fn plan(&self) -> Vec<(&'static str, Option<String>)> {
        let why = |reason: &Reason| reason.0.clone();
        let off = || Some("there is no engine".to_owned());
        match &self.engine {
            Err(reason) => vec![("engine", Some(why(reason))), ("units", off()), ("search", off())],
            Ok(engine) => vec![
                ("engine", None),
                ("units", engine.units.as_ref().err().map(why)),
                ("search", engine.model.slow().as_ref().map(why)),
            ],
        }
    }
}

impl Engine {
    fn new(spec: &Spec) -> std::result::Result<Self, Reason> {
        post::check(&spec.post_processor)?;
        let normalizer = Normalizer::new(&spec.normalizer)?;
        let splitter = Splitter::new(&spec.pre_tokenizer)?;
        if splitter.first_only().is_some_and(|mark| !normalizer.keeps_start(mark)) {
            return Err(Reason::new(
                "Metaspace prepends to the first word only, and the normalizer may drop what begins it",
            ));
        }
        let model = Model::new(&spec.model, splitter.is_byte_level())?;
        let added = Added::new(&spec.added, normalizer.is_identity())?;
        let units = prove_units(&normalizer, &splitter, &model);
        Ok(Self { added, model, units, normalizer, splitter })
    }

    /// Whether `text` may be cut into units.
    pub fn may_cut(&self, text: &str) -> bool {
        self.units.as_ref().is_ok_and(|head| head.is_none_or(|head| !text.contains(head)))
    }

    /// Calls `word(text, is_atom)` for each word of `text`, in order, or for each atom of a long one.
    pub fn words(
        &self,
        text: &str,
        place: Place,
        scratch: &mut Scratch,
        word: &mut impl FnMut(&str, bool),
    ) -> Result<()> {
        let Scratch { normalize, split, atoms } = scratch;
        let normal = self.normalizer.apply_at(text, place, normalize);
        self.splitter.split(normal, place, split, &mut |piece| {
            if piece.len() <= SHORT {
                word(piece, false);
            } else {
                self.model.atoms(piece, atoms, &mut |part, is_whole| word(part, !is_whole));
            }
        });
        match normalize.failure().or_else(|| split.failure()) {
            None => Ok(()),
            Some(why) => Err(Error::unsupported(
                format!("a regular expression of the tokenizer gave up on a text: {why}"),
                "leave the text out; the tokenizers crate fails on it too",
            )),
        }
    }
}

/// Whether texts may be cut into units; and the character that keeps a text whole, if there is one.
fn prove_units(
    normalizer: &Normalizer,
    splitter: &Splitter,
    model: &Model,
) -> std::result::Result<Option<char>, Reason> {
    let head = normalizer.locality()?;
    let crossed = |how: &str| Err(Reason::new(format!("a piece of the vocabulary holds {head:?} behind {how}")));
    match splitter.cuts_after(normalizer)? {
        Cut::AfterAnything | Cut::AfterWord => Ok(None),
        Cut::AfterText if !normalizer.keeps_ends_from_head() => crossed("what the normalizer may make of a part's end"),
        Cut::AfterText if model.breaks_before(head) => Ok(Some(head).filter(|&head| head != ' ')),
        Cut::AfterText => crossed("another character"),
    }
}

#[cfg(test)]
mod tests {
    use super::Tokenizer;

    const BERT: &str =
        r#"{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "lowercase": true}"#;
    const NORMALIZERS: [(&str, bool); 13] = [
        ("null", true),
        (BERT, false),
        (r#"{"type": "Nmt"}"#, false),
        (r#"{"type": "StripAccents"}"#, false),
        (r#"{"type": "NFD"}"#, true),
        (r#"{"type": "NFKC"}"#, true),
        (r#"{"type": "Lowercase"}"#, true),
        (r#"{"type": "Strip", "strip_left": true, "strip_right": true}"#, false),
        (r#"{"type": "Strip", "strip_left": false, "strip_right": true}"#, true),
        (r#"{"type": "Prepend", "prepend": "b"}"#, true),
        (r#"{"type": "Replace", "pattern": {"String": "é"}, "content": "ab"}"#, true),
        (r#"{"type": "Replace", "pattern": {"String": "a"}, "content": ""}"#, false),
        (r#"{"type": "Replace", "pattern": {"Regex": " {2,}|ab"}, "content": "▁"}"#, true),
    ];

    #[test]
    fn the_first_word_is_the_one_that_the_reference_takes_for_it() {
        let texts = ["ab", "  ab", "\u{301}ab", "\u{feff}ab", "éab", "aab", "e\u{301}b", "b a", "ﬁ", "İ", ""];
        for (normalizer, has_engine) in NORMALIZERS {
            let tokenizer = Tokenizer::from_json(&format!(
                r#"{{"normalizer": {normalizer}, "pre_tokenizer": {{"type": "Metaspace", "replacement": "▁",
                "prepend_scheme": "first", "split": false}}, "model": {{"type": "BPE", "unk_token": "?",
                "vocab": {{"?": 0, "a": 1, "b": 2, "▁": 3, "▁a": 4, "▁b": 5}}, "merges": ["▁ a", "▁ b"]}}}}"#
            ));
            let tokenizer = tokenizer.unwrap_or_else(|e| unreachable!("{normalizer}: {e}"));
            assert_eq!(tokenizer.engine().is_some(), has_engine, "{normalizer}");
            for text in texts {
                assert_eq!(tokenizer.ids(text).ok(), tokenizer.reference().ids(text).ok(), "{normalizer}: {text:?}");
            }
        }
    }
}
