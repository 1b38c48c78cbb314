//! Faults of the data: counted in full, the first few of each kind located.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How many places of one kind of fault a unit keeps.
pub const SHOWN: usize = 16;

/// What may be wrong with data that can be read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Fault {
    /// Text that is not UTF-8 (or holds half of a surrogate pair): skipped or replaced, as the options say.
    Invalid,
    /// A document without text. It is in no statistic.
    Empty,
    /// A record without the text field, or with null in it.
    Missing,
    /// The text field holds something else than text.
    NotText,
    /// A line that is not a JSON object.
    Json,
    /// A record that has not as many fields as the header.
    Fields,
    /// Text after a closing quote: it was added to the field.
    Quote,
    /// Tokens that do not fit the text they were cut from.
    Words,
    /// A record without a language, or with one that is not text; counted as undetermined.
    Language,
    /// The data end too early. What was whole was read.
    Truncated,
    /// The data cannot be decoded from some place on. What came before was read.
    Damaged,
    /// A file without a byte in it.
    EmptyFile,
    /// A file or directory that a directory or a pattern led to, and the system does not give.
    Unreadable,
    /// A byte order mark at the start of a file; it was left out.
    Mark,
    /// A document that holds the character NUL; it was kept.
    Nul,
}

impl Fault {
    /// Whether something was not read, so that the counts are not those of the whole corpus.
    #[must_use]
    pub const fn loses(self) -> bool {
        !matches!(self, Self::Empty | Self::Quote | Self::Language | Self::EmptyFile | Self::Mark | Self::Nul)
    }

    /// A few words for people.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Invalid => "invalid UTF-8",
            Self::Empty => "empty document",
            Self::Missing => "no text field",
            Self::NotText => "text is not a string",
            Self::Json => "not a JSON object",
            Self::Fields => "wrong number of fields",
            Self::Quote => "text after a closing quote",
            Self::Words => "words do not fit the text",
            Self::Language => "no language",
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::EmptyFile => "empty file",
            Self::Unreadable => "unreadable file",
            Self::Mark => "byte order mark",
            Self::Nul => "NUL character",
        }
    }
}

/// Where a fault is: the number of a line or a row, from 1, and what was found there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Line or row, from 1, counted from the start of the unit.
    pub number: u64,
    /// What was found; may be empty.
    pub note: String,
}

/// The faults of one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// All of them.
    pub count: u64,
    /// The first [`SHOWN`].
    pub first: Vec<Place>,
}

/// All faults of a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults(BTreeMap<Fault, Found>);

impl Faults {
    /// Adds one at line or row `number` of the unit.
    pub fn add(&mut self, fault: Fault, number: u64, note: impl Into<String>) {
        let found = self.0.entry(fault).or_default();
        found.count += 1;
        if found.first.len() < SHOWN {
            found.first.push(Place { number, note: note.into() });
        }
    }

    /// Adds `count` of this kind: at line or row `number`, and at those that follow.
    pub fn add_run(&mut self, fault: Fault, number: u64, count: u64, note: &str) {
        let shown = count.min(SHOWN as u64);
        (0..shown).for_each(|i| self.add(fault, number + i, note));
        if let Some(found) = self.0.get_mut(&fault) {
            found.count += count - shown;
        }
    }

    /// How many of this kind there are.
    #[must_use]
    pub fn count(&self, fault: Fault) -> u64 {
        self.0.get(&fault).map_or(0, |found| found.count)
    }

    /// Kind by kind.
    pub fn iter(&self) -> impl Iterator<Item = (Fault, &Found)> {
        self.0.iter().map(|(fault, found)| (*fault, found))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the faults of a later unit of the same file, whose first line or row is number `shift` + 1.
    pub fn append(&mut self, other: &Self, shift: u64) {
        for (fault, found) in other.iter() {
            let mine = self.0.entry(fault).or_default();
            mine.count += found.count;
            let room = SHOWN - mine.first.len();
            let moved = |place: &Place| Place { number: place.number + shift, note: place.note.clone() };
            mine.first.extend(found.first.iter().take(room).map(moved));
        }
    }
}

/// What reading one unit came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Documents handed over.
    pub documents: u64,
    /// Their bytes of UTF-8.
    pub text_bytes: u64,
    /// Lines or rows that begin in the unit, whatever became of them.
    pub lines: u64,
    /// Lines of documents of one line that end with CR LF; the CR is in no document.
    #[serde(default)]
    pub crlf: u64,
    /// The first of them, from 1.
    #[serde(default)]
    pub first_crlf: Option<u64>,
    /// What was wrong.
    pub faults: Faults,
}

impl Report {
    /// The report of units that follow each other.
    #[must_use]
    pub fn joined(units: &[Self]) -> Self {
        let mut whole = Self::default();
        for unit in units {
            whole.faults.append(&unit.faults, whole.lines);
            whole.documents += unit.documents;
            whole.text_bytes += unit.text_bytes;
            whole.first_crlf = whole.first_crlf.or(unit.first_crlf.map(|line| whole.lines + line));
            whole.crlf += unit.crlf;
            whole.lines += unit.lines;
        }
        whole
    }

    /// Counts the line that was just read as one that ends with CR LF.
    pub(super) fn add_crlf(&mut self) {
        self.crlf += 1;
        self.first_crlf.get_or_insert(self.lines);
    }
}
