"""A corpus in, the table CHECKS out: what is wrong or odd in its text, and where.

The Rust core reads and counts; here the reader's findings are put beside, shares are taken, and the scripts of each
language are decided on.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import polars as pl

from glotgap import _core, tables
from glotgap._arguments import typed
from glotgap.tokens.opening import Path_, left, names_of, opened, paths_of, reading_of
from glotgap.tokens.outcome import file_name
from glotgap.tokens.scripts import expected
from glotgap.tokens.sizes import parse_size

__all__ = ["Checks", "check", "inspect_text"]

Progress: TypeAlias = Callable[[int, int], object]

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
    sources: Path_ | Sequence[Path_],
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
    progress: Progress | None = None,
) -> pl.DataFrame:
    r"""Return the table CHECKS of a corpus: one row a file, language and check that found something.

    Args:
        sources: as for `scan`, and so are `lang`, `lang_from`, `lang_field`, `text_field`, `documents` and `format`.
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
        progress: called as `progress(done, total)` in stored bytes, ten times a second; what it raises stops the check.

    Raises:
        BadFileError: a source is absent, or its format is not what it says.
        BadArgumentError: an argument is out of range.
        UnsupportedError: a sound file in a form that is not read.

    Example:
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
    sources: Path_ | Sequence[Path_],
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
    progress: Progress | None = None,
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
    corpus = opened(paths_of(sources), reading)
    room = parse_size(memory)
    files = names_of(corpus)
    columns, reports, level = corpus.check(memory=room, threads=threads, progress=progress)
    frame = _complete(pl.concat([_found(columns, files, level), _faults(corpus, files, reports)]))
    metadata = {
        "glotgap": _core.__version__,
        "versions": json.dumps(_core.versions()),
        "arguments": json.dumps({**reading, "memory": room}),
        "files": json.dumps(files),
    }
    return Checks(frame, left(corpus), metadata)


_GIVEN: Final = {
    column.name: column.dtype for column in tables.CHECKS.columns if column.name not in {"document_share", "share"}
}


def _found(columns: dict[str, Any], files: list[str], level: int) -> pl.DataFrame:
    """Return the rows of the core, and those of wrong scripts."""
    texts = {name: pl.Series(values=columns[name], dtype=pl.String) for name in ("group", "check", "detail", "example")}
    numbers = {name: pl.Series(values=columns[name]) for name in ("documents", "occurrences", "bytes", "place")}
    source = pl.Series(values=files, dtype=pl.String).gather(columns["file"])
    frame = pl.DataFrame({"source": source, **texts, **numbers}).with_columns(lost=pl.lit(value=False))
    frame = pl.concat([frame, _wrong_scripts(frame)], how="diagonal")
    notes = dict(_NOTES)
    if level:
        notes["duplicate"] = f"a lower bound: memory was full, and 1 in {2**level:,} texts was compared"
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


def _faults(corpus: _core.Corpus, files: list[str], reports: list[str]) -> pl.DataFrame:
    """Return what the reader found; NUL characters are counted above."""
    languages = dict(zip(files, corpus.languages, strict=True))
    rows = []
    for fault, lost, path, count, places in corpus.findings(reports):
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
