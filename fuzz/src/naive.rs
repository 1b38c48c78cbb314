//! The obvious readers of text lines and of JSON lines: all in memory, line by line.

use std::collections::BTreeMap;

use glotgap_core::tokens::source::{Documents, Fault, Format};
use serde::Deserialize;
use serde_json::Value;

use crate::corpus::Outcome;

/// First bytes of files that the corpus reader decompresses (of Zstandard, also of frames to skip).
const PACKED: [&[u8]; 4] = [b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh"];
/// Deeper than that, serde_json gives up.
const DEEP: usize = 100;

/// What `bytes` hold; none if this is no reader for them.
pub fn read(format: Option<Format>, documents: Documents, bytes: &[u8]) -> Option<Outcome> {
    let packed = PACKED.iter().any(|magic| bytes.starts_with(magic)) || bytes.get(1..4) == Some(b"\x2a\x4d\x18");
    match format {
        Some(Format::Text) if documents == Documents::Line && !packed => Some(lines(bytes, text)),
        Some(Format::JsonLines) if !packed => Some(lines(bytes, json)),
        _ => None,
    }
}

/// A document, or why there is none.
type Line = Result<String, Fault>;

fn lines(bytes: &[u8], line: fn(&str) -> Line) -> Outcome {
    let mut outcome = Outcome { documents: Vec::new(), findings: BTreeMap::new() };
    let mut found = |fault| *outcome.findings.entry(fault).or_default() += 1;
    if bytes.is_empty() {
        found(Fault::EmptyFile);
    }
    let rest = bytes.strip_prefix("\u{feff}".as_bytes());
    rest.iter().for_each(|_| found(Fault::Mark));
    for (number, bytes) in (1..).zip(rest.unwrap_or(bytes).split_inclusive(|&byte| byte == b'\n')) {
        if str::from_utf8(bytes).is_err() {
            found(Fault::Invalid);
        }
        match line(&String::from_utf8_lossy(bytes)) {
            Ok(text) => {
                if text.contains('\0') {
                    found(Fault::Nul);
                }
                outcome.documents.push((number, text));
            }
            Err(fault) => found(fault),
        }
    }
    outcome
}

fn text(line: &str) -> Line {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() { Err(Fault::Empty) } else { Ok(line.to_owned()) }
}

#[derive(Deserialize)]
struct Row {
    /// None when absent; null is a value.
    #[serde(default, deserialize_with = "some")]
    text: Option<Value>,
}

fn some<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

fn json(line: &str) -> Line {
    let object = line.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{');
    match serde_json::from_str::<Row>(line) {
        _ if line.trim_ascii().is_empty() => Err(Fault::Empty),
        Ok(Row { text: Some(Value::String(text)) }) if object && text.is_empty() => Err(Fault::Empty),
        Ok(Row { text: Some(Value::String(text)) }) if object => Ok(text),
        Ok(Row { text: None | Some(Value::Null) }) if object => Err(Fault::Missing),
        Ok(_) if object => Err(Fault::NotText),
        _ => Err(Fault::Json),
    }
}

/// Fails where `ours` is not `truth`; where serde_json cannot know, the lines must add up.
pub fn assert_same(truth: &Outcome, ours: &Outcome, bytes: &[u8]) {
    if serde_may_be_wrong(bytes) {
        assert_eq!(total(ours), total(truth), "documents and findings");
    } else {
        assert_eq!(ours, truth);
    }
}

/// Half of a surrogate pair is an error of the line for serde_json and of the text for us, depth has another limit, and a
/// number too large for its type is one only for serde_json.
fn serde_may_be_wrong(bytes: &[u8]) -> bool {
    let half = bytes.windows(3).any(|it| it.eq_ignore_ascii_case(b"\\ud"));
    let deep = bytes.iter().filter(|&&byte| matches!(byte, b'{' | b'[')).count() > DEEP;
    let large = bytes.windows(2).any(|it| it[0].is_ascii_digit() && matches!(it[1], b'e' | b'E'));
    half || deep || large
}

/// Lines, each a document or a finding; one that is both counts once.
fn total(outcome: &Outcome) -> u64 {
    let both = [Fault::Invalid, Fault::Mark, Fault::Nul];
    let alone = outcome.findings.iter().filter(|(fault, _)| !both.contains(fault)).map(|(_, count)| count);
    outcome.documents.len() as u64 + alone.sum::<u64>()
}
