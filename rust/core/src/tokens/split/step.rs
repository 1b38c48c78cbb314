//! The steps of a pre-tokenizer, as they are written in a file.

use serde_json::Value;

use super::Place;
use super::regex::Expression;
use super::scan::{GPT2, Rule};
use super::spans::{Behavior, Class, Pattern, words};
use super::words::{Words, is_punctuation};
use crate::tokens::normalize::each::Each;
use crate::tokens::normalize::replace_byte;
use crate::tokens::normalize::rules::Bytes;
use crate::tokens::spec::{Reason, flag, kind};

/// One step.
pub enum Step {
    /// Words at and between the matches of an expression that has a scanner.
    Scan(Rule),
    /// Words between white space, and maybe signs.
    Words(Words),
    /// Words between or at matches.
    Spans { pattern: Pattern, behavior: Behavior, invert: bool },
    /// A space before a text that has none.
    PrefixSpace,
    /// Each byte becomes a printable character.
    MapBytes(Box<Each<Bytes>>),
    /// Spaces become `replacement`, and maybe one is put before the text; a word begins with each, if `split`.
    Metaspace { replacement: String, prepend: Prepend, split: bool },
}

/// When a Metaspace is put before a text that does not begin with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prepend {
    /// Always.
    Always,
    /// Before the first word of the text.
    First,
    /// Never.
    Never,
}

/// Splits `text` by `steps`, each of which has a buffer.
pub fn run(
    steps: &[Step],
    text: &str,
    place: Place,
    buffers: &mut [String],
    failure: &mut Option<String>,
    piece: &mut dyn FnMut(&str),
) {
    let (Some((step, rest)), Some((buffer, buffers))) = (steps.split_first(), buffers.split_first_mut()) else {
        if !text.is_empty() {
            piece(text);
        }
        return;
    };
    let mut next = |word: &str| run(rest, word, place, buffers, failure, piece);
    match step {
        Step::Words(words) => words.scan(text, &mut next),
        Step::Scan(rule) => rule.scan(text, &mut next),
        Step::Spans { pattern, behavior, invert } => {
            if let Err(why) = each_word(pattern, *behavior, *invert, text, next) {
                *failure = Some(why);
            }
        }
        Step::PrefixSpace => next(prefix_space(text, buffer)),
        Step::MapBytes(each) => next(map_bytes(each, text, buffer)),
        Step::Metaspace { replacement, prepend, split } => {
            let is_one = metaspace(replacement, *prepend, text, place, buffer);
            if is_one || !split { next(buffer) } else { each_begun(buffer, replacement, next) }
        }
    }
}

fn each_word(
    pattern: &Pattern,
    behavior: Behavior,
    invert: bool,
    text: &str,
    mut piece: impl FnMut(&str),
) -> Result<(), String> {
    let mut spans = pattern.spans(text)?;
    for span in &mut spans {
        span.2 ^= invert;
    }
    for (start, end) in words(spans, behavior) {
        piece(&text[start..end]);
    }
    Ok(())
}

fn prefix_space<'a>(text: &'a str, buffer: &'a mut String) -> &'a str {
    if text.is_empty() || text.starts_with(' ') {
        return text;
    }
    buffer.clear();
    buffer.push(' ');
    buffer.push_str(text);
    buffer
}

fn map_bytes<'a>(each: &Each<Bytes>, text: &'a str, buffer: &'a mut String) -> &'a str {
    buffer.clear();
    if each.apply(text, buffer) { buffer } else { text }
}

/// Writes what becomes of the text; says whether it is one word for certain: it has no `replacement` but at its start.
fn metaspace(replacement: &str, prepend: Prepend, text: &str, place: Place, out: &mut String) -> bool {
    out.clear();
    let prepends = prepend == Prepend::Always || prepend == Prepend::First && place == Place::Start;
    let begins = text.is_empty() || text.starts_with(' ') || text.starts_with(replacement);
    if prepends && !begins {
        out.push_str(replacement);
    }
    let first = replacement.as_bytes().first().copied().unwrap_or(b' ');
    let is_one = memchr::memchr2(b' ', first, text.as_bytes()).is_none();
    if is_one || !replace_byte(text, b' ', replacement, out) {
        out.push_str(text);
    }
    is_one
}

/// The words that begin with `beginning`, and what stands before the first.
pub fn each_begun(text: &str, beginning: &str, mut piece: impl FnMut(&str)) {
    let first = beginning.as_bytes().first().copied().unwrap_or(0);
    let mut from = 0;
    for at in memchr::memchr_iter(first, text.as_bytes()) {
        if from < at && text[at..].starts_with(beginning) {
            piece(&text[from..at]);
            from = at;
        }
    }
    if from < text.len() {
        piece(&text[from..]);
    }
}

/// What the step puts before the first word only.
pub fn first_only(step: &Step) -> Option<&str> {
    match step {
        Step::Metaspace { prepend: Prepend::First, replacement, .. } => Some(replacement),
        _ => None,
    }
}

/// "First" means the first word of the text: only the first step can tell which that is.
pub fn check_first(steps: &[Step]) -> Result<(), Reason> {
    if steps.iter().skip(1).any(|step| first_only(step).is_some()) {
        return Err(Reason::new("a Metaspace that prepends to the first word only is not the first step"));
    }
    Ok(())
}

/// Appends the steps of `part`.
pub fn compile(part: &Value, steps: &mut Vec<Step>) -> Result<(), Reason> {
    if part.is_null() {
        return Ok(());
    }
    match kind(part) {
        "Sequence" => {
            let list = part.get("pretokenizers").and_then(Value::as_array);
            let list = list.ok_or_else(|| missing(part, "pretokenizers"))?;
            return list.iter().try_for_each(|one| no_null(one).and_then(|()| compile(one, steps)));
        }
        "ByteLevel" => byte_level(part, steps)?,
        "Metaspace" => metaspace_steps(part, steps)?,
        "Split" => steps.push(split(part)?),
        "Whitespace" => steps.push(whitespace()?),
        "WhitespaceSplit" => steps.push(Step::Words(Words::new(false))),
        "BertPreTokenizer" => steps.push(Step::Words(Words::new(true))),
        "Punctuation" => steps.push(each(is_punctuation, behavior(part, Some(Behavior::Isolated))?)),
        "Digits" => {
            let individual = part.get("individual_digits").and_then(Value::as_bool);
            let individual = individual.ok_or_else(|| missing(part, "individual_digits"))?;
            steps.push(each(char::is_numeric, if individual { Behavior::Isolated } else { Behavior::Contiguous }));
        }
        "CharDelimiterSplit" => {
            let delimiter = one_character(part, "delimiter")?;
            steps.push(each(move |c| c == delimiter, Behavior::Removed));
        }
        other => return Err(Reason::new(format!("pre_tokenizer {other:?} is not covered"))),
    }
    Ok(())
}

fn no_null(part: &Value) -> Result<(), Reason> {
    if part.is_null() { Err(Reason::new("pre_tokenizer Sequence: a part is null")) } else { Ok(()) }
}

fn each(holds: impl Fn(char) -> bool + Send + Sync + 'static, behavior: Behavior) -> Step {
    Step::Spans { pattern: Pattern::Each(Class::new(holds)), behavior, invert: false }
}

fn byte_level(part: &Value, steps: &mut Vec<Step>) -> Result<(), Reason> {
    let prefix = part.get("add_prefix_space").and_then(Value::as_bool);
    if prefix.ok_or_else(|| missing(part, "add_prefix_space"))? {
        steps.push(Step::PrefixSpace);
    }
    if flag(part, "use_regex", true) {
        steps.push(regex_step(GPT2, Behavior::Isolated, false)?);
    }
    steps.push(Step::MapBytes(Box::new(Each::new(Bytes))));
    Ok(())
}

fn metaspace_steps(part: &Value, steps: &mut Vec<Step>) -> Result<(), Reason> {
    let replacement = one_character(part, "replacement")?;
    let prepend = scheme(part)?;
    let split = flag(part, "split", true);
    steps.push(Step::Metaspace { replacement: replacement.to_string(), prepend, split });
    Ok(())
}

fn scheme(part: &Value) -> Result<Prepend, Reason> {
    let prepend = match part.get("prepend_scheme").map(Value::as_str) {
        None | Some(Some("always")) => Prepend::Always,
        Some(Some("first")) => Prepend::First,
        Some(Some("never")) => Prepend::Never,
        Some(_) => return Err(missing(part, "prepend_scheme")),
    };
    if prepend != Prepend::Never && !flag(part, "add_prefix_space", true) {
        return Err(Reason::new("Metaspace: add_prefix_space does not match prepend_scheme"));
    }
    Ok(prepend)
}

fn split(part: &Value) -> Result<Step, Reason> {
    let sought = part.get("pattern").ok_or_else(|| missing(part, "pattern"))?;
    let written = |name: &str| sought.get(name).and_then(Value::as_str);
    let invert = part.get("invert").and_then(Value::as_bool).ok_or_else(|| missing(part, "invert"))?;
    let behavior = behavior(part, None)?;
    match (written("String"), written("Regex")) {
        (Some(""), _) => Err(Reason::new("Split: its pattern is empty")),
        (Some(text), None) => Ok(Step::Spans { pattern: Pattern::Text(text.to_owned()), behavior, invert }),
        (None, Some(regex)) => regex_step(regex, behavior, invert),
        _ => Err(missing(part, "pattern")),
    }
}

/// A scanner where there is one and all that it gives are words; else the reference's engine.
fn regex_step(regex: &str, behavior: Behavior, invert: bool) -> Result<Step, Reason> {
    match (Rule::named(regex), behavior) {
        (Some(rule), Behavior::Isolated) => Ok(Step::Scan(rule)),
        (Some(rule), Behavior::Removed) if invert && rule.covers() => Ok(Step::Scan(rule)),
        _ => Ok(Step::Spans { pattern: Pattern::Regex(Expression::new(regex)?), behavior, invert }),
    }
}

/// `\w+|[^\w\s]+` of the `regex` crate: what is neither is removed.
fn whitespace() -> Result<Step, Reason> {
    let word = ::regex::Regex::new(r"\w").map_err(|e| Reason::new(e.to_string()))?;
    let other = ::regex::Regex::new(r"[^\w\s]").map_err(|e| Reason::new(e.to_string()))?;
    let class = |regex: ::regex::Regex| Class::new(move |c| regex.is_match(c.encode_utf8(&mut [0; 4])));
    let pattern = Pattern::Runs(class(word), class(other));
    Ok(Step::Spans { pattern, behavior: Behavior::Removed, invert: true })
}

fn behavior(part: &Value, default: Option<Behavior>) -> Result<Behavior, Reason> {
    match part.get("behavior") {
        None => default,
        Some(name) => name.as_str().and_then(Behavior::named),
    }
    .ok_or_else(|| missing(part, "behavior"))
}

fn one_character(part: &Value, name: &str) -> Result<char, Reason> {
    let mut text = part.get(name).and_then(Value::as_str).unwrap_or_default().chars();
    match (text.next(), text.next()) {
        (Some(c), None) => Ok(c),
        _ => Err(missing(part, name)),
    }
}

fn missing(part: &Value, name: &str) -> Reason {
    Reason::new(format!("pre_tokenizer {}: no {name:?} that is known", kind(part)))
}
