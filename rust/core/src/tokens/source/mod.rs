//! Corpora: files of any supported format and compression in, batches of documents out.
