"""Does quantization hurt some languages more? Differences of D(λ) between languages, with interval and p.

For each scheme: how far the worst language is from the best and from the median one, the coefficient of variation over
languages, the mean of low-resource less that of high-resource languages where these are named, and D of each language.

Items are the units. Intervals resample items, with all languages of an item together (a paired cluster bootstrap over
aligned ids), so that what all languages share of an item cancels. p of a disparity permutes the labels of languages
within each item: if labels did not matter, the largest of L means would still be above the least, so the null value
is the mean of the permuted disparities, not 0. p of one language's D flips the signs of items.

Limits: what is shown is shown of these languages and this model, on text like this. Languages are not a sample here:
for claims about kinds of languages, see `correlate`.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.quant.damage import BASELINE, PER, Damage, damages
from glotgap.stats import DegenerateDataWarning, bootstrap, permutation_test
from glotgap.stats.answers import Answer, Finding, adjusted, answer, finding
from glotgap.stats.judging import How, judge

__all__ = ["disparity"]

_LEAST_ITEMS: Final = 3

Statistic = Callable[..., NDArray[np.float64]]


@typed
def disparity(
    scores: pl.DataFrame,
    *,
    per: str = "item",
    high: Sequence[str] = (),
    low: Sequence[str] = (),
    baseline: str = BASELINE,
    confidence_level: float = 0.95,
    n_resamples: int = 9999,
    adjust: str = "holm",
    rng: Any = None,
    threads: int | None = None,
) -> Answer:
    """Return how unequally schemes hurt languages, as TESTS and in words.

    Args:
        scores: SCORES with the baseline and other schemes.
        per: "item" for nats an item, "byte" for nats a byte of the same items (bytes taken as given).
        high: high-resource languages, to be compared with `low`.
        low: low-resource languages.
        baseline: the scheme that others are compared with.
        confidence_level: of the intervals.
        n_resamples: of each interval and each p.
        adjust: how p is adjusted for the number of findings: see `glotgap.stats.adjust`.
        rng: seed; the same resamples serve all findings.
        threads: None for all.

    Raises:
        BadArgumentError: not SCORES, without the baseline, of one language only, or an argument is wrong.

    Example:
        >>> from glotgap.quant import evaluate, tiny
        >>> scores = evaluate(tiny.model(steps=2), languages=["eng", "heb"], limit=6, schemes=["fp", "rtn2"])
        >>> found = disparity(scores, rng=1)
        >>> found.tests["statistic"].unique().sort().to_list()
        ['coefficient_of_variation', 'mean', 'worst_less_best', 'worst_less_median']
    """
    if per not in PER:
        raise BadArgumentError(f"per is {per!r}: give item or byte")
    if bool(high) != bool(low) or set(high) & set(low):
        raise BadArgumentError(f"high is {list(high)} and low {list(low)}: name languages in both, none in two")
    how = How.of(confidence_level, n_resamples, rng, threads)
    findings = [
        found
        for damage in damages(scores, baseline)
        for found in _findings(damage, per, {"high": high, "low": low}, how)
    ]
    return answer(adjusted(findings, adjust))


def _findings(damage: Damage, per: str, resource: Mapping[str, Sequence[str]], how: How) -> Iterator[Finding]:
    if len(damage.languages) < 2:
        raise BadArgumentError(f"scores of {damage.languages[0]} only: a disparity is between languages")
    values = damage.delta if per == "item" else damage.delta / damage.bytes.mean(axis=0)
    group = f"{damage.model} {damage.scheme}"
    broken = f", destroyed in {', '.join(damage.destroyed)}" if damage.destroyed else ""
    bare = Finding(
        f"nats lost {_PER[per]}{broken}", group, "", None, 0.0, len(values), "item", left_out=damage.left_out
    )
    for name, statistic in _statistics(damage.languages, resource).items():
        yield _between(values, statistic, replace(bare, statistic=name), how)
    for language, column in zip(damage.languages, values.T, strict=True):
        yield _of_language(column, replace(bare, group=f"{group} {language}", statistic="mean"), how)


_PER: Final = {"item": "an item", "byte": "a byte"}


def _of_language(values: NDArray[np.float64], bare: Finding, how: How) -> Finding:
    if len(values) < _LEAST_ITEMS:
        return bare
    return judge([values], replace(bare, test="sign flips of items", level=how.confidence_level), "samples", how)


def _between(values: NDArray[np.float64], statistic: Statistic, bare: Finding, how: How) -> Finding:
    if len(values) < _LEAST_ITEMS:
        return bare
    shared = {"n_resamples": how.n_resamples, "rng": how.rng, "threads": how.threads, "vectorized": True}
    columns = tuple(values.T)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        interval = bootstrap(columns, statistic, paired=True, confidence_level=how.confidence_level, **shared)
    alternative = "two-sided" if bare.statistic == "low_less_high" else "greater"
    test = permutation_test(
        columns, statistic, permutation_type="samples", alternative=alternative, keep_distribution=True, **shared
    )
    null = 0.0 if alternative == "two-sided" else float(np.mean(test.null_distribution))
    said = replace(bare, null=null, test="permutation of languages within an item", mde=0.0)
    return replace(finding(said, interval, test), mde=None)


def _statistics(languages: Sequence[str], resource: Mapping[str, Sequence[str]]) -> dict[str, Statistic]:
    """Return the disparities by name: functions of one sample a language."""
    found: dict[str, Statistic] = {
        "worst_less_best": lambda *samples, axis=-1: np.ptp(_means(samples, axis), axis=0),
        "worst_less_median": lambda *samples, axis=-1: _worst_less_median(_means(samples, axis)),
        "coefficient_of_variation": lambda *samples, axis=-1: _variation(_means(samples, axis)),
    }
    if unknown := [name for names in resource.values() for name in names if name not in languages]:
        raise BadArgumentError(f"{', '.join(unknown)} has no scores: there are {', '.join(languages)}")
    if resource["low"]:
        places = {kind: [languages.index(name) for name in names] for kind, names in resource.items()}
        found["low_less_high"] = lambda *samples, axis=-1: _difference(_means(samples, axis), places)
    return found


def _means(samples: Sequence[NDArray[np.float64]], axis: int) -> NDArray[np.float64]:
    return np.stack([sample.mean(axis=axis) for sample in samples])


def _worst_less_median(means: NDArray[np.float64]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = means.max(axis=0) - np.median(means, axis=0)
    return found


def _variation(means: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation over languages as a share of the mean's size."""
    found: NDArray[np.float64] = means.std(axis=0, ddof=1) / np.abs(means.mean(axis=0))
    return found


def _difference(means: NDArray[np.float64], places: Mapping[str, Sequence[int]]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = means[places["low"]].mean(axis=0) - means[places["high"]].mean(axis=0)
    return found
