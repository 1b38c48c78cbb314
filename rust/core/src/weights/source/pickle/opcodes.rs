//! The alphabet of pickles: opcodes of protocols 0 to 5, and their operands.
//!
//! Source: Python's `pickletools`. Operands follow their opcode: little-endian integers, byte runs with their
//! length in front, or (protocol 0) decimal text up to a newline.

use super::{Value, damaged};
use crate::error::Result;

macro_rules! opcodes {
    ($($name:ident = $byte:expr),* $(,)?) => { $(pub(super) const $name: u8 = $byte;)* };
}

opcodes! {
    MARK = b'(', STOP = b'.', POP = b'0', POP_MARK = b'1', DUP = b'2', FLOAT = b'F', INT = b'I', BININT = b'J',
    BININT1 = b'K', LONG = b'L', BININT2 = b'M', NONE = b'N', PERSID = b'P', BINPERSID = b'Q', REDUCE = b'R',
    STRING = b'S', BINSTRING = b'T', SHORT_BINSTRING = b'U', UNICODE = b'V', BINUNICODE = b'X', APPEND = b'a',
    BUILD = b'b', GLOBAL = b'c', DICT = b'd', EMPTY_DICT = b'}', APPENDS = b'e', GET = b'g', BINGET = b'h',
    INST = b'i', LONG_BINGET = b'j', LIST = b'l', EMPTY_LIST = b']', OBJ = b'o', PUT = b'p', BINPUT = b'q',
    LONG_BINPUT = b'r', SETITEM = b's', TUPLE = b't', EMPTY_TUPLE = b')', SETITEMS = b'u', BINFLOAT = b'G',
    // protocol 2
    PROTO = 0x80, NEWOBJ = 0x81, TUPLE1 = 0x85, TUPLE2 = 0x86, TUPLE3 = 0x87, NEWTRUE = 0x88, NEWFALSE = 0x89,
    LONG1 = 0x8a, LONG4 = 0x8b,
    // protocol 3
    BINBYTES = b'B', SHORT_BINBYTES = b'C',
    // protocol 4
    SHORT_BINUNICODE = 0x8c, BINUNICODE8 = 0x8d, BINBYTES8 = 0x8e, EMPTY_SET = 0x8f, ADDITEMS = 0x90,
    FROZENSET = 0x91, NEWOBJ_EX = 0x92, STACK_GLOBAL = 0x93, MEMOIZE = 0x94, FRAME = 0x95,
    // protocol 5
    BYTEARRAY8 = 0x96,
}

/// A cursor over a pickle; every step is checked against the end.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { rest: input }
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8]> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A little-endian unsigned integer of `width` ≤ 8 bytes.
    pub(super) fn unsigned(&mut self, width: u64) -> Result<u64> {
        Ok(self.take(width)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(super) fn opcode(&mut self) -> Result<u8> {
        Ok(self.unsigned(1)? as u8)
    }

    /// Bytes up to the next newline, which is consumed too.
    pub(super) fn line(&mut self) -> Result<&'a [u8]> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or_else(ends_early)?;
        let line = self.take(end as u64)?;
        self.take(1)?;
        Ok(line)
    }

    pub(super) fn text_line(&mut self) -> Result<&'a str> {
        std::str::from_utf8(self.line()?).map_err(|_| damaged("a name is not UTF-8"))
    }

    /// The memo index that follows PUT or GET.
    pub(super) fn decimal_index(&mut self) -> Result<u64> {
        self.text_line()?.parse().map_err(|_| damaged("a memo index is not a number"))
    }

    /// A byte run with a length of `width` bytes in front.
    fn run(&mut self, width: u64) -> Result<&'a [u8]> {
        let length = self.unsigned(width)?;
        self.take(length)
    }

    /// The scalar that `opcode` pushes, if it pushes one.
    pub(super) fn scalar(&mut self, opcode: u8) -> Result<Option<Value>> {
        Ok(Some(match opcode {
            NONE => Value::None,
            NEWTRUE => Value::Bool(true),
            NEWFALSE => Value::Bool(false),
            BININT1 => Value::Int(self.unsigned(1)?.cast_signed()),
            BININT2 => Value::Int(self.unsigned(2)?.cast_signed()),
            BININT => signed(self.take(4)?),
            LONG1 => signed(self.run(1)?),
            LONG4 => signed(self.run(4)?),
            INT | LONG => decimal(self.text_line()?),
            BINFLOAT => ignored(self.take(8)?),
            FLOAT => ignored(self.line()?),
            SHORT_BINBYTES => ignored(self.run(1)?),
            BINBYTES => ignored(self.run(4)?),
            BINBYTES8 | BYTEARRAY8 => ignored(self.run(8)?),
            _ => return Ok(None),
        }))
    }

    /// The bytes of the text that `opcode` pushes, if it pushes one.
    pub(super) fn text(&mut self, opcode: u8) -> Result<Option<&'a [u8]>> {
        match opcode {
            SHORT_BINUNICODE | SHORT_BINSTRING => self.run(1).map(Some),
            BINUNICODE | BINSTRING => self.run(4).map(Some),
            BINUNICODE8 => self.run(8).map(Some),
            UNICODE => self.line().map(Some),
            STRING => self.line().map(|line| Some(unquoted(line))),
            _ => Ok(None),
        }
    }
}

/// Two's complement, little-endian, of any length; the empty run is 0.
fn signed(bytes: &[u8]) -> Value {
    let sign = bytes.last().map_or(0, |byte| i64::from(byte.cast_signed() >> 7));
    match bytes.len() {
        0..=8 => Value::Int(bytes.iter().rev().fold(sign, |number, byte| number << 8 | i64::from(*byte))),
        _ => Value::Ignored,
    }
}

/// Protocol 0 writes True and False as `01` and `00`, and may end an integer with `L`.
fn decimal(text: &str) -> Value {
    match text {
        "00" => Value::Bool(false),
        "01" => Value::Bool(true),
        _ => text.trim_end_matches('L').parse().map_or(Value::Ignored, Value::Int),
    }
}

fn ignored(_bytes: &[u8]) -> Value {
    Value::Ignored
}

fn unquoted(line: &[u8]) -> &[u8] {
    match line {
        [b'\'', text @ .., b'\''] | [b'"', text @ .., b'"'] => text,
        _ => line,
    }
}

fn ends_early() -> crate::Error {
    damaged("it ends before its STOP")
}
