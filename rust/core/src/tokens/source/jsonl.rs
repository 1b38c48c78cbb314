//! JSON lines: an object a line, of which one field is the text and one may be the language.

use std::borrow::Cow;
use std::ops::Range;

use super::blocks::Blocks;
use super::escape;
use super::faults::Fault;
use super::gather::{FULL, Gather, HALF};
use super::json::{self, Path, Text, Value, WANTED};
use super::options::{Invalid, Lang, Options};
use super::text::{self, bare};
use crate::error::Result;

/// The fields that are read.
pub(super) struct Fields {
    wanted: Vec<Path>,
    invalid: Invalid,
}

impl Fields {
    pub(super) fn new(options: &Options) -> Self {
        let mut wanted = vec![Path::new(&options.text_field)];
        if let Lang::Field(name) = &options.lang {
            wanted.push(Path::new(name));
        }
        Self { wanted, invalid: options.invalid }
    }

    /// The number of the language of a record whose field has this value.
    fn language(&self, value: Value, gather: &mut Gather) -> Result<u32> {
        let is_named = self.wanted.len() == WANTED;
        if is_named { number(value, gather.report.lines, gather) } else { Ok(gather.language) }
    }
}

/// A long text with escapes, to be unescaped where it lies: a second copy would be as long.
struct Long {
    /// Where it lies in its block.
    raw: Range<usize>,
    /// Where the next line begins.
    end: usize,
    language: u32,
}

/// The text of each line as a document.
pub(super) fn documents(blocks: &mut Blocks, fields: &Fields, gather: &mut Gather) -> Result<()> {
    while blocks.next()?.is_some() {
        let mut start = 0;
        while let Some(long) = lines(blocks.given(), start, fields, gather)? {
            start = long.end;
            unescape(&mut blocks.given()[long.raw], long.language, gather)?;
        }
        gather.flush()?;
    }
    Ok(())
}

/// The lines from `start` on, up to one with a long text with escapes.
fn lines(block: &[u8], mut start: usize, fields: &Fields, gather: &mut Gather) -> Result<Option<Long>> {
    let rest = &block[start..];
    let (whole, before) = (simdutf8::basic::from_utf8(rest).ok(), start);
    for line in text::each(rest) {
        gather.report.lines += 1;
        let valid = whole.map(|whole| &whole[start - before..start - before + line.len()]);
        let from = start;
        start += line.len();
        match valid {
            Some(line) => match long(line, fields, gather)? {
                Some((raw, language)) => {
                    return Ok(Some(Long { raw: from + raw.start..from + raw.end, end: start, language }));
                }
                None => record(line, fields, gather)?,
            },
            None => uncertain(bare(line), fields, gather)?,
        }
    }
    Ok(None)
}

/// Where a long text with escapes lies in `line`, and its language.
fn long(line: &str, fields: &Fields, gather: &mut Gather) -> Result<Option<(Range<usize>, u32)>> {
    if line.len() < FULL {
        return Ok(None);
    }
    match json::fields(line, &fields.wanted) {
        Ok([Value::Text(text), language]) if text.escaped && text.raw.len() >= FULL => {
            let start = text.raw.as_ptr() as usize - line.as_ptr() as usize;
            Ok(Some((start..start + text.raw.len(), fields.language(language, gather)?)))
        }
        _ => Ok(None),
    }
}

fn unescape(raw: &mut [u8], language: u32, gather: &mut Gather) -> Result<()> {
    let place = gather.report.lines;
    let (length, alone) = escape::shorten(raw);
    if alone > 0 {
        gather.fault(Fault::Invalid, place, HALF);
        if gather.invalid() == Invalid::Skip {
            return Ok(());
        }
    }
    gather.add_bytes(&raw[..length], language, place)
}

/// A line of a block that is not all UTF-8.
fn uncertain(line: &[u8], fields: &Fields, gather: &mut Gather) -> Result<()> {
    let text = match (simdutf8::compat::from_utf8(line), fields.invalid) {
        (Ok(text), _) => Cow::Borrowed(text),
        (Err(error), invalid) => {
            gather.fault(Fault::Invalid, gather.report.lines, format!("byte {}", error.valid_up_to() + 1));
            if invalid == Invalid::Skip {
                return Ok(());
            }
            String::from_utf8_lossy(line)
        }
    };
    record(&text, fields, gather)
}

fn record(line: &str, fields: &Fields, gather: &mut Gather) -> Result<()> {
    let place = gather.report.lines;
    match json::fields(line, &fields.wanted) {
        Ok([text, language]) => match text {
            Value::Text(text) => add(text, language, fields, gather),
            Value::Absent | Value::Null => {
                gather.fault(Fault::Missing, place, if text == Value::Null { "null" } else { "" });
                Ok(())
            }
            Value::Other(what) => {
                gather.fault(Fault::NotText, place, what);
                Ok(())
            }
        },
        Err(_) if line.trim_ascii().is_empty() => {
            gather.fault(Fault::Empty, place, "an empty line");
            Ok(())
        }
        Err(flaw) => {
            gather.fault(Fault::Json, place, format!("{} at byte {}", flaw.what, flaw.at + 1));
            Ok(())
        }
    }
}

fn add(text: Text, language: Value, fields: &Fields, gather: &mut Gather) -> Result<()> {
    let place = gather.report.lines;
    let language = fields.language(language, gather)?;
    if text.escaped {
        return gather.add_by(language, place, |out| escape::append(text.raw, out));
    }
    gather.add(text.raw, language, place)
}

fn number(language: Value, place: u64, gather: &mut Gather) -> Result<u32> {
    match language {
        Value::Text(name) if !name.escaped => gather.named_bytes(Some(name.raw.as_bytes()), place),
        Value::Text(name) => {
            let mut plain = String::new();
            escape::append(name.raw, &mut plain);
            gather.named_bytes(Some(plain.as_bytes()), place)
        }
        Value::Absent => gather.unnamed(place, "absent"),
        Value::Null => gather.unnamed(place, "null"),
        Value::Other(what) => gather.unnamed(place, what),
    }
}
