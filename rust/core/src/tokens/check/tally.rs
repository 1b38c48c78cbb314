//! Counts by kind of check, which add up in any order, each with the first place of all.

use std::collections::BTreeMap;

/// What is counted: of a document as a whole, of one character, or of one script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Check {
    Documents,
    Nul,
    Control,
    ControlIs(char),
    Replacement,
    MarkInside,
    CrLf,
    NotNfc,
    ZeroWidth,
    ZeroWidthIs(char),
    Stray,
    StrayIs(char),
    Zawgyi,
    Script(u8),
    Duplicate,
}

/// Where something is: the unit, and the line or row in it, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At {
    pub(super) unit: u32,
    pub(super) place: u64,
}

/// How often something was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) documents: u64,
    pub(super) occurrences: u64,
    /// Bytes of UTF-8 that the occurrences take.
    pub(super) bytes: u64,
    /// The first place, and what stands there.
    pub(super) first: Option<(At, String)>,
}

impl Count {
    /// Adds what one document holds; `example` is made only where it is the first.
    pub(super) fn add(&mut self, occurrences: u64, bytes: u64, at: At, example: impl FnOnce() -> String) {
        self.documents += 1;
        self.note(occurrences, bytes, at, example);
    }

    /// The same, without the document.
    pub(super) fn note(&mut self, occurrences: u64, bytes: u64, at: At, example: impl FnOnce() -> String) {
        self.occurrences += occurrences;
        self.bytes += bytes;
        if self.first.as_ref().is_none_or(|(first, _)| at < *first) {
            self.first = Some((at, example()));
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        self.documents += other.documents;
        self.occurrences += other.occurrences;
        self.bytes += other.bytes;
        let both = [self.first.take(), other.first];
        self.first = both.into_iter().flatten().min_by_key(|(at, _)| *at);
    }
}

/// All counts of the documents of one file and language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally(pub(super) BTreeMap<Check, Count>);

impl Tally {
    pub(super) fn of(&mut self, check: Check) -> &mut Count {
        self.0.entry(check).or_default()
    }

    pub(super) fn join(&mut self, other: Self) {
        other.0.into_iter().for_each(|(check, count)| self.of(check).join(count));
    }
}
