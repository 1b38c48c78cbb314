//! Short strings as a few words, so that comparing and hashing them takes no loop.

/// Odd constants with well mixed bits (digits of π).
const MIX: [u64; 4] = [0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7345, 0xa409_3822_299f_31d1, 0x082e_fa98_ec4e_6c89];

/// The bytes of `buffer[start..start + length]` in `W` words, padded with zeros; `length` is at most 8 `W`.
///
/// Two strings of one length are equal if and only if their keys are. Bytes after the string make this faster.
#[inline(always)]
pub fn key<const W: usize>(buffer: &[u8], start: usize, length: usize) -> [u64; W] {
    match buffer.get(start..start + 8 * W) {
        Some(window) => std::array::from_fn(|i| word(window, 8 * i) & mask(length.saturating_sub(8 * i))),
        None => key_at_end(&buffer[start..start + length]),
    }
}

/// The key of a string that nothing follows: its last word is read from its end.
#[inline]
fn key_at_end<const W: usize>(text: &[u8]) -> [u64; W] {
    let length = text.len();
    std::array::from_fn(|i| match length.saturating_sub(8 * i) {
        0 => 0,
        8.. => word(text, 8 * i),
        rest if i > 0 => word(text, length - 8) >> (64 - 8 * rest),
        _ => short_word(text),
    })
}

#[inline(always)]
fn word(text: &[u8], at: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&text[at..at + 8]);
    u64::from_le_bytes(word)
}

/// One to seven bytes: two halves that overlap, or three bytes of which some may be one.
#[inline(always)]
fn short_word(text: &[u8]) -> u64 {
    let length = text.len();
    let half = |at: usize| u64::from(u32::from_le_bytes([text[at], text[at + 1], text[at + 2], text[at + 3]]));
    if length >= 4 {
        return half(0) | half(length - 4) << (8 * (length - 4));
    }
    let byte = |at: usize| u64::from(text[at]) << (8 * at);
    byte(0) | byte(length / 2) | byte(length - 1)
}

/// A word's first `length` bytes (all eight if there are more).
#[inline]
fn mask(length: usize) -> u64 {
    let absent = 64 - 8 * length.min(8) as u32;
    let ones = if length == 0 { 0 } else { u64::MAX };
    ones >> (absent & 63)
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
