"""A corpus and some tokenizers in, the table COUNTS out.

The Rust core reads, counts and adds up; here its columns become a frame. A long scan goes part by part: after each
part, what was counted so far is kept in a checkpoint, which a later call takes up.
"""

import warnings
from collections.abc import Iterable
from typing import Any

import polars as pl

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError, GlotgapWarning
from glotgap.tokens.documents_file import check_out
from glotgap.tokens.given import paths_or_documents
from glotgap.tokens.opening import Path_, reading_of
from glotgap.tokens.outcome import Scan
from glotgap.tokens.progress import Watcher
from glotgap.tokens.segmenters import SEGMENTERS, Cut, Segmenter
from glotgap.tokens.sizes import parse_size
from glotgap.tokens.sources import scan_documents, scan_files
from glotgap.tokens.tokenizer import Tokenizer
from glotgap.tokens.wanted import Wanted

__all__ = ["SEGMENTERS", "inspect", "scan"]


@typed
def scan(
    sources: Path_ | Iterable[Any],
    tokenizers: Tokenizer | Iterable[Tokenizer],
    *,
    lang: str | None = None,
    lang_from: str | None = None,
    lang_field: str | None = None,
    text_field: str = "text",
    documents: str = "line",
    invalid: str = "skip",
    format: str | None = None,  # noqa: A002  # the name of the option on the command line
    words: str | Cut = "icu",
    words_version: str | None = None,
    allow_unspaced: bool = False,
    per: str = "language",
    memory: str | int = "512MB",
    verify: int = 1000,
    threads: int | None = None,
    progress: Watcher | None = None,
    checkpoint: Path_ | None = None,
    out: Path_ | None = None,
    name: str | None = None,
) -> pl.DataFrame:
    r"""Return the table COUNTS of a corpus: one row a language and tokenizer, counted exactly, in bounded memory.

    Args:
        sources: files, directories or patterns: plain text, JSON lines, CSV, TSV, Parquet, Arrow or CoNLL-U, plain or
            in gz, zst, xz or bz2, told by content; "-" is standard input. A list or tuple of str holds paths. Any other
            iterable holds documents, which are taken as they are needed and never held as a whole: str; (language,
            text); dicts, whose fields text_field and lang_field are read; or Arrow and polars batches with such
            columns. They are counted as the same documents in a file, cannot be resumed (scan what is left and
            `merge`), and what their iterator raises passes through unchanged.
        tokenizers: one or more, with different names.
        lang: the language of all documents.
        lang_from: "filename" (the part of its name that looks like a code, as in news.srp-Latn.txt) or "directory".
        lang_field: the field or column that names each document's language. Give at most one of the three; without any,
            the language is "und".
        text_field: the field or column that holds the text.
        documents: what a document of a plain text file is: a "line", the "file", or lines up to a "blank" one.
        invalid: text that is not UTF-8 is left out ("skip"), or its bad bytes become U+FFFD ("replace").
        format: "text", "jsonl", "csv", "tsv", "parquet", "arrow", "arrow-stream" or "conllu", not what content says.
        words: how words are found, see docs/tokens.md: "icu", "unicode", "whitespace", "conllu" (the tokens of such
            files), "none"; or a callable that is given a text and returns its words in order, as str or as (start, end)
            in characters. Threads take turns to call it.
        words_version: the version of a callable's segmenter, for the table.
        allow_unspaced: use "whitespace" even where most letters of a language are of scripts without spaces.
        per: "language", or "document" for the table DOCUMENTS: one row a document and tokenizer, numbered by line or
            row of its file, from 0; slower, and all in memory unless `out` is given.
        memory: about how much the tables may take, as "512MB"; the counts do not depend on it.
        verify: how many random documents the reference counts again; any difference is an error.
        threads: how many; all cores by default. The counts do not depend on it.
        progress: called with a `Progress` ten times a second; what it raises stops the scan.
        checkpoint: a file that keeps what was counted, part by part. If it is there, the scan goes on from it; it is
            removed when the scan is done.
        out: with per="document", a .parquet file that takes the rows as they are counted, sorted by key, in bounded
            memory; it appears when the scan is done. The frame returned then has no rows: read the file, or
            `polars.scan_parquet` it. A checkpoint is then the begin of the names of some files, one a part.
        name: what the source is called in the table, by which `merge` tells parts apart: by default its paths, sorted,
            or "documents".

    Warns:
        GlotgapWarning: something of the data was not counted; `inspect` tells what and where.

    Raises:
        BadFileError: a source is absent, or its format is not what it says.
        BadArgumentError: an argument is out of range, two tokenizers have one name, or a document from Python is of
            another type: the message says which, counted from 0.
        UnsupportedError: a sound file in a form that is not read; or a count that differs from the reference's.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> letters = Tokenizer.load({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, " ": 2}, "merges": []}})
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "x.txt").write_text("a b\nab\n")
        ...     scan(f"{folder}/x.txt", letters, lang="eng").select("group", "docs", "words", "tokens").row(0)
        ('eng', 2, 3, 5)
        >>> scan(iter([("eng", "a b"), ("deu", "ab")]), letters)["group", "tokens"].rows()
        [('deu', 2), ('eng', 3)]
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
        words_version=words_version,
        allow_unspaced=allow_unspaced,
        per=per,
        memory=memory,
        verify=verify,
        threads=threads,
        progress=progress,
        checkpoint=checkpoint,
        out=out,
        name=name,
    )
    lost = found.findings.filter(pl.col("lost"))
    if len(lost):
        first = lost.row(0, named=True)
        what = f"{first['count']} x {first['fault']} in {first['file']}"
        text = f"not all was counted: {what}; glotgap.tokens.inspect lists all"
        warnings.warn(text, GlotgapWarning, stacklevel=3)
    return found.frame


@typed
def inspect(
    sources: Path_ | Iterable[Any],
    tokenizers: Tokenizer | Iterable[Tokenizer],
    *,
    lang: str | None = None,
    lang_from: str | None = None,
    lang_field: str | None = None,
    text_field: str = "text",
    documents: str = "line",
    invalid: str = "skip",
    format: str | None = None,  # noqa: A002  # as in scan
    words: str | Cut = "icu",
    words_version: str | None = None,
    allow_unspaced: bool = False,
    per: str = "language",
    memory: str | int = "512MB",
    verify: int = 1000,
    threads: int | None = None,
    progress: Watcher | None = None,
    checkpoint: Path_ | None = None,
    out: Path_ | None = None,
    name: str | None = None,
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
    given = paths_or_documents(sources)
    reading = reading_of(
        lang=lang,
        lang_from=lang_from,
        lang_field=lang_field,
        text_field=text_field,
        documents=documents,
        invalid=invalid,
        form=format,
    )
    _check(verify, per)
    segmenter = Segmenter.of(words, words_version, allow_unspaced=allow_unspaced)
    wanted = Wanted(
        tokenizers=_named([tokenizers] if isinstance(tokenizers, Tokenizer) else list(tokenizers)),
        reading={**reading, "words": segmenter.name == "conllu"},
        segmenter=segmenter,
        memory=parse_size(memory),
        verify=verify,
        threads=threads,
        per=per,
        out=None if out is None else check_out(out, per),
        name=name,
        progress=progress,
    )
    if isinstance(given, list):
        return scan_files(given, wanted, checkpoint)
    return scan_documents(given, wanted, checkpoint)


def _named(tokenizers: list[Any]) -> list[Tokenizer]:
    strangers = [one for one in tokenizers if not isinstance(one, Tokenizer)]
    if strangers:
        raise BadArgumentError(f"{strangers[0]!r:.80} is no Tokenizer: give what Tokenizer.load returns")
    names = [tokenizer.name for tokenizer in tokenizers]
    if not names:
        raise BadArgumentError("no tokenizer: give at least one")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadArgumentError(
            f"two tokenizers are called {twice!r}: name one otherwise, with Tokenizer.load(…, name='x'), or with "
            "-t x=PATH on the command line"
        )
    return tokenizers


def _check(verify: int, per: str) -> None:
    if per not in {"language", "document"}:
        raise BadArgumentError(f"per is {per!r}: give language or document")
    if not 0 <= verify < 2**60:
        raise BadArgumentError(f"verify is {verify!r}: give a number of documents, or 0")
