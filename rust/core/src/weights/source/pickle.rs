//! A restricted unpickler: it builds plain data, and executes nothing.
//!
//! A pickle is a program for a small stack machine (Python's `pickletools` documents each opcode). In Python its
//! GLOBAL and REDUCE opcodes import and call anything, so that loading a file can run a stranger's code. Here a
//! global is a mere name from the list in [`globals`] (any other name refuses the whole file), and a call is
//! recorded as [`Node::Call`] for the reader of torch files to interpret, or ignore.
//!
//! Protocols 0 to 5 are read, without extension codes and out-of-band buffers. Values that no tensor needs
//! (floats, bytes, integers beyond 64 bits) become [`Value::Ignored`], attributes set by BUILD are dropped, and
//! the escapes of protocol 0 strings are kept as written.
//!
//! Limits, so that a hostile file stays cheap: time and memory are linear in the input, which is at most 64 MiB
//! with at most 4 M compound values. Values live in one arena and refer to each other by index: sharing
//! through the memo copies an index, cycles do no harm, and neither building nor dropping recurses.

pub mod globals;
mod machine;
mod opcodes;

use crate::error::{Error, Result};
use globals::Global;

/// Longest pickle read, in bytes. Tensor data lie outside it; 100,000 tensors take about 20 MB.
pub const MAX_PICKLE: u64 = 64 << 20;

/// A value; compound ones are indices into their [`Pickle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// None.
    None,
    /// True or False.
    Bool(bool),
    /// An integer that fits 64 bits.
    Int(i64),
    /// A float, bytes or a larger integer: no tensor needs it.
    Ignored,
    /// The compound value of this index.
    Node(u32),
}

/// A compound value.
#[derive(Debug)]
pub enum Node<'a> {
    /// A string.
    Text(&'a str),
    /// A name that pickles may use.
    Global(Global),
    /// A tuple, list, set or frozenset.
    Sequence(Vec<Value>),
    /// A dict, `OrderedDict` or `defaultdict`, in order of insertion; a damaged one may hold a key twice.
    Dict(Vec<(Value, Value)>),
    /// A call that was *not* made: what would be called, and the tuple of its arguments.
    Call(Global, Value),
    /// A persistent id: torch's way to name a storage outside the pickle.
    Persistent(Value),
}

/// A decoded pickle.
#[derive(Debug)]
pub struct Pickle<'a> {
    nodes: Vec<Node<'a>>,
    root: Value,
}

impl<'a> Pickle<'a> {
    /// Decodes `input`, executing nothing.
    ///
    /// # Errors
    /// `Unsupported` for a global outside the list, naming it; `BadFile` for anything damaged or over a limit.
    pub fn decode(input: &'a [u8]) -> Result<Self> {
        if input.len() as u64 > MAX_PICKLE {
            return Err(damaged(&format!("it has {} bytes, more than {MAX_PICKLE}", input.len())));
        }
        machine::Machine::new(input).run()
    }

    /// The value that the pickle stands for.
    pub fn root(&self) -> Value {
        self.root
    }

    /// The compound value behind `value`, if it is one.
    pub fn node(&self, value: Value) -> Option<&Node<'a>> {
        match value {
            Value::Node(index) => self.nodes.get(index as usize),
            _ => None,
        }
    }

    /// The text behind `value`, if it is one.
    pub fn text(&self, value: Value) -> Option<&'a str> {
        match self.node(value)? {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The items behind `value`, if it is a tuple, list or set.
    pub fn sequence(&self, value: Value) -> Option<&[Value]> {
        match self.node(value)? {
            Node::Sequence(items) => Some(items),
            _ => None,
        }
    }
}

fn damaged(why: &str) -> Error {
    Error::bad_file(format!("the pickle is damaged: {why}"), "download or save the file again")
}
