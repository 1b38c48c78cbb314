//! What a recorded call to one of torch's rebuild functions says about a tensor.
//!
//! ```text
//! _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])
//! _rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype[, metadata])
//! storage = persistent id ("storage", class, key, device, number of values)
//! ```
//!
//! Offsets and strides count values, not bytes. Source: `torch/_utils.py` and `torch/serialization.py`, torch 2.15.

use super::Outcome;
use crate::weights::dtype::DType;
use crate::weights::source::pickle::globals::{Global, Stored};
use crate::weights::source::pickle::{Node, Pickle, Value};

/// Most dimensions that torch allows.
const MAX_DIMENSIONS: usize = 64;

/// Deepest nesting of parameter around subclass around tensor.
const MAX_WRAPPERS: usize = 8;

/// A tensor as a view of a storage; nothing is checked against the storage's bytes yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct View<'a> {
    /// Name of the storage's entry: `data/<key>`.
    pub(super) key: &'a str,
    /// Length of the storage in bytes, as the pickle says; `None` if that overflows.
    pub(super) storage_bytes: Option<u64>,
    pub(super) dtype: DType,
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// The view that the call behind `value` describes.
pub(super) fn view<'a>(pickle: &Pickle<'a>, value: Value) -> Outcome<View<'a>> {
    let (function, arguments) = unwrap(pickle, value)?;
    let own_dtype = match function {
        Global::RebuildTensor => None,
        Global::RebuildTensorV3 => Some(dtype(pickle, arguments.get(6))?),
        Global::RebuildOther(reason) => return Err(reason.into()),
        _ => return Err("it is not made by a known rebuild function".into()),
    };
    let metadata = arguments.get(if own_dtype.is_some() { 7 } else { 6 });
    refuse_lazy_bits(pickle, metadata)?;
    let [storage, offset, shape, strides, ..] = arguments else { return Err(malformed("arguments")) };
    let storage = Storage::read(pickle, *storage)?;
    let dtype = known(own_dtype.unwrap_or(storage.stored))?;
    let (offset, shape, strides) = (unsigned(*offset)?, sizes(pickle, *shape)?, sizes(pickle, *strides)?);
    if shape.len() != strides.len() {
        return Err(format!("it has {} dimensions but {} strides", shape.len(), strides.len()));
    }
    Ok(View { key: storage.key, storage_bytes: storage.bytes()?, dtype, offset, shape, strides })
}

/// The innermost call: what is left once parameters and subclasses are taken off.
fn unwrap<'p>(pickle: &'p Pickle<'_>, mut value: Value) -> Outcome<(Global, &'p [Value])> {
    for _ in 0..MAX_WRAPPERS {
        let Some(Node::Call(function, arguments)) = pickle.node(value) else { return Err(malformed("call")) };
        let arguments = pickle.sequence(*arguments).ok_or_else(|| malformed("arguments"))?;
        match (function, arguments) {
            (Global::RebuildParameter, [inner, ..]) => value = *inner,
            (Global::RebuildFromType, [inner, _class, arguments, ..]) => {
                return from_type(pickle, *inner, *arguments);
            }
            _ => return Ok((*function, arguments)),
        }
    }
    Err("it is wrapped too often".into())
}

fn from_type<'p>(pickle: &'p Pickle<'_>, function: Value, arguments: Value) -> Outcome<(Global, &'p [Value])> {
    let Some(Node::Global(function)) = pickle.node(function) else { return Err(malformed("function")) };
    Ok((*function, pickle.sequence(arguments).ok_or_else(|| malformed("arguments"))?))
}

/// Metadata may say that values are to be negated or conjugated when read, which no weight needs.
fn refuse_lazy_bits(pickle: &Pickle<'_>, metadata: Option<&Value>) -> Outcome<()> {
    match metadata.and_then(|value| pickle.node(*value)) {
        Some(Node::Dict(bits)) if !bits.is_empty() => Err("lazily negated or conjugated tensors are not read".into()),
        _ => Ok(()),
    }
}

struct Storage<'a> {
    stored: Stored,
    key: &'a str,
    numel: u64,
}

impl<'a> Storage<'a> {
    fn read(pickle: &Pickle<'a>, value: Value) -> Outcome<Self> {
        let Some(Node::Persistent(id)) = pickle.node(value) else { return Err(malformed("storage")) };
        let Some([_, class, key, _device, numel, ..]) = pickle.sequence(*id) else { return Err(malformed("storage")) };
        let Some(Node::Global(Global::Storage(stored))) = pickle.node(*class) else {
            return Err(malformed("storage class"));
        };
        let key = pickle.text(*key).ok_or_else(|| malformed("storage key"))?;
        Ok(Self { stored: *stored, key, numel: unsigned(*numel)? })
    }

    fn bytes(&self) -> Outcome<Option<u64>> {
        let size = match self.stored {
            Stored::Untyped => 1,
            Stored::Known(dtype) => dtype.size() as u64,
            Stored::Unread(reason) => return Err(reason.into()),
        };
        Ok(self.numel.checked_mul(size))
    }
}

fn dtype(pickle: &Pickle<'_>, value: Option<&Value>) -> Outcome<Stored> {
    match value.and_then(|value| pickle.node(*value)) {
        Some(Node::Global(Global::DType(stored))) => Ok(*stored),
        _ => Err(malformed("dtype")),
    }
}

fn known(stored: Stored) -> Outcome<DType> {
    match stored {
        Stored::Known(dtype) => Ok(dtype),
        Stored::Untyped => Err(malformed("dtype")),
        Stored::Unread(reason) => Err(reason.into()),
    }
}

/// A shape or strides: a tuple, or a `torch.Size` around one.
fn sizes(pickle: &Pickle<'_>, value: Value) -> Outcome<Vec<u64>> {
    let plain = match pickle.node(value) {
        Some(Node::Call(Global::Size, arguments)) => {
            pickle.sequence(*arguments).and_then(|arguments| arguments.first().copied())
        }
        _ => Some(value),
    };
    let items = plain.and_then(|value| pickle.sequence(value)).ok_or_else(|| malformed("shape"))?;
    if items.len() > MAX_DIMENSIONS {
        return Err(format!("it has {} dimensions, more than {MAX_DIMENSIONS}", items.len()));
    }
    items.iter().map(|item| unsigned(*item)).collect()
}

fn unsigned(value: Value) -> Outcome<u64> {
    match value {
        Value::Int(number) => u64::try_from(number).map_err(|_| malformed("size")),
        _ => Err(malformed("size")),
    }
}

fn malformed(part: &str) -> String {
    format!("its {part} is not what torch writes")
}
