//! The keys of a GGUF header: scalars become text, arrays are passed over.
//!
//! Value types: 0 u8, 1 i8, 2 u16, 3 i16, 4 u32, 5 i32, 6 f32, 7 bool, 8 string, 9 array, 10 u64, 11 i64,
//! 12 f64. An array is its element type (u32), a u64 count and the elements; arrays may nest, here 4 deep.
//! Strings over 64 KiB are passed over too; a string value that is not UTF-8 keeps what can be read of it
//! (names may not be broken, descriptions often are).

use std::collections::BTreeMap;

use super::NAME_LIMIT;
use super::cursor::{Cursor, damaged};
use crate::error::Result;

const TEXT_LIMIT: u64 = 1 << 16;
const DEPTH_LIMIT: u32 = 4;
const DEFAULT_ALIGNMENT: u64 = 32;

const U32: u32 = 4;
const STRING: u32 = 8;
const ARRAY: u32 = 9;

/// Reads `keys` keys: the scalars, and the alignment of the data (a power of two).
pub(super) fn read(cursor: &mut Cursor, keys: u64) -> Result<(BTreeMap<String, String>, u64)> {
    let (mut scalars, mut alignment) = (BTreeMap::new(), DEFAULT_ALIGNMENT);
    let mut names = std::collections::HashSet::new();
    for _ in 0..keys {
        let name = cursor.name("a metadata key", NAME_LIMIT)?;
        let number = cursor.u32()?;
        let value = read_value(cursor, number, &name)?;
        if !names.insert(name.clone()) {
            return Err(damaged(format!("metadata key {name:?} occurs twice")));
        }
        if name == "general.alignment" {
            alignment = read_alignment(number, value.as_deref())?;
        }
        scalars.extend(value.map(|value| (name, value)));
    }
    Ok((scalars, alignment))
}

fn read_alignment(number: u32, value: Option<&str>) -> Result<u64> {
    let parsed = value.filter(|_| number == U32).and_then(|text| text.parse::<u64>().ok());
    let power = parsed.filter(|alignment| alignment.is_power_of_two());
    power.ok_or_else(|| damaged(format!("general.alignment is {value:?} of type {number}, not a u32 power of two")))
}

/// The next value as text, or `None` for what is passed over.
fn read_value(cursor: &mut Cursor, number: u32, name: &str) -> Result<Option<String>> {
    Ok(Some(match number {
        0 => u8::from_le_bytes(cursor.array()?).to_string(),
        1 => i8::from_le_bytes(cursor.array()?).to_string(),
        2 => u16::from_le_bytes(cursor.array()?).to_string(),
        3 => i16::from_le_bytes(cursor.array()?).to_string(),
        U32 => cursor.u32()?.to_string(),
        5 => i32::from_le_bytes(cursor.array()?).to_string(),
        6 => f32::from_le_bytes(cursor.array()?).to_string(),
        7 => (cursor.array()? != [0]).to_string(),
        STRING => return read_string(cursor),
        ARRAY => return skip_array(cursor, name, 1).map(|()| None),
        10 => cursor.u64()?.to_string(),
        11 => i64::from_le_bytes(cursor.array()?).to_string(),
        12 => f64::from_le_bytes(cursor.array()?).to_string(),
        _ => return Err(unknown(number, name)),
    }))
}

fn read_string(cursor: &mut Cursor) -> Result<Option<String>> {
    let len = cursor.u64()?;
    if len > TEXT_LIMIT {
        return cursor.skip(len).map(|()| None);
    }
    Ok(Some(String::from_utf8_lossy(cursor.take(len)?).into_owned()))
}

fn skip_array(cursor: &mut Cursor, name: &str, depth: u32) -> Result<()> {
    if depth > DEPTH_LIMIT {
        return Err(damaged(format!("metadata key {name:?} nests arrays more than {DEPTH_LIMIT} deep")));
    }
    let number = cursor.u32()?;
    let least = size(number).ok_or_else(|| unknown(number, name))?;
    let count = cursor.count(format_args!("elements of {name:?}"), least, u64::MAX)?;
    match number {
        STRING => (0..count).try_for_each(|_| skip_string(cursor)),
        ARRAY => (0..count).try_for_each(|_| skip_array(cursor, name, depth + 1)),
        _ => cursor.skip(count * least), // no overflow: `count` of them fit the file
    }
}

fn skip_string(cursor: &mut Cursor) -> Result<()> {
    let len = cursor.u64()?;
    cursor.skip(len)
}

/// Bytes of a value; of a string or an array, the least it can take.
fn size(number: u32) -> Option<u64> {
    Some(match number {
        0 | 1 | 7 => 1,
        2 | 3 => 2,
        U32 | 5 | 6 => 4,
        STRING | 10 | 11 | 12 => 8,
        ARRAY => 12,
        _ => return None,
    })
}

fn unknown(number: u32, name: &str) -> crate::error::Error {
    damaged(format!("metadata key {name:?} has value type {number}, which does not exist"))
}
