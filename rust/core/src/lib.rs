//! glotgap-core: reads bytes and counts. No Python anywhere.
//!
//! Rooms: [`weights`] scans model weights, [`tokens`] counts tokens, [`stats`] tests. Rooms never import each other; they share [`error`] and [`work`].

pub mod cpu;
pub mod error;
pub mod lanes;
pub mod pages;
pub mod stats;
pub mod tokens;
pub mod weights;
pub mod work;

pub use error::{Error, Kind, Result};
