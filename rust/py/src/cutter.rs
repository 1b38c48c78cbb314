//! Words that a Python callable finds: strings in the order of the text, or their places.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use glotgap_core::tokens::given::{Cutter, Given};
use glotgap_core::{Error, Result};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::exception;

/// What Python raised on some thread.
pub type Raised = Arc<Mutex<Option<PyErr>>>;

/// A callable that gives the words of a text. Threads take turns, for few segmenters bear two.
pub struct Callable {
    function: Py<PyAny>,
    turn: Mutex<()>,
    raised: Raised,
}

impl Callable {
    /// Calls `function(text)`; what it raises is kept in `raised`.
    pub fn new(function: Py<PyAny>, raised: Raised) -> Self {
        Self { function, turn: Mutex::new(()), raised }
    }
}

impl Cutter for Callable {
    fn cut(
        &self,
        texts: &mut dyn Iterator<Item = &str>,
        given: &mut Given,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        // Waits without the interpreter, which the thread whose turn it is needs.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        Python::attach(|py| {
            for text in texts {
                go_on()?;
                self.words(py, text, given).map_err(|error| {
                    self.raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                    Error::stopped()
                })?;
            }
            Ok(())
        })
    }
}

impl Callable {
    fn words(&self, py: Python<'_>, text: &str, given: &mut Given) -> PyResult<()> {
        let found = self.function.bind(py).call1((text,))?;
        let mut place = Place { text, byte: 0, character: 0 };
        if found.is_instance_of::<PyString>() || found.try_iter().is_err() {
            let what = format!("words returned a {}", found.get_type().name()?);
            return Err(place.wrong(&what));
        }
        for (number, word) in found.try_iter()?.enumerate() {
            given.push(&place.take(number, &word?)?);
        }
        given.end();
        Ok(())
    }
}

/// How far a text's words were found.
struct Place<'a> {
    text: &'a str,
    byte: usize,
    character: usize,
}

impl Place<'_> {
    /// The bytes of word `number`: a string that comes next, or a pair of characters' numbers.
    fn take(&mut self, number: usize, word: &Bound<'_, PyAny>) -> PyResult<Range<usize>> {
        let rest = &self.text[self.byte..];
        let found = if let Ok(word) = word.cast::<PyString>() {
            let word = word.to_str()?;
            rest.find(word).filter(|_| !word.is_empty()).map(|at| (self.byte + at, self.byte + at + word.len()))
        } else if let Ok((start, end)) = word.extract::<(usize, usize)>() {
            let length = end.checked_sub(start).filter(|&length| length > 0);
            let places = start.checked_sub(self.character).zip(length);
            places.and_then(|(skip, length)| Some((self.after(skip)?, self.after(skip + length)?)))
        } else {
            return Err(self.wrong(&format!("word {number} is {}", word.repr()?)));
        };
        let Some((start, end)) = found else {
            let after = self.character;
            return Err(
                self.wrong(&format!("word {number}, {}, is not in the text from character {after} on", word.repr()?))
            );
        };
        self.character += self.text[self.byte..end].chars().count();
        self.byte = end;
        Ok(start..end)
    }

    /// The byte that lies so many characters on.
    fn after(&self, characters: usize) -> Option<usize> {
        let rest = &self.text[self.byte..];
        let mut places = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        places.nth(characters).map(|at| self.byte + at)
    }

    fn wrong(&self, what: &str) -> PyErr {
        let start: String = self.text.chars().take(40).collect();
        let remedy = "return an iterable of the words in order, or of (start, end) in characters, in order";
        exception(&Error::bad_argument(format!("{what} (text {start:?}…)"), remedy))
    }
}
