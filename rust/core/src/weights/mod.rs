//! Weights: exact statistics of tensors of any size (method to be written).

pub mod dtype;
pub mod source;
