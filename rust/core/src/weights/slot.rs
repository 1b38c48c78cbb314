//! What a scan has gathered so far of one tensor; several threads add to it.
//!
//! Narrow tensors gather a histogram. Wide ones gather the moments of each step (joined in
//! index order), a sketch if asked for, and *outliers*: the values beyond 97 % of the smallest kσ asked
//! for, by the mean and σ of a sample. When the true kσ turn out to lie outside that window, counting the outliers
//! gives the exact tails, and the tensor need not be read twice; otherwise [`super::refine`] reads it again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use crate::error::Result;
use crate::weights::figures::Wanted;
use crate::weights::histogram::{Bins, Histogram};
use crate::weights::join::Join;
use crate::weights::moments::Moments;
use crate::weights::powers::Stored;
use crate::weights::source::{Buffers, Stretch, Tensor};
use crate::weights::tail::Tail;
use crate::weights::visit::{self, Window};

/// Outliers kept of one tensor: 16 MiB.
const ROOM: usize = 4 << 20;
const MARGIN: f64 = 0.97;

#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) histogram: Option<Histogram>,
    parts: Join,
    outliers: Vec<Vec<[u8; 4]>>,
    kept: usize,
    /// Whether some outlier was not kept.
    lost: bool,
}

pub(crate) struct Slot {
    left: AtomicU64,
    gathered: Mutex<Gathered>,
    window: OnceLock<Option<Window>>,
}

/// A lock is poisoned only by a panic, after which no result is returned.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slot {
    pub(crate) fn new(steps: u64) -> Self {
        Self { left: AtomicU64::new(steps), gathered: Mutex::default(), window: OnceLock::new() }
    }

    pub(crate) fn gathered(&self) -> MutexGuard<'_, Gathered> {
        lock(&self.gathered)
    }

    /// Notes that `steps` more are in; whether they were the last.
    pub(crate) fn is_complete_after(&self, steps: u64) -> bool {
        self.left.fetch_sub(steps, Ordering::AcqRel) == steps
    }

    /// The window, if any step has asked for it.
    pub(crate) fn known_window(&self) -> Option<Window> {
        self.window.get().copied().flatten()
    }

    /// Where an f32 tensor is expected to have no tails, by a sample; `None` when no tails are asked for.
    pub(crate) fn window(&self, tensor: &Tensor, wanted: &Wanted, buffers: &mut Buffers) -> Result<Option<Window>> {
        if let Some(window) = self.window.get() {
            return Ok(*window);
        }
        let smallest = wanted.tails.iter().copied().reduce(f64::min);
        let window = match smallest {
            Some(k) => around(&sample(tensor, buffers)?, MARGIN * k),
            None => None,
        };
        Ok(*self.window.get_or_init(|| window))
    }
}

impl Gathered {
    pub(crate) fn put(&mut self, at: usize, part: Moments, outliers: Option<Vec<[u8; 4]>>) {
        self.parts.put(at, vec![part]);
        let Some(outliers) = outliers.filter(|found| self.kept + found.len() <= ROOM) else {
            self.lost = true;
            return;
        };
        self.kept += outliers.len();
        self.outliers.push(outliers);
    }

    /// The histogram over `bins`, made when first asked for.
    pub(crate) fn histogram(&mut self, bins: Bins) -> &mut Histogram {
        self.histogram.get_or_insert_with(|| Histogram::new(bins))
    }

    pub(crate) fn joined(&mut self) -> Moments {
        self.parts.take().pop().unwrap_or_default()
    }

    /// Exact tail shares, if the outliers hold all that is needed.
    pub(crate) fn tails(&self, window: Option<Window>, all: &Moments, wanted: &Wanted) -> Option<Vec<Option<f64>>> {
        let (mean, std) = (all.mean()?, all.std().filter(|s| *s > 0.0)?);
        let smallest = wanted.tails.iter().copied().reduce(f64::min)?;
        let window = window.filter(|_| !self.lost)?;
        let (low, high) = (f64::from(window.low) - mean, f64::from(window.high) - mean);
        let covers = -smallest * std <= low && high <= smallest * std;
        let tails = wanted.tails.iter().map(|k| Tail::of(all, *k)).collect::<Option<Vec<_>>>()?;
        let beyond = covers.then(|| {
            let parts = self.outliers.iter().map(|part| visit::beyond(part, &tails));
            parts.fold(vec![0; tails.len()], |sum, more| sum.iter().zip(more).map(|(a, b)| a + b).collect())
        });
        beyond.map(|counts: Vec<u64>| counts.iter().map(|count| Some(*count as f64 / all.n as f64)).collect())
    }
}

/// A window `k` deviations wide on each side. Values beyond six deviations of the sample are not counted in the
/// deviation: one of them in the sample, and the window would be too wide for the tensor.
fn around(sample: &[[u8; 4]], k: f64) -> Option<Window> {
    let (mean, std) = spread(sample)?;
    let is_bulk = |x: &[u8; 4]| (x.get() - mean).abs() <= 6.0 * std;
    let bulk: Vec<[u8; 4]> = sample.iter().copied().filter(is_bulk).collect();
    let (mean, std) = spread(&bulk)?;
    Some(Window { low: (mean - k * std) as f32, high: (mean + k * std) as f32 })
}

fn spread(sample: &[[u8; 4]]) -> Option<(f64, f64)> {
    let moments = Moments::of_f32(sample);
    Some((moments.mean()?, moments.std()?))
}

/// At most 64 runs of 512 values, evenly spread.
fn sample(tensor: &Tensor, buffers: &mut Buffers) -> Result<Vec<[u8; 4]>> {
    const RUN: u64 = 512;
    let runs = tensor.n().div_ceil(RUN).min(64);
    let stride = tensor.n() / runs.max(1) / RUN * RUN;
    let mut found = Vec::with_capacity((runs * RUN) as usize);
    for first in (0..runs).map(|run| run * stride) {
        let count = RUN.min(tensor.n() - first);
        if let Stretch::Singles(values) = tensor.stretch(first, count as usize, buffers)? {
            found.extend_from_slice(values);
        }
    }
    Ok(found)
}
