//! A stretch of a tensor's values, in logical order, in one of the four forms that kernels read.
//!
//! Dense tensors are borrowed from their file. Others are copied: strided ones gathered (see `gather`), GGUF blocks
//! decoded to f32, integers wider than 16 bits turned into f64 (rounded beyond 2⁵³).

use crate::error::Result;
use crate::weights::dtype::DType;
use crate::weights::source::gather::Gathered;
use crate::weights::source::{BlockType, Encoding, Tensor};

/// Values as kernels read them.
#[derive(Clone, Copy, Debug)]
pub enum Stretch<'a> {
    /// Bit patterns of an 8-bit format.
    Bytes(&'a [u8]),
    /// Bit patterns of a 16-bit format.
    Pairs(&'a [[u8; 2]]),
    /// Little-endian f32.
    Singles(&'a [[u8; 4]]),
    /// Little-endian f64.
    Doubles(&'a [[u8; 8]]),
}

/// Where copies go; one set a thread.
#[derive(Debug, Default)]
pub struct Buffers {
    read: Vec<u8>,
    gathered: Gathered,
    singles: Vec<f32>,
    doubles: Vec<f64>,
}

impl Tensor {
    /// Values that make one step of work: 4 MiB as stored, a multiple of 65,536.
    pub fn step_len(&self) -> u64 {
        match self.encoding {
            Encoding::Plain(dtype) => (4 << 20) / dtype.size() as u64,
            Encoding::Blocks(_) => 1 << 20,
        }
    }

    /// Number of steps that all its values make.
    pub fn steps(&self) -> u64 {
        self.n().div_ceil(self.step_len())
    }

    /// Bytes that `count` values take up in the file.
    pub fn stored_bytes(&self, count: u64) -> u64 {
        match self.encoding {
            Encoding::Plain(dtype) => count * dtype.size() as u64,
            Encoding::Blocks(block) => count / block.elements() as u64 * block.bytes() as u64,
        }
    }

    /// Values `first .. first + count`; of GGUF blocks, `first` and `count` must be multiples of the block.
    pub fn stretch<'a>(&'a self, first: u64, count: usize, buffers: &'a mut Buffers) -> Result<Stretch<'a>> {
        let Buffers { read, gathered, singles, doubles } = buffers;
        let stored = match &self.strides {
            None => self.dense(first, count, read)?,
            Some(strides) => {
                let values = first..first + count as u64;
                gathered.read(self, strides, values).map_err(|e| e.in_tensor(&self.name))?
            }
        };
        Ok(match self.encoding {
            Encoding::Plain(dtype) => plain(dtype, stored, doubles),
            Encoding::Blocks(block) => Stretch::Singles(decoded(block, stored, count, singles)),
        })
    }

    /// Gives back the memory behind values that were read and are not needed again.
    pub fn release(&self, first: u64, count: u64) {
        if self.strides.is_none() {
            self.bytes.release(self.offset + self.stored_bytes(first), self.stored_bytes(count) as usize);
        }
    }

    fn dense<'a>(&'a self, first: u64, count: usize, buffer: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        let offset = self.offset + self.stored_bytes(first);
        let len = self.stored_bytes(count as u64) as usize;
        self.bytes.read(offset, len, buffer).map_err(|e| e.in_tensor(&self.name))
    }
}

/// Stored values of a plain format as kernels read them.
pub(crate) fn plain<'a>(dtype: DType, stored: &'a [u8], doubles: &'a mut Vec<f64>) -> Stretch<'a> {
    match dtype {
        DType::F64 => Stretch::Doubles(stored.as_chunks().0),
        DType::F32 => Stretch::Singles(stored.as_chunks().0),
        DType::I32 => Stretch::Doubles(widened(stored.as_chunks().0, |x| f64::from(i32::from_le_bytes(x)), doubles)),
        DType::I64 => Stretch::Doubles(widened(stored.as_chunks().0, |x| i64::from_le_bytes(x) as f64, doubles)),
        _ if dtype.size() == 2 => Stretch::Pairs(stored.as_chunks().0),
        _ => Stretch::Bytes(stored),
    }
}

fn widened<'a, const N: usize>(
    from: &[[u8; N]],
    value: impl Fn([u8; N]) -> f64,
    to: &'a mut Vec<f64>,
) -> &'a [[u8; 8]] {
    to.clear();
    to.extend(from.iter().map(|x| value(*x)));
    stored_doubles(to)
}

fn decoded<'a>(block: BlockType, stored: &[u8], count: usize, out: &'a mut Vec<f32>) -> &'a [[u8; 4]] {
    out.resize(count, 0.0);
    block.decode(stored, out);
    stored_singles(out)
}

/// f32 values as the kernels' little-endian form.
pub fn stored_singles(values: &mut [f32]) -> &[[u8; 4]] {
    if cfg!(target_endian = "big") {
        for x in values.iter_mut() {
            *x = f32::from_bits(x.to_bits().swap_bytes());
        }
    }
    bytemuck::cast_slice(values)
}

/// f64 values as the kernels' little-endian form.
pub fn stored_doubles(values: &mut [f64]) -> &[[u8; 8]] {
    if cfg!(target_endian = "big") {
        for x in values.iter_mut() {
            *x = f64::from_bits(x.to_bits().swap_bytes());
        }
    }
    bytemuck::cast_slice(values)
}
