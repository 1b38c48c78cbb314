"""Trend, influence, adjustment, power and what an experiment can detect."""

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats as scipy_stats

import stats_twin as twin
from glotgap import BadArgumentError, stats

RNG = np.random.default_rng(6)


def score(series):
    return sum(np.sign(b - a) for a, b in itertools.combinations(series, 2))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("series", [[1.0, 3, 2, 4, 6, 5], [5.0, 1, 4, 3, 2], [1.0, 2, 3]])
def test_mann_kendall_is_exact_without_ties(series, alternative):
    result = stats.mann_kendall(series, alternative=alternative)
    values = [score(order) for order in itertools.permutations(series)]
    up, down = (np.mean([sign * v >= sign * score(series) for v in values]) for sign in (1, -1))
    expected = {"greater": up, "less": down, "two-sided": min(1, 2 * min(up, down))}[alternative]
    assert result.exact
    assert result.statistic == score(series)
    assert_allclose(result.pvalue, expected, rtol=1e-12)


@pytest.mark.parametrize("n", [10, 60, 150])
def test_mann_kendall_is_kendalls_tau_with_time(n):
    series = RNG.normal(size=n) + np.linspace(0, 1, n)
    result = stats.mann_kendall(series)
    expected = scipy_stats.kendalltau(np.arange(n), series, method="exact")
    assert_allclose((result.tau, result.pvalue), expected, rtol=1e-9)
    assert_allclose(result.slope, scipy_stats.theilslopes(series)[0], rtol=1e-12)


def test_mann_kendall_with_ties_has_the_corrected_variance():
    """Gilbert 1987, chapter 16: Var(S) = (n(n − 1)(2n + 5) − Σ t(t − 1)(2t + 5)) / 18."""
    series = [10.0, 22, 21, 30, 22, 30, 40, 40]
    variance = (8 * 7 * 21 - 3 * (2 * 1 * 9)) / 18
    z = (score(series) - 1) / math.sqrt(variance)
    result = stats.mann_kendall(series)
    assert not result.exact
    assert_allclose(result.pvalue, 2 * scipy_stats.norm.sf(z), rtol=1e-12)
    assert_allclose(result.tau, scipy_stats.kendalltau(np.arange(8), series).statistic, rtol=1e-12)


def test_mann_kendall_of_uneven_times():
    result = stats.mann_kendall([1.0, 2, 8], times=[0, 1, 4])
    assert result.slope == 7 / 4


def test_mann_kendall_of_a_constant_series():
    result = stats.mann_kendall([2.0] * 5)
    assert (result.statistic, result.pvalue, result.slope) == (0, 1.0, 0.0)
    assert math.isnan(result.tau)


@pytest.mark.parametrize(
    ("series", "times", "message"),
    [
        ([1.0, 2], None, "give 3 to 10000"),
        ([1.0, 2, np.nan], None, "finite"),
        ([[1.0, 2, 3]], None, r"shape \(1, 3\)"),
        ([1.0, 2, 3], [1, 1, 2], "does not increase"),
        ([1.0, 2, 3], [1, 2], r"shape \(2,\)"),
    ],
)
def test_what_is_no_series_is_refused(series, times, message):
    with pytest.raises(BadArgumentError, match=message):
        stats.mann_kendall(series, times=times)


@pytest.mark.parametrize("statistic", ["pearson", lambda x, y: np.corrcoef(x, y)[0, 1]])
def test_leave_one_out_finds_the_outlier(statistic):
    x, y = RNG.normal(size=(2, 15))
    x[7], y[7] = 9, 9
    result = stats.leave_one_out((x, y), statistic, paired=True)
    expected = [twin.pearson(np.delete(x, i), np.delete(y, i)) for i in range(15)]
    assert_allclose(result.values, expected, rtol=1e-12)
    assert result.most_influential == 7
    assert (result.low, result.high) == (min(result.values), max(result.values))
    assert_allclose(result.estimate, twin.pearson(x, y))


@pytest.mark.parametrize("statistic", ["mean_difference", lambda x, y, axis: x.mean(axis) - y.mean(axis)])
def test_leave_one_out_of_two_samples(statistic):
    x, y = RNG.normal(size=4), RNG.normal(size=5)
    expected = [np.delete(x, i).mean() - y.mean() for i in range(4)]
    expected += [x.mean() - np.delete(y, i).mean() for i in range(5)]
    assert_allclose(stats.leave_one_out((x, y), statistic).values, expected, rtol=1e-12)


def test_adjusted_p_is_scipys():
    p = RNG.uniform(size=30) ** 2
    assert_allclose(stats.adjust(p, "bh"), scipy_stats.false_discovery_control(p), rtol=1e-12)
    assert_allclose(stats.adjust(p, "by"), scipy_stats.false_discovery_control(p, method="by"), rtol=1e-12)


@pytest.mark.parametrize("method", ["holm", "hochberg"])
def test_step_methods_are_the_closed_tests(method):
    """A hypothesis is rejected when each intersection that it is in is: for Holm if m·min p ≤ α, for Hochberg if
    (m − i + 1)·p₍ᵢ₎ ≤ α for some i (Marcus, Peritz and Gabriel 1976)."""
    for _ in range(20):
        p = RNG.uniform(0, 0.3, size=4)

        def of_intersection(members, p=p):
            ordered = sorted(p[list(members)])
            m = len(ordered)
            return min((m - i) * v for i, v in enumerate(ordered)) if method == "hochberg" else m * ordered[0]

        sets = [s for size in range(1, 5) for s in itertools.combinations(range(4), size)]
        expected = [min(1, max(of_intersection(s) for s in sets if i in s)) for i in range(4)]
        assert_allclose(stats.adjust(p, method), expected, rtol=1e-12)


def test_nan_is_no_test():
    assert_allclose(stats.adjust([[0.01, np.nan], [0.02, 0.5]], "bonferroni"), [[0.03, np.nan], [0.06, 1.0]])
    assert stats.adjust([], "bh").shape == (0,)


@pytest.mark.parametrize(("p", "method"), [([1.5], "holm"), ([-0.1], "bh"), ([0.1], "sidak")])
def test_what_is_no_p_is_refused(p, method):
    with pytest.raises(BadArgumentError, match="give"):
        stats.adjust(p, method)


def t_test(x, y, axis):
    return scipy_stats.ttest_ind(x, y, axis=axis)


def exact_power(n, effect):
    """Of the two-sided t test at 5 %: the noncentral t distribution."""
    bound = scipy_stats.t.isf(0.025, 2 * n - 2)
    shift = effect * math.sqrt(n / 2)
    return scipy_stats.nct.sf(bound, 2 * n - 2, shift) + scipy_stats.nct.cdf(-bound, 2 * n - 2, shift)


def shifted(rng, effect):
    return [rng.normal, lambda size: rng.normal(effect, size=size)]


def test_power_by_simulation_is_that_of_theory():
    result = stats.power(t_test, shifted(np.random.default_rng(1), 0.8), (20, 20), n_resamples=5000)
    assert abs(result.power - exact_power(20, 0.8)) < 5 * result.mc_error
    assert result.pvalues.shape == (5000,)
    size = stats.power(t_test, shifted(np.random.default_rng(2), 0), (20, 20), n_resamples=5000)
    assert abs(size.power - 0.05) < 5 * size.mc_error


def test_power_of_a_test_that_is_called_one_by_one():
    def test(x):
        return scipy_stats.ttest_1samp(x, 0).pvalue

    draws = [stats.power(test, np.random.default_rng(1).normal, 8, n_resamples=200, batch=b).pvalues for b in (None, 7)]
    assert_array_equal(draws[0], draws[1])


def test_the_sample_size_reaches_its_power():
    result = stats.sample_size(t_test, shifted(np.random.default_rng(1), 1.0), target=0.8, n_resamples=4000)
    needed = next(n for n in range(2, 100) if exact_power(n, 1.0) >= 0.8)
    assert abs(result.n - needed) <= 2
    assert result.power >= 0.8
    assert list(result.tried) == sorted(result.tried)


def test_no_sample_size_is_enough_under_the_null():
    with pytest.raises(BadArgumentError, match=r"power is .* with 16 observations"):
        stats.sample_size(t_test, shifted(np.random.default_rng(1), 0), n_resamples=200, most=16)


def test_the_least_detectable_effect_has_its_power():
    error = 0.37
    for alternative, sides in (("two-sided", 2), ("greater", 1)):
        effect = stats.mde(error, target=0.9, significance=0.01, alternative=alternative)
        reached = scipy_stats.norm.sf(scipy_stats.norm.isf(0.01 / sides) - effect / error)
        assert_allclose(reached, 0.9, rtol=1e-9)
    result = stats.bootstrap(RNG.normal(size=40), "mean", rng=1, n_resamples=999)
    assert stats.mde(result) == stats.mde(result.standard_error)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: stats.mde(-1.0), "standard_error is -1.0"),
        (lambda: stats.mde(1.0, target=1.0), "`target` is 1.0"),
        (lambda: stats.power(3, RNG.normal, 3), "`test` must be callable"),
        (lambda: stats.power(t_test, [RNG.normal, 3], (3, 3)), "`rvs` must be callable"),
        (lambda: stats.power(t_test, [RNG.normal, RNG.normal], 3), "rvs draws 2 samples"),
        (lambda: stats.power(t_test, RNG.normal, 3, significance=0), "`significance` is 0"),
        (
            lambda: stats.power(lambda x, axis: x * axis, RNG.normal, 3, n_resamples=9),
            "give one value for each of the 9",
        ),
    ],
)
def test_wrong_plans_are_refused(call, message):
    with pytest.raises(BadArgumentError, match=message):
        call()
