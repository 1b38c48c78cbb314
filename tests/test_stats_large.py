"""More replicates than are held at once, and distributions of which none is drawn."""

import threading
from math import comb
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_equal

from glotgap import stats

MANY = 6_000_000  # more than the core holds
X = np.array([1.5, 2.25, 3.0, 4.5, 7.0, 9.5])
Y = np.array([1.0, 2.0, 2.5, 6.0, 6.5, 7.5])


@pytest.mark.parametrize("method", ["percentile", "BCa", "normal"])
def test_many_replicates_give_the_interval_of_their_distribution(method: str) -> None:
    streamed = stats.bootstrap((X,), "std", method=method, n_resamples=MANY, rng=1)
    held = stats.bootstrap((X,), "std", method=method, n_resamples=MANY, rng=1, keep_distribution=True)
    assert_allclose(streamed.confidence_interval, held.confidence_interval, rtol=1e-9)
    assert_allclose(streamed.mc_error, held.mc_error, rtol=1e-9)
    assert_allclose([streamed.standard_error, streamed.bias], [held.standard_error, held.bias], rtol=1e-7)


def test_many_rearrangements_give_the_p_of_their_distribution() -> None:
    x, y = np.tile(X, 5) + np.arange(30) / 7, np.tile(Y, 5)
    streamed = stats.permutation_test((x, y), "t", n_resamples=MANY, rng=1)
    held = stats.permutation_test((x, y), "t", n_resamples=MANY, rng=1, keep_distribution=True)
    assert (streamed.pvalue, streamed.exact, streamed.n_resamples) == (held.pvalue, False, MANY)


def resident() -> int:
    """Memory of this process, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for the memory")
@pytest.mark.parametrize("job", ["bootstrap", "permutation"])
def test_memory_does_not_grow_with_the_number_of_replicates(job: str) -> None:
    def run() -> None:
        if job == "bootstrap":
            stats.bootstrap((X,), "mean", n_resamples=20_000_000, rng=1)
        else:
            x = np.arange(70.0) ** 1.5
            stats.permutation_test((x[:35], x[35:]), "t", n_resamples=20_000_000, rng=1)

    before = peak = resident()
    worker = threading.Thread(target=run)
    worker.start()
    while worker.is_alive():
        peak = max(peak, resident())
        worker.join(0.01)
    assert peak - before <= 64 << 20


@pytest.mark.parametrize("method", ["percentile", "basic", "BCa", "normal"])
@pytest.mark.parametrize("name", ["mean", "std", "sum", "gini"])
def test_the_distribution_of_two_values_is_that_of_all_resamples(name: str, method: str) -> None:
    scores = np.array([1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    exact = stats.bootstrap((scores + 2,), name, method=method)
    drawn = stats.bootstrap((scores + 2,), name, method=method, n_resamples=2_000_000, rng=1, keep_distribution=True)
    assert (exact.exact, drawn.exact) == (True, False)
    assert_equal(tuple(exact.mc_error), (0.0, 0.0))
    assert_allclose(exact.confidence_interval, drawn.confidence_interval, atol=0.01)
    assert_allclose(exact.standard_error, drawn.standard_error, rtol=5e-3)
    assert abs(exact.bias - drawn.bias) < 5 * drawn.standard_error / np.sqrt(2e6)
    assert exact.summary().endswith("exact)")


def test_a_binomial_share_has_the_quantiles_of_its_distribution() -> None:
    n, k = 1000, 300
    scores = np.repeat([1.0, 0.0], [k, n - k])
    found = stats.bootstrap((scores,), "mean", method="percentile")
    # Binomial(1000, 0.3), by its sums in whole numbers.
    below = np.cumsum([comb(n, j) * 3**j * 7 ** (n - j) for j in range(n + 1)], dtype=object)
    ends = [next(j for j in range(n + 1) if below[j] * 1000 >= share * 10**n) for share in (25, 975)]
    assert_allclose(found.confidence_interval, np.array(ends) / n, rtol=1e-12)
    assert_allclose(found.standard_error, np.sqrt(0.3 * 0.7 / n), rtol=1e-10)


def test_what_is_kept_is_drawn() -> None:
    scores = np.repeat([1.0, 0.0], [30, 70])
    kept = stats.bootstrap((scores,), "mean", rng=1, n_resamples=999, keep_distribution=True)
    lazy = stats.bootstrap((scores,), "mean", rng=1, n_resamples=999)
    assert_equal(lazy.bootstrap_distribution, kept.bootstrap_distribution)
    assert not kept.exact
