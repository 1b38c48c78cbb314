"""The tables rooms meet in: their columns, types, units and keys, and the files that hold them.

A table is a polars frame. `check` compares one with its declaration, `write` and `read` store it as Parquet, CSV or
JSON. Undefined is null, never 0 or NaN; rows are sorted by the key, compared as text, nulls first.

What the formats keep: Parquet everything; JSON all but infinities, which become null there, as
`{"metadata": {...}, "rows": [...]}`; CSV stays readable without options, so a list is written "4096x4096", an empty one
"scalar", and the metadata goes beside it into `NAME.csv.meta.json`.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import polars as pl
from polars.exceptions import PolarsError

from glotgap._atomic import check_target, replacing
from glotgap._errors import BadArgumentError, BadFileError

__all__ = [
    "BITS",
    "COMPONENTS",
    "TABLES",
    "TENSORS",
    "Column",
    "Table",
    "check",
    "check_path",
    "read",
    "read_metadata",
    "sort",
    "write",
]

BITS: Final = range(2, 9)
"""Bit widths with a clip and a signal-to-noise ratio."""

COMPONENTS: Final = (
    "embed",
    "attn.q",
    "attn.k",
    "attn.v",
    "attn.qkv",
    "attn.out",
    "mlp.up",
    "mlp.gate",
    "mlp.down",
    "router",
    "norm",
    "head",
    "bias",
    "other",
)
"""Where in a model a tensor can sit, in reading order: embedding, attention, MLP, what joins them, the rest."""

Part = Literal["base", "whole", "clip"]
"""A table holds the columns of `base` always, of `whole` for whole tensors, of `clip` where clipping was asked for."""

_TEXT, _WHOLE, _COUNT, _REAL, _FLAG = pl.String(), pl.Int64(), pl.UInt64(), pl.Float64(), pl.Boolean()
_NUMBER = r"(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?)"


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
            >>> TENSORS.describe().row(0)
            ('model', 'String', '', 'name of the scanned file or directory, or the Hub id')
        """
        rows = [(column.name, str(column.dtype), column.unit, column.meaning) for column in self.columns]
        return pl.DataFrame(rows, schema=["column", "dtype", "unit", "meaning"], orient="row")


def _clip_columns() -> Iterator[Column]:
    for bits in BITS:
        for grid in ("midrise", "symint"):
            yield Column(
                f"clip{bits}_{grid}", _REAL, "weight", f"{bits}-bit clip of least squared error, {grid}", "clip"
            )
            yield Column(f"sqnr{bits}_{grid}", _REAL, "dB", "signal to quantization noise at that clip", "clip")
        for family in ("gauss", "laplace"):
            yield Column(f"aciq{bits}_{family}", _REAL, "weight", f"{bits}-bit ACIQ clip, {family} prior", "clip")
            yield Column(f"aciq{bits}_{family}_sqnr", _REAL, "dB", "true mid-rise SQNR at that clip", "clip")
        yield Column(f"aciq{bits}", _REAL, "weight", "the one of the two whose analytic error is smaller", "clip")


TENSORS: Final = Table(
    "TENSORS",
    ("model", "file", "tensor", "block"),
    (
        Column("model", _TEXT, "", "name of the scanned file or directory, or the Hub id"),
        Column("file", _TEXT, "", "file that holds the tensor, relative to the model"),
        Column("tensor", _TEXT, "", "parameter name as stored"),
        Column("block", _WHOLE, "", "row, column, head or group within the tensor; null for the whole tensor"),
        Column("layer", _WHOLE, "", "index of the block within its stack; null outside the blocks"),
        Column("component", _TEXT, "", "one of COMPONENTS: see glotgap.weights.components"),
        Column("dtype", _TEXT, "", "stored type"),
        Column("shape", pl.List(_WHOLE), "", "row-major shape of the whole tensor"),
        Column("n", _COUNT, "values", "finite values: the n of every figure below"),
        Column("n_nan", _COUNT, "values", "NaN, left out of every other figure"),
        Column("n_inf", _COUNT, "values", "+Inf and -Inf, left out of every other figure"),
        Column("n_zero", _COUNT, "values", "+0 and -0"),
        Column("n_subnormal", _COUNT, "values", "subnormal in the stored type"),
        Column("mean", _REAL, "weight", "arithmetic mean"),
        Column("std", _REAL, "weight", "population standard deviation"),
        Column("skew", _REAL, "1", "g1 = m3 / m2^(3/2)"),
        Column("kurtosis", _REAL, "1", "excess kurtosis g2 = m4 / m2^2 - 3; 0 for a Gaussian"),
        Column("min", _REAL, "weight", "smallest value"),
        Column("max", _REAL, "weight", "largest value"),
        Column("absmax", _REAL, "weight", "largest magnitude"),
        Column("absmax_sigma", _REAL, "std", "absmax / std"),
        Column("mean_abs_dev", _REAL, "weight", "mean of |x - mean|: the scale of a Laplace fit", "whole"),
        Column("tail{k}", _REAL, "share", "share of values with |x - mean| > k std", "whole", rf"tail{_NUMBER}"),
        Column("kurtosis_top", _REAL, "share", "share of the fourth moment in the top 0.01 % of values", "whole"),
        Column("q{q}", _REAL, "weight", "quantile q", "whole", rf"q{_NUMBER}"),
        Column("entropy", _REAL, "bits", "Shannon entropy of the stored values", "whole"),
        Column("exact", _FLAG, "", "quantiles, entropy and clips are exact, not from a 16-bit sketch", "whole"),
        *_clip_columns(),
    ),
)

TABLES: Final[Mapping[str, Table]] = {TENSORS.name: TENSORS}


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
    table = _table(name)
    matched = _match(table, frame.columns)
    _check_columns(table, matched)
    for column, given in matched:
        if frame.schema[given] != column.dtype:
            raise _wrong(table, f"column {given} is {frame.schema[given]}, expected {column.dtype}")
        if column.dtype == _REAL and frame[given].is_nan().any():
            raise _wrong(table, f"column {given} holds NaN; undefined values are null")
    if frame.select(pl.struct(table.key).is_duplicated().any()).item():
        raise _wrong(table, f"two rows share one key ({', '.join(table.key)})")


def sort(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows sorted by the key of table `name`, nulls first."""
    return frame.sort(_table(name).key, nulls_last=False, maintain_order=True)


def check_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a table can be written there; call it before the work that makes the table.

    Raises:
        BadArgumentError: the suffix is none of .parquet, .csv, .json, or the directory does not exist.
    """
    _format(Path(path))
    return check_target(path)


def write(frame: pl.DataFrame, path: str | os.PathLike[str], metadata: Mapping[str, str]) -> None:
    """Write a table to a .parquet, .csv or .json file that appears whole or not at all.

    Args:
        frame: the table; row order is kept.
        path: file to write or replace.
        metadata: how the table was made: versions, arguments, digests.

    Raises:
        BadArgumentError: see `check_path`.
        OSError: the disk refuses.
    """
    target = check_path(path)
    with replacing(target) as file:
        match _format(target):
            case ".parquet":
                frame.write_parquet(file, metadata=dict(metadata))
            case ".csv":
                _with_text_lists(frame).write_csv(file)
            case _:
                head = json.dumps(dict(metadata), ensure_ascii=False, indent=1)
                file.write(f'{{"metadata": {head},\n"rows": {frame.write_json()}}}\n'.encode())
    if _format(target) == ".csv":
        with replacing(_sidecar(target)) as file:
            file.write(json.dumps(dict(metadata), ensure_ascii=False, indent=1).encode() + b"\n")


def read(path: str | os.PathLike[str], name: str = "TENSORS") -> pl.DataFrame:
    """Return the table stored at `path`, checked against the declaration of `name` and sorted by its key.

    Raises:
        BadFileError: absent, unreadable, or not such a table.
        BadArgumentError: the suffix is none of .parquet, .csv, .json.
    """
    source = Path(path)
    table = _table(name)
    try:
        match _format(source):
            case ".parquet":
                frame = pl.read_parquet(source)
            case ".csv":
                frame = _from_text(pl.read_csv(source, infer_schema=False), table)
            case _:
                frame = _from_rows(json.loads(source.read_bytes())["rows"], table)
        check(name, frame)
    except (OSError, PolarsError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        raise BadFileError(f"cannot read {path} as a {name} table: {reason or type(error).__name__}") from error
    return sort(name, frame)


def read_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the metadata stored with a table; empty for a CSV without its `.meta.json`.

    Raises:
        BadFileError: absent or unreadable.
        BadArgumentError: the suffix is none of .parquet, .csv, .json.
    """
    source = Path(path)
    try:
        match _format(source):
            case ".parquet":
                found = pl.read_parquet_metadata(source)
            case ".csv":
                beside = _sidecar(source)
                found = json.loads(beside.read_bytes()) if beside.exists() else {}
            case _:
                found = json.loads(source.read_bytes())["metadata"]
        return {str(key): str(value) for key, value in found.items() if key != "ARROW:schema"}
    except (OSError, PolarsError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadFileError(f"cannot read the metadata of {path}: {str(error).partition(chr(10))[0]}") from error


def _table(name: str) -> Table:
    if name not in TABLES:
        raise BadArgumentError(f"no table is called {name!r}; there are {', '.join(TABLES)}")
    return TABLES[name]


def _format(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in {".parquet", ".csv", ".json"}:
        raise BadArgumentError(f"cannot tell the format of {str(path)!r}: end it in .parquet, .csv or .json")
    return suffix


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.meta.json")


def _wrong(table: Table, what: str) -> BadArgumentError:
    return BadArgumentError(f"not a {table.name} table: {what}")


def _match(table: Table, names: list[str]) -> list[tuple[Column, str]]:
    """Pair each given name with its declaration; a single column wins over a family."""
    pairs = []
    for name in names:
        column = next((column for column in table.columns if column.covers(name)), None)
        if column is None:
            raise _wrong(table, f"unknown column {name}")
        pairs.append((column, name))
    return pairs


def _check_columns(table: Table, matched: list[tuple[Column, str]]) -> None:
    parts = {"base", *(column.part for column, _ in matched)}
    present = {column.name for column, _ in matched}
    missing = [c.name for c in table.columns if c.part in parts and c.pattern is None and c.name not in present]
    if missing:
        shown = ", ".join(missing[:4]) + (", ..." if len(missing) > 4 else "")
        raise _wrong(table, f"columns missing: {shown}")
    places = [table.columns.index(column) for column, _ in matched]
    for before, after, (_, name) in zip(places, places[1:], matched[1:], strict=False):
        if after < before:
            raise _wrong(table, f"column {name} is out of order")


def _with_text_lists(frame: pl.DataFrame) -> pl.DataFrame:
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    text = (pl.col(name).cast(pl.List(pl.String)).list.join("x").replace("", "scalar") for name in lists)
    return frame.with_columns(text)


def _from_text(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Give text columns their declared types."""

    def typed(column: Column, name: str) -> pl.Expr:
        text = pl.col(name)
        if column.dtype == _FLAG:
            return text == "true"
        if isinstance(column.dtype, pl.List):
            sizes = pl.when(text == "scalar").then(pl.lit([], pl.List(pl.String))).otherwise(text.str.split("x"))
            return sizes.cast(column.dtype).alias(name)
        return text.cast(column.dtype)

    return frame.with_columns(typed(column, name) for column, name in _match(table, frame.columns))


def _from_rows(rows: list[dict[str, object]], table: Table) -> pl.DataFrame:
    names = list(rows[0]) if rows else [column.name for column in table.columns if column.part == "base"]
    return pl.DataFrame(rows, schema={name: column.dtype for column, name in _match(table, names)}, orient="row")
