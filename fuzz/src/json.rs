//! Changes to JSON that leave it JSON, so that a fuzzer tries what a file says and not how it is spelled.

use serde_json::{Value, json};

/// Parts of a `tokenizer.json` that two of them may exchange.
const PARTS: [&str; 5] = ["normalizer", "pre_tokenizer", "model", "added_tokens", "post_processor"];

/// The choices that one number makes (`SplitMix64`).
pub struct Choices(pub u64);

impl Choices {
    /// A number below `count`, which is not 0.
    pub fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % count as u64) as usize
    }
}

/// Changes one place of `whole`.
pub fn mutate(whole: &mut Value, choices: &mut Choices) {
    let copy = any(whole, choices).clone();
    let place = any(whole, choices);
    match (choices.below(6), place) {
        (0, Value::Object(fields)) => remove_field(fields, choices),
        (1, Value::Object(fields)) => rename_field(fields, choices),
        (0, Value::Array(items)) if !items.is_empty() => drop(items.remove(choices.below(items.len()))),
        (1, Value::Array(items)) => items.push(copy),
        (2, Value::Array(items)) if !items.is_empty() => items.push(items[choices.below(items.len())].clone()),
        (3, place) => *place = copy,
        (_, place @ (Value::Object(_) | Value::Array(_))) => mutate_inside(place, choices),
        (_, place) => *place = leaf(choices),
    }
}

/// Gives `whole` a part of `other`; or both, one after the other.
pub fn cross(whole: &mut Value, other: &Value, choices: &mut Choices) {
    let part = PARTS[choices.below(PARTS.len())];
    let (Some(whole), Some(theirs)) = (whole.as_object_mut(), other.get(part)) else { return };
    let ours = whole.remove(part).unwrap_or_default();
    let both = match part {
        "normalizer" if choices.below(2) == 0 => json!({"type": "Sequence", "normalizers": [ours, theirs]}),
        "pre_tokenizer" if choices.below(2) == 0 => json!({"type": "Sequence", "pretokenizers": [ours, theirs]}),
        _ => theirs.clone(),
    };
    whole.insert(part.to_owned(), both);
}

/// Some value inside `whole`, or `whole`; each level is left with one chance in five.
fn any<'a>(whole: &'a mut Value, choices: &mut Choices) -> &'a mut Value {
    let count = match whole {
        Value::Object(fields) => fields.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    if count == 0 || choices.below(5) == 0 {
        return whole;
    }
    let chosen = choices.below(count);
    match whole {
        Value::Object(fields) => any(fields.values_mut().nth(chosen).expect("a field"), choices),
        Value::Array(items) => any(&mut items[chosen], choices),
        _ => unreachable!("it has members"),
    }
}

fn mutate_inside(place: &mut Value, choices: &mut Choices) {
    let inside = any(place, choices);
    if !inside.is_object() && !inside.is_array() {
        *inside = leaf(choices);
    }
}

type Fields = serde_json::Map<String, Value>;

fn name(fields: &Fields, choices: &mut Choices) -> Option<String> {
    let count = fields.len();
    if count == 0 { None } else { fields.keys().nth(choices.below(count)).cloned() }
}

fn remove_field(fields: &mut Fields, choices: &mut Choices) {
    if let Some(name) = name(fields, choices) {
        fields.remove(&name);
    }
}

/// A piece of a vocabulary gets another text.
fn rename_field(fields: &mut Fields, choices: &mut Choices) {
    let Some(value) = name(fields, choices).and_then(|name| fields.remove(&name)) else { return };
    if let Value::String(new) = text(choices) {
        fields.insert(new, value);
    }
}

fn leaf(choices: &mut Choices) -> Value {
    match choices.below(8) {
        0 => Value::Null,
        1 => Value::Bool(choices.below(2) == 0),
        2 => [json!(-1), json!(0.5), json!(1e30), json!(u32::MAX), json!(1_u64 << 32)][choices.below(5)].clone(),
        3 => json!(choices.below(5)),
        _ => text(choices),
    }
}

fn text(choices: &mut Choices) -> Value {
    const TEXTS: [&str; 32] = [
        "", " ", "  ", "a", "e", "aa", "e ", " e", "b", "é", "e\u{301}", "\u{301}", "▁", "▁a", "Ġ", "##", "##e",
        "</w>", "<unk>", "<0x41>", "日", "🇫", "\u{200d}", ".", "\\s+", "x*", "^", "$|e", "(?=e)", "[", "first",
        "always",
    ];
    json!(TEXTS[choices.below(TEXTS.len())])
}
