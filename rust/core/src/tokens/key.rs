//! Short strings as a few words, so that comparing and hashing them takes no loop.

/// Odd constants with well mixed bits (digits of π).
const MIX: [u64; 4] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345, 0xa409_3822_299f_31d1, 0x082e_fa98_ec4e_6c89];

/// The bytes of `buffer[start..start + length]` in `W` words, padded with zeros; `length` is at most 8 `W`.
///
/// Two strings of one length are equal if and only if their keys are. Bytes after the string make this faster.
#[inline]
pub fn key<const W: usize>(buffer: &[u8], start: usize, length: usize) -> [u64; W] {
    let mut key = [0; W];
    let bytes: &mut [u8] = bytemuck::cast_slice_mut(&mut key);
    match buffer.get(start..start + 8 * W) {
        Some(window) => {
            bytes.copy_from_slice(window);
            for (i, word) in key.iter_mut().enumerate() {
                *word &= mask(length.saturating_sub(8 * i));
            }
        }
        None => bytes[..length].copy_from_slice(&buffer[start..start + length]),
    }
    key
}

/// A word's first `length` bytes (all eight if there are more).
#[inline]
fn mask(length: usize) -> u64 {
    let absent = 64 - 8 * length.min(8) as u32;
    let ones = if length == 0 { 0 } else { u64::MAX };
    if cfg!(target_endian = "little") { ones >> (absent & 63) } else { ones << (absent & 63) }
}

/// A hash of a key: its high bits are well mixed.
#[inline]
pub fn hash<const W: usize>(key: &[u64; W]) -> u64 {
    let mut hash = MIX[3];
    for pair in key.chunks(2) {
        hash = fold(hash ^ pair[0] ^ MIX[0], pair.get(1).copied().unwrap_or(0) ^ MIX[1]);
    }
    hash
}

/// A hash of a string of any length.
pub fn hash_long(text: &[u8]) -> u64 {
    let mut hash = text.len() as u64 ^ MIX[3];
    for at in (0..text.len()).step_by(16) {
        let [a, b] = key(text, at, (text.len() - at).min(16));
        hash = fold(hash ^ a ^ MIX[0], b ^ MIX[1]);
    }
    fold(hash, MIX[2])
}

/// The product's two halves, folded.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::key;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_is_the_string_padded(buffer in prop::collection::vec(any::<u8>(), 0..80), cut in 0usize..80, length in 0usize..=24) {
            let start = cut.min(buffer.len());
            let length = length.min(buffer.len() - start);
            let mut padded = [0; 24];
            padded[..length].copy_from_slice(&buffer[start..start + length]);
            let words: [u64; 3] = bytemuck::cast(padded);
            prop_assert_eq!(key::<3>(&buffer, start, length), words);
        }
    }
}
