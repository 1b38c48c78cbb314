//! One look at a document: its characters once, and again only what their classes do not settle.

use icu_properties::props::CanonicalCombiningClass;

use super::classes::{self, Class, LATIN, combining, custom};
use super::excerpt::excerpt;
use super::forms;
use super::marks::{Before, Verdict, verdict};
use super::tally::{At, Check, Tally};
use super::zawgyi::{self, zawgyi};

/// Bytes that are looked at together where they are plain ASCII.
const BLOCK: usize = 8;

/// Bytes, or a few more, that are looked at character by character after a block that is not plain.
const STRIDE: usize = 64;

/// Buffers that one thread carries from document to document; what they hold does not grow with its length.
#[derive(Debug, Default)]
pub(super) struct Look {
    scripts: Vec<Letters>,
    noted: Vec<Noted>,
    /// Marks that are ordinary if the document has letters that run from right to left.
    directional: Vec<Noted>,
}

/// The letters of one script.
#[derive(Clone, Copy, Debug)]
struct Letters {
    script: u8,
    count: u64,
    bytes: u64,
    first: usize,
}

/// How far a document was read.
#[derive(Clone, Copy)]
struct Reading {
    /// The classes of all characters together.
    all: Class,
    characters: u64,
    /// The last letters, of one script.
    run: Option<Letters>,
    /// The last mark with a combining class.
    mark: Mark,
    /// Whether all such marks are in canonical order.
    is_ordered: bool,
}

#[derive(Clone, Copy)]
struct Mark {
    end: usize,
    class: CanonicalCombiningClass,
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
        self.noted.clear();
        self.directional.clear();
        let Reading { all, characters, is_ordered, .. } = self.read(text);
        tally.of(Check::Documents).add(characters, text.len() as u64, at, || excerpt(text, 0));
        self.settle_directional();
        if all.is_unsettled() || !is_ordered {
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

    fn read(&mut self, text: &str) -> Reading {
        let mark = Mark { end: 0, class: CanonicalCombiningClass::NotReordered };
        let mut reading = Reading { all: Class::NONE, characters: 0, run: None, mark, is_ordered: true };
        let mut at = 0;
        while at < text.len() {
            at = match text.as_bytes()[at..].first_chunk().copied().and_then(plain_letters) {
                Some(letters) => self.read_plain(at, letters, &mut reading),
                None => self.read_stride(text, at, &mut reading),
            };
        }
        reading.run.into_iter().for_each(|run| self.end_run(run));
        reading
    }

    #[inline]
    fn read_plain(&mut self, at: usize, letters: u64, reading: &mut Reading) -> usize {
        reading.characters += BLOCK as u64;
        if letters != 0 {
            let (count, first) = (u64::from(letters.count_ones()), at + letters.trailing_zeros() as usize / 8);
            self.add_letters(&mut reading.run, Letters { script: LATIN, count, bytes: count, first });
        }
        at + BLOCK
    }

    #[inline]
    fn read_stride(&mut self, text: &str, start: usize, reading: &mut Reading) -> usize {
        let (table, mut at) = (classes::all(), start);
        let Reading { mut all, mut characters, mut run, mut mark, mut is_ordered } = *reading;
        for character in text[start..].chars() {
            let class = Class::among(table, character);
            all = all.and(class);
            characters += 1;
            if class.is_letter() {
                let bytes = character.len_utf8() as u64;
                self.add_letters(&mut run, Letters { script: class.script(), count: 1, bytes, first: at });
            } else if class.is_special() {
                self.note_special(text, at, character, run.map(|letters| letters.script));
            } else if class.combines() {
                let class = combining(character);
                is_ordered &= mark.end < at || mark.class <= class;
                mark = Mark { end: at + character.len_utf8(), class };
            }
            at += character.len_utf8();
            if at >= start + STRIDE {
                break;
            }
        }
        *reading = Reading { all, characters, run, mark, is_ordered };
        at
    }

    /// Adds letters to a run of the same script, or begins another.
    #[inline]
    fn add_letters(&mut self, run: &mut Option<Letters>, more: Letters) {
        match run {
            Some(letters) if letters.script == more.script => {
                letters.count += more.count;
                letters.bytes += more.bytes;
            }
            _ => run.replace(more).into_iter().for_each(|run| self.end_run(run)),
        }
    }

    fn end_run(&mut self, run: Letters) {
        match self.scripts.iter_mut().find(|letters| letters.script == run.script) {
            Some(letters) => {
                letters.count += run.count;
                letters.bytes += run.bytes;
            }
            None => self.scripts.push(run),
        }
    }

    /// A control or format character, or U+FFFD; `script` is that of the last letter before it.
    #[cold]
    fn note_special(&mut self, text: &str, at: usize, character: char, script: Option<u8>) {
        if character == char::REPLACEMENT_CHARACTER {
            self.note(Check::Replacement, character, at);
        } else if !character.is_control() {
            let before = Before { character: text[..at].chars().next_back().unwrap_or(' '), script };
            self.note_mark(character, at, verdict(character, before));
        } else if character == '\0' {
            self.note(Check::Nul, character, at);
        } else if character == '\r' && text[at..].starts_with("\r\n") {
            self.note(Check::CrLf, character, at);
        } else {
            self.note(Check::Control, character, at);
            self.note(Check::ControlIs(character), character, at);
        }
    }

    fn note_mark(&mut self, mark: char, at: usize, verdict: Verdict) {
        self.note(Check::ZeroWidth, mark, at);
        self.note(Check::ZeroWidthIs(mark), mark, at);
        if mark == '\u{feff}' {
            self.note(Check::MarkInside, mark, at);
        }
        let stray = [Check::Stray, Check::StrayIs(mark)];
        match verdict {
            Verdict::Ordinary => {}
            Verdict::Stray => stray.into_iter().for_each(|check| self.note(check, mark, at)),
            Verdict::IfRtl => stray.into_iter().for_each(|check| add(&mut self.directional, one(check, mark, at))),
        }
    }

    fn note(&mut self, check: Check, character: char, at: usize) {
        add(&mut self.noted, one(check, character, at));
    }

    fn settle_directional(&mut self) {
        if !self.scripts.iter().any(|letters| custom(letters.script).is_rtl) {
            self.directional.iter().for_each(|&stray| add(&mut self.noted, stray));
        }
    }

    fn note_form(&mut self, text: &str) {
        forms::each_changed(text, &mut |segment| {
            let part = &text[segment.clone()];
            let (count, bytes) = (part.chars().count() as u64, part.len() as u64);
            add(&mut self.noted, Noted { check: Check::NotNfc, count, bytes, first: segment.start });
        });
    }

    fn note_zawgyi(&mut self, text: &str) {
        if let Some(found) = zawgyi(text) {
            let (count, bytes) = (found.sequences, text.len() as u64);
            self.noted.push(Noted { check: Check::Zawgyi, count, bytes, first: found.first });
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

/// Marks the letters of a block of printable ASCII, by the high bit of their bytes; None if it is something else.
///
/// As the bytes of a word are below 0x80, adding up to 0x80 to each carries into no other (Warren, Hacker's Delight,
/// section 6-1).
#[inline]
fn plain_letters(block: [u8; BLOCK]) -> Option<u64> {
    const ONES: u64 = u64::MAX / 255;
    const HIGHS: u64 = ONES * 0x80;
    let word = u64::from_le_bytes(block);
    if word & HIGHS != 0 || ((word | HIGHS) - ONES * 0x20) & !(word + ONES) & HIGHS != HIGHS {
        return None;
    }
    let lower = word | (ONES * 0x20);
    let from_a = lower + ONES * (0x80 - u64::from(b'a'));
    let beyond_z = lower + ONES * (0x7f - u64::from(b'z'));
    Some(from_a & !beyond_z & HIGHS)
}

fn one(check: Check, character: char, first: usize) -> Noted {
    Noted { check, count: 1, bytes: character.len_utf8() as u64, first }
}

/// Adds to what was noted of the same check, or begins it.
fn add(noted: &mut Vec<Noted>, found: Noted) {
    match noted.iter_mut().find(|noted| noted.check == found.check) {
        Some(noted) => {
            noted.count += found.count;
            noted.bytes += found.bytes;
            noted.first = noted.first.min(found.first);
        }
        None => noted.push(found),
    }
}

#[cfg(test)]
mod tests {
    use icu_normalizer::ComposingNormalizerBorrowed;
    use proptest::prelude::*;

    use super::{At, Check, Look, Tally, plain_letters};

    proptest! {
        #[test]
        fn text_is_in_form_nfc_where_nothing_is_noted(text in "[ao\u{327}\u{301}\u{323}\u{345}\u{958}\u{e38}\u{e48}\u{eb8}\u{ec8}\u{1100}\u{1161} é가]{0,8}|\\PC{0,12}") {
            let mut tally = Tally::default();
            Look::default().take(&text, At { unit: 0, place: 1 }, &mut tally);
            let is_nfc = ComposingNormalizerBorrowed::new_nfc().is_normalized(&text);
            prop_assert_eq!(tally.0.contains_key(&Check::NotNfc), !is_nfc);
        }
    }

    #[test]
    fn letters_of_plain_blocks_are_marked_and_other_blocks_are_none() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                let mut block = *b"Az {@[`1";
                block[at] = byte;
                let marks =
                    block.iter().rev().fold(0, |all, byte| all << 8 | u64::from(byte.is_ascii_alphabetic()) << 7);
                let expected = matches!(byte, 0x20..=0x7e).then_some(marks);
                assert_eq!(plain_letters(block), expected, "{byte} at {at}");
            }
        }
    }
}
