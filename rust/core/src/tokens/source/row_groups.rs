//! Parquet files: a row group is a unit.
//!
//! Columns are read at the lowest level of the format, as byte arrays with definition levels. That gives the bytes as
//! they were written, so that a text that is not UTF-8 is one fault and not the loss of its row group.
//!
//! # Limits
//!
//! A damaged header may state a list of two thousand million flags, which take no bytes. The library counts through it, for
//! some seconds, in which nothing is heard of Ctrl-C.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use parquet::basic::Type;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::RowGroupReader;
use parquet::file::serialized_reader::SerializedRowGroupReader;
use parquet::schema::types::SchemaDescriptor;

use super::faults::Fault;
use super::gather::{Gather, Named};
use super::options::{Lang, Options};
use crate::error::{Error, Result};

/// Rows that are decoded at once.
const ROWS: usize = 512;

/// What the footer says.
pub(super) struct Layout {
    metadata: ParquetMetaData,
    text: usize,
    language: Option<usize>,
}

/// A file whose footer cannot be read, or one that does not fit the options.
pub(super) enum Refused {
    Damaged(String),
    Misfit(Error),
}

impl Layout {
    pub(super) fn open(file: &File, options: &Options) -> std::result::Result<Self, Refused> {
        let parse = || ParquetMetaDataReader::new().parse_and_finish(file);
        let metadata = sound(parse).map_err(|e| Refused::Damaged(e.to_string()))?;
        let schema = metadata.file_metadata().schema_descr();
        let text = column(schema, &options.text_field).map_err(Refused::Misfit)?;
        let language = match &options.lang {
            Lang::Field(name) => Some(column(schema, name).map_err(Refused::Misfit)?),
            _ => None,
        };
        Ok(Self { metadata, text, language })
    }

    /// Stored bytes of the columns that are read, row group by row group.
    pub(super) fn row_groups(&self) -> impl Iterator<Item = u64> {
        let columns = [Some(self.text), self.language];
        let wanted = move || columns.into_iter().flatten();
        let bytes = |group: &parquet::file::metadata::RowGroupMetaData, i| group.column(i).compressed_size().max(0);
        self.metadata.row_groups().iter().map(move |group| wanted().map(|i| bytes(group, i) as u64).sum())
    }

    /// Adds the rows of a group; what is damaged is a fault, and what came before it stays.
    pub(super) fn read(&self, file: File, group: usize, gather: &mut Gather) -> Result<()> {
        let mut columns = sound(|| Columns::open(self, file, group));
        while let Ok(open) = &mut columns {
            match sound(|| open.read()) {
                Ok(0) => break,
                Ok(count) => open.add(count, gather)?,
                Err(error) => columns = Err(error),
            }
        }
        let rows = self.metadata.row_group(group).num_rows().max(0) as u64;
        let short = || format!("{} rows instead of {rows}", gather.report.lines);
        let fault = columns.err().map(|e| e.to_string()).or_else(|| (gather.report.lines != rows).then(short));
        if let Some(fault) = fault {
            gather.fault(Fault::Damaged, gather.report.lines + 1, format!("row group {group}: {fault}"));
        }
        gather.report.lines = rows;
        Ok(())
    }
}

/// The wanted columns of a row group.
struct Columns {
    text: Cells,
    language: Option<Cells>,
}

impl Columns {
    fn open(layout: &Layout, file: File, group: usize) -> std::result::Result<Self, ParquetError> {
        let properties = Arc::new(ReaderProperties::builder().set_read_bloom_filter(false).build());
        let index = layout.metadata.page_index_for_row_group(group);
        let metadata = layout.metadata.row_group(group);
        let reader = SerializedRowGroupReader::new(Arc::new(file), metadata, index, properties)?;
        let language = layout.language.map(|column| Cells::new(&reader, column)).transpose()?;
        Ok(Self { text: Cells::new(&reader, layout.text)?, language })
    }

    /// Reads the next rows; returns how many.
    fn read(&mut self) -> std::result::Result<usize, ParquetError> {
        let count = self.text.read(ROWS)?;
        let named = self.language.as_mut().map(|column| column.read(ROWS)).transpose()?;
        if named.is_none_or(|named| named == count) {
            return Ok(count);
        }
        Err(ParquetError::General("the columns differ in length".to_owned()))
    }

    fn add(&self, count: usize, gather: &mut Gather) -> Result<()> {
        let mut texts = self.text.iter();
        let mut languages = self.language.as_ref().map(Cells::iter);
        for _ in 0..count {
            gather.report.lines += 1;
            let language = languages.as_mut().map_or(Named::ByFile, |cells| Named::by_field(cells.next().flatten()));
            gather.add_row(texts.next().flatten(), language)?;
        }
        Ok(())
    }
}

/// Some rows of a column.
struct Cells {
    reader: ColumnReaderImpl<ByteArrayType>,
    /// The definition level of a value that is not null.
    defined: i16,
    levels: Vec<i16>,
    present: Vec<ByteArray>,
}

impl Cells {
    fn new(group: &dyn RowGroupReader, column: usize) -> std::result::Result<Self, ParquetError> {
        let defined = group.metadata().schema_descr().column(column).max_def_level();
        match group.get_column_reader(column)? {
            ColumnReader::ByteArrayColumnReader(reader) => {
                Ok(Self { reader, defined, levels: Vec::new(), present: Vec::new() })
            }
            _ => Err(ParquetError::General("the column is not text".to_owned())),
        }
    }

    /// Reads up to `most` rows; returns how many.
    fn read(&mut self, most: usize) -> std::result::Result<usize, ParquetError> {
        self.levels.clear();
        self.present.clear();
        let levels = (self.defined > 0).then_some(&mut self.levels);
        let (rows, _, _) = self.reader.read_records(most, levels, None, &mut self.present)?;
        Ok(rows)
    }

    /// Row by row; none is null.
    fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut values = self.present.iter().map(ByteArray::data);
        let optional = self.defined > 0;
        let rows = if optional { self.levels.len() } else { self.present.len() };
        let defined = move |row: usize| !optional || self.levels[row] == self.defined;
        (0..rows).map(move |row| if defined(row) { values.next() } else { None })
    }
}

/// The library's errors and, for damaged files, its panics.
fn sound<T>(work: impl FnOnce() -> std::result::Result<T, ParquetError>) -> std::result::Result<T, ParquetError> {
    let died = |_| Err(ParquetError::General("the Parquet reader failed on it".to_owned()));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(died)
}

/// The number of the one column of text that has this name or, with dots, this path.
fn column(schema: &SchemaDescriptor, name: &str) -> Result<usize> {
    let named = |&i: &usize| schema.column(i).path().string() == name;
    let mut found = (0..schema.num_columns()).filter(named);
    let column = match (found.next(), found.next()) {
        (Some(column), None) => column,
        (Some(_), Some(_)) => return Err(Error::bad_file(format!("two columns are named {name:?}"), "rename one")),
        (None, _) => return Err(absent(schema, name)),
    };
    let description = schema.column(column);
    let kind = description.physical_type();
    match (kind, description.max_rep_level()) {
        (Type::BYTE_ARRAY, 0) => Ok(column),
        (Type::BYTE_ARRAY, _) => {
            Err(Error::bad_argument(format!("column {name:?} is a list, not a text"), "name a column of strings"))
        }
        _ => {
            Err(Error::bad_argument(format!("column {name:?} is of type {kind}, not text"), "name a column of strings"))
        }
    }
}

fn absent(schema: &SchemaDescriptor, name: &str) -> Error {
    let names: Vec<_> = schema.columns().iter().take(20).map(|column| column.path().string()).collect();
    let what = format!("the file has no column {name:?}");
    Error::bad_argument(what, format!("name one of its columns: {}", names.join(", ")))
}
