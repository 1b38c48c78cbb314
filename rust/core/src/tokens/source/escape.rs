//! Strings of JSON and their escapes (RFC 8259, section 7).

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES * 0x80;

/// How many bytes come before the first quote, backslash or control character.
///
/// Eight bytes are one number. `(x - 0x01…01) & !x & 0x80…80` marks its zero bytes, and with 0x20 in place of 0x01 those
/// below 0x20. A borrow can mark bytes above a true mark only, so that the lowest mark is exact (Warren, Hacker's
/// Delight, section 6-1).
#[inline]
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let marks = zeros(word ^ (ONES * u64::from(b'"'))) | zeros(word ^ (ONES * u64::from(b'\\'))) | controls(word);
        if marks != 0 {
            return 8 * number + marks.trailing_zeros() as usize / 8;
        }
    }
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    8 * words.len() + rest.iter().position(special).unwrap_or(rest.len())
}

#[inline]
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

#[inline]
const fn controls(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & HIGHS
}

/// The length of the escape that `bytes` begin with; 0 if it is none.
#[inline]
pub(super) fn length(bytes: &[u8]) -> usize {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
        Some(b'u') if unit(bytes).is_some() => 6,
        _ => 0,
    }
}

/// Appends the text of `raw`, whose escapes were checked; returns how many halves of surrogate pairs became U+FFFD.
pub(super) fn append(raw: &str, out: &mut String) -> usize {
    let mut alone = 0;
    let mut rest = raw;
    out.reserve(raw.len());
    while !rest.is_empty() {
        let (plain, escapes) = rest.split_at(plain_length(rest.as_bytes()));
        out.push_str(plain);
        rest = escapes;
        while rest.as_bytes().first() == Some(&b'\\') {
            let (character, length) = decode(rest.as_bytes());
            alone += usize::from(character.is_none());
            out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
            rest = &rest[length..];
        }
    }
    alone
}

/// The same in the bytes of `raw`, from their start on, for no escape is shorter than what it stands for; returns the
/// length of the text too.
pub(super) fn shorten(raw: &mut [u8]) -> (usize, usize) {
    let (mut from, mut to, mut alone) = (0, 0, 0);
    while from < raw.len() {
        let plain = plain_length(&raw[from..]);
        raw.copy_within(from..from + plain, to);
        (from, to) = (from + plain, to + plain);
        while raw.get(from) == Some(&b'\\') {
            let (character, length) = decode(&raw[from..]);
            alone += usize::from(character.is_none());
            let mut letter = [0; 4];
            let letter = character.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut letter).as_bytes();
            raw[to..to + letter.len()].copy_from_slice(letter);
            (from, to) = (from + length, to + letter.len());
        }
    }
    (to, alone)
}

/// The character of the escape that `bytes` begin with, if it is one, and how many bytes it takes.
#[inline]
fn decode(bytes: &[u8]) -> (Option<char>, usize) {
    let plain = match bytes.get(1) {
        Some(b'u') => return unicode(bytes),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(&other) => char::from(other),
        None => return (None, bytes.len()),
    };
    (Some(plain), 2)
}

/// A high half needs its low half right after it (RFC 8259; Unicode 3.8, D74).
fn unicode(bytes: &[u8]) -> (Option<char>, usize) {
    let Some(first) = unit(bytes) else { return (None, bytes.len().min(6)) };
    if !(0xd800..0xdc00).contains(&first) {
        return (char::from_u32(first), 6);
    }
    match bytes.get(6..).and_then(unit) {
        Some(second) if (0xdc00..0xe000).contains(&second) => {
            (char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)), 12)
        }
        _ => (None, 6),
    }
}

/// The code unit of the escape `\uXXXX` that `bytes` begin with.
#[inline]
fn unit(bytes: &[u8]) -> Option<u32> {
    let &[b'\\', b'u', a, b, c, d] = bytes.first_chunk::<6>()? else { return None };
    let [a, b, c, d] = [a, b, c, d].map(|digit| DIGITS[usize::from(digit)]);
    let value = (a << 12) | (b << 8) | (c << 4) | d;
    (value < NO_DIGIT).then_some(value)
}

/// More than four digits come to, wherever it is shifted to.
const NO_DIGIT: u32 = 1 << 16;

/// The value of each hexadecimal digit.
const DIGITS: [u32; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        let digits = [b"0123456789abcdef"[value], b"0123456789ABCDEF"[value]];
        table[digits[0] as usize] = value as u32;
        table[digits[1] as usize] = value as u32;
        value += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{append, plain_length, shorten};

    proptest! {
        #[test]
        fn shortened_text_is_the_text_that_is_appended(raw in r#"(\\["\\/bfnrt]|\\u[0-9a-f]{4}|\\ud83[cd]|\\ude[0-9]{2}|[a-zé日]{0,12}){0,12}"#) {
            let (mut text, mut bytes) = (String::new(), raw.clone().into_bytes());
            let alone = append(&raw, &mut text);
            let (length, alone_too) = shorten(&mut bytes);
            prop_assert_eq!((&bytes[..length], alone_too), (text.as_bytes(), alone));
        }
    }

    #[test]
    fn the_first_special_byte_is_found_among_all_others() {
        for byte in 0..=255 {
            for at in 0..20 {
                let mut bytes = vec![b'!'; 24];
                bytes[at + 1..].fill(0x1f);
                bytes[at] = byte;
                let special = byte < 0x20 || byte == b'"' || byte == b'\\';
                assert_eq!(plain_length(&bytes), if special { at } else { at + 1 }, "{byte} at {at}");
                assert_eq!(plain_length(&bytes[..=at]), if special { at } else { at + 1 });
            }
        }
    }
}
