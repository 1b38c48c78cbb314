//! The list of merges in the file: `["a", "b"]` or `"a b"`, in the order of their ranks.

use serde_json::Value;

use super::super::vocabulary::Vocabulary;
use super::rules::Rule;
use crate::tokens::spec::Reason;

/// The rules, by rank. A side or a product that is no piece is an error of the file.
pub fn read(merges: &Value, vocabulary: &Vocabulary) -> Result<Vec<Rule>, Reason> {
    let list = merges.as_array().ok_or_else(|| Reason::new("the merges are no list"))?;
    let mut product = String::new();
    let lines = list.iter().filter(|merge| !merge.as_str().is_some_and(|line| line.starts_with("#version")));
    lines.zip(1..).map(|(merge, born)| rule(merge, born, vocabulary, &mut product)).collect()
}

fn rule(merge: &Value, born: u32, vocabulary: &Vocabulary, product: &mut String) -> Result<Rule, Reason> {
    let (left, right) = sides(merge).ok_or_else(|| Reason::new(format!("merge {born} is no pair: {merge}")))?;
    product.clear();
    product.push_str(left);
    product.push_str(right);
    let place = |text: &str| {
        let missing = || Reason::new(format!("merge {born} needs the piece {text:?}, which is not in the vocabulary"));
        vocabulary.places.get(text).copied().ok_or_else(missing)
    };
    Ok(Rule { left: place(left)?, right: place(right)?, born, product: place(product)? })
}

fn sides(merge: &Value) -> Option<(&str, &str)> {
    match merge {
        Value::String(line) => line.split_once(' ').filter(|(_, right)| !right.contains(' ')),
        Value::Array(pair) if pair.len() == 2 => Some((pair[0].as_str()?, pair[1].as_str()?)),
        _ => None,
    }
}
