"""What is resampled: strata, clusters, blocks, weights and groups, the same for names and for callables."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats as scipy_stats

from glotgap import BadArgumentError, stats
from glotgap.stats.designs import Blocks, Clustered, Ordinary, Stratified

RNG = np.random.default_rng(3)
X = RNG.gamma(2.0, size=24)
LABELS = np.array(list("aabbbccccddd" * 2))
WAYS = {
    "strata": {"strata": LABELS},
    "clusters": {"clusters": LABELS},
    "two levels": {"clusters": LABELS, "within": True},
    "moving": {"block": 4, "block_kind": "moving", "method": "percentile"},
    "circular": {"block": 5, "method": "percentile"},
    "stationary": {"block": 4, "block_kind": "stationary", "method": "percentile"},
    "weights": {"weights": np.arange(24.0), "method": "percentile"},
}


def mean(x, axis):
    return x.mean(axis)


@pytest.mark.parametrize("way", WAYS)
def test_names_and_callables_have_one_distribution(way):
    options = {"n_resamples": 4000, **WAYS[way]}
    one, other = (stats.bootstrap(X, s, rng=5, **options) for s in ("mean", mean))
    values = [np.round(result.bootstrap_distribution, 9) for result in (one, other)]
    assert scipy_stats.ks_2samp(*values, method="asymp").pvalue > 1e-4
    assert_allclose(one.acceleration, other.acceleration, rtol=1e-9)
    errors = np.hypot(one.mc_error, other.mc_error)
    assert (np.abs(np.subtract(one.confidence_interval, other.confidence_interval)) <= 5 * errors + 1e-9).all()


@pytest.mark.parametrize("way", ["strata", "clusters", "two levels"])
def test_pairs_follow_one_draw(way):
    """A function of y alone that is the same of x: the pairs stay pairs."""
    result = stats.bootstrap((X, 3 * X + 1), "slope", paired=True, rng=5, n_resamples=200, **WAYS[way])
    assert_allclose(result.bootstrap_distribution, 3, rtol=1e-9)


def test_strata_are_as_large_in_each_resample():
    drawn = LABELS[Stratified(np.unique(LABELS, return_inverse=True)[1]).draw(np.random.default_rng(1), 50)]
    assert all(sorted(row) == sorted(LABELS) for row in drawn)
    assert len({tuple(row) for row in drawn}) == 1


def test_clusters_are_drawn_whole():
    codes = np.unique(LABELS, return_inverse=True)[1]
    sizes = np.bincount(codes)
    rng = np.random.default_rng(1)
    for within in (False, True):
        seen = set()
        for _ in range(50):
            [row] = Clustered(codes, within=within).draw(rng, 1)
            counts = np.bincount(codes[row], minlength=len(sizes))
            assert (counts % sizes == 0).all()
            assert (counts // sizes).sum() == len(sizes)
            seen.add(tuple(np.sort(row)))
        assert len(seen) > 15


@pytest.mark.parametrize("kind", ["moving", "circular"])
def test_blocks_are_runs_of_their_length(kind):
    for row in Blocks(23, 5, kind).draw(np.random.default_rng(1), 50):
        assert len(row) == 23
        runs = [row[start : start + 5] for start in range(0, 23, 5)]
        assert all((np.diff(run) % 23 == 1).all() for run in runs)
        if kind == "moving":
            assert all((np.diff(run) == 1).all() for run in runs)


def test_stationary_blocks_have_geometric_lengths():
    rows = Blocks(400, 8, "stationary").draw(np.random.default_rng(1), 200)
    breaks = (np.diff(rows, axis=1) % 400 != 1).sum()
    expected = 200 * 399 / 8 * 399 / 400
    assert abs(breaks - expected) < 5 * expected**0.5


@pytest.mark.parametrize("kind", ["circular", "stationary"])
def test_each_observation_is_as_likely(kind):
    counts = np.bincount(Blocks(20, 6, kind).draw(np.random.default_rng(1), 20_000).ravel(), minlength=20)
    assert_allclose(counts / counts.sum(), 1 / 20, rtol=0.03)


def test_weights_are_probabilities():
    drawn = Ordinary(4, np.array([0.0, 1, 2, 5])).draw(np.random.default_rng(1), 20_000)
    assert_allclose(np.bincount(drawn.ravel(), minlength=4) / drawn.size, np.array([0, 1, 2, 5]) / 8, atol=0.01)


@pytest.mark.parametrize("scheme", ["bayesian", "poisson"])
def test_random_weights_of_the_mean(scheme):
    """Rubin 1981: variance s²/(n+1) with s² divided by n; Poisson weights come near s²/n."""
    result = stats.bootstrap(X, "mean", scheme=scheme, rng=1, n_resamples=20_000)
    n = len(X) + 1 if scheme == "bayesian" else len(X)
    assert_allclose(result.standard_error, X.std() / n**0.5, rtol=0.03 if scheme == "bayesian" else 0.1)
    with pytest.raises(BadArgumentError, match="which a callable cannot: give a name"):
        stats.bootstrap(X, mean, scheme=scheme)


def test_order_of_strata_and_clusters_does_not_matter():
    renamed = np.array([{"a": "z", "b": "y", "c": "x", "d": "w"}[label] for label in LABELS])
    for way in ("strata", "clusters"):
        one, other = (stats.bootstrap(X, "mean", rng=1, n_resamples=4000, **{way: s}) for s in (LABELS, renamed))
        errors = np.hypot(one.mc_error, other.mc_error)
        assert (np.abs(np.subtract(one.confidence_interval, other.confidence_interval)) <= 5 * errors + 1e-9).all()


@pytest.mark.parametrize("statistic", ["mean", mean])
def test_groups_are_bootstrapped_apart(statistic):
    order = RNG.permutation(24)
    result = stats.bootstrap(X[order], statistic, by=LABELS[order], rng=1, n_resamples=300, method="percentile")
    assert result.groups == ("a", "b", "c", "d")
    for place, label in enumerate("abcd"):
        alone = stats.bootstrap(
            X[order][LABELS[order] == label], statistic, rng=1, n_resamples=300, method="percentile"
        )
        assert result.confidence_interval.low[place] == alone.confidence_interval.low
        assert_array_equal(result.bootstrap_distribution[place], alone.bootstrap_distribution)
    assert f"of c {result.estimate[2]:.6g}" in result.summary()


@pytest.mark.parametrize("statistic", ["mean", mean])
def test_groups_take_their_labels_with_them(statistic):
    strata = np.tile([0, 1], 12)
    result = stats.bootstrap(X, statistic, by=LABELS, strata=strata, rng=1, n_resamples=300, method="percentile")
    mine = LABELS == "c"
    alone = stats.bootstrap(X[mine], statistic, strata=strata[mine], rng=1, n_resamples=300, method="percentile")
    assert_array_equal(result.bootstrap_distribution[2], alone.bootstrap_distribution)


def test_groups_of_two_samples_have_labels_each():
    result = stats.bootstrap(
        (X, X[:20] + 1), "mean_difference", by=(LABELS, LABELS[:20]), rng=1, n_resamples=99, method="percentile"
    )
    assert_allclose(result.estimate[0], X[LABELS == "a"].mean() - X[:20][LABELS[:20] == "a"].mean() - 1)


@pytest.mark.parametrize("statistic", ["mean", mean])
def test_a_group_too_small_is_nan_and_the_others_are_not(statistic):
    labels = np.array([*"aaaa", "b", *"cc"])
    with pytest.warns(stats.DegenerateDataWarning, match="cannot be calculated"):
        result = stats.bootstrap(X[:7], statistic, by=labels, rng=1, n_resamples=99, method="percentile")
    assert np.isnan(result.confidence_interval.low).tolist() == [False, True, False]
    assert np.isnan(result.bootstrap_distribution[1]).all()


def test_the_block_length_follows_the_dependence():
    noise = np.random.default_rng(1).normal(size=2000)
    series = np.empty(2000)
    series[0] = noise[0]
    for t in range(1, 2000):
        series[t] = 0.5 * series[t - 1] + noise[t]
    exact = (2 * (0.5 / 0.75) ** 2 * 2000) ** (1 / 3)  # of an AR(1): (2(ρ / (1 − ρ²))² n)^⅓, Politis and White 2004
    found = stats.block_length(series, kind="stationary")
    assert exact / 1.6 < found < exact * 1.6
    assert stats.block_length(noise) <= 3
    assert stats.block_length(np.ones(50)) == 1
    auto = stats.bootstrap(series, "mean", block="auto", method="percentile", rng=1, n_resamples=999)
    plain = stats.bootstrap(series, "mean", method="percentile", rng=1, n_resamples=999)
    assert auto.standard_error > 1.3 * plain.standard_error


WRONG = [
    ({"strata": LABELS, "clusters": LABELS}, "strata and clusters are given"),
    ({"within": True}, "`within` is True without clusters"),
    ({"clusters": ["a"] * 24}, "clusters has 1 label"),
    ({"strata": LABELS[:5]}, r"strata has shape \(5,\) for 24 observations"),
    ({"strata": [*LABELS[:23], None]}, "strata has missing labels"),
    ({"strata": [*[1.0] * 23, np.nan]}, "strata has missing labels"),
    ({"strata": np.array([*"a" * 23, np.nan], object)}, "strata has missing labels"),
    ({"strata": np.array([*"a" * 23, 7], object)}, "strata mixes types"),
    ({"weights": [-1.0] * 24}, "weights are negative"),
    ({"weights": [1.0] * 3}, r"weights has shape \(3,\)"),
    ({"block": 0}, "block is 0 for 24 observations"),
    ({"block": 25}, "block is 25 for 24 observations"),
    ({"block": 2.5}, "block is 2.5"),
    ({"block": 4}, "jackknife"),
    ({"weights": [1.0] * 24}, "jackknife"),
    ({"scheme": "boot"}, "`scheme` must be in"),
    ({"by": LABELS[:3]}, r"by has shape \(3,\)"),
]


@pytest.mark.parametrize("statistic", ["mean", mean])
@pytest.mark.parametrize(("options", "message"), WRONG)
def test_wrong_designs_are_refused(options, message, statistic):
    with pytest.raises(BadArgumentError, match=message):
        stats.bootstrap(X, statistic, n_resamples=20, rng=1, **options)
