//! Which normalizers can be applied to parts: the proofs behind [`super::Normalizer::locality`].
//!
//! A text is cut into A and B where B begins with a lone space: one ASCII space between two characters that are not
//! white (`char::is_whitespace`). The steps are followed with two facts about what A and B have become:
//!
//! - *head*: B begins with this character, and no step so far joined it to A or to what follows it;
//! - *`keeps_ends`*: A ends with a character that is not white. It follows that A is not empty.
//! - *`spares_head`*: no step has written a `▁` for anything but white space (no normal form does: none of another
//!   character holds it), so that A, which ends with no space, ends with the head only if the text has it there.
//!
//! To prove for each step f: f(A B) = f(A) f(B), where f is told that B stands inside.
//!
//! - *Characters one by one* (lower case, `Nmt`, `ByteLevel`, a `Replace` of one character): by definition.
//!   `StripAccents` and `Nmt` may leave A without its end; `ByteLevel` writes no white character.
//! - *`BertNormalizer`*: cleaning and padding go one by one; decomposition reorders marks between two starters only, and
//!   the space is a starter; dropping marks and lower case go one by one. Ends may go, or gain a space.
//! - *Normal forms*: a space decomposes to itself, is a starter, and no pair of characters that composes has it on either
//!   side (a test asks the tables). So neither reordering nor composition reaches over it. No character that is not
//!   white has a decomposition that ends in white or is empty (a test asks for each).
//! - *`Precompiled`*: graphemes part before a space, except after a character that takes whatever follows it (rule `GB9b`);
//!   such a grapheme is looked up by its first character, which the check asks to begin no entry; then the characters are
//!   looked up one by one. No entry may begin with a space, so that the head stays. Ends may go.
//! - *`Strip`*: A's left end is the text's, B's right end too; A's right end is kept if `keeps_ends`, and is what hides
//!   B's left end, which is not stripped inside.
//! - *`Prepend`*: only at the start, and there only to a text that is not empty: A is not, if ends were kept so far or
//!   nothing has changed it yet.
//! - *`Replace` of a longer string*: no occurrence reaches over the cut if the head is nowhere in the string but at its
//!   start. Occurrences are taken from left to right, and A's are the same with or without B. If the string begins with
//!   the head, the head may change: refused. What is written may end in white: ends are kept only if it does not.
//! - *` {2,}`*: an occurrence that reaches over the cut has a space at the end of A.
//!
//! Anything else is refused.
//!
//! # The start
//!
//! A Metaspace that prepends to the first word only asks whether a word began, before it was normalized, at byte 0
//! ([`super::Normalizer::keeps_start`]). The reference notes for each character where it came from. What drops the first
//! characters (`BertNormalizer`, `Nmt`, `StripAccents`, `Strip` on the left) moves the start, and so does a `Replace` by
//! nothing; one of several characters notes where the last of them stood. All others keep it, `Precompiled` too, which
//! notes nothing of a character that it drops.

use super::step::Step;
use crate::tokens::spec::Reason;

/// What holds after the steps so far.
#[derive(Clone, Copy, Debug)]
pub struct Proof {
    /// What the space has become.
    pub head: char,
    /// A text that ends with a character that is not white still does.
    pub keeps_ends: bool,
    /// Only spaces, and the head itself, become the head.
    pub spares_head: bool,
    /// Whether no step has changed anything yet.
    untouched: bool,
}

/// Follows the steps.
pub fn prove(steps: &[Step]) -> Result<Proof, Reason> {
    let mut proof = Proof { head: ' ', keeps_ends: true, spares_head: true, untouched: true };
    for step in steps {
        proof = follow(proof, step)?;
        proof.untouched = false;
    }
    Ok(proof)
}

/// Whether a text still begins at its first byte, or with a space or `mark`.
pub fn keeps_start(steps: &[Step], mark: &str) -> bool {
    let Some((last, others)) = steps.split_last() else { return true };
    let marks = match last {
        Step::Replace { to, .. } | Step::ReplaceRegex { to, .. } => to.starts_with(' ') || to.starts_with(mark),
        step => step_keeps_start(step),
    };
    marks && others.iter().all(step_keeps_start)
}

fn step_keeps_start(step: &Step) -> bool {
    match step {
        Step::Lowercase(_) | Step::Compose(_) | Step::Bytes(_) | Step::Charsmap(_) | Step::Prepend(_) => true,
        Step::ReplaceByte { to, .. } => !to.is_empty(),
        Step::One(each) => !each.rule().to.is_empty(),
        Step::Strip { left, .. } => !left,
        Step::Nmt(_) | Step::StripAccents(_) | Step::Bert(_) | Step::Replace { .. } | Step::ReplaceRegex { .. } => {
            false
        }
    }
}

fn follow(before: Proof, step: &Step) -> Result<Proof, Reason> {
    let loses_ends = Proof { keeps_ends: false, ..before };
    match step {
        Step::Lowercase(_) | Step::Compose(_) => Ok(before),
        Step::Nmt(_) | Step::StripAccents(_) | Step::Bert(_) => Ok(loses_ends),
        Step::Bytes(_) => Ok(Proof { head: bytes_head(before.head)?, ..before }),
        Step::ReplaceByte { from, to } => replace_one(before, char::from(*from), to),
        Step::One(each) => replace_one(before, each.rule().from, &each.rule().to),
        Step::Charsmap(map) => map.is_local().map(|()| Proof { spares_head: false, ..loses_ends }),
        Step::Strip { .. } if before.keeps_ends => Ok(before),
        Step::Prepend(_) if before.keeps_ends || before.untouched => Ok(before),
        Step::Strip { .. } | Step::Prepend(_) => Err(Reason::new("an earlier step may empty a part of the text")),
        Step::Replace { from, to } => replace(before, from, to),
        Step::ReplaceRegex { from, to } => replace_regex(before, from.pattern(), to),
    }
}

fn bytes_head(head: char) -> Result<char, Reason> {
    if head == ' ' { Ok(super::rules::byte_character(b' ')) } else { Err(Reason::new("ByteLevel: the space is gone")) }
}

fn ends_white(text: &str) -> bool {
    text.chars().next_back().is_none_or(char::is_whitespace)
}

fn replace_one(before: Proof, from: char, to: &str) -> Result<Proof, Reason> {
    // White ends are not A's, so what replaces a white character does not matter.
    let keeps_ends = before.keeps_ends && (from.is_whitespace() || !ends_white(to));
    let head = match (from == before.head, to) {
        (false, _) => before.head,
        (true, " ") => ' ',
        (true, "▁") => '▁',
        _ => return Err(Reason::new(format!("Replace: the space becomes {to:?}"))),
    };
    let spares_head = before.spares_head && (from.is_whitespace() || !to.contains('▁'));
    Ok(Proof { head, keeps_ends, spares_head, ..before })
}

fn replace(before: Proof, from: &str, to: &str) -> Result<Proof, Reason> {
    if from.contains(before.head) {
        return Err(Reason::new(format!("Replace: {from:?} may reach over a space")));
    }
    let spares_head = before.spares_head && !to.contains('▁');
    Ok(Proof { keeps_ends: before.keeps_ends && !ends_white(to), spares_head, ..before })
}

fn replace_regex(before: Proof, from: &str, to: &str) -> Result<Proof, Reason> {
    match from {
        " {2,}" if before.keeps_ends && before.head == ' ' => {
            Err(Reason::new(format!("Replace: \" {{2,}}\" may take the space (by {to:?})")))
        }
        _ => Err(Reason::new(format!("Replace: the regular expression {from:?} may reach over a space"))),
    }
}
