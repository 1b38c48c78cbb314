"""Pictures of a scan: the layer by component heat map of kurtosis, and one tensor's histogram with its clips.

Colours are perceptually ordered (inferno) or from the Okabe-Ito set, lines also differ in dash, so neither depends on
colour vision. Figures are plain matplotlib `Figure` objects: no pyplot, no global state, no display.

The ACIQ clips are those of Banner, Nahshan and Soudry (NeurIPS 2019): α = a·σ for the Gaussian and α = a·b for the
Laplace prior, b = E|x - mean|, with the minimisers a below. Limits: the heat map shows the largest kurtosis in a cell,
so an encoder and a decoder, or the experts of one layer, share theirs, and it does not tell values below 0 apart. From
a sketch (f32, f64) the drawn density and the SQNR are those of the sketch's bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import polars as pl
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.report.summary import number_text, readable, short_real
from glotgap.tables import COMPONENTS

__all__ = ["Histogram", "clip_histogram", "heat_map"]

_Reals = NDArray[np.float64]

_GAUSS: Final = (1.71063520, 2.15159284, 2.55913650, 2.93620062, 3.28691456, 3.61511400, 3.92403455)
_LAPLACE: Final = (2.83068302, 3.89722948, 5.02864016, 6.20476631, 7.41312618, 8.64561998, 9.89675977)

_WIDTH = 10.0  # inches: 1,500 pixels at the saved 150 dpi, legible when a README shows it at 850
_CELL_TEXT = 0.5  # inches a cell needs for its number
_GREY = "#555555"


class Histogram(Protocol):
    """What `clip_histogram` needs of `glotgap.weights.Histogram`."""

    @property
    def values(self) -> NDArray[np.float64]: ...  # noqa: D102
    @property
    def counts(self) -> NDArray[np.uint64]: ...  # noqa: D102
    @property
    def n(self) -> int: ...  # noqa: D102
    @property
    def exact(self) -> bool: ...  # noqa: D102
    @property
    def std(self) -> float | None: ...  # noqa: D102
    @property
    def mean_abs_dev(self) -> float | None: ...  # noqa: D102

    def clip(self, bits: int, grid: str) -> float | None: ...  # noqa: D102
    def sqnr(self, bits: int, grid: str, *, clip: float | None) -> float | None: ...  # noqa: D102


def heat_map(frame: pl.DataFrame) -> Figure:
    """Draw the largest excess kurtosis of each layer and component; blank where the model has no such tensor.

    Tensors outside the blocks (embeddings, head, final norm) stand in a column of their own at the left.

    Args:
        frame: TENSORS.

    Raises:
        BadArgumentError: no tensor has a kurtosis.

    Example:
        >>> row = {"model": "m", "layer": 0, "component": "mlp.up", "kurtosis": 3.0}
        >>> heat_map(pl.DataFrame([row])).axes[0].get_title(loc="left")
        'm: excess kurtosis'
    """
    cells = frame.filter(pl.col("kurtosis").is_not_null()).group_by("layer", "component").agg(pl.col("kurtosis").max())
    if cells.is_empty():
        raise BadArgumentError("no tensor of this table has a kurtosis: there is nothing to draw")
    layers: list[int | None] = sorted(cells["layer"].drop_nulls().unique().to_list())
    columns = [None, *layers] if cells["layer"].has_nulls() else layers
    rows = [component for component in COMPONENTS if component in set(cells["component"])]
    grid = np.full((len(rows), len(columns)), np.nan)
    for layer, component, kurtosis in cells.iter_rows():
        grid[rows.index(component), columns.index(layer)] = kurtosis
    has_parts = "block" in frame.columns and not frame["block"].is_null().all()
    title = f"{_short(', '.join(frame['model'].unique().sort()))}: excess kurtosis"
    return _draw_grid(grid, rows, columns, f"{title}, maximum over parts" if has_parts else title)


def clip_histogram(histogram: Histogram, name: str, bits: int = 4) -> Figure:
    """Draw the density of one tensor's values on a log axis, with absmax and the clips for `bits` on the mid-rise grid.

    Args:
        histogram: distinct values (weight units) and their counts.
        name: tensor name, for the title.
        bits: 2 to 8.

    Raises:
        BadArgumentError: `bits` out of range, or a tensor that is empty or constant.
    """
    if bits not in range(2, 9):
        raise BadArgumentError(f"bits is {bits}: choose 2 to 8")
    values, counts = np.asarray(histogram.values), np.asarray(histogram.counts, dtype=np.float64)
    marks = _marks(histogram, bits)
    if not marks:
        raise BadArgumentError(f"tensor {name!r} is empty or constant: there is nothing to clip")
    reach, zoom = marks[0].clip, 2.0 * max(mark.clip for mark in marks[1:])
    views = [reach, zoom] if reach > 1.5 * zoom else [reach]
    figure = Figure(figsize=(_WIDTH, 4.4), layout="constrained", dpi=150)
    for axes, half in zip(np.atleast_1d(figure.subplots(1, len(views))), views, strict=True):
        _draw_density(axes, values, counts, half)
        _draw_marks(axes, marks)
    sketch = "" if histogram.exact else ", from a 16-bit sketch"
    figure.suptitle(f"{_short(name, 90)}: {histogram.n:,} values{sketch}", x=0.01, ha="left", fontsize=11)
    if len(views) == 2:
        figure.axes[0].set_title("whole range", fontsize=9, color=_GREY)
        figure.axes[1].set_title("around the clips", fontsize=9, color=_GREY)
    title = f"{bits}-bit clip (mid-rise grid): position and the SQNR it leaves"
    handles = figure.axes[-1].get_legend_handles_labels()
    figure.legend(
        *handles, title=title, loc="outside lower center", ncols=2, frameon=False, fontsize=9, title_fontsize=9
    )
    return figure


def _draw_grid(grid: _Reals, rows: Sequence[str], columns: Sequence[int | None], title: str) -> Figure:
    figure = Figure(figsize=(_WIDTH, 1.7 + 0.34 * len(rows)), layout="constrained", dpi=150)
    axes = figure.subplots()
    # From pale to dark, without the palest part: a cell with low kurtosis must not look blank.
    palette = ListedColormap(colormaps["inferno"](np.linspace(0.94, 0.12, 256)))
    norm = SymLogNorm(linthresh=1.0, vmin=0.0, vmax=max(10.0, float(np.nanmax(grid))))
    spans = _spans(columns)
    colours = palette(norm(np.nan_to_num(grid)))
    for (row, column), value in np.ndenumerate(grid):
        if not np.isnan(value):
            left, width = spans[column]
            cell = Rectangle((left, row - 0.47), width, 0.94, facecolor=colours[row, column], linewidth=0)
            axes.add_patch(cell)
    _label_axes(axes, rows, columns, spans)
    if (_WIDTH - 2.4) / len(columns) >= _CELL_TEXT:
        _write_cells(axes, grid, spans, colours)
    _colour_bar(figure, axes, ScalarMappable(norm, palette), grid)
    row, column = divmod(int(np.nanargmax(grid)), len(columns))
    place = rows[row] if columns[column] is None else f"{rows[row]}, layer {columns[column]}"
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_title(f"largest: {number_text(float(grid[row, column]))} ({place})", loc="right", fontsize=9, color=_GREY)
    return figure


def _spans(columns: Sequence[int | None]) -> list[tuple[float, float]]:
    """Return left edge and width of each column; what lies outside the blocks stands apart, and never too thin."""
    outside = columns[0] is None
    first = max(1.0, len(columns) / 40)
    gap = 0.4 * first
    spans = [(-first - gap, first)] if outside else []
    return spans + [(number + 0.03, 0.94) for number in range(len(columns) - outside)]


def _label_axes(
    axes: Axes, rows: Sequence[str], columns: Sequence[int | None], spans: Sequence[tuple[float, float]]
) -> None:
    room = 34 if len(columns) <= 100 else 26  # two digits, or three
    step = next((step for step in (1, 2, 4, 5, 8, 10, 20, 50, 100) if len(columns) / step <= room), 1000)
    labelled = [column for column, layer in enumerate(columns) if layer is None or layer % step == 0]
    labels = ["–" if columns[column] is None else str(columns[column]) for column in labelled]
    axes.set_xticks([spans[column][0] + spans[column][1] / 2 for column in labelled], labels)
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlim(spans[0][0], sum(spans[-1]))
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("layer (–: outside the blocks)" if columns[0] is None else "layer")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _write_cells(axes: Axes, grid: _Reals, spans: Sequence[tuple[float, float]], colours: _Reals) -> None:
    for (row, column), value in np.ndenumerate(grid):
        if not np.isnan(value):
            left, width = spans[column]
            light = float(colours[row, column, :3] @ (0.299, 0.587, 0.114)) > 0.5
            ink = "black" if light else "white"
            axes.text(
                left + width / 2, row, _minus(number_text(value)), ha="center", va="center", fontsize=8, color=ink
            )


def _colour_bar(figure: Figure, axes: Axes, scale: ScalarMappable, grid: _Reals) -> None:
    high = max(10.0, float(np.nanmax(grid)))
    ticks = [0.0, *(10.0**power for power in range(300) if 10.0**power <= high)]
    ticks = ticks[:: 1 + len(ticks) // 12]
    bar = figure.colorbar(scale, ax=axes, pad=0.015, aspect=25, ticks=ticks)
    labels = [f"{tick:,.0f}" if tick < 1e6 else f"{tick:.0e}" for tick in ticks]
    bar.ax.set_yticklabels(["≤ 0" if np.nanmin(grid) < 0 else "0", *labels[1:]])
    bar.ax.minorticks_off()
    bar.set_label("excess kurtosis (0 = Gaussian)")


def _short(text: str, limit: int = 60) -> str:
    """Cut the middle out of a long name, so that it leaves room beside it; a $ in it is no formula."""
    name = readable(text)
    cut = name if len(name) <= limit else f"{name[: limit // 2 - 1]}…{name[-limit // 2 + 1 :]}"
    return cut.replace("$", r"\$")


def _minus(text: str) -> str:
    return text.replace("-", "−")


@dataclass(frozen=True, slots=True)
class _Mark:
    """One pair of vertical lines at ±clip."""

    clip: float
    label: str
    colour: str
    dash: str


def _marks(histogram: Histogram, bits: int) -> list[_Mark]:
    """Return absmax and the three clips; an empty list where there is nothing to clip."""
    clip, std, spread = histogram.clip(bits, "mid-rise"), histogram.std, histogram.mean_abs_dev
    if not (clip and std and spread):
        return []

    def mark(name: str, at: float, colour: str, dash: str) -> _Mark:
        noise = histogram.sqnr(bits, "mid-rise", clip=at)
        ratio = "" if noise is None else _minus(f", {noise:.1f} dB")
        return _Mark(at, f"{name}: ±{short_real(at)} = {number_text(at / std)} σ{ratio}", colour, dash)

    return [
        mark("absmax", float(np.abs(histogram.values).max()), "#000000", ":"),
        mark("least squared error", clip, "#D55E00", "-"),
        mark("ACIQ Gauss", _GAUSS[bits - 2] * std, "#0072B2", "--"),
        mark("ACIQ Laplace", _LAPLACE[bits - 2] * spread, "#009E73", "-."),
    ]


def _draw_density(axes: Axes, values: _Reals, counts: _Reals, half: float) -> None:
    """Draw what lies within ±half: a coarse lattice (f8, i8) value by value, all else in bins of equal width."""
    near = np.abs(values) <= half
    shown, weights = values[near], counts[near]
    if 2 <= shown.size <= 1000 and weights.sum() > 10 * shown.size:
        middles = (shown[1:] + shown[:-1]) / 2
        edges = np.concatenate(([2 * shown[0] - middles[0]], middles, [2 * shown[-1] - middles[-1]]))
    else:
        edges = np.linspace(-half, half, 1 + int(np.clip(2 * np.sqrt(shown.size), 20, 240)))
        weights, _ = np.histogram(shown, edges, weights=weights)
    density = weights / (counts.sum() * np.diff(edges))
    floor = density[density > 0].min() / 2
    axes.stairs(np.maximum(density, floor), edges, baseline=floor, fill=True, color="#BBBBBB")
    axes.set_yscale("log")
    axes.set_ylim(floor, density.max() * 2)
    axes.set_xlim(-1.06 * half, 1.06 * half)
    axes.set_xlabel("weight")
    axes.set_ylabel("density (1 / weight)")
    axes.spines[["top", "right"]].set_visible(False)


def _draw_marks(axes: Axes, marks: Sequence[_Mark]) -> None:
    limit = axes.get_xlim()[1]
    for mark in marks:
        axes.plot([], [], color=mark.colour, linestyle=mark.dash, linewidth=1.5, label=mark.label)
        for side in (-mark.clip, mark.clip):
            if abs(side) <= limit:
                axes.axvline(side, color=mark.colour, linestyle=mark.dash, linewidth=1.5)
