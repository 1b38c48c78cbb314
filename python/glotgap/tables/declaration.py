"""How a table is declared: its key, and its columns with type, unit and meaning."""

import re
from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

__all__ = ["COUNT", "FLAG", "REAL", "TEXT", "WHOLE", "Column", "Part", "Table"]

Part = Literal["base", "whole", "clip", "frequencies"]
"""A table holds the columns of `base` always, of the other parts where they were asked for, each part whole.

`whole` is for figures of whole tensors, `clip` for their clips, `frequencies` for how often each token was seen.
"""

TEXT: Final = pl.String()
WHOLE: Final = pl.Int64()
COUNT: Final = pl.UInt64()
REAL: Final = pl.Float64()
FLAG: Final = pl.Boolean()


@dataclass(frozen=True, slots=True)
class Column:
    """One column, or with a `pattern` the family of columns whose names match it.

    Attributes:
        name: the name, or the family's spelling for people, as "q{q}".
        dtype: polars type.
        unit: "" where the values have none.
        meaning: one line.
        part: see `Part`.
        pattern: regular expression for the whole name; None for a single column.
    """

    name: str
    dtype: pl.DataType
    unit: str
    meaning: str
    part: Part = "base"
    pattern: str | None = None

    def covers(self, name: str) -> bool:
        """Tell whether a frame's column `name` is this one, or one of this family."""
        return name == self.name if self.pattern is None else re.fullmatch(self.pattern, name) is not None


@dataclass(frozen=True, slots=True)
class Table:
    """A table's name, the columns that make a row unique, and all its columns in order."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    def describe(self) -> pl.DataFrame:
        """Return the declaration as a frame of column, dtype, unit and meaning.

        Example:
            >>> from glotgap.tables import TENSORS
            >>> TENSORS.describe().row(0)
            ('model', 'String', '', 'name of the scanned file or directory, or the Hub id')
        """
        rows = [(column.name, str(column.dtype), column.unit, column.meaning) for column in self.columns]
        return pl.DataFrame(rows, schema=["column", "dtype", "unit", "meaning"], orient="row")

    def schema(self, *parts: Part) -> dict[str, pl.DataType]:
        """Return name and type of the single columns of `base` and of `parts`, for building a frame.

        Example:
            >>> from glotgap.tables import COUNTS
            >>> list(COUNTS.schema())[:4]
            ['source', 'group', 'tokenizer', 'segmenter']
        """
        kept = {"base", *parts}
        return {column.name: column.dtype for column in self.columns if column.part in kept and column.pattern is None}
