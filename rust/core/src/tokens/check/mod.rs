//! Checks of a corpus: what is wrong or odd in its text, counted and located by file and language.
//!
//! # Method
//!
//! One pass over the documents that [`source`](super::source) gives. Each character's `classes` are looked up once;
//! what they cannot settle alone is looked at again, in the documents concerned only:
//!
//! - **Form** (`forms`): where the text differs from its form NFC (UAX #15), segment by segment.
//! - **Marks** (`marks`): characters of no width, and whether each is ordinary where it stands.
//! - **Zawgyi** (`zawgyi`): sequences that no Burmese text in Unicode holds, and Zawgyi is full of.
//! - **Scripts**: letters by their property Script (UAX #24), and the script of most letters of a document.
//! - **Duplicates** (`seen`): documents whose bytes came before, by a hash of 128 bits, in bounded memory.
//!
//! # What holds
//!
//! Figures are integers that add up, firsts are the least of their places: neither threads nor the order in which
//! units are read change a row. What the reader finds ([`Fault`](super::source::Fault)) stays its own report.
//!
//! # Limits
//!
//! Nothing is repaired and no language is guessed. Memory grows with files × languages, by some kilobytes each; that of
//! the hashes has a cap (`seen` says what happens there).

mod classes;
mod excerpt;
mod forms;
mod look;
mod marks;
mod rows;
mod scan;
mod seen;
mod tally;
mod zawgyi;

pub use rows::Row;
pub use scan::{Found, scan};
