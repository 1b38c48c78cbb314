//! Hands on what many threads make of numbered units, in the order of units, whoever is first.
//!
//! A thread whose unit's turn it is hands on what it holds at any time. Another keeps it; when it has kept too much, or
//! too many ended units are kept for it, it waits for its turn. Units are begun in their order, so that the thread
//! whose turn it is never waits, and what is held stays bounded.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::error::Result;
use crate::work::Pace;

/// What is handed on: some of a unit, or its end.
pub(super) type Take<'a, T> = &'a mut (dyn FnMut(T) -> Result<()> + Send);

pub(super) struct Order<'a, T> {
    state: Mutex<State<'a, T>>,
    turned: Condvar,
    /// How much of ended units may be kept.
    most: usize,
}

struct State<'a, T> {
    turn: usize,
    early: BTreeMap<usize, (T, usize)>,
    held: usize,
    take: Take<'a, T>,
}

const LOOK: Duration = Duration::from_millis(50);

impl<'a, T> Order<'a, T> {
    /// Nothing yet; keeps ended units of up to `most` bytes.
    pub(super) fn new(most: usize, take: Take<'a, T>) -> Self {
        let state = State { turn: 0, early: BTreeMap::new(), held: 0, take };
        Self { state: Mutex::new(state), turned: Condvar::new(), most }
    }

    /// Hands on some of unit `number`, once it is its turn.
    pub(super) fn some(&self, number: usize, part: T, pace: &Pace) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.turn != number {
            pace.advance(0)?;
            state = self.turned.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        (state.take)(part)
    }

    /// Hands on the last of unit `number`, of `bytes` bytes: now, or when the units before have ended.
    pub(super) fn last(&self, number: usize, part: T, bytes: usize, pace: &Pace) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.turn != number && state.held + bytes > self.most {
            pace.advance(0)?;
            state = self.turned.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.held += bytes;
        state.early.insert(number, (part, bytes));
        while let Some((part, bytes)) = {
            let turn = state.turn;
            state.early.remove(&turn)
        } {
            (state.take)(part)?;
            state.held -= bytes;
            state.turn += 1;
        }
        self.turned.notify_all();
        Ok(())
    }
}
