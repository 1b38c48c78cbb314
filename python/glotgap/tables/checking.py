"""A frame against its declaration, and the order of its rows."""

from collections.abc import Mapping
from typing import Final

import polars as pl

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.tables.audits import AUDITS
from glotgap.tables.checks import CHECKS
from glotgap.tables.counts import COUNTS
from glotgap.tables.declaration import REAL, Column, Table
from glotgap.tables.disparity import DISPARITY
from glotgap.tables.documents import DOCUMENTS
from glotgap.tables.gaps import GAPS
from glotgap.tables.metrics import METRICS
from glotgap.tables.scores import SCORES
from glotgap.tables.tensors import TENSORS
from glotgap.tables.tests import TESTS

__all__ = ["TABLES", "check", "named", "pair", "sort"]

TABLES: Final[Mapping[str, Table]] = {
    table.name: table for table in (TENSORS, COUNTS, DOCUMENTS, METRICS, DISPARITY, GAPS, CHECKS, SCORES, AUDITS, TESTS)
}
"""Every table by its name."""


@typed
def check(name: str, frame: pl.DataFrame) -> None:
    """Raise unless `frame` is a table `name`: columns, their order and types, unique keys, no NaN.

    Columns past the base ones may be absent as a group (per-block scans, scans without clips).

    Raises:
        BadArgumentError: says which column or row is wrong, and what was expected.

    Example:
        >>> check("TENSORS", pl.DataFrame({"model": ["m"]}))
        Traceback (most recent call last):
        ...
        glotgap._errors.BadArgumentError: not a TENSORS table: columns missing: file, tensor, block, layer, ...
    """
    declared = named(name)
    matched = pair(declared, frame.columns)
    _check_columns(declared, matched)
    for column, given in matched:
        if frame.schema[given] != column.dtype:
            raise _wrong(declared, f"column {given} is {frame.schema[given]}, expected {column.dtype}")
        if column.dtype == REAL and frame[given].is_nan().any():
            raise _wrong(declared, f"column {given} holds NaN; undefined values are null")
    if frame.select(pl.struct(declared.key).is_duplicated().any()).item():
        raise _wrong(declared, f"two rows share one key ({', '.join(declared.key)})")


@typed
def sort(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows sorted by the key of table `name`, nulls first."""
    return frame.sort(named(name).key, nulls_last=False, maintain_order=True)


def named(name: str) -> Table:
    """Return the declaration of the table `name`.

    Raises:
        BadArgumentError: there is no such table.
    """
    if name not in TABLES:
        raise BadArgumentError(f"no table is called {name!r}; there are {', '.join(TABLES)}")
    return TABLES[name]


def pair(declared: Table, names: list[str]) -> list[tuple[Column, str]]:
    """Pair each given name with its declaration; a single column wins over a family."""
    pairs = []
    for name in names:
        column = next((column for column in declared.columns if column.covers(name)), None)
        if column is None:
            raise _wrong(declared, f"unknown column {name}")
        pairs.append((column, name))
    return pairs


def _wrong(declared: Table, what: str) -> BadArgumentError:
    return BadArgumentError(f"not a {declared.name} table: {what}")


def _check_columns(declared: Table, matched: list[tuple[Column, str]]) -> None:
    parts = {"base", *(column.part for column, _ in matched)}
    present = {column.name for column, _ in matched}
    missing = [c.name for c in declared.columns if c.part in parts and c.pattern is None and c.name not in present]
    if missing:
        shown = ", ".join(missing[:4]) + (", ..." if len(missing) > 4 else "")
        raise _wrong(declared, f"columns missing: {shown}")
    places = [declared.columns.index(column) for column, _ in matched]
    for before, after, (_, name) in zip(places, places[1:], matched[1:], strict=False):
        if after < before:
            raise _wrong(declared, f"column {name} is out of order")
