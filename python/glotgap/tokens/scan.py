"""A corpus and some tokenizers in, the table COUNTS out.

The Rust core reads, counts and adds up; here its columns become a frame. A long scan goes part by part: after each
part, what was counted so far is kept in a checkpoint, which a later call takes up.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import polars as pl

from glotgap import _core
from glotgap._errors import BadArgumentError, GlotgapWarning
from glotgap.tokens.by_document import count_documents
from glotgap.tokens.checkpoint import Checkpoint
from glotgap.tokens.opening import Path_, language_from, left, opened, paths_of
from glotgap.tokens.origin import described
from glotgap.tokens.parts import Parts
from glotgap.tokens.sizes import parse_size
from glotgap.tokens.tokenizer import Tokenizer

__all__ = ["SEGMENTERS", "Scan", "inspect", "scan"]

SEGMENTERS: Final = ("icu", "unicode", "whitespace", "none")
"""Ways of finding words; see docs/tokens.md."""

Progress: TypeAlias = Callable[[int, int], object]
"""Called ten times a second with the stored bytes done and in all."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan returns.

    Attributes:
        frame: the table COUNTS, sorted by its key.
        findings: what is wrong with the data: fault, lost (whether something was not counted), file, count, places.
        passed_over: files that were not taken, and why.
        verified: how many documents the reference counted again.
        metadata: how the table was made: versions, arguments, files.
    """

    frame: pl.DataFrame
    findings: pl.DataFrame
    passed_over: pl.DataFrame
    verified: int
    metadata: dict[str, str]


def scan(
    sources: Path_ | Sequence[Path_],
    tokenizers: Tokenizer | Sequence[Tokenizer],
    *,
    lang: str | None = None,
    lang_from: str | None = None,
    lang_field: str | None = None,
    text_field: str = "text",
    documents: str = "line",
    invalid: str = "skip",
    format: str | None = None,  # noqa: A002  # the name of the option on the command line
    words: str = "icu",
    per: str = "language",
    memory: str | int = "512MB",
    verify: int = 1000,
    threads: int | None = None,
    progress: Progress | None = None,
    checkpoint: Path_ | None = None,
) -> pl.DataFrame:
    r"""Return the table COUNTS of a corpus: one row a language and tokenizer, counted exactly, in bounded memory.

    Args:
        sources: files, directories or patterns: plain text, JSON lines, CSV, TSV, Parquet or Arrow, plain or in gz,
            zst, xz or bz2, told by content; "-" is standard input.
        tokenizers: one or more, with different names.
        lang: the language of all documents.
        lang_from: "filename" (the part of its name that looks like a code, as in news.srp-Latn.txt) or "directory".
        lang_field: the field or column that names each document's language. Give at most one of the three; without any,
            the language is "und".
        text_field: the field or column that holds the text.
        documents: what a document of a plain text file is: a "line", the "file", or lines up to a "blank" one.
        invalid: text that is not UTF-8 is left out ("skip"), or its bad bytes become U+FFFD ("replace").
        format: "text", "jsonl", "csv", "tsv", "parquet", "arrow" or "arrow-stream" instead of what content says.
        words: how words are found, see docs/tokens.md: "icu", "unicode", "whitespace" or "none".
        per: "language", or "document" for the table DOCUMENTS: one row a document and tokenizer, all in memory,
            numbered by line or row of its file; slower, and without checkpoints.
        memory: about how much the tables may take, as "512MB"; the counts do not depend on it.
        verify: how many random documents the reference counts again; any difference is an error.
        threads: how many; all cores by default. The counts do not depend on it.
        progress: called as `progress(done, total)` in stored bytes, ten times a second; what it raises stops the scan.
        checkpoint: a file that keeps what was counted, part by part. If it is there, the scan goes on from it; it is
            removed when the scan is done.

    Warns:
        GlotgapWarning: something of the data was not counted; `inspect` tells what and where.

    Raises:
        BadFileError: a source is absent, or its format is not what it says.
        BadArgumentError: an argument is out of range, or two tokenizers have one name.
        UnsupportedError: a sound file in a form that is not read; or a count that differs from the reference's.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> letters = Tokenizer.load({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, " ": 2}, "merges": []}})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "x.txt").write_text("a b\nab\n")
        ...     scan(f"{folder}/x.txt", letters, lang="eng").select("group", "docs", "words", "tokens").row(0)
        ('eng', 2, 3, 5)
    """
    found = inspect(
        sources,
        tokenizers,
        lang=lang,
        lang_from=lang_from,
        lang_field=lang_field,
        text_field=text_field,
        documents=documents,
        invalid=invalid,
        format=format,
        words=words,
        per=per,
        memory=memory,
        verify=verify,
        threads=threads,
        progress=progress,
        checkpoint=checkpoint,
    )
    lost = found.findings.filter(pl.col("lost"))
    if len(lost):
        first = lost.row(0, named=True)
        what = f"{first['count']} x {first['fault']} in {first['file']}"
        text = f"not all was counted: {what}; glotgap.tokens.inspect lists all"
        warnings.warn(text, GlotgapWarning, stacklevel=2)
    return found.frame


def inspect(
    sources: Path_ | Sequence[Path_],
    tokenizers: Tokenizer | Sequence[Tokenizer],
    *,
    lang: str | None = None,
    lang_from: str | None = None,
    lang_field: str | None = None,
    text_field: str = "text",
    documents: str = "line",
    invalid: str = "skip",
    format: str | None = None,  # noqa: A002  # as in scan
    words: str = "icu",
    per: str = "language",
    memory: str | int = "512MB",
    verify: int = 1000,
    threads: int | None = None,
    progress: Progress | None = None,
    checkpoint: Path_ | None = None,
) -> Scan:
    r"""Return the table of `scan` with what was wrong with the data and how the table was made; arguments as there.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> letters = Tokenizer.load({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "x.txt").write_bytes(b"aa\n\xff\n")
        ...     inspect(f"{folder}/x.txt", letters).findings.select("fault", "count").row(0)
        ('invalid UTF-8', 1)
    """
    all_tokenizers = _named([tokenizers] if isinstance(tokenizers, Tokenizer) else list(tokenizers))
    paths = paths_of(sources)
    lang_value, lang_kind = language_from(lang, lang_from, lang_field)
    reading: dict[str, Any] = {
        "lang": lang_value,
        "lang_from": lang_kind,
        "text_field": text_field,
        "documents": documents,
        "invalid": invalid,
        "format": format,
    }
    _check(words, verify, per)
    corpus = opened(paths, reading)
    counting = {"words": words, "memory": parse_size(memory), "verify": verify, "threads": threads}
    metadata = described(corpus, all_tokenizers, {**reading, "words": words, "per": per})
    if per == "document":
        if checkpoint is not None:
            raise BadArgumentError("per document there are no checkpoints: leave checkpoint out")
        frame, reports, verified = count_documents(corpus, all_tokenizers, counting, progress)
        return Scan(frame, _findings(corpus, reports), left(corpus), verified, metadata)
    parts = Parts(corpus, all_tokenizers, Checkpoint.open(checkpoint, metadata), counting, progress)
    frame = parts.count("\n".join(sorted(paths)))
    return Scan(frame, _findings(corpus, parts.reports), left(corpus), parts.checkpoint.verified, metadata)


def _named(tokenizers: list[Tokenizer]) -> list[Tokenizer]:
    names = [tokenizer.name for tokenizer in tokenizers]
    if not names:
        raise BadArgumentError("no tokenizer: give at least one")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadArgumentError(f"two tokenizers are called {twice!r}: name them with Tokenizer.load(…, name=…)")
    return tokenizers


def _check(words: str, verify: int, per: str) -> None:
    if per not in {"language", "document"}:
        raise BadArgumentError(f"per is {per!r}: give language or document")
    if words not in SEGMENTERS:
        raise BadArgumentError(f"words is {words!r}: give {', '.join(SEGMENTERS)}")
    if verify < 0:
        raise BadArgumentError(f"verify is {verify}: give a number of documents, or 0")


def _findings(corpus: _core.Corpus, reports: list[str]) -> pl.DataFrame:
    rows = [
        (fault, lost, str(file), count, [f"{number} ({note})" if note else str(number) for number, note in places])
        for fault, lost, file, count, places in corpus.findings(reports)
    ]
    schema = {
        "fault": pl.String(),
        "lost": pl.Boolean(),
        "file": pl.String(),
        "count": pl.UInt64(),
        "places": pl.List(pl.String()),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")
