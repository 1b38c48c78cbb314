"""Does one scheme beat another? Losses of two schemes on the same items in the same languages.

Two figures: the mean over languages of D(λ) under the first less that under the second, and the same of the worst
language (which need not be the same one): what a scheme for all languages promises, and what a minimax scheme promises.
Below 0 the first is better.

Items are the units. Intervals resample items, with all languages and both schemes of an item together; p swaps the two
schemes within items, all languages of an item at once.
"""

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.quant.damage import BASELINE, Damage, damages
from glotgap.stats import DegenerateDataWarning, bootstrap, permutation_test
from glotgap.stats.answers import Answer, Finding, adjusted, answer, finding
from glotgap.stats.judging import How

__all__ = ["contest"]

_LEAST_ITEMS: Final = 3


@typed
def contest(
    scores: pl.DataFrame,
    pairs: Sequence[tuple[str, str]],
    *,
    baseline: str = BASELINE,
    confidence_level: float = 0.95,
    n_resamples: int = 9999,
    adjust: str = "holm",
    rng: Any = None,
    threads: int | None = None,
) -> Answer:
    """Return whether schemes lose less than others, as TESTS and in words.

    Args:
        scores: SCORES with the baseline and all schemes of `pairs`.
        pairs: of canonical spellings: does the first lose less than the second?
        baseline: the scheme that losses are counted from.
        confidence_level: of the intervals.
        n_resamples: of each interval and each p.
        adjust: how p is adjusted for the number of findings: see `glotgap.stats.adjust`.
        rng: seed; the same resamples serve all findings.
        threads: None for all.

    Raises:
        BadArgumentError: not SCORES, or without one of the schemes.

    Example:
        >>> from glotgap.quant import evaluate, tiny
        >>> schemes = ["fp", "rtn2-g64", "rtn3-g64"]
        >>> scores = evaluate(tiny.model(steps=2), languages=["eng", "heb"], limit=6, schemes=schemes)
        >>> contest(scores, [("rtn3-g64", "rtn2-g64")], rng=1).tests["statistic"].to_list()
        ['mean_over_languages', 'worst_language']
    """
    how = How.of(confidence_level, n_resamples, rng, threads)
    findings = [
        found
        for model in scores["model"].unique().sort()
        for pair in pairs
        for found in _findings(scores.filter(model=model), model, pair, baseline, how)
    ]
    return answer(adjusted(findings, adjust))


def _findings(scores: pl.DataFrame, model: str, pair: tuple[str, str], baseline: str, how: How) -> list[Finding]:
    known = {
        damage.scheme: damage for damage in damages(scores.filter(pl.col("scheme").is_in([*pair, baseline])), baseline)
    }
    if lacking := [name for name in pair if name not in known]:
        raise BadArgumentError(f"{model} was not scored under {lacking[0]}: there is {', '.join(known)}")
    first, second = (known[name] for name in pair)
    question = f"nats lost under {pair[0]} less under {pair[1]}"
    bare = Finding(question, model, "", None, 0.0, len(first.delta), "item", left_out=first.left_out)
    return [
        _judged(replace(bare, statistic=name), first, second, how) for name in ("mean_over_languages", "worst_language")
    ]


def _judged(bare: Finding, first: Damage, second: Damage, how: How) -> Finding:
    if first.delta.shape != second.delta.shape:
        raise BadArgumentError(f"{first.scheme} and {second.scheme} were scored on other items: score both on the same")
    if len(first.delta) < _LEAST_ITEMS:
        return bare
    both = np.stack([first.delta, second.delta])
    worst = bare.statistic == "worst_language"

    def difference(rows: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        """Return the figure of items by number, from 1; negative where the schemes are swapped."""
        rows = np.moveaxis(np.asarray(rows), axis, -1)
        item, swapped = np.abs(rows).astype(np.int64) - 1, (rows < 0).astype(np.int64)
        means = [both[at ^ swapped, item].mean(axis=-2) for at in (0, 1)]
        found: NDArray[np.float64]
        found = means[0].max(-1) - means[1].max(-1) if worst else means[0].mean(-1) - means[1].mean(-1)
        return found

    numbers = np.arange(1.0, len(first.delta) + 1)
    shared = {"n_resamples": how.n_resamples, "rng": how.rng, "vectorized": True, "batch": 256}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)
        interval = bootstrap((numbers,), difference, confidence_level=how.confidence_level, **shared)
    test = permutation_test((numbers,), difference, permutation_type="samples", **shared)
    return finding(replace(bare, test="swaps of schemes within an item"), interval, test)
