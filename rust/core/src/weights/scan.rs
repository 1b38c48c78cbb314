//! The first pass over whole tensors: every figure of narrow and of small ones, moments and sketch of large wide ones.
//!
//! A step is 4 MiB of one tensor, so that a single large tensor keeps every thread busy. Threads count narrow
//! values in tables of their own, emptied into the tensor's histogram when they move to another tensor; integers
//! add up in any order. Moments of wide steps are kept by place and joined in order. So nothing depends on who did
//! what. When a tensor's last step is in, the thread that brought it computes the figures.

use std::sync::OnceLock;

use crate::error::Result;
use crate::weights::distribution::Distribution;
use crate::weights::dtype::DType;
use crate::weights::figures::{Figures, Wanted};
use crate::weights::histogram::{Bins, Counters, Histogram};
use crate::weights::moments::Moments;
use crate::weights::powers::Stored;
use crate::weights::refine::{Gaps, Refine};
use crate::weights::slot::Slot;
use crate::weights::source::{Buffers, Encoding, Stretch, Tensor};
use crate::weights::visit::{Outliers, Window};
use crate::work::{Pace, Work, run};

/// Figures of every tensor, in order, on `threads` threads; `watch(done, total)` as in [`crate::work::run`].
pub fn scan(
    tensors: &[Tensor],
    wanted: &Wanted,
    threads: usize,
    mut watch: impl FnMut(u64, u64) -> Result<()>,
) -> Result<Vec<Figures>> {
    let first = Scan::new(tensors, wanted);
    run(&first, threads, &mut watch)?;
    let (mut figures, gaps): (Vec<_>, Vec<_>) = first.into_results().map(|found| (found.figures, found.gaps)).unzip();
    let second = Refine::new(tensors, gaps);
    if second.steps() > 0 {
        run(&second, threads, &mut watch)?;
    }
    second.fill(&mut figures);
    Ok(figures)
}

/// The histogram of one tensor: exact for narrow formats, the sketch for wide ones.
pub fn histogram(tensor: &Tensor, threads: usize, watch: impl FnMut(u64, u64) -> Result<()>) -> Result<Histogram> {
    let wanted = Wanted { quantiles: Vec::new(), tails: Vec::new(), clip: true };
    let one = std::slice::from_ref(tensor);
    let scan = Scan { keep: true, ..Scan::new(one, &wanted) };
    run(&scan, threads, watch)?;
    let gathered = scan.slots.first().and_then(|slot| slot.gathered().histogram.take());
    Ok(gathered.unwrap_or_else(|| Histogram::new(bins(tensor))))
}

/// Wide tensors of at most so many values are sorted, which leaves nothing to a sketch.
const FEW: u64 = 65_536;

/// What the first pass found of a tensor, and what is left for the second.
struct Found {
    figures: Figures,
    gaps: Gaps,
}

struct Scan<'a> {
    tensors: &'a [Tensor],
    wanted: &'a Wanted,
    steps: Vec<Step>,
    slots: Vec<Slot>,
    results: Vec<OnceLock<Found>>,
    /// Whether histograms are all that is wanted.
    keep: bool,
}

#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) tensor: usize,
    /// Place of the step within its tensor.
    pub(crate) at: usize,
    pub(crate) first: u64,
    pub(crate) count: u64,
}

/// The steps of one tensor.
pub(crate) fn steps_of(index: usize, tensor: &Tensor) -> impl Iterator<Item = Step> + use<> {
    let (n, len) = (tensor.n(), tensor.step_len());
    (0..tensor.steps()).map(move |at| {
        let first = at * len;
        Step { tensor: index, at: at as usize, first, count: len.min(n - first) }
    })
}

/// One thread's tables, and the tensor whose values are in them.
#[derive(Default)]
struct Scratch {
    buffers: Buffers,
    counters: Counters,
    /// Tensor, bins and number of steps in `counters`.
    holds: Option<(usize, Bins, u64)>,
}

impl<'a> Scan<'a> {
    fn new(tensors: &'a [Tensor], wanted: &'a Wanted) -> Self {
        let steps: Vec<Step> = tensors.iter().enumerate().flat_map(|(i, t)| steps_of(i, t)).collect();
        let slots = tensors.iter().map(|t| Slot::new(t.steps())).collect();
        let results = tensors.iter().map(|_| OnceLock::new()).collect();
        Self { tensors, wanted, steps, slots, results, keep: false }
    }

    fn into_results(self) -> impl Iterator<Item = Found> {
        let nothing = |tensor| {
            let figures = Figures::empty(bins(tensor) != Bins::Sketch, self.wanted);
            Found { figures, gaps: Gaps::default() }
        };
        let results = self.results.into_iter().zip(self.tensors);
        results.map(move |(result, tensor)| result.into_inner().unwrap_or_else(|| nothing(tensor)))
    }

    /// Moments of a wide step, its outliers, and its counts in the sketch.
    fn wide(&self, step: Step, scratch: &mut Scratch) -> Result<(Moments, Option<Vec<[u8; 4]>>)> {
        let tensor = &self.tensors[step.tensor];
        let window = self.slots[step.tensor].window(tensor, self.wanted, &mut scratch.buffers)?;
        let sketch = self.wanted.needs_sketch();
        let counters = &mut scratch.counters;
        match tensor.stretch(step.first, step.count as usize, &mut scratch.buffers)? {
            Stretch::Singles(values) => {
                if sketch {
                    counters.count_tops(values);
                }
                Ok(singles(values, window))
            }
            Stretch::Doubles(values) => {
                if sketch {
                    counters.count_doubles(values);
                }
                Ok((Moments::of_f64(values), None))
            }
            Stretch::Bytes(_) | Stretch::Pairs(_) => Ok((Moments::default(), None)),
        }
    }

    /// Whether the step is all of a wide tensor that is sorted.
    fn is_few(&self, tensor: &Tensor) -> bool {
        bins(tensor) == Bins::Sketch && tensor.n() <= FEW && !self.keep
    }

    fn few(&self, step: Step, buffers: &mut Buffers) -> Result<Found> {
        fn all<S: Stored>(values: &[S]) -> Distribution {
            Distribution::of(values.iter().map(|x| x.get()))
        }
        let (moments, distribution) = match self.tensors[step.tensor].stretch(0, step.count as usize, buffers)? {
            Stretch::Singles(values) => (Moments::of_f32(values), all(values)),
            Stretch::Doubles(values) => (Moments::of_f64(values), all(values)),
            Stretch::Bytes(_) | Stretch::Pairs(_) => Default::default(),
        };
        Ok(Found { figures: Figures::of(&distribution, moments, true, self.wanted), gaps: Gaps::default() })
    }

    fn narrow(&self, step: Step, scratch: &mut Scratch) -> Result<()> {
        let tensor = &self.tensors[step.tensor];
        match tensor.stretch(step.first, step.count as usize, &mut scratch.buffers)? {
            Stretch::Pairs(values) => scratch.counters.count_pairs(values),
            Stretch::Bytes(values) => scratch.counters.count_bytes(values),
            Stretch::Singles(_) | Stretch::Doubles(_) => {}
        }
        Ok(())
    }

    /// Makes room in the tables for `step`.
    fn make_room(&self, step: Step, bins: Bins, scratch: &mut Scratch) {
        let same = scratch.holds.is_some_and(|(tensor, ..)| tensor == step.tensor);
        if !same || scratch.counters.is_full_for(step.count) {
            self.empty_tables(scratch);
        }
        let steps = scratch.holds.map_or(0, |(.., steps)| steps);
        scratch.holds = Some((step.tensor, bins, steps + 1));
    }

    fn empty_tables(&self, scratch: &mut Scratch) {
        if let Some((tensor, bins, steps)) = scratch.holds.take() {
            scratch.counters.drain_into(self.slots[tensor].gathered().histogram(bins));
            self.settle(tensor, steps);
        }
    }

    /// Notes finished steps; after the last, computes the tensor's figures.
    fn settle(&self, tensor: usize, steps: u64) {
        if self.slots[tensor].is_complete_after(steps) && !self.keep {
            // Each tensor is completed once, so the cell is empty.
            let _ = self.results[tensor].set(self.found(tensor));
        }
    }

    fn found(&self, index: usize) -> Found {
        let slot = &self.slots[index];
        match self.tensors[index].encoding {
            Encoding::Plain(dtype) if dtype.is_narrow() => Found { figures: self.exact(slot), gaps: Gaps::default() },
            Encoding::Plain(dtype) => self.sketched(slot, dtype == DType::F32),
            Encoding::Blocks(_) => self.sketched(slot, true),
        }
    }

    fn exact(&self, slot: &Slot) -> Figures {
        let Some(histogram) = slot.gathered().histogram.take() else { return Figures::default() };
        let distribution = histogram.distribution();
        Figures::of(&distribution, histogram.moments(&distribution), true, self.wanted)
    }

    fn sketched(&self, slot: &Slot, is_single: bool) -> Found {
        let mut gathered = std::mem::take(&mut *slot.gathered());
        let moments = gathered.joined();
        if moments.n > 0 && moments.min == moments.max {
            let mut constant = Distribution::with_capacity(1);
            constant.push(moments.min, moments.n);
            return Found { figures: Figures::of(&constant, moments, true, self.wanted), gaps: Gaps::default() };
        }
        let window = slot.known_window();
        let tails = gathered.tails(window, &moments, self.wanted);
        let Some(histogram) = gathered.histogram else {
            let gaps = Gaps::new(&moments, None, is_single, tails.is_none(), self.wanted);
            let tails = tails.unwrap_or_else(|| vec![None; self.wanted.tails.len()]);
            return Found { figures: Figures { moments, tails, ..Figures::default() }, gaps };
        };
        let distribution = histogram.distribution();
        let gaps = Gaps::new(&moments, Some(&distribution), is_single, tails.is_none(), self.wanted);
        let figures = Figures::of(&distribution, moments, false, self.wanted);
        Found { figures: Figures { tails: tails.unwrap_or_else(|| figures.tails.clone()), ..figures }, gaps }
    }
}

fn bins(tensor: &Tensor) -> Bins {
    match tensor.encoding {
        Encoding::Plain(dtype) => Bins::of(dtype),
        Encoding::Blocks(_) => Bins::Sketch,
    }
}

/// Moments of f32 values, and the outliers among them.
fn singles(values: &[[u8; 4]], window: Option<Window>) -> (Moments, Option<Vec<[u8; 4]>>) {
    let Some(window) = window else { return (Moments::of_f32(values), None) };
    let mut outliers = Outliers { window, found: Vec::with_capacity(values.len() / 64) };
    (Moments::of_f32_seen_by(values, &mut outliers), Some(outliers.found))
}

impl Work for Scan<'_> {
    type Scratch = Scratch;

    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn total_bytes(&self) -> u64 {
        self.tensors.iter().map(|t| t.stored_bytes(t.n())).sum()
    }

    fn step(&self, i: usize, scratch: &mut Scratch, _: &Pace) -> Result<u64> {
        let step = self.steps[i];
        let tensor = &self.tensors[step.tensor];
        if self.is_few(tensor) {
            // Each tensor is completed once, so the cell is empty.
            let _ = self.results[step.tensor].set(self.few(step, &mut scratch.buffers)?);
            return Ok(tensor.stored_bytes(step.count));
        }
        let bins = bins(tensor);
        let counts = bins != Bins::Sketch || self.wanted.needs_sketch();
        if counts {
            self.make_room(step, bins, scratch);
        }
        if bins == Bins::Sketch {
            let (part, outliers) = self.wide(step, scratch)?;
            self.slots[step.tensor].gathered().put(step.at, part, outliers);
        } else {
            self.narrow(step, scratch)?;
        }
        if !counts {
            self.settle(step.tensor, 1);
        }
        tensor.release(step.first, step.count);
        Ok(tensor.stored_bytes(step.count))
    }

    fn finish(&self, mut scratch: Scratch) -> Result<()> {
        self.empty_tables(&mut scratch);
        Ok(())
    }
}
