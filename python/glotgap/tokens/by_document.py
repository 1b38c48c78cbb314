"""Documents one by one: the table DOCUMENTS."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from glotgap import tables

__all__ = ["documents_frame"]


def documents_frame(columns: dict[str, Any], sources: Sequence[str], names: list[str], *, words: str) -> pl.DataFrame:
    """Put documents and tallies of the core side by side: a row a document and tokenizer, sorted by key."""
    times, count = len(names), len(columns["document"])
    documents = {
        "source": pl.Series(sources, dtype=pl.String).gather(columns["file"]),
        "group": pl.Series(columns["languages"], dtype=pl.String).gather(columns["language"]),
        **{name: pl.Series(columns[name]) for name in ("document", "bytes", "chars", "words")},
    }
    repeated = np.repeat(np.arange(count), times)
    found = {name: column.gather(repeated) for name, column in documents.items()}
    found |= {name: pl.Series(columns[name]) for name in ("tokens", "unk", "fallback")}
    found["tokenizer"] = pl.Series(names, dtype=pl.String).gather(np.tile(np.arange(times), count))
    if words == "none":
        found["words"] = pl.repeat(None, len(repeated), dtype=pl.UInt64, eager=True)
    order = [column.name for column in tables.DOCUMENTS.columns]
    return tables.sort("DOCUMENTS", pl.DataFrame(found).select(order))
