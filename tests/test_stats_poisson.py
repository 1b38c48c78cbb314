"""The bootstrap in one pass: weights that are Poisson and independent, and the same in any piece of the data."""

import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats as scipy_stats

from glotgap import BadArgumentError, stats
from glotgap.stats.poisson_weights import poisson_weights

KEY = np.arange(1, 5, dtype=np.uint64)
WORDS = np.random.default_rng(1).integers(5, 50, size=300)
TOKENS = WORDS + np.random.default_rng(2).poisson(0.4 * WORDS)


def begin(**options):
    return stats.PoissonBootstrap("ratio_of_sums", **{"rng": 7, "n_resamples": 500, **options})


def test_the_weights_are_pinned():
    """Known answers: a seed gives the same weights for ever."""
    found = poisson_weights(KEY, np.arange(12), np.array([0, 1, 2**63, 2**64 - 1], np.uint64))
    assert found.tolist() == [slow_row(unit) for unit in (0, 1, 2**63, 2**64 - 1)]
    assert found.tolist() == PINNED


def slow_mix(word):
    """SplitMix64's finalizer in Python's integers."""
    word = (word ^ (word >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ (word >> 27)) * 0x94D049BB133111EB % 2**64
    return word ^ (word >> 31)


def slow_row(unit):
    def weight(replicate):
        row = slow_mix(slow_mix((unit + 1) % 2**64) ^ 2)
        column = slow_mix(slow_mix((replicate + 3) % 2**64) ^ 4)
        place = slow_mix((row + column) % 2**64)
        return int(scipy_stats.poisson.ppf(place / 2**64, 1)) if place else 0

    return [weight(replicate) for replicate in range(12)]


PINNED = [
    [0, 2, 2, 0, 0, 1, 1, 1, 0, 0, 2, 0],
    [2, 1, 0, 0, 1, 2, 0, 0, 0, 0, 2, 2],
    [1, 0, 0, 0, 0, 1, 1, 2, 0, 2, 1, 2],
    [0, 0, 1, 2, 1, 0, 2, 2, 2, 0, 3, 0],
]


def test_the_weights_are_poisson():
    weights = poisson_weights(KEY, np.arange(1000), np.arange(2000, dtype=np.uint64))
    counts = np.bincount(weights.ravel(), minlength=8)
    expected = weights.size * scipy_stats.poisson.pmf(np.arange(7), 1)
    observed = [*counts[:7], counts[7:].sum()]
    assert scipy_stats.chisquare(observed, [*expected, weights.size - expected.sum()]).pvalue > 1e-4


def test_weights_of_units_and_of_replicates_are_independent():
    weights = poisson_weights(KEY, np.arange(200), np.arange(3000, dtype=np.uint64)) - 1.0
    for table in (weights, weights.T):
        together = table.T @ table / len(table)
        off = together[np.triu_indices(len(together), 1)] * math.sqrt(len(table))
        assert abs(off.mean()) < 5 / math.sqrt(len(off))
        assert abs(off.std() - 1) < 0.05


def test_neighbouring_seeds_share_no_weights():
    one, two = (begin(rng=seed).update(X, Y).sums for seed in (0, 1))
    assert not np.intersect1d(one[1], two[1]).size


@pytest.mark.parametrize("cuts", [[150], [1, 2, 299], [100, 100, 250]])
def test_pieces_merged_in_any_order_are_one_stream(cuts):
    whole = begin().update(TOKENS, WORDS)
    starts, ends = [0, *cuts], [*cuts, 300]
    pieces = [begin(start=a).update(TOKENS[a:b], WORDS[a:b]) for a, b in zip(starts, ends, strict=True)]
    merged = pieces[-1]
    for piece in pieces[:-1]:
        merged = merged.merge(pickle.loads(pickle.dumps(piece)))
    assert_array_equal(merged.sums, whole.sums)
    assert (merged.n, merged.ranges) == (300, [(0, 300)])
    assert merged.result().confidence_interval == whole.result().confidence_interval


def test_many_updates_are_one():
    piecewise = begin()
    for start in range(0, 300, 7):
        piecewise.update(TOKENS[start : start + 7], WORDS[start : start + 7])
    assert_array_equal(piecewise.sums, begin().update(TOKENS, WORDS).sums)


@pytest.mark.parametrize("labels", [np.arange(300) // 10, [f"document {i // 10}" for i in range(300)]])
def test_units_share_their_weights_wherever_they_are_read(labels):
    order = np.random.default_rng(3).permutation(300)
    labels = np.asarray(labels)
    whole = begin().update(TOKENS, WORDS, units=labels)
    parts = [begin().update(TOKENS[o], WORDS[o], units=labels[o]) for o in np.split(order, [120])]
    merged = parts[0].merge(parts[1])
    assert_array_equal(merged.sums, whole.sums)
    by_document = [
        begin().update(
            [TOKENS[i * 10 : i * 10 + 10].sum()], [WORDS[i * 10 : i * 10 + 10].sum()], units=[labels[i * 10]]
        )
        for i in range(30)
    ]
    summed = by_document[0]
    for document in by_document[1:]:
        summed = summed.merge(document)
    assert_array_equal(summed.sums[1:], whole.sums[1:])


def test_the_error_is_that_of_the_cluster_bootstrap():
    rng = np.random.default_rng(4)
    document = np.repeat(np.arange(150), 6)
    words = rng.integers(5, 30, size=900)
    tokens = words * np.exp(0.3 * rng.normal(size=150)[document])
    one_pass = stats.PoissonBootstrap("ratio_of_sums", rng=1, n_resamples=2000).update(tokens, words, units=document)
    clusters = stats.bootstrap(
        (tokens, words), "ratio_of_sums", paired=True, clusters=document, rng=1, n_resamples=4000
    )
    assert_allclose(one_pass.result().standard_error, clusters.standard_error, rtol=0.1)
    assert one_pass.result().estimate == pytest.approx(clusters.estimate, rel=1e-12)


X, Y = np.random.default_rng(5).gamma(3.0, size=(2, 400))
NAMES = {
    "sum": ((X,), X.sum()),
    "mean": ((X,), X.mean()),
    "mean_difference": ((X, Y), X.mean() - Y.mean()),
    "mean_ratio": ((X, Y), X.mean() / Y.mean()),
    "ratio_of_sums": ((X, Y), X.sum() / Y.sum()),
    "log_ratio": ((X, Y), math.log(X.mean() / Y.mean())),
}


@pytest.mark.parametrize("name", NAMES)
def test_each_statistic_is_that_of_the_poisson_scheme(name):
    columns, estimate = NAMES[name]
    result = stats.PoissonBootstrap(name, rng=1, n_resamples=3000).update(*columns).result()
    assert_allclose(result.estimate, estimate, rtol=1e-12)
    named = stats.bootstrap(columns, name, scheme="poisson", paired=len(columns) == 2, rng=1, n_resamples=3000)
    assert_allclose(result.standard_error, named.standard_error, rtol=0.1)


@pytest.mark.parametrize("method", ["percentile", "basic", "normal"])
def test_the_result_is_that_of_its_distribution(method):
    result = begin().update(TOKENS, WORDS).result(method=method, confidence_level=0.9)
    drawn = result.bootstrap_distribution
    low, high = np.quantile(drawn, [0.05, 0.95])
    spread = scipy_stats.norm.ppf(0.95) * drawn.std(ddof=1)
    middle = 2 * result.estimate - drawn.mean()
    expected = {
        "percentile": (low, high),
        "basic": (2 * result.estimate - high, 2 * result.estimate - low),
        "normal": (middle - spread, middle + spread),
    }
    assert_allclose(result.confidence_interval, expected[method], rtol=1e-9)
    assert result.seed == 7


WRONG = [
    (lambda: stats.PoissonBootstrap("median"), "statistic is 'median': give one of"),
    (lambda: begin(n_resamples=0), "must be a positive integer"),
    (lambda: begin(start=-1), "start is -1"),
    (lambda: begin().update(X), "is of 2 columns, and 1 are given"),
    (lambda: begin().update(X, Y[:3]), "one length"),
    (lambda: begin().update(X, np.full(400, np.nan)), "NaN"),
    (lambda: begin().update(X, Y, units=[1]), r"units has shape \(1,\) for 400"),
    (lambda: begin().update(X, Y, units=X), "whole numbers or strings"),
    (lambda: begin().update(X, Y).update(X, Y, units=np.arange(400)), "for some observations only"),
    (lambda: begin().update(X, Y, units=np.arange(400)).update(X, Y), "given before and are not now"),
    (lambda: begin().update(X, Y).merge(begin().update(X, Y)), "both hold observation 0"),
    (lambda: begin().update(X, Y).merge(begin(start=399).update(X, Y)), "both hold observation 399"),
    (lambda: begin().update(X, Y).merge(begin(rng=8)), "other seeds"),
    (lambda: begin().update(X, Y).merge(begin(n_resamples=9)), "other statistics or n_resamples"),
    (lambda: begin().update(X, Y).merge(begin().update(X, Y, units=np.arange(400))), "give both units, or none"),
    (lambda: begin().result(), "there are 0 observations"),
    (lambda: begin().update(X, Y).result(method="BCa"), "`method` must be in"),
]


@pytest.mark.parametrize(("call", "message"), WRONG)
def test_wrong_use_is_refused(call, message):
    with pytest.raises(BadArgumentError, match=message):
        call()
