//! Patterns of paths: `*`, `?` and `[…]` inside a name, `**` for directories at any depth.
//!
//! A name is matched with U+FFFD in place of what is not UTF-8 in it, so that no file escapes by its name. As in a shell,
//! `*` finds no name that begins with a dot: what such a name would have matched is told. `**` follows no links.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Result};

/// What a pattern met.
#[derive(Debug, Default)]
pub(super) struct Met {
    /// What matches, sorted by name, directory by directory.
    pub(super) matched: Vec<PathBuf>,
    /// What would match if its name did not begin with a dot.
    pub(super) hidden: Vec<PathBuf>,
    /// Directories that could not be listed.
    pub(super) unreadable: Vec<(PathBuf, io::Error)>,
}

/// One part of a pattern, between slashes.
enum Step<'a> {
    Name(&'a OsStr),
    Pattern(glob::Pattern),
    AnyDepth,
}

/// Whether `text` holds what makes a pattern of it.
pub(super) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Everything that `pattern` matches.
pub(super) fn matches(pattern: &str) -> Result<Met> {
    let steps = Path::new(pattern).components().map(step).collect::<std::result::Result<Vec<_>, _>>();
    let steps = steps.map_err(|e| Error::bad_argument(format!("{pattern:?} is no pattern: {e}"), "correct it"))?;
    let mut met = Met::default();
    met.walk(PathBuf::new(), &steps);
    if pattern.ends_with('/') {
        met.matched.retain(|path| path.is_dir());
    }
    Ok(met)
}

fn step(part: Component<'_>) -> std::result::Result<Step<'_>, glob::PatternError> {
    match part.as_os_str() {
        name if name == "**" => Ok(Step::AnyDepth),
        name => match name.to_str().filter(|text| is_pattern(text)) {
            Some(text) => glob::Pattern::new(text).map(Step::Pattern),
            None => Ok(Step::Name(name)),
        },
    }
}

impl Met {
    fn walk(&mut self, base: PathBuf, steps: &[Step]) {
        match steps {
            [] => self.matched.push(base),
            [Step::Name(name), rest @ ..] => {
                let next = base.join(name);
                if fs::symlink_metadata(&next).is_ok() {
                    self.walk(next, rest);
                }
            }
            [Step::Pattern(pattern), rest @ ..] => {
                let open = pattern.as_str().starts_with('.');
                for path in self.list(&base) {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    match pattern.matches(&name) {
                        true if !open && is_hidden(&path) => self.hidden.push(path),
                        true => self.walk(path, rest),
                        false => {}
                    }
                }
            }
            [Step::AnyDepth, rest @ ..] => {
                let inside = self.list(&base);
                self.walk(base, rest);
                let is_directory = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|it| it.is_dir());
                inside.into_iter().filter(is_directory).for_each(|path| self.deeper(path, steps));
            }
        }
    }

    fn deeper(&mut self, directory: PathBuf, steps: &[Step]) {
        if is_hidden(&directory) {
            self.hidden.push(directory);
        } else {
            self.walk(directory, steps);
        }
    }

    /// What lies in a directory, sorted; nothing lies in a file.
    fn list(&mut self, directory: &Path) -> Vec<PathBuf> {
        let here = if directory == Path::new("") { Path::new(".") } else { directory };
        if !here.is_dir() {
            return Vec::new();
        }
        let entries = fs::read_dir(here).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names: Vec<_> = match entries {
            Ok(entries) => entries.iter().map(|entry| directory.join(entry.file_name())).collect(),
            Err(error) => {
                self.unreadable.push((directory.to_owned(), error));
                Vec::new()
            }
        };
        names.sort();
        names
    }
}

/// Whether the name begins with a dot.
pub(super) fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}
