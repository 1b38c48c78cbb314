"""Sources in, an opened corpus out: what scans and checks share."""

import os
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import polars as pl

from glotgap import _core
from glotgap._errors import BadArgumentError
from glotgap.tokens.outcome import file_name, passed_over_frame

__all__ = ["Path_", "left", "names_of", "opened", "paths_of", "reading_of"]

Path_: TypeAlias = str | os.PathLike[str]


def paths_of(sources: Path_ | Iterable[Any]) -> list[str]:
    """Return one or more paths as a list.

    Raises:
        BadArgumentError: there is none, or one is no path.
    """
    paths = [sources] if isinstance(sources, str | bytes | os.PathLike) else list(sources)
    if not paths:
        raise BadArgumentError("no sources: give at least one file, directory or pattern")
    strangers = [path for path in paths if not isinstance(path, str | os.PathLike)]
    if strangers:
        raise BadArgumentError(
            f"{strangers[0]!r:.80} is no path: give str or pathlib.Path; os.fsdecode makes str of bytes"
        )
    return [_system_path(os.fsdecode(path)) for path in paths]


def _system_path(path: str) -> str:
    """Refuse what no name of a file can be."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError as error:
        raise BadArgumentError(f"{path!r} is no path: {error}; os.fsdecode makes a path of any bytes") from error
    return path


def opened(paths: Sequence[str], reading: dict[str, Any]) -> _core.Corpus:
    """Open a corpus.

    `reading` holds lang, lang_from, text_field, documents, invalid and format; words too where those of CoNLL-U are
    wanted.
    """
    return _core.Corpus.open(paths, {"words": False, **reading})


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
