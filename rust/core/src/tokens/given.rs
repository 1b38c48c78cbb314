//! Words that are not found unit by unit but given for whole documents: by an annotated corpus, or by a [`Cutter`].

use std::ops::Range;

use crate::error::Result;

/// The words of some documents.
///
/// For each word, how far after the last one it starts and how long it is, seven bits a byte: seldom more than two bytes,
/// for all words of a document are held at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    written: Vec<u8>,
    /// Where the last word of the document ends, and how many it has.
    last: (usize, usize),
    /// For each document, where its words end among those written, and how many it has.
    documents: Vec<(usize, usize)>,
}

/// The words of a document, in order.
pub struct Places<'a> {
    written: std::slice::Iter<'a, u8>,
    at: usize,
    left: usize,
}

impl Given {
    /// Adds the words of the next document: where each lies in it, in order and apart.
    pub fn add(&mut self, words: impl IntoIterator<Item = Range<usize>>) {
        words.into_iter().for_each(|word| self.push(&word));
        self.end();
    }

    /// Adds a word of the next document.
    pub fn push(&mut self, word: &Range<usize>) {
        let (end, count) = self.last;
        self.write(word.start - end);
        self.write(word.len());
        self.last = (word.end, count + 1);
    }

    /// The document has no more words.
    pub fn end(&mut self) {
        let (_, count) = std::mem::take(&mut self.last);
        self.documents.push((self.written.len(), count));
    }

    fn write(&mut self, mut number: usize) {
        while number >= 0x80 {
            self.written.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.written.push(number as u8);
    }

    /// The words of a document.
    pub fn of(&self, document: usize) -> Places<'_> {
        let start = document.checked_sub(1).map_or(0, |before| self.documents[before].0);
        let (end, left) = self.documents[document];
        Places { written: self.written[start..end].iter(), at: 0, left }
    }

    /// Forgets all documents.
    pub fn clear(&mut self) {
        self.written.clear();
        self.last = (0, 0);
        self.documents.clear();
    }
}

impl Places<'_> {
    fn read(&mut self) -> usize {
        let (mut number, mut shift) = (0, 0);
        for &byte in self.written.by_ref() {
            number |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        number
    }
}

impl Iterator for Places<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        self.left = self.left.checked_sub(1)?;
        let start = self.at + self.read();
        self.at = start + self.read();
        Some(start..self.at)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Places<'_> {}

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Given;

    proptest! {
        #[test]
        fn words_come_back_as_they_were_given(gaps in prop::collection::vec(prop::collection::vec((0usize..400, 0usize..20_000), 0..9), 0..5)) {
            let mut at = 0;
            let mut word = |&(gap, length): &(usize, usize)| {
                let start = at + gap;
                at = start + length;
                start..at
            };
            let documents: Vec<Vec<_>> = gaps.iter().map(|gaps| gaps.iter().map(&mut word).collect()).collect();
            let mut given = Given::default();
            for words in &documents {
                given.add(words.clone());
            }
            for (i, words) in documents.iter().enumerate() {
                prop_assert_eq!(given.of(i).len(), words.len());
                prop_assert_eq!(&given.of(i).collect::<Vec<_>>(), words);
            }
        }
    }
}
