//! Blocks of whole lines out of a stream of bytes.
//!
//! A block is some 256 KB that stay in the cache while they are checked and cut. A line longer than that makes its block
//! grow to hold it, and nothing more; only bytes that are new are searched for its end, so that the time is linear.
//!
//! # Chunks
//!
//! A chunk is a range of bytes of a file; a line belongs to the chunk that its first byte lies in. A chunk that does not
//! begin the file starts one byte early and skips to the first line end, so that a line that begins with the chunk is
//! its own; it ends with the line that its last byte lies in. Thus every line is in one chunk, wherever the cuts are.

use std::io::{self, Read};

use super::faults::Fault;
use super::stored::Stream;
use crate::error::{Error, Result};

const BLOCK: usize = 256 << 10;
/// How much is read at once beyond the chunk, for the end of its last line.
const BEYOND: usize = 32 << 10;

/// How a stream ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// As it should.
    Clean,
    /// Too early, or in bytes that cannot be decoded; what the decoder said.
    Broken(Fault, String),
}

/// Some whole lines; only the last block of a stream may lack its last line end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block<'a> {
    pub(super) bytes: &'a [u8],
    /// Offset of the first byte in the file, decompressed.
    pub(super) offset: u64,
}

/// The part of a file that is read: lines that start at `start` or later, before `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    pub(super) start: u64,
    pub(super) end: u64,
    /// Whether lines that start after `end` are given too (for documents of many lines).
    pub(super) beyond: bool,
}

pub(super) struct Blocks<'a> {
    stream: Stream,
    buffer: &'a mut Vec<u8>,
    /// Offset in the file of the first byte of the buffer.
    offset: u64,
    /// How much of the buffer was given out.
    given: usize,
    range: Range,
    end: Option<End>,
    marked: bool,
}

impl<'a> Blocks<'a> {
    /// The blocks of a stream from the start of its file.
    pub(super) fn whole(stream: Stream, buffer: &'a mut Vec<u8>, range: Range) -> Result<Self> {
        let mut blocks = Self::new(stream, buffer, 0, range);
        blocks.skip_mark()?;
        Ok(blocks)
    }

    /// The blocks of a stream that begins at `offset` of its file, after the first line end.
    pub(super) fn part(stream: Stream, buffer: &'a mut Vec<u8>, offset: u64, range: Range) -> Result<Self> {
        let mut blocks = Self::new(stream, buffer, offset, range);
        blocks.skip_line()?;
        Ok(blocks)
    }

    fn new(stream: Stream, buffer: &'a mut Vec<u8>, offset: u64, range: Range) -> Self {
        buffer.clear();
        Self { stream, buffer, offset, given: 0, range, end: None, marked: false }
    }

    /// Whether a byte order mark was skipped.
    pub(super) const fn marked(&self) -> bool {
        self.marked
    }

    /// How the stream ended; nothing before it did.
    pub(super) const fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// The next block, if there is one.
    pub(super) fn next(&mut self) -> Result<Option<Block<'_>>> {
        self.forget_given();
        if self.offset >= self.range.end && !self.range.beyond {
            return Ok(None);
        }
        let mut searched = 0;
        loop {
            if let Some(at) = memchr::memrchr(b'\n', &self.buffer[searched..]) {
                self.given = self.shorten(searched + at + 1);
                break;
            }
            searched = self.buffer.len();
            if self.end.is_some() {
                self.given = self.rest();
                break;
            }
            self.fill()?;
        }
        let block = Block { bytes: &self.buffer[..self.given], offset: self.offset };
        Ok((self.given > 0).then_some(block))
    }

    /// The last block, to be written over: it is not read again.
    pub(super) fn given(&mut self) -> &mut [u8] {
        &mut self.buffer[..self.given]
    }

    /// The next bytes, whole lines or not.
    pub(super) fn piece(&mut self) -> Result<Option<&[u8]>> {
        self.forget_given();
        while self.buffer.is_empty() && self.end.is_none() {
            self.fill()?;
        }
        self.given = self.buffer.len();
        Ok((self.given > 0).then_some(self.buffer.as_slice()))
    }

    /// Reads all that is left, however long.
    pub(super) fn read_all(&mut self) -> Result<()> {
        while self.end.is_none() {
            self.fill()?;
        }
        Ok(())
    }

    /// The bytes that were read and not given, a byte order mark among them.
    pub(super) fn held(&self) -> &[u8] {
        self.buffer
    }

    /// The last line, which has no end: given only when the stream was whole.
    fn rest(&self) -> usize {
        if self.end == Some(End::Clean) { self.buffer.len() } else { 0 }
    }

    /// Cuts `length` bytes of whole lines so that no line starts at the end of the range or later.
    fn shorten(&self, length: usize) -> usize {
        let past = self.offset + length as u64;
        if self.range.beyond || past <= self.range.end {
            return length;
        }
        let last = (self.range.end - self.offset) as usize - 1;
        memchr::memchr(b'\n', &self.buffer[last..length]).map_or(length, |at| last + at + 1)
    }

    fn forget_given(&mut self) {
        let left = self.buffer.len() - self.given;
        self.buffer.copy_within(self.given.., 0);
        self.buffer.truncate(left);
        self.offset += self.given as u64;
        self.given = 0;
        if self.buffer.capacity() > 4 * BLOCK.max(left) {
            self.buffer.shrink_to(BLOCK.max(left));
        }
    }

    fn skip_mark(&mut self) -> Result<()> {
        while self.end.is_none() && self.buffer.len() < MARK.len() {
            self.fill()?;
        }
        self.marked = self.buffer.starts_with(MARK);
        if self.marked {
            self.given = MARK.len();
            // The mark is part of the first line, which is the first chunk's however short that is.
            self.range.end = self.range.end.max(MARK.len() as u64 + 1);
        }
        Ok(())
    }

    /// Skips what belongs to the line before, without holding it.
    fn skip_line(&mut self) -> Result<()> {
        loop {
            if let Some(at) = memchr::memchr(b'\n', self.buffer) {
                self.given = at + 1;
                return Ok(());
            }
            self.given = self.buffer.len();
            if self.end.is_some() || self.offset >= self.range.end {
                self.range.beyond = false;
                return Ok(());
            }
            self.forget_given();
            self.fill()?;
        }
    }

    /// Reads some more; a block's worth inside the range.
    fn fill(&mut self) -> Result<()> {
        let inside = self.range.end.saturating_sub(self.offset + self.buffer.len() as u64);
        let amount = if inside == 0 { BEYOND } else { inside.min(BLOCK as u64) as usize };
        self.buffer.reserve(amount + SLACK);
        match self.stream.by_ref().take(amount as u64).read_to_end(self.buffer) {
            Ok(0) => self.end = Some(End::Clean),
            Ok(_) => {}
            Err(error) => self.end = Some(broken(&error)?),
        }
        Ok(())
    }
}

/// A byte order mark.
pub(super) const MARK: &[u8] = "\u{feff}".as_bytes();

/// `read_to_end` asks for 32 bytes more than it needs, to see whether the stream has ended.
const SLACK: usize = 64;

/// What a decoder complains about is a fault of the data; what the operating system refuses is an error.
pub(super) fn broken(error: &io::Error) -> Result<End> {
    if error.raw_os_error().is_some() {
        return Err(Error::io("cannot read the file", error));
    }
    let truncated = error.kind() == io::ErrorKind::UnexpectedEof;
    Ok(End::Broken(if truncated { Fault::Truncated } else { Fault::Damaged }, error.to_string()))
}
