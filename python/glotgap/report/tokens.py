"""The terminal view of METRICS: languages by what they pay, and in a sentence how unequal a tokenizer is.

Figures are descriptive of the corpus counted. Beside every fertility stands the share of unknown tokens, and a row that
has too many is marked: its fertility and premium mean nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Final

import polars as pl
from rich.table import Table
from rich.text import Text

from glotgap._errors import BadArgumentError
from glotgap.report.summary import number_text, readable
from glotgap.report.terminal import console

__all__ = ["finding_lines", "gap_lines", "ranked", "sentence", "show"]


@dataclass(frozen=True, slots=True)
class _View:
    """One column of the view: where it comes from, what its header says, how a value is written."""

    column: str
    header: str
    text: Callable[[object], str]


def _real(value: object) -> str:
    return number_text(value) if isinstance(value, float) else "–"


def _percent(value: object) -> str:
    if not isinstance(value, float):
        return "–"
    return "0" if value == 0 else number_text(100 * value)


def _count(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "–"


_VIEWS: Final = (
    _View("fertility", "fertility", _real),
    _View("premium", "premium", _real),
    _View("bytes_per_token", "bytes\n/token", _real),
    _View("unk_rate", "UNK %", _percent),
    _View("docs", "n\n(docs)", _count),
)


def ranked(metrics: pl.DataFrame, *, by: str = "premium") -> pl.DataFrame:
    """Return the rows of METRICS, tokenizer by tokenizer, largest `by` first, nulls last, ties by language.

    Raises:
        BadArgumentError: no such figure.

    Example:
        >>> table = {"group": ["a", "b"], "tokenizer": ["t", "t"], "segmenter": ["icu", "icu"], "premium": [1.0, 2.0]}
        >>> ranked(pl.DataFrame(table))["group"].to_list()
        ['b', 'a']
    """
    if by not in metrics.columns or not metrics.schema[by].is_numeric():
        raise BadArgumentError(f"cannot sort by {by!r}: choose a figure of the table, for example premium or fertility")
    keys = ["tokenizer", "segmenter", by, "group"]
    return metrics.sort(keys, descending=[False, False, True, False], nulls_last=[False, False, True, False])


def show(
    metrics: pl.DataFrame,
    disparity: pl.DataFrame,
    gaps: pl.DataFrame | None = None,
    *,
    by: str = "premium",
    top: int = 20,
    file: IO[str] | None = None,
) -> None:
    """Print one table a tokenizer: language, fertility, premium, bytes a token, unknown tokens, n.

    Args:
        metrics: METRICS.
        disparity: DISPARITY of the same counts.
        gaps: GAPS of them.
        by: figure that ranks the languages; without premiums, fertility steps in for them.
        top: languages to list for each tokenizer; 0 leaves the lists out.
        file: where to; standard output by default.

    Raises:
        BadArgumentError: `by` is no figure.
    """
    rank = "fertility" if by == "premium" and metrics["premium"].null_count() == metrics.height else by
    out = console(file)
    for part in ranked(metrics, by=rank).partition_by("tokenizer", "segmenter", maintain_order=True):
        first = part.row(0, named=True)
        of = {"tokenizer": first["tokenizer"], "segmenter": first["segmenter"]}
        if top:
            out.print(Text(_heading(part, min(top, part.height), rank), style="bold"))
            out.print(_table(part.head(top), rank))
        for line in (sentence(disparity.filter(**of)), *([] if gaps is None else gap_lines(gaps.filter(**of)))):
            out.print(Text(line))
        out.print()
    if metrics["warning"].null_count() < metrics.height:
        out.print(Text("! more unknown tokens than the limit: fertility and premium mean nothing"))


def sentence(disparity: pl.DataFrame) -> str:
    """Say how unequal one tokenizer is: its Gini coefficient, its worst premium, and what was left out.

    Args:
        disparity: one row of DISPARITY.
    """
    row = disparity.row(0, named=True)
    if row["gini"] is None:
        parts = [f"Gini {number_text(row['gini_bytes'])} of tokens per byte over {row['languages']:,} languages"]
    else:
        parts = [f"Gini {number_text(row['gini'])} of tokens on aligned text over {row['aligned']:,} languages"]
    if row["worst"] is not None:
        worst, median = number_text(row["premium_max"]), number_text(row["premium_median"])
        parts.append(f"premium {worst} at most ({readable(row['worst'])}), {median} in the median")
    if row["left_out"]:
        parts.append(f"{row['left_out']:,} left out")
    return "; ".join(parts) + "."


def gap_lines(gaps: pl.DataFrame) -> list[str]:
    """Say each gap between low- and high-resource languages with both n; where one side is empty, say that."""
    return [_gap(row) for row in gaps.iter_rows(named=True)]


def finding_lines(findings: pl.DataFrame, passed_over: pl.DataFrame, *, limit: int = 12) -> list[str]:
    """Say what is wrong with the data, most first and `limit` at most, and which files were not taken.

    Args:
        findings: columns fault, lost, file, count, places.
        passed_over: columns file, reason.
        limit: how many of each to list.

    Example:
        >>> row = {"fault": ["truncated"], "lost": [True], "file": ["x.gz"], "count": [1], "places": [["7"]]}
        >>> finding_lines(pl.DataFrame(row), pl.DataFrame({"file": [], "reason": []}))
        ['Not counted: 1 x truncated in x.gz, at 7']
    """
    rows = findings.sort("lost", "count", descending=True)
    lines = [_finding(row) for row in rows.head(limit).iter_rows(named=True)]
    lines += [f"Not taken: {readable(file)} ({reason})" for file, reason in passed_over.head(limit).iter_rows()]
    left = max(rows.height - limit, 0) + max(passed_over.height - limit, 0)
    return lines + ([f"and {left:,} more"] if left else [])


def _finding(row: dict[str, object]) -> str:
    head = "Not counted" if row["lost"] else "Found"
    return f"{head}: {row['count']:,} x {row['fault']} in {readable(str(row['file']))}{_where(row['places'])}"


def _where(places: object) -> str:
    """Say where the first ones are; line 0 is the file as a whole."""
    if not isinstance(places, list) or not places or places[0] == "0":
        return ""
    whole = places[0].startswith("0 (")
    return f": {places[0][3:-1]}" if whole else f", at {', '.join(places[:3])}"


def _gap(row: dict[str, object]) -> str:
    name = str(row["metric"]).replace("_", " ")
    sides = f"n = {row['n_low']} low- and {row['n_high']} high-resource languages"
    if row["difference"] is None:
        return f"{name}: no gap, {sides}."
    low, high, ratio = (_real(row[column]) for column in ("mean_low", "mean_high", "ratio"))
    return f"{name}: {low} against {high}, a ratio of {ratio} ({sides}; no interval)."


def _heading(part: pl.DataFrame, shown: int, by: str) -> str:
    first = part.row(0, named=True)
    words = "no words" if first["segmenter"] == "none" else f"words by {readable(first['segmenter'])}"
    return f"{readable(first['tokenizer'])}: {shown:,} of {part.height:,} languages, {words}, largest {by} first"


def _table(part: pl.DataFrame, by: str) -> Table:
    views = list(_VIEWS)
    if by not in {view.column for view in views}:
        whole = part.schema[by].is_integer()
        views.insert(3, _View(by, by.replace("_", "\n"), _count if whole else _real))
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    table.add_column("language", overflow="fold")
    for view in views:
        table.add_column(view.header, justify="right", no_wrap=True)
    table.add_column("")
    for row in part.iter_rows(named=True):
        mark = "" if row["warning"] is None else "!"
        table.add_row(Text(readable(row["group"])), *(view.text(row[view.column]) for view in views), mark)
    return table
