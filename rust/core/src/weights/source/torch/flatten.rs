//! Nested dicts and lists of a checkpoint, flattened to names: `{"model": {"a": [t]}}` holds `model.a.0`.
//!
//! A value that is reached twice is named twice. A pickle of a few bytes can thus spell out more names than any
//! memory holds (each dict holding the one before it twice), so that the walk has a budget; a depth limit stops
//! it early in a dict that holds itself.

use std::fmt;

use crate::error::{Error, Result};
use crate::weights::source::pickle::globals::Global;
use crate::weights::source::pickle::{Node, Pickle, Value};

/// Most values looked at.
const MAX_VISITS: u64 = 1 << 26;

/// Deepest nesting; checkpoints nest some ten deep.
const MAX_DEPTH: usize = 100;

/// Most bytes of all names together, each counted with what it costs to hold it: half a million usual tensors.
const MAX_NAMES: usize = 64 << 20;
const COST_OF_NAME: usize = 64;

/// The tensors of `pickle` by dotted name, in order of the file; `alone` names a tensor that is in no dict.
pub(super) fn tensors(pickle: &Pickle<'_>, alone: &str) -> Result<Vec<(String, Value)>> {
    let mut walk = Walk { pickle, found: Vec::new(), pending: Vec::new(), depth: 0, visits: 0, name_bytes: 0 };
    match pickle.node(pickle.root()) {
        Some(Node::Call(function, _)) if makes_tensor(*function) => walk.found.push((alone.into(), pickle.root())),
        _ => walk.visit("", pickle.root(), 0)?,
    }
    while let Some((name, value, depth)) = walk.pending.pop() {
        match pickle.node(value) {
            Some(Node::Call(..)) => walk.found.push((name, value)),
            _ if depth > MAX_DEPTH => return Err(too_many()),
            _ => walk.visit(&name, value, depth)?,
        }
    }
    Ok(walk.found)
}

fn makes_tensor(function: Global) -> bool {
    use Global::{RebuildFromType, RebuildOther, RebuildParameter, RebuildTensor, RebuildTensorV3};
    matches!(function, RebuildTensor | RebuildTensorV3 | RebuildParameter | RebuildFromType | RebuildOther(_))
}

struct Walk<'p, 'a> {
    pickle: &'p Pickle<'a>,
    found: Vec<(String, Value)>,
    /// Containers and tensors still to visit, with their depth, the next one last.
    pending: Vec<(String, Value, usize)>,
    /// Depth of the container being visited.
    depth: usize,
    visits: u64,
    name_bytes: usize,
}

impl<'p> Walk<'p, '_> {
    /// Puts the items of a container in line.
    fn visit(&mut self, name: &str, container: Value, depth: usize) -> Result<()> {
        self.depth = depth;
        let first = self.pending.len();
        match self.pickle.node(container) {
            Some(Node::Sequence(items)) => {
                let mut items = items.iter().zip(0..);
                items.try_for_each(|(item, at)| self.step(name, &Key::Number(at), *item))?;
            }
            Some(Node::Dict(pairs)) => {
                let mut pairs = pairs.iter().zip(0..);
                pairs.try_for_each(|((key, item), at)| self.step(name, &self.key(*key, at), *item))?;
            }
            _ => {}
        }
        self.pending.get_mut(first..).unwrap_or_default().reverse();
        Ok(())
    }

    fn key(&self, key: Value, at: i64) -> Key<'p> {
        match key {
            Value::Int(number) => Key::Number(number),
            _ => self.pickle.text(key).map_or(Key::Other(at), Key::Text),
        }
    }

    /// Looks at one item; what cannot hold a tensor gets no name.
    fn step(&mut self, parent: &str, key: &Key<'_>, item: Value) -> Result<()> {
        self.visits += 1;
        if self.visits > MAX_VISITS {
            return Err(too_many());
        }
        match self.pickle.node(item) {
            Some(Node::Sequence(items)) if !items.is_empty() => self.put_in_line(parent, key, item),
            Some(Node::Dict(pairs)) if !pairs.is_empty() => self.put_in_line(parent, key, item),
            Some(Node::Call(function, _)) if makes_tensor(*function) => self.put_in_line(parent, key, item),
            _ => Ok(()),
        }
    }

    fn put_in_line(&mut self, parent: &str, key: &Key<'_>, item: Value) -> Result<()> {
        let dot = if parent.is_empty() { "" } else { "." };
        let name = format!("{parent}{dot}{key}");
        self.name_bytes += name.len() + COST_OF_NAME;
        self.pending.push((name, item, self.depth + 1));
        if self.name_bytes > MAX_NAMES { Err(too_many()) } else { Ok(()) }
    }
}

/// A key of a dict, or a place in a list.
enum Key<'a> {
    Text(&'a str),
    Number(i64),
    /// Neither text nor integer: its place in the dict stands for it.
    Other(i64),
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Other(place) => write!(f, "#{place}"),
        }
    }
}

fn too_many() -> Error {
    let what = "the pickle nests without end, or spells out more names than fit in memory";
    Error::bad_file(what, "save it again with tensors only: torch.save(model.state_dict(), path)")
}
