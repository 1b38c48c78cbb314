"""Scans of wide formats, whose figures need two passes; and the same bits however a scan is run."""

import os
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import oracles
from glotgap.weights import moments, scan, tensor_histogram
from writers import NAMES, numpy_dtype, safetensors, sharded, torch_zip, widened

QUANTILES = (0.0, 1e-5, 0.001, 0.25, 0.5, 0.75, 0.999, 1.0)
TAILS = (0.5, 1.0, 3.0, 4.0, 6.0)
STEP = 1 << 20  # values of one step of an f32 scan


def normal(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


HARD = {
    "plain": normal,
    "sorted": lambda n: np.sort(normal(n)),
    "drift": lambda n: np.linspace(-30, 30, n) + normal(n),
    "heavy tails": lambda n: np.random.default_rng(1).standard_t(1.2, size=n),
    "loud where no sample is taken": lambda n: np.where(np.arange(n) % 40_000 > 600, 5.0, 0.01) * normal(n),
    "quiet where no sample is taken": lambda n: np.where(np.arange(n) % 40_000 > 600, 0.01, 5.0) * normal(n),
    "all but constant": lambda n: np.where(np.arange(n) == n // 2, 7.0, 1.0),
    "around zero": lambda n: np.where(normal(n) > 0.5, normal(n, 1) * 1e-42, 0.0),
    "negative": lambda n: -np.exp(normal(n)),
    "far mean": lambda n: 1e4 + normal(n),
    "few values": lambda n: np.round(normal(n)),
}


def figures(path, **options):
    return scan(path, clip=False, quantiles=QUANTILES, tails=TAILS, **options)


@pytest.mark.parametrize("kind", HARD)
@pytest.mark.parametrize("n", [1, 5, 700, 1_100_000])
def test_quantiles_and_tails_of_f32_are_exact(tmp_path, kind, n):
    x = HARD[kind](n).astype(np.float32)
    if n > 100:
        x[:: n // 90] = np.resize([np.nan, np.inf, -np.inf], x[:: n // 90].size)
    row = figures(safetensors(tmp_path / "x", {"x": x})).row(0, named=True)
    finite = widened(x[np.isfinite(x)])
    assert {f"q{q:g}": row[f"q{q:g}"] for q in QUANTILES} == {f"q{q:g}": np.quantile(finite, q) for q in QUANTILES}
    assert_tails(row, finite)


@pytest.mark.parametrize("dtype", ["f64", "i32", "i64"])
@pytest.mark.parametrize("kind", HARD)
def test_tails_of_other_wide_formats_are_exact_and_quantiles_close(tmp_path, kind, dtype):
    x = (HARD[kind](300_000) * (1 if dtype == "f64" else 1000)).astype(numpy_dtype(dtype))
    row = figures(safetensors(tmp_path / "x", {"x": x})).row(0, named=True)
    values = widened(x)
    assert row["exact"] is bool(np.ptp(values) == 0)
    for q in QUANTILES:
        if abs(values).max() < 2**-126:  # all of it is zero to a sketch
            assert row[f"q{q:g}"] in {None, 0.0}
            continue
        # Relative to the value; interpolation between neighbours far apart keeps the error of the larger one.
        assert abs(row[f"q{q:g}"] - np.quantile(values, q)) <= 2**-8 * nearby(values, q) + 2**-126
    assert_tails(row, values)


def nearby(values, q):
    return max(abs(np.quantile(values, q, method=m)) for m in ("lower", "higher"))


def assert_tails(row, values):
    """Counts by the documented comparison, in f64, about the mean and std of the table."""
    for k in TAILS:
        share = np.mean(np.abs(values - row["mean"]) > k * row["std"]) if row["std"] else None
        assert row[f"tail{k:g}"] == share


def test_quantiles_of_f64_beyond_f32_are_never_wrong(tmp_path):
    x = np.concatenate([1e300 * normal(1_000), 1e-300 * normal(1_000), normal(1_000)])
    row = figures(safetensors(tmp_path / "x", {"x": x})).row(0, named=True)
    assert (row["n"], row["max"]) == (3_000, x.max())
    for q in QUANTILES:
        truth = np.quantile(x, q)
        assert row[f"q{q:g}"] is None or abs(row[f"q{q:g}"] - truth) <= 2**-8 * nearby(x, q) + 2**-126


@given(
    st.lists(st.floats(width=32), min_size=1, max_size=60),
    st.lists(st.floats(0, 1), max_size=5, unique_by=lambda q: f"{q:g}"),
)
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_quantiles_of_any_f32_are_exact(tmp_path, values, quantiles):
    x = np.array(values, np.float32)
    row = scan(safetensors(tmp_path / "x", {"x": x}), quantiles=quantiles, tails=(), clip=False).row(0, named=True)
    finite = widened(x[np.isfinite(x)]) + 0.0
    for q in quantiles:
        assert row[f"q{q:g}"] == (np.quantile(finite, q) if finite.size else None)


def test_a_thousand_quantiles_are_exact(tmp_path):
    x = np.random.default_rng(2).standard_t(2, size=50_000).astype(np.float32)
    asked = np.linspace(0, 1, 1_001).tolist()
    row = scan(safetensors(tmp_path / "x", {"x": x}), quantiles=asked, tails=(), clip=False).row(0, named=True)
    assert [row[f"q{q:g}"] for q in asked] == [np.quantile(widened(x), q) for q in asked]


def test_figures_do_not_depend_on_which_others_are_asked_for(tmp_path):
    path = safetensors(tmp_path / "x", model())
    whole = scan(path)
    for options in ({"clip": False}, {"quantiles": ()}, {"tails": ()}, {"quantiles": (), "tails": (), "clip": False}):
        part = scan(path, **options)
        kept = [name for name in part.columns if name in whole.columns]
        if not options.get("clip", True) and not options.get("quantiles", True):
            kept = [name for name in kept if name not in {"entropy", "mean_abs_dev", "kurtosis_top"}]  # need the sketch
        assert_frame_equal(part.select(kept), whole.select(kept), check_exact=True)


def model(n=3_000):
    """One tensor of every format, with NaN, infinities and whole blocks of NaN where the format has them."""
    rng = np.random.default_rng(4)
    tensors = {}
    for name in NAMES:
        kind = numpy_dtype(name)
        x = (20 * rng.standard_t(3, size=n)).clip(-100, 100)
        with np.errstate(invalid="ignore"):
            x = (np.abs(x) if name in {"u8", "f8_e8m0"} else x).astype(np.float32).astype(kind)
        if (kind.kind == "f" and kind.itemsize > 1) or name == "bf16":
            x[5:9] = np.nan
            x[9:11] = np.array([np.inf, -np.inf]).astype(kind)
        tensors[f"model.layers.{len(tensors)}.mlp.up_proj.weight"] = x.reshape(-1, 10)
    large = rng.normal(size=2 * STEP + 70_000).astype(np.float32)
    large[65_536:140_000] = np.nan
    tensors["model.norm.weight"] = large
    tensors["model.embed_tokens.weight"] = rng.normal(size=(900, 1_300)).astype(np.float64)
    tensors["lm_head.weight"] = rng.normal(size=(3_000, 1_000)).astype(np.float16)
    return tensors


@pytest.fixture(scope="module")
def big_model(tmp_path_factory):
    return safetensors(tmp_path_factory.mktemp("model") / "model.safetensors", model())


@pytest.mark.parametrize("per", ["tensor", "row", "column", "group:10"])
def test_threads_and_io_change_no_bit(big_model, per):
    options = {"per": per} if per != "group:10" else {"per": per, "io": "mmap"}
    runs = [inspected(big_model, **options, threads=threads) for threads in (1, 2, 3, 7)]
    runs += [inspected(big_model, per=per, io="pread", threads=threads) for threads in (1, 3)]
    for run in runs[1:]:
        assert_frame_equal(run, runs[0], check_exact=True)


def inspected(path, **options):
    from glotgap.weights import inspect

    return inspect(path, **options).frame


def test_runs_repeat(big_model):
    assert_frame_equal(scan(big_model, threads=3), scan(big_model, threads=3), check_exact=True)


@pytest.mark.parametrize("per", ["tensor", "row"])
def test_the_portable_kernels_give_the_same_bits(big_model, tmp_path, per):
    code = f"import sys, glotgap.weights as w; w.inspect(sys.argv[1], per={per!r}).frame.write_parquet(sys.argv[2])"
    for name, extra in (("here", {}), ("portable", {"GLOTGAP_PORTABLE": "1"})):
        environment = {k: v for k, v in os.environ.items() if k != "GLOTGAP_PORTABLE"} | extra
        subprocess.run([sys.executable, "-c", code, big_model, tmp_path / name], check=True, env=environment)
    assert_frame_equal(*(pl.read_parquet(tmp_path / name) for name in ("here", "portable")), check_exact=True)


def test_order_of_shards_and_of_tensors_changes_no_bit(tmp_path):
    tensors = model(500)
    names = list(tensors)
    one = scan(safetensors(tmp_path / "model.safetensors", tensors))
    backwards = scan(safetensors(tmp_path / "backwards.safetensors", {name: tensors[name] for name in names[::-1]}))
    shards = {f"model-{i}-of-3.safetensors": {name: tensors[name] for name in names[i::3]} for i in (2, 0, 1)}
    (tmp_path / "shards").mkdir()
    spread = scan(sharded(tmp_path / "shards", shards))
    for other in (backwards, spread):
        drop = ["model", "file"]
        a, b = (frame.drop(drop).sort("tensor") for frame in (one, other))
        assert_frame_equal(a, b, check_exact=True)


@pytest.mark.parametrize("dtype", ["f64", "f32", "f16", "bf16"])
def test_views_of_a_torch_storage_give_the_bits_of_their_copies(tmp_path, dtype):
    storage = normal(60_000).astype(numpy_dtype(dtype))
    views = {
        "dense": (0, (300, 200), (200, 1)),
        "transposed": (0, (200, 300), (1, 200)),
        "every third": (2, (19_000,), (3,)),
        "broadcast": (7, (50, 40), (0, 1)),
        "overlapping": (0, (100, 100), (1, 2)),
        "one value": (59_999, (), ()),
        "empty": (0, (0, 7), (7, 1)),
        "3-D": (11, (10, 20, 30), (1, 1_000, 10)),
    }
    path = torch_zip(tmp_path / "x.pt", {"0": storage}, {name: ("0", *view) for name, view in views.items()})
    copies = {
        name: np.ascontiguousarray(
            np.lib.stride_tricks.as_strided(storage[offset:], shape, [s * storage.itemsize for s in strides])
        ).reshape(shape)
        for name, (offset, shape, strides) in views.items()
    }
    drop = ["model", "file"]
    for per in ("tensor", "row", "column"):
        found = scan(path, per=per).drop(drop)
        assert_frame_equal(found, scan(safetensors(tmp_path / "x.st", copies), per=per).drop(drop), check_exact=True)
    assert_frame_equal(scan(path, io="pread"), scan(path), check_exact=True)


def test_a_scan_finds_the_histogram_of_a_tensor(big_model):
    for name, x in model().items():
        found = tensor_histogram(big_model, name, threads=2)
        assert found.n == np.isfinite(widened(x)).sum()
        if found.exact and found.n:
            assert found.entropy == pytest.approx(oracles.entropy(widened(x)[np.isfinite(widened(x))]), rel=1e-12)


@pytest.mark.parametrize("dtype", ["f64", "f32", "i32", "i64", "bf16"])
def test_a_scan_gives_the_bits_of_the_array(tmp_path, dtype):
    x = (100 * normal(2_500_000)).astype(numpy_dtype(dtype))
    row = scan(safetensors(tmp_path / "x", {"x": x}), clip=False, threads=3).row(0, named=True)
    found = moments(x)
    assert (row["n"], row["mean"], row["std"]) == (found.n, found.mean, found.std)
    assert (row["skew"], row["kurtosis"]) == (found.skew(), found.kurtosis())
