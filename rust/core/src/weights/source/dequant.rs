//! GGUF block formats (to be written): `decode` turns stored blocks into f32 values.

/// A GGUF block format that this crate decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each variant is its own name")]
pub enum BlockType {
    Q4_0,
}

impl BlockType {
    /// The name used in tables, lower case as in GGUF tools without separators changed (`q4_0`, `q6_k`, …).
    pub const fn name(self) -> &'static str {
        "q4_0"
    }

    /// Values per block.
    pub const fn elements(self) -> usize {
        32
    }

    /// Bytes per block.
    pub const fn bytes(self) -> usize {
        18
    }

    /// Decodes whole blocks: `blocks.len() / bytes()` of them into the front of `out`, `elements()` values each.
    pub fn decode(self, _blocks: &[u8], _out: &mut [f32]) {}
}
