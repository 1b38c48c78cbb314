"""Columns of polars, pandas and Arrow give what the same numbers give as arrays of numpy."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.testing import assert_equal

from glotgap import stats

pandas = pytest.importorskip("pandas", reason="pandas (dev extra) is not installed")
arrow = pytest.importorskip("pyarrow", reason="pyarrow (dev extra) is not installed")

X = np.random.default_rng(1).normal(size=40)
LABELS = np.array(["heb", "arb"] * 20)

KINDS: dict[str, Callable[[Any], Any]] = {
    "polars": pl.Series,
    "pandas": pandas.Series,
    "pandas of arrow": lambda values: pandas.Series(values).convert_dtypes(dtype_backend="pyarrow"),
    "arrow": arrow.array,
    "arrow in chunks": lambda values: arrow.chunked_array([values[:7], values[7:]]),
    "list": lambda values: values.tolist(),
}


@pytest.mark.parametrize("column", KINDS.values(), ids=KINDS)
def test_a_column_is_its_numbers(column: Callable[[Any], Any]) -> None:
    known = stats.bootstrap((X, X[:30] + 1), "mean_difference", n_resamples=99, rng=1)
    found = stats.bootstrap((column(X), column(X[:30] + 1)), "mean_difference", n_resamples=99, rng=1)
    assert found.confidence_interval == known.confidence_interval
    one = stats.bootstrap(column(X), np.mean, n_resamples=99, rng=1)
    assert one.confidence_interval == stats.bootstrap(X, "mean", n_resamples=99, rng=1).confidence_interval


@pytest.mark.parametrize("column", KINDS.values(), ids=KINDS)
def test_labels_may_be_columns(column: Callable[[Any], Any]) -> None:
    known = stats.bootstrap(X, "median", by=LABELS, n_resamples=99, rng=1)
    found = stats.bootstrap(column(X), "median", by=column(LABELS), n_resamples=99, rng=1)
    assert found.groups == known.groups == ("arb", "heb")
    assert_equal(found.confidence_interval, known.confidence_interval)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([1, 2, None, 4, 7]),
        pandas.Series([1, 2, None, 4, 7], dtype="Int64"),
        pandas.Series([1, 2, None, 4, 7], dtype="int64[pyarrow]"),
        arrow.array([1, 2, None, 4, 7]),
    ],
    ids=["polars", "pandas", "pandas of arrow", "arrow"],
)
def test_nulls_are_missing_values(column: Any) -> None:
    known = stats.bootstrap([1, 2, 4, 7], "mean", n_resamples=99, rng=1)
    found = stats.bootstrap(column, "mean", n_resamples=99, rng=1, nan_policy="omit")
    assert found.confidence_interval == known.confidence_interval
    with pytest.raises(ValueError, match="NaN"):
        stats.bootstrap(column, "mean", nan_policy="raise")


def test_an_index_is_not_looked_at() -> None:
    """Pairs are rows in their order, as for arrays: columns are not joined by their index."""
    x, y = pandas.Series(X[:10], index=range(10)), pandas.Series(X[10:20], index=range(9, -1, -1))
    known = stats.bootstrap((X[:10], X[10:20]), "pearson", paired=True, n_resamples=99, rng=1)
    assert stats.bootstrap((x, y), "pearson", paired=True, n_resamples=99, rng=1).estimate == known.estimate
