//! Values of a tensor, widened to one of the two forms that are summed: formats of at most 16 bits and GGUF blocks to
//! f32, which is exact, wider integers to f64.

use std::ops::Range;

use crate::cpu::per_cpu;
use crate::error::Result;
use crate::weights::dtype::DType;
use crate::weights::source::read::stored_singles;
use crate::weights::source::{BlockType, Buffers, Encoding, Stretch, Tensor};

/// Widened values, little-endian.
pub enum Wide<'a> {
    /// f32.
    Singles(&'a [[u8; 4]]),
    /// f64.
    Doubles(&'a [[u8; 8]]),
}

/// Reads and widens; kept from step to step for its memory.
#[derive(Default)]
pub struct Widener {
    buffers: Buffers,
    singles: Vec<f32>,
    /// The values of an 8-bit format.
    table: Option<(DType, [f32; 256])>,
}

impl Widener {
    /// The values of `tensor` in a range of logical order.
    pub fn read<'a>(&'a mut self, tensor: &'a Tensor, values: Range<u64>) -> Result<Wide<'a>> {
        match tensor.encoding {
            Encoding::Plain(dtype) if dtype.is_narrow() => self.narrow(tensor, dtype, values),
            Encoding::Plain(_) => {
                let count = (values.end - values.start) as usize;
                Ok(wide(tensor.stretch(values.start, count, &mut self.buffers)?))
            }
            Encoding::Blocks(block) => self.packed(tensor, block, values),
        }
    }

    fn narrow(&mut self, tensor: &Tensor, dtype: DType, values: Range<u64>) -> Result<Wide<'_>> {
        let Self { buffers, singles, table } = self;
        singles.clear();
        match (tensor.stretch(values.start, (values.end - values.start) as usize, buffers)?, dtype) {
            (Stretch::Pairs(stored), DType::Bf16) => widen_bf16(stored, singles),
            (Stretch::Pairs(stored), DType::F16) => widen_f16(stored, singles),
            (Stretch::Pairs(stored), _) => widen_i16(stored, singles),
            (Stretch::Bytes(stored), _) => {
                let table = table.take_if(|(of, _)| *of == dtype).unwrap_or_else(|| (dtype, table_of(dtype)));
                singles.extend(stored.iter().map(|byte| table.1[usize::from(*byte)]));
                self.table = Some(table);
            }
            _ => {}
        }
        Ok(Wide::Singles(stored_singles(singles)))
    }

    /// Values out of GGUF blocks, whose ends need not be those of the range.
    fn packed<'a>(&'a mut self, tensor: &'a Tensor, block: BlockType, values: Range<u64>) -> Result<Wide<'a>> {
        let block = block.elements() as u64;
        let (start, end) = (values.start / block * block, values.end.next_multiple_of(block));
        let kept = (values.start - start) as usize..(values.end - start) as usize;
        match tensor.stretch(start, (end - start) as usize, &mut self.buffers)? {
            Stretch::Singles(decoded) => Ok(Wide::Singles(&decoded[kept])),
            other => Ok(wide(other)),
        }
    }
}

fn wide(stretch: Stretch<'_>) -> Wide<'_> {
    match stretch {
        Stretch::Doubles(values) => Wide::Doubles(values),
        Stretch::Singles(values) => Wide::Singles(values),
        Stretch::Bytes(_) | Stretch::Pairs(_) => Wide::Singles(&[]),
    }
}

fn table_of(dtype: DType) -> [f32; 256] {
    std::array::from_fn(|byte| dtype.value(byte as u16) as f32)
}

per_cpu! { fn widen_bf16(stored: &[[u8; 2]], to: &mut Vec<f32>) = widen_bf16_body; }

#[inline(always)]
fn widen_bf16_body(stored: &[[u8; 2]], to: &mut Vec<f32>) {
    to.extend(stored.iter().map(|x| f32::from_bits(u32::from(u16::from_le_bytes(*x)) << 16)));
}

per_cpu! { fn widen_i16(stored: &[[u8; 2]], to: &mut Vec<f32>) = widen_i16_body; }

#[inline(always)]
fn widen_i16_body(stored: &[[u8; 2]], to: &mut Vec<f32>) {
    to.extend(stored.iter().map(|x| f32::from(i16::from_le_bytes(*x))));
}

per_cpu! { fn widen_f16(stored: &[[u8; 2]], to: &mut Vec<f32>) = widen_f16_body; }

#[inline(always)]
fn widen_f16_body(stored: &[[u8; 2]], to: &mut Vec<f32>) {
    to.extend(stored.iter().map(|x| widened(u16::from_le_bytes(*x))));
}

/// An f16 as f32, without branches so that compilers vectorise it: the exponent's bias rises by 112, and once more
/// for infinities and NaN; subnormals are integers times 2⁻²⁴.
#[inline(always)]
fn widened(half: u16) -> f32 {
    const UNIT: f32 = 1.0 / 16_777_216.0;
    let (sign, magnitude) = (u32::from(half & 0x8000) << 16, u32::from(half & 0x7fff) << 13);
    let subnormal = (f32::from(half & 0x3ff) * UNIT).to_bits();
    let normal = magnitude + (112 << 23);
    let bits = match magnitude >> 23 {
        0 => subnormal,
        31 => normal + (112 << 23),
        _ => normal,
    };
    f32::from_bits(sign | bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_f16_is_widened_as_its_format_says() {
        for pattern in 0..=u16::MAX {
            let (found, value) = (widened(pattern), DType::F16.value(pattern) as f32);
            assert!(found.to_bits() == value.to_bits() || (found.is_nan() && value.is_nan()), "{pattern:#x}");
        }
    }
}
