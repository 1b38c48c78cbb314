//! CoNLL-U, the format of Universal Dependencies: a sentence is a document, and its tokens may be its words.
//!
//! The text is that of `# text = …`. Words are surface tokens, for only they are spans of the text: a multi-word token
//! (`3-4 du`) is one word, the syntactic words inside it (`3 de`, `4 le`) and empty nodes (`5.1`) are none; punctuation
//! is a word, as the treebank has it. `SpaceAfter=No` says where no space follows. Where tokens and text do not fit, the
//! sentence is left out and told, for no guess would be better than another.

use std::borrow::Cow;
use std::ops::Range;

use super::blocks::{Blocks, End};
use super::faults::Fault;
use super::gather::Gather;
use super::options::Invalid;
use super::text::{bare, each};
use crate::error::Result;

/// The sentences as documents, with their words if they are `wanted`.
pub(super) fn sentences(blocks: &mut Blocks, wanted: bool, gather: &mut Gather) -> Result<()> {
    gather.has_words = wanted;
    let mut sentence = Sentence::default();
    while let Some(block) = blocks.next()? {
        for line in each(block.bytes) {
            gather.report.lines += 1;
            sentence.line(bare(line), gather)?;
        }
    }
    if blocks.end().is_none_or(|end| *end == End::Clean) { sentence.end(gather) } else { Ok(()) }
}

/// A sentence as far as it was read.
#[derive(Default)]
struct Sentence {
    /// The line it starts in; 0 before it starts.
    place: u64,
    text: Option<String>,
    tokens: Vec<Token>,
    /// The last word of the last multi-word token.
    covered: u64,
    /// Why it cannot be counted.
    fault: Option<(Fault, String)>,
}

struct Token {
    form: String,
    /// Whether no space follows.
    is_glued: bool,
}

impl Sentence {
    fn line(&mut self, line: &[u8], gather: &mut Gather) -> Result<()> {
        if line.is_empty() {
            return self.end(gather);
        }
        if self.place == 0 {
            self.place = gather.report.lines;
        }
        let line = self.decoded(line, gather);
        if let Some(text) = line.strip_prefix("# text =") {
            self.text = Some(text.trim_matches(' ').to_owned());
        } else if gather.has_words && !line.starts_with('#') {
            self.token(&line);
        }
        Ok(())
    }

    fn decoded<'a>(&mut self, line: &'a [u8], gather: &mut Gather) -> Cow<'a, str> {
        let text = String::from_utf8_lossy(line);
        if let Cow::Owned(_) = text {
            let note = format!("line {}", gather.report.lines);
            if gather.invalid() == Invalid::Skip {
                self.fault.get_or_insert((Fault::Invalid, note));
            } else {
                gather.fault(Fault::Invalid, self.place, note);
            }
        }
        text
    }

    fn token(&mut self, line: &str) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [id, form, _, _, _, _, _, _, _, misc] = fields[..] else {
            self.fault.get_or_insert((Fault::Fields, format!("{} fields in {line:?}", fields.len())));
            return;
        };
        let (first, last) = id.split_once('-').unwrap_or((id, id));
        match (first.parse::<u64>(), last.parse::<u64>()) {
            (Ok(first), Ok(last)) if first > self.covered => {
                self.covered = last;
                let is_glued = misc.split('|').any(|part| part == "SpaceAfter=No");
                self.tokens.push(Token { form: form.to_owned(), is_glued });
            }
            (Ok(_), Ok(_)) => {}
            _ if id.contains('.') => {}
            _ => {
                self.fault.get_or_insert((Fault::Words, format!("{id:?} numbers no token")));
            }
        }
    }

    /// Hands the sentence over, or says why not.
    fn end(&mut self, gather: &mut Gather) -> Result<()> {
        let Self { place, text, tokens, fault, .. } = std::mem::take(self);
        if place == 0 {
            return Ok(());
        }
        let text = text.ok_or((Fault::Missing, "no # text".to_owned()));
        let words = |text: &str| if gather.has_words { places(text, &tokens) } else { Ok(Vec::new()) };
        let found = fault.map_or(Ok(()), Err).and(text).and_then(|text| {
            let words = words(&text).map_err(|note| (Fault::Words, note))?;
            Ok((text, words))
        });
        match found {
            Ok((text, words)) => gather.add_with_words(&text, place, words),
            Err((fault, note)) => {
                gather.fault(fault, place, note);
                Ok(())
            }
        }
    }
}

/// Where each token lies in the text, or what does not fit.
fn places(text: &str, tokens: &[Token]) -> std::result::Result<Vec<Range<usize>>, String> {
    let mut at = 0;
    let mut places = Vec::with_capacity(tokens.len());
    for Token { form, is_glued } in tokens {
        if form.is_empty() || !text[at..].starts_with(form.as_str()) {
            let next: String = text[at..].chars().take(20).collect();
            return Err(format!("{form:?} is not where the text has {next:?}"));
        }
        places.push(at..at + form.len());
        let rest = &text[at + form.len()..];
        let space = rest.len() - rest.trim_start().len();
        match (is_glued, space) {
            (true, 1..) => return Err(format!("a space follows {form:?} in the text")),
            (false, 0) if !rest.is_empty() => return Err(format!("no space follows {form:?} in the text")),
            _ => at += form.len() + space,
        }
    }
    if at < text.len() { Err(format!("the text goes on after its tokens: {:?}", &text[at..])) } else { Ok(places) }
}
