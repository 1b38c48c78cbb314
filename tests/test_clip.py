"""The clip of least error against an exhaustive search; the error itself against its definition; ACIQ's tables."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glotgap
import oracles
from glotgap.weights import histogram, scan
from writers import numpy_dtype, safetensors, widened

BOTH = [(bits, grid) for bits in oracles.BITS for grid in oracles.GRIDS]
COLUMN = {"mid-rise": "midrise", "sym-int": "symint"}

# Minima of Banner et al. 2019 with noise α²/(3·4^M), solved elsewhere; clips in units of σ and of b.
ACIQ_GAUSS = (1.7106351681, 2.1515927447, 2.5591364620, 2.9362006121, 3.2869142152, 3.6151142153, 3.9240354899)
ACIQ_LAPLACE = (2.8306829894, 3.8972294649, 5.0286401362, 6.2047663340, 7.4131262138, 8.6456199840, 9.8967597700)

# Best clips of N(0, 1): Max 1960 for mid-rise.
NORMAL = {
    "mid-rise": (1.9914, 2.3441, 2.6816, 3.0102, 3.3300, 3.6395, 3.9376),
    "sym-int": (1.2240, 1.9523, 2.4739, 2.8987, 3.2701, 3.6075, 3.9205),
}


def drawn(kind, n, rng):
    x = {
        "normal": lambda: rng.normal(size=n),
        "heavy": lambda: rng.standard_t(1.5, size=n),
        "laplace": lambda: rng.laplace(size=n),
        "uniform": lambda: rng.uniform(size=n),
        "even": lambda: (np.arange(n) + rng.random()) / n,
        "few integers": lambda: rng.integers(-5, 6, size=n),
        "integers": lambda: np.round(rng.normal(size=n) * rng.integers(1, 100)),
        "mostly zero": lambda: np.where(rng.random(n) < 0.7, 0, rng.normal(size=n)),
        "one outlier": lambda: np.append(rng.normal(size=n), 10 ** rng.uniform(0, 4)),
        "log-normal": lambda: np.exp(rng.normal(size=n) * rng.uniform(0, 6)),
        "three values": lambda: rng.choice(rng.normal(size=3), size=n),
        "powers of two": lambda: 2.0 ** rng.integers(-10, 10, size=n),
        "far from zero": lambda: 1 + rng.normal(size=n) * 10 ** rng.uniform(-4, 0),
        "noisy codes": lambda: rng.integers(-127, 128, size=n) + rng.normal(size=n) * rng.uniform(0, 0.3),
    }[kind]()
    return np.clip(x, -6e4, 6e4)


KINDS = (
    "normal", "heavy", "laplace", "uniform", "even", "few integers", "integers", "mostly zero", "one outlier",
    "log-normal", "three values", "powers of two", "far from zero", "noisy codes",
)  # fmt: skip
WORST = 1 + 1e-9
"""The most by which the error found may exceed the least there is: what clip.rs promises."""
NOTHING = 1e-24
"""Errors below this share of Σx² are rounding."""


def assert_no_clip_is_better(x, quantizers):
    found, energy = histogram(x), math.fsum(widened(x) ** 2)
    for bits, grid in quantizers if energy else ():
        error = oracles.error(widened(x), found.clip(bits, grid), bits, grid)
        _, least = oracles.best_clip(widened(x), bits, grid)
        assert error <= least * WORST + NOTHING * energy, (bits, grid)
        assert error >= least * (1 - 1e-9) - NOTHING * energy, (bits, grid)  # else the oracle would be no oracle


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(8))
def test_no_clip_is_better(kind, seed):
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    assert_no_clip_is_better(drawn(kind, rng.integers(1, 61), rng).astype(np.float16), BOTH)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("dtype", "n"), [("bf16", 300), ("f16", 700), ("bf16", 1_400), ("f16", 2_000)])
def test_no_clip_is_better_where_values_are_many(kind, dtype, n):
    rng = np.random.default_rng([n, KINDS.index(kind)])
    x = drawn(kind, n, rng).astype(np.float32).astype(numpy_dtype(dtype))
    assert_no_clip_is_better(x, [(8, rng.choice(oracles.GRIDS)), (int(rng.integers(2, 8)), rng.choice(oracles.GRIDS))])


@given(st.integers(1, 2_000), st.integers(1, 20), st.integers(1, 20))
def test_no_clip_is_better_for_one_magnitude_among_zeros(value, n, zeros):
    # Best is the highest level or the lowest: the ends of the search.
    x = np.array([value] * n + [0] * zeros, np.int16)
    assert_no_clip_is_better(x, [(2, "mid-rise"), (5, "mid-rise"), (8, "mid-rise")])


@pytest.mark.parametrize("step", [1, 7])
@pytest.mark.parametrize("first", [0, 3, 5_000])
def test_no_clip_is_better_for_a_lattice(step, first):
    x = (first + step * np.arange(1_400)).astype(np.int16)
    assert_no_clip_is_better(x, [(5, "mid-rise"), (8, "mid-rise"), (6, "sym-int"), (8, "sym-int")])


@pytest.mark.parametrize(("bits", "grid"), BOTH)
@pytest.mark.parametrize("dtype", ["bf16", "f16", "f8_e4m3fn", "i8"])
def test_sqnr_is_that_of_the_definition(bits, grid, dtype):
    rng = np.random.default_rng(bits)
    x = (10 * rng.standard_t(4, size=3_000)).astype(np.float32).astype(numpy_dtype(dtype))
    found, values = histogram(x), widened(x)
    for clip in (None, 0.1, 1.0, 30.0, 1e4):
        truth = oracles.sqnr(values, found.clip(bits, grid) if clip is None else clip, bits, grid)
        sqnr = found.sqnr(bits, grid, clip=clip)
        # Above 260 dB nothing is left but the rounding of the clip itself, which is reported as infinite.
        assert math.isclose(sqnr, truth, rel_tol=1e-12, abs_tol=1e-11) or (truth > 260 and sqnr == math.inf)


@pytest.mark.parametrize("grid", oracles.GRIDS)
def test_best_clips_of_a_gaussian_are_those_of_the_literature(grid):
    statistics = pytest.importorskip("scipy.stats")
    half = statistics.norm.isf((np.arange(1_000_000) + 0.5) / 2_000_000)
    found = histogram(np.concatenate([half, -half]).astype(np.float16))
    for bits, clip in zip(oracles.BITS, NORMAL[grid], strict=True):
        # The minimum is flat: 1e-3 of the clip is 1e-6 of the error. f16 itself has steps of 2^-11 to 2^-10.
        assert math.isclose(found.clip(bits, grid), clip, rel_tol=2e-3 if bits < 7 else 6e-3)
        at_table = found.sqnr(bits, grid, clip=clip)
        assert at_table - 1e-5 <= found.sqnr(bits, grid) <= at_table + 2e-3  # dB: neighbouring teeth differ by so much


def test_aciq_clips_are_those_of_the_paper(tmp_path):
    x = np.random.default_rng(0).normal(size=2_000).astype(np.float16)
    row = scan(safetensors(tmp_path / "x", {"x": x})).row(0, named=True)
    for bits, gauss, laplace in zip(oracles.BITS, ACIQ_GAUSS, ACIQ_LAPLACE, strict=True):
        assert abs(row[f"aciq{bits}_gauss"] / row["std"] - gauss) < 1e-9  # the digits written above
        assert abs(row[f"aciq{bits}_laplace"] / row["mean_abs_dev"] - laplace) < 1e-9


def aciq_error(family, a, bits):
    noise = a * a / (3 * 4**bits)
    if family == "laplace":
        return 2 * math.exp(-a) + noise
    density = math.sqrt(2 / math.pi) * math.exp(-a * a / 2)
    return (1 + a * a) * math.erfc(a / math.sqrt(2)) - a * density + noise


@pytest.mark.parametrize("draw", ["normal", "laplace", "standard_cauchy", "uniform"])
def test_aciq_chooses_the_family_with_less_analytic_error(tmp_path, draw):
    x = getattr(np.random.default_rng(0), draw)(size=20_000).clip(-100, 100).astype(np.float16)
    row = scan(safetensors(tmp_path / "x", {"x": x})).row(0, named=True)
    chosen = set()
    for bits, gauss, laplace in zip(oracles.BITS, ACIQ_GAUSS, ACIQ_LAPLACE, strict=True):
        errors = {
            "gauss": row["std"] ** 2 * aciq_error("gauss", gauss, bits),
            "laplace": row["mean_abs_dev"] ** 2 * aciq_error("laplace", laplace, bits),
        }
        least = min(errors, key=errors.get)
        chosen.add(least)
        assert row[f"aciq{bits}"] == row[f"aciq{bits}_{least}"]
    assert draw == "laplace" or chosen == {"laplace" if draw == "standard_cauchy" else "gauss"}


def test_a_scan_and_a_histogram_tell_the_same(tmp_path):
    x = np.random.default_rng(1).laplace(size=5_000).astype(np.float16)
    row = scan(safetensors(tmp_path / "x", {"x": x})).row(0, named=True)
    found = histogram(x)
    for bits, grid in BOTH:
        assert row[f"clip{bits}_{COLUMN[grid]}"] == found.clip(bits, grid)
        assert row[f"sqnr{bits}_{COLUMN[grid]}"] == found.sqnr(bits, grid)
    for bits in oracles.BITS:
        for family in ("gauss", "laplace"):
            clip = row[f"aciq{bits}_{family}"]
            assert row[f"aciq{bits}_{family}_sqnr"] == found.sqnr(bits, "mid-rise", clip=clip)
            assert row[f"aciq{bits}_{family}_sqnr"] <= row[f"sqnr{bits}_midrise"]


@pytest.mark.parametrize("draw", ["normal", "laplace", "standard_cauchy"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_sketch_comes_close_to_the_exact_clip(draw, dtype):
    x = getattr(np.random.default_rng(2), draw)(size=100_000).clip(-1e4, 1e4).astype(np.float16)  # exact in f32 too
    exact, sketch = histogram(x), histogram(x.astype(dtype))
    for bits, grid in BOTH:
        best = exact.sqnr(bits, grid)
        assert best - exact.sqnr(bits, grid, clip=sketch.clip(bits, grid)) < 0.02  # dB lost by using the sketch's clip
        assert abs(sketch.sqnr(bits, grid) - best) < 0.05  # dB by which the sketch misjudges what is left


@pytest.mark.parametrize("dtype", ["f16", "bf16", "i8", "u8", "bool", "f32", "f64", "f8_e5m2"])
def test_zeros_have_no_clip(tmp_path, dtype):
    x = np.zeros((3, 5), numpy_dtype(dtype))
    found = histogram(x)
    row = scan(safetensors(tmp_path / "x", {"x": x})).row(0, named=True)
    for bits, grid in BOTH:
        assert found.clip(bits, grid) is found.sqnr(bits, grid) is found.sqnr(bits, grid, clip=1.0) is None
        assert row[f"clip{bits}_{COLUMN[grid]}"] is row[f"sqnr{bits}_{COLUMN[grid]}"] is None
        assert row[f"aciq{bits}_gauss"] is row[f"aciq{bits}"] is None


@given(st.floats(2**-10, 60_000, width=16), st.integers(1, 1_000))
def test_one_magnitude_is_quantized_without_loss(value, n):
    for x in (np.full(n, value, np.float16), np.array([value, -value] * n, np.float16)):
        assert {histogram(x).sqnr(bits, grid) for bits, grid in BOTH} == {math.inf}


@given(st.floats(2**-10, 60_000, width=16))
def test_plus_minus_and_zero_are_quantized_without_loss_on_the_integer_grid(value):
    x = np.array([value, 0, -value, 0], np.float16)
    assert {histogram(x).sqnr(bits, "sym-int") for bits in oracles.BITS} == {math.inf}


@pytest.mark.parametrize("bits", oracles.BITS)
@pytest.mark.parametrize("scale", [1, 2, 3])
def test_integer_codes_are_recognised(bits, scale):
    top = 2 ** (bits - 1) - 1
    codes = np.clip(np.round(np.random.default_rng(bits).normal(size=5_000) * top / 3), -top, top)
    x = (scale * codes).astype(np.int16)
    assert histogram(x).sqnr(bits, "sym-int") == math.inf
    x = (scale * (2 * codes + 1)).astype(np.int16)
    assert histogram(x[x < 2 * scale * top]).sqnr(bits, "mid-rise") == math.inf


def test_clips_follow_the_unit():
    x = np.random.default_rng(3).normal(size=3_000).astype(np.float16)
    one, other = histogram(x.astype(np.float32)), histogram(x.astype(np.float32) * 2.0**-60)
    for bits, grid in BOTH:
        assert math.isclose(other.clip(bits, grid), one.clip(bits, grid) * 2.0**-60, rel_tol=1e-9)
        assert math.isclose(other.sqnr(bits, grid), one.sqnr(bits, grid), rel_tol=1e-9)


@pytest.mark.parametrize("bits", [-1, 0, 1, 9, 2**40])
def test_other_bit_widths_are_refused(bits):
    with pytest.raises(glotgap.BadArgumentError, match="2 to 8"):
        histogram(np.ones(3, np.int8)).clip(bits)


def test_other_grids_are_refused():
    with pytest.raises(glotgap.BadArgumentError, match="mid-rise"):
        histogram(np.ones(3, np.int8)).sqnr(4, "midrise")


@pytest.mark.parametrize("clip", [0.0, -1.0, math.inf, math.nan])
def test_a_clip_that_is_none_has_no_sqnr(clip):
    assert histogram(np.ones(3, np.int8)).sqnr(4, clip=clip) is None
