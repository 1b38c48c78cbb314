"""The terminal view of a TENSORS table: worst tensors, components, one sentence, and what was left out.

Into a pipe it writes plain text without colours, as wide as it needs to be; on a terminal names fold, numbers never do.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

import polars as pl
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from glotgap.report.summary import (
    by_component,
    is_pooled,
    number_text,
    readable,
    sentence,
    short_real,
    skipped_lines,
    unknown_line,
    worst,
)

__all__ = ["console", "show"]

_PIPE_WIDTH = 4096


@dataclass(frozen=True, slots=True)
class _View:
    """One column of the view: where it comes from, what its header says, how a value is written."""

    column: str
    header: str
    text: Callable[[object], str]
    number: bool = True


def _plain(value: object) -> str:
    return "–" if value is None else readable(str(value))


def _real(value: object) -> str:
    return number_text(value) if isinstance(value, float) else _plain(value)


def _three_digits(value: object) -> str:
    return short_real(value) if isinstance(value, float) else _plain(value)


def _decibel(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else _plain(value)


def _per_million(value: object) -> str:
    return _real(value * 1e6 if isinstance(value, float) else value)


def _size(value: object) -> str:
    """Write a count in thousands, millions or billions: 590k, 4.19M."""
    if not isinstance(value, int):
        return _plain(value)
    scales = ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k"))
    scale, unit = next((pair for pair in scales if value >= pair[0]), (1, ""))
    return f"{number_text(value / scale)}{unit}" if unit else str(value)


_VIEWS = (
    _View("file", "file", _plain, number=False),
    _View("tensor", "tensor", _plain, number=False),
    _View("block", "block", _plain),
    _View("layer", "layer", _plain),
    _View("component", "component", _plain, number=False),
    _View("dtype", "dtype", _plain, number=False),
    _View("n", "n", _size),
    _View("n_nan", "NaN", _size),
    _View("n_inf", "Inf", _size),
    _View("std", "std", _three_digits),
    _View("kurtosis", "excess\nkurtosis", _real),
    _View("absmax_sigma", "absmax\n/σ", _real),
    _View("tail6", "beyond\n6σ (ppm)", _per_million),
    _View("sqnr4_symint", "4-bit sym-int\nSQNR dB", _decibel),
)
# What a narrow terminal loses first: the name tells most of it.
_EXPENDABLE = ("dtype", "std", "n", "layer", "component")
_NAME_WIDTH = 14


class _Console(Console):
    """A console that leaves it to its caller what happens when its reader is gone."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(file: IO[str] | None = None) -> Console:
    """Return a console for `file` (standard output), plain and wide where that is no terminal."""
    target = file or sys.stdout
    width = None if target.isatty() else _PIPE_WIDTH
    return _Console(file=target, width=width, highlight=False, markup=False, emoji=False)


def show(
    frame: pl.DataFrame,
    skipped: pl.DataFrame,
    *,
    by: str = "kurtosis",
    top: int = 20,
    file: IO[str] | None = None,
) -> None:
    """Print the view of a scan.

    Args:
        frame: TENSORS, whole tensors or blocks.
        skipped: what was not scanned: columns file, tensor, reason.
        by: column that ranks the tensors, worst first.
        top: how many to list; 0 leaves the list out.
        file: where to; standard output by default.

    Raises:
        BadArgumentError: `by` is no column that can be ranked.
    """
    ranked = worst(frame, by=by, top=top)
    out = console(file)
    if top and not ranked.is_empty():
        out.print(_heading(frame, ranked, by), style="bold")
        out.print(_ranking(ranked, by, out.width))
        out.print()
    if not frame.is_empty():
        out.print(_components(by_component(frame), "blocks" if _has_blocks(frame) else "tensors"))
        out.print()
    for line in (sentence(frame), *skipped_lines(skipped), unknown_line(frame)):
        if line:
            out.print(Text(line))


def _has_blocks(frame: pl.DataFrame) -> bool:
    return not frame["block"].is_null().all()


def _heading(frame: pl.DataFrame, ranked: pl.DataFrame, by: str) -> Text:
    unit = "blocks" if _has_blocks(frame) else "tensors"
    models = ", ".join(map(readable, frame["model"].unique().sort().to_list()))
    return Text(f"{models}: {ranked.height:,} of {frame.height:,} {unit}, worst {by} first")


def _views(ranked: pl.DataFrame, by: str) -> list[_View]:
    """Leave out what the table lacks or has nothing to say about, and add the ranking column."""
    views = [view for view in _VIEWS if view.column in ranked.columns]
    views = [view for view in views if view.column != "file" or is_pooled(ranked)]
    views = [view for view in views if view.column != "block" or _has_blocks(ranked)]
    views = [view for view in views if view.column not in {"n_nan", "n_inf"} or ranked[view.column].sum()]
    if by not in {view.column for view in views}:
        views.append(_View(by, by, _real))
    return views


def _width(view: _View, ranked: pl.DataFrame) -> int:
    return max(len(text) for text in (*view.header.split("\n"), *map(view.text, ranked[view.column])))


def _fitting(views: list[_View], ranked: pl.DataFrame, width: int, by: str) -> list[_View]:
    """Drop expendable columns until the numbers and a folded name fit into `width` characters."""
    for name in (None, *_EXPENDABLE):
        views = [view for view in views if view.column != name or view.column == by]
        if _NAME_WIDTH + sum(_width(view, ranked) + 1 for view in views if view.column != "tensor") <= width:
            break
    return views


def _ranking(ranked: pl.DataFrame, by: str, width: int) -> Table:
    views = _fitting(_views(ranked, by), ranked, width, by)
    table = _table(roomy=width >= 100)
    for view in views:
        folds = view.column == "tensor"
        least = _NAME_WIDTH if folds else _width(view, ranked)
        justify: JustifyMethod = "right" if view.number else "left"
        table.add_column(view.header, justify=justify, no_wrap=not folds, overflow="fold", min_width=least)
    for row in ranked.iter_rows(named=True):
        table.add_row(*(Text(view.text(row[view.column])) for view in views))
    return table


def _table(*, roomy: bool) -> Table:
    return Table(box=None, padding=(0, 2 if roomy else 1, 0, 0), header_style="bold", pad_edge=False)


def _components(summary: pl.DataFrame, unit: str) -> Table:
    table = _table(roomy=True)
    table.add_column("component", no_wrap=True)
    for header in (unit, "median excess\nkurtosis", "largest excess\nkurtosis"):
        table.add_column(header, justify="right", no_wrap=True)
    for component, number, median, largest in summary.iter_rows():
        table.add_row(component, f"{number:,}", number_text(median), number_text(largest))
    return table
