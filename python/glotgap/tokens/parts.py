"""A scan, part by part: units of the corpus up to some bytes, counted, added, kept."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import polars as pl

from glotgap import _core, tables
from glotgap.tokens.checkpoint import Checkpoint
from glotgap.tokens.counted import added
from glotgap.tokens.progress import watcher
from glotgap.tokens.segmenters import Letters, add_letters
from glotgap.tokens.wanted import Wanted

__all__ = ["Parts", "behind", "counts_frame", "cut", "share"]

PART: Final = 1 << 30
"""Stored bytes of a part, if the units are not larger."""


class Parts:
    """A corpus to be counted.

    Attributes:
        corpus: the corpus.
        wanted: what is asked.
        checkpoint: what was counted so far.
    """

    def __init__(self, corpus: _core.Corpus, wanted: Wanted, checkpoint: Checkpoint) -> None:
        self.corpus = corpus
        self.wanted = wanted
        self.checkpoint = checkpoint
        self._sizes = [size for _, size in corpus.units]
        self._total = sum(self._sizes)

    def count(self, source: str) -> pl.DataFrame:
        """Count what the checkpoint does not hold, and return COUNTS of the whole."""
        names = [name for name, _ in self.corpus.units]
        kept = self.checkpoint
        left = [unit for unit, name in enumerate(names) if name not in kept.reports]
        parts = list(cut(left, self._sizes)) if kept.path else [left]
        for part in parts:
            columns, reports, verified, letters = self._count_part(part)
            new = counts_frame(columns, self.wanted, source)
            kept.frame = new if kept.frame is None else _sum(kept.frame, new)
            kept.reports |= {names[unit]: report for unit, report in zip(part, reports, strict=True)}
            kept.verified += verified
            add_letters(kept.letters, letters)
            if len(parts) > 1:
                kept.save()
        return kept.frame if kept.frame is not None else counts_frame({}, self.wanted, source)

    @property
    def reports(self) -> list[str]:
        """What reading each unit came to, in order."""
        return [self.checkpoint.reports[name] for name, _ in self.corpus.units]

    def _count_part(self, part: list[int]) -> tuple[dict[str, Any], list[str], int, Letters]:
        size = sum(self._sizes[unit] for unit in part)
        before = sum(
            self._sizes[unit] for unit, (name, _) in enumerate(self.corpus.units) if name in self.checkpoint.reports
        )
        asked = {
            **self.wanted.counting,
            "verify": share(self.wanted.verify, size, self._total),
            "progress": watcher(self.wanted.progress, before, self._total, behind(self.checkpoint.reports.values())),
        }
        return self.corpus.scan(part, asked)


def cut(units: Iterable[int], sizes: Sequence[int]) -> Iterator[list[int]]:
    """Yield units in parts of about PART stored bytes; no units are no part."""
    part: list[int] = []
    held = 0
    for unit in units:
        if part and held + sizes[unit] > PART:
            yield part
            part, held = [], 0
        part.append(unit)
        held += sizes[unit]
    if part:
        yield part


def share(verify: int, size: int, total: int) -> int:
    """Return how many of `verify` documents a part of so many bytes gets."""
    return math.ceil(verify * (size / total if total else 1))


def behind(reports: Iterable[str]) -> int:
    """Return how many documents these reports tell of."""
    return sum(json.loads(report)["documents"] for report in reports)


def counts_frame(columns: dict[str, Any], wanted: Wanted, source: str) -> pl.DataFrame:
    """Return columns of the core as COUNTS."""
    numbers = columns.get("tokenizer", [])
    tokenizers, words = wanted.tokenizers, wanted.segmenter.name
    columns = {
        **columns,
        "source": [source] * len(numbers),
        "tokenizer": [tokenizers[number].name for number in numbers],
        "segmenter": [words] * len(numbers),
        "vocabulary": [tokenizers[number].vocabulary for number in numbers],
        "used": [len(ids) for ids in columns.get("token_ids", [])],
    }
    if words == "none":
        columns |= dict.fromkeys(("words", "word_tokens", "words_split", "words_single"), [None] * len(numbers))
    # Polars makes an Array of one list from numpy, whatever type is asked for.
    series = [
        pl.Series(column.name, columns.get(column.name, []), column.dtype).cast(column.dtype)
        for column in tables.COUNTS.columns
    ]
    return tables.sort("COUNTS", pl.DataFrame(series))


def _sum(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Add the counts of two parts of one source."""
    source = [*first["source"], *second["source"]][:1]
    whole = added(pl.concat([first, second])).with_columns(source=pl.lit(source[0] if source else ""))
    return tables.sort("COUNTS", whole.select(*first.columns))
