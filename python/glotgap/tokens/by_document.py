"""A corpus document by document: the table DOCUMENTS."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotgap import _core, tables
from glotgap.tokens.tokenizer import Tokenizer

__all__ = ["count_documents"]


def count_documents(
    corpus: _core.Corpus,
    tokenizers: Sequence[Tokenizer],
    counting: dict[str, Any],
    progress: Callable[[int, int], object] | None,
) -> tuple[pl.DataFrame, list[str], int]:
    """Return DOCUMENTS of all units, what reading each unit came to, and how many documents were counted again."""
    units = list(range(len(corpus.units)))
    compiled = [tokenizer.compiled for tokenizer in tokenizers]
    columns, reports, verified = corpus.documents(units, compiled, progress=progress, **counting)
    names = [tokenizer.name for tokenizer in tokenizers]
    return _frame(corpus, columns, names, words=counting["words"]), reports, verified


def _frame(corpus: _core.Corpus, columns: dict[str, Any], names: list[str], *, words: str) -> pl.DataFrame:
    """Put documents and tallies side by side: a row a document and tokenizer."""
    times, sizes = len(names), columns["unit_documents"].astype(np.int64)
    files = np.repeat(columns["unit_file"], sizes)
    numbers = columns["place"] - 1 + np.repeat(_lines_before(columns), sizes)
    documents = {
        "source": pl.Series([str(file) for file in corpus.files], dtype=pl.String).gather(files),
        "document": pl.Series(numbers.astype(np.uint64)),
        "group": pl.Series(columns["languages"], dtype=pl.String).gather(columns["language"]),
        **{name: pl.Series(columns[name]) for name in ("bytes", "chars", "words")},
    }
    repeated = np.repeat(np.arange(len(numbers)), times)
    found = {name: column.gather(repeated) for name, column in documents.items()}
    found |= {name: pl.Series(columns[name]) for name in ("tokens", "unk", "fallback")}
    found["tokenizer"] = pl.Series(names, dtype=pl.String).gather(np.tile(np.arange(times), len(numbers)))
    if words == "none":
        found["words"] = pl.repeat(None, len(repeated), dtype=pl.UInt64, eager=True)
    order = [column.name for column in tables.DOCUMENTS.columns]
    return tables.sort("DOCUMENTS", pl.DataFrame(found).select(order))


def _lines_before(columns: dict[str, Any]) -> NDArray[np.uint64]:
    """Return how many lines or rows of its file stand before each unit: the units of a file follow each other."""
    lines, files = columns["unit_lines"], columns["unit_file"]
    before = np.cumsum(lines) - lines
    is_first = np.diff(files, prepend=np.uint64(len(lines))) != 0 if len(files) else np.zeros(0, bool)
    first = np.maximum.accumulate(np.where(is_first, before, 0))
    shift: NDArray[np.uint64] = before - first
    return shift
