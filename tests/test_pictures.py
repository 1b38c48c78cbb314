"""The pictures: every cell where it belongs, clips where they belong, files that are whole and repeat to the byte."""

import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from matplotlib.patches import Rectangle
from scipy.optimize import minimize_scalar
from scipy.special import erf

from glotgap._errors import BadArgumentError
from glotgap.report import weights as pictures
from glotgap.report.page import check_path, save
from glotgap.report.weights import clip_histogram, heat_map
from synthetic import frame, llama, row


class Counted:
    """A histogram the slow way."""

    exact = True

    def __init__(self, array):
        self.values, counts = np.unique(np.asarray(array, np.float64), return_counts=True)
        self.counts, self.n = counts.astype(np.uint64), int(counts.sum())
        array = np.asarray(array, np.float64)
        self.std = float(np.std(array)) if self.n else None
        self.mean_abs_dev = float(np.abs(array - np.mean(array)).mean()) if self.n else None

    def clip(self, bits, grid):
        if not self.n:
            return None
        trials = np.geomspace(abs(self.values).max() / 300, abs(self.values).max(), 200)
        return float(max(trials, key=lambda clip: self.sqnr(bits, grid, clip=clip)))

    def sqnr(self, bits, grid, *, clip):
        """Each value goes to the nearest of a list of levels: no formula."""
        assert grid == "mid-rise"
        levels = (np.arange(2**bits) + 0.5 - 2 ** (bits - 1)) * 2 * clip / 2**bits
        error = np.abs(self.values[:, None] - levels).min(axis=1)
        return 10 * np.log10((self.values**2 @ self.counts) / (error**2 @ self.counts))


def normal(size=20_000, seed=0):
    return np.random.default_rng(seed).standard_normal(size).astype(np.float16)


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def cells(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]


def test_every_layer_and_component_has_one_cell_and_missing_ones_are_blank():
    figure = heat_map(llama(6))
    assert len(cells(figure)) == 6 * 8 + 3
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [
        "embed", "attn.q", "attn.k", "attn.v", "attn.out", "mlp.up", "mlp.gate", "mlp.down", "norm", "head",
    ]  # fmt: skip
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["–", *"012345"]


def test_a_cell_shows_the_largest_kurtosis_of_its_tensors():
    experts = [
        row(f"layers.0.mlp.experts.{n}.up_proj.weight", [2, 2], value) for n, value in enumerate((3.0, 41.5, 7.0))
    ]
    assert texts(heat_map(frame(experts))) == ["41.5"]


def test_darker_means_heavier():
    table = frame(
        [row(f"layers.{n}.mlp.up_proj.weight", [2, 2], value) for n, value in enumerate((-1, 0, 1, 30, 900.0))]
    )
    light = [sum(cell.get_facecolor()[:3]) for cell in cells(heat_map(table))]
    assert light[0] == light[1] > light[2] > light[3] > light[4]


def test_numbers_appear_only_where_they_fit():
    assert texts(heat_map(llama(12)))
    assert not texts(heat_map(llama(32)))
    assert "largest: " in heat_map(llama(32)).axes[0].get_title(loc="right")


@pytest.mark.parametrize("layers", [1, 6, 32, 80, 126])
def test_labels_do_not_overlap(layers):
    figure = heat_map(llama(layers))
    figure.draw_without_rendering()
    axes = figure.axes[0]
    boxes = [label.get_window_extent() for label in axes.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert all(upper.y0 > lower.y1 for upper, lower in pairwise(boxes))
    titles = [axes.title, axes._left_title, axes._right_title]
    assert titles[1].get_window_extent().x1 < titles[2].get_window_extent().x0


def test_a_model_with_a_long_name_or_huge_kurtosis_still_fits():
    table = frame([row("layers.0.mlp.up_proj.weight", [2, 2], 3e9, model="organisation/" + "very-long-" * 20 + "name")])
    figure = heat_map(table)
    figure.draw_without_rendering()
    left, right = figure.axes[0]._left_title, figure.axes[0]._right_title
    assert left.get_window_extent().x1 < right.get_window_extent().x0


def test_nothing_to_draw_is_said():
    with pytest.raises(BadArgumentError, match="nothing to draw"):
        heat_map(frame([row("a", [1], None)]))


@pytest.mark.parametrize("bits", range(2, 9))
def test_aciq_constants_minimise_the_published_error(bits):
    noise = 1 / (3 * 4**bits)
    gauss = minimize_scalar(
        lambda a: (1 + a * a) * (1 - erf(a / 2**0.5)) - (2 / np.pi) ** 0.5 * a * np.exp(-a * a / 2) + a * a * noise,
        bounds=(0.5, 6), method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    laplace = minimize_scalar(
        lambda a: 2 * np.exp(-a) + a * a * noise, bounds=(0.5, 12), method="bounded", options={"xatol": 1e-10}
    )
    # A minimum is flat: the place is known to about the square root of the rounding of the error, 1e-8 times a few.
    assert pictures._GAUSS[bits - 2] == pytest.approx(gauss.x, abs=2e-6)
    assert pictures._LAPLACE[bits - 2] == pytest.approx(laplace.x, abs=2e-6)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_marks_stand_at_absmax_and_at_the_three_clips_with_their_ratios(bits):
    array = normal().astype(float) ** 3
    histogram = Counted(array)
    absmax, best, gauss, laplace = pictures._marks(histogram, bits)
    assert absmax.clip == abs(array).max()
    assert best.clip == histogram.clip(bits, "mid-rise")
    assert gauss.clip == pictures._GAUSS[bits - 2] * array.std()
    assert laplace.clip == pictures._LAPLACE[bits - 2] * abs(array - array.mean()).mean()
    for mark in (absmax, best, gauss, laplace):
        ratio = f"{histogram.sqnr(bits, 'mid-rise', clip=mark.clip):.1f} dB"
        assert mark.label.endswith(ratio.replace("-", "−"))


def test_density_integrates_to_one():
    for array in (normal(), np.round(normal() * 30)):  # many values in bins, few values in cells
        figure = clip_histogram(Counted(array), "w")
        (steps,) = [patch for patch in figure.axes[0].patches if hasattr(patch, "get_data")]
        heights, edges, floor = steps.get_data()
        total = (heights * np.diff(edges))[heights > floor].sum()
        assert total == pytest.approx(1.0, abs=2e-3)  # bins lifted to the floor to be seen add a little


def test_far_outliers_get_a_second_view_around_the_clips():
    near = clip_histogram(Counted(normal()), "w")
    far = clip_histogram(Counted(np.append(normal(), [60.0])), "w")
    assert (len(near.axes), len(far.axes)) == (1, 2)
    whole, around = (axes.get_xlim()[1] for axes in far.axes)
    assert whole > 60
    assert around < 10
    assert len(far.legends[0].get_texts()) == 4


def test_a_sketch_is_called_one():
    histogram = Counted(normal())
    histogram.exact = False
    assert "from a 16-bit sketch" in clip_histogram(histogram, "w").get_suptitle()


@pytest.mark.parametrize("array", [[], [0.5], [0.5] * 9])
def test_empty_and_constant_tensors_have_no_clips_to_draw(array):
    with pytest.raises(BadArgumentError, match="'w' is empty or constant"):
        clip_histogram(Counted(array), "w")


def test_bits_out_of_range_are_refused():
    with pytest.raises(BadArgumentError, match="bits is 9: choose 2 to 8"):
        clip_histogram(Counted(normal()), "w", bits=9)


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "html"])
def test_saved_pictures_repeat_to_the_byte(tmp_path, suffix):
    for name in ("a", "b"):
        save(heat_map(llama(2)), tmp_path / f"{name}.{suffix}", title="t")
    content = (tmp_path / f"a.{suffix}").read_bytes()
    assert content == (tmp_path / f"b.{suffix}").read_bytes()
    assert content.startswith({"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "html": b"<!doctype html>"}[suffix])


def test_the_page_is_well_formed_escaped_and_loads_nothing(tmp_path):
    save(heat_map(llama(2)), tmp_path / "x.html", title="<script>alert(1)</script>", text=["a < b & c"])
    page = (tmp_path / "x.html").read_text()
    assert "<script" not in page
    assert "<p>a &lt; b &amp; c</p>" in page
    assert "src=" not in page
    assert "url(http" not in page
    ET.fromstring(page[page.index("<svg") : page.index("</svg>") + len("</svg>")])


def test_names_in_a_picture_are_data(tmp_path):
    table = frame([row("layers.0.mlp.up_proj.weight", [2, 2], 1.0, model="$\\frac{$ <b>\x00")])
    save(heat_map(table), tmp_path / "x.svg")
    ET.fromstring((tmp_path / "x.svg").read_text())


def test_unknown_picture_format_is_refused(tmp_path):
    with pytest.raises(BadArgumentError, match=r"end it in \.svg, \.png, \.pdf or \.html"):
        check_path(tmp_path / "x.gif")


def test_pictures_need_no_pyplot_and_no_display():
    code = "import sys, glotgap.report.weights; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_frame_with_only_the_needed_columns_is_enough():
    table = pl.DataFrame({"model": ["m"], "layer": [0], "component": ["mlp.up"], "kurtosis": [3.0]})
    assert texts(heat_map(table)) == ["3.00"]


def test_the_title_of_parts_says_that_cells_are_their_maximum():
    parts = frame([row("a.mlp.fc1.weight", [2, 2], 1.0, parts=("base",), block=i) for i in (0, 1)], ("base",))
    assert heat_map(parts).axes[0].get_title(loc="left") == "synthetic: excess kurtosis, maximum over parts"
    assert heat_map(llama(2)).axes[0].get_title(loc="left") == "synthetic: excess kurtosis"
