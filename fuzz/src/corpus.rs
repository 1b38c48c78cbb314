//! Corpora. The claim: on any bytes a file is read to its end or refused; where it is cut into units changes nothing;
//! and of text and of JSON lines the documents and findings are those of a [naive](crate::naive) reader.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use glotgap_core::tokens::source::{Corpus, Documents, Fault, Format, Invalid, Options, Report, Scratch};

use crate::naive;

/// What reading a corpus gives.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Line or row of the file, and text.
    pub documents: Vec<(u64, String)>,
    /// How many findings there are of each kind.
    pub findings: BTreeMap<Fault, u64>,
}

/// As what a file is read: by its content, and in each format.
const READINGS: [(Option<Format>, Documents); 11] = [
    (None, Documents::Line),
    (Some(Format::Text), Documents::Line),
    (Some(Format::Text), Documents::File),
    (Some(Format::Text), Documents::Blank),
    (Some(Format::JsonLines), Documents::Line),
    (Some(Format::Csv), Documents::Line),
    (Some(Format::Tsv), Documents::Line),
    (Some(Format::Conllu), Documents::Line),
    (Some(Format::Parquet), Documents::Line),
    (Some(Format::ArrowFile), Documents::Line),
    (Some(Format::ArrowStream), Documents::Line),
];

/// Checks the claim for a file of `bytes`; `first` says as what it is read.
pub fn check(first: u8, bytes: &[u8]) {
    let (format, documents) = READINGS[usize::from(first) % READINGS.len()];
    let whole = Options { format, documents, invalid: Invalid::Replace, ..Options::default() };
    fs::write(path(), bytes).expect("the file can be written");
    let outcome = read(&whole);
    let thirds = Options { chunk: bytes.len() as u64 / 3 + 1, ..whole };
    assert_eq!(outcome, read(&thirds), "cut into chunks");
    if let Some(truth) = naive::read(format, documents, bytes) {
        naive::assert_same(&truth, &outcome.expect("lines of any bytes are read"), bytes);
    }
}

/// The one file that this process writes and reads.
fn path() -> &'static PathBuf {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| std::env::temp_dir().join(format!("glotgap-fuzz-{}", std::process::id())))
}

/// None where the file is refused.
fn read(options: &Options) -> Option<Outcome> {
    let corpus = Corpus::open(&[path().clone()], options).ok()?;
    let (mut scratch, mut documents, mut reports) = (Scratch::default(), Vec::new(), Vec::<Report>::new());
    for unit in 0..corpus.units().len() {
        let before: u64 = reports.iter().map(|report| report.lines).sum();
        let mut add = |place: u64, text: &str| documents.push((before + place, text.to_owned()));
        let report = corpus.read(unit, &mut scratch, &mut |batch| {
            batch.documents().for_each(|document| add(document.place, document.text));
            Ok(())
        });
        reports.push(report.ok()?);
    }
    let findings = corpus.findings(&reports).into_iter().map(|finding| (finding.fault, finding.count)).collect();
    Some(Outcome { documents, findings })
}
