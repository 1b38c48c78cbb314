//! The units of a word: its characters, or its bytes where the vocabulary is byte-level.
//!
//! A unit that is no piece becomes the pieces of its bytes, if the file says so and all exist; else the unknown piece,
//! if there is one; else nothing. As in the reference, an unknown piece waits until the next known unit (or the end),
//! so that bytes may come before it, and `fuse_unk` joins unknown units over bytes between them.

use serde_json::Value;

use super::super::trie::{NONE, Trie};
use super::super::vocabulary::{Vocabulary, alphabet};
use crate::tokens::spec::{Reason, flag};

/// Where units become symbols.
#[derive(Clone, Debug)]
pub struct Units {
    known: Known,
    /// Pieces of the bytes.
    fallback: Option<Box<[Option<u32>; 256]>>,
    unknown: Option<u32>,
    fuse: bool,
}

#[derive(Clone, Debug)]
enum Known {
    Bytes(Box<[u32; 256]>),
    Characters(Trie),
}

/// What a unit becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A piece of its own.
    Known,
    /// The pieces of its bytes.
    Bytes,
    /// The unknown piece.
    Unknown,
    /// Nothing.
    Dropped,
}

impl Units {
    /// Reads the options of the model.
    pub fn new(model: &Value, vocabulary: &Vocabulary, byte_level: bool) -> Result<Self, Reason> {
        let known = Known::new(vocabulary, byte_level)?;
        let fallback = flag(model, "byte_fallback", false).then(|| Box::new(vocabulary.byte_pieces()));
        let fuse = flag(model, "fuse_unk", false);
        let text = model.get("unk_token").and_then(Value::as_str);
        let unknown = text.and_then(|text| vocabulary.places.get(text).copied());
        let units = Self { known, fallback, unknown, fuse };
        match text {
            Some(text) if unknown.is_none() && !units.always_spelled() => {
                Err(Reason::new(format!("the unknown token {text:?} is not in the vocabulary")))
            }
            _ => Ok(units),
        }
    }

    /// Whether every unit is known or has the pieces of its bytes.
    pub fn always_spelled(&self) -> bool {
        self.always_known() || self.fallback.as_ref().is_some_and(|pieces| pieces.iter().all(Option::is_some))
    }

    /// Whether units are characters, each of which is known or has the pieces of its bytes.
    pub fn spell_characters(&self) -> bool {
        matches!(self.known, Known::Characters(_)) && self.always_spelled()
    }

    /// Whether every unit is known.
    pub fn always_known(&self) -> bool {
        matches!(&self.known, Known::Bytes(table) if !table.contains(&NONE))
    }

    /// The unknown piece.
    pub fn unknown(&self) -> Option<u32> {
        self.unknown
    }

    /// The piece of a byte that is used where a unit is no piece.
    pub fn byte_piece(&self, byte: u8) -> Option<u32> {
        self.fallback.as_ref()?[usize::from(byte)]
    }

    /// The unknown piece and the pieces of bytes.
    pub fn specials(&self) -> impl Iterator<Item = u32> {
        self.unknown.into_iter().chain((0..=255).filter_map(|byte| self.byte_piece(byte)))
    }

    /// The pieces that stand for units that are no pieces.
    pub fn stand_ins(&self) -> Vec<u32> {
        if self.always_known() {
            return Vec::new();
        }
        self.specials().collect()
    }

    /// What becomes of a character of a word, all its units together; the units of one may differ: then the worst.
    pub fn fate(&self, letter: char) -> Fate {
        let mut buffer = [0; 4];
        match &self.known {
            Known::Characters(trie) => match trie.exact(letter.encode_utf8(&mut buffer).as_bytes()) {
                Some(_) => Fate::Known,
                None => self.fate_of_unknown(letter),
            },
            Known::Bytes(table) => {
                let fates = letter.encode_utf8(&mut buffer).bytes().map(|byte| match table[usize::from(byte)] {
                    NONE => self.fate_of_unknown(alphabet(byte)),
                    _ => Fate::Known,
                });
                fates.max_by_key(|&fate| fate as u8).unwrap_or(Fate::Known)
            }
        }
    }

    fn fate_of_unknown(&self, letter: char) -> Fate {
        let spelled = letter.encode_utf8(&mut [0; 4]).bytes().all(|byte| self.byte_piece(byte).is_some());
        match self.unknown {
            _ if spelled => Fate::Bytes,
            Some(_) => Fate::Unknown,
            None => Fate::Dropped,
        }
    }

    /// Appends the symbols of a word, before any merge.
    pub fn symbols(&self, word: &str, symbols: &mut Vec<u32>) {
        let mut waiting = None;
        match &self.known {
            Known::Bytes(table) => {
                for byte in word.bytes() {
                    self.unit(table[usize::from(byte)], || alphabet(byte), &mut waiting, symbols);
                }
            }
            Known::Characters(trie) => {
                for letter in word.chars() {
                    let piece = trie.exact(letter.encode_utf8(&mut [0; 4]).as_bytes()).unwrap_or(NONE);
                    self.unit(piece, || letter, &mut waiting, symbols);
                }
            }
        }
        symbols.extend(waiting);
    }

    fn unit(&self, piece: u32, letter: impl Fn() -> char, waiting: &mut Option<u32>, symbols: &mut Vec<u32>) {
        if piece != NONE {
            symbols.extend(waiting.take());
            symbols.push(piece);
            return;
        }
        let letter = letter();
        match self.fate_of_unknown(letter) {
            Fate::Bytes => {
                symbols.extend(letter.encode_utf8(&mut [0; 4]).bytes().filter_map(|byte| self.byte_piece(byte)));
            }
            _ if self.fuse && waiting.is_some() => {}
            _ => symbols.extend(std::mem::replace(waiting, self.unknown)),
        }
    }
}

impl Known {
    fn new(vocabulary: &Vocabulary, byte_level: bool) -> Result<Self, Reason> {
        if !byte_level {
            return Ok(Self::Characters(vocabulary.trie(|piece| vocabulary.is_unit(piece))?));
        }
        let mut table = Box::new([NONE; 256]);
        for piece in (0..vocabulary.count()).filter(|&piece| vocabulary.is_unit(piece)) {
            table[usize::from(vocabulary.bytes(piece)[0])] = piece as u32;
        }
        Ok(Self::Bytes(table))
    }
}
