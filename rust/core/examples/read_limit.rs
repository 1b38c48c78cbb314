//! `read_limit PATH THREADS REPEATS [populate|fault]`: how fast this machine reads a cached file.
//!
//! Sums the file as little-endian u64 words (its last odd bytes one by one) through a memory map. Threads take 4 MB
//! units from a shared counter, as a scan does. Prints one line per repeat, in GB/s (1e9 bytes), and the sum to standard
//! error once. The two ways of mapping pages (one `MADV_POPULATE_READ` call per unit, or a fault for every few pages)
//! are timed apart: the faster is the limit.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose output is its result")]

use std::error::Error;
use std::fs::File;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use memmap2::Mmap;

const UNIT: usize = 4 << 20;
const LANES: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, threads, repeats, rest @ ..] = arguments.as_slice() else {
        return Err("usage: read_limit PATH THREADS REPEATS [populate|fault]".into());
    };
    let (threads, repeats): (usize, usize) = (threads.parse()?, repeats.parse()?);
    let populate = rest.first().is_none_or(|how| how == "populate");
    let file = File::open(path)?;
    for repeat in 0..repeats {
        let (seconds, sum) = timed_sum(&file, threads, populate)?;
        println!("{:.3}", file.metadata()?.len() as f64 / seconds / 1e9);
        if repeat == 0 {
            eprintln!("sum {sum:#018x}");
        }
    }
    Ok(())
}

/// Seconds to map the file anew and sum it, and the sum (mod 2^64).
fn timed_sum(file: &File, threads: usize, populate: bool) -> Result<(f64, u64), Box<dyn Error>> {
    let start = Instant::now();
    // SAFETY: read-only, and the benchmark's own file: nothing truncates it meanwhile.
    let map = unsafe { Mmap::map(file)? };
    let (next, total) = (AtomicUsize::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| total.fetch_add(sum_units(&map, &next, populate), Ordering::Relaxed));
        }
    });
    Ok((start.elapsed().as_secs_f64(), total.load(Ordering::Relaxed)))
}

/// Takes units from `next` until none is left, and sums them.
fn sum_units(map: &Mmap, next: &AtomicUsize, populate: bool) -> u64 {
    let mut sum = 0u64;
    loop {
        let offset = next.fetch_add(UNIT, Ordering::Relaxed);
        if offset >= map.len() {
            return sum;
        }
        let len = UNIT.min(map.len() - offset);
        if populate {
            prepare(map, offset, len);
        }
        sum = sum.wrapping_add(sum_words(&map[offset..offset + len]));
    }
}

#[cfg(target_os = "linux")]
fn prepare(map: &Mmap, offset: usize, len: usize) {
    let _ = map.advise_range(memmap2::Advice::PopulateRead, offset, len); // before Linux 5.14: pages fault in
}

#[cfg(not(target_os = "linux"))]
fn prepare(_map: &Mmap, _offset: usize, _len: usize) {}

/// Independent lanes, so that the compiler makes vector adds and memory is the only limit.
fn sum_words(bytes: &[u8]) -> u64 {
    let mut lanes = [0u64; LANES];
    let (blocks, rest) = bytes.as_chunks::<{ LANES * 8 }>();
    for block in blocks {
        for (lane, word) in lanes.iter_mut().zip(block.as_chunks::<8>().0) {
            *lane = lane.wrapping_add(u64::from_le_bytes(*word));
        }
    }
    let tail = rest.iter().map(|byte| u64::from(*byte));
    lanes.into_iter().chain(tail).fold(0, u64::wrapping_add)
}
