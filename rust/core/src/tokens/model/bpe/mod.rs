//! Byte-pair encoding (Sennrich et al. 2016), over bytes or characters, as the reference does it.
//!
//! The units of a word ([`units`]) are merged by rank. Where [`growth`] proves it equal, the tokens are found by
//! [`search`]; else, and for words with unknown units that wait or vanish, they are merged pair by pair ([`merge`]).
//!
//! Limits: `continuing_subword_prefix` and `end_of_word_suffix` are left to the reference.

pub mod endings;
pub mod growth;
pub mod merge;
pub mod merges;
pub mod pieces;
pub mod rules;
pub mod search;
pub mod units;

use serde_json::Value;

use self::growth::Growth;
use self::rules::{Rule, Rules};
use self::search::Search;
use self::units::{Fate, Units};
use super::Scratch;
use super::bridges::Bridges;
use super::trie::Trie;
use super::vocabulary::Vocabulary;
use crate::tokens::spec::{Reason, flag};

/// The model.
#[derive(Clone, Debug)]
pub struct Bpe {
    ids: Vec<u32>,
    size: usize,
    units: Units,
    rules: Rules,
    /// None where pieces are merged pair by pair.
    search: Option<Search>,
    /// Every piece, where `ignore_merges` makes a whole word one token.
    whole: Option<Trie>,
    /// Whether no rule touches a piece that stands for an unknown unit.
    isolated: bool,
    /// Whether the search gives neither the unknown piece nor one that stands for a byte.
    plain: bool,
    bridges: Bridges,
}

impl Bpe {
    /// Reads the model; `byte_level`: its pieces are written in GPT-2's alphabet.
    pub fn new(model: &Value, byte_level: bool) -> Result<Self, Reason> {
        refuse_affixes(model)?;
        let vocabulary = Vocabulary::from_object(&model["vocab"], byte_level)?;
        vocabulary.refuse_shared_numbers()?;
        let units = Units::new(model, &vocabulary, byte_level)?;
        let merges = merges::read(&model["merges"], &vocabulary)?;
        let isolated = is_isolated(&units, &merges, vocabulary.count());
        let growth = isolated.then(|| Growth::new(&vocabulary, &merges));
        let bridges = match &growth {
            Some(growth) => Bridges::new(&vocabulary, |piece| growth.made[piece]),
            None => Bridges::new(&vocabulary, |_| true),
        };
        let plain = growth.as_ref().is_some_and(|growth| units.specials().all(|piece| !growth.made[piece as usize]));
        let search = growth.as_ref().map(|growth| Search::new(&vocabulary, growth)).transpose()?;
        let whole = flag(model, "ignore_merges", false).then(|| vocabulary.trie(|_| true)).transpose()?;
        let rules = growth.map_or_else(|| all_rules(&merges), |growth| growth.rules);
        let size = vocabulary.size();
        Ok(Self { ids: vocabulary.ids, size, units, rules, search, whole, isolated, plain, bridges })
    }

    /// The tokens of a word.
    pub fn tokens(&self, word: &str, scratch: &mut Scratch, sink: &mut impl FnMut(u32)) {
        match self.whole_word(word) {
            Some(piece) => sink(self.ids[piece as usize]),
            None => self.atom_tokens(word, scratch, sink),
        }
    }

    /// The tokens of a part of a word, which is never one token by `ignore_merges` alone.
    pub fn atom_tokens(&self, atom: &str, scratch: &mut Scratch, sink: &mut impl FnMut(u32)) {
        scratch.pieces.clear();
        self.find(atom, scratch);
        scratch.pieces.iter().for_each(|&piece| sink(self.ids[piece as usize]));
    }

    /// The number of tokens of a word or an atom, none of which is unknown or stands for a byte; none if that is not
    /// known, or the word is long.
    #[inline]
    pub fn plain_count(&self, word: &str, is_atom: bool, scratch: &mut Scratch) -> Option<u32> {
        let search = self.search.as_ref().filter(|_| self.plain && word.len() <= endings::LONGEST)?;
        if !is_atom && self.whole_word(word).is_some() {
            return Some(1);
        }
        search.count(&self.rules, word.as_bytes(), &mut scratch.endings)
    }

    /// The piece that a word is by `ignore_merges`.
    pub fn whole_word(&self, word: &str) -> Option<u32> {
        self.whole.as_ref()?.exact(word.as_bytes())
    }

    fn find(&self, word: &str, scratch: &mut Scratch) {
        if !self.search.as_ref().is_some_and(|search| self.search(search, word, scratch)) {
            scratch.pieces.clear();
            self.units.symbols(word, &mut scratch.pieces);
            merge::merge(&self.rules, &mut scratch.pieces, &mut scratch.room);
        }
    }

    /// Searches between units that become bytes; false if another kind of unknown unit comes.
    fn search(&self, search: &Search, word: &str, scratch: &mut Scratch) -> bool {
        let mut rest = word;
        loop {
            let length = search.tokens(&self.rules, rest.as_bytes(), &mut scratch.pieces, &mut scratch.dead);
            if length == rest.len() {
                return true;
            }
            if !self.units.spell_characters() {
                return false;
            }
            rest = &rest[length..];
            let letter = rest.chars().next().unwrap_or('\0');
            if self.units.fate(letter) != Fate::Bytes {
                return false;
            }
            let (unknown, after) = rest.split_at(letter.len_utf8());
            scratch.pieces.extend(unknown.bytes().filter_map(|byte| self.units.byte_piece(byte)));
            rest = after;
        }
    }

    /// Whether a word may be cut between `left` and `right`.
    ///
    /// Both known: no merge crosses, because its product would hold both characters, one after the other ([`Bridges`]).
    /// One unknown: no rule touches what stands for it (checked). An unknown piece that waits is set down before the
    /// next known unit, which is where the end of a part sets it down; so one side must be known, or nothing waits. A
    /// unit that becomes nothing makes its neighbours meet: no cut.
    pub fn cuts(&self, left: char, right: char) -> bool {
        match (self.units.fate(left), self.units.fate(right)) {
            (Fate::Known, Fate::Known) => !self.bridges.cross(left, right),
            (Fate::Dropped, _) | (_, Fate::Dropped) => false,
            (Fate::Known, _) | (_, Fate::Known) => self.isolated,
            _ => self.isolated && self.units.always_spelled(),
        }
    }

    /// Whether a text may be cut before `head` wherever another character stands before it.
    pub fn breaks_before(&self, head: char) -> bool {
        let unmixed = self.units.always_spelled() || self.units.unknown().is_some();
        let known = self.units.fate(head) == Fate::Known;
        self.whole.is_none() && self.isolated && unmixed && known && !self.bridges.follows_another(head)
    }

    /// Largest number of a piece, plus one.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether pieces are merged pair by pair.
    pub fn slow(&self) -> bool {
        self.search.is_none()
    }
}

fn refuse_affixes(model: &Value) -> Result<(), Reason> {
    let set = |name: &&str| model.get(*name).and_then(Value::as_str).is_some_and(|affix| !affix.is_empty());
    match ["continuing_subword_prefix", "end_of_word_suffix"].iter().find(|name| set(name)) {
        Some(name) => Err(Reason::new(format!("BPE with {name}"))),
        None => Ok(()),
    }
}

fn is_isolated(units: &Units, merges: &[Rule], count: usize) -> bool {
    let mut stands_in = vec![false; count];
    units.stand_ins().into_iter().for_each(|piece| stands_in[piece as usize] = true);
    !merges.iter().any(|rule| stands_in[rule.left as usize] || stands_in[rule.right as usize])
}

/// Every rule of the file; of two with the same sides the last.
fn all_rules(merges: &[Rule]) -> Rules {
    let mut rules = Rules::unborn(merges.len());
    merges.iter().enumerate().rev().for_each(|(at, &rule)| rules.set(at, rule));
    rules
}
