//! Unigram (Kudo 2018): the segmentation of highest score, as the reference finds it.
//!
//! From left to right over the characters, every piece that begins there offers the end of it the score so far plus its
//! own, in double precision, in that order; a later offer must be higher to win (Viterbi 1967). A character that is no
//! piece may be the unknown piece, at the lowest score of the vocabulary less 10. Neighbouring unknown pieces are one
//! text, which is looked up as a whole, else spelled in bytes if the file says so and all exist, else unknown.
//!
//! # Cuts
//!
//! No path crosses a border that no piece crosses: the offers after it are those of the right part alone, each raised by
//! the score so far. Unknown pieces would join over a border, so there must be a known character on one side. A long word
//! is taken border by border, and the score so far is carried on, which is the reference's own arithmetic whatever it
//! rounds. For the same reason a part has not always the tokens alone that it has in its word: parts are not counted
//! apart.

use serde_json::Value;

use super::Scratch;
use super::bridges::Bridges;
use super::trie::{NONE, Trie};
use super::vocabulary::{Places, Vocabulary};
use crate::pages::moved;
use crate::tokens::spec::{Reason, flag};

/// What an unknown character costs beyond the worst piece.
const UNKNOWN_PENALTY: f64 = 10.0;

/// Words of more bytes are taken border by border, to save memory.
const LONG: usize = 1 << 12;

/// The best way to an end.
#[derive(Clone, Copy)]
pub struct Step {
    score: f64,
    start: u32,
    piece: u32,
}

const NOWHERE: Step = Step { score: f64::NEG_INFINITY, start: 0, piece: NONE };

/// The model.
#[derive(Clone, Debug)]
pub struct Unigram {
    trie: Trie,
    /// By piece.
    scores: Vec<f64>,
    ids: Vec<u32>,
    size: usize,
    unknown_piece: u32,
    unknown_id: u32,
    unknown_score: f64,
    /// Last and first characters of the unknown piece's own text, which also joins.
    ends: [Option<char>; 2],
    fallback: Option<Box<[u32; 256]>>,
    bridges: Bridges,
}

impl Unigram {
    /// Reads the model.
    pub fn new(model: &Value) -> Result<Self, Reason> {
        let list = entries(&model["vocab"])?;
        let unknown_id = model.get("unk_id").and_then(Value::as_u64).filter(|&id| id < list.len() as u64);
        let unknown_id = unknown_id.ok_or_else(|| Reason::new("Unigram without an unknown piece"))? as u32;
        let worst = list.iter().fold(f64::INFINITY, |worst, &(_, score)| if score < worst { score } else { worst });
        let last: Places = list.iter().zip(0..).map(|(&(text, _), id)| (text, id)).collect();
        let vocabulary = Vocabulary::new(&last.into_iter().collect::<Vec<_>>(), false)?;
        Self::over(model, &vocabulary, &list, unknown_id, worst - UNKNOWN_PENALTY)
    }

    fn over(
        model: &Value,
        vocabulary: &Vocabulary,
        list: &[(&str, f64)],
        unknown_id: u32,
        unknown_score: f64,
    ) -> Result<Self, Reason> {
        let unknown_text = list[unknown_id as usize].0;
        if vocabulary.places.get(unknown_text).is_none_or(|&place| vocabulary.ids[place as usize] != unknown_id) {
            return Err(Reason::new("the unknown piece stands twice in the vocabulary"));
        }
        Ok(Self {
            trie: vocabulary.trie(|_| true)?,
            scores: moved(vocabulary.ids.iter().map(|&id| list[id as usize].1).collect()),
            size: list.len(),
            unknown_piece: vocabulary.places[unknown_text],
            unknown_id,
            unknown_score,
            ends: [unknown_text.chars().next_back(), unknown_text.chars().next()],
            fallback: fallback(model, vocabulary),
            bridges: Bridges::new(vocabulary, |_| true),
            ids: vocabulary.ids.clone(),
        })
    }

    /// The tokens of a word.
    pub fn tokens(&self, word: &str, scratch: &mut Scratch, sink: &mut impl FnMut(u32)) {
        let Scratch { pieces, steps, borders, .. } = scratch;
        let mut score = 0.0;
        let mut take = |part: &str| {
            self.climb(part, score, steps);
            score = steps[part.len()].score;
            self.trace(part, steps, pieces);
            pieces.iter().rev().for_each(|&id| sink(id));
        };
        if word.len() <= LONG {
            take(word);
        } else {
            borders.atoms(word, |left, right| self.cuts(left, right), &mut |part, _| take(part));
        }
    }

    /// Finds the best way to every end, from `score` on.
    fn climb(&self, word: &str, score: f64, steps: &mut Vec<Step>) {
        let text = word.as_bytes();
        steps.clear();
        steps.resize(text.len() + 1, NOWHERE);
        steps[0].score = score;
        let mut start = 0;
        while start < text.len() {
            let so_far = steps[start].score;
            let width = width(text[start]);
            let mut known = false;
            let mut offer = |length: usize, piece, score: f64| {
                let end = &mut steps[start + length];
                if score > end.score {
                    *end = Step { score, start: start as u32, piece };
                }
            };
            self.trie.prefixes(&text[start..], |length, piece| {
                known |= length == width;
                offer(length, piece, self.scores[piece as usize] + so_far);
            });
            if !known {
                offer(width, self.unknown_piece, self.unknown_score + so_far);
            }
            start += width;
        }
    }

    /// Goes the best way back from the end; the numbers of the tokens, the last first.
    fn trace(&self, word: &str, steps: &[Step], ids: &mut Vec<u32>) {
        ids.clear();
        let mut end = word.len();
        while end > 0 {
            let step = steps[end];
            if step.piece == self.unknown_piece {
                end = self.join_unknown(word, end, steps, ids);
            } else {
                ids.push(self.ids[step.piece as usize]);
                end = step.start as usize;
            }
        }
    }

    /// Joins the unknown pieces up to `end` and returns where they begin.
    fn join_unknown(&self, word: &str, end: usize, steps: &[Step], ids: &mut Vec<u32>) -> usize {
        let mut start = end;
        while start > 0 && steps[start].piece == self.unknown_piece {
            start = steps[start].start as usize;
        }
        let joined = &word.as_bytes()[start..end];
        match (self.trie.exact(joined), &self.fallback) {
            (Some(piece), _) => ids.push(self.ids[piece as usize]),
            (None, Some(bytes)) if joined.iter().all(|&byte| bytes[usize::from(byte)] != NONE) => {
                ids.extend(joined.iter().rev().map(|&byte| bytes[usize::from(byte)]));
            }
            _ => ids.push(self.unknown_id),
        }
        start
    }

    /// Whether no path crosses the border between `left` and `right`.
    fn cuts(&self, left: char, right: char) -> bool {
        let joins = |letter, side: usize| self.ends[side] == Some(letter) || !self.is_piece(letter);
        !(self.bridges.cross(left, right) || joins(left, 0) && joins(right, 1))
    }

    fn is_piece(&self, letter: char) -> bool {
        self.trie.exact(letter.encode_utf8(&mut [0; 4]).as_bytes()).is_some()
    }

    /// Number of pieces.
    pub fn size(&self) -> usize {
        self.size
    }
}

/// Bytes of the character that begins with this byte.
#[inline(always)]
fn width(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

fn entries(vocab: &Value) -> Result<Vec<(&str, f64)>, Reason> {
    let list = vocab.as_array().ok_or_else(|| Reason::new("the vocabulary is no list"))?;
    let entries: Option<Vec<_>> = list.iter().map(entry).collect();
    entries.ok_or_else(|| Reason::new("an entry of the vocabulary is no pair of a text and a score below 1e100"))
}

fn entry(pair: &Value) -> Option<(&str, f64)> {
    let pair = pair.as_array().filter(|pair| pair.len() == 2)?;
    Some((pair[0].as_str()?, pair[1].as_f64().filter(|score| score.abs() < 1e100)?))
}

fn fallback(model: &Value, vocabulary: &Vocabulary) -> Option<Box<[u32; 256]>> {
    let id = |place: Option<u32>| place.map_or(NONE, |place| vocabulary.ids[place as usize]);
    flag(model, "byte_fallback", false).then(|| Box::new(vocabulary.byte_pieces().map(id)))
}
