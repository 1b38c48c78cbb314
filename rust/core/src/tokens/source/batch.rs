//! Documents, many at a time: one buffer of UTF-8, and where each document lies in it.

use crate::tokens::given::Given;

/// Where a document lies in its batch's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte; more than `start`.
    pub end: usize,
    /// The line or row of its unit where it starts, from 1.
    pub place: u64,
    /// Its language, a number that [`super::Names`] knows.
    pub language: u32,
}

/// Some documents of one unit, in their order.
///
/// Spans ascend, do not overlap and begin and end between characters. Between two documents may lie bytes that belong
/// to neither.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    text: &'a str,
    spans: &'a [Span],
    first: u64,
    stored: u64,
    words: Option<&'a Given>,
}

/// One document of a batch; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its text.
    pub text: &'a str,
    /// Its language, a number that [`super::Names`] knows.
    pub language: u32,
    /// The line or row of its unit where it starts, from 1.
    pub place: u64,
}

impl<'a> Batch<'a> {
    /// The batch of `spans` of `text`, after `first` documents and `stored` bytes of the same unit.
    pub(super) const fn new(text: &'a str, spans: &'a [Span], first: u64, stored: u64) -> Self {
        Self { text, spans, first, stored, words: None }
    }

    /// The same batch, with the words of its documents.
    pub(super) const fn with_words(self, words: Option<&'a Given>) -> Self {
        Self { words, ..self }
    }

    /// The words of its documents, where the corpus gives them.
    #[must_use]
    pub const fn words(&self) -> Option<&'a Given> {
        self.words
    }

    /// All bytes, those between documents too.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Where each document lies.
    #[must_use]
    pub const fn spans(&self) -> &'a [Span] {
        self.spans
    }

    /// How many documents of the unit came before.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.first
    }

    /// How many of the unit's stored bytes were read so far, for progress.
    #[must_use]
    pub const fn stored(&self) -> u64 {
        self.stored
    }

    /// The documents, in order.
    pub fn documents(&self) -> impl ExactSizeIterator<Item = Document<'a>> + use<'a> {
        let text = self.text;
        let document = move |span: &Span| Document {
            text: &text[span.start..span.end],
            language: span.language,
            place: span.place,
        };
        self.spans.iter().map(document)
    }
}
