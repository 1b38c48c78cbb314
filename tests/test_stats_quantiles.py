"""The exact bootstrap of an order statistic: the incomplete beta function, every resample, and many resamples."""

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import special

from glotgap import BadArgumentError, stats
from glotgap.stats.quantiles import order_statistic

X = np.random.default_rng(1).gamma(2.0, size=25)


@pytest.mark.parametrize("n", [2, 3, 8, 51, 1000, 30_000, 1_000_000])
def test_the_distribution_is_the_incomplete_beta_function(n):
    for rank in {1, 2, n // 3 + 1, (n + 1) // 2, n - 1, n}:
        expected = special.betainc(rank, n - rank + 1, np.arange(1, n + 1) / n)
        assert_allclose(np.cumsum(order_statistic(n, rank)), expected, atol=1e-10)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_the_distribution_is_that_of_every_resample(n):
    drawn = np.sort([*itertools.product(range(n), repeat=n)], axis=1)
    for rank in range(1, n + 1):
        counts = np.bincount(drawn[:, rank - 1], minlength=n)
        assert_allclose(order_statistic(n, rank), counts / n**n, atol=1e-14)


@pytest.mark.parametrize("quantile", [0.5, 0.1, 0.9])
def test_the_interval_is_the_limit_of_many_resamples(quantile):
    """An order statistic: of 25 observations, ⌈25q⌉ is what numpy's inverted CDF takes."""

    def inverted(x, axis):
        return np.quantile(x, quantile, axis=axis, method="inverted_cdf")

    exact = stats.exact_quantile_interval(X, quantile)
    many = stats.bootstrap(X, inverted, method="percentile", n_resamples=100_000, rng=1)
    assert exact.estimate == many.estimate
    assert (exact.confidence_interval.low, exact.confidence_interval.high) == many.confidence_interval
    assert_allclose(exact.standard_error, many.standard_error, rtol=0.02)
    assert abs(exact.bias - many.bias) < 5 * exact.standard_error / 100_000**0.5


def test_the_median_by_name_is_near_it():
    exact = stats.exact_quantile_interval(X)
    named = stats.bootstrap(X, "median", method="percentile", n_resamples=100_000, rng=1)
    assert exact.estimate == named.estimate
    assert_allclose(named.standard_error, exact.standard_error, rtol=0.02)


def test_one_sided_intervals_are_open():
    lower, upper = (stats.exact_quantile_interval(X, 0.5, alternative=side) for side in ("greater", "less"))
    both = stats.exact_quantile_interval(X, 0.5, confidence_level=0.9)
    assert lower.confidence_interval == (both.confidence_interval.low, math.inf)
    assert upper.confidence_interval == (-math.inf, both.confidence_interval.high)


def test_constant_and_infinite_values():
    constant = stats.exact_quantile_interval([3.0] * 9)
    assert (*constant.confidence_interval, constant.standard_error) == (3.0, 3.0, 0.0)
    infinite = stats.exact_quantile_interval([*X, np.inf])
    assert np.isfinite(infinite.confidence_interval).all()
    assert math.isnan(infinite.standard_error)


@pytest.mark.parametrize(
    ("sample", "options", "message"),
    [
        ([1.0], {}, "at least 2"),
        ([1.0, np.nan, 3], {}, "without NaN"),
        ([[1.0, 2]], {}, r"shape \(1, 2\)"),
        (X, {"quantile": 1.1}, "quantile is 1.1"),
        (X, {"confidence_level": 0}, "`confidence_level` is 0"),
        (X, {"alternative": "up"}, "`alternative` must be in"),
    ],
)
def test_wrong_arguments_are_refused(sample, options, message):
    with pytest.raises(BadArgumentError, match=message):
        stats.exact_quantile_interval(sample, **options)
