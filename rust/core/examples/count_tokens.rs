//! Counts the lines of files with a tokenizer, file by file, and tells MB per second of CPU time for each pass.
//!
//! `cargo run --release --example count_tokens -- tokenizer.json PASSES FILE...`
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring program")]

use std::fs;

use glotgap_core::tokens::count::count;
use glotgap_core::tokens::tokenizer::Tokenizer;

fn cpu() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let tokenizer = Tokenizer::from_json(&fs::read_to_string(&arguments[1]).unwrap()).unwrap();
    let files: Vec<String> = arguments[3..].iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let bytes: usize = files.iter().map(String::len).sum();
    for pass in 0..arguments[2].parse().unwrap() {
        let start = cpu();
        let mut tokens = 0;
        for file in &files {
            let lines: Vec<&str> = file.lines().collect();
            tokens += count(&tokenizer, &lines, 1, |_, _| Ok(())).unwrap().iter().map(|&n| u64::from(n)).sum::<u64>();
        }
        println!("pass {pass}: {:.1} MB/s, {tokens} tokens", bytes as f64 / 1e6 / (cpu() - start));
    }
}
