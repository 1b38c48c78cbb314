//! Names of languages, as small numbers that all threads share.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use super::head::bare_name;
use super::options::Lang;
use crate::error::{Error, Result};

/// The language of documents that name none (ISO 639).
pub const UNDETERMINED: &str = "und";

/// More languages than this are taken for a field that holds something else.
const MOST: usize = 10_000;

/// The languages met so far. Numbers follow the order in which threads met the names: sort by name.
#[derive(Debug, Default)]
pub struct Names(RwLock<Table>);

#[derive(Debug, Default)]
struct Table {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Names {
    /// The number of `name`, which is new or not.
    pub fn number(&self, name: &str) -> Result<u32> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).numbers.get(name).copied();
        known.map_or_else(|| self.0.write().unwrap_or_else(PoisonError::into_inner).add(name), Ok)
    }

    /// All names; the place of each is its number.
    pub fn all(&self) -> Vec<Arc<str>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).names.clone()
    }
}

impl Table {
    fn add(&mut self, name: &str) -> Result<u32> {
        if let Some(&number) = self.numbers.get(name) {
            return Ok(number);
        }
        if self.names.len() >= MOST {
            let what = format!("the language field has more than {MOST} values, {name:?} among them");
            return Err(Error::bad_argument(what, "name the field that holds the language"));
        }
        let (name, number): (Arc<str>, _) = (name.into(), self.names.len() as u32);
        self.names.push(Arc::clone(&name));
        self.numbers.insert(name, number);
        Ok(number)
    }
}

/// What one unit met, so that most documents need no lock.
#[derive(Debug, Default)]
pub(super) struct Met {
    last: (String, u32),
    numbers: HashMap<String, u32>,
}

impl Met {
    /// The number of `name`, which is not empty.
    pub(super) fn number(&mut self, name: &str, names: &Names) -> Result<u32> {
        if self.last.0 == name {
            return Ok(self.last.1);
        }
        if !self.numbers.contains_key(name) {
            self.numbers.insert(name.to_owned(), names.number(name)?);
        }
        self.last.0.clear();
        self.last.0.push_str(name);
        self.last.1 = self.numbers[name];
        Ok(self.last.1)
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// The language of all documents of a file, unless a field names each one's.
pub(super) fn of_file(path: &Path, lang: &Lang) -> Result<String> {
    match lang {
        Lang::Fixed(name) if name.is_empty() => {
            Err(Error::bad_argument("the language is empty", "name one, or leave it out"))
        }
        Lang::Fixed(name) => Ok(name.clone()),
        Lang::Filename => of_name(path).ok_or_else(|| unnamed(path, "file's name", "eng.txt or news.srp-Latn.txt")),
        Lang::Directory => of_directory(path).ok_or_else(|| unnamed(path, "directory", "eng/news.txt")),
        Lang::Field(_) | Lang::None => Ok(UNDETERMINED.to_owned()),
    }
}

fn unnamed(path: &Path, part: &str, like: &str) -> Error {
    let remedy = format!("name it like {like}, or give the language itself");
    Error::bad_argument(format!("the {part} holds no language"), remedy).in_file(path)
}

/// The last of the parts between dots that looks like a language; a name of one part needs not look like one.
fn of_name(path: &Path) -> Option<String> {
    let name = bare_name(path);
    if name.contains(char::REPLACEMENT_CHARACTER) {
        return None; // not UTF-8: two such names may look like one
    }
    let named = name.rsplit('.').find(|part| looks_like_language(part)).map(str::to_owned);
    named.or_else(|| (!name.is_empty() && !name.contains('.')).then_some(name))
}

fn of_directory(path: &Path) -> Option<String> {
    let absolute = std::path::absolute(path).ok()?;
    Some(absolute.parent()?.file_name()?.to_str()?.to_owned())
}

/// Whether `part` is a language of two or three letters, with a script or a region or both (BCP 47; `_` as in FLORES).
fn looks_like_language(part: &str) -> bool {
    let mut tags = part.split(['-', '_']);
    let language = tags.next().is_some_and(|tag| matches!(tag.len(), 2 | 3) && all(tag, u8::is_ascii_lowercase));
    language && tags.all(|tag| is_script(tag) || is_region(tag))
}

fn is_script(tag: &str) -> bool {
    tag.len() == 4 && tag.as_bytes()[0].is_ascii_uppercase() && all(&tag[1..], u8::is_ascii_lowercase)
}

fn is_region(tag: &str) -> bool {
    (tag.len() == 2 && all(tag, u8::is_ascii_alphabetic)) || (tag.len() == 3 && all(tag, u8::is_ascii_digit))
}

fn all(tag: &str, is: impl Fn(&u8) -> bool) -> bool {
    tag.bytes().all(|byte| is(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_that_looks_like_a_language_is_taken() {
        let cases = [
            ("newstest2019-ref.srp-Latn.txt", Some("srp-Latn")),
            ("newstest2019-ref.afr.txt.gz", Some("afr")),
            ("eng_Latn.devtest", Some("eng_Latn")),
            ("am.jsonl.zst", Some("am")),
            ("english.txt", Some("english")),
            ("part.00001.txt", None),
            ("caf\u{fffd}.txt", None),
        ];
        for (name, language) in cases {
            assert_eq!(of_name(Path::new(name)).as_deref(), language, "{name}");
        }
    }
}
