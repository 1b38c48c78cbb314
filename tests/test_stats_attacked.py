"""What attacks on the room found: each was a wrong number, an abort or a misleading word once."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose

from glotgap import BadArgumentError, stats


@pytest.mark.parametrize("callable_too", [False, True])
def test_an_infinite_statistic_is_as_extreme_as_itself(*, callable_too: bool) -> None:
    """Two constant groups have t = ±inf, which their own labels always give: exact p is no 0."""
    with np.errstate(all="ignore"):
        what = (lambda x, y, axis: (x.mean(axis) - y.mean(axis)) / np.float64(0)) if callable_too else "t"
        assert stats.permutation_test(([1.0, 1], [0.0, 0]), what).pvalue == pytest.approx(2 / 6)
    less = stats.permutation_test(([3.0, 3, 3], [5.0, 5, 5]), "t", alternative="less")
    assert less.pvalue == pytest.approx(1 / 20)


SCALE_FREE = ["cv", "skew", "kurtosis", "gini"]


@pytest.mark.parametrize("name", ["mean", "sum", "var", "std(1)", "trimmed_mean(0.1)", *SCALE_FREE])
def test_ties_of_two_values_do_not_depend_on_their_last_bits(name: str) -> None:
    scores = np.repeat([0.0, 1.0], [47, 153])
    one, other = (stats.bootstrap(scores * by + shift, name) for by, shift in ((1, 1), (0.2, 0.2)))
    assert_allclose(one.z0, other.z0, atol=1e-9)
    assert abs(one.z0) < 0.05
    if name in SCALE_FREE:
        assert_allclose(one.confidence_interval, other.confidence_interval, rtol=1e-9)


@pytest.mark.parametrize("name", ["mean", "std", "cv"])
def test_ties_of_drawn_replicates_do_not_depend_on_their_last_bits(name: str) -> None:
    for seed in range(40):
        x = np.random.default_rng(seed).choice([1.0, 2, 3, 4, 5], 12)
        one, other = (stats.bootstrap(data, name, n_resamples=999, rng=1) for data in (x, x / 10))
        assert_allclose(one.z0, other.z0, atol=1e-9)


@pytest.mark.parametrize("name", ["f_oneway", "median_difference", "mean_difference", "worst_minus_best", "t"])
def test_ties_of_decimals_are_those_of_integers(name: str) -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        x, y = rng.integers(50, 56, 5) / 1.0, rng.integers(50, 56, 4) / 1.0
        for how in ({}, {"count": False}, {"n_resamples": 60}):
            one, other = (stats.permutation_test((x / by, y / by), name, rng=1, **how) for by in (1, 10))
            assert one.pvalue == other.pvalue, (seed, how)


@pytest.mark.parametrize("name", ["pearson", "slope", "spearman"])
def test_ties_of_paired_decimals_are_those_of_integers(name: str) -> None:
    for seed in range(60):
        x, y = np.random.default_rng(seed).integers(50, 56, (2, 6)) / 1.0
        if np.ptp(x) and np.ptp(y):
            one, other = (stats.permutation_test((x / by, y / by), name, permutation_type="pairings") for by in (1, 10))
            assert one.pvalue == other.pvalue, seed


def test_magnitude_is_refused_where_nothing_is_not_0() -> None:
    with pytest.raises(BadArgumentError, match="auc, which is not 0"):
        stats.permutation_test(([1.0, 2], [3.0, 4]), "auc", two_sided="abs")


def test_masked_values_are_missing() -> None:
    masked = np.ma.array([1.0, 2, 3, 100], mask=[0, 0, 0, 1])
    assert stats.bootstrap(masked, "mean", nan_policy="omit", n_resamples=99).estimate == 2
    with pytest.warns(stats.DegenerateDataWarning):
        assert np.isnan(stats.bootstrap(masked, "mean", n_resamples=99).estimate)


@pytest.mark.parametrize("factor", [1e308, 5e-324, 1.0])
def test_weights_matter_up_to_a_factor(factor: float) -> None:
    options = {"method": "percentile", "n_resamples": 99, "rng": 1}
    known = stats.bootstrap(np.arange(10.0), "mean", weights=np.ones(10), **options)
    found = stats.bootstrap(np.arange(10.0), "mean", weights=np.full(10, factor), **options)
    assert found.confidence_interval == known.confidence_interval


def test_a_distribution_that_does_not_fit_memory_is_an_error() -> None:
    with pytest.raises(BadArgumentError, match="does not fit memory"):
        stats.bootstrap(np.arange(9.0), "mean", n_resamples=10**13, keep_distribution=True)
    result = stats.bootstrap([0.0, 1, 1], "mean", n_resamples=2**45)
    with pytest.raises(BadArgumentError, match="does not fit memory"):
        _ = result.bootstrap_distribution


def test_a_slow_jackknife_hears_that_it_must_stop() -> None:
    class EnoughError(Exception):
        pass

    calls = 0

    def told(done: int, total: int) -> None:
        nonlocal calls
        calls += done == total
        if calls > 1:
            raise EnoughError

    x, y = np.random.default_rng(0).normal(size=(2, 4000))
    with pytest.raises(EnoughError):
        stats.bootstrap((x, y), "kendall", paired=True, n_resamples=9, progress=told)


def test_what_gives_no_p_has_no_power() -> None:
    rng = np.random.default_rng(1)
    for wrong in (float("nan"), 2.0):
        with pytest.raises(BadArgumentError, match="it must give p"):
            stats.power(lambda _, w=wrong: w, rng.normal, 10, n_resamples=20)


def test_questions_of_tables_name_what_is_wrong() -> None:
    table = pl.DataFrame({"a": [1.0, 2, 3, 4], "b": [2.0, 1, 4, 3], "g": ["x", "x", None, "y"]})
    with pytest.raises(BadArgumentError, match="column 'g' has missing labels"):
        stats.correlate(table, "a", "b", by="g")
    with pytest.raises(BadArgumentError, match="'a' is named twice"):
        stats.correlate(table, ["a", "a"], "b")
    with pytest.raises(BadArgumentError, match="`confidence_level` is 2"):
        stats.correlate(table, "a", "b", confidence_level=2)


def test_a_frame_or_a_dict_is_its_columns() -> None:
    columns = {"a": [1.0, 2, 3, 4], "b": [2.0, 1, 4, 3]}
    known = stats.bootstrap((columns["a"], columns["b"]), "mean_difference", n_resamples=99, rng=1)
    for given in (columns, pd.DataFrame(columns), pl.DataFrame(columns)):
        found = stats.bootstrap(given, "mean_difference", n_resamples=99, rng=1)
        assert found.confidence_interval == known.confidence_interval


def test_infinite_ends_are_no_warning_of_numpy() -> None:
    found = stats.bootstrap([1.0, 2], "mean", method="studentized", rng=1)
    assert found.confidence_interval == (-np.inf, np.inf)


def test_a_level_that_is_no_number_is_an_argument_error() -> None:
    for level in ("a", None, [0.9, 0.95]):
        with pytest.raises(BadArgumentError, match="`confidence_level` is"):
            stats.bootstrap([1.0, 2, 3], "mean", confidence_level=level)
