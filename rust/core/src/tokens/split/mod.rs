//! Pre-tokenizers: text in, words out.
