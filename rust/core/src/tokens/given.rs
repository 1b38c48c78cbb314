//! Words that are not found unit by unit but given for whole documents: by an annotated corpus, or by a [`Cutter`].

use std::ops::Range;

use crate::error::Result;

/// The words of some documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    words: Vec<Range<usize>>,
    /// How many words there are up to the end of each document.
    ends: Vec<usize>,
}

impl Given {
    /// Adds the words of the next document: where each lies in it, in order.
    pub fn add(&mut self, words: impl IntoIterator<Item = Range<usize>>) {
        self.words.extend(words);
        self.ends.push(self.words.len());
    }

    /// The words of a document.
    pub fn of(&self, document: usize) -> &[Range<usize>] {
        let start = document.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.words[start..self.ends[document]]
    }

    /// Forgets all documents.
    pub fn clear(&mut self) {
        self.words.clear();
        self.ends.clear();
    }
}

/// Finds words by means of its own.
pub trait Cutter: Send + Sync {
    /// Adds the words of each of `texts` to `given`; calls `go_on` between texts, whose error ends it.
    fn cut(
        &self,
        texts: &mut dyn Iterator<Item = &str>,
        given: &mut Given,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<()>;
}
