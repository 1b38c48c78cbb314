"""The questions of the research, put to tables: what is found, what is left out, and what is said."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats as scipy_stats

from glotgap import tables
from glotgap._errors import BadArgumentError
from glotgap.cli import main
from glotgap.stats import correlate, permutation_test
from glotgap.stats.answers import Finding
from glotgap.tokens import gap
from glotgap.tokens import toy as token_toy
from glotgap.weights import associate, compare, growth, toy


def table(n: int = 40) -> pl.DataFrame:
    x, z, noise = np.random.default_rng(7).normal(size=(3, n))
    return pl.DataFrame({"x": x, "y": 0.9 * x + 0.3 * noise, "z": z, "name": ["a", "b"] * (n // 2)})


def test_correlations_are_those_of_scipy() -> None:
    frame = table()
    found = correlate(frame, "x", ["y", "z"], rng=1).tests
    for row in found.iter_rows(named=True):
        x, y = (frame[name].to_numpy() for name in row["question"].split(" ~ "))
        expected = getattr(scipy_stats, f"{row['statistic']}r")(x, y)
        assert row["estimate"] == pytest.approx(expected.statistic, abs=1e-12)
        assert row["p"] == pytest.approx(expected.pvalue, abs=0.02)  # a Monte Carlo p beside an approximate one
        left_out = [
            getattr(scipy_stats, f"{row['statistic']}r")(np.delete(x, i), np.delete(y, i))[0] for i in range(40)
        ]
        assert (row["loo_low"], row["loo_high"]) == pytest.approx((min(left_out), max(left_out)), abs=1e-12)


def test_p_is_adjusted_for_all_that_was_asked_together() -> None:
    found = correlate(table(), "x", ["y", "z"], statistics=["pearson"], adjust="bonferroni", rng=1).tests
    assert found["p_adjusted"].to_list() == pytest.approx([min(1.0, 2 * p) for p in found["p"]])


def test_what_holds_constant_explains_away() -> None:
    z, one, other = np.random.default_rng(7).normal(size=(3, 60))
    frame = {"x": z + 0.1 * one, "y": z + 0.1 * other, "z": z}
    bare, partial = (correlate(frame, "x", "y", given=given, rng=1).tests for given in ([], ["z"]))
    assert min(bare["estimate"]) > 0.9
    assert partial["statistic"].to_list() == ["partial_pearson", "partial_spearman"]
    assert min(partial["p"]) > 0.05


def test_rows_without_a_value_are_left_out_and_counted() -> None:
    frame = table().with_columns(pl.when(pl.int_range(pl.len()) > 3).then("y").alias("y"))
    found = correlate(frame, "x", "y", statistics=["pearson"], rng=1)
    assert found.tests.select("n", "left_out").row(0) == (36, 4)
    assert "n = 36 (4 without a value)" in found.sentence


def test_groups_have_findings_of_their_own() -> None:
    found = correlate(table(), "x", "y", by="name", statistics=["spearman"], rng=1).tests
    assert found.select("group", "n").rows() == [("a", 20), ("b", 20)]


@pytest.mark.parametrize("n", [2, 3])
def test_few_rows_and_constants_are_undefined(n: int) -> None:
    frame = {"x": list(range(n)), "y": list(range(n))}
    few = correlate(frame, "x", "y", rng=1)
    flat = correlate({"x": [1.0] * 9, "y": range(9)}, "x", "y", rng=1)
    for found in (few, flat):
        assert found.tests["estimate"].null_count() == 2
        assert "undefined" in found.sentence


def test_seeds_repeat_findings() -> None:
    frame = table()
    drawn = correlate(frame, "x", "y").tests
    again = correlate(frame, "x", "y", rng=int(drawn["seed"][0])).tests
    assert drawn.equals(again)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", "absent"), "no column 'absent'"),
        (("x", "name"), "column 'name'"),
    ],
)
def test_columns_that_are_none_are_named(arguments: tuple[str, str], message: str) -> None:
    with pytest.raises(BadArgumentError, match=message):
        correlate(table(), *arguments, rng=1)


def test_wrong_choices_are_refused() -> None:
    with pytest.raises(BadArgumentError, match="pearson, spearman or both"):
        correlate(table(), "x", "y", statistics=["kendall"])
    with pytest.raises(BadArgumentError, match="adjust is 'none'"):
        correlate(table(), "x", "y", adjust="none")


@pytest.mark.parametrize(
    ("figures", "verdict"),
    [
        ({"low": 0.1, "high": 0.3, "p": 0.01}, "the data show more than 0"),
        ({"low": 0.1, "high": 0.3, "p": 0.01, "p_adjusted": 0.2}, "at the edge"),
        ({"low": -0.1, "high": 0.3, "p": 0.01}, "at the edge"),
        ({"low": -0.1, "high": 0.3, "p": 0.2, "mde": 0.4}, "cannot tell (with this n, 0.4 from 0"),
        ({"p": 0.2}, "cannot tell"),
        ({}, "cannot tell"),
    ],
)
def test_verdicts_need_interval_and_test(figures: dict[str, Any], verdict: str) -> None:
    assert verdict in Finding("q", "all", "mean", 0.2, 0.0, 9, "row", **figures).sentence()


def test_components_are_compared_within_layers() -> None:
    scan = toy.scan()
    values = scan.with_columns(pl.col("component").str.starts_with("attn").alias("is_attention"))
    means = values.group_by("layer", "is_attention").agg(pl.col("kurtosis").mean()).sort("layer")
    first, second = (means.filter(is_attention=side)["kurtosis"].to_numpy() for side in (True, False))
    found = compare(scan, rng=1).tests
    expected = scipy_stats.permutation_test(
        (first, second), lambda x, y, axis: np.mean(x - y, axis), permutation_type="samples", n_resamples=9999
    )
    assert found["estimate"].item() == pytest.approx(expected.statistic)
    assert found.select("p", "exact", "n", "unit").row(0) == (pytest.approx(expected.pvalue), True, 6, "layer")
    assert found["low"].item() < found["estimate"].item() < found["high"].item()


def test_each_model_has_a_finding() -> None:
    found = compare(pl.concat([toy.scan(), toy.scan(model="other")]), effect="mean_ratio", rng=1).tests
    assert found["group"].to_list() == ["other", "toy"]
    assert found["null"].to_list() == [1.0, 1.0]


def test_stacks_keep_their_layers_apart() -> None:
    decoder = toy.scan().with_columns(pl.format("decoder.{}", "tensor").alias("tensor"))
    assert compare(pl.concat([toy.scan(), decoder]), rng=1).tests["n"].item() == 12


def test_layers_without_one_of_the_groups_are_left_out() -> None:
    cut = toy.scan().filter(~((pl.col("layer") == 2) & pl.col("component").str.starts_with("mlp")))
    assert compare(cut, rng=1).tests.select("n", "left_out").row(0) == (5, 1)
    assert compare(cut.filter(pl.col("layer") < 2), rng=1).tests["estimate"].item() is None


def test_figures_grow_with_the_checkpoint() -> None:
    scans = {step: toy.scan(scale=1 + step / 10) for step in (0, 10, 20, 30, 40)}
    found = growth(scans, rng=1).tests
    trend = found.filter(statistic="kendall")
    assert trend.select("estimate", "n").rows() == [(1.0, 5), (1.0, 5)]
    assert trend["p"].to_list() == pytest.approx([2 / 120, 2 / 120])  # one order of 5! rises throughout
    assert found.filter(statistic="mean_ratio")["low"].to_list() > [1.0, 1.0]
    falling = growth({-step: scan for step, scan in scans.items()}, rng=1).tests
    assert falling.filter(statistic="kendall")["estimate"].to_list() == [-1.0, -1.0]


def test_two_checkpoints_have_no_trend() -> None:
    found = growth({"100": toy.scan(), "1000": toy.scan(scale=2)}, rng=1)
    assert found.tests["statistic"].to_list() == ["mean_ratio", "mean_ratio"]


def test_hyperparameters_go_with_figures_over_models() -> None:
    scans = pl.concat([toy.scan(scale=k, model=f"m{k}") for k in range(1, 8)])
    models = pl.DataFrame({"model": [f"m{k}" for k in range(1, 8)], "decay": [k / 8 for k in range(1, 8)], "kind": "x"})
    found = associate(scans, models, rng=1).tests.filter(statistic="spearman")
    assert found["question"].to_list() == ["decay ~ kurtosis of attention", "decay ~ kurtosis of mlp"]
    assert found["estimate"].to_list() == pytest.approx([1.0, 1.0])
    assert found["p"].to_list() == pytest.approx([2 / 5040] * 2, rel=1e-9)


WRONG = [
    (lambda: compare(toy.scan(), groups={"a": ["attn.*"]}), "give two"),
    (lambda: compare(toy.scan(), groups={"a": ["attn.*"], "b": ["attn.q"]}), "in two groups"),
    (lambda: compare(toy.scan(), groups={"a": ["attn.*"], "b": ["nothing"]}), "fits no component"),
    (lambda: compare(toy.scan(), groups={"a": ["attn.*"], "b": ["head"]}), "no layer has a tensor"),
    (lambda: compare(toy.scan(), statistic="shape"), "no figure of this scan"),
    (lambda: compare(toy.scan(), effect="ratio"), "effect is 'ratio'"),
    (lambda: compare(token_toy.counts()), "not a TENSORS table"),
    (lambda: growth({1: toy.scan()}), "two or more"),
    (lambda: growth({"first": toy.scan(), "last": toy.scan()}), "by its step"),
    (lambda: associate(toy.scan(), pl.DataFrame({"name": ["toy"]})), "no column model"),
    (lambda: associate(toy.scan(), pl.DataFrame({"model": ["other"], "x": [1]})), "no row for toy"),
    (lambda: associate(toy.scan(), pl.DataFrame({"model": ["toy"] * 2, "x": [1, 2]})), "twice"),
    (lambda: associate(toy.scan(), pl.DataFrame({"model": ["toy"], "x": ["1"]})), "no column of numbers"),
    (lambda: gap(token_toy.documents(), high=["eng", "fra"], low=["eng", "amh"]), "in high and in low"),
    (lambda: gap(token_toy.documents(), high=["eng"], low=["amh", "mya"]), "name 2 or more of the languages"),
    (lambda: gap(token_toy.documents(), high=["eng", "xho"], low=["amh", "mya"]), "was not counted"),
    (lambda: gap(token_toy.documents(), high=["eng", "fra"], low=["amh", "mya"], cost="dear"), "cost is 'dear'"),
    (lambda: gap(token_toy.documents().head(-1), high=["eng", "fra"], low=["amh", "mya"]), "no translations"),
    (lambda: gap(toy.scan(), high=["eng", "fra"], low=["amh", "mya"]), "not a COUNTS table"),
]  # fmt: skip


@pytest.mark.parametrize(("ask", "message"), WRONG)
def test_questions_that_cannot_be_asked_say_why(ask: object, message: str) -> None:
    with pytest.raises(BadArgumentError, match=message):
        ask()  # type: ignore[operator]


def test_gaps_are_ratios_of_means_and_of_sums() -> None:
    found = gap(token_toy.documents(), high=["eng", "fra"], low=["amh", "mya"], rng=1).tests
    assert found.select("unit", "estimate", "n").rows() == [("document", 3.0, 8), ("language", 3.0, 4)]
    languages = found.filter(unit="language")
    assert languages["p"].item() == pytest.approx(2 / 6)  # 2 of the 6 ways to label four languages
    assert languages["exact"].item()


def test_languages_of_unknown_tokens_are_left_out() -> None:
    drowned = pl.when(pl.col("group") == "amh").then("tokens").otherwise("unk").alias("unk")
    documents = pl.concat([token_toy.documents().with_columns(drowned), spare("tir"), spare("ful")])
    found = gap(documents, high=["eng", "fra"], low=["amh", "mya", "tir", "ful"], rng=1).tests
    assert found.filter(unit="language").select("n", "left_out").row(0) == (5, 1)


def spare(language: str) -> pl.DataFrame:
    burmese = token_toy.documents().filter(group="mya")
    return burmese.with_columns(pl.lit(language).alias("group"), pl.lit(language).alias("source"))


def test_counts_answer_over_languages_only() -> None:
    counts = pl.concat([token_toy.counts(), token_toy.counts().with_columns(pl.format("{}2", "group").alias("group"))])
    found = gap(counts, high=["eng", "eng2"], low=["deu", "deu2"], cost="fertility", rng=1).tests
    assert found.select("question", "estimate").rows() == [
        ("fertility over languages, low-resource to high-resource", 2.0)
    ]


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(list(map(str, arguments)))
    return int(stopped.value.code or 0)


def test_the_command_line_asks_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan, later, out = (tmp_path / name for name in ("scan.parquet", "later.parquet", "out.parquet"))
    tables.write(toy.scan(), scan, {})
    tables.write(toy.scan(scale=2, model="other"), later, {})
    tables.write(token_toy.documents(), tmp_path / "documents.parquet", {})
    tables.write(token_toy.counts(), tmp_path / "counts.parquet", {})
    (tmp_path / "levels.json").write_text(json.dumps({"eng": "high", "fra": "high", "amh": "low", "mya": "low"}))
    (tmp_path / "models.csv").write_text("model,dropout\ntoy,0.1\nother,0\n")
    table(20).write_csv(tmp_path / "columns.csv")
    commands = [
        ("weights", "compare", scan, "--seed", 1),
        ("weights", "compare", scan, "--group", "a=attn.q", "--group", "b=mlp.*"),
        ("weights", "growth", f"1={scan}", f"2={later}"),
        ("weights", "associate", scan, later, "--hyperparameters", tmp_path / "models.csv"),
        ("tokens", "gap", tmp_path / "documents.parquet", "--resources", tmp_path / "levels.json"),
        ("stats", "correlate", tmp_path / "columns.csv", "-x", "x", "-y", "y", "--given", "z"),
    ]
    for command in commands:
        assert run(*command, "--out", out) == 0
        assert capsys.readouterr().out.count("n = ") == tables.read(out, "TESTS").height
    assert compare(toy.scan(), rng=1).sentence.startswith("kurtosis, attention against mlp")


def test_the_command_line_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scan = tmp_path / "scan.parquet"
    tables.write(toy.scan(), scan, {})
    for arguments, code, message in (
        (("weights", "growth", scan), 2, "is no checkpoint"),
        (("weights", "compare", scan, "--group", "attn"), 2, "is no group"),
        (("stats", "correlate", scan, "-x", "n", "-y", "absent"), 1, "no column 'absent'"),
        (("stats", "correlate", tmp_path / "x.txt", "-x", "a", "-y", "b"), 1, "give a .parquet"),
        (("stats", "correlate", tmp_path / "x.csv", "-x", "a", "-y", "b"), 1, "as a table"),
        (("tokens", "gap", scan, "--resources", scan), 1, "cannot read"),
    ):
        assert run(*arguments) == code
        assert message in " ".join(capsys.readouterr().err.split())


def test_too_few_units_are_said_to_show_nothing() -> None:
    """Five pairs have 120 rearrangements, so that no p is below 2/120, and none of four adjusted below 8/120."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=5)
    names = ["a", "b", "c", "d"]
    columns = {name: x + rng.normal(0, 0.1, 5) for name in [*names, "damage"]}
    two = correlate(columns, names[:2], "damage", statistics=["pearson"])
    assert two.tests["p_least"].to_list() == pytest.approx([2 * 2 / 120] * 2)
    assert "no data of this n" not in two.sentence
    four = correlate(columns, names, "damage", statistics=["pearson"])
    assert four.tests["p_least"].to_list() == pytest.approx([4 * 2 / 120] * 4)
    assert four.sentence.count("no data of this n could show it: p is at least 0.067") == 4
    assert "four times in five" not in four.sentence


def test_many_questions_have_resamples_enough_and_too_few_are_said_to_show_nothing() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=1000)
    names = [f"x{number}" for number in range(60)]
    columns = {name: x + rng.normal(0, 0.01, 1000) for name in [*names, "damage"]}
    enough = correlate(columns, names, "damage", statistics=["pearson"], rng=1)
    assert enough.tests["n_resamples"].unique().to_list() == [12000]
    assert enough.sentence.count("the data show more than 0") == 60
    few = correlate(columns, names, "damage", statistics=["pearson"], n_resamples=999, rng=1)
    assert few.sentence.count("so few resamples could not show it: p is at least 0.12") == 60


def test_no_resamples_at_all_are_refused() -> None:
    with pytest.raises(BadArgumentError, match="n_resamples"):
        correlate({"x": [1.0, 2, 3, 4, 5], "y": [2.0, 1, 4, 3, 5]}, "x", "y", n_resamples=0)


def test_verdicts_of_few_rows_do_not_hang_on_the_seed() -> None:
    """One row carries r = 0.84; BCa moves the lower end to a percentile of 1e-7, where hardly a seed has a resample."""
    x = [2.09, 1.52, 1.33, 1.0, 1.44, 1.77, 1.4, 1.15, 1.46, 1.26, 1.7, 1.17]
    y = [88.1, 18.4, 14.7, 6.5, 15.3, 24.6, 19.8, 10.3, 20.7, 11.9, 25.5, 12.5]
    found = [correlate({"x": x, "y": y}, "x", "y", statistics=["pearson"], rng=seed) for seed in range(4)]
    rows = [one.tests.row(0, named=True) for one in found]
    assert not any(row["shown"] for row in rows)
    assert all(row["p"] < 0.05 and row["beyond"] < 30 for row in rows)
    shown = [row["low"] > 0 for row in rows]
    said = {True: "another seed may move the interval over 0, so the data are at the edge", False: "disagree"}
    assert all(said[outside] in one.sentence for outside, one in zip(shown, found, strict=True))


def test_an_interval_that_ends_within_its_own_noise_shows_nothing() -> None:
    bare = Finding("q", "all", "mean", 1.0, 0.0, 20, "row", low=0.02, high=2.0, p=0.01, method="BCa", n_resamples=9999)
    assert bare.shown
    assert not replace(bare, mc_error=0.02).shown
    assert replace(bare, mc_error=0.005, beyond=200.0).shown
    assert not replace(bare, beyond=20.0).shown
    assert replace(bare, low=90.0, high=100.0, beyond=1.0).shown


def test_the_reach_of_many_questions_is_that_of_the_hardest() -> None:
    table = {name: np.random.default_rng(seed).normal(size=30) for seed, name in enumerate("abcd")}
    one = correlate(table, "a", "d", statistics=["pearson"], rng=1)
    three = correlate(table, ["a", "b", "c"], "d", statistics=["pearson"], rng=1)
    # Fisher's z: tanh of (z of 1 - 0.05/2k + z of 0.8) / √27.
    assert one.tests["mde"].to_list() == pytest.approx([np.tanh((1.959964 + 0.841621) / 27**0.5)], rel=1e-6)
    assert three.tests["mde"].to_list() == pytest.approx([np.tanh((2.393980 + 0.841621) / 27**0.5)] * 3, rel=1e-6)


def test_p_without_an_interval_is_at_the_edge() -> None:
    found = Finding("a ~ b", "all", "pearson", 0.9, 0.0, 5, "row", method="BCa", p=0.01)
    assert found.sentence().endswith("the test finds something and there is no interval, so the data are at the edge")
    assert "show more" in replace(found, method=None).sentence()


def test_a_summary_says_the_adjusted_p() -> None:
    rng = np.random.default_rng(1)
    samples = rng.normal(size=(2, 20)), rng.normal(size=(2, 20))
    test = permutation_test(samples, "t", axis=1, adjust="max-t", rng=1)
    lines = test.summary().splitlines()
    assert all(f", adjusted {p:.4g} (" in line for line, p in zip(lines, test.pvalue_adjusted, strict=True))
