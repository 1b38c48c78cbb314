//! Documents that lie in memory, in Arrow record batches.

use std::ops::Range;

use arrow_array::RecordBatch;

use super::batch::{Batch, Span};
use super::columns::{Column, Piece};
use super::faults::{Fault, Report};
use super::gather::{Gather, NULL, Named, Scratch};
use super::language::{Names, UNDETERMINED};
use super::options::{Invalid, Lang, Options};
use crate::error::{Error, Result};

/// Which columns of record batches hold the documents, and the languages met in them.
pub struct Columns {
    text: String,
    languages: Option<String>,
    /// The language of all texts, where no column names it.
    language: u32,
    invalid: Invalid,
    names: Names,
}

impl Columns {
    /// The columns that `options` name: strings, large strings, string views, binaries, or dictionaries of them.
    pub fn new(options: &Options) -> Result<Self> {
        let (languages, name) = match &options.lang {
            Lang::Field(name) => (Some(name.clone()), UNDETERMINED),
            Lang::Fixed(name) if !name.is_empty() => (None, name.as_str()),
            Lang::None => (None, UNDETERMINED),
            other => {
                return Err(Error::bad_argument(
                    format!("documents without files have no language by {other:?}"),
                    REMEDY,
                ));
            }
        };
        let names = Names::default();
        let language = names.number(name)?;
        Ok(Self { text: options.text_field.clone(), languages, language, invalid: options.invalid, names })
    }

    /// The languages met so far, by number.
    #[must_use]
    pub const fn names(&self) -> &Names {
        &self.names
    }

    /// Gives the documents of `batch` to `take`. Places are rows, from 1; null is [`Fault::Missing`].
    pub fn read(
        &self,
        batch: &RecordBatch,
        scratch: &mut Scratch,
        take: &mut dyn FnMut(&Batch) -> Result<()>,
    ) -> Result<Report> {
        let text = Column::inside(batch, &self.text)?;
        let languages = self.languages.as_ref().map(|name| Column::inside(batch, name)).transpose()?;
        let (_, mut gather) = Gather::new(scratch, &self.names, self.invalid, self.language, take);
        rows(&text, languages.as_ref(), batch.num_rows(), &mut gather)?;
        gather.finish()
    }
}

const REMEDY: &str = "name the language, or the field that holds it";

/// Adds each row as a document; text that lies as one piece is handed over where it is.
pub(super) fn rows(text: &Column, languages: Option<&Column>, count: usize, gather: &mut Gather) -> Result<()> {
    if text.is_all_null() {
        gather.add_nulls(count);
        return Ok(());
    }
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
            gather.fault(Fault::Missing, place, NULL);
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
