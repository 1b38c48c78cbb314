"""The terminal view of CHECKS: a row a check, or the files and languages of one, and a sentence at the end."""

from typing import IO, Final

import polars as pl
from rich.table import Table
from rich.text import Text

from glotgap._errors import BadArgumentError
from glotgap.report.summary import number_text, readable
from glotgap.report.terminal import console
from glotgap.tables.checks import UNITS

__all__ = ["sentence", "show", "summary"]

_ALWAYS: Final = ("documents", "script")
"""Checks that find something in all text."""


def summary(checks: pl.DataFrame) -> pl.DataFrame:
    """Return a row a check over all files: what was not read first, then by documents.

    Checks of single code points and of scripts are parts of others and left out.

    Args:
        checks: CHECKS.

    Returns:
        Columns check, lost, files, documents, occurrences, and of the row with most documents (of those, most
        occurrences) source, group and place.
    """
    whole = checks.filter(pl.col("detail").is_null() & pl.col("check").is_in(_ALWAYS).not_())
    most = pl.col("source", "group", "place").sort_by(
        pl.col("documents").fill_null(0), "occurrences", "source", descending=[True, True, False]
    )
    found = whole.group_by("check").agg(
        pl.col("lost").any(),
        pl.col("source").n_unique().alias("files"),
        pl.when(pl.col("documents").null_count() == 0).then(pl.col("documents").sum()).alias("documents"),
        pl.col("occurrences").sum(),
        most.first().name.prefix("most_"),
    )
    order = ["lost", "documents", "occurrences", "check"]
    return found.sort(order, descending=[True, True, True, False], nulls_last=True)


def sentence(checks: pl.DataFrame) -> str:
    """Say how much text was checked, how many checks found something, and how much was not read.

    Example:
        >>> row = {"check": ["documents"], "detail": [None], "lost": [False], "source": ["x.txt"], "group": ["eng"]}
        >>> frame = pl.DataFrame({**row, "documents": [3], "occurrences": [9], "place": [1]})
        >>> sentence(frame.with_columns(pl.col("detail").cast(pl.String)))
        '3 documents of 1 language in 1 file: no check found anything; all was read.'
    """
    text = checks.filter(pl.col("check") == "documents")
    found = summary(checks).height
    lost = checks.filter("lost")["occurrences"].sum()
    parts = [_many(int(text["documents"].sum()), "document"), "of", _many(text["group"].n_unique(), "language")]
    parts += ["in", _many(checks["source"].n_unique(), "file")]
    told = f"{_many(found, 'check')} found something" if found else "no check found anything"
    read = f"{lost:,} times something was not read as it is stored" if lost else "all was read"
    return f"{' '.join(parts)}: {told}; {read}."


def show(
    checks: pl.DataFrame,
    passed_over: pl.DataFrame,
    *,
    listed: str | None = None,
    top: int = 20,
    file: IO[str] | None = None,
) -> None:
    """Print the checks that found something, or the files and languages where one did.

    Args:
        checks: CHECKS.
        passed_over: files that were not taken: columns file, reason.
        listed: the one check whose rows are printed.
        top: how many of them.
        file: where to; standard output by default.

    Raises:
        BadArgumentError: `listed` is no check.
    """
    out = console(file)
    if listed is not None:
        rows = _of(checks, listed).head(top)
        if not rows.is_empty():
            out.print(_rows(rows))
    elif not (found := summary(checks)).is_empty():
        out.print(_summary(found))
    for path, reason in passed_over.head(top).iter_rows():
        out.print(Text(f"Not taken: {readable(path)} ({reason})"))
    out.print(Text(sentence(checks)))


def _of(checks: pl.DataFrame, check: str) -> pl.DataFrame:
    if check not in UNITS:
        raise BadArgumentError(f"{check!r} is no check: choose one of {', '.join(sorted(UNITS))}")
    rows = checks.filter(pl.col("check") == check)
    order = ["documents", "occurrences", "source", "group", "detail"]
    return rows.sort(order, descending=[True, True, False, False, False], nulls_last=True)


def _summary(found: pl.DataFrame) -> Table:
    table = _table(
        ("check", "left"), ("files", "right"), ("documents", "right"), ("found", "right"), ("most in", "left")
    )
    for row in found.iter_rows(named=True):
        where = _where(row["most_source"], row["most_group"], row["most_place"])
        name = f"{row['check']} (not read)" if row["lost"] else row["check"]
        table.add_row(name, *(_count(row[column]) for column in ("files", "documents", "occurrences")), Text(where))
    return table


def _rows(rows: pl.DataFrame) -> Table:
    columns = (
        ("where", "left"),
        ("", "left"),
        ("documents", "right"),
        ("%", "right"),
        ("found", "right"),
        ("example", "left"),
    )
    table = _table(*columns)
    for row in rows.iter_rows(named=True):
        share = row["document_share"]
        table.add_row(
            Text(_where(row["source"], row["group"], row["place"])),
            row["detail"] or "",
            _count(row["documents"]),
            "–" if share is None else number_text(100 * share),
            _count(row["occurrences"]),
            Text(readable(row["example"] or "")),
        )
    return table


def _table(*columns: tuple[str, str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for header, justify in columns:
        is_number = justify == "right"
        table.add_column(header, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    return table


def _where(source: str, group: str | None, place: int | None) -> str:
    name = source.rpartition("/")[2]
    line = "" if place is None else f":{place}"
    return readable(f"{name}{line}" if group is None else f"{group}, {name}{line}")


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
