"""Grids and clips against loops in numpy, exhaustive search and scipy."""

import math
import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import optimize, special

from glotgap.quant import Scheme, aciq
from glotgap.quant.activations import rounded_activations
from glotgap.quant.allocation import shared_out
from glotgap.quant.clips import symmetric_clip
from glotgap.quant.grids import symmetric
from glotgap.quant.least_error import TOLERANCE, least_error_clip
from glotgap.quant.rounding import rounded, stored_bits
from glotgap.weights import histogram

RNG = np.random.default_rng(1)


@pytest.fixture(autouse=True)
def one_thread():
    """On matrices as small as these, threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


# Minimisers of Banner et al. 2019, solved elsewhere (method.md).
ACIQ_GAUSS = (1.71063520, 2.15159284, 2.55913650, 2.93620062, 3.28691456, 3.61511400, 3.92403455)
ACIQ_LAPLACE = (2.83068302, 3.89722948, 5.02864016, 6.20476631, 7.41312618, 8.64561998, 9.89675977)


@pytest.mark.parametrize("bits", range(2, 9))
def test_aciq_finds_the_published_minimisers(bits):
    # They were found by minimising, which is certain to √1e-16 of the curve only, and 1 - erf takes more off it.
    assert aciq.optimum("gauss", bits) == pytest.approx(ACIQ_GAUSS[bits - 2], abs=2e-6)
    assert aciq.optimum("laplace", bits) == pytest.approx(ACIQ_LAPLACE[bits - 2], abs=2e-6)


@pytest.mark.parametrize("bits", range(1, 9))
def test_aciq_errs_least_of_all_clips(bits):
    def gauss(a):
        density = math.sqrt(2 / math.pi) * a * math.exp(-a * a / 2)
        return (1 + a * a) * special.erfc(a / math.sqrt(2)) - density + a * a / (3 * 4**bits)

    def laplace(a):
        return 2 * math.exp(-a) + a * a / (3 * 4**bits)

    for name, law in (("gauss", gauss), ("laplace", laplace)):
        best = optimize.minimize_scalar(law, bounds=(0.1, 20), method="bounded", options={"xatol": 1e-10})
        assert aciq.error(name, bits) == pytest.approx(best.fun, rel=1e-9)
        assert aciq.error(name, bits) <= best.fun * (1 + 1e-12)


def units_of(row, scheme):
    """Cut a row into groups; the last may be shorter."""
    size = scheme.group or len(row)
    return [row[start : start + size] for start in range(0, len(row), size)]


def twin(matrix, scheme, bits=None):
    """Round to nearest by its definition, a unit at a time, in float64."""
    wide = matrix.astype(np.float64)
    rows = [wide.ravel()] if scheme.granularity == "tensor" else list(wide)
    done = []
    for index, row in enumerate(rows):
        width = scheme.bits if bits is None else bits[index]
        done.append(np.concatenate([twin_unit(x, scheme, width) for x in units_of(row, scheme)]))
    new = np.reshape(done, matrix.shape)
    return new + (wide.mean(1) - new.mean(1))[:, None] if scheme.corrects_bias else new


def twin_unit(x, scheme, bits):
    if not scheme.is_symmetric:
        low, high = x.min(), x.max()
        if scheme.percentile:
            low, high = np.percentile(x, [100 - scheme.percentile, scheme.percentile])
        low, high = min(low, 0), max(high, 0)
        step = (high - low) / (2**bits - 1) or 1
        zero = round(-low / step)
        return np.array([(min(max(round(v / step) + zero, 0), 2**bits - 1) - zero) * step for v in x])
    top = np.abs(x).max()
    clip = min(twin_clip(x, scheme, bits), top) or top
    if bits < 2:
        return np.copysign(clip / 2, x) * bits
    most = 2 ** (bits - 1) - 1
    step = clip / most or 1
    return np.array([min(max(round(v / step), -most), most) * step for v in x])


def twin_clip(x, scheme, bits):
    sigma, b = x.std(), np.abs(x - x.mean()).mean()
    gauss, laplace = sigma * aciq.optimum("gauss", bits or 1), b * aciq.optimum("laplace", bits or 1)
    errors = sigma**2 * aciq.error("gauss", bits or 1), b**2 * aciq.error("laplace", bits or 1)
    return {
        "absmax": np.abs(x).max(),
        "pct": np.percentile(np.abs(x), scheme.percentile or 100),
        "aciqgauss": gauss,
        "aciqlaplace": laplace,
        "aciq": gauss if errors[0] <= errors[1] else laplace,
    }[scheme.clip]


def agree(found, expected, x, scheme):
    """Equal but for float32: a clip off by 1e-6 of itself moves a value as much, or over the edge of a step."""
    near = np.isclose(found, expected, rtol=3e-6, atol=3e-7 * np.abs(x).max())
    assert near.mean() > 0.995, scheme
    assert np.abs(found - expected).max() <= 2.1 * np.abs(x).max() / (2 ** (scheme.bits - 1) - 1)


@pytest.mark.parametrize("granularity", ["tensor", "channel", "g16", "g7", "g100"])
@pytest.mark.parametrize(
    "options",
    ["absmax", "pct99", "pct90.5", "aciqgauss", "aciqlaplace", "aciq", "bc", "asym", "asym-pct98-bc", "aciq-bc"],
)
@pytest.mark.parametrize("bits", [2, 4, 8])
def test_rounding_is_what_a_loop_over_units_makes(granularity, options, bits):
    scheme = Scheme.parse(f"rtn{bits}-{granularity}-{options}")
    x = (RNG.standard_t(4, (12, 40)) * np.linspace(0.1, 2, 12)[:, None]).astype(np.float32)
    agree(rounded(torch.from_numpy(x), scheme).numpy(), twin(x, scheme), x, scheme)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_other_types_are_rounded_once_at_the_end(dtype):
    scheme = Scheme.parse("rtn4-g16-aciq-bc")
    x = torch.from_numpy(RNG.normal(size=(8, 64))).to(dtype)
    new = rounded(x, scheme)
    wide = rounded(x.double() if dtype == torch.float64 else x.float(), scheme)
    assert new.dtype == dtype
    assert torch.equal(new, wide.to(dtype))


def test_a_stack_of_matrices_has_a_scale_for_each():
    x = torch.from_numpy(RNG.normal(size=(3, 8, 16)) * [[[1.0]], [[10.0]], [[0.1]]]).float()
    scheme = Scheme.parse("rtn4-tensor-mse")
    together = rounded(x.reshape(24, 16), scheme, stack=3)
    assert torch.equal(together, torch.cat([rounded(one, scheme) for one in x]))
    assert stored_bits(together, scheme, stack=3) == 4 + 16 / 128


def test_what_lies_transposed_or_strided_is_rounded_as_its_copy():
    x = torch.from_numpy(RNG.normal(size=(48, 96))).float()
    scheme = Scheme.parse("rtn3-g10-mse")
    for view in (x.t(), x[::2, 3:40]):
        assert torch.equal(rounded(view, scheme), rounded(view.contiguous(), scheme))


def pieces(magnitudes, most):
    """The least error of all steps: every choice of levels that some step makes, at its own best step."""
    x = magnitudes[magnitudes > 0]
    if not len(x):
        return 0.0
    edges = np.unique(np.outer(x, 1 / (np.arange(most) + 0.5)))
    steps = np.concatenate([[edges[0] / 2], (edges[1:] + edges[:-1]) / 2])
    least = float((x * x).sum())
    for part in np.array_split(steps, max(1, len(steps) * len(x) // 1_000_000)):
        levels = np.minimum(np.rint(x / part[:, None]), most)
        best = (levels @ x) / np.maximum((levels * levels).sum(1), 1)
        least = min(least, float(np.square(x - levels * best[:, None]).sum(1).min()))
    return least


def error(x, new):
    return np.square(x.astype(np.float64) - new.astype(np.float64)).sum(-1)


def assert_nothing_errs_less(x, bits):
    """1e-3 is promised; 1e-12 of Σx² is the rounding of float32 residuals, 6e-8 of a value each."""
    units = torch.from_numpy(x)
    clip = least_error_clip(units, bits)
    found = error(x, symmetric(units, clip, bits).numpy())
    plain = error(x, symmetric(units, units.abs().amax(-1, keepdim=True), bits).numpy())
    for unit, ours, absmax in zip(x.astype(np.float64), found, plain, strict=True):
        rounding = 1e-12 * np.square(unit).sum() + 1e-60
        assert ours <= pieces(np.abs(unit), 2 ** (bits - 1) - 1) * (1 + 1e-3) + rounding
        assert ours <= absmax * (1 + 1e-3) + rounding


KINDS = {
    "normal": lambda n: RNG.normal(size=n),
    "laplace": lambda n: RNG.laplace(size=n),
    "heavy": lambda n: RNG.standard_t(1.5, size=n),
    "outlier": lambda n: np.append(RNG.normal(size=n - 1), 100),
    "few integers": lambda n: RNG.integers(-5, 6, size=n).astype(float),
    "mostly zero": lambda n: np.where(RNG.random(n) < 0.8, 0, RNG.normal(size=n)),
    "one value": lambda n: np.full(n, 0.3),
    "far from zero": lambda n: 5 + RNG.normal(size=n),
    "log-normal": lambda n: np.exp(4 * RNG.normal(size=n)),
    "powers of two": lambda n: 2.0 ** RNG.integers(-10, 10, size=n),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bits", [2, 3, 4, 6, 8])
def test_no_clip_errs_less_than_mse_by_a_thousandth(kind, bits):
    for n, units in ((3, 20), (32, 8), (128, 3)):
        if n * units * bits < 2000:
            assert_nothing_errs_less(np.stack([KINDS[kind](n) for _ in range(units)]).astype(np.float32), bits)


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 4), st.integers(1, 12)),
        elements=st.floats(-(2.0**60), 2.0**60, width=32, allow_subnormal=False),
    ),
    st.integers(2, 5),
)
def test_no_clip_errs_less_whatever_the_values(x, bits):
    assert_nothing_errs_less(x, bits)


@pytest.mark.parametrize("bits", range(2, 9))
def test_a_long_unit_errs_as_little_as_the_exact_histogram(bits):
    x = torch.from_numpy(RNG.standard_t(4, 40_000)).to(torch.bfloat16)
    exact = histogram(x)
    found = least_error_clip(x.float()[None], bits).item()
    ours, best = (exact.sqnr(bits, "sym-int", clip=clip) for clip in (found, exact.clip(bits, "sym-int")))
    assert best - ours <= 10 * math.log10(1 + TOLERANCE) + 1e-5


def test_whole_matrices_of_16_bits_get_the_exact_clip():
    for dtype in (torch.bfloat16, torch.float16):
        x = torch.from_numpy(RNG.normal(size=(64, 64))).to(dtype)
        clip = symmetric_clip(x.reshape(1, -1), Scheme.parse("rtn4-tensor-mse"), 4).item()
        assert clip == pytest.approx(histogram(x).clip(4, "sym-int"), rel=1e-6)  # it is handed on as float32


def test_a_clip_is_0_only_where_all_values_are():
    x = torch.tensor([[0.0] * 31 + [2.0], [1.0] * 32, [0.0] * 32])
    for clip in ("pct60", "aciq", "mse"):
        new = rounded(x, Scheme.parse(f"rtn4-{clip}"))
        assert torch.equal(new[:2] != 0, x[:2] != 0)
        assert torch.equal(new[2], x[2])
    assert torch.equal(rounded(x, Scheme.parse("rtn4-asym-pct60")) != 0, x != 0)


@pytest.mark.parametrize("value", [1e-45, 1e-39, 1e30])
def test_very_small_and_very_large_values_stay_finite(value):
    x = torch.tensor([[1.0, -0.3, 0.1, 0.0]]) * value
    for options in ("absmax", "pct90", "aciq", "mse", "asym", "bc"):
        new = rounded(x, Scheme.parse(f"rtn4-{options}"))
        assert new.isfinite().all()
        assert (new - x).abs().max() <= 2.5 * value


def test_bias_correction_restores_the_mean_of_each_row():
    x = torch.from_numpy(RNG.gamma(1, size=(16, 128))).float()
    plain, corrected = (rounded(x, Scheme.parse(f"rtn3-g32-aciq{options}")) for options in ("", "-bc"))
    # Rounding each value to float32 leaves some 1e-8 of the mean.
    assert (corrected.mean(1) - x.mean(1)).abs().max() < 1e-6
    assert (plain.mean(1) - x.mean(1)).abs().max() > 1e-3


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.integers(2, 8))
def test_bits_are_shared_out_by_range_and_meet_the_budget(clips, bits):
    given_ = torch.tensor(clips, dtype=torch.float64)[:, None]
    shared = shared_out(given_, bits)
    assert int(shared.sum()) == bits * len(clips)
    assert 0 <= int(shared.min()) <= int(shared.max()) <= 8
    order = given_.flatten().argsort(stable=True)
    assert (shared[order].diff()[given_.flatten()[order].diff() > 0] >= 0).all()
    alpha = given_.flatten().clamp(min=1e-300)
    free = (shared > 0) & (shared < 8)
    wish = 2 / 3 * alpha.log2() - shared
    assert not free.any() or wish[free].max() - wish[free].min() <= 1 + 1e-9  # one constant, rounded


def test_shared_bits_err_less_where_rows_differ_and_are_what_a_loop_makes():
    x = (RNG.normal(size=(24, 64)) * 2.0 ** RNG.integers(-9, 10, size=(24, 1))).astype(np.float32)
    scheme = Scheme.parse("rtn4-alloc-bc")
    bits = shared_out(torch.from_numpy(np.abs(x).max(1, keepdims=True)), 4).tolist()
    new = rounded(torch.from_numpy(x), scheme).numpy()
    assert {0, 8} & set(bits)
    np.testing.assert_allclose(new, twin(x, scheme, bits), rtol=1e-5, atol=1e-6)
    assert error(x, new).sum() < 0.5 * error(x, rounded(torch.from_numpy(x), Scheme.parse("rtn4-bc")).numpy()).sum()
    for clip in ("mse",):
        assert (
            error(x, rounded(torch.from_numpy(x), Scheme.parse(f"rtn4-alloc-{clip}")).numpy()).sum()
            < error(x, new).sum()
        )


@pytest.mark.parametrize(
    ("scheme", "bits"),
    [
        ("rtn4-tensor", 4 + 16 / 1000),
        ("rtn4-channel", 4 + 16 / 100),
        ("rtn4-g32", 4 + 4 * 16 / 100),  # 32 + 32 + 32 + 4
        ("rtn4-g32-asym", 4 + 4 * (16 + 4) / 100),
        ("rtn3-bc", 3 + 32 / 100),
        ("rtn3-alloc", 3 + 20 / 100),
    ],
)
def test_bits_count_scales_zero_points_and_corrections(scheme, bits):
    assert stored_bits(torch.empty(10, 100), Scheme.parse(scheme)) == pytest.approx(bits, rel=1e-12)


@pytest.mark.parametrize("options", ["g64-mse", "channel-aciq", "tensor-mse", "tensor-aciq-bc", "channel-alloc-aciq"])
def test_threads_change_no_bit(options):
    x = torch.from_numpy(RNG.normal(size=(96, 640))).float()
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(rounded(x, Scheme.parse(f"rtn4-{options}")))
    assert torch.equal(*found)


def test_units_do_not_depend_on_their_neighbours():
    x = torch.from_numpy(RNG.normal(size=(40, 96))).float()
    scheme = Scheme.parse("rtn4-g48-mse")
    whole = rounded(x, scheme)
    assert torch.equal(whole, torch.cat([rounded(row[None], scheme) for row in x]))


def test_activations_are_rounded_by_token_or_tensor():
    x = RNG.normal(size=(2, 5, 16)).astype(np.float32)
    for by, axis in (("token", -1), ("tensor", None)):
        top = np.abs(x).max(axis=axis, keepdims=True)
        expected = np.rint(x / (top / 127)) * (top / 127)
        np.testing.assert_allclose(rounded_activations(torch.from_numpy(x), 8, by=by).numpy(), expected, rtol=1e-5)
    assert rounded_activations(torch.zeros(0, 4), 8).shape == (0, 4)
    bad = rounded_activations(torch.tensor([[1.0, math.inf], [1.0, 0.5], [math.nan, 1.0]]), 8)
    assert bad.isnan().all(-1).tolist() == [True, False, True]


def test_mse_in_groups_is_fast():
    """Well under 0.3 s on an idle core; the limit leaves room for a busy one. The least of runs: others only add."""
    x = torch.from_numpy(RNG.normal(size=(640, 2048))).float()
    seconds = []
    for _ in range(3):
        start = time.process_time()
        rounded(x, Scheme.parse("rtn4-g64-mse"))
        seconds.append(time.process_time() - start)
    assert min(seconds) < 1.0
