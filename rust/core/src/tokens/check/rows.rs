//! What was found, as rows: names for the checks, and lines of files for places in units.

use super::classes::name;
use super::excerpt::code_point;
use super::scan::Tallies;
use super::tally::{At, Check, Count};
use crate::tokens::source::{Names, Report};

/// What one check found in the documents of one file and language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The file's number.
    pub file: usize,
    /// The language.
    pub language: String,
    /// The check; docs/tokens.md defines each.
    pub check: &'static str,
    /// The code point or the script, where the check is of one.
    pub detail: Option<String>,
    /// Documents concerned.
    pub documents: u64,
    /// Characters, letters or sequences found.
    pub occurrences: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Line or row of the file where the first one is, from 1.
    pub place: u64,
    /// Text around the first one.
    pub example: String,
}

/// `files` are those of the units, of which `reports` tell.
pub(super) fn rows(names: &Names, files: &[usize], tallies: &Tallies, reports: &[Report]) -> Vec<Row> {
    let before = lines_before(files, reports);
    let names = names.all();
    let all = tallies.iter().flat_map(|(key, tally)| tally.0.iter().map(move |(check, count)| (key, *check, count)));
    all.filter_map(|((file, language), check, count)| {
        let Count { documents, occurrences, bytes, first } = count;
        let (At { unit, place }, example) = first.clone()?;
        Some(Row {
            file: *file,
            language: names[*language as usize].to_string(),
            check: label(check),
            detail: detail(check),
            documents: *documents,
            occurrences: *occurrences,
            bytes: *bytes,
            place: before[unit as usize] + place,
            example,
        })
    })
    .collect()
}

/// Lines or rows of its file that stand before each unit.
fn lines_before(files: &[usize], reports: &[Report]) -> Vec<u64> {
    let (mut file, mut lines) = (usize::MAX, 0);
    let before = |(&of, report): (&usize, &Report)| {
        if of != file {
            (file, lines) = (of, 0);
        }
        let before = lines;
        lines += report.lines;
        before
    };
    files.iter().zip(reports).map(before).collect()
}

const fn label(check: Check) -> &'static str {
    match check {
        Check::Documents => "documents",
        Check::Nul => "NUL character",
        Check::Control => "control character",
        Check::ControlIs(_) => "control code point",
        Check::Replacement => "replacement character",
        Check::MarkInside => "byte order mark inside",
        Check::CrLf => "CR LF",
        Check::NotNfc => "not NFC",
        Check::ZeroWidth => "zero-width mark",
        Check::ZeroWidthIs(_) => "zero-width code point",
        Check::Stray => "stray zero-width mark",
        Check::StrayIs(_) => "stray zero-width code point",
        Check::Zawgyi => "Zawgyi",
        Check::Script(_) => "script",
        Check::Duplicate => "duplicate",
    }
}

fn detail(check: Check) -> Option<String> {
    match check {
        Check::ControlIs(c) | Check::ZeroWidthIs(c) | Check::StrayIs(c) => Some(code_point(c)),
        Check::Script(script) => Some(name(script).to_owned()),
        _ => None,
    }
}
