//! What a `tokenizer.json` says: the four parts of its chain, its added tokens, and what of it is left out.
//!
//! The file is read as JSON once; each part stays a [`Value`] until the room that knows it reads it. Options that would
//! change counts without being part of the tokenizer (truncation, padding) are taken out and named in
//! [`Spec::left_out`]; `dropout`, which makes tokens random, is refused.
//!
//! ```
//! use glotgap_core::tokens::spec::Spec;
//!
//! let json = r#"{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}, "truncation": {"max_length": 8}}"#;
//! let spec = Spec::parse(json).unwrap();
//! assert_eq!(spec.left_out, ["truncation"]);
//! ```

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};

/// Why the fast engine does not take a part: one line for `plan()`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(pub String);

impl Reason {
    /// The reason in words.
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// A token that is cut out of the text before anything else.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "the fields of the file")]
pub struct AddedToken {
    /// Number of the token.
    pub id: u32,
    /// Its text.
    pub content: String,
    /// Only between characters that are not of a word.
    #[serde(default)]
    pub single_word: bool,
    /// Takes the white space on its left with it.
    #[serde(default)]
    pub lstrip: bool,
    /// Takes the white space on its right with it.
    #[serde(default)]
    pub rstrip: bool,
    /// Is looked for in the normalized text.
    #[serde(default)]
    pub normalized: bool,
    /// Is a special token.
    #[serde(default)]
    pub special: bool,
}

/// The parts of a `tokenizer.json`.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The normalizer, or null.
    pub normalizer: Value,
    /// The pre-tokenizer, or null.
    pub pre_tokenizer: Value,
    /// The model.
    pub model: Value,
    /// The post-processor, or null.
    pub post_processor: Value,
    /// The added tokens, in the order of the file.
    pub added: Vec<AddedToken>,
    /// The options of the file that are left out: "truncation", "padding".
    pub left_out: Vec<&'static str>,
    /// The file without them.
    pub json: String,
}

impl Spec {
    /// Reads the text of a `tokenizer.json`.
    pub fn parse(json: &str) -> Result<Self> {
        let mut whole: Value = serde_json::from_str(json).map_err(|e| not_a_tokenizer(&format!("not JSON: {e}")))?;
        let file = whole.as_object_mut().ok_or_else(|| not_a_tokenizer("not a JSON object"))?;
        let left_out = take_out(file);
        let json = serde_json::to_string(file).map_err(|e| not_a_tokenizer(&e.to_string()))?;
        let mut take = |part: &str| file.remove(part).unwrap_or(Value::Null);
        let added = match take("added_tokens") {
            Value::Null => Vec::new(),
            list => serde_json::from_value(list).map_err(|e| not_a_tokenizer(&format!("added_tokens: {e}")))?,
        };
        let (normalizer, pre_tokenizer, model) = (take("normalizer"), take("pre_tokenizer"), take("model"));
        let post_processor = take("post_processor");
        check_model(&model)?;
        Ok(Self { normalizer, pre_tokenizer, model, post_processor, added, left_out, json })
    }
}

fn take_out(file: &mut serde_json::Map<String, Value>) -> Vec<&'static str> {
    let is_set = |value: Option<Value>| value.is_some_and(|v| !v.is_null());
    ["truncation", "padding"].into_iter().filter(|option| is_set(file.remove(*option))).collect()
}

fn check_model(model: &Value) -> Result<()> {
    if !model.is_object() {
        return Err(not_a_tokenizer("it has no \"model\""));
    }
    check_merges(model)?;
    match model.get("dropout").and_then(Value::as_f64) {
        Some(dropout) if dropout != 0.0 => Err(Error::unsupported(
            format!("the model has dropout {dropout}: its tokens are random"),
            "set \"dropout\" to null in the file",
        )),
        _ => Ok(()),
    }
}

/// The reference cuts the bytes of the prefix off the second half of each merge without a look at them. Where that would
/// leave half a character, its error is no UTF-8, which ends a Python process.
fn check_merges(model: &Value) -> Result<()> {
    let prefix = model.get("continuing_subword_prefix").and_then(Value::as_str).unwrap_or_default();
    let merges = model.get("merges").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    match merges.iter().filter_map(second).find(|half| half.get(prefix.len()..).is_none()) {
        Some(half) => {
            Err(not_a_tokenizer(&format!("{half:?} ends a merge and does not begin with the prefix {prefix:?}")))
        }
        None => Ok(()),
    }
}

/// The second half of a merge: `["a", "b"]`, or `"a b"` in older files.
fn second(merge: &Value) -> Option<&str> {
    match merge {
        Value::String(line) => line.split(' ').nth(1),
        pair => pair.get(1)?.as_str(),
    }
}

fn not_a_tokenizer(why: &str) -> Error {
    Error::bad_file(format!("not a tokenizer.json: {why}"), "give the tokenizer.json that `tokenizers` saves")
}

/// The `type` of a part, or "" where it has none.
pub fn kind(part: &Value) -> &str {
    part.get("type").and_then(Value::as_str).unwrap_or("")
}

/// The flag `name` of a part, or `default`.
pub fn flag(part: &Value, name: &str, default: bool) -> bool {
    part.get(name).and_then(Value::as_bool).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::Spec;

    const MODEL: &str = r#""model": {"type": "BPE", "vocab": {}, "merges": []}"#;

    #[test]
    fn what_would_change_counts_is_left_out_and_named() {
        let spec = Spec::parse(&format!(r#"{{{MODEL}, "truncation": null, "padding": {{"strategy": "x"}}}}"#));
        let spec = spec.unwrap_or_else(|e| unreachable!("{e}"));
        assert_eq!(spec.left_out, ["padding"]);
        assert!(!spec.json.contains("padding"));
    }

    #[test]
    fn what_is_no_tokenizer_is_refused() {
        for json in ["", "[]", "{}", r#"{"model": null}"#, &format!(r#"{{{MODEL}, "added_tokens": 3}}"#)] {
            assert!(Spec::parse(json).is_err(), "{json}");
        }
    }

    #[test]
    fn a_prefix_that_would_cut_a_character_is_refused() {
        for merge in [r#""a é""#, r#"["a", "é"]"#, r#""a ""#] {
            let model = format!(r##"{{"type": "BPE", "continuing_subword_prefix": "#", "merges": [{merge}]}}"##);
            let error = Spec::parse(&format!(r#"{{"model": {model}}}"#)).err();
            assert!(error.is_some_and(|e| e.what.contains("does not begin with the prefix \"#\"")), "{merge}");
        }
    }

    #[test]
    fn random_tokens_are_refused() {
        let json = r#"{"model": {"type": "BPE", "dropout": 0.1, "vocab": {}, "merges": []}}"#;
        assert!(Spec::parse(json).is_err_and(|e| e.what.contains("dropout 0.1")));
    }
}
