//! The only place that knows signals; threads are [`glotgap_core::work`]'s.
//!
//! The calling thread releases the interpreter and watches the workers: 20 times a second it looks for Ctrl-C (or
//! any signal handler that raises), and 10 times a second it calls `progress` ([`Shown`]). Threads live as long
//! as the call, so nothing is left behind that `fork` could break.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use glotgap_core::{Error, Result};
use pyo3::exceptions::PyOverflowError;
use pyo3::types::PyAnyMethods;
use pyo3::{Bound, Py, PyAny, PyErr, PyResult, Python};

use crate::error::exception;

const BETWEEN_CALLS: Duration = Duration::from_millis(100);

/// What a long call is run with.
pub struct Watch {
    progress: Option<Py<PyAny>>,
    last: Instant,
    raised: Option<PyErr>,
}

/// What a progress callback is told.
pub trait Shown: Copy {
    /// Whether it must be told however soon.
    fn is_last(&self) -> bool;

    /// Tells it.
    fn show(self, py: Python<'_>, progress: &Py<PyAny>) -> PyResult<()>;
}

/// Done, of how much in all.
impl Shown for (u64, u64) {
    fn is_last(&self) -> bool {
        self.0 == self.1
    }

    fn show(self, py: Python<'_>, progress: &Py<PyAny>) -> PyResult<()> {
        progress.call1(py, self).map(drop)
    }
}

impl Watch {
    fn look(&mut self, seen: impl Shown) -> Result<()> {
        if self.raised.is_some() {
            return Err(Error::stopped()); // once is enough
        }
        let is_due = self.last.elapsed() >= BETWEEN_CALLS || seen.is_last();
        Python::attach(|py| {
            py.check_signals()?;
            match self.progress.as_ref().filter(|_| is_due) {
                Some(progress) => {
                    self.last = Instant::now();
                    seen.show(py, progress)
                }
                None => Ok(()),
            }
        })
        .map_err(|raised| {
            self.raised = Some(raised);
            Error::stopped()
        })
    }
}

/// The same as [`watched_by`] for `look(done, total)`.
pub fn watched<T, J>(
    py: Python<'_>,
    threads: Option<Bound<'_, PyAny>>,
    progress: Option<Py<PyAny>>,
    job: J,
) -> PyResult<T>
where
    T: Send,
    J: FnOnce(usize, &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<T> + Send,
{
    let paired =
        |threads, look: &mut dyn FnMut((u64, u64)) -> Result<()>| job(threads, &mut |done, total| look((done, total)));
    watched_by(py, threads, progress, paired)
}

/// Runs `job(threads, look)` without the interpreter lock; a Python exception raised meanwhile is re-raised.
pub fn watched_by<T, S, J>(
    py: Python<'_>,
    threads: Option<Bound<'_, PyAny>>,
    progress: Option<Py<PyAny>>,
    job: J,
) -> PyResult<T>
where
    T: Send,
    S: Shown,
    J: FnOnce(usize, &mut dyn FnMut(S) -> Result<()>) -> Result<T> + Send,
{
    let threads = count(threads.as_ref())?;
    let mut watch = Watch { progress, last: Instant::now(), raised: None };
    let outcome = py.detach(|| job(threads, &mut |seen| watch.look(seen)));
    match watch.raised {
        Some(raised) => Err(raised),
        None => outcome.map_err(|e| exception(&e)),
    }
}

/// The outcome of a job during which Python was called elsewhere than in [`watched_by`]: what it raised there comes first.
pub fn raising<T>(raised: &Mutex<Option<PyErr>>, outcome: PyResult<T>) -> PyResult<T> {
    let raised = raised.lock().unwrap_or_else(PoisonError::into_inner).take();
    match raised {
        Some(error) if outcome.is_err() => Err(error),
        _ => outcome,
    }
}

const MOST_THREADS: usize = 4096;

fn count(asked: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    let Some(asked) = asked else { return Ok(std::thread::available_parallelism().map_or(1, usize::from)) };
    match asked.extract() {
        Ok(threads @ 1..=MOST_THREADS) => Ok(threads),
        Err(error) if !error.is_instance_of::<PyOverflowError>(asked.py()) => Err(error),
        _ => Err(exception(&Error::bad_argument(
            format!("threads is {asked}"),
            format!("give 1 to {MOST_THREADS}, or None for all"),
        ))),
    }
}
