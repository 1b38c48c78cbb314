//! Parts of a tensor: some of its blocks, over some of its outer indices.

use std::ops::Range;

use crate::error::Result;
use crate::weights::blocks::Cut;
use crate::weights::blocks::columns::{Columns, RUN};
use crate::weights::blocks::piles::{self, Piles};
use crate::weights::blocks::widen::{Wide, Widener};
use crate::weights::moments::Moments;
use crate::weights::source::{Encoding, Tensor};

/// Values read at a time: of f32, a MiB.
const PIECE: u64 = 1 << 18;
/// Values of a step.
const STEP: u64 = 1 << 20;
/// Values of a step of single columns; more of them, since each column costs some 100 ns a step.
const TALL_STEP: u64 = 1 << 22;
/// Most values of a row that are read together.
const WIDTH: u64 = 1 << 16;

/// What a thread keeps from step to step.
#[derive(Default)]
pub struct Scratch {
    widener: Widener,
    piles: Piles,
}

/// Blocks `blocks` of `tensor` over outer indices `rows`.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    pub tensor: &'a Tensor,
    pub cut: Cut,
    pub blocks: Range<u64>,
    pub rows: Range<u64>,
}

impl<'a> Part<'a> {
    /// A tensor's blocks, as many together as are read together.
    pub fn strips(tensor: &'a Tensor, cut: Cut) -> impl Iterator<Item = Self> {
        let most = if cut.outer > 1 { WIDTH } else { STEP };
        let strips = cut.count.div_ceil((most / cut.inner.max(1)).max(1)).max(1);
        let width = cut.count.div_ceil(strips).max(1);
        let first = (0..cut.count.div_ceil(width)).map(move |i| i * width);
        first.map(move |first| {
            let blocks = first..(first + width).min(cut.count);
            Self { tensor, cut, blocks, rows: 0..cut.outer }
        })
    }

    /// The same blocks over a few outer indices at a time. Of these the first [`RUN`] make the pivots: were they less
    /// than a 64th, the mean could be more than eight deviations away, as in [`crate::weights::powers`].
    pub fn steps(self) -> impl Iterator<Item = Self> {
        let values = if self.cut.inner > 1 { STEP } else { TALL_STEP };
        let height = (values / self.width()).clamp(1, 64 * self.piece_rows().min(RUN as u64));
        let rows = self.rows.clone();
        let starts = (0..rows.end.div_ceil(height).max(1)).map(move |i| i * height);
        starts.map(move |start| Self { rows: start..(start + height).min(rows.end), ..self.clone() })
    }

    /// Number of values.
    pub fn n(&self) -> u64 {
        (self.rows.end - self.rows.start) * (self.blocks.end - self.blocks.start) * self.cut.inner
    }

    /// Number of blocks.
    pub fn count(&self) -> usize {
        (self.blocks.end - self.blocks.start) as usize
    }

    /// Number of outer indices.
    pub fn rows(&self) -> usize {
        (self.rows.end - self.rows.start) as usize
    }

    /// Smallest normal magnitude of the format.
    pub fn min_normal(&self) -> f64 {
        let known = match self.tensor.encoding {
            Encoding::Plain(dtype) => dtype.min_normal(),
            Encoding::Blocks(_) => None,
        };
        known.unwrap_or(f64::from(f32::MIN_POSITIVE))
    }

    /// Moments of each block.
    pub fn moments(&self, scratch: &mut Scratch) -> Result<Vec<Moments>> {
        let found = if self.n() == 0 {
            Ok(vec![Moments::default(); self.count()])
        } else if self.cut.outer > 1 {
            self.scattered(scratch)
        } else {
            self.contiguous(&mut scratch.widener)
        };
        if self.is_together() {
            self.tensor.release(self.at(self.rows.start), self.n());
        }
        found
    }

    /// Blocks of one run each; of one longer than a step, piece by piece.
    fn contiguous(&self, widener: &mut Widener) -> Result<Vec<Moments>> {
        let (run, limit) = (self.cut.inner as usize, self.min_normal());
        let (start, end) = (self.at(0), self.at(0) + self.n());
        let mut found = vec![Moments::default(); self.count()];
        for first in (start..end).step_by(STEP as usize) {
            match widener.read(self.tensor, first..end.min(first + STEP))? {
                Wide::Singles(values) => piles::add(&mut found, values.chunks(run), limit),
                Wide::Doubles(values) => piles::add(&mut found, values.chunks(run), limit),
            }
        }
        Ok(found)
    }

    fn scattered(&self, Scratch { widener, piles }: &mut Scratch) -> Result<Vec<Moments>> {
        if self.cut.inner > 1 {
            return piles.moments(self, &(0..self.count()).collect::<Vec<_>>(), widener);
        }
        let mut columns = Columns::new(self.count(), self.min_normal());
        self.read(widener, |wide| {
            if let Wide::Singles(values) = wide {
                columns.add(values);
            }
        })?;
        let mut found = columns.moments();
        let missing: Vec<usize> = (0..found.len()).filter(|i| found[*i].is_none()).collect();
        if !missing.is_empty() {
            let slowly = piles.moments(self, &missing, widener)?;
            missing.iter().zip(slowly).for_each(|(i, moments)| found[*i] = Some(moments));
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// Shows all values to `see`, some whole rows at a time.
    pub fn read(&self, widener: &mut Widener, mut see: impl FnMut(Wide<'_>)) -> Result<()> {
        for row in self.rows.clone().step_by(self.piece_rows() as usize) {
            let rows = self.piece_rows().min(self.rows.end - row);
            see(widener.read(self.tensor, self.at(row)..self.at(row) + rows * self.width())?);
        }
        Ok(())
    }

    /// Rows that are read at a time: where they are not whole, one after the other.
    fn piece_rows(&self) -> u64 {
        if self.is_together() { (PIECE / self.width()).max(1) } else { 1 }
    }

    /// Whether its values are one stretch.
    fn is_together(&self) -> bool {
        self.cut.outer <= 1 || self.count() as u64 == self.cut.count
    }

    /// Values of a row.
    fn width(&self) -> u64 {
        ((self.blocks.end - self.blocks.start) * self.cut.inner).max(1)
    }

    /// Place of the first value of a row.
    fn at(&self, row: u64) -> u64 {
        (row * self.cut.count + self.blocks.start) * self.cut.inner
    }
}
