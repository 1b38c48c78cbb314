//! Tokens: exact token counts of whole corpora, for every kind of tokenizer, in bounded memory.
//!
//! # Method
//!
//! The truth is the Hugging Face `tokenizers` crate ([`mod@reference`], pinned). A `tokenizer.json` ([`spec`]) is a chain:
//! added tokens are cut out of the text; what is between them is *normalized*, *split* into words, and each word is
//! tokenized by the *model*. Counts add up over words, so that equal words need to be tokenized once:
//!
//! 1. **Units.** A document is cut before each lone space between two characters that are not white. Every distinct unit
//!    is tokenized once and its counts are multiplied by how often it was seen.
//! 2. **Words.** A unit that was not seen before is normalized ([`normalize`]) and split ([`split`]) as the tokenizer
//!    says; a word seen in another unit is not tokenized again.
//! 3. **Atoms.** A long word is cut where no piece of the vocabulary reaches over: no merge can either.
//! 4. **Model.** What is left is tokenized by the tokenizer's own algorithm ([`model`]): byte-pair encoding (Sennrich et
//!    al. 2016), Unigram (Kudo 2018) or `WordPiece` (Schuster & Nakajima 2012).
//!
//! Each shortcut is used only where a check at load proves that it changes no count of this tokenizer; the proof stands
//! beside the check. What is not proven goes to the reference, whole tokenizer or single document: slower, never wrong.
//!
//! # What holds for every count
//!
//! It equals the reference's `encode(text, add_special_tokens = false)`, whatever the threads, the chunks, the memory
//! and the order of files. Truncation and padding stored in a file are left out and reported; `dropout` is refused.
//!
//! # Limits
//!
//! Text is UTF-8. Counts per language need the language named by its source; it is not guessed.

pub mod added;
pub mod check;
pub mod count;
pub mod counter;
pub mod documents;
pub mod documents_file;
pub mod gather;
pub mod given;
mod key;
pub mod kinds;
mod lane;
pub mod model;
pub mod normalize;
mod order;
pub mod post;
mod recent;
pub mod reference;
pub mod sample;
pub mod scan;
pub mod source;
pub mod spacing;
pub mod spec;
pub mod split;
pub mod supply;
pub mod table;
pub mod tally;
mod times;
pub mod tokenizer;
pub mod totals;
pub mod units;
pub mod walk;
pub mod words;
