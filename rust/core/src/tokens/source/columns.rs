//! Columns of text in Arrow's memory format: strings of any layout, dictionaries, and fields inside structs.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BinaryViewArray, GenericBinaryArray, GenericStringArray, OffsetSizeTrait, StringViewArray};
use arrow_schema::DataType;

use crate::error::{Error, Result};

/// A column whose values are text, or bytes that should be.
pub(super) struct Column<'a> {
    values: Values<'a>,
    /// The structs around the column: where one is null, so is the column.
    around: Vec<&'a dyn Array>,
}

enum Values<'a> {
    Text(&'a GenericStringArray<i32>),
    LargeText(&'a GenericStringArray<i64>),
    TextView(&'a StringViewArray),
    Bytes(&'a GenericBinaryArray<i32>),
    LargeBytes(&'a GenericBinaryArray<i64>),
    BytesView(&'a BinaryViewArray),
    Dictionary { keys: &'a dyn Array, numbers: Vec<usize>, values: Box<Values<'a>> },
    Null,
}

impl<'a> Column<'a> {
    pub(super) fn new(array: &'a dyn Array) -> Result<Self> {
        Ok(Self { values: Values::new(array)?, around: Vec::new() })
    }

    /// Field `name` of `record`, at its top or, with dots, inside it.
    pub(super) fn inside(record: &'a arrow_array::RecordBatch, name: &str) -> Result<Self> {
        if let Some(array) = record.column_by_name(name) {
            return Self::new(array.as_ref());
        }
        let absent = || Error::bad_argument(format!("no column {name:?}"), "name a column of the file");
        let mut parts = name.split('.');
        let mut array = parts.next().and_then(|part| record.column_by_name(part)).ok_or_else(absent)?.as_ref();
        let mut around = Vec::new();
        for part in parts {
            around.push(array);
            let inner = array.as_struct_opt().and_then(|fields| fields.column_by_name(part));
            array = inner.ok_or_else(absent)?.as_ref();
        }
        Ok(Self { values: Values::new(array)?, around })
    }

    /// Whether the type of the column says that no row has a value.
    pub(super) fn is_all_null(&self) -> bool {
        matches!(self.values, Values::Null)
    }

    /// The bytes of a value; none if it is null.
    pub(super) fn get(&self, row: usize) -> Option<&'a [u8]> {
        if self.around.iter().any(|array| array.is_null(row)) { None } else { self.values.get(row) }
    }
}

/// Rows whose texts lie behind each other in memory.
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    /// Where each row's text lies; none is null.
    pub(super) ranges: Vec<Option<Range<usize>>>,
}

impl<'a> Column<'a> {
    /// The row, not after `count`, up to which the texts from `row` on take `bytes` or more.
    pub(super) fn piece_end(&self, row: usize, count: usize, bytes: usize) -> usize {
        match &self.values {
            Values::Text(array) => piece_end(array.value_offsets(), row, count, bytes),
            Values::LargeText(array) => piece_end(array.value_offsets(), row, count, bytes),
            _ => count,
        }
    }

    /// The texts of some rows, if they lie in one piece and are UTF-8 (which whoever gave the array may have broken).
    pub(super) fn piece(&self, row: usize, end: usize) -> Option<Piece<'a>> {
        match &self.values {
            Values::Text(array) => self.piece_of(array, row, end),
            Values::LargeText(array) => self.piece_of(array, row, end),
            _ => None,
        }
    }

    fn piece_of<O: OffsetSizeTrait>(
        &self,
        array: &'a GenericStringArray<O>,
        row: usize,
        end: usize,
    ) -> Option<Piece<'a>> {
        let offsets = array.value_offsets().get(row..=end)?;
        let start = offsets.first()?.as_usize();
        let text = simdutf8::basic::from_utf8(array.value_data().get(start..offsets.last()?.as_usize())?).ok()?;
        let mut ranges = Vec::with_capacity(end - row);
        for (number, pair) in offsets.windows(2).enumerate() {
            let range = pair[0].as_usize() - start..pair[1].as_usize() - start;
            text.get(range.clone())?;
            ranges.push(self.is_valid(row + number).then_some(range));
        }
        Some(Piece { text, ranges })
    }

    fn is_valid(&self, row: usize) -> bool {
        let valid = match &self.values {
            Values::Text(array) => array.is_valid(row),
            Values::LargeText(array) => array.is_valid(row),
            _ => self.values.get(row).is_some(),
        };
        valid && self.around.iter().all(|array| array.is_valid(row))
    }
}

fn piece_end<O: OffsetSizeTrait>(offsets: &[O], row: usize, count: usize, bytes: usize) -> usize {
    let start = offsets[row].as_usize();
    let more = offsets[row + 1..=count].partition_point(|end| end.as_usize() - start < bytes);
    (row + 1 + more).min(count)
}

impl<'a> Values<'a> {
    fn new(array: &'a dyn Array) -> Result<Self> {
        let values = match array.data_type() {
            DataType::Utf8 => array.as_string_opt().map(Self::Text),
            DataType::LargeUtf8 => array.as_string_opt().map(Self::LargeText),
            DataType::Utf8View => array.as_string_view_opt().map(Self::TextView),
            DataType::Binary => array.as_binary_opt().map(Self::Bytes),
            DataType::LargeBinary => array.as_binary_opt().map(Self::LargeBytes),
            DataType::BinaryView => array.as_binary_view_opt().map(Self::BytesView),
            DataType::Dictionary(..) => Self::dictionary(array)?,
            DataType::Null => Some(Self::Null),
            _ => None,
        };
        values.ok_or_else(|| not_text(array.data_type()))
    }

    fn dictionary(array: &'a dyn Array) -> Result<Option<Self>> {
        let Some(dictionary) = array.as_any_dictionary_opt() else { return Ok(None) };
        if dictionary.values().is_empty() {
            return Ok(Some(Self::Null));
        }
        let values = Box::new(Self::new(dictionary.values().as_ref())?);
        Ok(Some(Self::Dictionary { keys: dictionary.keys(), numbers: dictionary.normalized_keys(), values }))
    }

    fn get(&self, row: usize) -> Option<&'a [u8]> {
        match self {
            Self::Text(array) => array.is_valid(row).then(|| array.value(row).as_bytes()),
            Self::LargeText(array) => array.is_valid(row).then(|| array.value(row).as_bytes()),
            Self::TextView(array) => array.is_valid(row).then(|| array.value(row).as_bytes()),
            Self::Bytes(array) => array.is_valid(row).then(|| array.value(row)),
            Self::LargeBytes(array) => array.is_valid(row).then(|| array.value(row)),
            Self::BytesView(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Dictionary { keys, numbers, values } => {
                if keys.is_valid(row) {
                    values.get(numbers[row])
                } else {
                    None
                }
            }
            Self::Null => None,
        }
    }
}

/// Whether a column of this type is text.
pub(super) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(_, values) => is_text(values),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        kind => matches!(kind, DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::Null),
    }
}

pub(super) fn not_text(kind: &DataType) -> Error {
    Error::bad_argument(format!("the column is of type {kind}, not text"), "name a column of strings")
}
