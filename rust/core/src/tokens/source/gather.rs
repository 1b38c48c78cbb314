//! Gathers the documents of a unit into batches, and its faults into a report.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::batch::{Batch, Span};
use super::faults::{Fault, Report};
use super::language::{Met, Names, UNDETERMINED};
use super::options::Invalid;
use crate::error::Result;
use crate::tokens::given::Given;

/// Who takes the batches.
pub(super) type Take<'a> = dyn FnMut(&Batch) -> Result<()> + 'a;

/// A batch is handed over when it holds this many bytes.
pub(super) const FULL: usize = 256 << 10;

/// What is wrong with an escape that is no character.
pub(super) const HALF: &str = "half of a surrogate pair";
/// What is found where a text is missing.
pub(super) const NULL: &str = "null";

/// Buffers that one thread carries from unit to unit.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) block: Vec<u8>,
    gathered: Gathered,
    met: Met,
}

#[derive(Debug, Default)]
struct Gathered {
    text: String,
    spans: Vec<Span>,
    words: Given,
}

/// How a record names its language.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named<'a> {
    /// Not: all documents of the file have one.
    ByFile,
    Null,
    As(&'a [u8]),
}

impl<'a> Named<'a> {
    /// By the value of a field, which may be null.
    pub(super) fn by_field(value: Option<&'a [u8]>) -> Self {
        value.map_or(Self::Null, Self::As)
    }
}

/// One unit being read.
pub(super) struct Gather<'a> {
    gathered: &'a mut Gathered,
    met: &'a mut Met,
    names: &'a Names,
    invalid: Invalid,
    /// The language of documents without a language of their own.
    pub(super) language: u32,
    pub(super) stored: Arc<AtomicU64>,
    pub(super) report: Report,
    /// Whether documents come with their words.
    pub(super) has_words: bool,
    take: &'a mut Take<'a>,
}

impl<'a> Gather<'a> {
    /// Splits `scratch` into the block that files are read into and a gatherer for the rest.
    pub(super) fn new(
        scratch: &'a mut Scratch,
        names: &'a Names,
        invalid: Invalid,
        language: u32,
        take: &'a mut Take<'a>,
    ) -> (&'a mut Vec<u8>, Self) {
        let Scratch { block, gathered, met } = scratch;
        gathered.text.clear();
        gathered.spans.clear();
        gathered.words.clear();
        met.clear();
        let (stored, report) = (Arc::default(), Report::default());
        (block, Self { gathered, met, names, invalid, language, stored, report, has_words: false, take })
    }

    pub(super) fn fault(&mut self, fault: Fault, place: u64, note: impl Into<String>) {
        self.report.faults.add(fault, place, note);
    }

    /// The number of a language that a record names.
    pub(super) fn named(&mut self, language: &str) -> Result<u32> {
        self.met.number(language, self.names)
    }

    /// The language of a record that names none.
    pub(super) fn unnamed(&mut self, place: u64, note: &str) -> Result<u32> {
        self.fault(Fault::Language, place, note);
        self.named(UNDETERMINED)
    }

    /// The number of a language that a record names by bytes that may be no UTF-8, or by null.
    pub(super) fn named_bytes(&mut self, language: Option<&[u8]>, place: u64) -> Result<u32> {
        match language.map(str::from_utf8) {
            Some(Ok("")) => self.unnamed(place, "empty"),
            Some(Ok(name)) => self.named(name),
            Some(Err(_)) => self.unnamed(place, "not UTF-8"),
            None => self.unnamed(place, "null"),
        }
    }

    /// Adds the row that was just counted; no text is null.
    pub(super) fn add_row(&mut self, text: Option<&[u8]>, language: Named) -> Result<()> {
        let place = self.report.lines;
        let Some(text) = text else {
            self.fault(Fault::Missing, place, NULL);
            return Ok(());
        };
        let language = self.language_of(language, place)?;
        self.add_bytes(text, language, place)
    }

    /// Counts rows that are all null, however many: no bytes need stand for them.
    pub(super) fn add_nulls(&mut self, rows: usize) {
        self.report.faults.add_run(Fault::Missing, self.report.lines + 1, rows as u64, NULL);
        self.report.lines += rows as u64;
    }

    pub(super) fn language_of(&mut self, language: Named, place: u64) -> Result<u32> {
        match language {
            Named::ByFile => Ok(self.language),
            Named::Null => self.named_bytes(None, place),
            Named::As(name) => self.named_bytes(Some(name), place),
        }
    }

    /// Adds a document from bytes that may be no UTF-8.
    pub(super) fn add_bytes(&mut self, bytes: &[u8], language: u32, place: u64) -> Result<()> {
        match simdutf8::compat::from_utf8(bytes) {
            Ok(text) => self.add(text, language, place),
            Err(error) => {
                self.fault(Fault::Invalid, place, format!("byte {}", error.valid_up_to() + 1));
                if self.invalid == Invalid::Skip {
                    return Ok(());
                }
                self.add(&String::from_utf8_lossy(bytes), language, place)
            }
        }
    }

    /// What happens to text that is not UTF-8.
    pub(super) const fn invalid(&self) -> Invalid {
        self.invalid
    }

    /// Adds a document with its words.
    pub(super) fn add_with_words(&mut self, text: &str, place: u64, words: Vec<Range<usize>>) -> Result<()> {
        if text.len() >= FULL {
            self.flush()?;
        }
        if self.has_words && !text.is_empty() {
            self.gathered.words.add(words);
        }
        self.add(text, self.language, place)
    }

    /// Adds a document; a long one is handed over as it is, so that no second copy is made.
    pub(super) fn add(&mut self, text: &str, language: u32, place: u64) -> Result<()> {
        if text.len() >= FULL {
            if !self.gathered.spans.is_empty() {
                self.flush()?;
            }
            let span = Span { start: 0, end: text.len(), place, language };
            return self.pass(text, |spans, _| spans.push(span));
        }
        self.add_by(language, place, |out| {
            out.push_str(text);
            0
        })
    }

    /// Adds the document that `write` appends; `write` returns how many characters it had to replace.
    pub(super) fn add_by(&mut self, language: u32, place: u64, write: impl FnOnce(&mut String) -> usize) -> Result<()> {
        let Gathered { text, spans, .. } = &mut *self.gathered;
        let start = text.len();
        let replaced = write(text);
        let end = text.len();
        if replaced > 0 && self.invalid == Invalid::Skip {
            text.truncate(start);
        } else if start < end {
            spans.push(Span { start, end, place, language });
        }
        if replaced > 0 {
            self.fault(Fault::Invalid, place, HALF);
        } else if start == end {
            self.fault(Fault::Empty, place, "");
        }
        if self.gathered.text.len() >= FULL { self.flush() } else { Ok(()) }
    }

    /// Hands over what was gathered.
    pub(super) fn flush(&mut self) -> Result<()> {
        let Gathered { text, spans, words } = &mut *self.gathered;
        let first = self.report.documents;
        let stored = self.stored.load(Ordering::Relaxed);
        count(&mut self.report, text, spans);
        let batch = Batch::new(text, spans, first, stored).with_words(self.has_words.then_some(words));
        let taken = (self.take)(&batch);
        text.clear();
        spans.clear();
        words.clear();
        if text.capacity() > 8 * FULL {
            text.shrink_to(FULL);
        }
        taken
    }

    /// Hands over documents that lie in `text` as it is; `cut` says where.
    pub(super) fn pass(&mut self, text: &str, cut: impl FnOnce(&mut Vec<Span>, &mut Report)) -> Result<()> {
        debug_assert!(self.gathered.spans.is_empty(), "documents would change their order");
        let Gathered { spans, words, .. } = &mut *self.gathered;
        let first = self.report.documents;
        cut(spans, &mut self.report);
        count(&mut self.report, text, spans);
        let stored = self.stored.load(Ordering::Relaxed);
        let batch = Batch::new(text, spans, first, stored).with_words(self.has_words.then_some(words));
        let taken = (self.take)(&batch);
        spans.clear();
        words.clear();
        taken
    }

    /// What the unit came to.
    pub(super) fn finish(mut self) -> Result<Report> {
        self.flush()?;
        Ok(self.report)
    }
}

/// Counts the documents of a batch, their bytes, and those that hold NUL.
fn count(report: &mut Report, text: &str, spans: &[Span]) {
    report.documents += spans.len() as u64;
    report.text_bytes += spans.iter().map(|span| (span.end - span.start) as u64).sum::<u64>();
    if memchr::memchr(0, text.as_bytes()).is_none() {
        return;
    }
    for span in spans {
        if let Some(at) = memchr::memchr(0, &text.as_bytes()[span.start..span.end]) {
            report.faults.add(Fault::Nul, span.place, format!("byte {}", at + 1));
        }
    }
}
