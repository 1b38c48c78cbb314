//! Blocks whose values are collected, each block's on a pile of its own, before they are summed.

use crate::error::Result;
use crate::weights::blocks::part::Part;
use crate::weights::blocks::widen::{Wide, Widener};
use crate::weights::moments::Moments;
use crate::weights::powers::Stored;

/// Where piles of either form are made; kept from step to step for the memory.
#[derive(Default)]
pub struct Piles {
    singles: Vec<[u8; 4]>,
    doubles: Vec<[u8; 8]>,
}

impl Piles {
    /// Moments of the blocks at `chosen`, counted from the part's first.
    pub fn moments(&mut self, part: &Part<'_>, chosen: &[usize], widener: &mut Widener) -> Result<Vec<Moments>> {
        let Self { singles, doubles } = self;
        singles.clear();
        doubles.clear();
        let mut deal = Deal { chosen, inner: part.cut.inner as usize, count: part.count(), rows: part.rows(), done: 0 };
        part.read(widener, |wide| match wide {
            Wide::Singles(values) => deal.add(values, singles),
            Wide::Doubles(values) => deal.add(values, doubles),
        })?;
        let mut found = vec![Moments::default(); chosen.len()];
        add(&mut found, singles.chunks(deal.tall()), part.min_normal());
        add(&mut found, doubles.chunks(deal.tall()), part.min_normal());
        Ok(found)
    }
}

/// Joins to each of `found` the moments of its values.
pub fn add<'a, S: Stored + 'a>(found: &mut [Moments], values: impl Iterator<Item = &'a [S]>, min_normal: f64) {
    found.iter_mut().zip(values).for_each(|(found, values)| *found = found.merge(&Moments::of(values, min_normal)));
}

/// How runs become piles.
struct Deal<'a> {
    chosen: &'a [usize],
    inner: usize,
    /// Blocks of a row.
    count: usize,
    rows: usize,
    /// Rows dealt.
    done: usize,
}

impl Deal<'_> {
    /// Values of a pile.
    fn tall(&self) -> usize {
        self.rows * self.inner
    }

    /// Puts each chosen block's runs on its pile. Block by block, so that piles are written in one go.
    fn add<S: Stored + Default>(&mut self, values: &[S], piles: &mut Vec<S>) {
        let (inner, width) = (self.inner, self.count * self.inner);
        piles.resize(self.chosen.len() * self.tall(), S::default());
        for (block, pile) in self.chosen.iter().zip(piles.chunks_mut(self.tall())) {
            let runs = values[block * inner..].chunks(width).map(|rest| &rest[..inner]);
            let places = pile[self.done * inner..].chunks_mut(inner);
            places.zip(runs).for_each(|(place, run)| place.copy_from_slice(run));
        }
        self.done += values.len() / width;
    }
}
