"""The views of METRICS: every dot where it belongs, curves that are their coefficient, a table that loses no number."""

import io
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from glotgap._errors import BadArgumentError
from glotgap.report.page import save
from glotgap.report.token_pictures import lorenz_curve, premium_dots
from glotgap.report.tokens import gap_lines, ranked, sentence, show
from glotgap.tokens import disparity, gaps, metrics, toy
from token_corpus import CORPUS, counts

pytestmark = pytest.mark.filterwarnings("ignore::glotgap.GlotgapWarning")


def many(languages=128):
    """Languages of rising cost, two tokenizers."""
    return metrics(counts({"eng": ["one two"]} | {f"l{n:03}": ["xy" * (3 + n)] for n in range(languages - 1)}))


def dots(figure):
    """(premium, height) of every dot, by the label of its series."""
    return {series.get_label(): series.get_offsets().data.tolist() for series in figure.axes[0].collections}


def shown(*tables, **options):
    file = io.StringIO()
    show(*tables, file=file, **options)
    return file.getvalue()


def test_every_language_and_tokenizer_has_one_dot():
    table = metrics(counts(), unk_limit=1.0)
    figure = premium_dots(table)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    found = {
        (tokenizer, labels[round(height)]): premium
        for tokenizer, places in dots(figure).items()
        for premium, height in places
    }
    expected = {(row["tokenizer"], row["group"]): row["premium"] for row in table.iter_rows(named=True)}
    assert found == pytest.approx(expected)


def test_the_dearest_language_is_on_top_and_the_axis_is_logarithmic():
    figure = premium_dots(many(9))
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels.index("l007") == len(labels) - 1


def test_unknown_text_is_drawn_hollow():
    figure = premium_dots(metrics(counts()))
    hollow = [series for series in figure.axes[0].collections if series.get_facecolor().size == 0]
    assert [series.get_label() for series in hollow] == ["letters, too many unknown tokens"]


def test_languages_without_a_premium_are_counted():
    corpus = CORPUS | {"fra": ["un"]}
    assert "3 languages; 1 without a premium left out" in premium_dots(metrics(counts(corpus))).axes[0].get_title(
        "left"
    )


@pytest.mark.parametrize("languages", [2, 12, 128, 400])
def test_labels_do_not_overlap(languages):
    figure = premium_dots(many(languages))
    figure.draw_without_rendering()
    vertical = {(box.y0, box.y1) for box in map(extent, figure.axes[0].get_yticklabels())}
    horizontal = {(box.x0, box.x1) for box in map(extent, figure.axes[0].get_xticklabels())}  # a tall picture has both
    for spans in (vertical, horizontal):
        assert len(spans) > 1
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(spans)))


def extent(label):
    return label.get_window_extent()


def test_twice_the_area_beside_a_lorenz_curve_is_its_gini():
    table, apart = metrics(counts(), unk_limit=1.0), disparity(counts(), unk_limit=1.0)
    diagonal, *curves = lorenz_curve(table, apart).axes[0].get_lines()
    assert diagonal.get_xydata().tolist() == [[0, 0], [1, 1]]
    assert len(curves) == 2
    for curve, row in zip(curves, apart.iter_rows(named=True), strict=True):
        x, y = curve.get_xydata().T
        assert 1 - 2 * np.trapezoid(y, x) == pytest.approx(row["gini"], abs=1e-12)
        assert curve.get_label().startswith(f"{row['tokenizer']}: Gini ")
        assert curve.get_label().endswith("n = 3")


def test_a_lorenz_curve_of_text_that_is_not_aligned_is_of_bytes():
    mixed = counts({"eng": CORPUS["eng"], "deu": CORPUS["deu"][:1]})
    figure = lorenz_curve(metrics(mixed), disparity(mixed))
    assert "cost of a byte" in figure.axes[0].get_ylabel()


def test_nothing_to_draw_is_said():
    alone = counts({"eng": ["a"]})
    with pytest.raises(BadArgumentError, match="no language has a premium"):
        premium_dots(metrics(alone, reference=None))
    with pytest.raises(BadArgumentError, match="no tokenizer has two languages"):
        lorenz_curve(metrics(alone), disparity(alone))


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "html"])
def test_saved_pictures_repeat_to_the_byte(tmp_path, suffix):
    for name in ("a", "b"):
        save(premium_dots(metrics(toy.counts())), tmp_path / f"{name}.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_names_in_a_picture_are_data(tmp_path):
    strange = counts({"eng": CORPUS["eng"], "$\\frac{$ <b>\x00": CORPUS["deu"]})
    strange = strange.with_columns(tokenizer=pl.lit("$x_{<i>$\x1b").add(pl.col("tokenizer")))
    for number, figure in enumerate(
        (premium_dots(metrics(strange)), lorenz_curve(metrics(strange), disparity(strange)))
    ):
        save(figure, tmp_path / f"{number}.svg")
        ET.fromstring((tmp_path / f"{number}.svg").read_text())


def test_pictures_need_no_pyplot_and_the_table_no_matplotlib():
    for module, absent in (("token_pictures", "matplotlib.pyplot"), ("tokens", "matplotlib")):
        code = f"import sys, glotgap.report.{module}; sys.exit({absent!r} in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The table.


def test_the_table_is_sorted_by_premium_with_every_number():
    lines = shown(metrics(toy.counts()), disparity(toy.counts())).splitlines()
    assert lines[0] == "toy: 2 of 2 languages, words by whitespace, largest premium first"
    assert [line.split() for line in lines if line.startswith(("deu", "eng"))] == [
        ["deu", "2.00", "2.00", "3.00", "0", "2"],
        ["eng", "1.00", "1.00", "5.00", "0", "2"],
    ]
    assert (
        "Gini 0.167 of tokens on aligned text over 2 languages; premium 2.00 at most (deu), 2.00 in the median."
        in lines
    )


def test_rows_with_unknown_text_are_marked_and_explained():
    text = shown(metrics(counts()), disparity(counts()))
    marked = [line for line in text.splitlines() if line.endswith("!")]
    assert [line.split()[0] for line in marked] == ["tha"]
    assert "! more unknown tokens than the limit" in text
    assert "1 left out." in text
    assert "!" not in shown(metrics(toy.counts()), disparity(toy.counts()))


def test_order_is_by_figure_nulls_last_ties_by_language():
    table = pl.DataFrame(
        {"group": ["b", "a", "c", "d"], "tokenizer": "t", "segmenter": "icu", "premium": [2.0, 2.0, None, 3.0]}
    )
    assert ranked(table)["group"].to_list() == ["d", "a", "b", "c"]
    assert ranked(table.sample(fraction=1.0, shuffle=True, seed=1))["group"].to_list() == ["d", "a", "b", "c"]
    for by in ("nothing", "group"):
        with pytest.raises(BadArgumentError, match="cannot sort by"):
            ranked(table, by=by)


def test_without_premiums_fertility_ranks():
    text = shown(metrics(toy.counts(), reference=None), disparity(toy.counts(), reference=None))
    assert "largest fertility first" in text
    assert "premium 2.00" not in text


def test_another_figure_gets_a_column_and_top_limits_the_list():
    text = shown(metrics(toy.counts()), disparity(toy.counts()), by="renyi_efficiency", top=1)
    assert "1 of 2 languages, words by whitespace, largest renyi_efficiency first" in text
    assert "0.500" in text
    assert "eng " not in text
    assert "languages, words" not in shown(metrics(toy.counts()), disparity(toy.counts()), top=0)


def test_names_cannot_steer_the_terminal_or_be_read_as_markup():
    strange = counts({"eng": CORPUS["eng"], "\x1b[31m[bold]x[/bold]": CORPUS["deu"]})
    text = shown(metrics(strange), disparity(strange))
    assert "\x1b" not in text
    assert r"\x1b[31m[bold]x[/bold]" in text


def test_sentences_say_what_is_compared():
    mixed = counts({"eng": CORPUS["eng"], "deu": CORPUS["deu"][:1]})
    assert "of tokens per byte over 2 languages." in sentence(disparity(mixed).head(1))
    table = metrics(toy.counts(), resources={"eng": "high", "deu": "low"})
    assert gap_lines(gaps(table, ["premium"])) == [
        "premium: 2.00 against 1.00, a ratio of 2.00 (n = 1 low- and 1 high-resource languages; no interval)."
    ]
    one_side = metrics(toy.counts(), resources={"eng": "high"})
    assert gap_lines(gaps(one_side, ["premium"])) == ["premium: no gap, n = 0 low- and 1 high-resource languages."]
