"""Before an experiment: the power of a test by simulation, the size that reaches it, and the least effect in reach.

Example:
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> def test(x, axis):
    ...     return (np.abs(x.mean(axis)) * x.shape[axis] ** 0.5 < 1.96) * 1.0
    >>> power(test, rng.normal, 20, significance=0.05, n_resamples=2000).power < 0.08
    True
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.stats import asked
from glotgap.stats.callables import Evaluator, evaluator
from glotgap.stats.cautions import WrongTypeError
from glotgap.stats.results import BootstrapResult
from glotgap.stats.wanted import ALTERNATIVES

__all__ = ["PowerResult", "SampleSize", "mde", "power", "sample_size"]


@dataclass(frozen=True)
class PowerResult:
    """How often a test rejects.

    Attributes:
        power: share of simulated data sets with p below `significance`.
        mc_error: its Monte Carlo standard error.
        pvalues: of each simulated data set.
        significance: the level.
    """

    power: float
    mc_error: float
    pvalues: NDArray[np.float64]
    significance: float


@dataclass(frozen=True)
class SampleSize:
    """The least number of observations in each sample that reaches a power.

    Attributes:
        n: observations of each sample.
        power: at that number, as simulated.
        mc_error: Monte Carlo standard error of the power.
        tried: power at each number that was tried.
    """

    n: int
    power: float
    mc_error: float
    tried: Mapping[int, float]


def power(
    test: Callable[..., Any],
    rvs: Callable[..., Any] | Sequence[Callable[..., Any]],
    n_observations: int | Sequence[int],
    *,
    significance: float = 0.05,
    vectorized: bool | None = None,
    n_resamples: int = 10_000,
    batch: int | None = None,
) -> PowerResult:
    """Return how often `test` rejects on data drawn by `rvs`: its power, or under the null hypothesis its size.

    Args:
        test: takes the samples (and `axis`, or is called data set by data set) and returns p, or has it as `pvalue`.
        rvs: draws a sample of shape `size=`; one for each sample of the test, such as a Generator's methods.
        n_observations: of each sample.
        significance: p below it rejects.
        vectorized: whether `test` takes `axis`; None: look.
        n_resamples: data sets to simulate.
        batch: data sets that are drawn at once; None: all.

    Raises:
        BadArgumentError: an argument is wrong, or the test returns other than one p for each data set.
    """
    draws = list(rvs) if isinstance(rvs, Sequence) else [rvs]
    sizes = list(n_observations) if isinstance(n_observations, Sequence) else [n_observations]
    if not all(map(callable, draws)):
        raise WrongTypeError("`rvs` must be callable or sequence of callables.")
    if len(draws) != len(sizes):
        raise BadArgumentError(f"rvs draws {len(draws)} samples, and n_observations has {len(sizes)} numbers")
    evaluate = evaluator(_pvalue_of(test), vectorized=_vectorized(test, vectorized))
    level = asked.confidence(significance, name="significance")
    count = asked.count_of("n_resamples", n_resamples)
    return _simulated(evaluate, draws, [asked.count_of("n_observations", n) for n in sizes], level, count, batch)


def _vectorized(test: Any, vectorized: Any) -> bool:
    if not callable(test):
        raise WrongTypeError("`test` must be callable.")
    return evaluator(test, vectorized=vectorized).vectorized


def _pvalue_of(test: Callable[..., Any]) -> Callable[..., Any]:
    """Return the test as a function that gives p alone."""

    def pvalue(*samples: NDArray[Any], **axis: int) -> Any:
        outcome = test(*samples, **axis)
        return getattr(outcome, "pvalue", outcome)

    return pvalue


def _simulated(
    evaluate: Evaluator,
    draws: Sequence[Callable[..., Any]],
    sizes: Sequence[int],
    level: float,
    count: int,
    batch: int | None,
) -> PowerResult:
    rows = asked.batch_of(batch) or count
    found = []
    for first in range(0, count, rows):
        now = min(rows, count - first)
        samples = [np.asarray(draw(size=(now, n))) for draw, n in zip(draws, sizes, strict=True)]
        found.append(evaluate.of_batch(samples, first, now, axis=-1, what="simulated data set"))
    pvalues = np.concatenate(found, axis=-1).astype(np.float64)
    if wrong := pvalues[~((pvalues >= 0) & (pvalues <= 1))].tolist():
        raise BadArgumentError(f"the test gave {wrong[0]} in {len(wrong)} of {count} data sets: it must give p, 0 to 1")
    share = float(np.mean(pvalues < level))
    return PowerResult(share, math.sqrt(share * (1 - share) / count), pvalues, level)


def sample_size(
    test: Callable[..., Any],
    rvs: Callable[..., Any] | Sequence[Callable[..., Any]],
    *,
    target: float = 0.8,
    significance: float = 0.05,
    vectorized: bool | None = None,
    n_resamples: int = 2_000,
    most: int = 100_000,
) -> SampleSize:
    """Return the least n, the same for each sample, at which `power` reaches `target`.

    n is doubled until the power suffices, then the gap is halved; each power is simulated, so that n has an error of
    its own: see `tried`.

    Raises:
        BadArgumentError: as `power`; or not even `most` observations suffice.
    """
    goal = asked.confidence(target, name="target")
    samples = len(rvs) if isinstance(rvs, Sequence) else 1
    tried: dict[int, PowerResult] = {}

    def enough(n: int) -> bool:
        if n not in tried:
            tried[n] = power(
                test,
                rvs,
                [n] * samples if samples > 1 else n,
                significance=significance,
                vectorized=vectorized,
                n_resamples=n_resamples,
            )
        return tried[n].power >= goal

    n = _least(enough, most)
    if n is None:
        raise BadArgumentError(
            f"power is {tried[max(tried)].power:.3g} with {most} observations: ask for less, or more"
        )
    shown = {size: result.power for size, result in sorted(tried.items())}
    return SampleSize(n, tried[n].power, tried[n].mc_error, shown)


def _least(enough: Callable[[int], bool], most: int) -> int | None:
    """Return the least number that is enough, from 2 to `most`, by doubling and halving."""
    low, high = 1, 2
    while not enough(high):
        if high >= most:
            return None
        low, high = high, min(2 * high, most)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def mde(
    standard_error: Any, *, target: float = 0.8, significance: float = 0.05, alternative: str = "two-sided"
) -> float:
    """Return the least true effect that data with this standard error would detect with power `target`.

    (z₁₋α + z_target)·SE, with α halved for two sides: the usual normal approximation (Bloom 1995). An estimate below it
    that is not significant says that n cannot tell, not that there is no effect.

    Args:
        standard_error: in units of the effect, or a BootstrapResult of one data set.
        target: power.
        significance: α.
        alternative: "two-sided", or either side.

    Raises:
        BadArgumentError: the standard error is negative or not finite.
    """
    given = standard_error.standard_error if isinstance(standard_error, BootstrapResult) else standard_error
    if np.ndim(given):
        raise BadArgumentError(f"standard_error has shape {np.shape(given)}: give one, or a result of one data set")
    error = float(given)
    if not (math.isfinite(error) and error >= 0):
        raise BadArgumentError(f"standard_error is {error}: give a finite one, 0 or more")
    level = asked.confidence(significance, name="significance")
    sides = 2 if asked.choice("alternative", alternative, ALTERNATIVES) == "two-sided" else 1
    normal = NormalDist()
    return (normal.inv_cdf(1 - level / sides) + normal.inv_cdf(asked.confidence(target, name="target"))) * error
