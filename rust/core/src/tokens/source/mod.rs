//! Corpora: files of any supported format and compression in, batches of documents out.
//!
//! # Method
//!
//! [`Corpus::open`] finds the files ([`find`](Corpus::passed_over)), looks at the head of each and cuts them into
//! [`Unit`]s that can be read by themselves, in any order, by any thread: chunks of plain files, row groups, record
//! batches, or whole files. [`Corpus::read`] gives the documents of a unit as [`Batch`]es of UTF-8, and a [`Report`] of
//! what was wrong. Where cuts lie depends on sizes only; what the documents are depends on no cut.
//!
//! # What holds
//!
//! - A document is text that is UTF-8 and not empty. An empty one is counted ([`Fault::Empty`]) and in no statistic.
//! - No byte goes from one document into another; line ends between documents are in none.
//! - What is not read is counted and located. A file that another process changes is an error.
//! - Memory is bounded by the longest document, of which one copy is held: of a line it is the line itself, in which a
//!   long JSON string with escapes is unescaped where it lies. Two are held of text in which bytes are replaced, and of
//!   the longest line of documents of several lines; Parquet and Arrow add the batch that it lies in.
//!
//! # Limits
//!
//! Any text may hold NUL. Files are refused for what they certainly are (`head`), not for looking odd.
//!
//! A compressed file is one unit, and so is a CSV file, for a line end may lie inside a quoted field. JSON arrays,
//! archives, UTF-16, UTF-32 and Parquet inside another compression are refused.

mod arrays;
mod batch;
mod blocks;
mod columns;
mod conllu;
mod corpus;
mod csv;
mod escape;
mod faults;
mod file;
mod find;
mod gather;
mod head;
mod ipc;
mod json;
mod jsonl;
mod language;
mod layout;
mod messages;
mod options;
mod pattern;
mod row_groups;
mod stored;
mod table;
mod text;

pub use arrays::Columns;
pub use batch::{Batch, Document, Span};
pub use corpus::{Corpus, Finding, Part, Unit};
pub use faults::{Fault, Faults, Found, Place, Report, SHOWN};
pub use find::PassedOver;
pub use gather::Scratch;
pub use language::{Names, UNDETERMINED};
pub use options::{Compression, Documents, Format, Invalid, Lang, Options};
