"""`glotgap tokens`, end to end on small tables: what its verbs print, write, and return when they fail."""

import json
from functools import partial

import pytest
from polars.testing import assert_frame_equal

from glotgap import tables
from glotgap.tokens import disparity, metrics, toy
from token_corpus import CORPUS, LATIN, counts, documents


@pytest.fixture
def glotgap(command_line, tmp_path, monkeypatch):
    """Run `glotgap tokens` in an own directory."""
    monkeypatch.chdir(tmp_path)
    tables.write(counts(LATIN), "counts.parquet", {"made": "by a test"})
    tables.write(documents(LATIN), "documents.parquet", {})

    return partial(command_line, "tokens")


def test_metrics_prints_a_table_a_tokenizer(glotgap):
    code, out, err = glotgap("metrics", "counts.parquet")
    assert (code, err) == (0, "")
    assert "letters: 2 of 2 languages" in out
    assert "pairs: 2 of 2 languages" in out
    assert "\x1b" not in out


@pytest.mark.parametrize("suffix", ["parquet", "csv", "json"])
def test_out_keeps_every_figure_and_how_it_was_made(glotgap, suffix):
    options = ("--documents", "documents.parquet", "--window", "100", "--price", "2.5", "--alpha", "2", "--quiet")
    paths = ("--out", f"x.{suffix}", "--disparity", f"d.{suffix}")
    code, out, err = glotgap("metrics", "counts.parquet", "--baseline", "letters", *options, *paths)
    assert (code, out, err) == (0, "", "")
    expected = metrics(counts(LATIN), documents=documents(LATIN), window=100, price=2.5, alpha=2.0, baseline="letters")
    assert_frame_equal(tables.read(f"x.{suffix}", "METRICS"), expected, check_exact=True)
    assert_frame_equal(tables.read(f"d.{suffix}", "DISPARITY"), disparity(counts(LATIN), alpha=2.0), check_exact=True)
    made = tables.read_metadata(f"x.{suffix}")
    assert json.loads(made["arguments"])["window"] == 100
    assert json.loads(made["counts"])["counts.parquet"] == {"made": "by a test"}


def test_tables_of_disjoint_sources_are_added(glotgap):
    for name in ("a", "b"):
        tables.write(toy.counts(name), f"{name}.parquet", {})
    code, out, _ = glotgap("metrics", "a.parquet", "b.parquet")
    assert code == 0
    assert ["deu", "2.00", "2.00", "3.00", "0", "4"] in [line.split() for line in out.splitlines()]
    code, _, err = glotgap("metrics", "a.parquet", "a.parquet")
    assert code == 1
    assert err == "error: source 'a' is counted twice for deu with toy: merge disjoint sources\n"


def test_resource_levels_give_a_gap(glotgap, tmp_path):
    (tmp_path / "levels.json").write_text('{"eng": "high", "deu": "low"}')
    code, out, _ = glotgap("metrics", "counts.parquet", "--resources", "levels.json")
    assert code == 0
    assert "(n = 1 low- and 1 high-resource languages; no interval)." in out


def test_warnings_are_one_line_each(glotgap):
    tables.write(counts(CORPUS | {"fra": ["un"]}), "odd.parquet", {})
    code, _, err = glotgap("metrics", "odd.parquet")
    lines = err.splitlines()
    assert code == 0
    assert [line.partition(":")[0] for line in lines] == ["warning", "warning"]
    assert "unknown tokens" in lines[0]
    assert "fra has 1, eng 3" in lines[1]
    assert "fra has 1" not in glotgap("metrics", "odd.parquet", "--aligned")[2]


def test_no_reference_no_premium(glotgap):
    tables.write(counts({"deu": ["ja"], "fra": ["oui"]}), "other.parquet", {})
    code, _, err = glotgap("metrics", "other.parquet")
    assert (code, err.count("\n")) == (1, 1)
    assert "reference 'eng' was not counted: choose one of deu, fra" in err
    code, out, _ = glotgap("metrics", "other.parquet", "--reference", "none")
    assert code == 0
    assert "largest fertility first" in out


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf", "html"])
@pytest.mark.parametrize("kind", ["premium", "lorenz"])
def test_plot_writes_a_picture(glotgap, tmp_path, kind, suffix):
    assert glotgap("plot", "counts.parquet", "-o", f"x.{suffix}", "--kind", kind) == (0, "", f"wrote x.{suffix}\n")
    assert (tmp_path / f"x.{suffix}").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("metrics",), "Missing argument 'COUNTS...'"),
        (("metrics", "x", "--sort", "fertile"), "'fertile' is no figure of METRICS"),
        (("metrics", "x", "--sort", "group"), "'group' is no figure of METRICS"),
        (("metrics", "x", "--out", "x.txt"), "end it in .parquet, .csv or .json"),
        (("metrics", "x", "--unk-limit", "2"), "2"),
        (("metrics", "x", "--window", "0"), "0"),
        (("plot", "x"), "Missing option"),
        (("plot", "x", "-o", "x.gif"), "end it in .svg, .png, .pdf or .html"),
        (("plot", "x", "-o", "x.svg", "--kind", "pie"), "pie"),
    ],
)
def test_wrong_usage_is_exit_code_2(glotgap, arguments, message):
    code, out, err = glotgap(*arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())


@pytest.mark.parametrize("command", [("metrics",), ("plot", "-o", "x.svg")])
@pytest.mark.parametrize("content", [None, b"", b"garbage" * 99])
def test_bad_files_are_one_line_and_exit_code_1(glotgap, tmp_path, command, content):
    if content is not None:
        (tmp_path / "bad.parquet").write_bytes(content)
    code, out, err = glotgap(command[0], "bad.parquet", *command[1:])
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("error: cannot read bad.parquet as a COUNTS table")


@pytest.mark.parametrize("content", [None, "[]", "{", '{"eng": "rich"}', '{"xx": "high"}', '{"eng": 3}'])
def test_bad_resource_levels_are_one_line_and_exit_code_1(glotgap, tmp_path, content):
    if content is not None:
        (tmp_path / "levels.json").write_text(content)
    code, out, err = glotgap("metrics", "counts.parquet", "--resources", "levels.json")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert err.startswith("error: ")
