"""What comes in that should not: an error that says what to do, or NaN with a warning; never a wrong figure."""

import multiprocessing
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from glotgap import BadArgumentError, GlotgapError, stats

X = np.arange(12.0)
NAN = np.array([1.0, 2, np.nan, 4, 5, 7])


def mean(x, axis):
    return x.mean(axis)


WRONG = [
    ((), {}, "at least one sample"),
    (([],), {}, "two or more observations"),
    (([1.0],), {}, "two or more observations along `axis`. They have 1"),
    ((["a", "b"],), {}, "data hold values of type <U1: give numbers"),
    (([1.0, "b", None],), {}, "give numbers"),
    (([1.0, object(), 3],), {}, "no number: give numbers"),
    (([1 + 2j, 2],), {}, "complex"),
    ((X, X[:5]), {"paired": True}, "same length along `axis`. They have 12, 5"),
    ((X,), {"n_resamples": -1}, "must be a non-negative integer. It is -1"),
    ((X,), {"n_resamples": "many"}, "must be a non-negative integer. It is 'many'"),
    ((X,), {"n_resamples": 10**30}, "give at most"),
    ((X,), {"confidence_level": 1.0}, "`confidence_level` is 1.0: give a number between 0 and 1"),
    ((X,), {"confidence_level": 95}, "give a number between 0 and 1"),
    ((X,), {"alternative": "both"}, "`alternative` must be one of"),
    ((X,), {"method": None}, "`method` must be in"),
    ((X,), {"axis": 1}, "axis is 1 for samples of 1 dimensions"),
    ((X,), {"axis": None}, "`axis` must be an integer"),
    ((X,), {"nan_policy": "drop"}, "`nan_policy` must be in"),
    ((X,), {"stream": "mt"}, "`stream` must be in"),
    ((X,), {"rng": 1, "random_state": 2}, "rng and random_state are both given"),
    ((X,), {"rng": -1}, "expected non-negative"),
    ((X,), {"threads": 0}, "threads is 0; give 1 to"),
    ((X,), {"keep_distribution": 1}, "`keep_distribution` must be `True` or `False`"),
    ((X,), {"bootstrap_result": "x"}, "must have attribute `bootstrap_distribution'"),
    ((X,), {"method": "studentized", "stream": "numpy"}, "needs the standard error"),
    ((NAN,), {"nan_policy": "raise"}, 'data hold NaN: leave those out, or say nan_policy="omit"'),
]


@pytest.mark.parametrize(("data", "options", "message"), WRONG)
def test_bad_arguments_of_the_bootstrap_are_refused(data, options, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")) as caught:
        stats.bootstrap(data, "mean_difference" if len(data) == 2 else "mean", **{"n_resamples": 20, **options})
    assert isinstance(caught.value, GlotgapError) or "rng" in options


WRONG_TESTS = [
    ((X, X), {"permutation_type": "all"}, "`permutation_type` must be in"),
    ((X,), {}, "at least two samples"),
    ((X, X), {"n_resamples": 0}, "must be a positive integer"),
    ((X, X), {"n_resamples": np.nan}, "must be a positive integer"),
    ((X, X), {"stop": 0}, "`stop` must be a positive integer"),
    ((X, X), {"adjust": "holm"}, "`adjust` must be in"),
    ((X, X), {"two_sided": "both"}, "`two_sided` must be in"),
    ((X, X[:5]), {"permutation_type": "samples"}, "same length"),
]


@pytest.mark.parametrize("statistic", ["mean_difference", lambda x, y, axis: x.mean(axis) - y.mean(axis)])
@pytest.mark.parametrize(("data", "options", "message"), WRONG_TESTS)
def test_bad_arguments_of_permutation_tests_are_refused(data, options, message, statistic):
    with pytest.raises(BadArgumentError, match=message):
        stats.permutation_test(data, statistic, **{"n_resamples": 20, **options})


@pytest.mark.parametrize("statistic", ["mean", mean])
def test_nan_makes_figures_nan_unless_it_is_left_out(statistic):
    with pytest.warns(stats.DegenerateDataWarning):
        result = stats.bootstrap((NAN,), statistic, rng=1, n_resamples=99)
    assert np.isnan([result.estimate, *result.confidence_interval, result.standard_error]).all()
    ours = stats.bootstrap((NAN,), statistic, rng=1, n_resamples=99, nan_policy="omit")
    alone = stats.bootstrap((NAN[~np.isnan(NAN)],), statistic, rng=1, n_resamples=99)
    assert ours.confidence_interval == alone.confidence_interval


def test_a_pair_with_nan_is_left_out():
    y = NAN[::-1] * 2
    ours = stats.bootstrap((NAN, y), "ratio_of_sums", paired=True, rng=1, nan_policy="omit", n_resamples=99)
    kept = ~np.isnan(NAN) & ~np.isnan(y)
    alone = stats.bootstrap((NAN[kept], y[kept]), "ratio_of_sums", paired=True, rng=1, n_resamples=99)
    assert ours.estimate == alone.estimate


@pytest.mark.parametrize("statistic", ["mean", mean])
def test_nan_is_left_out_slice_by_slice(statistic):
    table = np.stack([NAN, NAN[::-1] * 3, np.arange(6.0)])
    result = stats.bootstrap((table,), statistic, axis=1, nan_policy="omit", rng=1, n_resamples=99)
    assert_allclose(result.estimate, np.nanmean(table, axis=1))


@pytest.mark.parametrize("statistic", ["mean_difference", lambda x, y, axis: x.mean(axis) - y.mean(axis)])
def test_nan_gives_no_p(statistic):
    result = stats.permutation_test((NAN, X), statistic, rng=1, n_resamples=99)
    assert np.isnan(result.pvalue)
    assert np.isnan(result.mc_error)


@pytest.mark.parametrize("method", ["percentile", "basic", "normal"])
@pytest.mark.parametrize("statistic", ["mean", "median", "sum", mean])
def test_constant_data_have_an_interval_without_width(statistic, method):
    result = stats.bootstrap((np.full(9, 4.0),), statistic, method=method, rng=1, n_resamples=99)
    value = 36.0 if statistic == "sum" else 4.0
    assert (*result.confidence_interval, result.standard_error) == (value, value, 0.0)


@pytest.mark.parametrize("statistic", ["mean", "median", "std", mean])
def test_constant_data_have_no_bca_interval(statistic):
    with pytest.warns(stats.DegenerateDataWarning, match="The BCa confidence interval cannot be calculated"):
        result = stats.bootstrap((np.full(9, 4.0),), statistic, rng=1, n_resamples=99)
    assert np.isnan(result.confidence_interval).all()
    assert result.standard_error == 0


@pytest.mark.parametrize("name", ["pearson", "spearman", "kendall", "slope"])
def test_a_constant_column_has_no_correlation(name):
    with pytest.warns(stats.DegenerateDataWarning):
        result = stats.bootstrap((np.ones(9), np.arange(9.0)), name, paired=True, rng=1, n_resamples=99)
    assert np.isnan(result.estimate)
    assert np.isnan(result.confidence_interval).all()


def test_infinite_values_give_no_finite_interval():
    with pytest.warns(stats.DegenerateDataWarning):
        result = stats.bootstrap(([1.0, 2, np.inf, 4],), "mean", rng=1, n_resamples=99)
    assert not np.isfinite(result.confidence_interval.high)


def test_one_resample_has_no_standard_error():
    result = stats.bootstrap((X,), "mean", method="percentile", n_resamples=1, rng=1)
    assert np.isnan(result.standard_error)
    assert result.confidence_interval.low == result.confidence_interval.high


COLUMNS = [
    pl.Series("x", X),
    pl.Series("x", X.astype(int)),
    pl.Series("x", X, dtype=pl.Float32),
    X.astype(np.float16),
    X.astype(np.uint8),
    X.astype(">f4"),
    X[::-1][::-1],
    list(range(12)),
    range(12),
]


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: type(column).__name__)
def test_columns_of_any_kind_are_samples(column):
    expected = stats.bootstrap((X,), "mean", rng=1, n_resamples=99).confidence_interval
    assert stats.bootstrap((column,), "mean", rng=1, n_resamples=99).confidence_interval == expected
    assert stats.bootstrap([column], "mean", rng=1, n_resamples=99).confidence_interval == expected


class NAType:
    """As the missing value of pandas: it compares to nothing."""

    def __ne__(self, other):
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = object.__hash__


@pytest.mark.parametrize(
    "column",
    [pl.Series([1.0, None, 3, 5]), pl.Series([1, None, 3, 5]), [1, None, 3, 5], np.array([1, NAType(), 3, 5], object)],
)
def test_nulls_of_a_column_are_nan(column):
    result = stats.bootstrap((column,), "mean", rng=1, n_resamples=99, nan_policy="omit")
    assert result.estimate == 3


def test_columns_of_a_table_by_group():
    table = pl.DataFrame({"language": ["deu", "eng"] * 6, "score": X})
    result = stats.bootstrap(table["score"], "mean", by=table["language"], rng=1, n_resamples=99)
    assert result.groups == ("deu", "eng")
    assert_array_equal(result.estimate, [5.0, 6.0])


INTERRUPTED = """
import signal, threading, time, os
import numpy as np
from glotgap import stats
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
start = time.perf_counter()
try:
    {call}
except KeyboardInterrupt:
    print("stopped", time.perf_counter() - start < 3)
"""

CALLS = [
    'stats.bootstrap(np.random.default_rng(1).normal(size=5000), "gini", n_resamples=10_000_000)',
    "stats.bootstrap(np.arange(5000.0), lambda x, axis: x.std(axis), n_resamples=10_000_000)",
    'stats.permutation_test(np.random.default_rng(1).normal(size=(2, 999)), "auc", n_resamples=10_000_000)',
]


@pytest.mark.parametrize("call", CALLS)
def test_ctrl_c_stops_a_long_run(call):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED.format(call=call)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "stopped True\n", done.stderr


def low_of(seed):
    return stats.bootstrap(X, "mean", rng=seed, n_resamples=999).confidence_interval.low


def test_a_forked_worker_computes_the_same():
    expected = low_of(3)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(low_of, (3,)).get(30) == expected
