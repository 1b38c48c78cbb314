"""The room in other tools: what it imports, how much memory it takes, what it costs."""

import json
import pickle
import subprocess
import sys

import numpy as np
import pytest

from glotgap import stats

X = np.random.default_rng(1).normal(size=50)

MODULES = """
import sys
import numpy, numpy.random
of_numpy = set(sys.modules)
{statement}
import json
third_party = {{name.split(".")[0] for name in set(sys.modules) - of_numpy}} - {{*sys.stdlib_module_names, "numpy"}}
print(json.dumps(sorted(third_party)))
"""

USE = """
import glotgap.stats as stats
stats.bootstrap((numpy.arange(9.0),), "mean", n_resamples=99)
stats.bootstrap((numpy.arange(9.0),), numpy.mean, n_resamples=99).summary()
stats.permutation_test((numpy.arange(9.0), numpy.arange(8.0)), lambda x, y: x.mean() - y.mean(), n_resamples=99)
stats.mann_kendall(numpy.arange(9.0))
stats.adjust([0.1, 0.2])
"""


@pytest.mark.parametrize("statement", ["import glotgap.stats", USE])
def test_numpy_is_all_it_imports(statement):
    code = MODULES.format(statement=statement)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["glotgap"]


MEMORY = """
import resource
import numpy as np
from glotgap import stats
x, y = np.random.default_rng(1).normal(size=(2, {n}))
stats.bootstrap(x[:50], "mean", n_resamples=99)
stats.permutation_test((x[:50], y[:50]), "mean_difference", n_resamples=99)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
{call}
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""

CALLS = [
    (100_000, 'stats.bootstrap(x, "mean", n_resamples=2000)'),
    (100_000, 'stats.bootstrap(x, "median", n_resamples=999)'),
    (100_000, 'stats.bootstrap((x, y), "pearson", paired=True, n_resamples=500)'),
    (
        10_000,
        'stats.bootstrap((x, y), lambda x, y, axis: (x * y).mean(axis), paired=True, n_resamples=5000, method="basic")',
    ),
    (
        10_000,
        'stats.bootstrap((x, y), lambda x, y, axis: x.mean(axis) - y.mean(axis), n_resamples=999, stream="numpy")',
    ),
    (10_000, 'stats.permutation_test((x, y), "mean_difference", n_resamples=5000)'),
    (10_000, "stats.permutation_test((x, y), lambda x, y, axis: x.mean(axis) - y.mean(axis), n_resamples=2000)"),
    (50, 'stats.bootstrap(x, "mean", n_resamples=10_000_000, method="percentile")'),
]


@pytest.mark.parametrize(("n", "call"), CALLS)
def test_memory_above_the_inputs_is_at_most_64_mb(n, call):
    done = subprocess.run(
        [sys.executable, "-c", MEMORY.format(n=n, call=call)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) <= 64


def test_a_distribution_is_drawn_when_it_is_asked_for():
    kept = stats.bootstrap(X, "mean", rng=1, keep_distribution=True)
    later = stats.bootstrap(X, "mean", rng=1)
    assert "bootstrap_distribution" not in later.__dict__
    np.testing.assert_array_equal(later.bootstrap_distribution, kept.bootstrap_distribution)
    assert later.bootstrap_distribution is later.bootstrap_distribution
    assert kept.confidence_interval == later.confidence_interval


def test_results_say_how_they_were_made():
    result = stats.bootstrap(X, "quantile(0.9)", rng=5, n_resamples=300, confidence_level=0.9, alternative="less")
    assert (result.statistic, result.seed, result.n_resamples) == ("quantile(0.9)", 5, 300)
    assert (result.method, result.confidence_level, result.alternative) == ("BCa", 0.9, "less")
    assert result.confidence_interval.low == -np.inf
    assert result.mc_error.low == 0
    assert result.summary().startswith("quantile(0.9) ")
    test = stats.permutation_test((X, X + 1), "t", rng=5, n_resamples=300)
    assert test.summary().endswith("(two-sided by 2·min, 300 random rearrangements)")
    assert pickle.loads(pickle.dumps(test)).pvalue == test.pvalue


def test_results_can_be_drawn(tmp_path):
    axes = stats.bootstrap(X, "mean", rng=5).plot()
    assert [line.get_xdata()[0] for line in axes.lines][1:] == list(
        stats.bootstrap(X, "mean", rng=5).confidence_interval
    )
    axes.figure.savefig(tmp_path / "bootstrap.png")
    axes = stats.permutation_test((X, X + 1), "t", rng=5).plot()
    axes.figure.savefig(tmp_path / "test.png")
    assert all(path.stat().st_size > 5000 for path in tmp_path.iterdir())


@pytest.mark.parametrize("statistic", ["mean", lambda x: x.mean()], ids=["name", "callable"])
def test_progress_is_told_to_the_end(statistic):
    told = []
    stats.bootstrap(X, statistic, n_resamples=20_000, rng=1, progress=lambda *at: told.append(at))
    assert told[-1] == (20_000, 20_000)
    assert told == sorted(told)
    told.clear()
    stats.permutation_test(
        X, statistic, permutation_type="samples", n_resamples=999, progress=lambda *at: told.append(at)
    )
    assert told[-1] == (999, 999)


def test_what_progress_raises_stops_the_run():
    def stop(done, total):
        raise InterruptedError(f"{done} of {total}")

    with pytest.raises(InterruptedError, match="of 20000"):
        stats.bootstrap(X, lambda x: x.mean(), n_resamples=20_000, progress=stop)
