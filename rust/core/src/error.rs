//! The one error of the crate: what kind, what was wrong, where, and what to do about it.

use std::fmt;
use std::path::Path;

/// What went wrong, in the classes that a caller treats apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The file is absent, damaged, or not what it says it is.
    BadFile,
    /// An argument is out of range or does not fit the input.
    BadArgument,
    /// The input is sound, but this crate does not read it.
    Unsupported,
    /// The caller asked the work to stop.
    Stopped,
}

/// An error with its place (file, tensor) and a remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The class of the error.
    pub kind: Kind,
    /// What was wrong and what was given.
    pub what: String,
    /// What the reader can do about it; may be empty.
    pub remedy: String,
    /// The file concerned, if any.
    pub file: Option<String>,
    /// The tensor concerned, if any.
    pub tensor: Option<String>,
}

/// The result of everything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of `kind` with no place yet.
    pub fn new(kind: Kind, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, what: what.into(), remedy: remedy.into(), file: None, tensor: None }
    }

    /// The file is damaged.
    pub fn bad_file(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Kind::BadFile, what, remedy)
    }

    /// The argument does not fit.
    pub fn bad_argument(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Kind::BadArgument, what, remedy)
    }

    /// Sound input that this crate does not read.
    pub fn unsupported(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, what, remedy)
    }

    /// The caller asked to stop.
    pub fn stopped() -> Self {
        Self::new(Kind::Stopped, "stopped by the caller", "")
    }

    /// The operating system refused; `what` says what was tried.
    pub fn io(what: &str, cause: &std::io::Error) -> Self {
        Self::bad_file(format!("{what}: {cause}"), "check that the path exists and can be read")
    }

    /// The same error, placed in `file` unless it already has a file.
    #[must_use]
    pub fn in_file(mut self, file: &Path) -> Self {
        self.file.get_or_insert_with(|| file.display().to_string());
        self
    }

    /// The same error, placed in `tensor` unless it already has one.
    #[must_use]
    pub fn in_tensor(mut self, tensor: &str) -> Self {
        self.tensor.get_or_insert_with(|| tensor.to_owned());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}: ")?;
        }
        if let Some(tensor) = &self.tensor {
            write!(f, "tensor {tensor:?}: ")?;
        }
        write!(f, "{}", self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "; {}", self.remedy) }
    }
}

impl std::error::Error for Error {}
