//! One look at a document: its characters once, and again only what their classes do not settle.

use super::classes::{Class, custom};
use super::excerpt::excerpt;
use super::marks::{Before, Verdict, verdict};
use super::tally::{At, Check, Tally};
use super::zawgyi::{self, zawgyi};
use super::{classes, forms};

/// Buffers that one thread carries from document to document.
#[derive(Debug, Default)]
pub(super) struct Look {
    scripts: Vec<Letters>,
    specials: Vec<Special>,
    noted: Vec<Noted>,
}

/// The letters of one script.
#[derive(Clone, Copy, Debug)]
struct Letters {
    script: u8,
    count: u64,
    bytes: u64,
    first: usize,
}

/// A control or format character, or U+FFFD.
#[derive(Clone, Copy, Debug)]
struct Special {
    character: char,
    at: usize,
    before: Before,
}

/// Some occurrences of one check.
#[derive(Clone, Copy, Debug)]
struct Noted {
    check: Check,
    count: u64,
    bytes: u64,
    first: usize,
}

impl Look {
    /// Adds all that is found in `text`, a document `at` its place, to `tally`.
    pub(super) fn take(&mut self, text: &str, at: At, tally: &mut Tally) {
        self.scripts.clear();
        self.specials.clear();
        self.noted.clear();
        let all = self.read(text, at, tally);
        self.note_specials(text);
        if all.is_unsettled() {
            self.note_form(text);
        }
        if self.scripts.iter().any(|letters| zawgyi::concerns(letters.script)) {
            self.note_zawgyi(text);
        }
        for noted in &self.noted {
            tally.of(noted.check).add(noted.count, noted.bytes, at, || excerpt(text, noted.first));
        }
        self.add_scripts(text, at, tally);
    }

    /// Reads all characters; returns their classes together.
    fn read(&mut self, text: &str, at: At, tally: &mut Tally) -> Class {
        let (mut all, mut characters, mut before) = (Class::NONE, 0, ' ');
        let mut run: Option<Letters> = None;
        for (offset, character) in text.char_indices() {
            let class = Class::of(character);
            all = all.and(class);
            characters += 1;
            if class.is_letter() {
                let bytes = character.len_utf8() as u64;
                match &mut run {
                    Some(letters) if letters.script == class.script() => {
                        letters.count += 1;
                        letters.bytes += bytes;
                    }
                    _ => {
                        let next = Letters { script: class.script(), count: 1, bytes, first: offset };
                        self.end_run(run.replace(next));
                    }
                }
            } else if class.is_special() {
                let script = run.map(|letters| letters.script);
                let before = Before { character: before, script };
                self.specials.push(Special { character, at: offset, before });
            }
            before = character;
        }
        self.end_run(run);
        tally.of(Check::Documents).add(characters, text.len() as u64, at, || excerpt(text, 0));
        all
    }

    fn end_run(&mut self, run: Option<Letters>) {
        let Some(run) = run else { return };
        match self.scripts.iter_mut().find(|letters| letters.script == run.script) {
            Some(letters) => {
                letters.count += run.count;
                letters.bytes += run.bytes;
            }
            None => self.scripts.push(run),
        }
    }

    fn note_specials(&mut self, text: &str) {
        let is_rtl = self.scripts.iter().any(|letters| custom(letters.script).is_rtl);
        for special in std::mem::take(&mut self.specials) {
            let class = Class::of(special.character);
            if class.is_control() {
                self.note_control(text, special);
            } else if class.has_no_width() {
                self.note_mark(special, is_rtl);
            } else {
                self.note(Check::Replacement, special);
            }
        }
    }

    fn note_control(&mut self, text: &str, special: Special) {
        match special.character {
            '\0' => self.note(Check::Nul, special),
            '\r' if text[special.at + 1..].starts_with('\n') => self.note(Check::CrLf, special),
            control => {
                self.note(Check::Control, special);
                self.note(Check::ControlIs(control), special);
            }
        }
    }

    fn note_mark(&mut self, special: Special, is_rtl: bool) {
        self.note(Check::ZeroWidth, special);
        self.note(Check::ZeroWidthIs(special.character), special);
        if special.character == '\u{feff}' {
            self.note(Check::MarkInside, special);
        }
        let verdict = verdict(special.character, special.before);
        if verdict == Verdict::Stray || (verdict == Verdict::IfRtl && !is_rtl) {
            self.note(Check::Stray, special);
            self.note(Check::StrayIs(special.character), special);
        }
    }

    fn note(&mut self, check: Check, special: Special) {
        let bytes = special.character.len_utf8() as u64;
        self.add(Noted { check, count: 1, bytes, first: special.at });
    }

    fn add(&mut self, found: Noted) {
        match self.noted.iter_mut().find(|noted| noted.check == found.check) {
            Some(noted) => {
                noted.count += found.count;
                noted.bytes += found.bytes;
            }
            None => self.noted.push(found),
        }
    }

    fn note_form(&mut self, text: &str) {
        for segment in forms::changed(text) {
            let (part, first) = (&text[segment.clone()], segment.start);
            let (count, bytes) = (part.chars().count() as u64, part.len() as u64);
            self.add(Noted { check: Check::NotNfc, count, bytes, first });
        }
    }

    fn note_zawgyi(&mut self, text: &str) {
        if let Some(found) = zawgyi(text) {
            let bytes = text.len() as u64;
            self.add(Noted { check: Check::Zawgyi, count: found.sequences, bytes, first: found.first });
        }
    }

    /// Letters by script; the document counts for the script of most of its letters, the first of equals.
    fn add_scripts(&mut self, text: &str, at: At, tally: &mut Tally) {
        self.scripts.retain(|letters| !classes::is_shared(letters.script));
        let Some(most) = self.scripts.iter().map(|letters| letters.count).max() else { return };
        let main = self.scripts.iter().filter(|letters| letters.count == most).min_by_key(|letters| letters.first);
        let main = main.map(|letters| letters.script);
        for letters in &self.scripts {
            let count = tally.of(Check::Script(letters.script));
            count.documents += u64::from(main == Some(letters.script));
            count.note(letters.count, letters.bytes, at, || excerpt(text, letters.first));
        }
    }
}
