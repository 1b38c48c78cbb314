//! Scanners: the regular expressions that the large tokenizers share, written out by hand.
//!
//! Each alternative begins with a class of its own or is tried in the order of the expression, and none needs to be
//! backtracked into further than a look at what was passed: so a scanner reads each character once or twice. Classes come
//! from [`super::classes`]. Tests compare every scanner with its expression in the reference's engine.
//!
//! # Quirks kept
//!
//! - The engine reads `\p{N}{1,3}+` as `(\p{N}{1,3})+`: tiktoken's own spelling of cl100k takes digits without end.
//! - `(?i:'s)` also matches U+017F, the long s.

mod cursor;
mod deepseek;
mod gpt2;
mod gpt4;
mod gpt4o;

use cursor::Cursor;

/// An expression that has a scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// GPT-2.
    Gpt2,
    /// GPT-4 and its kin.
    Gpt4 {
        /// Most digits of a word.
        digits: usize,
        /// White space at the end of the text is one word.
        joins_end: bool,
    },
    /// GPT-4o and its kin.
    Gpt4o {
        /// Most digits of a word.
        digits: usize,
        /// Words take contractions with them.
        contractions: bool,
    },
    /// The last expression of `DeepSeek`.
    DeepSeek,
    /// `DeepSeek`'s first: up to three digits.
    Digits,
    /// `DeepSeek`'s second: Chinese and Japanese.
    Kana,
}

const GPT4_WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|";
const GPT4_REST: &str = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const GPT4_TIKTOKEN: &str = r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s";
const DEEPSEEK: &str = r##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##;
const UPPER_LOWER: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+";
const UPPER_ONLY: &str = r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*";
const CONTRACTION: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?";
const GPT4O_REST: &str = r"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// The expression of GPT-2, as the reference's `ByteLevel` has it.
pub const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const GPT2_SPELLINGS: [&str; 3] = [
    GPT2,
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s",
];

/// The spellings of a digit class and how many digits they take.
const DIGITS: [(&str, usize); 3] = [(r"\p{N}", 1), (r"\p{N}{1,3}", 3), (r"\p{N}+", usize::MAX)];

impl Rule {
    /// The scanner of an expression, if it has one; some files hold line ends in the place of `\r` and `\n`.
    pub fn named(expression: &str) -> Option<Self> {
        let expression = &*expression.replace('\r', r"\r").replace('\n', r"\n");
        if GPT2_SPELLINGS.contains(&expression) {
            return Some(Self::Gpt2);
        }
        match expression {
            GPT4_TIKTOKEN => Some(Self::Gpt4 { digits: usize::MAX, joins_end: true }),
            DEEPSEEK => Some(Self::DeepSeek),
            r"\p{N}{1,3}" => Some(Self::Digits),
            "[一-龥\u{3040}-ゟ゠-ヿ]+" => Some(Self::Kana),
            _ => DIGITS.iter().find_map(|&(spelling, digits)| Self::with_digits(expression, spelling, digits)),
        }
    }

    fn with_digits(expression: &str, spelling: &str, digits: usize) -> Option<Self> {
        let is = |parts: &[&str]| expression == parts.concat();
        let (words, capitals) = (UPPER_LOWER, UPPER_ONLY);
        if is(&[GPT4_WORDS, spelling, GPT4_REST]) {
            Some(Self::Gpt4 { digits, joins_end: false })
        } else if is(&[words, CONTRACTION, "|", capitals, CONTRACTION, "|", spelling, GPT4O_REST]) {
            Some(Self::Gpt4o { digits, contractions: true })
        } else if is(&[words, "|", capitals, "|", spelling, GPT4O_REST]) {
            Some(Self::Gpt4o { digits, contractions: false })
        } else {
            None
        }
    }

    /// Whether every character of every text is part of a match.
    pub fn covers(self) -> bool {
        matches!(self, Self::Gpt2 | Self::Gpt4 { .. } | Self::Gpt4o { .. })
    }

    /// Calls `piece` for each match and each stretch between matches.
    #[inline]
    pub fn scan<'t>(self, text: &'t str, piece: &mut impl FnMut(&'t str)) {
        let cursor = Cursor::new(text);
        match self {
            Self::Gpt2 => pieces(text, piece, |at| gpt2::end(cursor, at)),
            Self::Gpt4 { digits, joins_end } => pieces(text, piece, |at| gpt4::end(cursor, at, digits, joins_end)),
            Self::Gpt4o { digits, contractions } => {
                pieces(text, piece, |at| gpt4o::end(cursor, at, digits, contractions));
            }
            Self::DeepSeek => between(cursor, text, piece, |at| deepseek::end(cursor, at)),
            Self::Digits => between(cursor, text, piece, |at| deepseek::digits_end(cursor, at)),
            Self::Kana => between(cursor, text, piece, |at| deepseek::kana_end(cursor, at)),
        }
    }
}

/// Pieces of an expression that covers everything: each begins where the one before ends.
#[inline(always)]
fn pieces<'t>(text: &'t str, piece: &mut impl FnMut(&'t str), end: impl Fn(usize) -> usize) {
    let mut at = 0;
    while at < text.len() {
        let next = end(at);
        piece(&text[at..next]);
        at = next;
    }
}

/// Matches, where there are any (`end` says the place itself if none begins there), and what stands between.
#[inline(always)]
fn between<'t>(cursor: Cursor, text: &'t str, piece: &mut impl FnMut(&'t str), end: impl Fn(usize) -> usize) {
    let (mut from, mut at) = (0, 0);
    while at < text.len() {
        let next = end(at);
        if next == at {
            at += cursor.at(at).1;
            continue;
        }
        if from < at {
            piece(&text[from..at]);
        }
        piece(&text[at..next]);
        (from, at) = (next, next);
    }
    if from < text.len() {
        piece(&text[from..]);
    }
}
