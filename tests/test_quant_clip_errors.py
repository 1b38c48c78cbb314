"""Clips and what they cost each language: tables against loops, choices against brute force."""

import itertools
import math

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from clip_twin import loop

from quant_models import torch  # isort: skip

from glotgap.quant.clip_choice import minimax, own, shared, totals
from glotgap.quant.clip_errors import RATIOS, clip_errors, norms
from glotgap.quant.generalized_gaussian import best_clip, kurtosis_of, shape_of
from glotgap.quant.grids import symmetric
from glotgap.quant.protection import protected

RNG = np.random.default_rng(1)
SINGLE = 2e-5  # sums of float32 products
LANGUAGES = ("deu", "eng", "heb")


# ---- tables of errors --------------------------------------------------------------------------------------------


def matrix_of(rows=5, width=20):
    made = RNG.standard_t(4, size=(rows, width)).astype(np.float32)
    made[2] = 0
    return made


@pytest.mark.parametrize(("group", "rows"), [(None, False), (None, True), (8, True), (16, True)])
@pytest.mark.parametrize("bits", [2, 4])
def test_errors_are_those_of_a_loop(bits, group, rows):
    matrix, second = matrix_of(), RNG.gamma(1.0, size=(3, 20))
    second[:, 7] = 0
    second[2] = 0  # a language whose inputs are all 0
    found = clip_errors(torch.from_numpy(matrix), torch.from_numpy(second), bits, group, rows=rows)
    wanted = loop(matrix.astype(np.float64), second, bits, group, rows=rows)
    assert found.errors.shape == wanted.shape
    assert found.errors.numpy() == pytest.approx(wanted, rel=1e-3, abs=SINGLE)  # ties of float32 steps may fall apart


@pytest.mark.parametrize(("group", "rows"), [(None, False), (8, True)])
def test_the_start_counts_by_its_share(group, rows):
    matrix, second, start = matrix_of(), RNG.gamma(1.0, size=(3, 20)), RNG.gamma(1.0, size=20)
    given = [torch.from_numpy(part) for part in (matrix, second, start)]
    found = clip_errors(*given[:2], 3, group, rows=rows, start=given[2], share=0.2)
    texts = loop(matrix.astype(np.float64), second, 3, group, rows=rows)
    first = loop(matrix.astype(np.float64), start[None], 3, group, rows=rows)
    assert found.errors.numpy() == pytest.approx(0.8 * texts + 0.2 * first, rel=1e-3, abs=SINGLE)
    idle = clip_errors(*given[:2], 3, group, rows=rows, start=torch.zeros(20), share=0.2)
    assert torch.equal(idle.errors, clip_errors(*given[:2], 3, group, rows=rows).errors)


def test_a_weight_that_only_the_start_meets_is_not_clipped():
    matrix, second, start = torch.full((1, 8), 1.0), torch.ones(2, 8), torch.zeros(8)
    matrix[0, 3], second[:, 3], start[3] = 9.0, 0.0, 1e6
    without = clip_errors(matrix, second, 8, None, rows=True)
    given = clip_errors(matrix, second, 8, None, rows=True, start=start, share=0.1)
    shares = torch.tensor([0.5, 0.5])
    assert RATIOS[shared(without.errors, shares)[0]] < 0.5
    assert RATIOS[shared(given.errors, shares)[0]] > 0.9


@pytest.mark.parametrize("slices", [1, 7])
def test_slices_of_rows_change_nothing(slices, monkeypatch):
    matrix, second = torch.from_numpy(matrix_of(20)), torch.from_numpy(RNG.gamma(1.0, size=(2, 20)))
    for group, rows in ((None, True), (8, True), (None, False)):
        whole = clip_errors(matrix, second, 3, group, rows=rows)
        monkeypatch.setattr("glotgap.quant.clip_errors._SLICE", 20 * slices)
        found = clip_errors(matrix, second, 3, group, rows=rows)
        monkeypatch.undo()
        assert torch.equal(found.absmax, whole.absmax)
        assert found.errors.numpy() == pytest.approx(whole.errors.numpy(), rel=1e-6, abs=1e-9)


def test_the_error_is_that_of_the_output():
    matrix, second = torch.from_numpy(matrix_of(6, 16)), torch.from_numpy(RNG.gamma(1.0, size=(2, 16)))
    found = clip_errors(matrix, second, 3, None, rows=True)
    for at in (0, 11, 40):
        rounded = symmetric(matrix, (found.absmax * RATIOS[at])[:, None], 3).double()
        for language, moment in enumerate(second):
            off = matrix.double() - rounded
            wanted = torch.trace(off @ moment.diag() @ off.T) / torch.trace(
                matrix.double() @ moment.diag() @ matrix.double().T
            )
            assert found.errors[:, at, language].sum().item() == pytest.approx(wanted.item(), rel=1e-4)
    assert norms(matrix, second)[1].item() == pytest.approx(
        torch.trace(matrix.double() @ second[1].diag() @ matrix.double().T).item()
    )


@pytest.mark.parametrize("draw", ["normal", "laplace", "outliers"])
@pytest.mark.parametrize(("bits", "off"), [(2, 3e-3), (3, 3e-3), (4, 6e-3), (6, 1e-2), (8, 2e-2)])
def test_the_list_of_clips_costs_little(draw, bits, off):
    values = RNG.normal(size=(4, 1024)) if draw != "laplace" else RNG.laplace(size=(4, 1024))
    if draw == "outliers":
        values[:, 0] = 24.0  # the best clip of 2 bits is a twentieth of absmax
    matrix = torch.from_numpy(values).float()
    found = clip_errors(matrix, torch.ones(1, 1024), bits, None, rows=True).errors[:, :, 0]
    norm = (values**2).sum()
    for row, errors in zip(values, found.amin(1).tolist(), strict=True):
        top, levels = np.abs(row).max(), 2 ** (bits - 1) - 1
        steps = top * np.geomspace(0.01, 1, 3000)[:, None] / levels
        rounded = np.clip(np.round(row / steps), -levels, levels) * steps
        least = ((rounded - row) ** 2).sum(1).min() / norm
        assert errors <= least * (1 + off)


def test_where_nothing_is_read_nothing_is_clipped():
    matrix, second = torch.from_numpy(matrix_of()), torch.zeros(2, 20)
    errors = clip_errors(matrix, second, 4, 10, rows=True).errors
    for choice in (shared(errors, torch.tensor([0.5, 0.5])), own(errors, 1), minimax(errors)):
        assert not choice.any()  # the first of RATIOS
    assert RATIOS[0] == 1.0


# ---- choices -----------------------------------------------------------------------------------------------------


def test_choices_are_the_least_of_the_table():
    errors = torch.from_numpy(RNG.random((9, 12, 3))).float()
    shares = torch.tensor([0.2, 0.3, 0.5])
    every = torch.arange(9)
    assert errors[every, own(errors, 1), 1].tolist() == errors[:, :, 1].amin(1).tolist()
    assert (errors @ shares)[every, shared(errors, shares)].tolist() == (errors @ shares).amin(1).tolist()
    assert totals(errors, own(errors, 0))[2].item() == pytest.approx(errors[every, own(errors, 0), 2].sum().item())


def test_minimax_is_never_worse_for_the_worst_language_than_shared():
    for _ in range(100):
        units, clips, languages = RNG.integers(1, 40), RNG.integers(1, 30), RNG.integers(1, 6)
        errors = torch.from_numpy(RNG.gamma(0.5, size=(units, clips, languages))).float()
        alike = torch.full((int(languages),), 1 / int(languages))
        assert totals(errors, minimax(errors)).max() <= totals(errors, shared(errors, alike)).max()


def test_minimax_is_near_the_best_of_all_choices():
    excess = []
    every = torch.tensor(list(itertools.product(range(4), repeat=5)))
    for _ in range(60):
        errors = torch.from_numpy(RNG.random((5, 4, 3))).float()
        least = errors[torch.arange(5), every].sum(1).amax(1).min().item()
        found = totals(errors, minimax(errors)).max().item()
        assert found >= least - 1e-6
        excess.append((found - least) / errors.mean(1).amax().item())
    assert max(excess) < 1  # by one unit's error at most, of tables that know no order
    assert np.mean(excess) < 0.15


def test_minimax_of_one_unit_is_the_best_clip():
    for _ in range(50):
        errors = torch.from_numpy(RNG.random((1, 30, 4))).float()
        assert errors[0, minimax(errors)[0]].max() == errors[0].amax(1).min()


def test_protection_keeps_its_budget_and_beats_chance():
    beaten = []
    for _ in range(40):
        few = torch.from_numpy(RNG.gamma(1.0, size=(12, 3)))
        many, sizes = few / 200, torch.from_numpy(RNG.integers(1, 9, 12))
        taken = protected(few, many, sizes, 0.4)
        spent = sizes[taken].sum().item()
        assert spent <= 0.4 * sizes.sum().item()
        left = worst(few, many, taken)
        others = [worst(few, many, other) for other in choices(sizes.numpy(), spent, 200)]
        beaten.append(np.mean([left <= other for other in others]))
    assert min(beaten) >= 0.95
    assert np.mean(beaten) > 0.995


def worst(few, many, taken):
    return torch.where(taken[:, None], many, few).sum(0).max().item()


def choices(sizes, most, count):
    """Random choices that spend no more, filled up in random order."""
    for _ in range(count):
        taken, left = np.zeros(len(sizes), bool), most
        for at in RNG.permutation(len(sizes)):
            if sizes[at] <= left:
                taken[at], left = True, left - sizes[at]
        yield torch.from_numpy(taken)


def test_protection_is_near_the_best_choice():
    for _ in range(20):
        few = torch.from_numpy(RNG.gamma(1.0, size=(8, 2)))
        many, sizes = few / 100, torch.from_numpy(RNG.integers(1, 5, 8))
        budget = 0.5 * sizes.sum().item()
        every = (torch.tensor(choice) for choice in itertools.product([False, True], repeat=8))
        least = min(worst(few, many, choice) for choice in every if sizes[choice].sum().item() <= budget)
        assert least <= worst(few, many, protected(few, many, sizes, 0.5)) <= least + few.amax().item()
    nothing = protected(few, many, sizes, 0.0)
    assert not nothing.any()


# ---- the generalised Gaussian ------------------------------------------------------------------------------------

GAUSS = [1.71063520, 2.15159284, 2.55913650, 2.93620062, 3.28691456, 3.61511400, 3.92403455]
LAPLACE = [2.83068302, 3.89722948, 5.02864016, 6.20476631, 7.41312618, 8.64561998, 9.89675977]


@pytest.mark.parametrize("bits", range(2, 9))
def test_the_published_minimisers_are_found(bits):
    assert best_clip(0.0, bits) == pytest.approx(GAUSS[bits - 2], abs=1e-6)
    assert best_clip(3.0, bits) * math.sqrt(2) == pytest.approx(LAPLACE[bits - 2], abs=1e-6)  # in b = σ/√2


@pytest.mark.parametrize(("kurtosis", "bits"), [(-0.8, 3), (1.0, 4), (8.0, 2), (40.0, 5)])
def test_the_clip_minimises_the_integral(kurtosis, bits):
    shape = shape_of(kurtosis)
    law = stats.gennorm(shape)
    law = stats.gennorm(shape, scale=1 / law.std())

    def error(clip):
        beyond, _ = integrate.quad(lambda x: (x - clip) ** 2 * law.pdf(x), clip, np.inf)
        return 2 * beyond + clip**2 / (3 * 4**bits)

    clip = best_clip(kurtosis, bits)
    least = optimize.minimize_scalar(error, bracket=(0.9 * clip, 1.1 * clip), tol=1e-10).x
    assert clip == pytest.approx(least, rel=1e-4)  # where the slope is 0 the error is flat


@pytest.mark.parametrize("shape", [0.3, 0.5, 1.0, 1.5, 2.0, 5.0, 20.0])
def test_kurtosis_is_that_of_the_law(shape):
    assert kurtosis_of(shape) == pytest.approx(float(stats.gennorm(shape).stats("k")), rel=1e-9, abs=1e-9)
    assert shape_of(kurtosis_of(shape)) == pytest.approx(shape, rel=1e-9)


def test_kurtosis_is_that_of_draws():
    drawn = stats.gennorm(1.5).rvs(400_000, random_state=1)
    assert kurtosis_of(1.5) == pytest.approx(stats.kurtosis(drawn), abs=0.05)  # some 4 standard errors


def test_heavier_tails_are_clipped_farther_out_up_to_the_limit():
    grid = np.linspace(-1.1, 60, 20)
    for bits in (3, 4, 8):  # with 2 bits the clip of heavy tails comes back in
        clips = [best_clip(float(kurtosis), bits) for kurtosis in grid]
        assert (np.diff(clips) > 0).all()
    shapes = [shape_of(float(kurtosis)) for kurtosis in grid]
    assert (np.diff(shapes) < 0).all()
    assert shape_of(1e6) == pytest.approx(0.3)
    assert shape_of(-1.3) == pytest.approx(20.0)
    assert best_clip(1e6, 4) == pytest.approx(best_clip(kurtosis_of(0.3), 4), rel=1e-6)
