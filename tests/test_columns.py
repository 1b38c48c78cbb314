"""Columns, which are summed side by side, against one column at a time."""

import numpy as np
import polars as pl
import pytest

import oracles
from glotgap.weights import scan
from writers import numpy_dtype, safetensors, torch_zip, widened

NAME = "model.layers.0.mlp.up_proj.weight"
TOLERANCE = 1e-12  # as for whole tensors: a column's totals are sums of at most 64 times 64 values


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def rows_of(shape):
    return np.arange(shape[0])[:, None]


KINDS = {
    "plain": normal,
    "heavy tails": lambda shape: np.random.default_rng(1).standard_t(3, size=shape),
    "distant": lambda shape: 1e4 + normal(shape),
    "drift": lambda shape: np.linspace(-50, 50, shape[0])[:, None] + normal(shape),
    "step after the pivot": lambda shape: np.where(rows_of(shape) < 64, 1e3, 0) + normal(shape),
    "outliers in the pivot": lambda shape: np.where(rows_of(shape) == 5, 1e4, 1) * normal(shape),
    "quiet, then loud": lambda shape: np.where(rows_of(shape) < 64, 1e-6, 1) * normal(shape),
    "one scale a column": lambda shape: normal(shape) * np.logspace(-30, 30, shape[1]),
    "subnormal": lambda shape: 1e-40 * normal(shape),
    "mostly zero": lambda shape: np.where(normal(shape) > 2, normal(shape, 1), 0.0),
}


def check(frame, x, chosen):
    """All counts and extremes; the kurtosis of the columns `chosen`."""
    finite = np.isfinite(x)
    assert np.array_equal(frame["n"], finite.sum(axis=0))
    assert np.array_equal(frame["n_nan"], np.isnan(x).sum(axis=0))
    assert np.array_equal(frame["n_inf"], np.isinf(x).sum(axis=0))
    assert np.array_equal(frame["n_zero"], (x == 0).sum(axis=0))
    some = finite.any(axis=0)
    assert np.array_equal(frame["min"].is_null(), ~some)
    assert np.array_equal(frame["min"].drop_nulls(), np.where(finite, x, np.inf).min(axis=0)[some])
    assert np.array_equal(frame["max"].drop_nulls(), np.where(finite, x, -np.inf).max(axis=0)[some])
    for column in chosen:
        values = x[finite[:, column], column]
        if len(values) and np.ptp(values):
            truth = oracles.careful_kurtosis(values)
            assert abs((frame["kurtosis"][column] + 3) / truth - 1) <= TOLERANCE, column


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("dtype", ["f32", "f64", "bf16"])
def test_columns_of_every_kind_are_summed_right(tmp_path, kind, dtype):
    with np.errstate(over="ignore"):
        x = kind((9_000, 21)).astype(numpy_dtype(dtype))  # several steps
    frame = scan(safetensors(tmp_path / "x", {NAME: x}), per="column")
    check(frame, widened(x).reshape(x.shape), range(21))


@pytest.mark.parametrize("shape", [
    (63, 65), (64, 64), (65, 63), (64, 8), (129, 200), (4_097, 7), (2, 65_536), (3, 65_537), (200, 70_001),
    (5_000, 1_030),
])  # fmt: skip
@pytest.mark.parametrize("dtype", ["f32", "f16"])
def test_every_shape_falls_into_columns(tmp_path, shape, dtype):
    x = (normal(shape) + np.arange(shape[1]) % 5).astype(numpy_dtype(dtype))
    frame = scan(safetensors(tmp_path / "x", {NAME: x}), per="column")
    check(frame, x.astype(np.float64), [*range(0, shape[1], shape[1] // 7 + 1), shape[1] - 1])


@pytest.mark.parametrize("dtype", ["f32", "f64", "f16"])
def test_a_value_that_is_not_finite_leaves_other_columns_as_they_were(tmp_path, dtype):
    x = normal((9_000, 100)).astype(numpy_dtype(dtype))
    y = x.copy()
    y[[7, 8_000], 3], y[70, 90], y[5_000, 91], y[:, 40] = np.nan, np.inf, -np.inf, np.nan
    plain, odd = (scan(safetensors(tmp_path / "x", {NAME: values}), per="column") for values in (x, y))
    check(odd, y.astype(np.float64), [3, 90, 91])
    same = ~pl.Series(range(100)).is_in([3, 40, 90, 91])
    assert odd.filter(same).equals(plain.filter(same))


def test_constant_columns_have_no_spread(tmp_path):
    x = np.broadcast_to(np.linspace(-1, 1, 99).astype(np.float32), (9_000, 99))
    frame = scan(safetensors(tmp_path / "x", {NAME: x}), per="column")
    assert frame["mean"].to_list() == x[0].tolist()
    assert set(frame["std"]) == {0.0}
    assert frame["kurtosis"].null_count() == 99


def test_subnormal_values_are_counted_by_column(tmp_path):
    limit = np.finfo(np.float32).smallest_normal
    values = np.array([0.0, -0.0, limit, -limit, limit / 2, -limit / 2, 1.0, -1.0], np.float32)
    x = np.random.default_rng(2).choice(values, size=(300, 70))
    frame = scan(safetensors(tmp_path / "x", {NAME: x}), per="column")
    assert np.array_equal(frame["n_zero"], (x == 0).sum(axis=0))
    assert np.array_equal(frame["n_subnormal"], ((x != 0) & (abs(x) < limit)).sum(axis=0))


@pytest.mark.parametrize("io", ["mmap", "pread"])
def test_no_bit_depends_on_threads_reading_or_strides(tmp_path, io):
    x = normal((20_000, 130)).astype(np.float32)
    dense = safetensors(tmp_path / "x", {NAME: x})
    strided = torch_zip(tmp_path / "x.pt", {"0": x.T.ravel()}, {NAME: ("0", 0, x.shape, (1, x.shape[0]))})
    once = scan(dense, per="column", threads=1).drop("model", "file")
    for path, threads in ((dense, 2), (dense, 7), (strided, 1), (strided, 5)):
        assert once.equals(scan(path, per="column", threads=threads, io=io).drop("model", "file"))
