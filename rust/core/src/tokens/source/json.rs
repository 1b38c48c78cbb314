//! The wanted fields of one JSON object, by a scan that checks the whole line (RFC 8259) and keeps nothing else.
//!
//! A string is looked through eight bytes at a time and copied only when wanted.
//! Two rules are stricter than the standard, which leaves them open: a wanted field must not be named twice, and nothing
//! lies deeper than [`DEEPEST`] levels.

use super::escape;

/// Levels of objects and arrays inside each other; each takes a frame of the stack.
pub(super) const DEEPEST: usize = 512;

/// How many fields one scan can find.
pub(super) const WANTED: usize = 2;

/// The name of a field: as it stands at the top level, or with dots through objects.
#[derive(Clone, Debug)]
pub(super) struct Path {
    full: String,
    parts: Vec<String>,
}

/// What a line holds in a wanted field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Absent,
    Null,
    Text(Text<'a>),
    /// Something else, and what.
    Other(&'static str),
}

/// A string as it stands in the line, between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Text<'a> {
    pub(super) raw: &'a str,
    pub(super) escaped: bool,
}

/// Why a line is not a JSON object, and at which of its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) what: &'static str,
    pub(super) at: usize,
}

impl Path {
    pub(super) fn new(name: &str) -> Self {
        Self { full: name.to_owned(), parts: name.split('.').map(str::to_owned).collect() }
    }
}

impl Text<'_> {
    fn is(self, name: &str) -> bool {
        if !self.escaped {
            return self.raw == name;
        }
        let mut plain = String::new();
        escape::append(self.raw, &mut plain);
        plain == name
    }
}

/// The values of the (at most [`WANTED`]) fields `wanted`, if `line` is a JSON object.
pub(super) fn fields<'a>(line: &'a str, wanted: &[Path]) -> Result<[Value<'a>; WANTED], Flaw> {
    let mut scan = Scan { line, at: 0, wanted, inside: [0; WANTED], found: [Value::Absent; WANTED] };
    scan.skip_white();
    if scan.peek() != Some(b'{') {
        return Err(scan.flaw("no object"));
    }
    scan.object(1)?;
    scan.skip_white();
    if scan.at == line.len() { Ok(scan.found) } else { Err(scan.flaw("text after the object")) }
}

struct Scan<'a, 'w> {
    line: &'a str,
    at: usize,
    wanted: &'w [Path],
    /// How many parts of each wanted path lead to where the scan is.
    inside: [usize; WANTED],
    found: [Value<'a>; WANTED],
}

impl<'a> Scan<'a, '_> {
    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    fn flaw(&self, what: &'static str) -> Flaw {
        Flaw { what, at: self.at }
    }

    #[inline]
    fn skip_white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Steps over `byte`, and the white space before and after it.
    #[inline]
    fn expect(&mut self, byte: u8, otherwise: &'static str) -> Result<(), Flaw> {
        self.skip_white();
        if self.peek() != Some(byte) {
            return Err(self.flaw(otherwise));
        }
        self.at += 1;
        self.skip_white();
        Ok(())
    }

    fn object(&mut self, depth: usize) -> Result<(), Flaw> {
        if self.opens_empty(depth, b'}')? {
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.flaw("no name of a field"));
            }
            let name = self.string()?;
            self.expect(b':', "no colon")?;
            self.member(name, depth)?;
            if self.ends(b'}')? {
                return Ok(());
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<(), Flaw> {
        if self.opens_empty(depth, b']')? {
            return Ok(());
        }
        loop {
            self.value(depth)?;
            if self.ends(b']')? {
                return Ok(());
            }
        }
    }

    /// Steps over the opening bracket; true when `close` follows, which is stepped over too.
    fn opens_empty(&mut self, depth: usize, close: u8) -> Result<bool, Flaw> {
        if depth > DEEPEST {
            return Err(self.flaw("too many levels"));
        }
        self.at += 1;
        self.skip_white();
        let empty = self.peek() == Some(close);
        self.at += usize::from(empty);
        Ok(empty)
    }

    /// Steps over a comma (false) or `close` (true).
    fn ends(&mut self, close: u8) -> Result<bool, Flaw> {
        self.skip_white();
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                self.skip_white();
                Ok(false)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(true)
            }
            Some(_) => Err(self.flaw("no comma")),
            None => Err(self.flaw("the line ends inside the object")),
        }
    }

    /// The value of `name`, kept if wanted.
    fn member(&mut self, name: Text, depth: usize) -> Result<(), Flaw> {
        let wanted = self.wanted;
        let before = self.inside;
        let mut hits = [false; WANTED];
        for (i, path) in wanted.iter().enumerate() {
            let leads = self.inside[i] == depth - 1 && path.parts.get(depth - 1).is_some_and(|part| name.is(part));
            hits[i] = (leads && path.parts.len() == depth) || (depth == 1 && name.is(&path.full));
            self.inside[i] += usize::from(leads);
        }
        let value = self.value(depth)?;
        self.inside = before;
        for i in (0..WANTED).filter(|&i| hits[i]) {
            if self.found[i] != Value::Absent {
                return Err(self.flaw("a wanted field is named twice"));
            }
            self.found[i] = value;
        }
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<Value<'a>, Flaw> {
        match self.peek() {
            Some(b'"') => self.string().map(Value::Text),
            Some(b'{') => self.object(depth + 1).map(|()| Value::Other("an object")),
            Some(b'[') => self.array(depth + 1).map(|()| Value::Other("an array")),
            Some(b'-' | b'0'..=b'9') => self.number().map(|()| Value::Other("a number")),
            Some(b't') => self.word("true", Value::Other("true")),
            Some(b'f') => self.word("false", Value::Other("false")),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.flaw("no JSON value")),
            None => Err(self.flaw("the line ends inside the object")),
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Result<Value<'a>, Flaw> {
        if !self.line.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.flaw("no JSON value"));
        }
        self.at += word.len();
        Ok(value)
    }

    fn number(&mut self) -> Result<(), Flaw> {
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Flaw> {
        let rest = &self.line.as_bytes()[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(self.flaw("a number without digits")) } else { Ok(()) }
    }

    /// Steps over a string, whose opening quote is here.
    fn string(&mut self) -> Result<Text<'a>, Flaw> {
        let start = self.at + 1;
        let bytes = self.line.as_bytes();
        let mut escaped = false;
        self.at = start;
        loop {
            self.at += escape::plain_length(&bytes[self.at..]);
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.escapes()?;
                }
                Some(_) => return Err(self.flaw("a control character inside a string")),
                None => return Err(self.flaw("a string without an end")),
            }
        }
        let raw = &self.line[start..self.at];
        self.at += 1;
        Ok(Text { raw, escaped })
    }

    /// Steps over all escapes that follow each other from here.
    fn escapes(&mut self) -> Result<(), Flaw> {
        let bytes = self.line.as_bytes();
        while self.peek() == Some(b'\\') {
            let length = escape::length(&bytes[self.at..]);
            if length == 0 {
                return Err(self.flaw("an escape that JSON does not know"));
            }
            self.at += length;
        }
        Ok(())
    }
}
