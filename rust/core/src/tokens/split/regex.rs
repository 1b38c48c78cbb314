//! Regular expressions of the reference: Oniguruma, as the `tokenizers` crate calls it.

use onig::{MatchParam, Regex, Region, SearchOptions};

use crate::tokens::spec::Reason;

/// A compiled regular expression.
pub struct Expression {
    pattern: String,
    regex: Regex,
}

impl Expression {
    /// Compiles `pattern`.
    pub fn new(pattern: &str) -> Result<Self, Reason> {
        let regex = Regex::new(pattern).map_err(|e| Reason::new(format!("regular expression {pattern:?}: {e}")))?;
        Ok(Self { pattern: pattern.to_owned(), regex })
    }

    /// The pattern as written.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The matches in `text`, from left to right, without an empty match right after another; or why it gave up.
    pub fn matches(&self, text: &str) -> Result<Vec<(usize, usize)>, String> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        let mut region = Region::new();
        let mut from = 0;
        while from <= text.len() {
            let Some((start, end)) = self.next(text, from, &mut region)? else { break };
            if start == end && found.last().is_some_and(|&(_, last)| last == end) {
                from += text[from..].chars().next().map_or(1, char::len_utf8);
            } else {
                found.push((start, end));
                from = end;
            }
        }
        Ok(found)
    }

    fn next(&self, text: &str, from: usize, region: &mut Region) -> Result<Option<(usize, usize)>, String> {
        region.clear();
        let options = SearchOptions::SEARCH_OPTION_NONE;
        let found = self.regex.search_with_param(text, from, text.len(), options, Some(region), MatchParam::default());
        match found {
            Ok(found) => Ok(found.and_then(|_| region.pos(0))),
            Err(e) => Err(format!("the regular expression {:?} gave up: {e}", self.pattern)),
        }
    }
}
