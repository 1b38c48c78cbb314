"""The two ways through a scan: files, which can be read in parts and again, and documents from Python, read once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from glotgap import _core
from glotgap._errors import BadArgumentError
from glotgap.tokens.by_document import documents_frame
from glotgap.tokens.checkpoint import Checkpoint
from glotgap.tokens.given import Reader
from glotgap.tokens.origin import described, made
from glotgap.tokens.outcome import Scan, findings_frame, passed_over_frame
from glotgap.tokens.parts import Parts, counts_frame
from glotgap.tokens.progress import Watcher, watcher
from glotgap.tokens.tokenizer import Tokenizer

__all__ = ["Wanted", "scan_documents", "scan_files"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a scan, checked.

    Attributes:
        tokenizers: the tokenizers, with different names.
        reading: how documents are read, as the core has it.
        words: how words are found.
        memory: bytes.
        verify: documents that the reference counts again.
        threads: how many; None for all cores.
        per: "language" or "document".
        name: what the source is called in the table; None for its paths.
        progress: what is told how far the scan is.
    """

    tokenizers: list[Tokenizer]
    reading: dict[str, Any]
    words: str
    memory: int
    verify: int
    threads: int | None
    per: str
    name: str | None
    progress: Watcher | None

    @property
    def counting(self) -> dict[str, Any]:
        """What the core is asked, but for progress."""
        return {
            "tokenizers": [tokenizer.compiled for tokenizer in self.tokenizers],
            "words": self.words,
            "memory": self.memory,
            "verify": self.verify,
            "threads": self.threads,
        }

    @property
    def arguments(self) -> dict[str, Any]:
        """What decides the counts, beside sources and tokenizers."""
        return {**self.reading, "words": self.words, "per": self.per}

    @property
    def names(self) -> list[str]:
        """The names of the tokenizers."""
        return [tokenizer.name for tokenizer in self.tokenizers]


def scan_files(paths: list[str], wanted: Wanted, checkpoint: str | os.PathLike[str] | None) -> Scan:
    """Count files."""
    if not paths:
        raise BadArgumentError("no sources: give at least one file, directory or pattern")
    corpus = _core.Corpus.open(paths, wanted.reading)
    metadata = described(corpus, wanted.tokenizers, wanted.arguments)
    passed_over = passed_over_frame(corpus.passed_over)
    if wanted.per == "document":
        if checkpoint is not None:
            raise BadArgumentError("per document there are no checkpoints: leave checkpoint out")
        asked = {**wanted.counting, "progress": watcher(wanted.progress)}
        columns, reports, verified = corpus.documents(list(range(len(corpus.units))), 0, asked)
        frame = documents_frame(columns, list(map(str, corpus.files)), wanted.names, words=wanted.words)
        return Scan(frame, findings_frame(corpus.findings(reports)), passed_over, verified, metadata)
    parts = Parts(corpus, wanted.tokenizers, Checkpoint.open(checkpoint, metadata), wanted.counting, wanted.progress)
    frame = parts.count("\n".join(sorted(paths)) if wanted.name is None else wanted.name)
    findings = findings_frame(corpus.findings(parts.reports))
    return Scan(frame, findings, passed_over, parts.checkpoint.verified, metadata)


def scan_documents(documents: Iterator[Any], wanted: Wanted, checkpoint: str | os.PathLike[str] | None) -> Scan:
    """Count documents from Python."""
    reader = _reader(wanted.reading, checkpoint)
    reading = {**wanted.reading, "lang": "lang", "lang_from": "field", "text_field": "text"}
    stream = _core.Stream(reader.batches(documents), reading)
    name = wanted.name or "documents"
    asked = {**wanted.counting, "progress": watcher(wanted.progress)}
    if wanted.per == "document":
        columns, reports, verified = stream.documents(asked)
        frame = documents_frame(columns, [name], wanted.names, words=wanted.words)
    else:
        columns, reports, verified = stream.scan(asked)
        frame = counts_frame(columns, wanted.tokenizers, wanted.words, name)
    metadata = {**made(wanted.tokenizers, wanted.arguments), "files": "[]"}
    findings = findings_frame(_core.Stream.findings(name, reports))
    return Scan(frame, findings, passed_over_frame([]), verified, metadata)


def _reader(reading: dict[str, Any], checkpoint: object) -> Reader:
    """Return what reads documents; refuse what only files have."""
    if checkpoint is not None:
        raise BadArgumentError(
            "documents from Python are read once, so there is nothing to resume: leave checkpoint out"
        )
    if reading["lang_from"] in {"filename", "directory"}:
        raise BadArgumentError(
            f"lang_from is {reading['lang_from']!r}, and documents from Python have no files: give lang"
        )
    if reading["format"] is not None or reading["documents"] != "line":
        raise BadArgumentError(
            "documents from Python have no format, and are what they are: leave format and documents out"
        )
    value, kind = reading["lang"], reading["lang_from"]
    return Reader(reading["text_field"], value if kind == "field" else None, value if kind == "fixed" else None)
