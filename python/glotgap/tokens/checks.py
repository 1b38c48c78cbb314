"""A corpus in, the table CHECKS out: what is wrong or odd in its text, and where.

The Rust core reads and counts; here the reader's findings are put beside, shares are taken, and the scripts of each
language are decided on.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from glotgap import _core, tables
from glotgap._arguments import typed
from glotgap.tokens.given import paths_or_documents
from glotgap.tokens.opening import Path_, left, names_of, opened, reading_of, streamed
from glotgap.tokens.outcome import file_name, passed_over_frame
from glotgap.tokens.progress import Watcher, watcher
from glotgap.tokens.scripts import expected
from glotgap.tokens.sizes import parse_size

__all__ = ["Checks", "check", "inspect_text"]

_OF_LETTERS: Final = ("script", "wrong script")
_OF_BYTES: Final = ("duplicate",)
_WITHOUT_SHARE: Final = ("documents", "Zawgyi", "CR LF")
_OF_FILES: Final = ("byte order mark", "empty file", "truncated", "damaged", "unreadable file")
"""Faults of the reader of which each is a file's; each of the others is a document."""

_NOTES: Final = {
    "zero-width mark": "ordinary ones too: see stray zero-width mark",
    "Zawgyi": "a rule, no proof: at least 1 impossible sequence in 100 characters",
}


@dataclass(frozen=True, slots=True)
class Checks:
    """What checking a corpus returns.

    Attributes:
        frame: the table CHECKS, sorted by its key.
        passed_over: files that were not taken, and why.
        metadata: how the table was made: versions, arguments, files.
    """

    frame: pl.DataFrame
    passed_over: pl.DataFrame
    metadata: dict[str, str]


@typed
def check(
    sources: Path_ | Iterable[Any],
    *,
    lang: str | None = None,
    lang_from: str | None = None,
    lang_field: str | None = None,
    text_field: str = "text",
    documents: str = "line",
    invalid: str = "skip",
    format: str | None = None,  # noqa: A002  # as in scan
    memory: str | int = "512MB",
    threads: int | None = None,
    progress: Watcher | None = None,
) -> pl.DataFrame:
    r"""Return the table CHECKS of a corpus: one row a file, language and check that found something.

    Args:
        sources: as for `scan`, and so are `lang`, `lang_from`, `lang_field`, `text_field`, `documents` and `format`.
            Documents from Python are of the one source "documents", numbered from 1.
        lang: the language of all documents.
        lang_from: "filename" or "directory".
        lang_field: the field that names each document's language.
        text_field: the field that holds the text.
        documents: what a document of a plain text file is: "line", "file" or "blank".
        invalid: text that is not UTF-8 is left out ("skip"), or its bad bytes become U+FFFD ("replace"), which are then
            found as replacement characters; it is reported either way.
        format: the format of all files.
        memory: what the hashes of documents may take; when it is full, duplicates are a lower bound, and say so.
        threads: how many; all cores by default. The table does not depend on it.
        progress: called with a `Progress` ten times a second; what it raises stops the check.

    Raises:
        BadFileError: a source is absent, or its format is not what it says.
        BadArgumentError: an argument is out of range, or a document from Python is of another type.
        UnsupportedError: a sound file in a form that is not read.

    Example:
        >>> check(iter(["a", "b", "a"])).filter(check="duplicate")["place"].to_list()
        [3]
        >>> import tempfile
        >>> from pathlib import Path
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = Path(folder, "x.txt").write_text("cafe\u0301\nno\u200bbreak\n", "utf-8")
        ...     found = check(f"{folder}/x.txt", lang="eng")
        >>> found.filter(check="not NFC").select("documents", "occurrences", "place").row(0)
        (1, 2, 1)
        >>> found.filter(check="stray zero-width mark")["example"].to_list()
        ['no<U+200B>break']
    """
    return inspect_text(
        sources,
        lang=lang,
        lang_from=lang_from,
        lang_field=lang_field,
        text_field=text_field,
        documents=documents,
        invalid=invalid,
        format=format,
        memory=memory,
        threads=threads,
        progress=progress,
    ).frame


@typed
def inspect_text(
    sources: Path_ | Iterable[Any],
    *,
    lang: str | None = None,
    lang_from: str | None = None,
    lang_field: str | None = None,
    text_field: str = "text",
    documents: str = "line",
    invalid: str = "skip",
    format: str | None = None,  # noqa: A002  # as in scan
    memory: str | int = "512MB",
    threads: int | None = None,
    progress: Watcher | None = None,
) -> Checks:
    """Return the table of `check` with the files not taken and how the table was made; arguments as there."""
    reading = reading_of(
        lang=lang,
        lang_from=lang_from,
        lang_field=lang_field,
        text_field=text_field,
        documents=documents,
        invalid=invalid,
        form=format,
    )
    asked = {"memory": parse_size(memory), "threads": threads, "progress": watcher(progress)}
    given = paths_or_documents(sources)
    texts = _of_files(given, reading, asked) if isinstance(given, list) else _of_documents(given, reading, asked)
    frame = _complete(pl.concat([_found(texts), _faults(texts)]))
    metadata = {
        "glotgap": _core.__version__,
        "versions": json.dumps(_core.versions()),
        "arguments": json.dumps({**reading, "memory": asked["memory"]}),
        "files": json.dumps(texts.files if isinstance(given, list) else []),
    }
    return Checks(frame, texts.passed_over, metadata)


@dataclass(frozen=True, slots=True)
class _Texts:
    """What the core found: columns by file, what the reader met, and the language of each file that has one."""

    columns: dict[str, Any]
    level: int
    files: list[str]
    languages: list[str | None]
    findings: list[tuple[str, bool, Path, int, list[tuple[int, str]]]]
    passed_over: pl.DataFrame


def _of_files(paths: list[str], reading: dict[str, Any], asked: dict[str, Any]) -> _Texts:
    corpus = opened(paths, reading)
    columns, reports, level = corpus.check(**asked)
    return _Texts(columns, level, names_of(corpus), corpus.languages, corpus.findings(reports), left(corpus))


def _of_documents(documents: Iterator[Any], reading: dict[str, Any], asked: dict[str, Any]) -> _Texts:
    stream = streamed(documents, reading)
    columns, reports, level = stream.check(**asked)
    language = reading["lang"] if reading["lang_from"] == "fixed" else None
    findings = stream.findings(_SOURCE, reports)
    return _Texts(columns, level, [_SOURCE], [language], findings, passed_over_frame([]))


_SOURCE: Final = "documents"
"""What documents from Python are of."""

_GIVEN: Final = {
    column.name: column.dtype for column in tables.CHECKS.columns if column.name not in {"document_share", "share"}
}


def _found(found: _Texts) -> pl.DataFrame:
    """Return the rows of the core, and those of wrong scripts."""
    columns = found.columns
    texts = {name: pl.Series(values=columns[name], dtype=pl.String) for name in ("group", "check", "detail", "example")}
    numbers = {name: pl.Series(values=columns[name]) for name in ("documents", "occurrences", "bytes", "place")}
    source = pl.Series(values=found.files, dtype=pl.String).gather(columns["file"])
    frame = pl.DataFrame({"source": source, **texts, **numbers}).with_columns(lost=pl.lit(value=False))
    frame = pl.concat([frame, _wrong_scripts(frame)], how="diagonal")
    notes = dict(_NOTES)
    if found.level:
        notes["duplicate"] = f"a lower bound: memory was full, and 1 in {2**found.level:,} texts was compared"
    note = pl.col("check").replace_strict(notes, default=None, return_dtype=pl.String)
    given = frame.with_columns(pl.coalesce("note", note).alias("note"))
    return given.select(pl.col(name).cast(dtype) for name, dtype in _GIVEN.items())


def _wrong_scripts(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a row a file and language that has letters of a script which its language is not written in."""
    scripts = frame.filter(check="script")
    letters: dict[str, dict[str, int]] = {}
    for group, script, count in scripts.group_by("group", "detail").agg(pl.col("occurrences").sum()).iter_rows():
        letters.setdefault(group, {})[script] = count
    known = {group: expected(group, of_group) for group, of_group in letters.items()}
    pairs = [
        (group, script, why) for group, (own, why) in known.items() for script in letters[group] if script not in own
    ]
    wrong = pl.DataFrame(pairs, schema={"group": pl.String, "detail": pl.String, "note": pl.String}, orient="row")
    first = pl.col("place", "example").sort_by("place", "detail").first()
    summed = pl.col("documents", "occurrences", "bytes").sum()
    found = scripts.join(wrong, on=["group", "detail"]).group_by("source", "group").agg(
        first, summed, pl.format("expected {}", pl.col("note").first())
    )  # fmt: skip
    return found.with_columns(check=pl.lit("wrong script"), lost=False)


def _faults(found: _Texts) -> pl.DataFrame:
    """Return what the reader found; NUL characters are counted above."""
    languages = dict(zip(found.files, found.languages, strict=True))
    rows = []
    for fault, lost, path, count, places in found.findings:
        place, note = places[0] if places else (0, "")
        name = file_name(path)
        row = {"source": name, "group": languages.get(name), "check": fault, "lost": lost, "occurrences": count}
        row |= {"documents": None if fault in _OF_FILES else count, "place": place or None, "note": note or None}
        rows.append(row)
    return pl.DataFrame(rows, schema=_GIVEN).filter(pl.col("check") != "NUL character")


def _complete(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with its shares, sorted."""
    key = ["source", "group"]
    total = frame.filter(check="documents").select(
        *key, all_documents="documents", all_characters="occurrences", all_bytes="bytes"
    )
    letters = frame.filter(check="script").group_by(key).agg(all_letters=pl.col("occurrences").sum())
    whole = frame.join(total, on=key, how="left").join(letters, on=key, how="left")
    was_read = pl.col("bytes").is_not_null()
    share = (
        pl.when(pl.col("check").is_in(_WITHOUT_SHARE)).then(None)
        .when(pl.col("check").is_in(_OF_LETTERS)).then(pl.col("occurrences") / pl.col("all_letters"))
        .when(pl.col("check").is_in(_OF_BYTES)).then(pl.col("bytes") / pl.col("all_bytes"))
        .when(was_read).then(pl.col("occurrences") / pl.col("all_characters"))
    )  # fmt: skip
    of_documents = pl.when(was_read & (pl.col("check") != "CR LF")).then(pl.col("documents") / pl.col("all_documents"))
    complete = whole.with_columns(share=share, document_share=of_documents)
    return tables.sort("CHECKS", complete.select(column.name for column in tables.CHECKS.columns))
