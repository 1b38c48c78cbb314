"""DOCUMENTS into a Parquet file, row group by row group; a long scan goes part by part and can be taken up again.

The rows are sorted by key: files by name, documents as they lie, tokenizers by name. The file appears whole or not at
all. With a checkpoint, every part is a file beside it that says what it holds, and the last step joins them.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from glotgap import _core, tables
from glotgap._atomic import replacing
from glotgap._errors import BadArgumentError
from glotgap.tokens.checkpoint import refuse_other, whole
from glotgap.tokens.opening import names_of
from glotgap.tokens.parts import behind, cut, share
from glotgap.tokens.progress import watcher
from glotgap.tokens.segmenters import Letters, add_letters
from glotgap.tokens.wanted import Wanted

__all__ = ["check_out", "write_documents", "write_files"]


def check_out(out: str | os.PathLike[str], per: str) -> Path:
    """Return the file to write to, or say why nothing can be written there.

    Raises:
        BadArgumentError: it is no .parquet file, it cannot be written, or `per` is not "document".
    """
    if per != "document":
        raise BadArgumentError("out is for per='document', whose rows are many: write the table that scan returns")
    if Path(out).suffix.lower() != ".parquet":
        raise BadArgumentError(f"out is {str(out)!r}: documents are written as they are counted, which needs .parquet")
    return tables.check_path(out)


def write_documents(stream: _core.Stream, wanted: Wanted, out: Path, metadata: dict[str, str]) -> tuple[list[str], int]:
    """Write what `stream` gives; return the reports of its batches, and how many documents were counted again."""
    wanted = by_name(wanted)
    with replacing(out) as target:
        file = _open(target.name, [wanted.name or "documents"], wanted)
        asked = {**wanted.counting, "progress": watcher(wanted.progress)}
        _, reports, verified, letters = stream.documents_into(file, asked)
        wanted.segmenter.check(letters)
        file.close({**metadata, "verified": str(verified)})
    return reports, verified


def write_files(
    corpus: _core.Corpus, wanted: Wanted, out: Path, checkpoint: str | os.PathLike[str] | None, metadata: dict[str, str]
) -> tuple[list[str], int]:
    """Write the documents of files; return the report of each unit, and how many documents were counted again."""
    job = _Job(corpus, by_name(wanted), metadata)
    with replacing(out) as target:
        file = _open(target.name, job.sources, job.wanted)
        if checkpoint is None:
            job.count(file, job.order)
            parts = []
        else:
            parts = job.parts(tables.check_path(checkpoint))
            for part in parts:
                file.append(part)
        wanted.segmenter.check(job.letters)
        file.close({**metadata, "verified": str(job.verified)})
    for part in parts:
        part.unlink(missing_ok=True)
    return [job.reports[unit] for unit in sorted(job.reports)], job.verified


def by_name(wanted: Wanted) -> Wanted:
    """Return the same with the tokenizers sorted by name."""
    return replace(wanted, tokenizers=sorted(wanted.tokenizers, key=lambda tokenizer: tokenizer.name))


def _open(path: str, sources: list[str], wanted: Wanted) -> _core.DocumentsFile:
    has_words = wanted.segmenter.name != "none"
    return _core.DocumentsFile(path, sources=sources, tokenizers=wanted.names, has_words=has_words)


class _Job:
    """The units of a corpus in the order of the table, and what counting them came to so far."""

    def __init__(self, corpus: _core.Corpus, wanted: Wanted, metadata: dict[str, str]) -> None:
        self.corpus = corpus
        self.wanted = wanted
        self.metadata = metadata
        self.sources = names_of(corpus)
        self.files = corpus.unit_files
        self.sizes = [size for _, size in corpus.units]
        self.order = sorted(range(len(self.files)), key=lambda unit: (self.sources[self.files[unit]], unit))
        self.reports: dict[int, str] = {}
        self.letters: Letters = {}
        self.verified = 0

    def count(self, file: _core.DocumentsFile, units: list[int]) -> tuple[list[str], int, Letters]:
        """Count some units into a file."""
        done, total = sum(self.sizes[unit] for unit in self.reports), sum(self.sizes)
        asked = {
            **self.wanted.counting,
            "verify": share(self.wanted.verify, sum(self.sizes[unit] for unit in units), total),
            "progress": watcher(self.wanted.progress, done, total, behind(self.reports.values())),
        }
        _, reports, verified, letters = self.corpus.documents_into(file, units, self._lines_before(units), asked)
        self._take(units, reports, verified, letters)
        return reports, verified, letters

    def parts(self, checkpoint: Path) -> list[Path]:
        """Return files of all parts, in order: those that a stopped scan left, and those made now."""
        made = list(self._kept(checkpoint))
        for units in cut(self.order[len(self.reports) :], self.sizes):
            path = _part(checkpoint, len(made))
            with replacing(path) as target:
                file = _open(target.name, self.sources, self.wanted)
                reports, verified, letters = self.count(file, units)
                state = {"units": units, "reports": reports, "verified": verified, "letters": letters}
                file.close({**self.metadata, "part": json.dumps(state)})
            made.append(path)
        return made

    def _kept(self, checkpoint: Path) -> Iterator[Path]:
        for number in count():
            path = _part(checkpoint, number)
            if not path.exists():
                return
            with whole(path):
                metadata = tables.read_metadata(path)
            refuse_other(path, metadata, self.metadata, "part")
            with whole(path):
                state: dict[str, Any] = json.loads(metadata["part"])
                self._take(state["units"], state["reports"], state["verified"], state["letters"])
            yield path

    def _take(self, units: list[int], reports: list[str], verified: int, letters: Letters) -> None:
        self.reports |= dict(zip(units, reports, strict=True))
        self.verified += verified
        add_letters(self.letters, letters)

    def _lines_before(self, units: list[int]) -> int:
        """Return how many lines of the first unit's file lie in units before it."""
        same = (unit for unit in self.reports if units and self.files[unit] == self.files[units[0]])
        return sum(json.loads(self.reports[unit])["lines"] for unit in same)


def _part(checkpoint: Path, number: int) -> Path:
    return checkpoint.with_suffix(f".{number:05}.parquet")
