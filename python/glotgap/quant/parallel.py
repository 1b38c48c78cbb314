"""Parallel text: the same items in several languages, told apart by an id that they share.

Files of one sentence a line are aligned by line number, and their names say the language: NTREX's
`newstest2019-src.eng.txt` and `newstest2019-ref.deu.txt`, FLORES's `deu_Latn.devtest`, or `deu.txt`. Rows of JSON
lines or Parquet (`id`, `language`, `text`) are aligned by id. Nothing is repaired or left out in silence: an item that
a language does not have is None, files that are no text of a language are listed in `skipped`, and `faults` tells the
rest.

The package has sentences of its own: 48, written for it in English and carried over into 20 languages, in 14 scripts
with its own, by a language model, not by native speakers. They are for trying things out: too few, too plain and too
near to their English for claims about languages.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, Self

import polars as pl

from glotgap._errors import BadArgumentError, BadFileError

__all__ = ["Parallel", "parallel"]

_NAMES: Final = (
    re.compile(r"newstest2019-(?:src|ref)\.(?P<language>[A-Za-z-]+)\.txt"),
    re.compile(r"(?P<language>[a-z]{3}_[A-Z][a-z]{3})\.(?:dev|devtest)"),
    re.compile(r"(?P<language>[a-z]{2,3}(?:-[A-Za-z]+)*)\.txt"),
)
_COLUMNS: Final = ("id", "language", "text")
_OWN: Final = "glotgap's own sentences"


@dataclass(frozen=True)
class Parallel:
    """Aligned texts.

    Attributes:
        source: where they come from.
        ids: of the items, in their order.
        texts: for each language, in alphabetical order, its text of each item; None where it has none.
        skipped: files that are no text of a language by their names.
    """

    source: str
    ids: tuple[str, ...]
    texts: Mapping[str, tuple[str | None, ...]]
    skipped: tuple[str, ...] = ()

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages, in alphabetical order."""
        return tuple(self.texts)

    @property
    def digest(self) -> str:
        """A digest of languages, ids and texts: equal where these are, wherever they come from."""
        digest = hashlib.blake2b(digest_size=16)
        for language, texts in self.texts.items():
            digest.update(repr((language, self.ids, texts)).encode())
        return digest.hexdigest()

    @property
    def bytes(self) -> int:
        """Bytes of UTF-8 of all texts."""
        return sum(len(item.encode()) for items in self.texts.values() for item in items if item)

    def items(self, places: Sequence[int]) -> Self:
        """Return some items, by their places from 0.

        Example:
            >>> parallel(languages=["eng"]).items([2, 0]).ids
            ('3', '1')
        """
        texts = {language: tuple(items[at] for at in places) for language, items in self.texts.items()}
        return replace(self, ids=tuple(self.ids[at] for at in places), texts=texts)

    def matched(self, most: int | None = None) -> Self:
        """Return the text with as many bytes in each language, as near as whole items come, by leaving out the last.

        Args:
            most: bytes of each language at most; by default as many as the shortest has.

        Example:
            >>> text = parallel(languages=["eng", "hin"]).matched()
            >>> [sum(item is not None for item in items) for items in text.texts.values()]
            [48, 19]
        """
        sizes = {language: [len((item or "").encode()) for item in items] for language, items in self.texts.items()}
        limit = min([*map(sum, sizes.values()), *([] if most is None else [most])])
        kept = {language: [total <= limit for total in accumulate(counts)] for language, counts in sizes.items()}
        texts = {
            language: tuple(item if keep else None for item, keep in zip(items, kept[language], strict=True))
            for language, items in self.texts.items()
        }
        cut = replace(self, texts=texts)
        return cut.items(
            [at for at, _ in enumerate(self.ids) if any(items[at] is not None for items in texts.values())]
        )

    def chosen(self, languages: Iterable[str] | None = None, limit: int | None = None) -> Self:
        """Return some languages, and the first `limit` items.

        Raises:
            BadArgumentError: there is no such language, or `limit` is not positive.
        """
        wanted = self.languages if languages is None else tuple(sorted(set(languages)))
        if unknown := [language for language in wanted if language not in self.texts]:
            known = ", ".join(self.languages)
            raise BadArgumentError(f"no text of {', '.join(unknown)} in {self.source}: it has {known}")
        if not wanted:
            raise BadArgumentError("languages is empty: name at least one")
        if limit is not None and limit < 1:
            raise BadArgumentError(f"limit is {limit}: give at least 1, or None for all")
        texts = {language: self.texts[language][:limit] for language in wanted}
        return replace(self, ids=self.ids[:limit], texts=texts)


def parallel(source: Any = None, *, languages: Iterable[str] | None = None, limit: int | None = None) -> Parallel:
    """Return parallel text.

    Args:
        source: a directory or a list of aligned files; a file of JSON lines (`.jsonl`) or Parquet, or a polars frame,
            with columns id, language, text; parallel text itself; None for the package's own sentences.
        languages: these only; all by default.
        limit: the first so many items.

    Raises:
        BadFileError: a file is not UTF-8, is empty, or has other lines than the others.
        BadArgumentError: there is no such language or column, or an item has two texts in one language.

    Example:
        >>> parallel(languages=["heb", "eng"], limit=3).languages
        ('eng', 'heb')
    """
    return _read(source).chosen(languages, limit)


def _read(source: Any) -> Parallel:
    if source is None:
        return _own()
    if isinstance(source, Parallel):
        return source
    if isinstance(source, pl.DataFrame):
        return _of_rows("a table", source)
    if isinstance(source, str | os.PathLike):
        return _of_path(Path(source))
    if isinstance(source, Sequence):
        return _of_files("files", [Path(path) for path in source])
    raise BadArgumentError(
        f"parallel text from {type(source).__name__}: give a path, a list of paths or a polars frame"
    )


def _own() -> Parallel:
    with resources.as_file(resources.files("glotgap.quant") / "sentences") as directory:
        return replace(_of_path(directory), source=_OWN)


def _of_path(path: Path) -> Parallel:
    if path.is_dir():
        return _of_files(str(path), sorted(entry for entry in path.iterdir() if entry.is_file()))
    if not path.is_file():
        raise BadFileError(f"{path} does not exist: name a directory of aligned files, or a file of rows")
    readers: dict[str, Callable[[Path], pl.DataFrame]] = {".jsonl": pl.read_ndjson, ".parquet": pl.read_parquet}
    if path.suffix not in readers:
        raise BadArgumentError(
            f"{path} is one file, not .jsonl or .parquet: name the directory of all languages' files"
        )
    try:
        rows = readers[path.suffix](path)
    except pl.exceptions.PolarsError as error:
        raise BadFileError(f"{path} cannot be read: {error}") from error
    return _of_rows(str(path), rows)


def _of_files(source: str, paths: Sequence[Path]) -> Parallel:
    languages = {path: _language(path) for path in paths}
    named = {path: language for path, language in languages.items() if language is not None}
    if not named:
        raise BadFileError(f"{source}: no file's name tells its language; name them like deu.txt")
    texts: dict[str, tuple[str, ...]] = {}
    for path, language in sorted(named.items(), key=lambda entry: entry[1]):
        if language in texts:
            raise BadFileError(f"{path} is a second text of {language}: name one of them")
        texts[language] = _lines(path)
    counts = {len(lines) for lines in texts.values()}
    if len(counts) > 1:
        each = ", ".join(f"{language} {len(lines)}" for language, lines in texts.items())
        raise BadFileError(f"{source}: files of aligned lines have different numbers of them ({each})")
    ids = tuple(str(number) for number in range(1, counts.pop() + 1))
    skipped = tuple(path.name for path, language in languages.items() if language is None)
    return Parallel(source, ids, texts, skipped)


def _language(path: Path) -> str | None:
    found = (pattern.fullmatch(path.name) for pattern in _NAMES)
    return next((match["language"] for match in found if match), None)


def _lines(path: Path) -> tuple[str, ...]:
    """Return the lines of a file; only LF and CR LF end one."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise BadFileError(f"{path} cannot be read: {error.strerror}; name another file") from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadFileError(f"{path} is not UTF-8 in line {line}: {error.reason}; convert it first") from error
    lines = tuple(line.removesuffix("\r") for line in text.removesuffix("\n").split("\n"))
    if lines == ("",):
        raise BadFileError(f"{path} is empty: give a sentence a line")
    return lines


def _of_rows(source: str, rows: pl.DataFrame) -> Parallel:
    if missing := [name for name in _COLUMNS if name not in rows.columns]:
        raise BadArgumentError(f"{source} has no column {', '.join(missing)}: give id, language and text")
    rows = rows.select(pl.col("id", "language").cast(pl.String), pl.col("text").cast(pl.String))
    if rows.is_empty() or rows["id"].null_count() or rows["language"].null_count():
        raise BadArgumentError(f"{source} has no rows, or rows without id or language: give all three")
    twice = rows.filter(rows.select("id", "language").is_duplicated())
    if not twice.is_empty():
        raise BadArgumentError(
            f"{source} has {len(twice)} rows of the same id and language, such as {twice['id'][0]} in "
            f"{twice['language'][0]}: leave one of each"
        )
    ids = rows["id"].unique(maintain_order=True)
    known = {(item, language): text for item, language, text in rows.iter_rows()}
    languages = rows["language"].unique().sort()
    texts = {language: tuple(known.get((item, language)) for item in ids) for language in languages}
    return Parallel(source, tuple(ids), texts)
