"""What a scan returns, and how the core's findings become a table."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

__all__ = ["Scan", "file_name", "findings_frame", "passed_over_frame"]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan returns.

    Attributes:
        frame: the table COUNTS, sorted by its key; or DOCUMENTS.
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


def file_name(path: str | os.PathLike[str]) -> str:
    r"""Return a path as tables hold it: bytes that are not UTF-8 are written as \xe9.

    Example:
        >>> file_name(os.fsdecode(b"caf\xe9.txt"))
        'caf\\xe9.txt'
    """
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def findings_frame(found: Iterable[tuple[str, bool, Path, int, list[tuple[int, str]]]]) -> pl.DataFrame:
    """Return a row for each kind of fault and file."""
    rows = [
        (
            fault,
            lost,
            file_name(file),
            count,
            [f"{number} ({note})" if note else str(number) for number, note in places],
        )
        for fault, lost, file, count, places in found
    ]
    schema = {
        "fault": pl.String(),
        "lost": pl.Boolean(),
        "file": pl.String(),
        "count": pl.UInt64(),
        "places": pl.List(pl.String()),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def passed_over_frame(files: Iterable[tuple[Path, str]]) -> pl.DataFrame:
    """Return a row for each file that was not taken."""
    rows = [(file_name(file), reason) for file, reason in files]
    return pl.DataFrame(rows, schema={"file": pl.String, "reason": pl.String}, orient="row")
