//! The documents of a CSV or TSV file: one column is the text, one may be the language.

use super::blocks::{Blocks, End};
use super::csv::{Record, Sink, Table};
use super::faults::Fault;
use super::gather::Gather;
use super::options::{Format, Lang, Options};
use crate::error::{Error, Result};

/// Which columns are read, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    text: usize,
    language: Option<usize>,
    count: usize,
}

pub(super) fn table(format: Format, options: &Options) -> Table {
    Table::new(if format == Format::Tsv { b'\t' } else { b',' }, options.quotes)
}

/// Reads the header and looks its columns up.
pub(super) fn header(head: &[u8], whole: bool, format: Format, options: &Options) -> Result<Columns> {
    let mut header = Header::default();
    let mut table = table(format, options);
    table.read(head.strip_prefix("\u{feff}".as_bytes()).unwrap_or(head), &mut header)?;
    if !header.ended && whole {
        table.finish(&mut header)?;
    }
    if header.ended {
        return header.columns(options);
    }
    Err(Error::bad_file("the header does not end", "check the quotes of the first line"))
}

#[derive(Default)]
struct Header {
    names: Vec<Vec<u8>>,
    ended: bool,
}

impl Sink for Header {
    fn bytes(&mut self, column: usize, bytes: &[u8]) {
        self.names.resize_with(self.names.len().max(column + 1), Vec::new);
        self.names[column].extend_from_slice(bytes);
    }

    fn record(&mut self, record: Record) -> Result<bool> {
        self.names.resize_with(record.fields, Vec::new);
        self.ended = record.fields > 0;
        Ok(!self.ended)
    }
}

impl Header {
    fn columns(&self, options: &Options) -> Result<Columns> {
        let language = match &options.lang {
            Lang::Field(name) => Some(self.column(name)?),
            _ => None,
        };
        Ok(Columns { text: self.column(&options.text_field)?, language, count: self.names.len() })
    }

    fn column(&self, name: &str) -> Result<usize> {
        let mut found = (0..self.names.len()).filter(|&i| self.names[i] == name.as_bytes());
        match (found.next(), found.next()) {
            (Some(column), None) => Ok(column),
            (Some(_), Some(_)) => Err(Error::bad_file(format!("two columns are named {name:?}"), "rename one of them")),
            (None, _) => Err(self.absent(name)),
        }
    }

    fn absent(&self, name: &str) -> Error {
        let names: Vec<_> = self.names.iter().take(20).map(|it| String::from_utf8_lossy(it).into_owned()).collect();
        let what = format!("the header has no column {name:?}");
        Error::bad_argument(what, format!("name one of its columns: {}", names.join(", ")))
    }
}

/// The text of each record as a document.
pub(super) fn documents(blocks: &mut Blocks, mut table: Table, columns: &Columns, gather: &mut Gather) -> Result<()> {
    let mut rows = Rows { columns, gather, header: true, text: Vec::new(), language: Vec::new() };
    while let Some(bytes) = blocks.piece()? {
        table.read(bytes, &mut rows)?;
    }
    let whole = blocks.end().is_none_or(|end| *end == End::Clean);
    if whole && !table.finish(&mut rows)? {
        gather.fault(Fault::Truncated, table.record_line(), "a quote is never closed");
    }
    gather.report.lines = table.record_line() - 1;
    Ok(())
}

struct Rows<'a, 'g> {
    columns: &'a Columns,
    gather: &'a mut Gather<'g>,
    /// Whether the header is still to come.
    header: bool,
    text: Vec<u8>,
    language: Vec<u8>,
}

impl Sink for Rows<'_, '_> {
    fn bytes(&mut self, column: usize, bytes: &[u8]) {
        if column == self.columns.text {
            self.text.extend_from_slice(bytes);
        }
        if Some(column) == self.columns.language {
            self.language.extend_from_slice(bytes);
        }
    }

    fn record(&mut self, record: Record) -> Result<bool> {
        if record.loose {
            self.gather.fault(Fault::Quote, record.line, "");
        }
        match record.fields {
            0 => self.gather.fault(Fault::Empty, record.line, "an empty line"),
            _ if self.header => self.header = false,
            fields if fields == self.columns.count => self.document(record.line)?,
            fields => self.gather.fault(Fault::Fields, record.line, format!("{fields} of {}", self.columns.count)),
        }
        self.text.clear();
        self.language.clear();
        Ok(true)
    }
}

impl Rows<'_, '_> {
    fn document(&mut self, line: u64) -> Result<()> {
        let language = match self.columns.language {
            None => self.gather.language,
            Some(_) => self.gather.named_bytes(Some(&self.language), line)?,
        };
        self.gather.add_bytes(&self.text, language, line)
    }
}
