"""COUNTS and DOCUMENTS small enough to check by hand: what the examples of this room compute with."""

import polars as pl

from glotgap._arguments import typed
from glotgap.tables import COUNTS, DOCUMENTS

__all__ = ["counts", "documents"]


@typed
def counts(source: str = "toy") -> pl.DataFrame:
    """Return COUNTS of two aligned documents in two languages: German costs twice as many tokens as English.

    Example:
        >>> counts().select("group", "docs", "words", "tokens").rows()
        [('deu', 2, 10, 20), ('eng', 2, 10, 10)]
    """
    shared = {"source": source, "tokenizer": "toy", "segmenter": "whitespace", "docs": 2, "vocabulary": 16}
    german = {
        "group": "deu", "bytes": 60, "chars": 50, "words": 10, "tokens": 20, "word_tokens": 20, "words_split": 8,
        "words_single": 2, "unk": 0, "fallback": 2, "used": 4, "token_ids": [1, 2, 3, 4], "token_counts": [5, 5, 5, 5],
    }  # fmt: skip
    english = {
        "group": "eng", "bytes": 50, "chars": 50, "words": 10, "tokens": 10, "word_tokens": 10, "words_split": 0,
        "words_single": 10, "unk": 0, "fallback": 0, "used": 2, "token_ids": [1, 5], "token_counts": [5, 5],
    }  # fmt: skip
    return pl.DataFrame([shared | german, shared | english], schema=COUNTS.schema("frequencies"))


@typed
def documents() -> pl.DataFrame:
    """Return DOCUMENTS of eight aligned documents in four languages: Amharic and Burmese cost three times the tokens.

    Example:
        >>> documents().group_by("group").agg(pl.col("tokens").sum()).sort("group").rows()
        [('amh', 336), ('eng', 108), ('fra', 132), ('mya', 384)]
    """
    factors = {"amh": 2.8, "eng": 0.9, "fra": 1.1, "mya": 3.2}
    rows = [
        {"source": language, "document": number, "tokenizer": "toy", "group": language, "bytes": 60, "chars": 50,
         "words": 10, "tokens": round(factor * 10 * (number % 2 + 1)), "unk": 0, "fallback": 0}
        for language, factor in factors.items()
        for number in range(8)
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=DOCUMENTS.schema())
