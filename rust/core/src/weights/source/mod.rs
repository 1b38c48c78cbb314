//! Model files: which tensors they hold, where each one's bytes are, and what was left out.
//!
//! Each format has a parser `list(&Arc<Bytes>) -> Result<Listing>` that reads headers only and checks every
//! offset, so that the scan that follows cannot run outside a file. A tensor that cannot be read, in a file
//! that otherwise can, becomes a [`Skipped`] with its reason; it is never dropped in silence.

pub mod bytes;
pub mod dequant;
mod directory;
mod gather;
pub mod gguf;
pub mod index;
mod json;
pub mod model;
pub mod npy;
pub mod pickle;
pub mod read;
pub mod safetensors;
pub mod torch;
pub mod zip;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::weights::dtype::DType;

pub use bytes::{Bytes, Io};
pub use dequant::BlockType;
pub use model::Model;
pub use read::{Buffers, Stretch};

/// Called now and then during long work; its error ends the work.
pub type Look<'a> = &'a mut dyn FnMut() -> Result<()>;

/// How a tensor's values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One value after another.
    Plain(DType),
    /// GGUF blocks, decoded to f32.
    Blocks(BlockType),
}

/// One tensor: a view of some file's bytes, checked to lie inside it.
#[derive(Clone, Debug)]
pub struct Tensor {
    /// Name in the file.
    pub name: String,
    /// The file its bytes are in.
    pub bytes: Arc<Bytes>,
    /// How its values are stored.
    pub encoding: Encoding,
    /// Outermost dimension first, as in torch; empty for a scalar.
    pub shape: Vec<u64>,
    /// Steps between neighbours along each dimension, in elements; `None` when row-major and dense.
    pub strides: Option<Vec<u64>>,
    /// Offset of its first value, in bytes.
    pub offset: u64,
}

/// A tensor, or a whole file, that is not scanned, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Name in the file; empty for a whole file.
    pub name: String,
    /// The file it is in.
    pub file: String,
    /// One sentence for the reader.
    pub reason: String,
}

/// What a model file, or a directory of them, holds.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Tensors to scan, in the order of the file.
    pub tensors: Vec<Tensor>,
    /// Tensors left out.
    pub skipped: Vec<Skipped>,
    /// Scalars of the file's own header (GGUF keys, safetensors `__metadata__`), as text.
    pub metadata: BTreeMap<String, String>,
}

impl Skipped {
    /// A whole file, for the reason that `error` gives.
    pub fn file(file: &Path, error: &Error) -> Self {
        let Error { what, remedy, .. } = error;
        let reason = if remedy.is_empty() { what.clone() } else { format!("{what}; {remedy}") };
        Self { name: String::new(), file: file.display().to_string(), reason }
    }
}

impl Tensor {
    /// Number of values. Cannot overflow after [`Tensor::checked`].
    pub fn n(&self) -> u64 {
        self.shape.iter().product()
    }

    /// The tensor itself, once its shape is known not to overflow and its last byte to lie inside the file.
    pub fn checked(self) -> Result<Self> {
        let span = self.span().ok_or_else(|| self.overflow())?;
        let end = self.offset.checked_add(span).ok_or_else(|| self.overflow())?;
        if end > self.bytes.len() { Err(self.outside(end)) } else { Ok(self) }
    }

    /// Bytes from the first value to the end of the last, or `None` on overflow.
    fn span(&self) -> Option<u64> {
        // No dimension beyond i64 either, though others be zero: tables hold shapes as i64.
        let n = self.shape.iter().try_fold(1u64, |n, d| i64::try_from(*d).ok().and_then(|_| n.checked_mul(*d)))?;
        match self.encoding {
            Encoding::Plain(dtype) => self.elements_spanned(n)?.checked_mul(dtype.size() as u64),
            Encoding::Blocks(block) => n.div_ceil(block.elements() as u64).checked_mul(block.bytes() as u64),
        }
    }

    fn elements_spanned(&self, n: u64) -> Option<u64> {
        let Some(strides) = self.strides.as_ref().filter(|_| n > 0) else { return Some(n) };
        let last = self.shape.iter().zip(strides).try_fold(0u64, |at, (d, s)| at.checked_add((d - 1).checked_mul(*s)?));
        last?.checked_add(1)
    }

    fn overflow(&self) -> Error {
        let what = format!("shape {:?} is too large to be real", self.shape);
        self.place(Error::bad_file(what, "the header is damaged: download or save the file again"))
    }

    fn outside(&self, end: u64) -> Error {
        let what = format!("its data should end at byte {end}, but the file has {} bytes", self.bytes.len());
        self.place(Error::bad_file(what, "the file is truncated or its header damaged: download or save it again"))
    }

    fn place(&self, error: Error) -> Error {
        error.in_tensor(&self.name).in_file(self.bytes.path())
    }
}
