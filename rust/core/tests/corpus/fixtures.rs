//! Corpora in every format and compression, written by the tests themselves.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use glotgap_core::tokens::source::{Corpus, Finding, Options, Report, Scratch, Unit};

/// A directory that is removed at the end of the test.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// Everything that reading a corpus gives.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Text and language of each document, in order.
    pub documents: Vec<(String, String)>,
    /// File and line or row of each document.
    pub places: Vec<(usize, u64)>,
    pub findings: Vec<Finding>,
}

impl Outcome {
    pub fn texts(&self) -> Vec<&str> {
        self.documents.iter().map(|(text, _)| text.as_str()).collect()
    }

    /// Label, count and places of each fault.
    pub fn faults(&self) -> Vec<(&'static str, u64, Vec<u64>)> {
        let places = |finding: &Finding| finding.first.iter().map(|place| place.number).collect();
        self.findings.iter().map(|it| (it.fault.label(), it.count, places(it))).collect()
    }
}

pub fn read(path: &Path, options: &Options) -> Outcome {
    read_all(&[path.to_owned()], options)
}

pub fn read_all(paths: &[PathBuf], options: &Options) -> Outcome {
    outcome(&Corpus::open(paths, options).unwrap())
}

pub fn outcome(corpus: &Corpus) -> Outcome {
    let mut scratch = Scratch::default();
    let (mut documents, mut places, mut reports) = (Vec::new(), Vec::new(), Vec::<Report>::new());
    let mut lines = vec![0; corpus.files().len()];
    for (number, &Unit { file, .. }) in corpus.units().iter().enumerate() {
        let mut count = 0;
        let report = corpus.read(number, &mut scratch, &mut |batch| {
            assert_eq!(batch.first(), count);
            for document in batch.documents() {
                count += 1;
                places.push((file, lines[file] + document.place));
                documents.push((document.text.to_owned(), document.language));
            }
            Ok(())
        });
        let report = report.unwrap();
        assert_eq!(report.documents, count);
        lines[file] += report.lines;
        reports.push(report);
    }
    let bytes: u64 = reports.iter().map(|report| report.text_bytes).sum();
    assert_eq!(bytes, documents.iter().map(|(text, _)| text.len() as u64).sum::<u64>());
    let names = corpus.names().all();
    let named = |(text, language): (String, u32)| (text, names[language as usize].to_string());
    Outcome { documents: documents.into_iter().map(named).collect(), places, findings: corpus.findings(&reports) }
}

/// `bytes` packed in the way that `extension` names.
pub fn pack(bytes: &[u8], extension: &str) -> Vec<u8> {
    match extension {
        "gz" => {
            let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        "zst" => zstd::encode_all(bytes, 3).unwrap(),
        "xz" => {
            let mut out = liblzma::write::XzEncoder::new(Vec::new(), 6);
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        "bz2" => {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            out.write_all(bytes).unwrap();
            out.finish().unwrap()
        }
        _ => bytes.to_vec(),
    }
}

pub const COMPRESSIONS: [&str; 4] = ["gz", "zst", "xz", "bz2"];

/// Texts of many kinds; each with a language.
pub fn sample() -> Vec<(String, String)> {
    let texts = [
        ("plain", "en"),
        (" leading and trailing ", "en"),
        ("日本語の文", "ja"),
        ("emoji 👩‍👩‍👧 and \u{1f600}", "en"),
        ("quote \" comma , tab \t backslash \\ slash /", "xx"),
        ("a\u{2028}b\u{85}c", "ar"),
        ("x", "en"),
    ];
    let mut sample: Vec<_> = texts.iter().map(|&(text, lang)| (text.to_owned(), lang.to_owned())).collect();
    sample.extend((0..40).map(|i| (format!("document {i} {}", "на ".repeat(i)), ["ru", "uk"][i % 2].to_owned())));
    sample
}

pub fn json_lines(documents: &[(String, String)]) -> Vec<u8> {
    let line = |(text, lang): &(String, String)| {
        format!("{}\n", serde_json::json!({"id": 1, "lang": lang, "nested": {"text": [1.5e3, null]}, "text": text}))
    };
    documents.iter().map(line).collect::<String>().into_bytes()
}

pub fn separated(documents: &[(String, String)], delimiter: char) -> Vec<u8> {
    let quoted = |field: &str| format!("\"{}\"", field.replace('"', "\"\""));
    let line = |(text, lang): &(String, String)| {
        format!("{lang}{delimiter}{}{delimiter}{}\n", quoted("o,\n\t\""), quoted(text))
    };
    let header = format!("lang{delimiter}other{delimiter}text\n");
    (header + &documents.iter().map(line).collect::<String>()).into_bytes()
}
