//! Plain text: a document is a line, the lines up to a blank one, or the file.

use super::batch::Span;
use super::blocks::{Block, Blocks, End, MARK, Range};
use super::faults::{Fault, Report};
use super::gather::Gather;
use crate::error::Result;

/// A line of at most this many spaces and tabs is blank. The bound lets a chunk see, from its own start, whether the line
/// before is blank.
const BLANK: usize = 256;

/// How far before a chunk it must be read to see a blank line, the end of the line before, and that line's own end.
pub(super) const LOOK_BACK: u64 = BLANK as u64 + 3;

/// Lines as documents.
pub(super) fn lines(blocks: &mut Blocks, gather: &mut Gather) -> Result<()> {
    while let Some(block) = blocks.next()? {
        match simdutf8::basic::from_utf8(block.bytes) {
            Ok(text) => pass_lines(text, gather)?,
            Err(_) => add_lines(block.bytes, gather)?,
        }
    }
    Ok(())
}

fn pass_lines(text: &str, gather: &mut Gather) -> Result<()> {
    let language = gather.language;
    gather.pass(text, |spans, report| cut(text.as_bytes(), language, spans, report))
}

/// The span of each line that is not empty.
fn cut(bytes: &[u8], language: u32, spans: &mut Vec<Span>, report: &mut Report) {
    let mut start = 0;
    let unended = (bytes.last() != Some(&b'\n')).then_some(bytes.len());
    for stop in memchr::memchr_iter(b'\n', bytes).chain(unended) {
        report.lines += 1;
        let end = stop - usize::from(stop > start && bytes[stop - 1] == b'\r');
        if end < stop && stop < bytes.len() {
            report.add_crlf();
        }
        if end > start {
            spans.push(Span { start, end, place: report.lines, language });
        } else {
            report.faults.add(Fault::Empty, report.lines, "");
        }
        start = stop + 1;
    }
}

/// The same for a block in which some line is not UTF-8.
fn add_lines(bytes: &[u8], gather: &mut Gather) -> Result<()> {
    for line in each(bytes) {
        gather.report.lines += 1;
        if line.ends_with(b"\r\n") {
            gather.report.add_crlf();
        }
        gather.add_bytes(bare(line), gather.language, gather.report.lines)?;
    }
    gather.flush()
}

/// The lines of a block, with their ends.
pub(super) fn each(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let unended = (bytes.last().is_some_and(|&byte| byte != b'\n')).then(|| bytes.len() - 1);
    memchr::memchr_iter(b'\n', bytes).chain(unended).map(move |last| {
        let line = &bytes[start..=last];
        start = last + 1;
        line
    })
}

/// A line without its end.
pub(super) fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// The whole file as one document, unless it is cut short.
pub(super) fn file(blocks: &mut Blocks, gather: &mut Gather) -> Result<()> {
    let language = gather.language;
    let skipped = if blocks.marked() { MARK.len() } else { 0 };
    blocks.read_all()?;
    gather.report.lines += 1;
    if blocks.end() == Some(&End::Clean) { gather.add_bytes(&blocks.held()[skipped..], language, 1) } else { Ok(()) }
}

/// Lines up to a blank one as documents.
pub(super) fn paragraphs(blocks: &mut Blocks, range: Range, gather: &mut Gather) -> Result<()> {
    let mark = if blocks.marked() { MARK.len() as u64 } else { 0 };
    let mut paragraph = Paragraph { state: State::start(range), text: Vec::new(), place: 0, mark };
    while let Some(block) = blocks.next()? {
        if paragraph.lines(block, range, gather)? == Reached::End {
            return Ok(());
        }
    }
    if blocks.end().is_none_or(|end| *end == End::Clean) {
        paragraph.end(gather)?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// After a blank line.
    Between,
    /// In a document of this chunk.
    Mine,
    /// In a document that began before this chunk.
    Theirs,
}

#[derive(PartialEq, Eq)]
enum Reached {
    More,
    End,
}

impl State {
    /// At the start of a file a document can begin; elsewhere a blank line has to come first.
    fn start(range: Range) -> Self {
        if range.start <= LOOK_BACK { Self::Between } else { Self::Theirs }
    }
}

struct Paragraph {
    state: State,
    text: Vec<u8>,
    place: u64,
    /// Where the first line starts if the file has a byte order mark, which is part of it.
    mark: u64,
}

impl Paragraph {
    fn lines(&mut self, block: Block, range: Range, gather: &mut Gather) -> Result<Reached> {
        let mut start = if block.offset == self.mark { 0 } else { block.offset };
        for line in each(block.bytes) {
            if self.line(line, start, range, gather)? == Reached::End {
                return Ok(Reached::End);
            }
            start = start.max(block.offset) + line.len() as u64;
        }
        Ok(Reached::More)
    }

    fn line(&mut self, line: &[u8], start: u64, range: Range, gather: &mut Gather) -> Result<Reached> {
        if start >= range.end && self.state != State::Mine {
            return Ok(Reached::End);
        }
        gather.report.lines += u64::from((range.start..range.end).contains(&start));
        match (is_blank(bare(line)), self.state) {
            (true, _) => self.end(gather)?,
            (false, State::Between) if start >= range.start => {
                self.state = State::Mine;
                self.place = gather.report.lines;
                self.text.extend_from_slice(line);
            }
            (false, State::Between) => self.state = State::Theirs,
            (false, State::Mine) => self.text.extend_from_slice(line),
            (false, State::Theirs) => {}
        }
        Ok(Reached::More)
    }

    fn end(&mut self, gather: &mut Gather) -> Result<()> {
        if self.state == State::Mine {
            gather.add_bytes(bare(&self.text), gather.language, self.place)?;
            self.text.clear();
        }
        self.state = State::Between;
        Ok(())
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.len() <= BLANK && line.iter().all(|byte| matches!(byte, b' ' | b'\t'))
}
