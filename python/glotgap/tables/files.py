"""The files that hold tables: Parquet, CSV and JSON, with how the table was made beside its rows."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from glotgap._arguments import typed
from glotgap._atomic import check_target, replacing
from glotgap._errors import BadArgumentError, BadFileError
from glotgap.tables.checking import check, named, pair, sort
from glotgap.tables.declaration import FLAG, Column, Table

__all__ = ["check_path", "read", "read_metadata", "write"]


@typed
def check_path(path: str | os.PathLike[str]) -> Path:
    """Return `path` if a table can be written there; call it before the work that makes the table.

    Raises:
        BadArgumentError: the suffix is none of .parquet, .csv, .json, the name is not UTF-8, or there is no such
            directory.
    """
    _format(Path(path))
    return check_target(path)


@typed
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


@typed
def read(path: str | os.PathLike[str], name: str = "TENSORS") -> pl.DataFrame:
    """Return the table stored at `path`, checked against the declaration of `name` and sorted by its key.

    Raises:
        BadFileError: absent, unreadable, or not such a table.
        BadArgumentError: the suffix is none of .parquet, .csv, .json.
    """
    source = Path(path)
    declared = named(name)
    try:
        match _format(source):
            case ".parquet":
                frame = pl.read_parquet(source)
            case ".csv":
                frame = _from_text(pl.read_csv(source, infer_schema=False), declared)
            case _:
                frame = _from_rows(json.loads(source.read_bytes())["rows"], declared)
        check(name, frame)
    except (OSError, PolarsError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).partition("\n")[0]
        raise BadFileError(f"cannot read {path} as a {name} table: {reason or type(error).__name__}") from error
    return sort(name, frame)


@typed
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


def _format(path: Path) -> str:
    try:
        os.fsencode(path).decode()
    except UnicodeError as error:
        raise BadArgumentError(f"{str(path)!r}: a table is read and written by a name in UTF-8; rename it") from error
    suffix = path.suffix.lower()
    if suffix not in {".parquet", ".csv", ".json"}:
        raise BadArgumentError(f"cannot tell the format of {str(path)!r}: end it in .parquet, .csv or .json")
    return suffix


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.meta.json")


def _with_text_lists(frame: pl.DataFrame) -> pl.DataFrame:
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    text = (pl.col(name).cast(pl.List(pl.String)).list.join("x").replace("", "scalar") for name in lists)
    return frame.with_columns(text)


def _from_text(frame: pl.DataFrame, declared: Table) -> pl.DataFrame:
    """Give text columns their declared types."""

    def typed(column: Column, name: str) -> pl.Expr:
        text = pl.col(name)
        if column.dtype == FLAG:
            return text == "true"
        if isinstance(column.dtype, pl.List):
            sizes = pl.when(text == "scalar").then(pl.lit([], pl.List(pl.String))).otherwise(text.str.split("x"))
            return sizes.cast(column.dtype).alias(name)
        return text.cast(column.dtype)

    return frame.with_columns(typed(column, name) for column, name in pair(declared, frame.columns))


def _from_rows(rows: list[dict[str, object]], declared: Table) -> pl.DataFrame:
    names = list(rows[0]) if rows else [column.name for column in declared.columns if column.part == "base"]
    return pl.DataFrame(rows, schema={name: column.dtype for column, name in pair(declared, names)}, orient="row")
