//! A class for each character, read from UTF-8: those of one and two bytes from a table, others from pages.

use super::pages::{Near, PAGE, Pages, characters};

/// Characters of one and two bytes.
const LOW: usize = 0x800;

/// A table of classes.
pub struct Classes {
    low: Box<[u8; LOW]>,
    pages: Pages<[u8; PAGE]>,
}

impl Classes {
    /// A table of the classes that `of` says. Each call must be given the same function.
    pub fn new(of: impl Fn(char) -> u8) -> Self {
        let class = |code| char::from_u32(code as u32).map_or(0, &of);
        Self { low: Box::new(std::array::from_fn(class)), pages: Pages::default() }
    }

    /// The page used last, for a walk through a text.
    pub fn near(&self) -> Near<'_, [u8; PAGE]> {
        Near::new(&self.pages)
    }

    /// Class and length of the character that begins at `at`.
    #[inline(always)]
    pub fn at(&self, bytes: &[u8], at: usize, near: &mut Near<'_, [u8; PAGE]>, of: impl Fn(char) -> u8) -> (u8, usize) {
        let byte = |i: usize| u32::from(bytes.get(at + i).copied().unwrap_or(0) & 0x3F);
        let first = bytes.get(at).copied().unwrap_or(0);
        let (code, length) = match first {
            0..0x80 => return (self.low[usize::from(first)], 1),
            0x80..0xE0 => return (self.low[(usize::from(first & 0x1F) << 6) | byte(1) as usize], 2),
            0xE0..0xF0 => ((u32::from(first & 0xF) << 12) | (byte(1) << 6) | byte(2), 3),
            _ => ((u32::from(first & 7) << 18) | (byte(1) << 12) | (byte(2) << 6) | byte(3), 4),
        };
        (near.page(code, |number| page(number, of))[code as usize % PAGE], length)
    }

    /// Class of a character.
    #[inline]
    pub fn of(&self, c: char, of: impl Fn(char) -> u8) -> u8 {
        self.at(c.encode_utf8(&mut [0; 4]).as_bytes(), 0, &mut self.near(), of).0
    }
}

fn page(number: u32, of: impl Fn(char) -> u8) -> [u8; PAGE] {
    let mut page = [0; PAGE];
    characters(number).for_each(|(i, c)| page[i] = of(c));
    page
}
