//! Moments per block of a tensor: output channel, input channel, attention head, or quantization group.
//!
//! A cut sees the tensor as `outer × count × inner` values, in logical order: block b is the values
//! (o, b, i) for all o and i. Rows of a matrix are 1 × rows × columns, its columns rows × columns × 1, heads along
//! the columns rows × heads × `head_dim`. Each block is summed like a whole tensor, in pieces that depend on the
//! shape only, joined in order. Formats of at most 16 bits are widened to f32, which is exact.

use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::weights::dtype::DType;
use crate::weights::moments::Moments;
use crate::weights::powers::Stored;
use crate::weights::slot::lock;
use crate::weights::source::read::stored_singles;
use crate::weights::source::{Buffers, Encoding, Stretch, Tensor};
use crate::work::{Work, run};

/// How a tensor falls into blocks; the product of the three is its number of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Runs of each block.
    pub outer: u64,
    /// Number of blocks.
    pub count: u64,
    /// Values in a run.
    pub inner: u64,
}

impl Cut {
    /// An error unless the cut covers the tensor's values.
    pub fn check(&self, tensor: &Tensor) -> Result<()> {
        let Self { outer, count, inner } = *self;
        let product = outer.checked_mul(count).and_then(|n| n.checked_mul(inner));
        if product == Some(tensor.n()) {
            return Ok(());
        }
        let what = format!("a cut into {outer} x {count} x {inner} values does not fit shape {:?}", tensor.shape);
        Err(Error::bad_argument(what, "cut along a dimension of the tensor"))
    }
}

/// Values of one block that are summed at a time where its runs are scattered.
const PIECE: u64 = 16_384;
/// Values of a step.
const STEP: u64 = 1 << 20;

/// Moments of every block of every tensor, in order, on `threads` threads; `watch` as in [`crate::work::run`].
pub fn scan(
    tensors: &[(Tensor, Cut)],
    threads: usize,
    watch: impl FnMut(u64, u64) -> Result<()>,
) -> Result<Vec<Vec<Moments>>> {
    let blocks = Blocks::new(tensors);
    run(&blocks, threads, watch)?;
    let joined = |parts: Mutex<Vec<Moments>>| parts.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    Ok(blocks.moments.into_iter().map(joined).collect())
}

struct Blocks<'a> {
    tensors: &'a [(Tensor, Cut)],
    steps: Vec<Step>,
    moments: Vec<Mutex<Vec<Moments>>>,
}

/// Blocks `first .. last` of a tensor.
#[derive(Clone, Copy)]
struct Step {
    tensor: usize,
    first: u64,
    last: u64,
}

impl<'a> Blocks<'a> {
    fn new(tensors: &'a [(Tensor, Cut)]) -> Self {
        let steps = tensors.iter().enumerate().flat_map(|(tensor, (_, cut))| steps(tensor, *cut)).collect();
        let moments = tensors.iter().map(|(_, cut)| Mutex::new(vec![Moments::default(); cut.count as usize])).collect();
        Self { tensors, steps, moments }
    }
}

/// Whole blocks for a step; of scattered ones, as many as make runs of a few hundred bytes.
fn steps(tensor: usize, cut: Cut) -> impl Iterator<Item = Step> {
    let width = match cut.outer {
        0 | 1 => STEP / cut.inner.max(1),
        _ => 256 / cut.inner.max(1),
    };
    let width = width.max(1);
    let first = (0..cut.count.div_ceil(width)).map(move |i| i * width);
    first.map(move |first| Step { tensor, first, last: (first + width).min(cut.count) })
}

impl Work for Blocks<'_> {
    type Scratch = (Buffers, Vec<f32>);

    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn total_bytes(&self) -> u64 {
        self.tensors.iter().map(|(t, _)| t.stored_bytes(t.n())).sum()
    }

    fn step(&self, i: usize, (buffers, widened): &mut Self::Scratch) -> Result<u64> {
        let step = self.steps[i];
        let (tensor, cut) = &self.tensors[step.tensor];
        let mut found = vec![Moments::default(); (step.last - step.first) as usize];
        if cut.outer == 1 {
            contiguous(tensor, *cut, step, buffers, widened, &mut found)?;
        } else {
            scattered(tensor, *cut, step, buffers, widened, &mut found)?;
        }
        lock(&self.moments[step.tensor])[step.first as usize..step.last as usize].copy_from_slice(&found);
        Ok(tensor.stored_bytes(cut.outer * cut.inner * (step.last - step.first)))
    }

    fn finish(&self, _scratch: Self::Scratch) -> Result<()> {
        Ok(())
    }
}

/// Values of a stretch, widened to one of the two forms that are summed.
enum Wide<'a> {
    Singles(&'a [[u8; 4]]),
    Doubles(&'a [[u8; 8]]),
}

fn wide<'a>(
    tensor: &'a Tensor,
    first: u64,
    count: u64,
    buffers: &'a mut Buffers,
    widened: &'a mut Vec<f32>,
) -> Result<Wide<'a>> {
    let dtype = match tensor.encoding {
        Encoding::Plain(dtype) => dtype,
        Encoding::Blocks(block) => return packed(tensor, block.elements() as u64, first, count, buffers),
    };
    widened.clear();
    match tensor.stretch(first, count as usize, buffers)? {
        Stretch::Bytes(values) => widened.extend(values.iter().map(|x| dtype.value(u16::from(*x)) as f32)),
        Stretch::Pairs(values) if dtype == DType::Bf16 => {
            widened.extend(values.iter().map(|x| f32::from_bits(u32::from(u16::from_le_bytes(*x)) << 16)));
        }
        Stretch::Pairs(values) => widened.extend(values.iter().map(|x| dtype.value(u16::from_le_bytes(*x)) as f32)),
        other => return Ok(forms(other)),
    }
    Ok(Wide::Singles(stored_singles(widened)))
}

/// Values out of GGUF blocks, whose ends need not be those of the stretch.
fn packed<'a>(tensor: &'a Tensor, block: u64, first: u64, count: u64, buffers: &'a mut Buffers) -> Result<Wide<'a>> {
    let before = first % block;
    let whole = (before + count).next_multiple_of(block);
    match tensor.stretch(first - before, whole as usize, buffers)? {
        Stretch::Singles(values) => Ok(Wide::Singles(&values[before as usize..(before + count) as usize])),
        other => Ok(forms(other)),
    }
}

fn forms(stretch: Stretch<'_>) -> Wide<'_> {
    match stretch {
        Stretch::Doubles(values) => Wide::Doubles(values),
        Stretch::Singles(values) => Wide::Singles(values),
        Stretch::Bytes(_) | Stretch::Pairs(_) => Wide::Singles(&[]),
    }
}

fn min_normal(tensor: &Tensor) -> f64 {
    match tensor.encoding {
        Encoding::Plain(dtype) => dtype.min_normal(),
        Encoding::Blocks(_) => None,
    }
    .unwrap_or(f64::from(f32::MIN_POSITIVE))
}

/// Blocks that are one run each, a step's worth read at a time.
fn contiguous(
    tensor: &Tensor,
    cut: Cut,
    step: Step,
    buffers: &mut Buffers,
    widened: &mut Vec<f32>,
    found: &mut [Moments],
) -> Result<()> {
    let limit = min_normal(tensor);
    let (mut at, end) = (step.first * cut.inner, step.last * cut.inner);
    if cut.inner > STEP {
        // One block longer than a step: piece by piece, in order.
        while at < end {
            let count = STEP.min(end - at);
            let part = match wide(tensor, at, count, buffers, widened)? {
                Wide::Singles(values) => Moments::of(values, limit),
                Wide::Doubles(values) => Moments::of(values, limit),
            };
            found[0] = found[0].merge(&part);
            at += count;
        }
        return Ok(());
    }
    let run = (cut.inner as usize).max(1);
    match wide(tensor, at, end - at, buffers, widened)? {
        Wide::Singles(values) => found.iter_mut().zip(values.chunks(run)).for_each(|(f, v)| *f = Moments::of(v, limit)),
        Wide::Doubles(values) => found.iter_mut().zip(values.chunks(run)).for_each(|(f, v)| *f = Moments::of(v, limit)),
    }
    Ok(())
}

/// Blocks of many runs: a few outer indices at a time, sorted by block.
fn scattered(
    tensor: &Tensor,
    cut: Cut,
    step: Step,
    buffers: &mut Buffers,
    widened: &mut Vec<f32>,
    found: &mut [Moments],
) -> Result<()> {
    let limit = min_normal(tensor);
    let height = (PIECE / cut.inner.max(1)).max(1);
    let (mut singles, mut doubles) = (vec![Vec::new(); found.len()], vec![Vec::new(); found.len()]);
    for start in (0..cut.outer).step_by(height as usize) {
        for o in start..(start + height).min(cut.outer) {
            let first = (o * cut.count + step.first) * cut.inner;
            match wide(tensor, first, (step.last - step.first) * cut.inner, buffers, widened)? {
                Wide::Singles(values) => deal(values, cut.inner as usize, &mut singles),
                Wide::Doubles(values) => deal(values, cut.inner as usize, &mut doubles),
            }
        }
        take(&mut singles, limit, found);
        take(&mut doubles, limit, found);
    }
    Ok(())
}

/// Appends each run to its block's pile.
fn deal<S: Stored>(values: &[S], inner: usize, piles: &mut [Vec<S>]) {
    for (run, pile) in values.chunks(inner.max(1)).zip(piles) {
        pile.extend_from_slice(run);
    }
}

/// Sums the piles and empties them.
fn take<S: Stored>(piles: &mut [Vec<S>], min_normal: f64, found: &mut [Moments]) {
    for (pile, found) in piles.iter_mut().zip(found) {
        *found = found.merge(&Moments::of(pile, min_normal));
        pile.clear();
    }
}
