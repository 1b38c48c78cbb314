"""Moments of f32 and f64 against exact arithmetic, on data made to break naive sums."""

import functools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import oracles
from glotgap.weights import Moments, moments

BLOCK = 65_536
TOLERANCE = 1e-12  # the promise of the documentation; the rounding of 64 + 128 partial sums is about 1e-14


def normal(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


def with_outlier(n, place):
    x = normal(n)
    x[int(place * (n - 1))] = 1e4
    return x


NASTY = {
    "plain": normal,
    "layer norm: mean 1, std 1e-3": lambda n: 1 + 1e-3 * normal(n),
    "mean 1e6, std 1": lambda n: 1e6 + normal(n),
    "std 1e-30": lambda n: 1e-30 * normal(n),
    "subnormal f32": lambda n: 1e-40 * normal(n),
    "outlier first": lambda n: with_outlier(n, 0),
    "outlier inside": lambda n: with_outlier(n, 0.5),
    "outlier last": lambda n: with_outlier(n, 1),
    "outlier on a distant mean": lambda n: 1e3 + with_outlier(n, 0.3),
    "drift": lambda n: np.linspace(-50, 50, n) + normal(n),
    "step after the pivot's row": lambda n: np.where(np.arange(n) < 1024, 1e3, 0) + normal(n),
    "quiet, then loud": lambda n: np.where(np.arange(n) < 1024, 1e-6, 1.0) * normal(n),
    "alternating": lambda n: np.where(np.arange(n) % 2, 1.0, -1.0) * 1e5 + normal(n),
    "heavy tails": lambda n: np.random.default_rng(1).standard_t(2, size=n),
    "two values": lambda n: np.where(normal(n) > 1, 3.0, 0.1),
    "mostly zero": lambda n: np.where(normal(n) > 2, normal(n, 1), 0.0),
    "zeros, then values": lambda n: np.where(np.arange(n) < n // 2, 0.0, normal(n)),
    "uniform": lambda n: np.random.default_rng(2).uniform(size=n),
}  # fmt: skip
WIDE = {
    "1e300": lambda n: 1e300 * normal(n),
    "1e-300": lambda n: 1e-300 * normal(n),
    "all magnitudes": lambda n: normal(n) * 10.0 ** np.random.default_rng(3).uniform(-300, 300, n),
    "distant and tight": lambda n: 1e150 * (1 + 1e-8 * normal(n)),
    "mean 1e6, std 1e-2": lambda n: 1e6 + 1e-2 * normal(n),
    "mean 1e6, std 1e-4": lambda n: 1e6 + 1e-4 * normal(n),
    "mean -1, std 1e-10": lambda n: -1 + 1e-10 * normal(n),
    "mean 1/3, std 1e-13": lambda n: 1 / 3 + 1e-13 * normal(n),
    "mean 1, a few units in the last place": lambda n: 1 + 1e-15 * normal(n),
    "distant, tight and skewed": lambda n: 1e10 + np.random.default_rng(8).exponential(size=n),
    "distant and drifting": lambda n: 1e10 + np.linspace(-5, 5, n) + normal(n),
    "distant, with an outlier": lambda n: 1e9 + with_outlier(n, 0.7),
    "beyond f32, growing": lambda n: normal(n) * np.logspace(30, 100, n),
    "zeros, then 1e-300": lambda n: np.where(np.arange(n) < min(BLOCK, n // 2), 0.0, 1e-300) * normal(n),
    "near the largest f64": lambda n: 1.7e308 * np.random.default_rng(4).uniform(-1, 1, n),
    "subnormal f64": lambda n: 1e-310 * normal(n),
}
SMALL = (1, 2, 3, 7, 8, 9, 63, 257)
EDGES = (1_023, 1_024, 1_025, 4_096 + 7, BLOCK - 1, BLOCK, BLOCK + 1)


def cases(sizes):
    """Every kind of data at every size, in the types that can hold it."""
    return [
        pytest.param(make, dtype, n, id=f"{name}-{dtype.__name__}-{n}")
        for name, make in {**NASTY, **WIDE}.items()
        for dtype in ((np.float32, np.float64) if name in NASTY else (np.float64,))
        for n in sizes
    ]


def close(value, truth, tolerance=TOLERANCE, least=0.0):
    if truth is None:
        return value is None
    return value is not None and abs(value - truth) <= tolerance * max(abs(truth), least)


def relative_ratio(found, truth):
    """Relative error of m4/m2²."""
    return abs((found + 3) / truth - 1)


@pytest.mark.parametrize(("make", "dtype", "n"), cases(SMALL))
def test_every_figure_agrees_with_fractions(make, dtype, n):
    x = make(n).astype(dtype)
    found, (mean, std, skew, kurtosis) = moments(x), oracles.exact_moments(x)
    spread = float(np.abs(np.asarray(x, np.float64) / 2).max()) * 2
    assert close(found.mean, mean, 1e-15, least=spread)  # rounding relative to the values, not to their mean
    assert close(found.std, std)
    assert close(found.skew(), skew, least=1.0)  # symmetric data: cancels to about 0
    assert close(found.kurtosis(), kurtosis, least=3.0)  # cancels at about 0: then m4/m2² is what is accurate


@functools.cache
def truth_of(make, dtype, n):
    return oracles.careful_kurtosis(make(n).astype(dtype))


@pytest.mark.parametrize(("make", "dtype", "n"), cases(EDGES))
def test_kurtosis_is_accurate_across_rows_and_blocks(make, dtype, n):
    x = make(n).astype(dtype)
    assert relative_ratio(moments(x).kurtosis(), truth_of(make, dtype, n)) <= TOLERANCE


@pytest.mark.parametrize(("make", "dtype", "n"), cases([250_001]))
def test_kurtosis_is_accurate_over_many_blocks(make, dtype, n):
    x = make(n).astype(dtype)
    found, ratio = moments(x).kurtosis(), truth_of(make, dtype, n)
    assert relative_ratio(found, ratio) <= TOLERANCE
    if abs(ratio - 3) > 0.1:  # the excess itself, where subtracting 3 leaves digits
        assert close(found, ratio - 3, 40 * TOLERANCE)


@pytest.mark.parametrize("ratio", [1e6, 1e7, 1e8, 1e9, 1e10, 1e12, 1e14])
@pytest.mark.parametrize("pieces", [1, 2, 7])
def test_kurtosis_of_distant_values_is_that_of_exact_integers(ratio, pieces):
    """The mean of a block, rounded to one f64, would be off by up to 1e-2 deviations here."""
    x = (0.7 * ratio + np.random.default_rng(9).standard_t(6, size=200_003)) * 1e-3
    streamed = Moments()
    for piece in np.array_split(x, pieces):
        streamed.update(piece)
    merged = functools.reduce(Moments.merge, map(moments, np.array_split(x, pieces)))
    assert streamed == merged
    assert relative_ratio(streamed.kurtosis(), distant_truth(ratio)) <= TOLERANCE


@functools.cache
def distant_truth(ratio):
    return oracles.exact_ratio((0.7 * ratio + np.random.default_rng(9).standard_t(6, size=200_003)) * 1e-3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [0.0, 0.1, -1 / 3, 1e-30, 1e6 + 0.1, 3e38])
@pytest.mark.parametrize("n", [1, 2, 3, 1_024, BLOCK + 1, 3 * BLOCK + 5])
def test_constants_have_no_spread(dtype, value, n):
    x = np.full(n, value, dtype)
    found = moments(x)
    assert (found.n, found.mean, found.std) == (n, float(x[0]), 0.0)
    assert found.skew() is None
    assert found.kurtosis() is None


@pytest.mark.parametrize("value", [1e300, -1.7976931348623157e308, 5e-324, 1e-310])
def test_constants_at_the_ends_of_f64_are_their_own_mean(value):
    found = moments(np.full(2 * BLOCK, value))
    assert (found.mean, found.std) == (value, 0.0)


def test_nothing_has_no_figures():
    for found in (Moments(), moments(np.zeros(0, np.float32)), moments(np.full(9, np.nan))):
        assert found.n == 0
        figures = (found.mean, found.std, found.min, found.max, found.absmax, found.skew(), found.kurtosis())
        assert figures == (None,) * 7


def test_bias_corrections_need_enough_values():
    x = np.array([1.0, 2.0, 4.0, 8.0])
    for n, (skew, kurtosis) in {2: (False, False), 3: (True, False), 4: (True, True)}.items():
        found = moments(x[:n])
        assert (found.skew(bias=False) is not None, found.kurtosis(bias=False) is not None) == (skew, kurtosis)


def test_bias_corrections_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    x = np.random.default_rng(5).exponential(size=100)
    found = moments(x)
    assert math.isclose(found.skew(bias=False), stats.skew(x, bias=False), rel_tol=1e-12)  # scipy's own rounding
    assert math.isclose(found.kurtosis(bias=False), stats.kurtosis(x, bias=False), rel_tol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [10, 1_025, BLOCK + 9])
def test_non_finite_values_are_counted_apart(dtype, n):
    x = (3 + normal(n)).astype(dtype)
    odd = np.random.default_rng(6).permutation(n)[:7]
    x[odd] = [np.nan, np.inf, -np.inf, np.nan, -np.nan, np.inf, np.nan]
    found = moments(x)
    finite = x[np.isfinite(x)]
    assert (found.n, found.n_nan, found.n_inf) == (n - 7, 4, 3)
    assert relative_ratio(found.kurtosis(), oracles.careful_kurtosis(finite)) <= TOLERANCE
    assert (found.min, found.max) == (finite.min(), finite.max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_block_of_nothing_but_nan_changes_no_figure(dtype):
    x = normal(BLOCK + 100).astype(dtype)
    padded = np.concatenate([x[:BLOCK], np.full(BLOCK, np.nan, dtype), x[BLOCK:]])
    found, plain = moments(padded), moments(x)
    assert found.n_nan == BLOCK
    assert (found.n, found.mean, found.std, found.kurtosis()) == (plain.n, plain.mean, plain.std, plain.kurtosis())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_zeros_and_subnormals_are_counted(dtype):
    limit = np.finfo(dtype).smallest_normal
    x = np.concatenate([normal(2_000), [0.0, -0.0, limit, -limit, limit / 2, -limit / 2, limit / 4]]).astype(dtype)
    for values in (x, x[::-1], np.tile(x, 50)):
        found = moments(values)
        assert found.n_zero == np.count_nonzero(values == 0)
        assert found.n_subnormal == np.count_nonzero((values != 0) & (np.abs(values) < limit))


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes_of_one_sign_are_right(sign):
    x = sign * np.random.default_rng(7).uniform(1, 2, 5_000).astype(np.float32)
    found = moments(x)
    assert (found.min, found.max, found.absmax) == (x.min(), x.max(), 2 * abs(x / 2).max())


def test_negative_zero_is_zero():
    found = moments(np.full(3, -0.0, np.float32))
    assert [math.copysign(1, v) for v in (found.min, found.max, found.mean)] == [1, 1, 1]


floats = st.floats(width=32) | st.floats(-100, 100, width=32) | st.sampled_from([0.0, 1.0, float("inf"), float("nan")])


@given(arrays.arrays(np.float32, st.integers(0, 40), elements=floats))
def test_any_short_f32_array_agrees_with_fractions(x):
    check_against_fractions(x)


@given(arrays.arrays(np.float64, st.integers(0, 40), elements=st.floats() | st.floats(-1, 1)))
@settings(max_examples=200)
def test_any_short_f64_array_agrees_with_fractions(x):
    check_against_fractions(x)


def check_against_fractions(x):
    finite = x[np.isfinite(x)]
    found, (mean, std, skew, kurtosis) = moments(x), oracles.exact_moments(finite)
    assert (found.n, found.n_nan, found.n_inf) == (finite.size, np.isnan(x).sum(), np.isinf(x).sum())
    if mean is None:
        assert found.mean is None
        return
    absmax = float(np.abs(finite).max())
    assert abs(found.mean / 2 - mean / 2) <= 1e-15 * absmax / 2 + 5e-324
    if skew is None:
        assert (found.std, found.skew(), found.kurtosis()) == (0.0, None, None)
    elif std > 1e-300:  # else f64 cannot hold its fourth power
        assert close(found.std, std)
        assert close(found.skew(), skew, least=1.0)
        assert close(found.kurtosis(), kurtosis, least=3.0)


@given(st.lists(st.integers(0, 5_000), max_size=6), st.integers(0, 2**32))
@settings(max_examples=50)
def test_merge_in_index_order_is_the_whole(cuts, seed):
    x = (100 + normal(5_000, seed)).astype(np.float32)
    pieces = [moments(piece) for piece in np.split(x, sorted(cuts))]
    all_of_them = functools.reduce(Moments.merge, pieces, Moments())
    same_figures(all_of_them, moments(x))


@pytest.mark.parametrize(("make", "dtype", "n"), cases([3_000]))
def test_merge_is_associative_in_index_order(make, dtype, n):
    a, b, c = (moments(piece) for piece in np.split(make(n).astype(dtype), [500, 2_900]))
    same_figures(a.merge(b).merge(c), a.merge(b.merge(c)))


def same_figures(a, b):
    """Counts and extremes equal, figures to rounding."""
    assert (a.n, a.n_nan, a.n_inf, a.n_zero, a.n_subnormal, a.min, a.max) == (
        b.n, b.n_nan, b.n_inf, b.n_zero, b.n_subnormal, b.min, b.max,
    )  # fmt: skip
    assert close(a.mean, b.mean, least=b.absmax)
    assert close(a.std, b.std)
    assert close(a.skew(), b.skew(), least=1.0)
    assert close(a.kurtosis(), b.kurtosis(), least=3.0)


def test_merging_nothing_changes_no_bit():
    x = moments(normal(100))
    assert x.merge(Moments()) == x
    assert Moments().merge(x) == x


def test_pieces_of_whole_blocks_give_the_bits_of_the_whole():
    x = normal(4 * BLOCK + 10).astype(np.float32)
    pieces = Moments()
    for start in range(0, x.size, BLOCK):
        pieces.update(x[start : start + BLOCK])
    assert pieces == moments(x)


@pytest.mark.parametrize(
    "x", [normal(10), 1e10 + normal(10), 1e300 * normal(10), np.array([np.nan, 1.0]), np.zeros(0)], ids=str
)
def test_pickling_keeps_every_bit(x):
    found = moments(x)
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert again.merge(found) == found.merge(found)
    assert (again.mean, again.kurtosis(), again.n_nan) == (found.mean, found.kurtosis(), found.n_nan)
