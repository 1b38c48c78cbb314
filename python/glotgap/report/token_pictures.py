"""Pictures of METRICS: the premium of each language by tokenizer, and the Lorenz curve behind the Gini coefficient.

Colours are from the Okabe-Ito set and every tokenizer has a marker and a dash of its own, so neither picture depends on
colour vision. Figures are plain matplotlib `Figure` objects: no pyplot, no global state, no display.

The Lorenz curve (Lorenz 1905) orders languages by cost, cheapest first, and draws which share of all tokens that share
of the languages takes; the Gini coefficient is twice the area between it and the diagonal. Limits: languages whose
row carries a warning are drawn hollow in the first picture and left out of the second, as in DISPARITY.
"""

import itertools
from typing import Final

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.report.summary import number_text, readable

__all__ = ["lorenz_curve", "premium_dots"]

_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X")
_DASHES: Final = ("-", "--", "-.", ":")
_WIDTH: Final = 10.0  # inches: 1,500 pixels at the saved 150 dpi
_LINE: Final = 0.17  # inches for the line of one language
_GREY: Final = "#555555"
_SHORT: Final = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
_LONG: Final = (1, 2, 5)
"""Ticks within a decade, for short axes and for long ones."""


def premium_dots(metrics: pl.DataFrame) -> Figure:
    """Draw the premium of each language, one dot a tokenizer, on a logarithmic axis; the dearest language on top.

    Args:
        metrics: METRICS; languages without a premium are left out and counted in the title.

    Raises:
        BadArgumentError: no row has a premium.

    Example:
        >>> row = {"group": "deu", "tokenizer": "t", "segmenter": "icu", "premium": 2.0, "warning": None}
        >>> premium_dots(pl.DataFrame([row])).axes[0].get_xlabel()
        'premium: tokens / tokens of the reference on aligned text (log scale)'
    """
    paid = metrics.filter(pl.col("premium") > 0).sort("tokenizer", "segmenter", "group")
    if paid.is_empty():
        raise BadArgumentError("no language has a premium: there is nothing to draw; see the column aligned")
    order = paid.group_by("group").agg(pl.col("premium").max()).sort("premium", "group", descending=[False, True])
    places = {language: place for place, language in enumerate(order["group"])}
    figure = Figure(figsize=(_WIDTH, 1.8 + _LINE * max(6, len(places))), layout="constrained", dpi=150)
    axes = figure.subplots()
    for number, (name, part) in enumerate(_series(paid)):
        _draw_dots(axes, part, places, name, number)
    _label_premiums(axes, list(places))
    missing = metrics["group"].n_unique() - len(places)
    rest = f"; {missing} without a premium left out" if missing else ""
    axes.set_title(f"Tokenizer premium of {len(places)} languages{rest}", loc="left", fontsize=11)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def lorenz_curve(metrics: pl.DataFrame, disparity: pl.DataFrame) -> Figure:
    """Draw the Lorenz curve of tokens on aligned text over languages, one curve a tokenizer, with its Gini coefficient.

    Where a table has no aligned text, the cost of a byte is drawn instead, and the axis says so.

    Args:
        metrics: METRICS.
        disparity: DISPARITY of the same counts.

    Raises:
        BadArgumentError: no tokenizer has two languages to compare.
    """
    aligned = disparity["gini"].null_count() < disparity.height
    gini, cost = ("gini", "tokens") if aligned else ("gini_bytes", "tokens_per_byte")
    usable = metrics.filter(pl.col("warning").is_null() & (pl.col("tokens") > 0))
    usable = usable.filter("aligned") if aligned else usable
    figure = Figure(figsize=(6.6, 6.8), layout="constrained", dpi=150)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=_GREY, linewidth=1)
    drawn = [_draw_curve(axes, part, name, number, disparity, gini, cost)
             for number, (name, part) in enumerate(_series(usable))]  # fmt: skip
    if not any(drawn):
        raise BadArgumentError("no tokenizer has two languages to compare: there is no Lorenz curve to draw")
    of = "tokens on aligned text" if aligned else "cost of a byte in tokens"
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axes.set_xlabel("share of languages, cheapest first")
    axes.set_ylabel(f"share of all {of}")
    axes.set_title(f"Lorenz curve: {of}", loc="left", fontsize=11)
    axes.legend(loc="upper left", frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _series(frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Return one part a tokenizer and segmenter with its name; the segmenter is named where there are several."""
    several = frame["segmenter"].n_unique() > 1
    parts = frame.sort("tokenizer", "segmenter", "group").partition_by("tokenizer", "segmenter", maintain_order=True)
    names = [f"{p['tokenizer'][0]}, {p['segmenter'][0]}" if several else str(p["tokenizer"][0]) for p in parts]
    return [(readable(name).replace("$", r"\$"), part) for name, part in zip(names, parts, strict=True)]


def _draw_dots(axes: Axes, part: pl.DataFrame, places: dict[str, int], name: str, number: int) -> None:
    colour, marker = _COLOURS[number % len(_COLOURS)], _MARKERS[number % len(_MARKERS)]
    full = part["warning"].is_null()
    for kept, face, label in ((full, colour, name), (~full, "none", f"{name}, too many unknown tokens")):
        shown = part.filter(kept)
        if shown.is_empty():
            continue
        heights = [places[language] for language in shown["group"]]
        axes.scatter(
            shown["premium"].to_list(), heights, s=26, marker=marker, facecolors=face, edgecolors=colour,
            linewidths=1.1, zorder=3, label=label,
        )  # fmt: skip


def _label_premiums(axes: Axes, languages: list[str]) -> None:
    axes.set_xscale("log")
    low, high = (float(end) for end in axes.get_xlim())
    low, high = min(low, 0.8), max(high, 1.25)  # languages that all cost the same must look it
    axes.set_xlim(low, high)
    steps = (m * 10.0**e for e in range(-9, 10) for m in (_LONG if high > 30 * low else _SHORT))
    axes.xaxis.set_major_locator(FixedLocator([step for step in steps if low <= step <= high]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}×"))
    axes.axvline(1.0, color=_GREY, linewidth=1)
    labels = [readable(language).replace("$", r"\$") for language in languages]
    axes.set_yticks(range(len(languages)), labels, fontsize=8)
    axes.set_ylim(-0.7, len(languages) - 0.3)
    axes.set_xlabel("premium: tokens / tokens of the reference on aligned text (log scale)")
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.6)
    axes.tick_params(length=0, labeltop=len(languages) > 40)  # of a tall picture one end is out of sight
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_curve(
    axes: Axes, part: pl.DataFrame, name: str, number: int, disparity: pl.DataFrame, gini: str, cost: str
) -> bool:
    """Draw one curve, unless there are fewer than two languages; return whether it was drawn."""
    row = disparity.filter(tokenizer=part["tokenizer"][0], segmenter=part["segmenter"][0])
    if row.height != 1 or row[gini][0] is None:
        return False
    languages, tokens = _lorenz(part[cost].to_numpy())
    look = next(itertools.islice(itertools.cycle(_DASHES), number, None))
    label = f"{name}: Gini {number_text(row[gini][0])}, n = {part.height}"
    axes.plot(languages, tokens, color=_COLOURS[number % len(_COLOURS)], linestyle=look, linewidth=1.6, label=label)
    return True


def _lorenz(costs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sums = np.concatenate(([0.0], np.cumsum(np.sort(costs.astype(np.float64)))))
    return np.linspace(0.0, 1.0, len(sums)), sums / sums[-1]
