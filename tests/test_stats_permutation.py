"""Permutation tests: exact p by every rearrangement, random ones that are uniform, and what may be asked beside p."""

import itertools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats as scipy_stats

import stats_twin as twin
from glotgap import BadArgumentError, stats

RNG = np.random.default_rng(8)
X, Y, Z = RNG.normal(size=5), RNG.normal(size=4) + 0.5, RNG.normal(size=3)
PAIRS = tuple(RNG.normal(size=(2, 6)))
TIES = ([1, 2, 2, 4, 4.0], [2, 2, 3, 1.0])
LEFT_OUT = {"mean_ratio", "log_ratio"}  # of data with negative means

OF_TWO = [(name, f) for name, f in twin.OF_TWO.items() if name not in LEFT_OUT]


def difference(x, y, axis):
    return x.mean(axis) - y.mean(axis)


def splits(*samples):
    """Every way to deal the pool to samples of these sizes."""
    pool = np.concatenate(samples)

    def deal(left, sizes):
        if not sizes:
            yield ()
            return
        for chosen in itertools.combinations(left, sizes[0]):
            rest = [place for place in left if place not in chosen]
            yield from ((pool[list(chosen)], *others) for others in deal(rest, sizes[1:]))

    return deal(list(range(len(pool))), [len(sample) for sample in samples])


def p_of(values, observed, alternative):
    values = np.array(values)
    gamma = 100 * np.finfo(float).eps * abs(observed)
    less, greater = (values <= observed + gamma).mean(), (values >= observed - gamma).mean()
    return {"less": less, "greater": greater, "two-sided": min(1, 2 * min(less, greater))}[alternative]


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")  # splits without spread, in scipy's t
@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize("data", [(X, Y), TIES], ids=["distinct", "ties"])
@pytest.mark.parametrize(("name", "slow"), OF_TWO)
def test_dealing_every_way_gives_the_exact_p(name, slow, data, alternative):
    samples = [np.array(sample) for sample in data]
    values = [slow(*dealt) for dealt in splits(*samples)]
    result = stats.permutation_test(data, name, alternative=alternative)
    assert result.exact
    assert result.mc_error == 0
    assert_allclose(result.statistic, slow(*samples), rtol=1e-12)
    assert_allclose(result.pvalue, p_of(values, slow(*samples), alternative), rtol=1e-12)


@pytest.mark.parametrize(("name", "slow"), twin.OF_MANY.items())
def test_dealing_to_three_samples(name, slow):
    values = [slow(*dealt) for dealt in splits(X[:2], Y[:3], Z)]
    result = stats.permutation_test((X[:2], Y[:3], Z), name, alternative="greater")
    assert_allclose(result.pvalue, p_of(values, slow(X[:2], Y[:3], Z), "greater"), rtol=1e-12)
    assert result.n_resamples == math.factorial(8) // 2 // 6 // 6


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("name", "slow"), twin.OF_PAIRS.items())
def test_pairing_every_way_gives_the_exact_p(name, slow, ties):
    x, y = (np.round(column) if ties else column for column in PAIRS)
    values = [slow(np.array(order), y) for order in itertools.permutations(x)]
    for alternative in ("two-sided", "less", "greater"):
        result = stats.permutation_test((x, y), name, permutation_type="pairings", alternative=alternative)
        assert result.exact
        assert_allclose(result.pvalue, p_of(values, slow(x, y), alternative), rtol=1e-12)


@pytest.mark.parametrize("name", ["mean", "sum", "median", "skew", "trimmed_mean(0.2)"])
def test_flipping_every_sign_gives_the_exact_p(name):
    x = RNG.normal(size=8)
    slow = twin.OF_ONE[name]
    values = [slow(x * np.array(signs)) for signs in itertools.product((1, -1), repeat=len(x))]
    for alternative in ("two-sided", "less", "greater"):
        result = stats.permutation_test(x, name, permutation_type="samples", alternative=alternative)
        assert result.exact
        assert_allclose(result.pvalue, p_of(values, slow(x), alternative), rtol=1e-12)


@pytest.mark.parametrize("name", ["mean_difference", "median_difference", "cohen_d"])
def test_swapping_every_row_gives_the_exact_p(name):
    x, y = PAIRS
    slow = twin.OF_TWO[name]
    swapped = [np.where(flags, (x, y), (y, x)) for flags in itertools.product((True, False), repeat=len(x))]
    result = stats.permutation_test(PAIRS, name, permutation_type="samples")
    assert_allclose(result.pvalue, p_of([slow(*pair) for pair in swapped], slow(x, y), "two-sided"), rtol=1e-12)


def test_names_and_callables_agree_where_all_are_counted():
    for kind, data in {"independent": (X, Y), "samples": (X[:4], Y), "pairings": (X[:4], Y)}.items():
        name = "pearson" if kind == "pairings" else "mean_difference"
        slow = difference if kind != "pairings" else lambda x, y, axis: (x * y).mean(axis)
        one, other = (stats.permutation_test(data, s, permutation_type=kind, n_resamples=np.inf) for s in (name, slow))
        assert one.exact
        assert other.exact
        assert_allclose(one.pvalue, other.pvalue, rtol=1e-12)


RANDOM = [
    pytest.param((RNG.normal(size=40), RNG.normal(size=30) + 0.3), "mean_difference", "independent", id="means"),
    pytest.param((RNG.normal(size=40), RNG.normal(size=40) + 0.3), "mean_difference", "independent", id="equal sizes"),
    pytest.param((np.arange(30), np.arange(25) + 4), "mean_difference", "independent", id="whole numbers"),
    pytest.param((RNG.normal(size=40), RNG.normal(size=30) + 0.3), "t", "independent", id="t"),
    pytest.param((RNG.normal(size=40), RNG.normal(size=30) + 0.3), "median_difference", "independent", id="medians"),
    pytest.param((RNG.normal(size=40), RNG.normal(size=30) + 0.3), "auc", "independent", id="auc"),
    pytest.param(
        tuple(RNG.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], 30).T), "pearson", "pairings", id="pearson"
    ),
    pytest.param(
        tuple(RNG.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], 30).T), "spearman", "pairings", id="spearman"
    ),
    pytest.param(
        tuple(RNG.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], 30).T), "kendall", "pairings", id="kendall"
    ),
    pytest.param((RNG.normal(size=50) + 0.2,), "mean", "samples", id="signs"),
    pytest.param((RNG.normal(size=50) + 0.2,), "median", "samples", id="signs of a median"),
    pytest.param((RNG.normal(size=40), RNG.normal(size=40) + 0.3), "mean_difference", "samples", id="rows"),
]


@pytest.mark.parametrize(("data", "name", "kind"), RANDOM)
def test_random_rearrangements_have_the_distribution_of_numpys(data, name, kind):
    """Whatever short cut the core takes (Kolmogorov and Smirnov)."""
    options = {"permutation_type": kind, "n_resamples": 4000}
    ours = stats.permutation_test(data, name, rng=1, **options).null_distribution
    theirs = stats.permutation_test(data, name, rng=2, stream="numpy", **options).null_distribution
    both = np.unique(np.round(np.concatenate([ours, theirs]), 9), return_inverse=True)[1]
    assert scipy_stats.ks_2samp(both[: len(ours)], both[len(ours) :], method="asymp").pvalue > 1e-4


@pytest.mark.parametrize(("data", "name", "kind"), RANDOM)
def test_p_counts_the_null_distribution(data, name, kind):
    result = stats.permutation_test(data, name, permutation_type=kind, rng=1, n_resamples=2000, alternative="greater")
    if not result.exact:
        gamma = 100 * np.finfo(float).eps * abs(result.statistic)
        null = result.null_distribution
        assert result.pvalue == ((null >= result.statistic - gamma).sum() + 1) / 2001
        assert_allclose(result.mc_error, math.sqrt(result.pvalue * (1 - result.pvalue) / 2000), rtol=1e-3)


@pytest.mark.parametrize(("data", "name", "kind"), RANDOM)
def test_threads_change_nothing_and_longer_runs_begin_alike(data, name, kind):
    options = {"permutation_type": kind, "rng": 1}
    nulls = [
        stats.permutation_test(data, name, n_resamples=n, threads=threads, **options).null_distribution
        for n, threads in ((500, 1), (500, 3), (3000, 2))
    ]
    assert_array_equal(nulls[0], nulls[1])
    assert_array_equal(nulls[0], nulls[2][:500])


def test_labels_are_dealt_uniformly():
    """Each of the 20 ways to choose 3 of 6 as often as the others, by the core and by numpy."""
    data = ([1.0, 2.0, 4.0], [8.0, 16.0, 32.0])
    for statistic in ("mean_difference", difference):
        null = stats.permutation_test(data, statistic, n_resamples=19, rng=0).null_distribution
        for seed in range(1, 400):
            more = stats.permutation_test(data, statistic, n_resamples=19, rng=seed).null_distribution
            null = np.concatenate([null, more])
        counts = np.unique(np.round(null, 9), return_counts=True)[1]
        assert len(counts) == 20
        assert scipy_stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("statistic", ["mean_difference", difference])
def test_strata_keep_observations_where_they_are(statistic):
    x, y = np.array([0.0, 1, 100, 101]), np.array([2.0, 3, 102, 103])
    strata = [0, 0, 1, 1] * 2
    result = stats.permutation_test((x, y), statistic, strata=strata, n_resamples=5000, rng=1)
    dealt = [0.5 * a + 0.5 * b for a, b in itertools.product([-2, -1, 0, 0, 1, 2], repeat=2)]
    assert {*np.round(result.null_distribution, 6)} <= {*np.round(dealt, 6)}
    assert_allclose(result.pvalue, 2 * dealt.count(-2) / 36, atol=0.02)


@pytest.mark.parametrize("statistic", ["slope", lambda x, y, axis: (x * y).mean(axis)])
def test_strata_keep_pairs_where_they_are(statistic):
    x, y = np.array([1.0, 2, 30, 40, 50]), np.array([1.0, 2, 100, 300, 700])
    result = stats.permutation_test(
        (x, y), statistic, permutation_type="pairings", strata=list("aabbb"), n_resamples=999, alternative="greater"
    )
    assert_allclose(result.pvalue, 1 / 12, atol=0.05)


def test_two_sided_by_absolute_values():
    """On a skewed null distribution the two definitions differ."""
    x, y = [0.0, 1, 2], [3, 4, 5, 60.0]
    by_min, by_abs = (stats.permutation_test((x, y), "mean_difference", two_sided=s) for s in ("2·min", "abs"))
    values = np.array([a.mean() - b.mean() for a, b in splits(np.array(x), np.array(y))])
    observed = by_min.statistic
    assert_allclose(by_abs.pvalue, (np.abs(values) >= abs(observed) - 1e-12).mean())
    assert_allclose(by_min.pvalue, 2 * min((values <= observed + 1e-12).mean(), (values >= observed - 1e-12).mean()))
    assert by_min.pvalue != by_abs.pvalue
    assert (by_min.two_sided, by_abs.two_sided) == ("2·min", "abs")
    one = stats.permutation_test((x, y), difference, two_sided="abs")
    assert one.pvalue == by_abs.pvalue


@pytest.mark.parametrize("statistic", ["mean_difference", difference])
def test_a_sequential_test_stops_at_its_count(statistic):
    x, y = RNG.normal(size=(2, 30))
    options = {"rng": 3, "alternative": "greater"}
    whole = stats.permutation_test((x, y), statistic, n_resamples=9999, **options)
    result = stats.permutation_test((x, y), statistic, n_resamples=9999, stop=20, **options)
    extreme = np.cumsum(whole.null_distribution >= whole.statistic)
    assert result.n_resamples == np.flatnonzero(extreme == 20)[0] + 1
    assert_allclose(result.pvalue, 20 / result.n_resamples)
    far = stats.permutation_test((x + 9, y), statistic, n_resamples=999, stop=20, **options)
    assert (far.n_resamples, far.pvalue) == (999, 1 / 1000)


@pytest.mark.parametrize("statistic", ["mean_difference", difference])
def test_max_t_adjusts_for_all_tests(statistic):
    x, y = RNG.normal(size=(4, 12)), RNG.normal(size=(4, 14)) + np.array([[0], [0], [0.5], [2]])
    result = stats.permutation_test((x, y), statistic, axis=1, rng=3, n_resamples=999, adjust="max-t")
    null = np.abs(result.null_distribution).max(axis=1)
    expected = [(np.sum(null >= abs(value) - 1e-12) + 1) / 1000 for value in result.statistic]
    assert_allclose(result.pvalue_adjusted, expected)
    assert (result.pvalue_adjusted >= result.pvalue / 2).all()


def test_groups_are_tested_apart():
    labels = np.repeat(["b", "a"], 5)
    x, y = RNG.normal(size=(2, 10))
    result = stats.permutation_test((x, y), "mean_difference", by=labels, rng=3)
    assert result.groups == ("a", "b")
    alone = stats.permutation_test((x[5:], y[5:]), "mean_difference", rng=3)
    assert result.pvalue[0] == alone.pvalue
    assert "a: statistic" in result.summary()


def test_partial_correlations_permute_residuals():
    """Freedman and Lane: a covariate that explains all leaves nothing to test."""
    z = RNG.normal(size=60)
    x, y = z + RNG.normal(size=60), z + RNG.normal(size=60)
    plain = stats.permutation_test((x, y), "pearson", permutation_type="pairings", rng=1)
    partial = stats.permutation_test((x, y, z), "partial_pearson", permutation_type="pairings", rng=1)
    assert plain.pvalue < 0.01 < partial.pvalue
    assert_allclose(partial.statistic, twin.partial_pearson(x, y, z), rtol=1e-12)


def test_too_many_rearrangements_are_refused():
    x, y = RNG.normal(size=(2, 100))
    for statistic in ("median_difference", difference):
        with pytest.raises(BadArgumentError, match=r"there are 2\*\*195 rearrangements or more: give"):
            stats.permutation_test((x, y), statistic, n_resamples=np.inf)


def test_rows_that_are_swapped_have_no_strata():
    with pytest.raises(BadArgumentError, match="whose rows stay where they are"):
        stats.permutation_test(PAIRS, "mean_difference", permutation_type="samples", strata=[0] * 6)


@pytest.mark.parametrize("sizes", [(10, 10), (20, 20)])
def test_counting_needs_no_visit_to_each(sizes):
    """The p of many random rearrangements, of 184,756 and of 1.4e11 ways."""
    x, y = RNG.normal(size=sizes[0]), RNG.normal(size=sizes[1]) + 0.5
    counted = stats.permutation_test((x, y), "mean_difference", n_resamples=np.inf)
    assert (counted.exact, counted.mc_error) == (True, 0.0)
    assert counted.n_resamples == math.comb(sum(sizes), sizes[0])
    random = stats.permutation_test((x, y), "mean_difference", n_resamples=50_000, count=False, rng=1)
    assert not random.exact
    assert abs(random.pvalue - counted.pvalue) < 5 * random.mc_error
    assert len(random.null_distribution) == 50_000
    assert len(counted.null_distribution) == (9999 if sizes[0] == 20 else 184_756)


def test_whole_numbers_are_counted_however_many():
    """Sums of whole numbers take few values: the shift algorithm (Streitberg and Roehmel 1986)."""
    x, y = RNG.integers(0, 9, size=60), RNG.integers(1, 10, size=70)
    result = stats.permutation_test((x, y), "mean_difference", n_resamples=99)
    assert result.exact
    random = stats.permutation_test((x, y), "mean_difference", n_resamples=50_000, count=False, rng=1)
    assert abs(random.pvalue - result.pvalue) < 5 * random.mc_error


@pytest.mark.parametrize("statistic", ["mean_difference", difference])
def test_slices_without_nan_keep_their_shape(statistic):
    x, y = RNG.normal(size=(2, 3, 9)), RNG.normal(size=(2, 3, 8))
    x[1, 2, 4] = np.nan
    result = stats.permutation_test((x, y), statistic, axis=-1, rng=1, n_resamples=50, nan_policy="omit")
    assert result.statistic.shape == result.pvalue.shape == (2, 3)
    assert result.null_distribution.shape == (50, 2, 3)
    alone = stats.permutation_test((x[0, 1], y[0, 1]), statistic, rng=1, n_resamples=50)
    assert result.pvalue[0, 1] == alone.pvalue


@pytest.mark.parametrize("statistic", ["median_difference", difference])
def test_groups_say_each_how_p_was_made(statistic):
    labels = np.repeat(["a", "b", "c"], [3, 3, 30])
    x, y = RNG.normal(size=(2, 36))
    result = stats.permutation_test((x, y), statistic, by=labels, rng=1, n_resamples=99)
    assert result.exact.tolist() == [True, True, False]
    assert result.n_resamples.tolist() == [20, 20, 99]
    assert [line.split(", ", 2)[2] for line in result.summary().splitlines()[1:]] == [
        "exact, 20 rearrangements)",
        "99 random rearrangements)",
    ]
