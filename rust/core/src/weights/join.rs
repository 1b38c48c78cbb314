//! Moments of the same blocks from several steps, joined in the order of the steps as soon as that is possible, so
//! that few of them wait at a time.

use std::collections::BTreeMap;

use crate::weights::moments::Moments;

/// What the first steps found, and what later ones did that came early.
#[derive(Default)]
pub struct Join {
    found: Vec<Moments>,
    joined: usize,
    waiting: BTreeMap<usize, Vec<Moments>>,
}

impl Join {
    /// Adds what step `at` found.
    pub fn put(&mut self, at: usize, found: Vec<Moments>) {
        self.waiting.insert(at, found);
        while let Some(next) = self.waiting.remove(&self.joined) {
            if self.joined == 0 {
                self.found = next;
            } else {
                self.found.iter_mut().zip(&next).for_each(|(all, more)| *all = all.merge(more));
            }
            self.joined += 1;
        }
    }

    /// What was joined, leaving nothing.
    pub fn take(&mut self) -> Vec<Moments> {
        std::mem::take(&mut self.found)
    }
}
