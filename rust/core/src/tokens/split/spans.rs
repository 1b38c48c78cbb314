//! Splitting at the matches of a pattern, with the five behaviours of the reference.

use super::regex::Expression;
use crate::tokens::normalize::{PAGE, Pages, characters};

/// What becomes of a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    /// It goes.
    Removed,
    /// It is a word.
    Isolated,
    /// It is joined to what stands before it.
    MergedWithPrevious,
    /// It is joined to what stands after it.
    MergedWithNext,
    /// Matches in a row are one word.
    Contiguous,
}

impl Behavior {
    /// The behaviour of that name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "Removed" => Self::Removed,
            "Isolated" => Self::Isolated,
            "MergedWithPrevious" => Self::MergedWithPrevious,
            "MergedWithNext" => Self::MergedWithNext,
            "Contiguous" => Self::Contiguous,
            _ => return None,
        })
    }
}

/// What is looked for.
pub enum Pattern {
    /// Each character of a class.
    Each(Class),
    /// Matches of a regular expression.
    Regex(Expression),
    /// Occurrences of a string.
    Text(String),
    /// Runs of one class, then runs of another: `\w+|[^\w\s]+`.
    Runs(Class, Class),
}

/// A class of characters, as a table.
pub struct Class {
    holds: Box<dyn Fn(char) -> bool + Send + Sync>,
    pages: Pages<[bool; PAGE]>,
}

impl Class {
    /// The class of the characters for which `holds` says true.
    pub fn new(holds: impl Fn(char) -> bool + Send + Sync + 'static) -> Self {
        Self { holds: Box::new(holds), pages: Pages::default() }
    }

    /// Whether `c` is in it.
    #[inline]
    pub fn has(&self, c: char) -> bool {
        self.pages.page(u32::from(c), |number| self.fill(number))[u32::from(c) as usize % PAGE]
    }

    fn fill(&self, number: u32) -> [bool; PAGE] {
        let mut page = [false; PAGE];
        characters(number).for_each(|(i, c)| page[i] = (self.holds)(c));
        page
    }
}

/// A stretch of text: where it begins and ends, and whether it is a match.
pub type Span = (usize, usize, bool);

impl Pattern {
    /// The matches and what stands between them: they cover the text. Or why a regular expression gave up.
    pub fn spans(&self, text: &str) -> Result<Vec<Span>, String> {
        Ok(match self {
            Self::Each(class) => covering(
                text,
                text.char_indices().filter(|&(_, c)| class.has(c)).map(|(at, c)| (at, at + c.len_utf8())),
            ),
            Self::Text(sought) => covering(text, text.match_indices(sought.as_str()).map(|(at, m)| (at, at + m.len()))),
            Self::Regex(regex) => covering(text, regex.matches(text)?.into_iter()),
            Self::Runs(one, other) => covering(text, runs(text, one, other).into_iter()),
        })
    }
}

fn covering(text: &str, matches: impl Iterator<Item = (usize, usize)>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut end = 0;
    for (start, next) in matches {
        if end < start {
            spans.push((end, start, false));
        }
        spans.push((start, next, true));
        end = next;
    }
    if end < text.len() {
        spans.push((end, text.len(), false));
    }
    spans
}

fn runs(text: &str, one: &Class, other: &Class) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut last = 0;
    for (at, c) in text.char_indices() {
        let kind = if one.has(c) { 1 } else { u8::from(other.has(c)) * 2 };
        match found.last_mut() {
            Some(run) if kind == last && kind != 0 => run.1 = at + c.len_utf8(),
            _ if kind != 0 => found.push((at, at + c.len_utf8())),
            _ => {}
        }
        last = kind;
    }
    found
}

/// The words that `behavior` makes of spans.
pub fn words(spans: Vec<Span>, behavior: Behavior) -> Vec<(usize, usize)> {
    match behavior {
        Behavior::Isolated => spans.into_iter().map(|(start, end, _)| (start, end)).collect(),
        Behavior::Removed => spans.into_iter().filter(|span| !span.2).map(|(start, end, _)| (start, end)).collect(),
        Behavior::Contiguous => fold(spans.into_iter(), |is_match, before| is_match == before, false),
        Behavior::MergedWithPrevious => fold(spans.into_iter(), |is_match, before| is_match && !before, false),
        Behavior::MergedWithNext => {
            let mut words = fold(spans.into_iter().rev(), |is_match, before| is_match && !before, true);
            words.reverse();
            words
        }
    }
}

/// Joins a span to the one before it where `joins(it is a match, the one before was)`; nothing counts as no match.
fn fold(spans: impl Iterator<Item = Span>, joins: fn(bool, bool) -> bool, backwards: bool) -> Vec<(usize, usize)> {
    let mut words: Vec<(usize, usize)> = Vec::new();
    let mut before = false;
    for (start, end, is_match) in spans {
        match words.last_mut() {
            Some(word) if joins(is_match, before) && backwards => word.0 = start,
            Some(word) if joins(is_match, before) => word.1 = end,
            _ => words.push((start, end)),
        }
        before = is_match;
    }
    words
}
