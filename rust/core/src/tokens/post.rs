//! Post-processors: what stands around the tokens of a text, and why it may be left out.
//!
//! Without special tokens, the reference's post-processors change type numbers and offsets, and no token; but for a
//! template, which may give a text twice or not at all. The reference tells post-processors by their fields and not by
//! their `type`; only a template has `single`, and only a sequence `processors`.
//!
//! ```
//! use glotgap_core::tokens::post;
//!
//! let one = serde_json::json!({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}}]});
//! assert!(post::check(&one).is_ok());
//! ```

use serde_json::Value;

use crate::tokens::spec::Reason;

/// Whether the tokens of a text stay as they are.
pub fn check(post_processor: &Value) -> Result<(), Reason> {
    if !post_processor.is_object() && !post_processor.is_null() {
        return Err(Reason::new("the post_processor is no object"));
    }
    let parts = |name: &str| post_processor.get(name).and_then(Value::as_array).into_iter().flatten();
    let sequences: Vec<_> = parts("single").filter_map(|piece| piece.get("Sequence")?.get("id")?.as_str()).collect();
    if post_processor.get("single").is_some() && sequences != ["A"] {
        return Err(Reason::new(format!("the post_processor makes {} texts of one", sequences.len())));
    }
    parts("processors").try_for_each(check)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::check;
    use crate::tokens::tokenizer::Tokenizer;

    fn template(sequences: &[&str]) -> Value {
        let pieces: Vec<_> = sequences.iter().map(|id| json!({"Sequence": {"id": id, "type_id": 0}})).collect();
        json!({"type": "TemplateProcessing", "single": pieces, "pair": [], "special_tokens": {}})
    }

    #[test]
    fn a_template_that_repeats_or_drops_the_text_is_left_to_the_reference() {
        let (twice, none) = (template(&["A", "A"]), template(&[]));
        let inside = json!({"type": "Sequence", "processors": [template(&["A"]), twice.clone()]});
        for (post, tokens) in [(template(&["A"]), 3), (twice, 6), (none, 0), (inside, 6), (Value::Null, 3)] {
            let file = json!({"post_processor": post, "model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}});
            let tokenizer = Tokenizer::from_json(&file.to_string()).unwrap_or_else(|e| unreachable!("{e}"));
            assert_eq!(tokenizer.engine().is_some(), tokens == 3, "{post}");
            assert_eq!(tokenizer.ids("aaa").map(|ids| ids.len()).ok(), Some(tokens), "{post}");
        }
    }

    #[test]
    fn what_reads_as_a_template_is_one_whatever_its_type() {
        let mut post = template(&["A", "B"]);
        post["type"] = json!("ByteLevel");
        assert!(check(&post).is_err_and(|reason| reason.0.contains("2 texts")));
    }
}
