//! GGUF block formats: `decode` turns stored blocks into the f32 values that ggml itself computes with.
//!
//! A row is cut into blocks of 32 or 256 values. Each block holds one or two f16 scales and small integers q:
//!
//! | format | value | integers |
//! |---|---|---|
//! | `q4_0` `q5_0` `q8_0` | d·q | signed: 4, 5, 8 bits |
//! | `q4_1` `q5_1` | d·q + m | 4, 5 bits |
//! | `iq4_nl` | d·t\[q\] | 4 bits, index of a table of 16 |
//! | `q2_k` `q4_k` `q5_k` | (d·s)·q − (dmin·m) | 2, 4, 5 bits; s, m: 4 or 6 bits for every 16 or 32 values |
//! | `q3_k` `q6_k` | (d·s)·q | signed: 3, 6 bits; s: 6 or 8 bits for every 16 values |
//!
//! Source: `dequantize_row_*` in ggml-quants.c and the structures in ggml-common.h (ggml-org/llama.cpp). The
//! products are rounded to f32 one by one in the order written above and never fused, so every value equals
//! ggml's reference bit for bit (a NaN, from a scale that is not finite, is a NaN with any payload).
//! Formats that need the IQ code books, ternary packing or 4-bit floats are not decoded.

#![allow(clippy::inline_always, reason = "a decoder is compiled for AVX2 only where it is inlined: see crate::cpu")]

use crate::cpu::per_cpu;

/// A GGUF block format that this crate decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is its own name")]
pub enum BlockType {
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    Iq4Nl,
}

/// Every block format, in the order of the documentation.
pub const ALL: [BlockType; 11] = [
    BlockType::Q4_0,
    BlockType::Q4_1,
    BlockType::Q5_0,
    BlockType::Q5_1,
    BlockType::Q8_0,
    BlockType::Q2K,
    BlockType::Q3K,
    BlockType::Q4K,
    BlockType::Q5K,
    BlockType::Q6K,
    BlockType::Iq4Nl,
];

impl BlockType {
    /// The name used in tables: ggml's, in lower case (`q4_0`, `q6_k`, …).
    pub const fn name(self) -> &'static str {
        match self {
            Self::Q4_0 => "q4_0",
            Self::Q4_1 => "q4_1",
            Self::Q5_0 => "q5_0",
            Self::Q5_1 => "q5_1",
            Self::Q8_0 => "q8_0",
            Self::Q2K => "q2_k",
            Self::Q3K => "q3_k",
            Self::Q4K => "q4_k",
            Self::Q5K => "q5_k",
            Self::Q6K => "q6_k",
            Self::Iq4Nl => "iq4_nl",
        }
    }

    /// Values per block.
    pub const fn elements(self) -> usize {
        match self {
            Self::Q4_0 | Self::Q4_1 | Self::Q5_0 | Self::Q5_1 | Self::Q8_0 | Self::Iq4Nl => 32,
            Self::Q2K | Self::Q3K | Self::Q4K | Self::Q5K | Self::Q6K => 256,
        }
    }

    /// Bytes per block.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Q4_0 | Self::Iq4Nl => 18,
            Self::Q4_1 => 20,
            Self::Q5_0 => 22,
            Self::Q5_1 => 24,
            Self::Q8_0 => 34,
            Self::Q2K => 84,
            Self::Q3K => 110,
            Self::Q4K => 144,
            Self::Q5K => 176,
            Self::Q6K => 210,
        }
    }

    /// Decodes whole blocks: `blocks.len() / bytes()` of them into the front of `out`, `elements()` values each.
    ///
    /// Stops where either side has no room for a whole block; what lies behind is left as it was.
    pub fn decode(self, blocks: &[u8], out: &mut [f32]) {
        decode_on_this_cpu(self, blocks, out);
    }
}

per_cpu! {
    fn decode_on_this_cpu(block_type: BlockType, blocks: &[u8], out: &mut [f32]) = decode_blocks;
}

/// A loop over whole blocks.
///
/// A macro, and plain loops below, because a function passed as an argument and the closure of `for_each` become
/// functions of their own, compiled without AVX2. `black_box` keeps the compiler from vectorising across blocks,
/// which gathers bytes one by one (measured 3 × slower for blocks of 32).
macro_rules! each {
    ($decode:ident, $blocks:ident, $out:ident) => {
        for (block, values) in $blocks.as_chunks().0.iter().zip($out.as_chunks_mut().0) {
            $decode(std::hint::black_box(block), values);
        }
    };
}

#[inline(always)]
fn decode_blocks(block_type: BlockType, blocks: &[u8], out: &mut [f32]) {
    match block_type {
        BlockType::Q4_0 => each!(q4_0, blocks, out),
        BlockType::Q4_1 => each!(q4_1, blocks, out),
        BlockType::Q5_0 => each!(q5_0, blocks, out),
        BlockType::Q5_1 => each!(q5_1, blocks, out),
        BlockType::Q8_0 => each!(q8_0, blocks, out),
        BlockType::Q2K => each!(q2_k, blocks, out),
        BlockType::Q3K => each!(q3_k, blocks, out),
        BlockType::Q4K => each!(q4_k, blocks, out),
        BlockType::Q5K => each!(q5_k, blocks, out),
        BlockType::Q6K => each!(q6_k, blocks, out),
        BlockType::Iq4Nl => each!(iq4_nl, blocks, out),
    }
}

// One function per format. Blocks and outputs are arrays, so the compiler drops every bounds check.

#[inline(always)]
fn q4_0(block: &[u8; 18], out: &mut [f32; 32]) {
    let q = signed(&unpack::<4, 16, 16, 32>(&field::<2, 16, 18>(block)), 8);
    scale(half::<0, 18>(block), &q, out);
}

#[inline(always)]
fn q4_1(block: &[u8; 20], out: &mut [f32; 32]) {
    let q = unpack::<4, 16, 16, 32>(&field::<4, 16, 20>(block));
    scale_and_add(half::<0, 20>(block), half::<2, 20>(block), &q, out);
}

#[inline(always)]
fn q5_0(block: &[u8; 22], out: &mut [f32; 32]) {
    let q = signed(&five_bits(field::<2, 4, 22>(block), &field::<6, 16, 22>(block)), 16);
    scale(half::<0, 22>(block), &q, out);
}

#[inline(always)]
fn q5_1(block: &[u8; 24], out: &mut [f32; 32]) {
    let q = five_bits(field::<4, 4, 24>(block), &field::<8, 16, 24>(block));
    scale_and_add(half::<0, 24>(block), half::<2, 24>(block), &q, out);
}

#[inline(always)]
fn q8_0(block: &[u8; 34], out: &mut [f32; 32]) {
    let q = signed(&field::<2, 32, 34>(block), 0);
    scale(half::<0, 34>(block), &q, out);
}

#[inline(always)]
fn iq4_nl(block: &[u8; 18], out: &mut [f32; 32]) {
    /// Levels close to the quantiles of a normal distribution.
    const LEVELS: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];
    let q = unpack::<4, 16, 16, 32>(&field::<2, 16, 18>(block)).map(|q| LEVELS[usize::from(q & 15)]);
    scale(half::<0, 18>(block), &q, out);
}

#[inline(always)]
fn q2_k(block: &[u8; 84], out: &mut [f32; 256]) {
    let (d, minimum) = (half::<80, 84>(block), half::<82, 84>(block));
    let scales = field::<0, 16, 84>(block);
    let q = unpack::<2, 32, 64, 256>(&field::<16, 64, 84>(block));
    for (i, (q, out)) in q.as_chunks::<16>().0.iter().zip(out.as_chunks_mut::<16>().0).enumerate() {
        let (s, m) = (scales[i] & 15, scales[i] >> 4);
        scale_and_add(d * f32::from(s), -(minimum * f32::from(m)), q, out);
    }
}

#[inline(always)]
fn q3_k(block: &[u8; 110], out: &mut [f32; 256]) {
    let d = half::<108, 110>(block);
    let scales = sixteen_scales(&field::<96, 12, 110>(block));
    let low = unpack::<2, 32, 64, 256>(&field::<32, 64, 110>(block));
    let high = unpack::<1, 32, 32, 256>(&field::<0, 32, 110>(block));
    // the third bit is stored inverted: 0 stands for −4
    let q: [i8; 256] = std::array::from_fn(|i| (low[i] | (high[i] << 2)) as i8 - 4);
    scale_sixteens(&scales.map(|s| d * f32::from(s)), &q, out);
}

#[inline(always)]
fn q4_k(block: &[u8; 144], out: &mut [f32; 256]) {
    let q = unpack::<4, 32, 128, 256>(&field::<16, 128, 144>(block));
    scale_and_add_k(&field::<0, 16, 144>(block), &q, out);
}

#[inline(always)]
fn q5_k(block: &[u8; 176], out: &mut [f32; 256]) {
    let low = unpack::<4, 32, 128, 256>(&field::<48, 128, 176>(block));
    let high = unpack::<1, 32, 32, 256>(&field::<16, 32, 176>(block));
    let q: [u8; 256] = std::array::from_fn(|i| low[i] | (high[i] << 4));
    scale_and_add_k(&field::<0, 16, 176>(block), &q, out);
}

#[inline(always)]
fn q6_k(block: &[u8; 210], out: &mut [f32; 256]) {
    let d = half::<208, 210>(block);
    let scales = field::<192, 16, 210>(block).map(|s| d * f32::from(s as i8));
    let high = unpack::<2, 32, 64, 256>(&field::<128, 64, 210>(block));
    let low = unpack::<4, 64, 128, 256>(&field::<0, 128, 210>(block));
    let q: [i8; 256] = std::array::from_fn(|i| (low[i] | (high[i] << 4)) as i8 - 32);
    scale_sixteens(&scales, &q, out);
}

/// `LEN` bytes from byte `AT`: a field of a block, known at compile time to lie inside it.
#[inline(always)]
fn field<const AT: usize, const LEN: usize, const BYTES: usize>(block: &[u8; BYTES]) -> [u8; LEN] {
    const { assert!(AT + LEN <= BYTES) };
    std::array::from_fn(|i| block[AT + i])
}

/// The f16 at byte `AT`, exactly.
///
/// Its exponent is moved from bias 15 to 127. A subnormal lacks the implied leading 1: it is set, and taken off
/// again in floating point. No step meets an f32 subnormal, which a process may have told its CPU to flush to 0.
#[inline(always)]
fn half<const AT: usize, const BYTES: usize>(block: &[u8; BYTES]) -> f32 {
    const BIAS: u32 = (127 - 15) << 23;
    let bits = u32::from(u16::from_le_bytes(field::<AT, 2, BYTES>(block)));
    let magnitude = (bits & 0x7fff) << 13;
    let value = match bits & 0x7c00 {
        0 => f32::from_bits(magnitude + BIAS + (1 << 23)) - f32::from_bits(BIAS + (1 << 23)),
        0x7c00 => f32::from_bits(magnitude | f32::INFINITY.to_bits()),
        _ => f32::from_bits(magnitude + BIAS),
    };
    f32::from_bits(value.to_bits() | (bits & 0x8000) << 16)
}

/// Small integers of `BITS` bits: bits 0.. of the first `WIDTH` bytes, then bits `BITS`.. of the same bytes, and
/// so on to the top; then the next `WIDTH` bytes.
#[inline(always)]
fn unpack<const BITS: usize, const WIDTH: usize, const BYTES: usize, const N: usize>(bytes: &[u8; BYTES]) -> [u8; N] {
    const { assert!(BYTES.is_multiple_of(WIDTH) && N * BITS == BYTES * 8) };
    let mut q = [0; N];
    for (run, q) in bytes.as_chunks::<WIDTH>().0.iter().zip(q.chunks_exact_mut(WIDTH * 8 / BITS)) {
        for (k, q) in q.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
            for (q, byte) in q.iter_mut().zip(run) {
                *q = (byte >> (k * BITS)) & ((1 << BITS) - 1);
            }
        }
    }
    q
}

/// 32 five-bit integers: nibbles, and bit i of `high` as the fifth bit of value i.
#[inline(always)]
fn five_bits(high: [u8; 4], low: &[u8; 16]) -> [u8; 32] {
    let mut q = unpack::<4, 16, 16, 32>(low);
    for (q, bits) in q.as_chunks_mut::<8>().0.iter_mut().zip(high) {
        for (q, bit) in q.iter_mut().zip(spread(bits)) {
            *q |= bit;
        }
    }
    q
}

/// 16 for every bit that is set, lowest first.
#[inline(always)]
fn spread(bits: u8) -> [u8; 8] {
    let one_each = (u64::from(bits) * 0x0101_0101_0101_0101) & 0x8040_2010_0804_0201;
    (((one_each + 0x7f7f_7f7f_7f7f_7f7f) >> 3) & 0x1010_1010_1010_1010).to_le_bytes()
}

/// The scales of `q3_k`: bits 0–3 in bytes 0–7, bits 4–5 in bytes 8–11; 32 stands for 0.
#[inline(always)]
fn sixteen_scales(packed: &[u8; 12]) -> [i8; 16] {
    std::array::from_fn(|i| {
        let low = (packed[i % 8] >> (i / 8 * 4)) & 15;
        let high = (packed[8 + i % 4] >> (i / 4 * 2)) & 3;
        (low | (high << 4)) as i8 - 32
    })
}

/// Scale and minimum `i` of `q4_k` and `q5_k`: the last four borrow their two top bits from the first four.
#[inline(always)]
fn scale_and_minimum(packed: &[u8; 12], i: usize) -> (u8, u8) {
    if i < 4 {
        return (packed[i] & 63, packed[i + 4] & 63);
    }
    let (scale, minimum) = (packed[i + 4] & 15, packed[i + 4] >> 4);
    (scale | (packed[i - 4] >> 6 << 4), minimum | (packed[i] >> 6 << 4))
}

/// Integers stored with `zero` added.
#[inline(always)]
fn signed<const N: usize>(q: &[u8; N], zero: i8) -> [i8; N] {
    let mut out = [0; N];
    for (out, q) in out.iter_mut().zip(q) {
        *out = (*q as i8).wrapping_sub(zero);
    }
    out
}

#[inline(always)]
fn scale<const N: usize>(d: f32, q: &[i8; N], out: &mut [f32; N]) {
    for (out, q) in out.iter_mut().zip(q) {
        *out = d * f32::from(*q);
    }
}

#[inline(always)]
fn scale_and_add<const N: usize>(d: f32, m: f32, q: &[u8; N], out: &mut [f32; N]) {
    for (out, q) in out.iter_mut().zip(q) {
        *out = d * f32::from(*q) + m;
    }
}

#[inline(always)]
fn scale_sixteens(scales: &[f32; 16], q: &[i8; 256], out: &mut [f32; 256]) {
    for (i, (q, out)) in q.as_chunks::<16>().0.iter().zip(out.as_chunks_mut::<16>().0).enumerate() {
        scale(scales[i], q, out);
    }
}

/// The end of `q4_k` and `q5_k`; `head` is d, dmin and the packed scales and minima of eight runs of 32.
#[inline(always)]
fn scale_and_add_k(head: &[u8; 16], q: &[u8; 256], out: &mut [f32; 256]) {
    let (d, minimum, packed) = (half::<0, 16>(head), half::<2, 16>(head), field::<4, 12, 16>(head));
    for (i, (q, out)) in q.as_chunks::<32>().0.iter().zip(out.as_chunks_mut::<32>().0).enumerate() {
        let (s, m) = scale_and_minimum(&packed, i);
        scale_and_add(d * f32::from(s), -(minimum * f32::from(m)), q, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_the_decoders() {
        for block_type in ALL {
            let mut out = [7f32; 513];
            let blocks = vec![0u8; 2 * block_type.bytes()];
            block_type.decode(&blocks, &mut out);
            let decoded = out.iter().filter(|v| **v != 7.0).count();
            assert_eq!(decoded, 2 * block_type.elements(), "{}", block_type.name());
        }
    }

    #[test]
    fn partial_blocks_are_left_alone() {
        for block_type in ALL {
            let mut out = vec![7f32; block_type.elements() - 1];
            block_type.decode(&vec![0u8; block_type.bytes()], &mut out);
            block_type.decode(&vec![0u8; block_type.bytes() - 1], &mut [7f32; 256]);
            assert!(out.iter().all(|v| *v == 7.0), "{}", block_type.name());
        }
    }

    #[test]
    fn every_f16_is_read_exactly() {
        for bits in 0..=u16::MAX {
            let (got, want) = (half::<0, 2>(&bits.to_le_bytes()), ::half::f16::from_bits(bits).to_f32());
            assert!(got.to_bits() == want.to_bits() || (got.is_nan() && want.is_nan()), "{bits:#06x}: {got}");
        }
    }

    #[test]
    fn both_cpu_versions_give_the_same_bits() {
        for block_type in ALL {
            // odd length and multiplier: every byte value turns up at every place of a block
            let blocks: Vec<u8> = (0..block_type.bytes() as u32 * 64).map(|i| (i * 167 + i / 251) as u8).collect();
            let mut fast = vec![0f32; block_type.elements() * 64];
            let mut plain = fast.clone();
            block_type.decode(&blocks, &mut fast);
            decode_blocks(block_type, &blocks, &mut plain);
            let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
            assert!(fast.iter().zip(&plain).all(same), "{}", block_type.name());
        }
    }
}
