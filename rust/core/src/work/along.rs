//! Short steps, of which the calling thread takes its share.
//!
//! A thread may start at once, or milliseconds later where processors sleep or are busy. So nobody waits for it: helpers
//! take steps as soon as they are there, the caller begins at once, and who comes when all steps are taken is sent away at
//! the gate. Only a helper that has come in is waited for, until its step is done.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use super::{Board, Work, died, labour};
use crate::error::Result;

/// Runs all steps on `threads` threads (at least one), the calling one among them.
///
/// `watch(done, total)` is called between steps of the calling thread, at most 20 times a second, and once at the end. The
/// first error, of a step or of `watch`, ends the work after the steps that others have begun.
pub fn run<W: Work>(work: &W, threads: usize, mut watch: impl FnMut(u64, u64) -> Result<()>) -> Result<()> {
    let shared = Shared { work, board: Board::default(), outcome: Mutex::new(Ok(())) };
    let gate = Arc::new(Gate::default());
    for _ in 1..threads.min(work.steps()) {
        if !started(&shared, &gate) {
            break; // fewer do the same work
        }
    }
    let total = work.total_bytes();
    let closing = Closing(&gate);
    shared.labour(&mut |done| watch(done, total));
    drop(closing);
    shared.outcome.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    watch(shared.board.bytes.into_inner(), total)
}

struct Shared<'a, W> {
    work: &'a W,
    board: Board,
    outcome: Mutex<Result<()>>,
}

impl<W: Work> Shared<'_, W> {
    fn labour(&self, look: &mut dyn FnMut(u64) -> Result<()>) {
        let outcome =
            catch_unwind(AssertUnwindSafe(|| labour(self.work, &self.board, look))).unwrap_or_else(|_| Err(died()));
        if outcome.is_err() {
            self.board.stop.store(true, Ordering::Relaxed);
            let mut first = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
            *first = std::mem::replace(&mut *first, Ok(())).and(outcome);
        }
    }
}

/// What only those inside of a gate may look at.
struct Lent<T>(*const T);

// SAFETY: a reference to T would be, as T is Sync.
unsafe impl<T: Sync> Send for Lent<T> {}

/// Whether a helper could be started.
fn started<W: Work>(shared: &Shared<'_, W>, gate: &Arc<Gate>) -> bool {
    let (lent, gate) = (Lent(std::ptr::from_ref(shared)), Arc::clone(gate));
    let help = move || {
        let lent = lent;
        if let Some(_inside) = gate.enter() {
            // SAFETY: the lender does not go before the gate is closed and empty.
            unsafe { &*lent.0 }.labour(&mut |_| Ok(()));
        }
    };
    // SAFETY: the closure holds no reference; what it points to is looked at inside of the gate only.
    unsafe { Builder::new().name("glotgap".into()).spawn_unchecked(help) }.is_ok()
}

/// Counts who is inside; once closed, nobody comes in.
#[derive(Default)]
struct Gate(AtomicUsize);

const CLOSED: usize = 1 << (usize::BITS - 1);

impl Gate {
    fn enter(&self) -> Option<Inside<'_>> {
        let one_more = |inside| (inside & CLOSED == 0).then_some(inside + 1);
        let entered = self.0.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more);
        entered.is_ok().then(|| Inside(self))
    }
}

struct Inside<'a>(&'a Gate);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Release);
    }
}

/// Closes the gate when dropped, and waits until it is empty.
struct Closing<'a>(&'a Gate);

/// By then, waiting leaves the processor to others.
const PATIENCE: Duration = Duration::from_micros(200);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        let start = Instant::now();
        self.0.0.fetch_or(CLOSED, Ordering::Relaxed);
        while self.0.0.load(Ordering::Acquire) != CLOSED {
            if start.elapsed() < PATIENCE {
                std::hint::spin_loop();
            } else {
                std::thread::sleep(PATIENCE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Work, run};
    use crate::error::{Error, Result};
    use crate::work::Pace;

    struct Sum {
        done: Vec<AtomicU64>,
        fails_at: usize,
    }

    impl Work for Sum {
        type Scratch = ();

        fn steps(&self) -> usize {
            self.done.len()
        }

        fn total_bytes(&self) -> u64 {
            self.done.len() as u64
        }

        fn step(&self, i: usize, (): &mut (), _pace: &Pace) -> Result<u64> {
            self.done[i].fetch_add(1, Ordering::Relaxed);
            assert!(i != self.fails_at.wrapping_add(1), "a step that panics");
            if i == self.fails_at { Err(Error::stopped()) } else { Ok(1) }
        }

        fn finish(&self, (): ()) -> Result<()> {
            Ok(())
        }
    }

    fn sum(steps: usize, fails_at: usize) -> Sum {
        Sum { done: (0..steps).map(|_| AtomicU64::new(0)).collect(), fails_at }
    }

    #[test]
    fn every_step_is_taken_once() {
        for (steps, threads) in [(0, 1), (1, 4), (1000, 1), (1000, 2), (1000, 16)] {
            for _ in 0..20 {
                let work = sum(steps, usize::MAX - 1);
                let mut last = None;
                assert!(
                    run(&work, threads, |done, of| {
                        last = Some((done, of));
                        Ok(())
                    })
                    .is_ok()
                );
                assert!(work.done.iter().all(|count| count.load(Ordering::Relaxed) == 1));
                assert_eq!(last, Some((steps as u64, steps as u64)));
            }
        }
    }

    #[test]
    fn an_error_or_a_panic_ends_the_work() {
        let never = |_, _| Ok(());
        assert!(run(&sum(1000, 10), 3, never).is_err());
        assert!(run(&sum(1000, 0), 1, never).is_err());
        assert!(run(&sum(10, usize::MAX), 2, never).is_err_and(|e| e.to_string().contains("worker")));
        assert!(run(&sum(10, usize::MAX - 1), 2, |_, _| Err(Error::stopped())).is_err());
    }
}
