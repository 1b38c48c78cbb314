//! What a caller may say about a corpus.

/// How documents are read; everything has a default.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where a document's language comes from.
    pub lang: Lang,
    /// The field or column that holds the text; `a.b` names field `b` inside `a`.
    pub text_field: String,
    /// What a document is in a plain text file; other formats have one a record.
    pub documents: Documents,
    /// What happens to text that is not UTF-8.
    pub invalid: Invalid,
    /// The format of every file, instead of what their names and contents say.
    pub format: Option<Format>,
    /// Whether `"` quotes fields of CSV and TSV files.
    pub quotes: bool,
    /// Whether the words of CoNLL-U files are read; no other file has any.
    pub words: bool,
    /// Bytes of a plain text or JSON lines file that make one unit; results do not depend on it.
    pub chunk: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            lang: Lang::None,
            text_field: "text".to_owned(),
            documents: Documents::Line,
            invalid: Invalid::Skip,
            format: None,
            quotes: true,
            words: false,
            chunk: 8 << 20,
        }
    }
}

/// Where a document's language comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Every document has this language.
    Fixed(String),
    /// A field or column names it. A document without it is counted as [`super::UNDETERMINED`] and as a fault.
    Field(String),
    /// The last part of the file's name, between dots, that looks like a language code (`news.srp-Latn.txt`).
    Filename,
    /// The directory that holds the file.
    Directory,
    /// No language is known: all documents are [`super::UNDETERMINED`].
    None,
}

/// What a document is in a plain text file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Documents {
    /// A line, without its end (`\n` or `\r\n`; U+2028 and others end no line).
    Line,
    /// The whole file.
    File,
    /// Lines up to a blank one: at most 256 spaces and tabs. The end of the last line is left out.
    Blank,
}

/// What happens to text that is not UTF-8; it is counted and located either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalid {
    /// Its document is left out.
    Skip,
    /// Each longest ill-formed sequence becomes U+FFFD, as Unicode recommends and Python does.
    Replace,
}

/// What a file holds, once decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain text.
    Text,
    /// A JSON object a line.
    JsonLines,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
    /// Tab-separated values with a header.
    Tsv,
    /// CoNLL-U, a sentence a document.
    Conllu,
    /// Apache Parquet.
    Parquet,
    /// An Arrow IPC file (Feather version 2).
    ArrowFile,
    /// An Arrow IPC stream.
    ArrowStream,
}

/// How a file is compressed, as its first bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, any number of members.
    Gzip,
    /// Zstandard, any number of frames, windows up to 2 GB.
    Zstd,
    /// xz, any number of streams.
    Xz,
    /// bzip2, any number of streams.
    Bzip2,
}
