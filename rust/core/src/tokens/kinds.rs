//! Which tokens say that a vocabulary lacks something: the unknown token, and the byte-fallback tokens `<0x00>`…`<0xFF>`.

use std::collections::HashSet;

use serde_json::Value;

use crate::tokens::reference::Reference;
use crate::tokens::spec::{Spec, flag};

/// The special kinds of a tokenizer's tokens.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    /// The unknown token.
    pub unknown: Option<u32>,
    /// The byte-fallback tokens, where the model uses them.
    pub fallback: HashSet<u32>,
}

impl Kinds {
    /// The kinds of the tokenizer that `spec` describes and `reference` has loaded.
    pub fn new(spec: &Spec, reference: &Reference) -> Self {
        let number = |token: &str| reference.tokenizer().token_to_id(token);
        let by_name = spec.model.get("unk_token").and_then(Value::as_str).and_then(number);
        let by_number = spec.model.get("unk_id").and_then(Value::as_u64).map(|id| id as u32);
        let bytes = if flag(&spec.model, "byte_fallback", false) { 256 } else { 0 };
        let fallback = (0..bytes).filter_map(|byte| number(&format!("<0x{byte:02X}>"))).collect();
        Self { unknown: by_name.or(by_number), fallback }
    }
}
