//! DOCUMENTS as a Parquet file that is written while documents are counted: a row a document and tokenizer, row group by
//! row group, so that only one group is held.
//!
//! Files of parts are joined by copying their column chunks as they are.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::error::{Error, Result};
use crate::tokens::documents::Rows;
use crate::tokens::source::Names;
use crate::tokens::tally::Tally;

const SCHEMA: &str = "message documents {
    required binary source (STRING);
    required int64 document (INTEGER(64, false));
    required binary tokenizer (STRING);
    required binary group (STRING);
    required int64 bytes (INTEGER(64, false));
    required int64 chars (INTEGER(64, false));
    optional int64 words (INTEGER(64, false));
    required int64 tokens (INTEGER(64, false));
    required int64 unk (INTEGER(64, false));
    required int64 fallback (INTEGER(64, false));
}";

/// Bytes of counts that make a row group.
const GROUP: usize = 4 << 20;

/// A file that is being written.
pub struct DocumentsFile {
    file: SerializedFileWriter<File>,
    sources: Vec<ByteArray>,
    tokenizers: Vec<ByteArray>,
    has_words: bool,
    waiting: Vec<Rows>,
}

impl DocumentsFile {
    /// Writes to `path`, which exists; `sources` and `tokenizers` are the names of files and tokenizers, by number.
    pub fn create(path: &Path, sources: &[String], tokenizers: &[String], has_words: bool) -> Result<Self> {
        let open = File::options().write(true).truncate(true).open(path);
        let file = open.map_err(|e| Error::io("cannot write the table", &e).in_file(path))?;
        let properties = WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::default())).build();
        let schema = parse_message_type(SCHEMA).map_err(refused)?;
        let file = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties)).map_err(refused)?;
        let texts = |names: &[String]| names.iter().map(|name| ByteArray::from(name.as_str())).collect();
        Ok(Self { file, sources: texts(sources), tokenizers: texts(tokenizers), has_words, waiting: Vec::new() })
    }

    /// Adds documents, whose languages `names` knows.
    pub fn add(&mut self, rows: &Rows, names: &Names) -> Result<()> {
        self.waiting.push(rows.clone());
        if self.waiting.iter().map(Rows::held).sum::<usize>() < GROUP { Ok(()) } else { self.flush(names) }
    }

    /// Writes what waits.
    pub fn flush(&mut self, names: &Names) -> Result<()> {
        let all = std::mem::take(&mut self.waiting);
        if all.iter().any(|rows| !rows.numbers.is_empty()) { self.group(&all, names).map_err(refused) } else { Ok(()) }
    }

    /// Adds the rows of another such file.
    pub fn append(&mut self, path: &Path) -> Result<()> {
        let file = File::open(path).map_err(|e| Error::io("cannot read the part", &e).in_file(path))?;
        copy(&file, &mut self.file).map_err(|e| refused(e).in_file(path))
    }

    /// Ends the file, with how it was made.
    pub fn close(mut self, metadata: impl IntoIterator<Item = (String, String)>) -> Result<()> {
        for (key, value) in metadata {
            self.file.append_key_value_metadata(KeyValue::new(key, value));
        }
        self.file.close().map(drop).map_err(refused)
    }

    fn group(&mut self, all: &[Rows], names: &Names) -> std::result::Result<(), ParquetError> {
        let languages: Vec<ByteArray> = names.all().iter().map(|name| ByteArray::from(&**name)).collect();
        let Self { file, sources, tokenizers, has_words, .. } = self;
        let times = tokenizers.len();
        let mut group = file.next_row_group()?;
        let files = all.iter().flat_map(|rows| rows.numbers.iter().map(|_| sources[rows.file].clone()));
        put::<ByteArrayType>(&mut group, repeated(files, times), true)?;
        counts(&mut group, all, times, |rows| &rows.numbers, true)?;
        let documents = all.iter().map(|rows| rows.numbers.len()).sum();
        put::<ByteArrayType>(&mut group, vec![&*tokenizers; documents].into_iter().flatten().cloned(), true)?;
        let spoken = all.iter().flat_map(|rows| &rows.languages).map(|&language| languages[language as usize].clone());
        put::<ByteArrayType>(&mut group, repeated(spoken, times), true)?;
        counts(&mut group, all, times, |rows| &rows.bytes, true)?;
        counts(&mut group, all, times, |rows| &rows.chars, true)?;
        counts(&mut group, all, times, |rows| &rows.words, *has_words)?;
        tallies(&mut group, all, |tally| tally.tokens)?;
        tallies(&mut group, all, |tally| tally.unknown)?;
        tallies(&mut group, all, |tally| tally.fallback)?;
        group.close().map(drop)
    }
}

type Group<'a> = SerializedRowGroupWriter<'a, File>;

/// Each value once a tokenizer.
fn repeated<T: Clone>(values: impl Iterator<Item = T>, times: usize) -> impl Iterator<Item = T> {
    values.flat_map(move |value| std::iter::repeat_n(value, times))
}

fn counts(
    group: &mut Group,
    all: &[Rows],
    times: usize,
    of: fn(&Rows) -> &Vec<u64>,
    defined: bool,
) -> std::result::Result<(), ParquetError> {
    let values = all.iter().flat_map(of).map(|&count| count as i64);
    put::<Int64Type>(group, repeated(values, times), defined)
}

fn tallies(group: &mut Group, all: &[Rows], of: fn(&Tally) -> u32) -> std::result::Result<(), ParquetError> {
    put::<Int64Type>(group, all.iter().flat_map(|rows| &rows.tallies).map(|tally| i64::from(of(tally))), true)
}

/// Writes the next column; all of it is null if it is not `defined`.
fn put<T: DataType>(
    group: &mut Group,
    values: impl Iterator<Item = T::T>,
    defined: bool,
) -> std::result::Result<(), ParquetError> {
    let values: Vec<T::T> = values.collect();
    let absent = || ParquetError::General("the schema has fewer columns".to_owned());
    let mut column = group.next_column()?.ok_or_else(absent)?;
    let levels = vec![i16::from(defined); values.len()];
    column.typed::<T>().write_batch(if defined { &values } else { &[] }, Some(&levels), None)?;
    column.close()
}

/// Copies the row groups of a file as they are.
fn copy(from: &File, to: &mut SerializedFileWriter<File>) -> std::result::Result<(), ParquetError> {
    let reader = SerializedFileReader::new(from.try_clone()?)?;
    for rows in reader.metadata().row_groups() {
        let mut group = to.next_row_group()?;
        for column in rows.columns() {
            let whole = ColumnCloseResult {
                bytes_written: column.compressed_size() as u64,
                rows_written: rows.num_rows() as u64,
                metadata: column.clone(),
                bloom_filter: None,
                column_index: None,
                offset_index: None,
            };
            group.append_column(from, whole)?;
        }
        group.close()?;
    }
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: ParquetError) -> Error {
    Error::bad_file(format!("cannot write the table: {error}"), "check the space left on the disk")
}
