//! Normalizers: text in, text out, and how far a change can reach.
