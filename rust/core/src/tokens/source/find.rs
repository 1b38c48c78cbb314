//! Finds the files that paths, directories and patterns name.
//!
//! A directory gives the files in it, at any depth, whose names say a format that is read, sorted by path; what else lies
//! there is passed over and told. A file named by itself or by a pattern is read whatever its name. A file met twice is
//! read once.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::head::named_format;
use crate::error::{Error, Result};

/// A file that was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOver {
    /// The file.
    pub path: PathBuf,
    /// Why it was not taken.
    pub why: &'static str,
}

/// What was found, in order.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<PathBuf>,
    pub(super) passed_over: Vec<PassedOver>,
    met: HashSet<PathBuf>,
}

/// All files that `paths` name; at least one.
pub(super) fn files(paths: &[PathBuf]) -> Result<Found> {
    let mut found = Found::default();
    for path in paths {
        found.path(path)?;
    }
    if found.files.is_empty() {
        let named: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        let what = format!("no corpus file in [{}] ({} passed over)", named.join(", "), found.passed_over.len());
        return Err(Error::bad_argument(
            what,
            "name files, or directories with .txt, .jsonl, .csv, .parquet or .arrow",
        ));
    }
    Ok(found)
}

impl Found {
    fn path(&mut self, path: &Path) -> Result<()> {
        if path == Path::new("-") {
            return self.take(path);
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.directory(path),
            Ok(_) => self.take(path),
            Err(error) => self.pattern(path, &error),
        }
    }

    /// A path that does not exist may be a pattern.
    fn pattern(&mut self, path: &Path, absent: &std::io::Error) -> Result<()> {
        let pattern = path.to_str().filter(|text| text.contains(['*', '?', '[']));
        let Some(pattern) = pattern else { return Err(Error::io("cannot read", absent).in_file(path)) };
        let bad = |e: glob::PatternError| Error::bad_argument(format!("{pattern:?} is no pattern: {e}"), "");
        let before = self.files.len() + self.passed_over.len();
        for matched in glob::glob(pattern).map_err(bad)? {
            let matched = matched.map_err(|e| Error::io("cannot read", e.error()).in_file(e.path()))?;
            self.path(&matched)?;
        }
        if self.files.len() + self.passed_over.len() == before {
            return Err(Error::bad_argument(format!("no file matches {pattern:?}"), "check the pattern"));
        }
        Ok(())
    }

    fn directory(&mut self, path: &Path) -> Result<()> {
        if !self.met.insert(same(path)?) {
            return Ok(());
        }
        let refused = |e: &std::io::Error| Error::io("cannot list the directory", e).in_file(path);
        let entries: Result<Vec<PathBuf>> = fs::read_dir(path)
            .map_err(|e| refused(&e))?
            .map(|entry| entry.map(|it| it.path()).map_err(|e| refused(&e)))
            .collect();
        let mut entries = entries?;
        entries.sort();
        entries.iter().try_for_each(|entry| self.entry(entry))
    }

    fn entry(&mut self, path: &Path) -> Result<()> {
        let metadata = fs::metadata(path).map_err(|e| Error::io("cannot read", &e).in_file(path))?;
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            self.pass_over(path, "hidden");
        } else if metadata.is_dir() {
            return self.directory(path);
        } else if !metadata.is_file() {
            self.pass_over(path, "not a regular file");
        } else if named_format(path).is_none() {
            self.pass_over(path, "its name says no format that is read");
        } else {
            return self.take(path);
        }
        Ok(())
    }

    fn take(&mut self, path: &Path) -> Result<()> {
        let key = if path == Path::new("-") { path.to_owned() } else { same(path)? };
        if self.met.insert(key) {
            self.files.push(path.to_owned());
        } else {
            self.pass_over(path, "named twice");
        }
        Ok(())
    }

    fn pass_over(&mut self, path: &Path, why: &'static str) {
        self.passed_over.push(PassedOver { path: path.to_owned(), why });
    }
}

/// One name for all names of a file.
fn same(path: &Path) -> Result<PathBuf> {
    path.canonicalize().map_err(|e| Error::io("cannot read", &e).in_file(path))
}
