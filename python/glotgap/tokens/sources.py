"""The two ways through a scan: files, which can be read in parts and again, and documents from Python, read once."""

import os
from collections.abc import Iterator
from typing import Any

import polars as pl

from glotgap import tables
from glotgap._errors import BadArgumentError
from glotgap.tokens.by_document import documents_frame
from glotgap.tokens.checkpoint import Checkpoint
from glotgap.tokens.documents_file import write_documents, write_files
from glotgap.tokens.opening import left, names_of, opened, streamed
from glotgap.tokens.origin import described, made
from glotgap.tokens.outcome import Scan, file_name, findings_frame, passed_over_frame
from glotgap.tokens.parts import Parts, counts_frame
from glotgap.tokens.progress import watcher
from glotgap.tokens.wanted import Wanted

__all__ = ["scan_documents", "scan_files"]


def scan_files(paths: list[str], wanted: Wanted, checkpoint: str | os.PathLike[str] | None) -> Scan:
    """Count files."""
    corpus = opened(paths, wanted.reading)
    metadata = described(corpus, wanted.tokenizers, wanted.arguments)
    passed_over = left(corpus)
    if wanted.out is not None:
        reports, verified = write_files(corpus, wanted, wanted.out, checkpoint, metadata)
        return Scan(_no_documents(), findings_frame(corpus.findings(reports)), passed_over, verified, metadata)
    if wanted.per == "document":
        if checkpoint is not None:
            raise BadArgumentError("documents in memory have no checkpoint: give out, or leave checkpoint out")
        asked = {**wanted.counting, "progress": watcher(wanted.progress)}
        columns, reports, verified, letters = corpus.documents(list(range(len(corpus.units))), 0, asked)
        wanted.segmenter.check(letters)
        frame = documents_frame(columns, names_of(corpus), wanted.names, words=wanted.segmenter.name)
        return Scan(frame, findings_frame(corpus.findings(reports)), passed_over, verified, metadata)
    parts = Parts(corpus, wanted, Checkpoint.open(checkpoint, metadata))
    frame = parts.count("\n".join(sorted(map(file_name, paths))) if wanted.name is None else wanted.name)
    wanted.segmenter.check(parts.checkpoint.letters)
    parts.checkpoint.remove()
    findings = findings_frame(corpus.findings(parts.reports))
    return Scan(frame, findings, passed_over, parts.checkpoint.verified, metadata)


def scan_documents(documents: Iterator[Any], wanted: Wanted, checkpoint: str | os.PathLike[str] | None) -> Scan:
    """Count documents from Python."""
    if checkpoint is not None:
        raise BadArgumentError(
            "documents from Python are read once, so there is nothing to resume: leave checkpoint out"
        )
    if wanted.reading["words"]:
        raise BadArgumentError("words is 'conllu', and documents from Python are no such files: give a callable")
    stream = streamed(documents, wanted.reading)
    name = wanted.name or "documents"
    metadata = {**made(wanted.tokenizers, wanted.arguments), "files": "[]"}
    if wanted.out is not None:
        reports, verified = write_documents(stream, wanted, wanted.out, metadata)
        return Scan(
            _no_documents(), findings_frame(stream.findings(name, reports)), passed_over_frame([]), verified, metadata
        )
    asked = {**wanted.counting, "progress": watcher(wanted.progress)}
    if wanted.per == "document":
        columns, reports, verified, letters = stream.documents(asked)
        frame = documents_frame(columns, [name], wanted.names, words=wanted.segmenter.name)
    else:
        columns, reports, verified, letters = stream.scan(asked)
        frame = counts_frame(columns, wanted, name)
    wanted.segmenter.check(letters)
    return Scan(frame, findings_frame(stream.findings(name, reports)), passed_over_frame([]), verified, metadata)


def _no_documents() -> pl.DataFrame:
    """Return DOCUMENTS without rows: the file has them."""
    return pl.DataFrame(schema=tables.DOCUMENTS.schema())
