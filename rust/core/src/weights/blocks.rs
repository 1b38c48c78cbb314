//! Moments per block of a tensor: output channel, input channel, attention head, or quantization group.
//!
//! A cut sees the tensor as `outer × count × inner` values, in logical order: block b is the values
//! (o, b, i) for all o and i. Rows of a matrix are 1 × rows × columns, its columns rows × columns × 1, heads along
//! the columns rows × heads × `head_dim`. Blocks that lie together are summed like whole tensors. Scattered ones are
//! read row after row (a row is all blocks of one outer index): single columns are summed side by side, see
//! `columns`; longer runs are dealt to a pile for each block. A tensor is cut into steps by its shape only, and what
//! the steps find of a block is joined in order, so nothing depends on threads.
//!
//! Memory beside the result: for each thread the values of a step, at most 32 MiB, and the moments of its blocks.

mod columns;
mod part;
mod piles;
mod widen;

use std::sync::Mutex;

use crate::error::{Error, Result};
use crate::weights::blocks::part::{Part, Scratch};
use crate::weights::join::Join;
use crate::weights::moments::Moments;
use crate::weights::slot::lock;
use crate::weights::source::Tensor;
use crate::work::{Pace, Work, run};

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

/// Moments of every block of every tensor, in order, on `threads` threads; `watch` as in [`crate::work::run`].
pub fn scan(
    tensors: &[(Tensor, Cut)],
    threads: usize,
    watch: impl FnMut(u64, u64) -> Result<()>,
) -> Result<Vec<Vec<Moments>>> {
    let blocks = Blocks::new(tensors);
    run(&blocks, threads, watch)?;
    let mut found: Vec<Vec<Moments>> = tensors.iter().map(|(_, cut)| Vec::with_capacity(cut.count as usize)).collect();
    for (tensor, join) in blocks.joins {
        found[tensor].append(&mut lock(&join).take());
    }
    Ok(found)
}

struct Blocks<'a> {
    tensors: &'a [(Tensor, Cut)],
    steps: Vec<Step<'a>>,
    /// What is found of the blocks that are read together, and the tensor they are of; in order.
    joins: Vec<(usize, Mutex<Join>)>,
}

/// A part of a tensor, and its place among those that are joined.
struct Step<'a> {
    part: Part<'a>,
    join: usize,
    at: usize,
}

impl<'a> Blocks<'a> {
    fn new(tensors: &'a [(Tensor, Cut)]) -> Self {
        let mut blocks = Self { tensors, steps: Vec::new(), joins: Vec::new() };
        for (i, (tensor, cut)) in tensors.iter().enumerate() {
            for strip in Part::strips(tensor, *cut) {
                let join = blocks.joins.len();
                blocks.steps.extend(strip.steps().enumerate().map(|(at, part)| Step { part, join, at }));
                blocks.joins.push((i, Mutex::default()));
            }
        }
        blocks
    }
}

impl Work for Blocks<'_> {
    type Scratch = Scratch;

    fn steps(&self) -> usize {
        self.steps.len()
    }

    fn total_bytes(&self) -> u64 {
        self.tensors.iter().map(|(t, _)| t.stored_bytes(t.n())).sum()
    }

    fn step(&self, i: usize, scratch: &mut Scratch, _: &Pace) -> Result<u64> {
        let Step { part, join, at } = &self.steps[i];
        let found = part.moments(scratch)?;
        lock(&self.joins[*join].1).put(*at, found);
        Ok(part.tensor.stored_bytes(part.n()))
    }

    fn finish(&self, _scratch: Scratch) -> Result<()> {
        Ok(())
    }
}
