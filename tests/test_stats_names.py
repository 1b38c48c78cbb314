"""Named statistics: each is its twin on any resample; the core's intervals are scipy's of its own distribution."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats as scipy_stats

import stats_twin as twin
from glotgap import BadArgumentError, stats
from glotgap.stats.names import NAMES

RNG = np.random.default_rng(4)
X = RNG.gamma(2.0, size=23)
Y = RNG.gamma(2.0, size=17) + 0.3
Z = RNG.gamma(3.0, size=19)
PAIRS = tuple(RNG.multivariate_normal([1, 2, 3], [[1, 0.6, 0.2], [0.6, 1, 0.3], [0.2, 0.3, 1]], size=21).T)
TIES = tuple(np.round(column) for column in PAIRS)
HEAVY = np.array([1e-3, 5.0, 5.0, 1e6, 2.5, -3.0, 0.0, 7.25])

CASES = [
    *[
        pytest.param((x,), name, f, False, id=f"{name}-{k}")
        for name, f in twin.OF_ONE.items()
        for k, x in enumerate([X, HEAVY])
    ],
    *[pytest.param((X, Y), name, f, False, id=name) for name, f in twin.OF_TWO.items()],
    *[pytest.param((X, Y, Z), name, f, False, id=f"{name}-3") for name, f in twin.OF_MANY.items()],
    *[
        pytest.param(p[:2], name, f, True, id=f"{name}-{k}")
        for name, f in twin.OF_PAIRS.items()
        for k, p in enumerate([PAIRS, TIES])
    ],
    *[pytest.param(PAIRS, name, f, True, id=name) for name, f in twin.GIVEN.items()],
    pytest.param((X[:17], Y), "mean_ratio", twin.OF_TWO["mean_ratio"], True, id="mean_ratio-paired"),
]
SHORT = [pytest.param(*(case.values[place] for place in (0, 1, 3)), id=case.id) for case in CASES]


def test_every_name_has_a_case():
    assert {case.values[1].split("(")[0] for case in CASES} == set(NAMES)


@pytest.mark.parametrize(("data", "name", "slow", "paired"), CASES)
def test_the_estimate_is_the_twins(data, name, slow, paired):
    result = stats.bootstrap(data, name, paired=paired, rng=1, n_resamples=20, method="percentile")
    assert_allclose(result.estimate, slow(*data), rtol=1e-12)


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::scipy.stats.ConstantInputWarning")
@pytest.mark.parametrize(("data", "name", "slow", "paired"), CASES)
def test_resamples_of_numpys_stream_give_the_twins_values(data, name, slow, paired):
    options = {"paired": paired, "rng": 3, "n_resamples": 200, "method": "percentile", "stream": "numpy"}
    ours = stats.bootstrap(data, name, **options).bootstrap_distribution
    theirs = stats.bootstrap(data, slow, vectorized=False, **options).bootstrap_distribution
    assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["percentile", "basic", "normal", "BCa"])
@pytest.mark.parametrize(("data", "name", "slow", "paired"), CASES)
def test_the_interval_is_that_of_the_distribution(data, name, slow, paired, method):
    result = stats.bootstrap(data, name, paired=paired, rng=1, n_resamples=500, method=method, confidence_level=0.9)
    left_out = []
    if method == "BCa":
        groups = [list(range(len(data[0])))] if paired else [range(len(sample)) for sample in data]
        for place, group in enumerate(groups):
            left_out.append(np.array([slow(*without(data, place, index, paired)) for index in group]))
    expected = twin.interval(result.bootstrap_distribution, result.estimate, method.lower(), 0.9, left_out)
    assert_allclose(result.confidence_interval, expected, rtol=1e-7)
    assert_allclose(result.standard_error, result.bootstrap_distribution.std(ddof=1), rtol=1e-9)
    assert_allclose(result.bias, result.bootstrap_distribution.mean() - slow(*data), rtol=1e-6, atol=1e-9)
    if method == "BCa":
        assert_allclose(result.acceleration, twin.acceleration(left_out), rtol=1e-6, atol=1e-12)


def without(data, place, index, paired):
    return [np.delete(sample, index) if paired or at == place else sample for at, sample in enumerate(data)]


@pytest.mark.parametrize(("data", "name", "paired"), SHORT)
def test_the_native_distribution_is_that_of_resamples(data, name, paired):
    """Whatever short cut the core takes: equal to numpy's resamples in distribution (Kolmogorov and Smirnov)."""
    options = {"paired": paired, "n_resamples": 4000, "method": "percentile"}
    ours = stats.bootstrap(data, name, rng=11, **options).bootstrap_distribution
    theirs = stats.bootstrap(data, name, rng=12, stream="numpy", **options).bootstrap_distribution
    both = np.unique(np.round(np.concatenate([ours, theirs]), 9), return_inverse=True)[1]
    assert scipy_stats.ks_2samp(both[:4000], both[4000:], method="asymp").pvalue > 1e-4


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(("data", "name", "paired"), SHORT[::3])
def test_threads_change_no_bit(data, name, paired, threads):
    options = {"paired": paired, "rng": 5, "n_resamples": 700, "method": "percentile"}
    one = stats.bootstrap(data, name, threads=threads, **options)
    assert_array_equal(one.bootstrap_distribution, stats.bootstrap(data, name, **options).bootstrap_distribution)
    assert one.confidence_interval == stats.bootstrap(data, name, **options).confidence_interval


@pytest.mark.parametrize(("data", "name", "paired"), SHORT[::3])
def test_a_longer_run_begins_with_the_shorter(data, name, paired):
    short, long = (
        stats.bootstrap(data, name, paired=paired, rng=5, n_resamples=n, method="percentile").bootstrap_distribution
        for n in (100, 3000)
    )
    assert_array_equal(long[:100], short)


KNOWN = [
    (np.mean, "mean", (X,), False),
    (np.sum, "sum", (X,), False),
    (np.median, "median", (X,), False),
    (np.var, "var", (X,), False),
    (np.std, "std", (X,), False),
    (scipy_stats.skew, "skew", (X,), False),
    (scipy_stats.kurtosis, "kurtosis", (X,), False),
    (scipy_stats.pearsonr, "pearson", PAIRS[:2], True),
    (scipy_stats.spearmanr, "spearman", PAIRS[:2], True),
    (scipy_stats.kendalltau, "kendall", PAIRS[:2], True),
]


@pytest.mark.parametrize(("known", "name", "data", "paired"), KNOWN)
def test_known_callables_go_by_name(known, name, data, paired):
    ours, expected = (stats.bootstrap(data, s, paired=paired, rng=2, n_resamples=300) for s in (known, name))
    assert_array_equal(ours.bootstrap_distribution, expected.bootstrap_distribution)
    assert ours.confidence_interval == expected.confidence_interval


def test_a_callable_that_is_only_like_a_known_one_is_called():
    calls = []

    def mean(x, axis):
        calls.append(x.shape)
        return np.mean(x, axis)

    stats.bootstrap((X,), mean, rng=2, n_resamples=300)
    assert calls


def test_slices_of_arrays_are_each_a_data_set():
    table = RNG.normal(size=(3, 4, 30))
    result = stats.bootstrap((table,), "mean", axis=-1, rng=6, n_resamples=200)
    assert result.estimate.shape == result.confidence_interval.low.shape == (3, 4)
    assert result.bootstrap_distribution.shape == (3, 4, 200)
    one = stats.bootstrap((table[1, 2],), "mean", rng=6, n_resamples=200)
    assert one.confidence_interval.low == result.confidence_interval.low[1, 2]
    first = stats.bootstrap((np.moveaxis(table, -1, 0),), "mean", axis=0, rng=6, n_resamples=200)
    assert_array_equal(first.confidence_interval, result.confidence_interval)


def test_an_earlier_result_is_added_to():
    first = stats.bootstrap((X,), "mean", rng=6, n_resamples=200, method="percentile")
    both = stats.bootstrap((X,), "mean", rng=7, n_resamples=300, bootstrap_result=first)
    second = stats.bootstrap((X,), "mean", rng=7, n_resamples=300)
    whole = np.concatenate([first.bootstrap_distribution, second.bootstrap_distribution])
    assert_array_equal(both.bootstrap_distribution, whole)
    left_out = [np.array([np.delete(X, index).mean() for index in range(len(X))])]
    assert_allclose(both.confidence_interval, twin.interval(whole, X.mean(), "bca", 0.95, left_out), rtol=1e-9)
    again = stats.bootstrap((X,), "mean", n_resamples=0, bootstrap_result=both)
    assert again.confidence_interval == both.confidence_interval


@pytest.mark.parametrize(
    ("statistic", "message"),
    [
        ("average", "give a callable or one of mean"),
        ("quantile", "write 'quantile"),
        ("quantile(1.5)", "from 0 to 1"),
        ("quantile(x)", "q = x"),
        ("mean(3)", "has no parameter"),
        ("trimmed_mean(0.5)", "from 0 to 0.499999"),
        ("pearson", "of 2: give as many"),
    ],
)
def test_what_is_no_statistic_is_refused(statistic, message):
    with pytest.raises(BadArgumentError, match=message.replace("(", r"\(")):
        stats.bootstrap((X,), statistic)


def test_pairs_are_not_torn_apart():
    with pytest.raises(BadArgumentError, match="statistic of pairs: say paired=True"):
        stats.bootstrap(PAIRS[:2], "pearson")


def test_intervals_follow_a_monotone_transformation():
    """But for interpolation between replicates, and for the acceleration, which the jackknife finds to first order."""
    for method, share in (("percentile", 1e-6), ("BCa", 0.02)):
        plain, logarithm = (
            stats.bootstrap((X, Y), name, method=method, rng=3).confidence_interval
            for name in ("mean_ratio", "log_ratio")
        )
        assert_allclose(np.exp(logarithm), plain, atol=share * (plain.high - plain.low))


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.float64, st.integers(2, 40), elements=st.floats(-1e6, 1e6, allow_subnormal=False)),
    st.sampled_from(["mean", "median", "sum", "std", "trimmed_mean", "quantile(0.3)"]),
    st.integers(0, 2**64),
)
def test_any_data_give_an_interval_of_their_own_values(x, name, seed):
    """The ends stay among what the data allow, and double with them."""
    result, scaled = (
        stats.bootstrap(sample, name, rng=seed, n_resamples=99, method="percentile") for sample in (x, 2 * x)
    )
    low, high = result.confidence_interval
    assert low <= high
    assert_allclose(scaled.confidence_interval, (2 * low, 2 * high), rtol=1e-9, atol=1e-9 * np.abs(x).max())
    if name in {"mean", "median", "trimmed_mean", "quantile(0.3)"}:
        slack = 1e-9 * np.abs(x).max()
        assert x.min() - slack <= low <= high <= x.max() + slack
