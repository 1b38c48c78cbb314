"""DOCUMENTS: the counts of each document, for bootstraps and for ratios sentence by sentence.

In aligned corpora (one source a language) equal numbers are the same sentence.
"""

from typing import Final

from glotgap.tables.declaration import COUNT, TEXT, Column, Table

__all__ = ["DOCUMENTS"]

DOCUMENTS: Final = Table(
    "DOCUMENTS",
    ("source", "document", "tokenizer"),
    (
        Column("source", TEXT, "", "what was read"),
        Column("document", COUNT, "", "running number within the source, from 0; aligned corpora share it"),
        Column("tokenizer", TEXT, "", "name of the tokenizer"),
        Column("group", TEXT, "", "language"),
        Column("bytes", COUNT, "bytes", "bytes of the text in UTF-8"),
        Column("chars", COUNT, "characters", "code points"),
        Column("words", COUNT, "words", "words; null where none were cut"),
        Column("tokens", COUNT, "tokens", "tokens, without special tokens"),
        Column("unk", COUNT, "tokens", "unknown tokens"),
        Column("fallback", COUNT, "tokens", "byte-fallback tokens"),
    ),
)
