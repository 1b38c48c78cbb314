//! CSV and TSV with a header, byte by byte as RFC 4180 says, in whatever pieces the bytes come.
//!
//! A field may be quoted by `"`; inside, `""` is a quote, and separators and line ends are text. Records end at `\n` or
//! `\r\n`. A line with nothing in it is no record. Text after a closing quote is added to the field, as Python does, and
//! is a fault. Only wanted columns are kept, so that memory is bounded by the longest document.

/// Who takes the fields and records.
pub(super) trait Sink {
    /// Some more bytes of field number `column` of the record.
    fn bytes(&mut self, column: usize, bytes: &[u8]);

    /// The record has ended; false stops the reading.
    fn record(&mut self, record: Record) -> crate::error::Result<bool>;
}

/// A record that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// How many fields it has; 0 for an empty line.
    pub(super) fields: usize,
    /// The line it starts in, from 1.
    pub(super) line: u64,
    /// Whether text came after a closing quote.
    pub(super) loose: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the first byte of a field.
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted field.
    Quote,
    /// After a carriage return outside of quotes: half a line end, or text.
    Return,
}

/// Where the reading of a table stands.
pub(super) struct Table {
    delimiter: u8,
    quotes: bool,
    state: State,
    column: usize,
    /// Whether the record has any byte, so that it is more than an empty line.
    begun: bool,
    loose: bool,
    line: u64,
    starts: u64,
}

impl Table {
    pub(super) const fn new(delimiter: u8, quotes: bool) -> Self {
        let state = State::Start;
        Self { delimiter, quotes, state, column: 0, begun: false, loose: false, line: 1, starts: 1 }
    }

    /// The line that the current record starts in.
    pub(super) const fn record_line(&self) -> u64 {
        self.starts
    }

    /// Reads `bytes` until the sink stops it; returns how many were read.
    pub(super) fn read(&mut self, bytes: &[u8], sink: &mut impl Sink) -> crate::error::Result<usize> {
        let mut at = 0;
        while at < bytes.len() {
            let (length, ended) = self.step(&bytes[at..], sink);
            at += length;
            if ended && !self.end_record(sink)? {
                break;
            }
        }
        Ok(at)
    }

    /// The input has ended. False when a quote was never closed: its record is lost.
    pub(super) fn finish(&mut self, sink: &mut impl Sink) -> crate::error::Result<bool> {
        if self.state == State::Quoted {
            return Ok(false);
        }
        if self.state == State::Return {
            sink.bytes(self.column, b"\r");
        }
        if self.begun {
            self.end_record(sink)?;
        }
        Ok(true)
    }

    /// Reads some bytes that mean the same; returns how many, and whether they end the record.
    fn step(&mut self, bytes: &[u8], sink: &mut impl Sink) -> (usize, bool) {
        match self.state {
            State::Start if self.quotes && bytes[0] == b'"' => {
                self.begun = true;
                self.state = State::Quoted;
                (1, false)
            }
            State::Start | State::Plain => self.plain(bytes, sink),
            State::Quoted => (self.quoted(bytes, sink), false),
            State::Quote if bytes[0] == b'"' => {
                sink.bytes(self.column, b"\"");
                self.state = State::Quoted;
                (1, false)
            }
            State::Quote => {
                self.loose |= !matches!(bytes[0], b'\n' | b'\r') && bytes[0] != self.delimiter;
                self.state = State::Plain;
                (0, false)
            }
            State::Return if bytes[0] == b'\n' => (1, true),
            State::Return => {
                sink.bytes(self.column, b"\r");
                self.state = State::Plain;
                (0, false)
            }
        }
    }

    fn plain(&mut self, bytes: &[u8], sink: &mut impl Sink) -> (usize, bool) {
        let length = memchr::memchr3(self.delimiter, b'\n', b'\r', bytes).unwrap_or(bytes.len());
        if length > 0 {
            self.begun = true;
            sink.bytes(self.column, &bytes[..length]);
        }
        self.state = State::Plain;
        match bytes.get(length) {
            Some(b'\n') => return (length + 1, true),
            Some(b'\r') => self.state = State::Return,
            Some(_) => {
                self.begun = true;
                self.column += 1;
                self.state = State::Start;
            }
            None => return (length, false),
        }
        (length + 1, false)
    }

    fn quoted(&mut self, bytes: &[u8], sink: &mut impl Sink) -> usize {
        let end = memchr::memchr(b'"', bytes);
        let text = &bytes[..end.unwrap_or(bytes.len())];
        sink.bytes(self.column, text);
        self.line += memchr::memchr_iter(b'\n', text).count() as u64;
        if end.is_some() {
            self.state = State::Quote;
        }
        text.len() + usize::from(end.is_some())
    }

    fn end_record(&mut self, sink: &mut impl Sink) -> crate::error::Result<bool> {
        let fields = if self.begun { self.column + 1 } else { 0 };
        let record = Record { fields, line: self.starts, loose: self.loose };
        self.line += 1;
        self.starts = self.line;
        (self.state, self.column, self.begun, self.loose) = (State::Start, 0, false, false);
        sink.record(record)
    }
}
