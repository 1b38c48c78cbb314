"""Callables: the same resamples as scipy to the last bit, whatever the batch; faults that say where they are."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import stats as scipy_stats

from glotgap import GlotgapError, stats

X = np.random.default_rng(1).normal(size=17)
Y = np.random.default_rng(2).normal(size=13) + 0.4
GENERATORS = [lambda: np.random.default_rng(7), lambda: np.random.RandomState(7)]


def difference(x, y, axis):
    return x.mean(axis) - y.mean(axis)


def covariance(x, y, axis):
    return (x * y).mean(axis)


def mean(x):
    return x.mean()


CASES = [
    pytest.param((X,), {"statistic": lambda x, axis: x.std(axis)}, id="one"),
    pytest.param((X,), {"statistic": mean}, id="one by one"),
    pytest.param((X, Y), {"statistic": difference}, id="two"),
    pytest.param((X, X**2), {"statistic": covariance, "paired": True}, id="paired"),
    pytest.param((X, Y), {"statistic": difference, "batch": 50}, id="batch"),
    pytest.param((np.outer(Y, X), Y[:, None] + X), {"statistic": difference, "axis": -1}, id="slices"),
    pytest.param((np.outer(Y, X),), {"statistic": mean, "axis": 0}, id="slices one by one"),
]


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize(("data", "options"), CASES)
def test_a_bootstrap_with_numpys_stream_is_scipys(data, options, make):
    ours, theirs = make(), make()
    options = {"n_resamples": 999, "method": "percentile", **options}
    result = stats.bootstrap(data, rng=ours, stream="numpy", **options)
    random = {"rng" if isinstance(theirs, np.random.Generator) else "random_state": theirs}
    expected = scipy_stats.bootstrap(data, **random, **options)
    assert_array_equal(result.bootstrap_distribution, expected.bootstrap_distribution)
    np.testing.assert_allclose(result.confidence_interval, expected.confidence_interval, rtol=1e-14)
    assert drawn(ours) == drawn(theirs)


def drawn(rng):
    return rng.integers(1 << 60) if hasattr(rng, "integers") else rng.randint(1 << 60)


@pytest.mark.parametrize("method", ["percentile", "basic", "BCa"])
@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_intervals_are_scipys(method, alternative):
    options = {"method": method, "alternative": alternative, "confidence_level": 0.9, "n_resamples": 499}
    ours = stats.bootstrap((X, Y), difference, rng=3, stream="numpy", **options)
    theirs = scipy_stats.bootstrap((X, Y), difference, rng=3, **options)
    np.testing.assert_allclose(ours.confidence_interval, theirs.confidence_interval, rtol=1e-12)
    np.testing.assert_allclose(ours.standard_error, theirs.standard_error, rtol=1e-12)


def test_memory_is_bounded_without_a_change_of_resamples():
    """More than one batch of several samples: the generator is cloned for each."""
    x, y = np.random.default_rng(0).normal(size=(2, 700))
    ours, theirs = np.random.default_rng(7), np.random.default_rng(7)
    options = {"n_resamples": 2000, "method": "percentile"}
    result = stats.bootstrap((x, y), difference, rng=ours, stream="numpy", **options)
    expected = scipy_stats.bootstrap((x, y), difference, rng=theirs, **options)
    assert_array_equal(result.bootstrap_distribution, expected.bootstrap_distribution)
    assert drawn(ours) == drawn(theirs)


KINDS = ["independent", "pairings", "samples"]


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize("batch", [None, 300])
@pytest.mark.parametrize("kind", KINDS)
def test_random_rearrangements_with_numpys_stream_are_scipys(kind, batch, make):
    ours, theirs = make(), make()
    data = (X, Y) if kind == "independent" else (X, X**2)
    options = {"permutation_type": kind, "n_resamples": 999, "batch": batch}
    result = stats.permutation_test(data, difference, rng=ours, stream="numpy", **options)
    random = {"rng" if isinstance(theirs, np.random.Generator) else "random_state": theirs}
    expected = scipy_stats.permutation_test(data, difference, **random, **options)
    np.testing.assert_allclose(result.null_distribution, expected.null_distribution, rtol=1e-13, atol=1e-15)
    assert result.pvalue == expected.pvalue
    assert drawn(ours) == drawn(theirs)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("independent", (X[:4], Y[:5])),
        ("independent", (X[:2], Y[:3], X[5:8])),
        ("pairings", (X[:3], Y[:3])),
        ("pairings", (X[:6],)),
        ("samples", (X[:7],)),
        ("samples", (X[:4], Y[:4], X[9:13])),
    ],
)
def test_all_rearrangements_are_scipys_in_order(kind, data):
    def spread(*samples, axis):  # of "independent" samples, whose order inside scipy leaves to Python's sets
        first = 0 if kind == "independent" else samples[0][..., 0]
        return sum((place + 1) * (sample**3).mean(axis) for place, sample in enumerate(samples)) + first

    result = stats.permutation_test(data, spread, permutation_type=kind, n_resamples=np.inf)
    expected = scipy_stats.permutation_test(data, spread, permutation_type=kind, n_resamples=np.inf)
    assert result.exact
    np.testing.assert_allclose(result.null_distribution, expected.null_distribution, rtol=1e-12)
    assert result.pvalue == expected.pvalue


@pytest.mark.parametrize("batch", [1, 7, 64, 10_000])
def test_the_native_stream_does_not_depend_on_the_batch(batch):
    whole = stats.bootstrap((X, Y), difference, rng=5, n_resamples=300, method="percentile")
    parts = stats.bootstrap((X, Y), difference, rng=5, n_resamples=300, method="percentile", batch=batch)
    assert_array_equal(parts.bootstrap_distribution, whole.bootstrap_distribution)
    for kind in KINDS:
        data = (X, Y) if kind == "independent" else (X, X**2)
        test = [
            stats.permutation_test(data, difference, permutation_type=kind, rng=5, n_resamples=300, batch=size)
            for size in (None, batch)
        ]
        assert_array_equal(test[0].null_distribution, test[1].null_distribution)


def test_a_longer_run_begins_with_the_shorter():
    short, long = (
        stats.bootstrap((X, Y), difference, rng=5, n_resamples=n, method="percentile").bootstrap_distribution
        for n in (100, 1000)
    )
    assert_array_equal(long[:100], short)


def test_neighbouring_seeds_share_no_replicate():
    one, two = (
        stats.bootstrap((X,), lambda x, axis: (x**2).mean(axis), rng=seed).bootstrap_distribution for seed in (0, 1)
    )
    assert not np.intersect1d(one, two).size


def test_one_generator_gives_new_resamples_each_time():
    rng = np.random.default_rng(3)
    one, two = (stats.bootstrap((X,), mean, rng=rng, n_resamples=50).bootstrap_distribution for _ in range(2))
    assert not np.array_equal(one, two)


def test_the_seed_of_a_run_repeats_it():
    first = stats.bootstrap((X,), mean, n_resamples=50)
    again = stats.bootstrap((X,), mean, n_resamples=50, rng=first.seed)
    assert_array_equal(first.bootstrap_distribution, again.bootstrap_distribution)


def test_an_exception_keeps_its_type_and_says_which_replicate():
    def fails(x):
        if x[0] == X[3]:
            raise ZeroDivisionError("mine")
        return x.mean()

    with pytest.raises(ZeroDivisionError, match="mine") as caught:
        stats.bootstrap((X,), fails, rng=1, n_resamples=200)
    assert caught.traceback[-1].name == "fails"
    [note] = caught.value.__notes__
    number = int(note.rsplit(" ", 1)[1])
    drawn_first = stats.bootstrap((X,), lambda x: x[0], rng=1, n_resamples=200).bootstrap_distribution
    assert number == np.flatnonzero(drawn_first == X[3])[0]


def test_an_exception_of_a_vectorized_callable_names_the_batch():
    def fails(x, axis):
        if x.ndim > 1:
            raise KeyError("mine")
        return x.mean(axis)

    with pytest.raises(KeyError) as caught:
        stats.permutation_test((X[:3], Y[:3]), lambda x, y, axis: fails(x - y, axis))
    assert caught.value.__notes__ == ["glotgap: the statistic raised this on replicates 0 to 19"]


@pytest.mark.parametrize(
    "wrong", [lambda x, axis: x.mean(axis + 1), lambda x, axis: x.mean() * axis, lambda x, axis: x[..., axis:]]
)
def test_a_callable_of_the_wrong_shape_is_refused(wrong):
    with pytest.raises(GlotgapError, match=r"returned shape \(.*\) for replicates 0 to 99: give one value"):
        stats.bootstrap((X,), wrong, n_resamples=100, rng=1)


def test_what_is_no_statistic_is_refused():
    with pytest.raises(TypeError, match=r"statistic is 3: give a name or a callable"):
        stats.bootstrap((X,), 3)


def test_a_result_can_be_pickled():
    for result in (stats.bootstrap((X,), mean, rng=1, n_resamples=9), stats.bootstrap((X,), "mean", rng=1)):
        copy = pickle.loads(pickle.dumps(result))
        assert_array_equal(copy.bootstrap_distribution, result.bootstrap_distribution)
        assert copy.confidence_interval == result.confidence_interval


def test_studentized_takes_the_standard_error_of_each_resample():
    def error(x, axis):
        return x.std(axis, ddof=1) / x.shape[axis] ** 0.5

    result = stats.bootstrap(
        (X,), lambda x, axis: x.mean(axis), method="studentized", standard_error=error, rng=1, n_resamples=999
    )
    values = stats.bootstrap((X,), lambda x, axis: x.mean(axis), rng=1, n_resamples=999).bootstrap_distribution
    errors = stats.bootstrap((X,), error, rng=1, n_resamples=999).bootstrap_distribution
    low, high = np.quantile((values - X.mean()) / errors, [0.025, 0.975])
    expected = X.mean() - error(X, 0) * high, X.mean() - error(X, 0) * low
    np.testing.assert_allclose(result.confidence_interval, expected, rtol=1e-12)


def test_the_native_stream_of_callables_is_pinned():
    """Known answers: a seed gives the same resamples for ever."""
    first = stats.bootstrap((range(10),), lambda x: x[0] + 10 * x[9], rng=2026, n_resamples=6, method="percentile")
    assert first.bootstrap_distribution.tolist() == PINNED["bootstrap"]
    for kind in KINDS:
        data = (range(10), range(10, 20))
        test = stats.permutation_test(
            data, lambda x, y: x[0] + 100 * y[9], permutation_type=kind, rng=2026, n_resamples=5
        )
        assert test.null_distribution.tolist() == PINNED[kind]


PINNED = {
    "bootstrap": [81, 86, 42, 7, 3, 61],
    "independent": [1417, 604, 1910, 211, 112],
    "pairings": [1107, 1905, 1609, 1806, 1005],
    "samples": [900, 910, 1900, 1910, 1900],
}
