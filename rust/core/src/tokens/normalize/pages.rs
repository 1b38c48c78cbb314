//! What a function says of every character, asked once a page of 256 and remembered.
//!
//! The Unicode tables of the reference are searched by halving; a table per tokenizer answers in one load. Pages are
//! filled when a text first needs them, so that loading costs nothing and a corpus pays for the scripts it has.

use std::sync::OnceLock;

/// Characters of a page.
pub const PAGE: usize = 256;

/// A table over all code points, filled page by page.
pub struct Pages<T>(Box<[OnceLock<Box<T>>]>);

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self((0..0x11_0000 / PAGE).map(|_| OnceLock::new()).collect())
    }
}

impl<T> Pages<T> {
    /// The page of `c`, which `fill` makes from its number where it is not there yet.
    #[inline]
    pub fn page(&self, c: u32, fill: impl FnOnce(u32) -> T) -> &T {
        let number = c >> 8;
        self.0[number as usize].get_or_init(|| Box::new(fill(number)))
    }
}

/// The page used last: the characters of a script lie close together.
pub struct Near<'a, T> {
    pages: &'a Pages<T>,
    number: u32,
    page: Option<&'a T>,
}

impl<'a, T> Near<'a, T> {
    /// Remembers nothing yet.
    pub fn new(pages: &'a Pages<T>) -> Self {
        Self { pages, number: 0, page: None }
    }

    /// As [`Pages::page`].
    #[inline(always)]
    pub fn page(&mut self, c: u32, fill: impl FnOnce(u32) -> T) -> &'a T {
        match self.page {
            Some(page) if self.number == c >> 8 => page,
            _ => self.turn(c, fill),
        }
    }

    #[inline(never)]
    fn turn(&mut self, c: u32, fill: impl FnOnce(u32) -> T) -> &'a T {
        let page = self.pages.page(c, fill);
        (self.number, self.page) = (c >> 8, Some(page));
        page
    }
}

/// The characters of page `number`: surrogates, which no text has, are left out.
pub fn characters(number: u32) -> impl Iterator<Item = (usize, char)> {
    (0..PAGE).filter_map(move |i| char::from_u32(number << 8 | i as u32).map(|c| (i, c)))
}
