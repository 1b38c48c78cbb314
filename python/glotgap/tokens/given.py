"""Sources that are no files: documents from Python, gathered into batches of columns for the core.

A batch holds about a million characters, so that an iterator is never held in memory as a whole. Text that no UTF-8 can
hold (half of a surrogate pair) becomes one bad byte a half, which the core counts as invalid.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final

import polars as pl

from glotgap._errors import BadArgumentError

__all__ = ["Reader", "paths_or_documents"]

BATCH: Final = 1 << 20
"""Characters of a batch, if its documents are short."""

_ASKED: Final = "give str, (language, text), a dict, or an Arrow or polars batch"
_END: Final = object()
_HALF: Final = re.compile(b"\xed[\xa0-\xbf][\x80-\xbf]")  # of a surrogate pair, as Python writes it


def paths_or_documents(sources: Any) -> list[str] | Iterator[Any]:
    """Return the paths that `sources` names, or an iterator over the documents that it holds.

    Lists and tuples of str are paths; str from any other iterable are documents.

    Raises:
        BadArgumentError: it is neither; or the first document is the name of a file.
    """
    if isinstance(sources, str | os.PathLike):
        return _paths([sources])
    if _is_table(sources) and not isinstance(sources, Iterator):
        return iter([sources])
    if isinstance(sources, Mapping | bytes) or not isinstance(sources, Iterable):
        raise BadArgumentError(
            f"sources is a {type(sources).__name__}: give paths as str or pathlib.Path, or an iterable of documents"
        )
    if isinstance(sources, list | tuple):
        is_paths = all(isinstance(source, str | os.PathLike) for source in sources)
        return _paths(sources) if is_paths else iter(sources)
    rest = iter(sources)
    start = next(rest, _END)
    if isinstance(start, os.PathLike):
        return _paths(chain([start], rest))
    if isinstance(start, str) and _is_file(start):
        raise BadArgumentError(f"the first document is {start!r}, the name of a file: give files as a list of paths")
    return iter(()) if start is _END else chain([start], rest)


def _is_file(text: str) -> bool:
    try:
        return len(text) < 4096 and Path(text).is_file()
    except (OSError, ValueError):
        return False


def _paths(sources: Iterable[Any]) -> list[str]:
    """Return one or more paths as a list.

    Raises:
        BadArgumentError: there is none, or one is no path.
    """
    paths = list(sources)
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


def _is_table(item: Any) -> bool:
    return hasattr(item, "__arrow_c_stream__") or hasattr(item, "__arrow_c_array__")


@dataclass(slots=True)
class Reader:
    """Gathers documents into frames of the columns text and lang.

    Attributes:
        text_field: the field or column of the text; `a.b` is field b inside a.
        lang_field: that of the language; None where the documents name none.
        lang: the language of documents that name none.
    """

    text_field: str
    lang_field: str | None
    lang: str | None
    _texts: list[str | None] = field(default_factory=list)
    _languages: list[str | None] = field(default_factory=list)
    _held: int = 0

    def batches(self, documents: Iterable[Any]) -> Iterator[pl.DataFrame]:
        """Yield the documents, in order."""
        for position, document in enumerate(documents):
            if _is_table(document):
                yield self._gathered()
                yield from _slices(self._table(document, position))
                continue
            text, language = self._pair(document, position)
            self._texts.append(text)
            self._languages.append(language)
            self._held += len(text or "") + 16
            if self._held >= BATCH:
                yield self._gathered()
        yield self._gathered()

    def _gathered(self) -> pl.DataFrame:
        texts, languages = _column(self._texts), _column(self._languages)
        self._texts, self._languages, self._held = [], [], 0
        return pl.DataFrame({"text": texts, "lang": languages})

    def _pair(self, document: Any, position: int) -> tuple[str | None, str | None]:
        match document:
            case str():
                return document, self._default(position)
            case (str() as language, str() as text):
                if self.lang is not None:
                    raise _wrong(position, f"names its language, {language!r}, and so does lang", "leave one out")
                return text, language
            case Mapping():
                return self._fields(document, position)
            case _:
                raise _wrong(position, f"is a {type(document).__name__}", _ASKED)

    def _fields(self, document: Mapping[str, Any], position: int) -> tuple[str | None, str | None]:
        text = _inside(document, self.text_field)
        if self.lang_field is None:
            return _text(text, position, self.text_field), self._default(position)
        language = _inside(document, self.lang_field)
        return _text(text, position, self.text_field), _text(language, position, self.lang_field)

    def _default(self, position: int) -> str:
        if self.lang_field is not None:
            raise _wrong(
                position, f"has no field {self.lang_field!r}", "give (language, text), or dicts with that field"
            )
        return "und" if self.lang is None else self.lang

    def _table(self, document: Any, position: int) -> pl.DataFrame:
        if isinstance(document, pl.Series):
            document = document.alias(self.text_field).to_frame()
        frame = document if isinstance(document, pl.DataFrame) else pl.DataFrame(document)
        text = _inside_frame(frame, self.text_field, position)
        if self.lang_field is None:
            return pl.DataFrame({"text": text}).with_columns(lang=pl.lit(self._default(position)))
        return pl.DataFrame({"text": text, "lang": _inside_frame(frame, self.lang_field, position)})


def _column(texts: list[str | None]) -> pl.Series:
    try:
        return pl.Series(texts, dtype=pl.String)
    except UnicodeEncodeError:
        stored = (None if text is None else text.encode("utf-8", "surrogatepass") for text in texts)
        return pl.Series([None if text is None else _HALF.sub(b"\xff", text) for text in stored], dtype=pl.Binary)


def _slices(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    return frame.iter_slices(max(1, frame.height * BATCH // max(int(frame.estimated_size()), 1)))


def _inside(document: Mapping[str, Any], name: str) -> Any:
    if name in document:
        return document[name]
    found: Any = document
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _text(value: Any, position: int, name: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise _wrong(position, f"has a {type(value).__name__} in {name!r}", "give str there")


def _inside_frame(frame: pl.DataFrame, name: str, position: int) -> pl.Series:
    first, *rest = [name] if name in frame.columns else name.split(".")
    expression = pl.col(first)
    for part in rest:
        expression = expression.struct.field(part)
    try:
        column = frame.select(expression).to_series()
    except pl.exceptions.PolarsError as error:
        raise _wrong(position, f"has no column {name!r}", f"name one of {', '.join(frame.columns[:20])}") from error
    if isinstance(column.dtype, pl.Categorical | pl.Enum | pl.Null):
        return column.cast(pl.String)
    if not isinstance(column.dtype, pl.String | pl.Binary):
        raise _wrong(position, f"has a column {name!r} of {column.dtype}", "name a column of strings")
    return column


def _wrong(position: int, what: str, remedy: str) -> BadArgumentError:
    return BadArgumentError(f"document {position} {what}: {remedy}")
