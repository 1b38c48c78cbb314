"""Figures that others have published, and exact distributions: within their Monte Carlo error, or to the last digit."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from numpy.testing import assert_allclose
from scipy import special

import stats_twin as twin
from glotgap import stats

R_DATA = np.array([10, 12, 12.5, 12.5, 13.9, 15, 21, 22, 23, 34, 50, 81, 89, 121, 134, 213])  # scipy's tests, from R

LAW = (
    np.array([576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594.0]),
    np.array([3.39, 3.30, 2.81, 3.03, 3.44, 3.07, 3.00, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96]),
)  # Efron and Tibshirani 1993, table 3.1

# fmt: off
BIGCITY = (
    np.array([
        143, 104, 69, 260, 75, 63, 50, 48, 111, 50, 52, 53, 79, 57, 317, 93, 58, 80, 464, 459, 106, 57, 634, 64, 89, 77,
        60, 139, 291, 288, 85, 46, 53, 67, 115, 183, 86, 65, 113, 58, 63, 142, 64, 130, 105, 61, 50, 232, 54.0,
    ]),
    np.array([
        138, 93, 61, 179, 48, 37, 29, 23, 30, 2, 38, 46, 71, 25, 298, 74, 50, 76, 381, 387, 78, 60, 507, 50, 77, 64, 40,
        136, 243, 256, 94, 36, 45, 67, 120, 172, 66, 46, 121, 44, 64, 56, 40, 116, 87, 43, 43, 161, 36.0,
    ]),
)  # Cochran 1977: populations of cities in 1930 and 1920
# fmt: on
CITY = tuple(column[:10] for column in BIGCITY)


def exact_r_data():
    """Values and probabilities of the bootstrap distribution of the mean of R_DATA, on a grid of 0.1 of the sum."""
    sums, chances = twin.bootstrap_of_sum(np.round(R_DATA * 10).astype(int))
    return sums / 10 / len(R_DATA), chances


def quantile(values, chances, share):
    return values[np.searchsorted(np.cumsum(chances), share)]


def exact_shares():
    """BCa's: z0 from the exact distribution and the jackknife's acceleration."""
    values, chances = exact_r_data()
    below, at = (chances[np.round(values * 160).astype(int) < 8639].sum(), chances[8639])
    z0 = special.ndtri(below + at / 2)
    a = twin.acceleration([np.array([np.delete(R_DATA, i).mean() for i in range(16)])])
    moved = z0 + special.ndtri([0.025, 0.975])
    return z0, a, special.ndtr(z0 + moved / (1 - a * moved))


def test_the_twin_has_the_published_distribution():
    values, chances = exact_r_data()
    low, high = (quantile(values, chances, share) for share in (0.025, 0.975))
    z0, a, shares = exact_shares()
    assert round(R_DATA.sum() * 10) == 8639
    assert_allclose([low, high], [28.8625, 84.2375])
    assert_allclose([2 * R_DATA.mean() - high, 2 * R_DATA.mean() - low], [23.75, 79.125])
    assert_allclose([z0, a], [0.0619299, 0.0615289], atol=5e-8)
    assert_allclose([quantile(values, chances, share) for share in shares], [32.24375, 91.40], atol=5e-3)


@pytest.mark.parametrize("method", ["percentile", "basic", "BCa"])
def test_endpoints_are_the_exact_ones_within_their_error(method):
    values, chances = exact_r_data()
    shares = exact_shares()[2] if method == "BCa" else [0.025, 0.975]
    low, high = (quantile(values, chances, share) for share in shares)
    if method == "basic":
        low, high = 2 * R_DATA.mean() - high, 2 * R_DATA.mean() - low
    result = stats.bootstrap(R_DATA, "mean", method=method, n_resamples=200_000, rng=1)
    errors = np.array(result.mc_error)
    assert (errors > 0).all()
    assert (errors < 0.2).all()
    assert (np.abs(np.array(result.confidence_interval) - [low, high]) < 5 * errors + 0.1 / 16).all()
    if method == "BCa":
        assert_allclose(result.acceleration, 0.0615289, atol=5e-8)
        assert_allclose(result.z0, 0.0619299, atol=5 * math.sqrt(0.25 / 200_000) / 0.4)


def test_acceleration_of_two_samples():
    """scipy's reference (pull request 16455), for the mouse data of Efron and Tibshirani 1993."""
    z = [16.0, 23, 38, 94, 99, 141, 197]
    y = [10.0, 27, 31, 40, 46, 50, 52, 104, 146]
    result = stats.bootstrap((z, y), "mean_difference", rng=1)
    assert_allclose(result.acceleration, 0.011008228344026734, rtol=1e-12)


def test_acceleration_of_the_law_school_correlation():
    assert_allclose(stats.bootstrap(LAW, "pearson", paired=True, rng=1).acceleration, -0.0756716, atol=5e-8)


ABC = [
    pytest.param(CITY, "ratio_of_sums", (1.261824152, 2.078085038), id="city"),
    pytest.param(BIGCITY, "ratio_of_sums", (1.182688732, 1.321107869), id="bigcity"),
    pytest.param(LAW, "pearson", (0.337971167, 0.942070516), id="law"),
]


@pytest.mark.parametrize(("data", "name", "published"), ABC)
def test_bca_is_near_the_abc_interval_of_r(data, name, published):
    """ABC (DiCiccio and Efron 1992) approximates BCa without resampling; R's boot::abc.ci, 95 %."""
    result = stats.bootstrap(data, name, paired=True, n_resamples=50_000, rng=1)
    width = published[1] - published[0]
    assert_allclose(result.confidence_interval, published, atol=0.03 * width)


MAIZE = np.array([49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48.0])  # Darwin 1876, in eighths of an inch
HAMILTON = (
    [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30],
    [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29],
)  # Hollander and Wolfe 1973: depression scores before and after
ROTAROD = ([22, 300, 75, 271, 300, 18, 300, 300, 163, 300, 300, 300], [300] * 12)  # R's coin: seconds


def test_darwins_maize():
    result = stats.permutation_test(MAIZE, "sum", permutation_type="samples", alternative="greater", n_resamples=np.inf)
    assert result.exact
    assert result.pvalue == 863 / 32768


def test_hamiltons_depression_scores():
    differences = [x - y for x, y in zip(*HAMILTON, strict=True)]
    assert twin.signs_p([round(value, 3) for value in differences])[1] == 0.013671875
    options = {"permutation_type": "samples", "alternative": "greater"}
    assert stats.permutation_test(differences, "mean", **options).pvalue == 0.013671875
    assert stats.permutation_test(HAMILTON, "mean_difference", **options).pvalue == 0.013671875


def test_rotarod():
    options = {"n_resamples": np.inf}
    raw = stats.permutation_test(ROTAROD, "mean_difference", **options)
    assert raw.exact
    assert_allclose(raw.pvalue, 0.0372670807453, rtol=1e-11)
    ranks = stats.permutation_test(ROTAROD, "auc", alternative="less", **options)
    assert_allclose(ranks.pvalue, 0.0186335404, rtol=1e-8)


@pytest.mark.parametrize(("alternative", "p"), [("less", 0.9708333), ("greater", 0.0513889), ("two-sided", 0.1027778)])
def test_spearman_of_six(alternative, p):
    x = [1.76405235, 0.40015721, 0.97873798, 2.2408932, 1.86755799, -0.97727788]
    y = [2.71414076, 0.2488, 0.87551913, 2.6514917, 2.01160156, 0.47699563]
    result = stats.permutation_test((x, y), "spearman", permutation_type="pairings", alternative=alternative)
    assert result.exact
    assert_allclose(result.pvalue, p, atol=5e-8)


NIST = {  # StRD, univariate: certified mean and standard deviation
    "NumAcc1": ([10000001, 10000003, 10000002], 10000002, 1),
    "NumAcc2": ([1.2, *[1.1, 1.3] * 500], 1.2, 0.1),
    "NumAcc3": ([1000000.2, *[1000000.1, 1000000.3] * 500], 1000000.2, 0.1),
    "NumAcc4": ([10000000.2, *[10000000.1, 10000000.3] * 500], 10000000.2, 0.1),
}


@pytest.mark.parametrize("name", NIST)
def test_certified_means_and_deviations(name):
    values, mean, deviation = NIST[name]
    found = stats.bootstrap(values, "mean", method="percentile", rng=1, n_resamples=9).estimate
    spread = stats.bootstrap(values, "std(1)", method="percentile", rng=1, n_resamples=9).estimate
    assert_allclose(found, mean, rtol=1e-15)
    exact = [Fraction(value) for value in values]  # of the floats, which are not the decimals
    center = sum(exact) / len(exact)
    assert_allclose(spread, math.sqrt(sum((v - center) ** 2 for v in exact) / (len(exact) - 1)), rtol=1e-14)
    assert_allclose(spread, deviation, rtol=1e-7)


DATA_OF_SCIPY = Path(scipy.stats.__file__).parent / "tests" / "data"


def after_data(lines: list[str]) -> list[str]:
    """Return the lines of numbers, below the last heading of that name."""
    last = max(at for at, line in enumerate(lines) if line.startswith("Data:"))
    return [line for line in lines[last + 1 :] if line.strip()]


@pytest.mark.parametrize("path", sorted((DATA_OF_SCIPY / "nist_anova").glob("*.dat")), ids=lambda path: path.stem)
def test_certified_f_of_one_way_layouts(path):
    """StRD, analysis of variance, from the files that scipy's wheel holds; the hardest have 13 constant digits."""
    lines = path.read_text(encoding="utf-8").splitlines()
    certified = next(float(line.split()[-1]) for line in lines if line.startswith("Between"))
    rows = [line.split() for line in after_data(lines)]
    groups = {label: [float(y) for key, y in rows if key == label] for label in dict(rows)}
    found = stats.bootstrap(list(groups.values()), "f_oneway", method="percentile", n_resamples=9, rng=1).estimate
    constant = next(int(line.split()[-4]) for line in lines if "Constant Leading Digit" in line)
    assert_allclose(found, certified, rtol=max(1e-9, 10.0 ** (constant - 15)))


def test_certified_slope_of_norris():
    lines = (DATA_OF_SCIPY / "nist_linregress" / "Norris.dat").read_text(encoding="utf-8").splitlines()
    y, x = zip(*([float(value) for value in line.split()] for line in after_data(lines)), strict=True)
    found = stats.bootstrap((x, y), "slope", paired=True, method="percentile", n_resamples=9, rng=1).estimate
    assert_allclose(found, 1.00211681802045, rtol=1e-13)
