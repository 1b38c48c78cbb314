//! Characters without width, and whether one is ordinary where it stands.
//!
//! They are the format characters (Cf) that are `Default_Ignorable_Code_Point`s: joiners, zero-width spaces, marks of
//! direction, soft hyphens, tags and others. Ordinary is
//!
//! - a joiner or non-joiner (U+200C, U+200D) right after a letter or mark, where the script of the letter joins or forms
//!   conjuncts; a joiner right after an emoji;
//! - a zero-width space (U+200B) where the letter before it is of a script written without spaces;
//! - a mark of direction (U+061C, U+200E, U+200F, U+202A–U+202E, U+2066–U+2069) in a document with letters that run
//!   from right to left;
//! - a soft hyphen (U+00AD) right after a letter or mark; a Mongolian vowel separator (U+180E) after Mongolian;
//! - a tag (U+E0020–U+E007F) right after an emoji or a tag.
//!
//! The scripts are told by properties of their characters: see [`Custom`](super::classes::Custom).

use super::classes::{Class, custom, name};

/// What stands before a mark.
#[derive(Clone, Copy, Debug)]
pub(super) struct Before {
    /// The character right before it; a space where there is none.
    pub(super) character: char,
    /// The script of the last letter; None before the first.
    pub(super) script: Option<u8>,
}

/// Whether a mark is ordinary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Ordinary,
    Stray,
    /// Ordinary in a document with letters that run from right to left.
    IfRtl,
}

/// Whether `mark` is ordinary after `before`.
pub(super) fn verdict(mark: char, before: Before) -> Verdict {
    let class = Class::of(before.character);
    let letter = class.is_letter_or_mark();
    let script = before.script.map(custom).unwrap_or_default();
    let is_ordinary = match mark {
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            return Verdict::IfRtl;
        }
        '\u{200c}' => letter && script.joins,
        '\u{200d}' => (letter && script.joins) || class.is_emoji(),
        '\u{200b}' => script.runs_on,
        '\u{ad}' => letter,
        '\u{180e}' => letter && before.script.is_some_and(|script| name(script) == "Mong"),
        '\u{e0020}'..='\u{e007f}' => class.is_emoji() || matches!(before.character, '\u{e0020}'..='\u{e007e}'),
        _ => false,
    };
    if is_ordinary { Verdict::Ordinary } else { Verdict::Stray }
}
