"""Formats of at most 16 bits: every figure exact to rounding; and what the sketch of wider ones may miss."""

import functools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glotgap
import oracles
from glotgap.weights import histogram, moments, scan
from writers import NAMES, numpy_dtype, safetensors, widened

NARROW = [name for name in NAMES if numpy_dtype(name).itemsize <= 2]
TAILS = (1.0, 2.5, 3.0, 4.0, 6.0)
QUANTILES = (0.0, 1e-4, 0.01, 0.1, 0.25, 1 / 3, 0.5, 0.75, 0.9, 0.999, 1.0)
ULPS = 8 * 2.0**-53
"""Exact to rounding: a quotient of sums that are each good to a bit or two."""


def every_pattern(dtype):
    width = numpy_dtype(dtype).itemsize
    patterns = np.arange(2 if dtype == "bool" else 256**width, dtype=f"<u{width}")
    return patterns.view(numpy_dtype(dtype))


def sample(dtype, n, seed=0, spread=1.0):
    """Normal values in the format, with zeros, an outlier, and NaN and infinities where the format has them."""
    rng = np.random.default_rng(seed)
    kind = numpy_dtype(dtype)
    if dtype == "bool":
        return rng.random(n) < 0.3
    if kind.kind in "iu":
        return np.clip(np.round(20 * spread * rng.normal(size=n)) + 5, *bounds(kind)).astype(kind)
    x = spread * rng.normal(size=n)
    x[rng.random(n) < 0.1] = 0
    x = np.abs(x) if dtype == "f8_e8m0" else x
    with np.errstate(over="ignore", invalid="ignore"):
        stored = x.astype(np.float32).astype(kind)
    every = every_pattern(dtype)
    is_finite = np.isfinite(widened(every))
    stored[rng.integers(n)] = rng.choice(every[is_finite])
    if not is_finite.all():
        odd = rng.random(n) < 0.02
        stored[odd] = rng.choice(every[~is_finite], size=odd.sum())
    return stored


def bounds(kind):
    return np.iinfo(kind).min, np.iinfo(kind).max


def near(value, truth, least=0.0):
    return value is None if truth is None else abs(value - truth) <= ULPS * max(abs(truth), least)


@pytest.mark.parametrize("dtype", NARROW)
def test_every_bit_pattern_decodes_to_its_value(dtype):
    stored = every_pattern(dtype)
    x = np.repeat(stored, np.arange(stored.size) % 97 + 1)  # as many as its number tells: swapped ones would show
    values = widened(x)
    truth = np.unique(values[np.isfinite(values)] + 0.0, return_counts=True)
    found, all_of_it = histogram(x), moments(x)
    assert np.array_equal(found.values, truth[0])
    assert np.array_equal(found.counts, truth[1])
    assert found.n == all_of_it.n == truth[1].sum()
    assert (all_of_it.n_nan, all_of_it.n_inf) == (np.isnan(values).sum(), np.isinf(values).sum())


def smallest_normal(dtype):
    import ml_dtypes

    kind = numpy_dtype(dtype)
    return 0.0 if kind.kind in "iub" else float(ml_dtypes.finfo(kind).smallest_normal)


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize(("n", "spread"), [(1, 1.0), (2, 1.0), (50, 1e-2), (3_000, 1.0)])
def test_every_figure_is_exact_to_rounding(tmp_path, dtype, n, spread):
    stored = sample(dtype, n, seed=n, spread=spread)
    frame = scan(safetensors(tmp_path / "x.safetensors", {"x": stored}), quantiles=QUANTILES, tails=TAILS)
    row = frame.row(0, named=True)
    values = widened(stored)
    x = values[np.isfinite(values)] + 0.0
    mean, std, skew, kurtosis = oracles.exact_moments(x)
    assert (row["n"], row["n_nan"], row["n_inf"]) == (x.size, np.isnan(values).sum(), np.isinf(values).sum())
    assert (row["n_zero"], row["n_subnormal"]) == (np.sum(x == 0), np.sum((x != 0) & (abs(x) < smallest_normal(dtype))))
    assert (row["dtype"], row["exact"]) == (dtype, True)
    if mean is None:
        assert row["mean"] is row["std"] is row["q0.5"] is row["entropy"] is None
        return
    assert (row["min"], row["max"], row["absmax"]) == (x.min(), x.max(), abs(x).max())
    assert near(row["mean"], mean)
    assert near(row["std"], std)
    assert near(row["skew"], skew, least=1.0)
    assert near(row["kurtosis"], kurtosis, least=3.0)  # the last step subtracts 3
    assert near(row["absmax_sigma"], row["absmax"] / std if std else None)
    assert near(row["mean_abs_dev"], oracles.exact_abs_dev(x), least=ULPS * abs(mean))
    assert near(row["entropy"], oracles.entropy(x), least=math.log2(x.size) + 1)
    assert near(row["kurtosis_top"], oracles.exact_kurtosis_top(x) if std else None)
    for q in QUANTILES:
        assert row[f"q{q:g}"] == np.quantile(x, q)
    for k, share in zip(TAILS, oracles.exact_tails(x, TAILS), strict=True):
        assert row[f"tail{k:g}"] == (share if std else None)


@pytest.mark.parametrize("dtype", NARROW)
def test_a_million_values_are_exact_to_rounding(dtype):
    stored = sample(dtype, 1_000_000, spread=0.02)
    found = histogram(stored)
    values = widened(stored)
    mean, std, skew, kurtosis = oracles.exact_moments(values[np.isfinite(values)])
    assert near(found.mean, mean)
    assert near(found.std, std)
    assert near(found.skew(), skew, least=1.0)
    assert near(found.kurtosis(), kurtosis, least=3.0)


@pytest.mark.parametrize("dtype", NARROW)
def test_moments_and_histogram_agree(dtype):
    stored = sample(dtype, 1_000)
    one, other = moments(stored), histogram(stored)
    assert (one.n, one.mean, one.std) == (other.n, other.mean, other.std)
    assert (one.skew(), one.kurtosis()) == (other.skew(), other.kurtosis())
    assert (one.skew(bias=False), one.kurtosis(bias=False)) == (other.skew(bias=False), other.kurtosis(bias=False))


@pytest.mark.parametrize("mean", [1.0, 60_000.0])
def test_a_mean_far_above_the_spread_costs_no_digit(mean):
    x = (mean + np.random.default_rng(0).choice([0, 32, 64], p=[0.998, 0.001, 0.001], size=100_000)).astype(np.float16)
    found, (_, std, skew, kurtosis) = moments(x), oracles.exact_moments(x)
    assert near(found.std, std)
    assert near(found.skew(), skew)
    assert near(found.kurtosis(), kurtosis)


@given(st.sampled_from(NARROW), st.data())
@settings(max_examples=150)
def test_quantiles_of_any_values_are_those_of_numpy(dtype, data):
    patterns = data.draw(st.lists(st.integers(0, len(every_pattern(dtype)) - 1), min_size=1, max_size=30))
    x = every_pattern(dtype)[patterns]
    q = data.draw(st.floats(0, 1) | st.sampled_from([0.0, 0.5, 1.0]))
    values = widened(x)
    values = values[np.isfinite(values)] + 0.0
    assert histogram(x).quantile(q) == (np.quantile(values, q) if values.size else None)


@given(st.sampled_from([*NARROW, "f32", "f64"]), st.lists(st.integers(0, 200), min_size=3, max_size=3))
@settings(max_examples=60)
def test_merge_is_associative_and_commutative(dtype, sizes):
    a, b, c = (histogram(any_sample(dtype, n, seed)) for seed, n in enumerate(sizes))
    whole = histogram(np.concatenate([any_sample(dtype, n, seed) for seed, n in enumerate(sizes)]))
    assert a.merge(b).merge(c) == a.merge(b.merge(c)) == c.merge(b).merge(a) == whole
    for figure in ("n", "mean", "std", "entropy", "mean_abs_dev"):
        assert getattr(c.merge(a).merge(b), figure) == getattr(whole, figure)


def any_sample(dtype, n, seed):
    if dtype in NARROW and n:
        return sample(dtype, n, seed)
    return np.random.default_rng(seed).normal(size=n).astype(numpy_dtype(dtype))


def test_merging_different_formats_is_refused():
    with pytest.raises(glotgap.BadArgumentError, match="i8 and u8"):
        histogram(np.zeros(1, np.int8)).merge(histogram(np.zeros(1, np.uint8)))


@pytest.mark.parametrize("dtype", [*NARROW, "f32", "f64", "i32", "i64"])
def test_pickling_round_trips(dtype):
    found = histogram(any_sample(dtype, 500, 1))
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert (again.exact, again.dtype, again.kurtosis()) == (found.exact, found.dtype, found.kurtosis())


def test_a_damaged_pickle_is_refused():
    with pytest.raises(glotgap.BadArgumentError, match="65,536 counts"):
        glotgap._core.Histogram.from_state("bf16", [1, 2, 3])
    with pytest.raises(glotgap.BadArgumentError):
        glotgap._core.Histogram.from_state("float17", [0] * 65_536)


@pytest.mark.parametrize("dtype", ["f32", "f64", "i32", "i64"])
def test_quantiles_of_a_sketch_are_within_half_a_bin(dtype):
    rng = np.random.default_rng(3)
    x = (1e4 * rng.standard_t(3, size=20_000)).astype(numpy_dtype(dtype))
    found = histogram(x)
    assert not found.exact
    for q in (0.001, 0.1, 0.3, 0.7, 0.999):
        assert math.isclose(found.quantile(q), np.quantile(widened(x), q), rel_tol=2**-8)


@pytest.mark.parametrize("dtype", ["f32", "f64", "i32", "i64"])
def test_a_sketch_counts_every_finite_value(dtype):
    x = (100 * np.random.default_rng(3).normal(size=5_000)).astype(numpy_dtype(dtype))
    assert histogram(x).n == x.size
    if dtype in {"f32", "f64"}:
        x[::10] = np.nan
        x[1::100] = -np.inf
        assert histogram(x).n == np.isfinite(x).sum()


@pytest.mark.parametrize("make", [functools.partial(np.full, 10, np.nan), functools.partial(np.zeros, 0)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_no_values_no_figures(make, dtype):
    found = histogram(make().astype(dtype))
    assert found.n == found.values.size == found.counts.size == 0
    figures = [found.mean, found.std, found.entropy, found.mean_abs_dev, found.quantile(0.5), found.tail(3)]
    figures += [found.skew(), found.kurtosis(), found.clip(4), found.sqnr(4), found.sqnr(4, clip=1.0)]
    assert figures == [None] * 11


@pytest.mark.parametrize("q", [-1e-9, 1 + 1e-9, math.nan, math.inf])
def test_quantiles_outside_0_to_1_are_refused(q):
    with pytest.raises(glotgap.BadArgumentError, match="from 0 to 1"):
        histogram(np.ones(1, np.int8)).quantile(q)
