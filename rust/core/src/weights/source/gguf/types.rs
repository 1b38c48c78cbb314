//! ggml's numbers for tensor types (`enum ggml_type` in ggml.h), and how each is read here.

use crate::weights::dtype::DType;
use crate::weights::source::{BlockType, Encoding};

/// How type `number` is read, or the reason why it is not.
pub(super) fn encoding(number: u32) -> Result<Encoding, String> {
    plain(number)
        .map(Encoding::Plain)
        .or_else(|| blocks(number).map(Encoding::Blocks))
        .ok_or_else(|| packed(number).map_or_else(|| unknown(number), not_decoded))
}

fn not_decoded(name: &str) -> String {
    format!("packed format {name} is not decoded")
}

fn unknown(number: u32) -> String {
    format!("its type number {number} is unknown: a newer format, or a damaged header")
}

fn plain(number: u32) -> Option<DType> {
    Some(match number {
        0 => DType::F32,
        1 => DType::F16,
        24 => DType::I8,
        25 => DType::I16,
        26 => DType::I32,
        27 => DType::I64,
        28 => DType::F64,
        30 => DType::Bf16,
        _ => return None,
    })
}

fn blocks(number: u32) -> Option<BlockType> {
    Some(match number {
        2 => BlockType::Q4_0,
        3 => BlockType::Q4_1,
        6 => BlockType::Q5_0,
        7 => BlockType::Q5_1,
        8 => BlockType::Q8_0,
        10 => BlockType::Q2K,
        11 => BlockType::Q3K,
        12 => BlockType::Q4K,
        13 => BlockType::Q5K,
        14 => BlockType::Q6K,
        20 => BlockType::Iq4Nl,
        _ => return None,
    })
}

/// Types that exist, or once existed, and are not decoded.
fn packed(number: u32) -> Option<&'static str> {
    Some(match number {
        4 => "Q4_2",
        5 => "Q4_3",
        9 => "Q8_1",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        29 => "IQ1_M",
        31 => "Q4_0_4_4",
        32 => "Q4_0_4_8",
        33 => "Q4_0_8_8",
        34 => "TQ1_0",
        35 => "TQ2_0",
        36 => "IQ4_NL_4_4",
        37 => "IQ4_NL_4_8",
        38 => "IQ4_NL_8_8",
        39 => "MXFP4",
        40 => "NVFP4",
        41 => "Q1_0",
        42 => "Q2_0",
        _ => return None,
    })
}
