//! Reads a header forwards, in pieces of 64 KiB whatever the file's size and however it is opened.

use std::fmt::Display;

use crate::error::{Error, Result};
use crate::weights::source::Bytes;

const PIECE: u64 = 1 << 16;
const HEADER_LIMIT: u64 = 256 << 20;

/// A place in a file, with the bytes around it at hand.
pub(super) struct Cursor<'a> {
    bytes: &'a Bytes,
    /// Bytes `start .. start + piece.len()` of the file.
    piece: Vec<u8>,
    start: u64,
    /// The place, counted from `start`; beyond the piece after a long skip.
    at: u64,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a Bytes) -> Self {
        Self { bytes, piece: Vec::new(), start: 0, at: 0 }
    }

    /// Offset of the next byte. Never beyond the end of the file.
    pub(super) fn position(&self) -> u64 {
        self.start + self.at
    }

    /// Length of the file.
    pub(super) fn len(&self) -> u64 {
        self.bytes.len()
    }

    pub(super) fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        if self.ahead().len() < N {
            self.refill(N as u64)?;
        }
        let array = self.ahead().first_chunk().copied().ok_or_else(|| self.ends_early(N as u64))?;
        self.at += N as u64;
        Ok(array)
    }

    /// The next `len` bytes; the caller has limited `len`.
    pub(super) fn take(&mut self, len: u64) -> Result<&[u8]> {
        if (self.ahead().len() as u64) < len {
            self.refill(len)?;
        }
        let from = self.at as usize;
        self.at += len;
        Ok(&self.piece[from..self.at as usize])
    }

    /// Moves on by `len` bytes without reading them.
    pub(super) fn skip(&mut self, len: u64) -> Result<()> {
        self.check(len)?;
        self.at += len;
        Ok(())
    }

    /// A u64 count of `what`, each of which takes `least` bytes or more.
    pub(super) fn count(&mut self, what: impl Display, least: u64, limit: u64) -> Result<u64> {
        let count = self.u64()?;
        let fits = count <= limit && count <= (self.len() - self.position()) / least;
        if fits { Ok(count) } else { Err(damaged(format!("claims {count} {what} in {} bytes", self.len()))) }
    }

    /// A string that must be sound: a name.
    pub(super) fn name(&mut self, what: &str, limit: u64) -> Result<String> {
        let (len, offset) = (self.u64()?, self.position());
        if len > limit {
            return Err(damaged(format!("{what} at offset {offset} claims {len} bytes; at most {limit} are read")));
        }
        let text = String::from_utf8(self.take(len)?.to_vec());
        text.map_err(|e| damaged(format!("{what} at offset {offset} is not UTF-8 ({})", e.utf8_error())))
    }

    /// The bytes of the piece that are not yet read.
    fn ahead(&self) -> &[u8] {
        self.piece.get(self.at as usize..).unwrap_or_default()
    }

    /// Reads a piece of `len` bytes or more from the present place on.
    fn refill(&mut self, len: u64) -> Result<()> {
        self.check(len)?;
        let position = self.position();
        let want = PIECE.max(len).min(self.len() - position) as usize;
        let mut buffer = std::mem::take(&mut self.piece);
        self.piece = self.bytes.read(position, want, &mut buffer)?.to_vec();
        (self.start, self.at) = (position, 0);
        Ok(())
    }

    fn check(&self, len: u64) -> Result<()> {
        match self.position().checked_add(len) {
            Some(end) if end <= self.len().min(HEADER_LIMIT) => Ok(()),
            Some(end) if end <= self.len() => Err(too_long()),
            _ => Err(self.ends_early(len)),
        }
    }

    fn ends_early(&self, len: u64) -> Error {
        let (position, file) = (self.position(), self.len());
        damaged(format!("the header needs {len} bytes at offset {position}, but the file has {file} bytes"))
    }
}

fn too_long() -> Error {
    damaged(format!("the header is longer than {} MiB", HEADER_LIMIT >> 20))
}

/// The error of every fault in a header.
pub(super) fn damaged(what: String) -> Error {
    Error::bad_file(what, "the file is truncated or its header damaged: download or save it again")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn pieces_join_without_a_seam() {
        let stored: Vec<u8> = (0..3 * PIECE as u32).map(|i| (i * 31 + i / 256) as u8).collect();
        let bytes = Bytes::from_vec("memory", stored.clone());
        let mut cursor = Cursor::new(&bytes);
        let mut seen = Vec::new();
        while cursor.position() + 13 <= bytes.len() {
            seen.extend_from_slice(&cursor.array::<6>().unwrap());
            seen.extend_from_slice(cursor.take(7).unwrap());
        }
        assert_eq!(seen, stored[..seen.len()]);
    }

    #[test]
    fn a_skip_costs_nothing_and_lands_exactly() {
        let mut stored = vec![0; 5 * PIECE as usize];
        stored.extend_from_slice(&7u32.to_le_bytes());
        let bytes = Bytes::from_vec("memory", stored);
        let mut cursor = Cursor::new(&bytes);
        cursor.skip(5 * PIECE).unwrap();
        assert!(cursor.piece.is_empty());
        assert_eq!(cursor.u32().unwrap(), 7);
        assert!(cursor.skip(1).is_err() && cursor.skip(u64::MAX).is_err());
    }
}
