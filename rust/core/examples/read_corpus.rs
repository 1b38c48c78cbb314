//! `read_corpus REPEATS [--lang-field NAME] PATH…`: how fast the documents of a corpus are read, on one thread.
//!
//! Prints documents, bytes of text, faults, and a line per repeat: stored MB and MB of text per CPU second (user and
//! system; 1e6 bytes).
#![allow(clippy::print_stdout, reason = "a program whose output is its result")]

use std::error::Error;
use std::path::PathBuf;

use glotgap_core::tokens::source::{Corpus, Lang, Options, Report, Scratch};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut options = Options::default();
    if let Some(at) = arguments.iter().position(|it| it == "--lang-field") {
        options.lang = Lang::Field(arguments.drain(at..at + 2).nth(1).unwrap_or_default());
    }
    let Some((repeats, paths)) = arguments.split_first() else {
        return Err("usage: read_corpus REPEATS PATH…".into());
    };
    let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
    let corpus = Corpus::open(&paths, &options)?;
    for repeat in 0..repeats.parse()? {
        let before = cpu_seconds();
        let reports = read(&corpus)?;
        let seconds = cpu_seconds() - before;
        let text: u64 = reports.iter().map(|report| report.text_bytes).sum();
        if repeat == 0 {
            let documents: u64 = reports.iter().map(|report| report.documents).sum();
            println!("{documents} documents, {text} bytes of text, faults {:?}", corpus.findings(&reports).len());
        }
        let speed = |bytes: u64| bytes as f64 / seconds / 1e6;
        println!("{:.0} MB/s stored, {:.0} MB/s of text", speed(corpus.bytes()), speed(text));
    }
    Ok(())
}

fn read(corpus: &Corpus) -> Result<Vec<Report>, Box<dyn Error>> {
    let mut scratch = Scratch::default();
    let mut reports = Vec::new();
    for unit in 0..corpus.units().len() {
        reports.push(corpus.read(unit, &mut scratch, &mut |_| Ok(()))?);
    }
    Ok(reports)
}

fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that the call writes to.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
