//! JSON lines: an object a line, of which one field is the text and one may be the language.

use std::borrow::Cow;

use super::blocks::Blocks;
use super::escape;
use super::faults::Fault;
use super::gather::Gather;
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

    /// Whether the language stands in each record.
    fn named(&self) -> bool {
        self.wanted.len() == WANTED
    }
}

/// The text of each line as a document.
pub(super) fn documents(blocks: &mut Blocks, fields: &Fields, gather: &mut Gather) -> Result<()> {
    while let Some(block) = blocks.next()? {
        let whole = simdutf8::basic::from_utf8(block.bytes).ok();
        let mut start = 0;
        for line in text::each(block.bytes) {
            gather.report.lines += 1;
            let valid = whole.map(|whole| &whole[start..start + line.len()]);
            start += line.len();
            match valid {
                Some(line) => record(line, fields, gather)?,
                None => uncertain(bare(line), fields, gather)?,
            }
        }
        gather.flush()?;
    }
    Ok(())
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
    let language = if fields.named() { number(language, place, gather)? } else { gather.language };
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
