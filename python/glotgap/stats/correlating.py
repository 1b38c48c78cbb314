"""Does y go with x? Correlations of the columns of a table, with all that says whether they are real.

Rows are the units: languages, models, layers. For each pair of columns: r with its BCa interval by resampling rows,
p by pairing the columns anew (exact when all pairings fit, for partial correlations by Freedman and Lane 1983), the
range of r as each row is left out, and p adjusted for all that was asked together. Rows with a missing value in a
column at hand are left out, and counted.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.stats import asked
from glotgap.stats.adjusting import ADJUSTMENTS
from glotgap.stats.answers import Answer, Finding, adjusted, answer
from glotgap.stats.grouped import codes
from glotgap.stats.judging import How, judge
from glotgap.stats.planning import mde
from glotgap.stats.samples import column

__all__ = ["correlate"]

_LEAST: Final = 4
"""Fewer rows have one or two distinct resamples of r, and no acceleration."""
_DRAWS: Final = 1 << 23
_MOST: Final = 999_999
"""Resamples of few rows, unless told otherwise: so many that rows × resamples are `_DRAWS`, and no more than these."""


@typed
def correlate(
    table: Any,
    x: str | Sequence[str],
    y: str | Sequence[str],
    *,
    given: str | Sequence[str] = (),
    by: str | None = None,
    unit: str = "row",
    statistics: Sequence[str] = ("pearson", "spearman"),
    confidence_level: float = 0.95,
    n_resamples: int | None = None,
    adjust: str = "holm",
    rng: Any = None,
    threads: int | None = None,
) -> Answer:
    """Return how far y goes with x, for each x and each y, as TESTS and in words.

    Args:
        table: columns by name: a frame of polars or pandas, an Arrow table, or a dict of arrays. One row a unit.
        x: name of a column of numbers, or several.
        y: the same.
        given: columns held constant: then the correlations are partial ones.
        by: column that splits the rows into groups, each with findings of its own.
        unit: what a row is, for the sentence: "language", "model".
        statistics: "pearson", "spearman" or both.
        confidence_level: of the intervals.
        n_resamples: of each interval and, where not all pairings fit, of each p; None for 9999 or more: 200 for each
            finding, and up to a million of few rows, whose intervals hang on rare resamples.
        adjust: how p is adjusted for the number of findings: see `glotgap.stats.adjust`.
        rng: seed; the same resamples serve all findings.
        threads: None for all.

    Raises:
        BadArgumentError: a column is absent or no column of numbers, or an argument is wrong.

    Example:
        >>> table = {"kappa": [1.0, 2, 3, 4, 5, 6], "damage": [2.0, 1, 4, 3, 6, 5]}
        >>> found = correlate(table, "kappa", "damage", unit="language", statistics=["spearman"], rng=1)
        >>> found.tests["p"].round(4).to_list(), found.tests["exact"].to_list()
        ([0.0583], [True])
    """
    wrong = set(statistics) - {"pearson", "spearman"}
    if wrong or not statistics:
        raise BadArgumentError(f"statistics is {list(statistics)}: give pearson, spearman or both")
    if adjust not in ADJUSTMENTS:
        raise BadArgumentError(f"adjust is {adjust!r}: give one of {', '.join(ADJUSTMENTS)}")
    held = _names(given)
    if twice := [name for names in (_names(x), _names(y)) for name in names if names.count(name) > 1]:
        raise BadArgumentError(f"{twice[0]!r} is named twice: name each column once")
    asked.confidence(confidence_level)
    groups = _groups(table, by)
    pairs = [(first, second) for first in _names(x) for second in _names(y)]
    count = len(groups) * len(pairs) * len(statistics)
    how = How.of(confidence_level, n_resamples, rng, threads, findings=count)
    draws = _DRAWS if n_resamples is None else 0
    findings = [
        _correlated(table, (first, second, *held), Finding("", group, statistic, None, 0.0, 0, unit), rows, how, draws)
        for group, rows in groups
        for first, second in pairs
        for statistic in statistics
    ]
    return answer(adjusted(findings, adjust))


def _names(given: str | Sequence[str]) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def _groups(table: Any, by: str | None) -> list[tuple[str, NDArray[np.bool_] | None]]:
    if by is None:
        return [("all", None)]
    labels = np.asarray(_raw(table, by))
    numbers, names = codes(f"column {by!r}", labels, len(labels))
    return [(str(name), numbers == at) for at, name in enumerate(names)]


def _raw(table: Any, name: str) -> Any:
    try:
        return table[name]
    except Exception as error:
        shown = ", ".join(map(str, getattr(table, "column_names", getattr(table, "columns", table))))
        raise BadArgumentError(f"the table has no column {name!r}: it has {shown:.200}") from error


def _values(table: Any, name: str) -> NDArray[np.float64]:
    try:
        return column(_raw(table, name)).astype(np.float64)
    except BadArgumentError as error:
        raise BadArgumentError(f"column {name!r}: {error}") from error


def _correlated(
    table: Any, names: tuple[str, ...], bare: Finding, rows: NDArray[np.bool_] | None, how: How, draws: int
) -> Finding:
    columns = [_values(table, name) for name in names]
    if len({len(values) for values in columns}) > 1:
        raise BadArgumentError(f"columns {', '.join(names)} differ in length: give one table")
    inside = np.ones(len(columns[0]), bool) if rows is None else rows
    known = inside & np.isfinite(columns).all(axis=0)
    samples, n = [values[known] for values in columns], int(known.sum())
    found = replace(_of(names, bare), n=n, left_out=int(inside.sum()) - n, level=how.confidence_level)
    if n < _LEAST + len(names) - 2 or any(np.ptp(values) == 0 for values in samples):
        return found
    reach = _reach(bare.statistic, n - len(names) + 2, how.confidence_level)
    enough = max(how.n_resamples, min(_MOST, draws // n))
    return judge(samples, replace(found, mde=reach), "pairings", replace(how, n_resamples=enough))


def _of(names: tuple[str, ...], bare: Finding) -> Finding:
    """Return the finding that these columns are asked for: a partial correlation where some are held constant."""
    first, second, *held = names
    question = f"{first} ~ {second}"
    if not held:
        return replace(bare, question=question)
    question += f" given {', '.join(held)}"
    return replace(bare, question=question, statistic=f"partial_{bare.statistic}", test="Freedman-Lane permutation")


def _reach(statistic: str, n: int, level: float) -> float:
    """Return the least correlation found four times in five, by Fisher's z.

    Its variance is 1 / (n - 3), and 1.06 / (n - 3) of ranks (Fieller et al. 1957); each covariate takes one of n.
    """
    factor = 1.06 if statistic.endswith("spearman") else 1.0
    return math.tanh(mde(math.sqrt(factor / (n - 3)), significance=1 - level))
