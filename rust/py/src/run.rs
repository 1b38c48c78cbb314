//! The only place that knows signals; threads are [`glotgap_core::work`]'s.
//!
//! The calling thread releases the interpreter and watches the workers: 20 times a second it looks for Ctrl-C (or
//! any signal handler that raises), and 10 times a second it calls `progress(done, total)`. Threads live as long
//! as the call, so nothing is left behind that `fork` could break.

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

impl Watch {
    fn look(&mut self, done: u64, total: u64) -> Result<()> {
        if self.raised.is_some() {
            return Err(Error::stopped()); // once is enough
        }
        let is_due = self.last.elapsed() >= BETWEEN_CALLS || done == total;
        Python::attach(|py| {
            py.check_signals()?;
            match self.progress.as_ref().filter(|_| is_due) {
                Some(progress) => {
                    self.last = Instant::now();
                    progress.call1(py, (done, total)).map(drop)
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

/// Runs `job(threads, look)` without the interpreter lock; a Python exception raised meanwhile is re-raised.
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
    let threads = count(threads.as_ref())?;
    let mut watch = Watch { progress, last: Instant::now(), raised: None };
    let outcome = py.detach(|| job(threads, &mut |done, total| watch.look(done, total)));
    match watch.raised {
        Some(raised) => Err(raised),
        None => outcome.map_err(|e| exception(&e)),
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
