//! How a file falls into units, by its format and what its head or foot says.

use super::corpus::Part;
use super::file::{Begin, Input, Source};
use super::options::{Compression, Documents, Format, Lang, Options};
use super::row_groups::Refused;
use super::{ipc, row_groups, table};
use crate::error::{Error, Result};

/// What is known about the inside of a file before it is read.
pub(super) enum Layout {
    /// There is nothing in it.
    Empty,
    /// Nothing of it can be read, and why.
    Damaged(String),
    Text(Documents),
    JsonLines,
    Conllu,
    Table(table::Columns),
    RowGroups(row_groups::Layout),
    Batches(ipc::Layout),
    Stream {
        wanted: ipc::Wanted,
        /// Whether it is an Arrow file, which wraps a stream.
        file: bool,
        /// Whether that file lacks its footer.
        footless: bool,
    },
}

impl Layout {
    pub(super) fn of(source: &Source, begin: &Begin, options: &Options) -> Result<Self> {
        if matches!(source.input, Input::Empty) {
            return Ok(Self::Empty);
        }
        if options.words && source.format != Format::Conllu {
            let what = "the words of CoNLL-U were asked for, and the file is in another format";
            return Err(Error::bad_argument(what, "name files .conllu, give the format, or choose other words"));
        }
        match source.format {
            Format::Text | Format::Conllu if matches!(options.lang, Lang::Field(_)) => {
                let what = "plain text and CoNLL-U have no field that names the language";
                Err(Error::bad_argument(what, "take the language from file names or directories, or give it"))
            }
            Format::Conllu => Ok(Self::Conllu),
            Format::Text => Ok(Self::Text(options.documents)),
            Format::JsonLines => Ok(Self::JsonLines),
            Format::Csv | Format::Tsv => {
                table::header(&begin.bytes, begin.whole, source.format, options).map(Self::Table)
            }
            Format::Parquet => Self::parquet(source, options),
            Format::ArrowFile => Self::arrow_file(source, options),
            Format::ArrowStream => Ok(Self::Stream { wanted: ipc::Wanted::new(options), file: false, footless: false }),
        }
    }

    fn parquet(source: &Source, options: &Options) -> Result<Self> {
        match row_groups::Layout::open(&source.seekable()?, options) {
            Ok(layout) => Ok(Self::RowGroups(layout)),
            Err(Refused::Damaged(note)) => Ok(Self::Damaged(note)),
            Err(Refused::Misfit(error)) => Err(error),
        }
    }

    fn arrow_file(source: &Source, options: &Options) -> Result<Self> {
        let seekable = source.compression == Compression::None && matches!(source.input, Input::Regular(_));
        let layout = if seekable { ipc::Layout::open(source.seekable()?, options)? } else { None };
        let wanted = ipc::Wanted::new(options);
        Ok(layout.map_or_else(|| Self::Stream { wanted, file: true, footless: seekable }, Self::Batches))
    }

    /// The parts of the file, and the stored bytes of each.
    pub(super) fn parts(&self, source: &Source, options: &Options) -> Vec<(Part, u64)> {
        let chunked = source.compression == Compression::None && matches!(source.input, Input::Regular(_));
        match self {
            Self::Empty | Self::Damaged(_) => Vec::new(),
            Self::Text(Documents::Line | Documents::Blank) | Self::JsonLines if chunked => {
                chunks(source.bytes(), options.chunk)
            }
            Self::RowGroups(layout) => {
                layout.row_groups().enumerate().map(|(i, bytes)| (Part::RowGroup(i), bytes)).collect()
            }
            Self::Batches(layout) => batches(source.bytes(), layout.batches()),
            _ => vec![(Part::Whole, source.bytes())],
        }
    }
}

/// Cuts that depend on nothing but the size, so that a later run makes them again.
fn chunks(bytes: u64, chunk: u64) -> Vec<(Part, u64)> {
    let part = |start: u64| {
        let end = start.saturating_add(chunk).min(bytes);
        (Part::Chunk { start, end }, end - start)
    };
    (0..bytes.div_ceil(chunk)).map(|i| part(i * chunk)).collect()
}

/// The footer does not say how long a record batch is without its text: each counts the same.
fn batches(bytes: u64, count: usize) -> Vec<(Part, u64)> {
    let share = |i: u64| bytes * (i + 1) / count as u64 - bytes * i / count as u64;
    (0..count).map(|i| (Part::RecordBatch(i), share(i as u64))).collect()
}
