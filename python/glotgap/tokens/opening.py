"""Sources in, an opened corpus out: what scans and checks share."""

import os
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import polars as pl

from glotgap import _core
from glotgap._errors import BadArgumentError
from glotgap.tokens.given import Reader
from glotgap.tokens.outcome import file_name, passed_over_frame

__all__ = ["Path_", "left", "names_of", "opened", "reading_of", "streamed"]

Path_: TypeAlias = str | os.PathLike[str]


def opened(paths: Sequence[str], reading: dict[str, Any]) -> _core.Corpus:
    """Open a corpus.

    `reading` holds lang, lang_from, text_field, documents, invalid and format; words too where those of CoNLL-U are
    wanted.
    """
    return _core.Corpus.open(paths, {"words": False, **reading})


def streamed(documents: Iterator[Any], reading: dict[str, Any]) -> _core.Stream:
    """Open documents from Python, which can be read once; `reading` is as for `opened`.

    Raises:
        BadArgumentError: it asks for what only files have.
    """
    if reading["lang_from"] in {"filename", "directory"}:
        raise BadArgumentError(
            f"lang_from is {reading['lang_from']!r}, and documents from Python have no files: give lang"
        )
    if reading["format"] is not None or reading["documents"] != "line":
        raise BadArgumentError(
            "documents from Python have no format, and are what they are: leave format and documents out"
        )
    value, kind = reading["lang"], reading["lang_from"]
    reader = Reader(reading["text_field"], value if kind == "field" else None, value if kind == "fixed" else None)
    gathered = {"lang": "lang", "lang_from": "field", "text_field": "text"}
    return _core.Stream(reader.batches(documents), {"words": False, **reading, **gathered})


def reading_of(
    *,
    lang: str | None,
    lang_from: str | None,
    lang_field: str | None,
    text_field: str,
    documents: str,
    invalid: str,
    form: str | None,
) -> dict[str, Any]:
    """Return how documents are read, as `opened` takes it, but for words.

    Raises:
        BadArgumentError: more than one of the three is given, or `lang_from` is no known place.
    """
    value, kind = _language_from(lang, lang_from, lang_field)
    return {
        "lang": value,
        "lang_from": kind,
        "text_field": text_field,
        "documents": documents,
        "invalid": invalid,
        "format": form,
    }


def _language_from(lang: str | None, lang_from: str | None, lang_field: str | None) -> tuple[str, str]:
    """Return the name or the field, and where the language comes from.

    Raises:
        BadArgumentError: more than one is given, or `lang_from` is no known place.
    """
    given = [name for name in (lang, lang_from, lang_field) if name is not None]
    if len(given) > 1:
        raise BadArgumentError("give at most one of lang, lang_from and lang_field")
    if lang is not None:
        return lang, "fixed"
    if lang_field is not None:
        return lang_field, "field"
    if lang_from not in {None, "filename", "directory"}:
        raise BadArgumentError(f"lang_from is {lang_from!r}: give filename or directory")
    return "", lang_from or "none"


def names_of(corpus: _core.Corpus) -> list[str]:
    """Return the names of a corpus's files, as tables hold them.

    Raises:
        BadArgumentError: two files would have one name.
    """
    names = [file_name(file) for file in corpus.files]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadArgumentError(f"two files would be called {twice!r} in a table: rename the one that is not UTF-8")
    return names


def left(corpus: _core.Corpus) -> pl.DataFrame:
    """Return the files that were not taken: columns file, reason."""
    return passed_over_frame(corpus.passed_over)
