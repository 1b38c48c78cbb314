"""COUNTS: what a scan of text says of each language and tokenizer, as sums, so that parts of a corpus add up.

Every figure is a whole number: ratios are made of their sums, never of ratios (see `glotgap.tokens`). `source` names
the sources that were added, one a line, so that none is added twice.
"""

from typing import Final

import polars as pl

from glotgap.tables.declaration import COUNT, TEXT, Column, Table

__all__ = ["COUNTS"]

COUNTS: Final = Table(
    "COUNTS",
    ("source", "group", "tokenizer", "segmenter"),
    (
        Column("source", TEXT, "", "what was read: a file, a directory or a shard; several, one a line, once merged"),
        Column("group", TEXT, "", "language"),
        Column("tokenizer", TEXT, "", "name of the tokenizer"),
        Column("segmenter", TEXT, "", "what cut words: icu, unicode, whitespace, conllu, callable or none"),
        Column("docs", COUNT, "documents", "documents read"),
        Column("bytes", COUNT, "bytes", "bytes of the text in UTF-8"),
        Column("chars", COUNT, "characters", "code points"),
        Column("words", COUNT, "words", "words; null where the segmenter is none"),
        Column("tokens", COUNT, "tokens", "tokens of the running text, without special tokens"),
        Column(
            "word_tokens", COUNT, "tokens", "tokens of each word alone, with the space before it; null without words"
        ),
        Column("words_split", COUNT, "words", "words of two or more such tokens; null without words"),
        Column("words_single", COUNT, "words", "words of exactly one such token; null without words"),
        Column("unk", COUNT, "tokens", "unknown tokens"),
        Column("fallback", COUNT, "tokens", "byte-fallback tokens"),
        Column("vocabulary", COUNT, "types", "size of the tokenizer's vocabulary, added tokens included"),
        Column("used", COUNT, "types", "different tokens seen; null where parts without frequencies were added"),
        Column("token_ids", pl.List(pl.UInt32()), "", "ids of the tokens seen, rising", "frequencies"),
        Column("token_counts", pl.List(COUNT), "tokens", "how often each was seen", "frequencies"),
    ),
)
