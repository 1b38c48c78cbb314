"""Do attention projections have heavier tails than MLPs? Two groups of components, compared within layers.

In each layer the figure (kurtosis, say) is averaged over the tensors of either group. The interval resamples layers,
with both values of a layer together; p swaps the two within layers, as often as there are ways (exact for up to 13
layers with 9,999 resamples). So differences between layers are no part of the comparison.

Limits: one scan is one model, and n its layers: what is shown is shown of this model, not of others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import polars as pl

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.stats.answers import Answer, Finding, adjusted, answer
from glotgap.stats.judging import How, judge
from glotgap.weights.layers import GROUPS, check_groups, figure, layers

__all__ = ["EFFECTS", "compare", "judged", "null_of"]

EFFECTS: Final[Mapping[str, float]] = {"mean_difference": 0.0, "median_difference": 0.0, "mean_ratio": 1.0}
"""How two groups may be compared, and the value of no difference."""

_LEAST: Final = 3


@typed
def compare(
    scan: pl.DataFrame,
    *,
    groups: Mapping[str, Sequence[str]] = GROUPS,
    statistic: str = "kurtosis",
    effect: str = "mean_difference",
    confidence_level: float = 0.95,
    n_resamples: int | None = None,
    rng: Any = None,
    threads: int | None = None,
) -> Answer:
    """Return how a figure of the first group differs from that of the second, for each model of the table.

    Args:
        scan: TENSORS of one model or more (`glotgap.weights.scan`).
        groups: two names, each with components or patterns of them (`{"attention": ["attn.*"], "mlp": ["mlp.*"]}`).
        statistic: a column of figures, as kurtosis, absmax_sigma or tail6.
        effect: "mean_difference", "median_difference" or "mean_ratio", of the first group over the second.
        confidence_level: of the intervals.
        n_resamples: of each interval, and of each p that is not exact; None for 9999, or 200 for each finding where
            that is more.
        rng: seed; the same resamples serve all findings.
        threads: None for all.

    Raises:
        BadArgumentError: not TENSORS, no such figure, effect or component, or not two groups.

    Example:
        >>> from glotgap.weights import toy
        >>> found = compare(toy.scan(), rng=1)
        >>> found.tests.select("estimate", "p", "n").row(0)
        (7.5, 0.03125, 6)
    """
    if len(groups) != 2:
        raise BadArgumentError(f"groups are {list(groups)}: give two")
    null = null_of(effect)
    check_groups(groups)
    values = layers(scan, figure(statistic, scan), groups)
    first, second = groups
    pairs = values.pivot("group", index=["model", "stack", "layer"], values="value")
    for name in groups:
        if name not in pairs.columns:
            raise BadArgumentError(f"no layer has a tensor of the group {name!r} with the figure {statistic!r}")
    models = pairs.partition_by("model", maintain_order=True, as_dict=True)
    how = How.of(confidence_level, n_resamples, rng, threads, findings=len(models))
    findings = [
        judged(
            part.select(first, second),
            Finding(f"{statistic}, {first} against {second}", model, effect, None, null, 0, "layer"),
            how,
        )
        for (model,), part in models.items()
    ]
    return answer(adjusted(findings, "holm"))


def null_of(effect: str) -> float:
    """Return the value of an effect where there is no difference.

    Raises:
        BadArgumentError: there is no such effect.
    """
    if effect not in EFFECTS:
        raise BadArgumentError(f"effect is {effect!r}: give one of {', '.join(EFFECTS)}")
    return EFFECTS[effect]


def judged(pairs: pl.DataFrame, bare: Finding, how: How) -> Finding:
    """Return what two columns of pairs say of the finding's statistic; pairs without both values are left out."""
    known = pairs.drop_nulls()
    found = replace(bare, n=known.height, left_out=pairs.height - known.height, level=how.confidence_level)
    if known.height < _LEAST:
        return found
    return judge([column.to_numpy() for column in known], found, "samples", how)
