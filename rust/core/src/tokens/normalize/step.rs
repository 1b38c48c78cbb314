//! The steps of a normalizer, as they are written in a file.

use serde_json::Value;

use super::Place;
use super::charsmap::Charsmap;
use super::compose::{Compose, Form};
use super::each::Each;
use super::rules::{Bert, Bytes, Lowercase, Nmt, One, StripAccents};
use crate::tokens::spec::{Reason, kind};
use crate::tokens::split::regex::Expression;

/// One step.
pub enum Step {
    Lowercase(Each<Lowercase>),
    StripAccents(Each<StripAccents>),
    Nmt(Each<Nmt>),
    Bytes(Each<Bytes>),
    Bert(Each<Bert>),
    One(Each<One>),
    Compose(Compose),
    Charsmap(Box<Charsmap>),
    Strip { left: bool, right: bool },
    Prepend(String),
    ReplaceByte { from: u8, to: String },
    Replace { from: String, to: String },
    ReplaceRegex { from: Expression, to: String },
}

impl Step {
    /// Appends the normalized text to the empty `out` and says true; or says false: the text stays.
    pub fn apply(&self, text: &str, place: Place, out: &mut String, failure: &mut Option<String>) -> bool {
        match self {
            Step::Lowercase(each) => each.apply(text, out),
            Step::StripAccents(each) => each.apply(text, out),
            Step::Nmt(each) => each.apply(text, out),
            Step::Bytes(each) => each.apply(text, out),
            Step::Bert(each) => each.apply(text, out),
            Step::ReplaceByte { from, to } => super::replace_byte(text, *from, to, out),
            Step::One(each) => each.apply(text, out),
            Step::Compose(form) => form.apply(text, out),
            Step::Charsmap(map) => map.apply(text, out),
            Step::Strip { left, right } => strip(text, *left && place != Place::Inside, *right, out),
            Step::Prepend(before) => place != Place::Inside && prepend(before, text, out),
            Step::Replace { from, to } => {
                replace(text, text.match_indices(from.as_str()).map(|(at, m)| (at, at + m.len())), to, out)
            }
            Step::ReplaceRegex { from, to } => match from.matches(text) {
                Ok(matches) => replace(text, matches.into_iter(), to, out),
                Err(why) => {
                    *failure = Some(why);
                    false
                }
            },
        }
    }
}

fn strip(text: &str, left: bool, right: bool, out: &mut String) -> bool {
    let mut rest = if left { text.trim_start() } else { text };
    rest = if right { rest.trim_end() } else { rest };
    out.push_str(if rest.len() < text.len() { rest } else { "" });
    rest.len() < text.len()
}

fn prepend(before: &str, text: &str, out: &mut String) -> bool {
    let prepends = !text.is_empty() && !before.is_empty();
    if prepends {
        out.push_str(before);
        out.push_str(text);
    }
    prepends
}

fn replace(text: &str, matches: impl Iterator<Item = (usize, usize)>, to: &str, out: &mut String) -> bool {
    let mut copied = None;
    for (start, end) in matches {
        out.push_str(&text[copied.unwrap_or(0)..start]);
        out.push_str(to);
        copied = Some(end);
    }
    out.push_str(copied.map_or("", |end| &text[end..]));
    copied.is_some()
}

/// Appends the steps of `normalizer`.
pub fn compile(normalizer: &Value, steps: &mut Vec<Step>) -> Result<(), Reason> {
    if normalizer.is_null() {
        return Ok(());
    }
    steps.push(match kind(normalizer) {
        "Sequence" => {
            let list = normalizer.get("normalizers").and_then(Value::as_array);
            let list = list.ok_or_else(|| Reason::new("normalizer Sequence: no \"normalizers\""))?;
            return list.iter().try_for_each(|part| no_null(part).and_then(|()| compile(part, steps)));
        }
        "NFC" => Step::Compose(Compose::new(Form::C)),
        "NFD" => Step::Compose(Compose::new(Form::D)),
        "NFKC" => Step::Compose(Compose::new(Form::KC)),
        "NFKD" => Step::Compose(Compose::new(Form::KD)),
        "Lowercase" => Step::Lowercase(Each::new(Lowercase)),
        "StripAccents" => Step::StripAccents(Each::new(StripAccents)),
        "Nmt" => Step::Nmt(Each::new(Nmt)),
        "ByteLevel" => Step::Bytes(Each::new(Bytes)),
        "BertNormalizer" => Step::Bert(Each::new(bert(normalizer)?)),
        "Strip" => Step::Strip { left: option(normalizer, "strip_left")?, right: option(normalizer, "strip_right")? },
        "Prepend" => Step::Prepend(text(normalizer, "prepend")?.to_owned()),
        "Precompiled" => Step::Charsmap(Box::new(Charsmap::new(text(normalizer, "precompiled_charsmap")?)?)),
        "Replace" => replacement(normalizer)?,
        other => return Err(Reason::new(format!("normalizer {other:?} is not known"))),
    });
    Ok(())
}

fn no_null(part: &Value) -> Result<(), Reason> {
    if part.is_null() { Err(Reason::new("normalizer Sequence: a part is null")) } else { Ok(()) }
}

fn bert(part: &Value) -> Result<Bert, Reason> {
    let lowercase = option(part, "lowercase")?;
    let strip_accents = match part.get("strip_accents") {
        None | Some(Value::Null) => lowercase,
        Some(_) => option(part, "strip_accents")?,
    };
    Ok(Bert {
        clean_text: option(part, "clean_text")?,
        handle_chinese_chars: option(part, "handle_chinese_chars")?,
        strip_accents,
        lowercase,
    })
}

fn replacement(part: &Value) -> Result<Step, Reason> {
    let to = text(part, "content")?.to_owned();
    let pattern = part.get("pattern").unwrap_or(&Value::Null);
    if pattern.get("Regex").is_some() {
        return Ok(Step::ReplaceRegex { from: Expression::new(text(pattern, "Regex")?)?, to });
    }
    let from = text(pattern, "String")?;
    let mut characters = from.chars();
    match (characters.next(), characters.next()) {
        (None, _) => Err(Reason::new("normalizer Replace: its pattern is empty")),
        (Some(from), None) if from.is_ascii() => Ok(Step::ReplaceByte { from: from as u8, to }),
        (Some(from), None) => Ok(Step::One(Each::new(One { from, to }))),
        _ => Ok(Step::Replace { from: from.to_owned(), to }),
    }
}

fn option(part: &Value, name: &str) -> Result<bool, Reason> {
    part.get(name).and_then(Value::as_bool).ok_or_else(|| missing(part, name))
}

fn text<'a>(part: &'a Value, name: &str) -> Result<&'a str, Reason> {
    part.get(name).and_then(Value::as_str).ok_or_else(|| missing(part, name))
}

fn missing(part: &Value, name: &str) -> Reason {
    Reason::new(format!("normalizer {}: no {name:?}", kind(part)))
}
