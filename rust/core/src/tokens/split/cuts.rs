//! Where a text can be cut before it is split: the proofs behind [`super::Splitter::cuts_at_spaces`].
//!
//! A text A B is cut before B, which begins with the *head* (a space, or what the normalizer made of it). The steps are
//! followed until one proves that a word ends at the cut: then later steps, which take each word alone, do not matter.
//! Until then each step must go *through*: its words for A B are those for A and those for B, but for the last of A and
//! the first of B, which may be one; that one word ends A and begins B, so that the next step is in the same position.
//!
//! - *Each character of a class*, the head in it. `Removed`, `Isolated`: matches are single characters, so a word ends
//!   before the head. `MergedWithNext`: the head is the last of its run that can merge with what follows; if more of the
//!   class stand left of it, they are words that end before it, and else a word without matches ends there. All of them:
//!   whatever stands left and right. `MergedWithPrevious`, `Contiguous`: through.
//! - *Each character of a class*, the head not in it: a stretch without matches ends or goes on at the cut; what is
//!   merged with the stretch is merged on its other side, or is the last of A: through.
//! - *`Whitespace`, `WhitespaceSplit`, `BertPreTokenizer`*: white space is removed. A head that is not white (and not
//!   punctuation) is part of a word: through.
//! - *GPT-2, GPT-4, GPT-4o, `DeepSeek`'s last*: no alternative goes from a character that is not white to a space, none
//!   looks back, and `(?!\S)` holds at the end of A as it does before a space. Every space begins a match or is inside
//!   `\s+`. So if A ends with a character that is not white, its last match ends with it, and the scanner starts afresh
//!   at B. (What the expressions call white, `char::is_whitespace` does too: a test asks for each code point.)
//! - *Digits, kana*: a match has no space, so a stretch between matches ends or goes on at the cut: through.
//! - *A space put before the text*: B begins with one already, A is treated as A B is: through. Likewise `Metaspace`,
//!   which turns the head into its replacement; if it splits, a word begins with each of those, whatever stands left.

use super::Cut;
use super::scan::Rule;
use super::spans::{Behavior, Pattern};
use super::step::Step;
use crate::tokens::spec::Reason;

/// What one step does at a cut.
enum At {
    /// A word ends there: later steps do not matter.
    Cut(Cut),
    /// Either a word ends there or the two words at the cut are one; later steps see this character first.
    Through(char),
}

/// Follows the steps; `head` is what a part begins with.
pub fn prove(steps: &[Step], mut head: char) -> Result<Cut, Reason> {
    for step in steps {
        match at(step, head)? {
            At::Cut(cut) => return Ok(cut),
            At::Through(next) => head = next,
        }
    }
    Ok(Cut::AfterText)
}

fn at(step: &Step, head: char) -> Result<At, Reason> {
    match step {
        Step::Scan(Rule::Digits | Rule::Kana) => Ok(At::Through(head)),
        Step::Scan(_) if head == ' ' => Ok(At::Cut(Cut::AfterWord)),
        Step::Spans { pattern: Pattern::Each(class), behavior, invert: false } => {
            Ok(if class.has(head) { at_match(*behavior, head) } else { At::Through(head) })
        }
        Step::Spans { pattern: Pattern::Runs(..), .. } if head == ' ' => Ok(At::Cut(Cut::AfterAnything)),
        Step::Words(_) if head.is_whitespace() => Ok(At::Cut(Cut::AfterAnything)),
        Step::Words(_) => Ok(At::Through(head)),
        Step::Metaspace { replacement, split, .. } => {
            let head = metaspace(head, replacement)?;
            Ok(if *split { At::Cut(Cut::AfterAnything) } else { At::Through(head) })
        }
        Step::PrefixSpace if head == ' ' => Ok(At::Through(' ')),
        Step::PrefixSpace => Err(Reason::new("a space is put before each part")),
        Step::Spans { pattern: Pattern::Regex(_), .. } => Err(Reason::new(
            "the pre-tokenizer has a regular expression without a scanner: its matches may reach over a space",
        )),
        Step::Scan(_) => Err(Reason::new(format!("the pre-tokenizer breaks at a space, which has become {head:?}"))),
        _ => {
            Err(Reason::new("a part of the pre-tokenizer may reach over a space: a text, an inverted or a mapped one"))
        }
    }
}

fn at_match(behavior: Behavior, head: char) -> At {
    match behavior {
        Behavior::Removed | Behavior::Isolated | Behavior::MergedWithNext => At::Cut(Cut::AfterAnything),
        Behavior::MergedWithPrevious | Behavior::Contiguous => At::Through(head),
    }
}

fn metaspace(head: char, replacement: &str) -> Result<char, Reason> {
    match replacement.chars().next() {
        Some(c) if head == ' ' || head == c => Ok(c),
        _ => Err(Reason::new("Metaspace: it is put before each part")),
    }
}
