//! Arrow IPC: of a file (Feather), each record batch is a unit; a stream is one.
//!
//! A file that lost its footer is read as the stream that it holds after its magic number, so that its whole batches count.

use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};

use arrow_array::RecordBatch;
use arrow_schema::{ArrowError, Schema};

use super::arrays;
use super::columns::{Column, is_text, not_text};
use super::faults::Fault;
use super::gather::Gather;
use super::messages::{Decoder, Message};
use super::options::{Lang, Options};
use super::stored::Stream;
use crate::error::{Error, Result};

/// The names of the columns that are read.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    text: String,
    language: Option<String>,
}

/// What the footer of a file says.
pub(super) struct Layout {
    wanted: Wanted,
    projection: Vec<usize>,
    batches: usize,
}

impl Wanted {
    pub(super) fn new(options: &Options) -> Self {
        let language = match &options.lang {
            Lang::Field(name) => Some(name.clone()),
            _ => None,
        };
        Self { text: options.text_field.clone(), language }
    }

    /// The columns of `schema` that hold the wanted ones.
    fn projection(&self, schema: &Schema) -> Result<Vec<usize>> {
        let mut columns = vec![column(schema, &self.text)?];
        if let Some(name) = &self.language {
            columns.push(column(schema, name)?);
        }
        columns.sort_unstable();
        columns.dedup();
        Ok(columns)
    }

    fn add(&self, batch: &RecordBatch, gather: &mut Gather) -> Result<()> {
        let text = Column::inside(batch, &self.text)?;
        let language = self.language.as_ref().map(|name| Column::inside(batch, name)).transpose()?;
        arrays::rows(&text, language.as_ref(), batch.num_rows(), gather)
    }
}

/// The column named `name`, or the struct that a path with dots begins with.
fn column(schema: &Schema, name: &str) -> Result<usize> {
    if let Ok(index) = schema.index_of(name) {
        let kind = schema.field(index).data_type();
        return if is_text(kind) { Ok(index) } else { Err(not_text(kind)) };
    }
    let first = name.split('.').next().filter(|_| name.contains('.'));
    first.and_then(|first| schema.index_of(first).ok()).ok_or_else(|| {
        let names: Vec<_> = schema.fields().iter().take(20).map(|field| field.name().clone()).collect();
        let what = format!("the file has no column {name:?}");
        Error::bad_argument(what, format!("name one of its columns: {}", names.join(", ")))
    })
}

impl Layout {
    /// Reads the footer; none if it is damaged.
    pub(super) fn open(mut file: File, options: &Options) -> Result<Option<Self>> {
        let Ok((decoder, blocks)) = sound(|| Decoder::of_file(&mut file)) else { return Ok(None) };
        let wanted = Wanted::new(options);
        let projection = decoder.schema.map_or(Ok(Vec::new()), |schema| wanted.projection(&schema))?;
        Ok(Some(Self { wanted, projection, batches: blocks.len() }))
    }

    pub(super) const fn batches(&self) -> usize {
        self.batches
    }

    /// Adds the rows of a record batch; a damaged one is a fault.
    pub(super) fn read(&self, mut file: File, batch: usize, gather: &mut Gather) -> Result<()> {
        let read = sound(|| {
            let (mut decoder, blocks) = Decoder::of_file(&mut file)?;
            decoder.projection = Some(self.projection.clone());
            decoder.batch(&mut file, &blocks[batch])
        });
        match read {
            Ok(rows) => self.wanted.add(&rows, gather),
            Err(error) => {
                gather.fault(Fault::Damaged, 1, format!("record batch {batch}: {error}"));
                Ok(())
            }
        }
    }
}

/// Adds the rows of a stream until it ends or is damaged.
pub(super) fn stream(stream: Stream, wanted: &Wanted, file: bool, gather: &mut Gather) -> Result<()> {
    let mut stream = BufReader::new(stream);
    let start = if file { skip_magic(&mut stream) } else { Ok(Vec::new()) };
    match start {
        Ok(start) => messages(Cursor::new(start).chain(stream), wanted, gather),
        Err(error) => broken(&error.into(), gather),
    }
}

fn messages(mut stream: impl Read, wanted: &Wanted, gather: &mut Gather) -> Result<()> {
    let mut decoder = Decoder::default();
    loop {
        let read = sound(|| match Message::next(&mut stream)? {
            Some(message) => decoder.take(&message).map(Some),
            None if decoder.schema.is_none() => Err(io::Error::from(ErrorKind::UnexpectedEof).into()),
            None => Ok(None),
        });
        match read {
            Ok(None) => return Ok(()),
            Ok(Some(Some(rows))) => wanted.add(&rows, gather)?,
            Ok(Some(None)) if decoder.projection.is_some() => {}
            Ok(Some(None)) => {
                decoder.projection = decoder.schema.as_ref().map(|schema| wanted.projection(schema)).transpose()?;
            }
            Err(error) => return broken(&error, gather),
        }
    }
}

/// Reads the first words of a file: its magic number and padding, to the first word of the stream, which is returned.
fn skip_magic(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut word = [0; 8];
    stream.read_exact(&mut word)?;
    for _ in 0..=MOST_PADDING {
        stream.read_exact(&mut word)?;
        if word != [0; 8] {
            break;
        }
    }
    Ok(word.to_vec())
}

/// In words of 8 bytes; writers align to 8 or 64 bytes.
const MOST_PADDING: usize = 32;

/// A stream that stopped before its end.
fn broken(error: &ArrowError, gather: &mut Gather) -> Result<()> {
    let fault = match error {
        ArrowError::IoError(_, cause) if cause.raw_os_error().is_some() => {
            return Err(Error::io("cannot read the file", cause));
        }
        ArrowError::IoError(_, cause) if cause.kind() == ErrorKind::UnexpectedEof => Fault::Truncated,
        _ => Fault::Damaged,
    };
    gather.fault(fault, gather.report.lines + 1, error.to_string());
    Ok(())
}

/// The library's errors and, for damaged files, its panics.
fn sound<T>(work: impl FnOnce() -> std::result::Result<T, ArrowError>) -> std::result::Result<T, ArrowError> {
    let died = |_| Err(ArrowError::IpcError("the Arrow reader failed on it".to_owned()));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(died)
}
