//! Documents that lie in memory, as Arrow arrays.

use std::ops::Range;

use arrow_array::Array;

use super::batch::{Batch, Span};
use super::columns::{Column, Piece};
use super::faults::{Fault, Report};
use super::gather::{Gather, Named, Scratch};
use super::language::Names;
use super::options::Invalid;
use crate::error::{Error, Result};

/// An array of texts, and the language of each or of all.
#[derive(Clone, Copy)]
pub struct Arrays<'a> {
    /// The texts: strings, large strings, string views, binaries, or dictionaries of them. Null is
    /// [`Fault::Missing`].
    pub text: &'a dyn Array,
    /// The language of each text, in any of the same types.
    pub languages: Option<&'a dyn Array>,
    /// The language of all texts, where `languages` is absent.
    pub language: &'a str,
    /// What happens to text that is not UTF-8: bytes may be anything.
    pub invalid: Invalid,
}

impl Arrays<'_> {
    /// Gives the documents to `take`, batch by batch. Places are rows, from 1.
    pub fn read(
        &self,
        names: &Names,
        scratch: &mut Scratch,
        take: &mut dyn FnMut(&Batch) -> Result<()>,
    ) -> Result<Report> {
        let text = Column::new(self.text)?;
        let languages = self.languages.map(Column::new).transpose()?;
        if let Some(languages) = self.languages.filter(|it| it.len() != self.text.len()) {
            let what = format!("{} texts and {} languages", self.text.len(), languages.len());
            return Err(Error::bad_argument(what, "give a language for each text"));
        }
        let language = names.number(self.language)?;
        let (_, mut gather) = Gather::new(scratch, names, self.invalid, language, take);
        rows(&text, languages.as_ref(), self.text.len(), &mut gather)?;
        gather.finish()
    }
}

/// Adds each row as a document; text that lies as one piece is handed over where it is.
pub(super) fn rows(text: &Column, languages: Option<&Column>, count: usize, gather: &mut Gather) -> Result<()> {
    let mut row = 0;
    while row < count {
        let end = text.piece_end(row, count, PIECE);
        match text.piece(row, end) {
            Some(piece) => pass(&piece, languages, row, gather)?,
            None => add(text, languages, row..end, gather)?,
        }
        row = end;
    }
    Ok(())
}

fn named<'a>(languages: Option<&Column<'a>>, row: usize) -> Named<'a> {
    languages.map_or(Named::ByFile, |column| Named::by_field(column.get(row)))
}

/// Bytes of text, at least, that are handed over at once.
const PIECE: usize = 256 << 10;

fn add(text: &Column, languages: Option<&Column>, rows: Range<usize>, gather: &mut Gather) -> Result<()> {
    for row in rows {
        gather.report.lines += 1;
        let language = named(languages, row);
        gather.add_row(text.get(row), language)?;
    }
    gather.flush()
}

fn pass(piece: &Piece, languages: Option<&Column>, first: usize, gather: &mut Gather) -> Result<()> {
    let mut spans = Vec::with_capacity(piece.ranges.len());
    for (row, range) in piece.ranges.iter().enumerate() {
        gather.report.lines += 1;
        let place = gather.report.lines;
        let Some(Range { start, end }) = range.clone() else {
            gather.fault(Fault::Missing, place, "null");
            continue;
        };
        let language = named(languages, first + row);
        let language = gather.language_of(language, place)?;
        if start == end {
            gather.fault(Fault::Empty, place, "");
        } else {
            spans.push(Span { start, end, place, language });
        }
    }
    gather.pass(piece.text, |out, _| out.append(&mut spans))
}
