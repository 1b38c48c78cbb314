"""Does one scheme beat another? Losses of two schemes on the same items in the same languages.

Two figures: the mean over languages of D(λ) under the first less that under the second, and the same of the worst
language (which need not be the same one): what a scheme for all languages promises, and what a minimax scheme promises.
Below 0 the first is better.

Items are the units: those that have a finite score under both schemes in every language. Intervals resample items, with
all languages and both schemes of an item together; p swaps the two schemes within items, all languages of an item at
once. A scheme that destroys the model in some language is named with the question: what such a one loses says little.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotgap import tables
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.quant.damage import BASELINE, Damage, damages
from glotgap.stats import permutation_test
from glotgap.stats.answers import Answer, Finding, adjusted, answer, finding
from glotgap.stats.judging import How, resampled

__all__ = ["contest"]

_LEAST_ITEMS: Final = 3


@typed
def contest(
    scores: pl.DataFrame,
    pairs: Sequence[tuple[str, str]],
    *,
    baseline: str = BASELINE,
    confidence_level: float = 0.95,
    n_resamples: int | None = None,
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
        n_resamples: of each interval and each p; None for 9999, or 200 for each finding where that is more.
        adjust: how p is adjusted for the number of findings: see `glotgap.stats.adjust`.
        rng: seed; the same resamples serve all findings.
        threads: None for all.

    Raises:
        BadArgumentError: not SCORES, without one of the schemes, or these were scored on other items than each other.

    Example:
        >>> from glotgap.quant import evaluate, tiny
        >>> schemes = ["fp", "rtn2-g64", "rtn3-g64"]
        >>> scores = evaluate(tiny.model(steps=2), languages=["eng", "heb"], limit=6, schemes=schemes)
        >>> contest(scores, [("rtn3-g64", "rtn2-g64")], rng=1).tests["statistic"].to_list()
        ['mean_over_languages', 'worst_language']
    """
    tables.check("SCORES", scores)
    asked = list(dict.fromkeys(pairs))
    if not asked:
        raise BadArgumentError("pairs is empty: give at least one pair of schemes")
    for first, second in asked:
        if first == second or baseline in {first, second}:
            raise BadArgumentError(f"{first} against {second}: give two schemes, neither of them {baseline}")
    models = scores["model"].unique().sort().to_list()
    how = How.of(confidence_level, n_resamples, rng, threads, findings=2 * len(models) * len(asked))
    for model in models:
        _refuse_unscored(model, set(scores.filter(model=model)["scheme"]), asked)
    wanted = scores.filter(pl.col("scheme").is_in([baseline, *(scheme for pair in asked for scheme in pair)]))
    findings = [found for model in models for found in _findings(wanted.filter(model=model), asked, baseline, how)]
    return answer(adjusted(findings, adjust))


def _findings(scores: pl.DataFrame, pairs: Sequence[tuple[str, str]], baseline: str, how: How) -> Iterator[Finding]:
    known = {damage.scheme: damage for damage in damages(scores, baseline)}
    texts = {name: set(scores.filter(scheme=name).select("language", "item").iter_rows()) for name in known}
    for pair in pairs:
        if texts[pair[0]] != texts[pair[1]]:
            raise BadArgumentError(f"{pair[0]} and {pair[1]} were scored on other items: score both on the same")
        yield from _of_pair(known[pair[0]], known[pair[1]], how)


def _refuse_unscored(model: str, there: set[str], pairs: Sequence[tuple[str, str]]) -> None:
    if lacking := [name for pair in pairs for name in pair if name not in there]:
        raise BadArgumentError(f"{model} was not scored under {lacking[0]}: there is {', '.join(sorted(there))}")


def _of_pair(first: Damage, second: Damage, how: How) -> Iterator[Finding]:
    both = _losses(first, second)
    broken = [f"{one.scheme} destroyed in {', '.join(one.destroyed)}" for one in (first, second) if one.destroyed]
    question = ", ".join([f"nats lost under {first.scheme} less under {second.scheme}{first.caution}", *broken])
    left_out = len(first.items) + first.left_out - both.shape[1]
    bare = Finding(question, first.model, "", None, 0.0, both.shape[1], "item", left_out=left_out)
    for name in ("mean_over_languages", "worst_language"):
        yield _judged(replace(bare, statistic=name), both, how)


def _losses(first: Damage, second: Damage) -> NDArray[np.float64]:
    """Return nats lost on the items of both: schemes × items × languages."""
    shared = sorted(set(first.items) & set(second.items))
    return np.stack([one.delta[[one.items.index(item) for item in shared]] for one in (first, second)])


def _judged(bare: Finding, both: NDArray[np.float64], how: How) -> Finding:
    if bare.n < _LEAST_ITEMS:
        return bare
    worst = bare.statistic == "worst_language"

    def difference(rows: NDArray[np.float64], axis: int = -1) -> NDArray[np.float64]:
        """Return the figure of items by number, from 1; negative where the schemes are swapped."""
        as_they_are, swapped = _shares(np.moveaxis(np.asarray(rows), axis, -1), both.shape[1])
        means = [as_they_are @ both[at] + swapped @ both[1 - at] for at in (0, 1)]
        found: NDArray[np.float64]
        found = means[0].max(-1) - means[1].max(-1) if worst else means[0].mean(-1) - means[1].mean(-1)
        return found

    numbers = np.arange(1.0, both.shape[1] + 1)
    options: dict[str, Any] = {"vectorized": True, "batch": 256}
    interval = resampled((numbers,), difference, how, **options)
    test = permutation_test((numbers,), difference, permutation_type="samples", **how.shared, **options)
    return finding(replace(bare, test="swaps of schemes within an item"), interval, test)


def _shares(rows: NDArray[np.float64], items: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share of each item in each row: as it is, and with its schemes swapped."""
    flat = rows.reshape(-1, rows.shape[-1])
    place = np.abs(flat).astype(np.int64) - 1 + items * (flat < 0)
    place += 2 * items * np.arange(len(flat))[:, None]
    counts = np.bincount(place.ravel(), minlength=2 * items * len(flat)) / rows.shape[-1]
    shares = counts.reshape(*rows.shape[:-1], 2, items)
    return shares[..., 0, :], shares[..., 1, :]
