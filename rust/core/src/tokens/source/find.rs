//! Finds the files that paths, directories and patterns name.
//!
//! A directory gives the files in it, at any depth, whose names say a format that is read, sorted by path; what else lies
//! there is passed over and told. A file named by itself or by a pattern is read whatever its name. A file met twice is
//! read once. What cannot be read is an error where it was named by itself, and elsewhere (a broken link in a directory)
//! a loss that is told, for the rest can be counted.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::head::named_format;
use super::pattern::{self, is_hidden, is_pattern};
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
    /// What a directory or a pattern led to and the system does not give, and why.
    pub(super) unreadable: Vec<(PathBuf, String)>,
    met: HashSet<PathBuf>,
}

/// All files that `paths` name; at least one.
pub(super) fn files(paths: &[PathBuf]) -> Result<Found> {
    let mut found = Found::default();
    for path in paths {
        found.path(path)?;
    }
    if !found.files.is_empty() {
        return Ok(found);
    }
    if let Some((path, why)) = found.unreadable.first() {
        return Err(Error::bad_file(format!("cannot read: {why}"), "and there is nothing else to read").in_file(path));
    }
    let named: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
    let what = format!("no corpus file in [{}] ({} passed over)", named.join(", "), found.passed_over.len());
    Err(Error::bad_argument(what, "name files, or directories with .txt, .jsonl, .csv, .parquet or .arrow"))
}

impl Found {
    /// A path that was named by itself.
    fn path(&mut self, path: &Path) -> Result<()> {
        let refused = |e: &io::Error| Error::io("cannot read", e).in_file(path);
        if path == Path::new("-") {
            return self.take(path).map_err(|e| refused(&e));
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.directory(path).map_err(|e| refused(&e)),
            Ok(_) => self.take(path).map_err(|e| refused(&e)),
            Err(error) => match path.to_str().filter(|text| is_pattern(text)) {
                Some(pattern) => self.pattern(pattern),
                None => Err(refused(&error)),
            },
        }
    }

    fn pattern(&mut self, pattern: &str) -> Result<()> {
        let met = pattern::matches(pattern)?;
        if met.matched.is_empty() && met.unreadable.is_empty() {
            let what = format!("no file matches {pattern:?} ({} are hidden)", met.hidden.len());
            return Err(Error::bad_argument(what, "check the pattern"));
        }
        for path in &met.matched {
            self.reached(path, Self::matched);
        }
        for path in &met.hidden {
            self.pass_over(path, "hidden");
        }
        self.unreadable.extend(met.unreadable.into_iter().map(|(path, error)| (path, error.to_string())));
        Ok(())
    }

    /// A path that a directory or a pattern led to.
    fn reached(&mut self, path: &Path, take: fn(&mut Self, &Path) -> io::Result<()>) {
        if let Err(error) = take(self, path) {
            self.unreadable.push((path.to_owned(), error.to_string()));
        }
    }

    fn matched(&mut self, path: &Path) -> io::Result<()> {
        let metadata = fs::metadata(path)?;
        if metadata.is_dir() {
            return self.directory(path);
        }
        if metadata.is_file() {
            File::open(path)?;
        }
        self.take(path)
    }

    fn directory(&mut self, path: &Path) -> io::Result<()> {
        if !self.met.insert(path.canonicalize()?) {
            return Ok(());
        }
        let mut entries = fs::read_dir(path)?.map(|entry| entry.map(|it| it.path())).collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        for entry in &entries {
            self.reached(entry, Self::entry);
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path) -> io::Result<()> {
        if is_hidden(path) {
            self.pass_over(path, "hidden");
            return Ok(());
        }
        let metadata = fs::metadata(path)?;
        if metadata.is_dir() {
            return self.directory(path);
        }
        if !metadata.is_file() {
            self.pass_over(path, "not a regular file");
        } else if named_format(path).is_none() {
            self.pass_over(path, "its name says no format that is read");
        } else {
            File::open(path)?;
            self.take(path)?;
        }
        Ok(())
    }

    fn take(&mut self, path: &Path) -> io::Result<()> {
        // One name for all names of a file.
        let key = if path == Path::new("-") { path.to_owned() } else { path.canonicalize()? };
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
