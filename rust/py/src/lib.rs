//! The binding (to be written).
