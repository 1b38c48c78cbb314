"""Figures of wide formats beyond moments: exact where a tensor is small, never impossible where it is large."""

import math

import numpy as np
import pytest

import glotgap
import oracles
from glotgap.weights import histogram, scan
from writers import numpy_dtype, safetensors, widened

LARGE = 70_000  # more than are sorted
WIDE = ("f32", "f64", "i32", "i64")


def row_of(tmp_path, x, **options):
    return scan(safetensors(tmp_path / "x", {"x": x}), **options).row(0, named=True)


def normal(n=LARGE, seed=0):
    return np.random.default_rng(seed).normal(size=n)


@pytest.mark.parametrize("dtype", WIDE)
@pytest.mark.parametrize("mean", [0.0, 1.0, 1000.0])
def test_every_figure_of_a_small_tensor_is_exact(tmp_path, dtype, mean):
    x = (mean * 100 + 100 * normal(900) * (1e-3 if dtype[0] == "f" and mean else 1)).astype(numpy_dtype(dtype))
    row, values = row_of(tmp_path, x), widened(x)
    assert row["exact"] is True
    assert math.isclose(row["mean_abs_dev"], oracles.exact_abs_dev(values), rel_tol=1e-12)
    assert math.isclose(row["kurtosis_top"], oracles.exact_kurtosis_top(values), rel_tol=1e-9)
    assert math.isclose(row["entropy"], oracles.entropy(values), rel_tol=1e-12)
    for q in (0.001, 0.5, 0.99):
        assert row[f"q{q}"] == np.quantile(values, q)
    for bits in (2, 4):
        for grid, column in (("mid-rise", "midrise"), ("sym-int", "symint")):
            found = row[f"sqnr{bits}_{column}"]
            assert math.isclose(found, oracles.sqnr(values, row[f"clip{bits}_{column}"], bits, grid), abs_tol=1e-6)
            best = oracles.best_clip(values, bits, grid)[0]
            assert found >= oracles.sqnr(values, best, bits, grid) - 1e-6


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize(("mean", "std"), [(0.0, 1.0), (1.0, 1e-3), (1e4, 1.0), (-1.0, 0.1)])
def test_the_mean_distance_of_a_large_tensor_is_exact(tmp_path, dtype, mean, std):
    x = (mean + std * normal()).astype(numpy_dtype(dtype))
    row, values = row_of(tmp_path, x), widened(x)
    truth = math.fsum(np.abs(values - row["mean"])) / values.size
    assert math.isclose(row["mean_abs_dev"], truth, rel_tol=1e-9)  # numpy's mean is rounded, and counts 1e-16 · mean
    assert row["mean_abs_dev"] <= row["std"]
    if row["aciq4_laplace"] is not None:
        assert math.isclose(row["aciq4_laplace"], 5.0286401 * row["mean_abs_dev"], rel_tol=1e-6)


@pytest.mark.parametrize("mean", [0.0, 3.0, 7.9, 8.1, 1e3])
def test_what_a_sketch_cannot_hold_is_null(tmp_path, mean):
    row = row_of(tmp_path, (mean + normal()).astype(np.float32))
    known = mean < 8
    assert row["exact"] is False
    assert [row[name] is not None for name in ("kurtosis_top", "clip4_midrise", "aciq4_laplace_sqnr")] == [known] * 3
    if known:
        truth = oracles.exact_kurtosis_top(np.asarray(mean + normal(), np.float32)[:LARGE])
        assert math.isclose(row["kurtosis_top"], truth, rel_tol=0.06)


@pytest.mark.parametrize("value", [0.1, -1e-3, 3e5])
@pytest.mark.parametrize("n", [10, LARGE])
def test_the_clip_of_a_constant_represents_it(tmp_path, value, n):
    row = row_of(tmp_path, np.full(n, value, np.float32))
    value = float(np.float32(value))
    assert (row["mean_abs_dev"], row["entropy"], row["q0.5"], row["exact"]) == (0.0, 0.0, value, True)
    for bits in (2, 8):
        assert row[f"sqnr{bits}_midrise"] == row[f"sqnr{bits}_symint"] == math.inf


@pytest.mark.parametrize("scale", [1e-300, 1e300])
@pytest.mark.parametrize("n", [1_000, LARGE])
def test_f64_out_of_the_range_of_a_sketch_is_null_or_right(tmp_path, scale, n):
    x = scale * normal(n)
    row = row_of(tmp_path, x)
    truth = {"q0.5": np.quantile(x, 0.5), "mean_abs_dev": np.mean(np.abs(x - row["mean"]))}
    for name, value in truth.items():
        assert row[name] is None or math.isclose(row[name], value, rel_tol=1e-9)
    assert row["mean_abs_dev"] is not None
    assert row["kurtosis_top"] is row["clip4_midrise"] is row["sqnr4_symint"] is None
    assert row["tail3"] == np.mean(np.abs(x / scale - row["mean"] / scale) > 3 * row["std"] / scale)


@pytest.mark.parametrize("dtype", ["f64", "f32", "f16", "bf16", "i8", "u8", "i32"])
@pytest.mark.parametrize("k", [2, 3, 4, 6])
@pytest.mark.parametrize("zeros", [0, 1000])
def test_a_value_at_k_sigma_is_not_beyond(tmp_path, dtype, k, zeros):
    """One of n = k² + 1 that differs lies at exactly kσ; the rounding of mean and σ must not put it beyond."""
    x = np.zeros(k * k + 1)
    x[3] = 1
    x = (x + zeros / 1000).astype(numpy_dtype(dtype))
    row = row_of(tmp_path, x, tails=[k, k - 0.001])
    assert (row[f"tail{k}"], row[f"tail{k - 0.001:g}"]) == (0.0, 1 / x.size)
    assert histogram(x).tail(k) == 0.0 or not histogram(x).exact


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_a_large_tensor_keeps_ties_too(tmp_path, dtype):
    n = 300 * 300 + 1
    x = np.full(n, 2.0, numpy_dtype(dtype))
    x[77] = 3
    row = row_of(tmp_path, x, tails=[300.0, 299.9])
    assert (row["tail300"], row["tail299.9"]) == (0.0, 1 / n)


@pytest.mark.parametrize("n", [100, LARGE])
def test_a_distance_that_overflows_is_beyond(tmp_path, n):
    x = np.full(n, -1.7e308)
    x[:: n // 100 or 1][:1] = 1.7e308
    row = row_of(tmp_path, x, tails=[3.0, 6.0])
    assert (row["tail3"], row["tail6"]) == (1 / n, 1 / n)


def test_only_a_perfect_fit_has_an_infinite_ratio():
    import ml_dtypes

    x = np.array([1, 1e-14], ml_dtypes.bfloat16)
    for grid in ("mid-rise", "sym-int"):
        assert 0 < histogram(x).sqnr(8, grid) < math.inf
    assert histogram(np.array([1, 2, 3], np.int8)).sqnr(8, "sym-int") == math.inf


@pytest.mark.parametrize("k", [-1, 0, math.nan, math.inf])
def test_a_tail_of_no_positive_number_is_refused(k):
    with pytest.raises(glotgap.BadArgumentError, match="positive"):
        histogram(np.ones(3, np.int8)).tail(k)
