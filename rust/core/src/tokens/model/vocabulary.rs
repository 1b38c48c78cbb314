//! The pieces of a `tokenizer.json`: their texts and numbers, and where each stands in the order of their bytes.
//!
//! Inside the model a piece is known by its place in that order: pieces that begin alike lie close together in every
//! table. In a byte-level vocabulary each byte is written as a character (GPT-2's alphabet: the printable bytes of
//! Latin-1 as themselves, the others from U+0100 on); the pieces are turned back into bytes here, once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde_json::Value;

use super::super::spec::Reason;
use super::trie::Trie;

/// A quick hash for texts that no adversary chooses for every run: a folded product of eight bytes at a time.
#[derive(Default)]
pub struct TextHasher(u64);

impl Hasher for TextHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word) ^ (chunk.len() as u64) << 56);
        }
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0x9E37_79B9_7F4A_7C15) * 0xD6E8_FEB8_6659_FD93;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Piece by text.
pub type Places<'a> = HashMap<&'a str, u32, BuildHasherDefault<TextHasher>>;

/// The pieces, in the order of their bytes.
pub struct Vocabulary<'a> {
    /// Text in the file.
    pub texts: Vec<&'a str>,
    /// Number in the file.
    pub ids: Vec<u32>,
    /// Where the bytes of each piece begin in `arena`, and where the last ends.
    starts: Vec<usize>,
    arena: Vec<u8>,
    /// Whether the text is written in the alphabet; other pieces have no bytes in any word.
    pub spelled: Vec<bool>,
    /// Place of each text.
    pub places: Places<'a>,
    byte_level: bool,
}

impl<'a> Vocabulary<'a> {
    /// From the object `{text: number}` of BPE, `WordPiece` and `WordLevel`.
    pub fn from_object(vocab: &'a Value, byte_level: bool) -> Result<Self, Reason> {
        let object = vocab.as_object().ok_or_else(|| Reason::new("the vocabulary is no object"))?;
        let number = |id: &Value| id.as_u64().and_then(|id| u32::try_from(id).ok());
        let entries: Option<Vec<(&str, u32)>> =
            object.iter().map(|(text, id)| Some((text.as_str(), number(id)?))).collect();
        let entries = entries.ok_or_else(|| Reason::new("a number of the vocabulary is not in 0..2^32"))?;
        Self::new(&entries, byte_level)
    }

    /// From texts and numbers; a text stands once.
    pub fn new(entries: &[(&'a str, u32)], byte_level: bool) -> Result<Self, Reason> {
        refuse_empty_or_huge(entries)?;
        let spelling = Spelling::new(byte_level);
        let mut bytes = Vec::new();
        let mut spelled = Vec::with_capacity(entries.len());
        let mut spans = Vec::with_capacity(entries.len());
        for (text, _) in entries {
            let start = bytes.len();
            spelled.push(spelling.spell(text, &mut bytes));
            spans.push((start, bytes.len()));
        }
        let order = sorted(&bytes, &spans);
        Ok(Self::in_order(entries, &bytes, &spans, &spelled, &order, byte_level))
    }

    fn in_order(
        entries: &[(&'a str, u32)],
        bytes: &[u8],
        spans: &[(usize, usize)],
        spelled: &[bool],
        order: &[u32],
        byte_level: bool,
    ) -> Self {
        let mut arena = Vec::with_capacity(bytes.len());
        let mut starts = vec![0];
        for &at in order {
            let (start, end) = spans[at as usize];
            arena.extend_from_slice(&bytes[start..end]);
            starts.push(arena.len());
        }
        let texts: Vec<&str> = order.iter().map(|&at| entries[at as usize].0).collect();
        let places = texts.iter().zip(0..).map(|(&text, place)| (text, place)).collect();
        Self {
            ids: order.iter().map(|&at| entries[at as usize].1).collect(),
            spelled: order.iter().map(|&at| spelled[at as usize]).collect(),
            texts,
            starts,
            arena,
            places,
            byte_level,
        }
    }

    /// Number of pieces.
    pub fn count(&self) -> usize {
        self.ids.len()
    }

    /// The bytes that the piece stands for in a word.
    pub fn bytes(&self, piece: usize) -> &[u8] {
        &self.arena[self.starts[piece]..self.starts[piece + 1]]
    }

    /// Length of the piece in bytes.
    pub fn length(&self, piece: usize) -> usize {
        self.starts[piece + 1] - self.starts[piece]
    }

    /// Whether the piece is one unit of a word: a byte in a byte-level vocabulary, else a character.
    pub fn is_unit(&self, piece: usize) -> bool {
        self.spelled[piece]
            && (if self.byte_level { self.length(piece) } else { self.texts[piece].chars().count() }) == 1
    }

    /// The pieces that `chosen` chooses as a set.
    pub fn trie(&self, chosen: impl Fn(usize) -> bool) -> Result<Trie, Reason> {
        let wanted = |&piece: &usize| self.spelled[piece] && self.length(piece) > 0 && chosen(piece);
        let strings: Vec<_> = (0..self.count()).filter(wanted).map(|piece| (self.bytes(piece), piece as u32)).collect();
        Trie::new(&strings)
    }

    /// Largest number, plus one.
    pub fn size(&self) -> usize {
        self.ids.iter().max().map_or(0, |&id| id as usize + 1)
    }

    /// The pieces `<0x00>` to `<0xFF>`, as far as they exist.
    pub fn byte_pieces(&self) -> [Option<u32>; 256] {
        std::array::from_fn(|byte| self.places.get(format!("<0x{byte:02X}>").as_str()).copied())
    }

    /// Refuses two texts with one number: by its number alone, one could not be told from the other.
    pub fn refuse_shared_numbers(&self) -> Result<(), Reason> {
        let mut ids = self.ids.clone();
        ids.sort_unstable();
        let shared = ids.windows(2).find(|pair| pair[0] == pair[1]);
        shared.map_or(Ok(()), |pair| Err(Reason::new(format!("two pieces have the number {}", pair[0]))))
    }
}

fn refuse_empty_or_huge(entries: &[(&str, u32)]) -> Result<(), Reason> {
    if entries.len() >= 1 << 24 {
        return Err(Reason::new("the vocabulary has more than 16 million pieces"));
    }
    if entries.iter().any(|(text, _)| text.is_empty()) {
        return Err(Reason::new("the vocabulary holds the empty text"));
    }
    Ok(())
}

/// The places of `spans` in the order of their bytes; most differ in the first eight, which are compared as one word.
fn sorted(bytes: &[u8], spans: &[(usize, usize)]) -> Vec<u32> {
    let mut keyed: Vec<(u64, u32)> =
        spans.iter().zip(0..).map(|(&(start, end), at)| (first_word(&bytes[start..end]), at)).collect();
    let string = |at: u32| &bytes[spans[at as usize].0..spans[at as usize].1];
    keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| string(a.1).cmp(string(b.1))).then(a.1.cmp(&b.1)));
    keyed.into_iter().map(|(_, at)| at).collect()
}

fn first_word(bytes: &[u8]) -> u64 {
    let mut word = [0; 8];
    let length = bytes.len().min(8);
    word[..length].copy_from_slice(&bytes[..length]);
    u64::from_be_bytes(word)
}

/// How pieces are written: as they are, or in GPT-2's alphabet.
struct Spelling(Option<Box<[Option<u8>; 512]>>);

impl Spelling {
    fn new(byte_level: bool) -> Self {
        Self(byte_level.then(|| {
            let mut bytes = Box::new([None; 512]);
            (0..=255).for_each(|byte| bytes[alphabet(byte) as usize] = Some(byte));
            bytes
        }))
    }

    /// Appends the bytes of `text`; false (and the text as it is) if it is not written in the alphabet.
    fn spell(&self, text: &str, bytes: &mut Vec<u8>) -> bool {
        let start = bytes.len();
        let Some(table) = &self.0 else {
            bytes.extend_from_slice(text.as_bytes());
            return true;
        };
        for letter in text.chars() {
            let Some(byte) = table.get(letter as usize).copied().flatten() else {
                bytes.truncate(start);
                bytes.extend_from_slice(text.as_bytes());
                return false;
            };
            bytes.push(byte);
        }
        true
    }
}

/// The character that stands for a byte.
pub fn alphabet(byte: u8) -> char {
    let shown = |byte: u8| matches!(byte, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF);
    let hidden_before = (0..byte).filter(|&other| !shown(other)).count() as u32;
    let code = if shown(byte) { u32::from(byte) } else { 256 + hidden_before };
    char::from_u32(code).unwrap_or('\u{FFFD}')
}
