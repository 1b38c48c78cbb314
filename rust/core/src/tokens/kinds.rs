//! Which tokens say that a vocabulary lacks something: the unknown token, and the byte-fallback tokens `<0x00>`…`<0xFF>`.

use serde_json::Value;

use crate::tokens::reference::Reference;
use crate::tokens::spec::{Spec, flag};

/// The special kinds of a tokenizer's tokens.
#[derive(Clone, Debug, Default)]
pub struct Kinds {
    /// The unknown token.
    pub unknown: Option<u32>,
    /// Whether a token is a byte-fallback token, as far as the last of them; empty where the model uses none.
    fallback: Vec<bool>,
}

impl Kinds {
    /// The kinds of the tokenizer that `spec` describes and `reference` has loaded.
    pub fn new(spec: &Spec, reference: &Reference) -> Self {
        let number = |token: &str| reference.tokenizer().token_to_id(token);
        let by_name = spec.model.get("unk_token").and_then(Value::as_str).and_then(number);
        let by_number = spec.model.get("unk_id").and_then(Value::as_u64).map(|id| id as u32);
        let bytes = if flag(&spec.model, "byte_fallback", false) { 256 } else { 0 };
        let tokens: Vec<usize> =
            (0..bytes).filter_map(|byte| number(&format!("<0x{byte:02X}>"))).map(|token| token as usize).collect();
        let mut fallback = vec![false; tokens.iter().max().map_or(0, |last| last + 1)];
        for token in tokens {
            fallback[token] = true;
        }
        Self { unknown: by_name.or(by_number), fallback }
    }

    /// Whether a token stands for one byte of a text that the vocabulary lacks.
    #[inline]
    pub fn is_fallback(&self, token: u32) -> bool {
        self.fallback.get(token as usize).copied().unwrap_or(false)
    }

    /// The byte-fallback tokens.
    pub fn fallback(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.fallback).filter_map(|(token, &is_fallback)| is_fallback.then_some(token))
    }
}
