//! Work cut into numbered steps, which any number of threads may take in any order.
//!
//! For steps that may be long, [`run`] watches while others work; for many short ones, [`along`]'s caller works too.
//! [`run`] starts scoped threads for one call and joins them before it returns. There is no pool that outlives a
//! call, so nothing can hang after `fork`, and starting a thread costs some 20 µs. Results must not depend on who
//! took which step: a [`Work`] writes each step's result to its own place, or adds integers. The calling thread
//! only watches: it wakes 20 times a second to let the caller look for Ctrl-C and show progress.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// A job of independent steps of a few milliseconds each.
pub trait Work: Sync {
    /// What one thread carries from step to step.
    type Scratch: Default + Send;

    /// Number of steps.
    fn steps(&self) -> usize;

    /// Bytes that all steps read.
    fn total_bytes(&self) -> u64;

    /// Whether the calling thread may rest between two looks; if not, `watch` itself takes some time.
    fn rests(&self) -> bool {
        true
    }

    /// Does step `i` and returns how many bytes it read that it has not told `pace` of.
    fn step(&self, i: usize, scratch: &mut Self::Scratch, pace: &Pace) -> Result<u64>;

    /// Hands in what a thread has gathered, after its last step.
    fn finish(&self, scratch: Self::Scratch) -> Result<()>;
}

/// How a step that takes long tells how far it is, and hears that it must stop.
pub struct Pace<'a>(&'a Board);

impl Pace<'_> {
    /// So many more bytes were read; an error if the work must stop.
    pub fn advance(&self, bytes: u64) -> Result<()> {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.0.stop.load(Ordering::Relaxed) { Err(Error::stopped()) } else { Ok(()) }
    }
}

pub mod along;

#[derive(Default)]
struct Board {
    next: AtomicUsize,
    bytes: AtomicU64,
    stop: AtomicBool,
}

const LOOK: Duration = Duration::from_millis(50);

/// Runs all steps on `threads` threads (at least one).
///
/// `watch(done, total)` is called on the calling thread at least 20 times a second and once at the end; when it
/// fails, the threads stop after their current step and its error is returned. The first error of a step does
/// the same, and `watch` is not called any more.
pub fn run<W: Work>(work: &W, threads: usize, mut watch: impl FnMut(u64, u64) -> Result<()>) -> Result<()> {
    let board = Board::default();
    let threads = threads.clamp(1, work.steps().max(1));
    let total = work.total_bytes();
    std::thread::scope(|scope| {
        let (sender, ends) = channel();
        for _ in 0..threads {
            let (sender, board) = (sender.clone(), &board);
            let started =
                Builder::new().name("glotgap".into()).spawn_scoped(scope, move || report(work, board, &sender));
            started.map_err(|e| {
                board.stop.store(true, Ordering::Relaxed);
                Error::bad_argument(format!("cannot start {threads} threads: {e}"), "ask for fewer threads")
            })?;
        }
        drop(sender);
        let mut outcome = Ok(());
        let mut left = threads;
        while left > 0 {
            let ended = match ends.recv_timeout(if work.rests() { LOOK } else { Duration::ZERO }) {
                Ok(result) => {
                    left -= 1;
                    result
                }
                Err(RecvTimeoutError::Timeout) => Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err(died()),
            };
            outcome = outcome.and(ended).and_then(|()| watch(board.bytes.load(Ordering::Relaxed), total));
            if outcome.is_err() {
                board.stop.store(true, Ordering::Relaxed);
            }
        }
        outcome
    })
}

fn died() -> Error {
    Error::bad_file("a worker thread died", "please report this with the file that caused it")
}

fn report<W: Work>(work: &W, board: &Board, sender: &Sender<Result<()>>) {
    let outcome =
        catch_unwind(AssertUnwindSafe(|| labour(work, board, &mut |_| Ok(())))).unwrap_or_else(|_| Err(died()));
    if outcome.is_err() {
        board.stop.store(true, Ordering::Relaxed);
    }
    // The receiver outlives every worker of the scope, so that sending cannot fail.
    let _ = sender.send(outcome);
}

fn labour<W: Work>(work: &W, board: &Board, look: &mut dyn FnMut(u64) -> Result<()>) -> Result<()> {
    let mut scratch = W::Scratch::default();
    let mut last = Instant::now();
    while !board.stop.load(Ordering::Relaxed) {
        let i = board.next.fetch_add(1, Ordering::Relaxed);
        if i >= work.steps() {
            break;
        }
        let done = work.step(i, &mut scratch, &Pace(board))?;
        let done = board.bytes.fetch_add(done, Ordering::Relaxed) + done;
        if last.elapsed() >= LOOK {
            last = Instant::now();
            look(done)?;
        }
    }
    work.finish(scratch)
}
