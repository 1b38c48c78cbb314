"""What commands that answer a question share: their options, and how an answer is shown and kept."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from glotgap._errors import BadArgumentError, BadFileError
from glotgap.cli.checks import check_table, say

if TYPE_CHECKING:
    import polars as pl

    from glotgap.stats.answers import Answer

__all__ = ["answer_options", "read_columns", "told", "write_columns"]

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--level", "confidence_level", type=click.FloatRange(0, 1, min_open=True, max_open=True),
                 default=0.95, show_default=True, metavar="SHARE", help="Confidence level of the intervals."),
    click.option("--resamples", "n_resamples", type=click.IntRange(min=1), metavar="N",
                 help="Resamples behind each interval and each p that is not exact; 9999 by default, or 200 for each "
                 "finding where that is more."),
    click.option("--seed", "rng", type=click.IntRange(min=0), metavar="N",
                 help="Seed that repeats a run; drawn, and shown in the table, by default."),
    click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads; all cores by default."),
    click.option("--out", metavar="FILE", callback=check_table,
                 help="Write the table TESTS to a .parquet, .csv or .json file."),
)  # fmt: skip


def answer_options(command: F) -> F:
    """Add the options that all questions have."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def told(answer: "Answer", out: str | None, **arguments: Any) -> None:
    """Print an answer, a finding a line, and write its table."""
    from glotgap import __version__, tables

    click.echo(answer.sentence.replace("; ", "\n"))
    if out is not None:
        made = {"glotgap": __version__, "arguments": json.dumps(arguments, ensure_ascii=False)}
        tables.write(answer.tests, out, made)
        say(f"wrote {out}")


def read_columns(path: str) -> "pl.DataFrame":
    """Read any table of columns by name: Parquet, CSV, or JSON rows.

    Raises:
        BadFileError: it is none.
    """
    import polars as pl
    from polars.exceptions import PolarsError

    readers: dict[str, Callable[[str], pl.DataFrame]] = {
        ".parquet": pl.read_parquet,
        ".csv": pl.read_csv,
        ".json": pl.read_json,
    }
    reader = next((reader for suffix, reader in readers.items() if path.endswith(suffix)), None)
    if reader is None:
        raise BadFileError(f"cannot read {path}: give a .parquet, .csv or .json file")
    try:
        return reader(path)
    except (OSError, PolarsError) as error:
        raise BadFileError(f"cannot read {path} as a table: {error}") from error


def write_columns(frame: "pl.DataFrame", path: str) -> None:
    """Write any table of columns by name: Parquet or CSV; it appears whole or not at all.

    Raises:
        BadArgumentError: the suffix is neither, or nothing can be written there.
    """
    from glotgap._atomic import replacing

    if not path.endswith((".parquet", ".csv")):
        raise BadArgumentError(f"cannot write {path}: give a .parquet or .csv file")
    with replacing(path) as file:
        frame.write_parquet(file) if path.endswith(".parquet") else frame.write_csv(file)
