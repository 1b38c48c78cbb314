//! Models: a word in, tokens out, by the algorithm and the vocabulary of the tokenizer.
