"""Do outlier weights grow in training? The figures of a model's checkpoints, first against last, and their trend.

For each group of components two findings: the ratio (or difference) of the last checkpoint to the first, layer by layer
as in `glotgap.weights.compare`; and, from three checkpoints on, a Mann-Kendall test of the mean over layers against the
step, with Kendall's tau_b as the estimate. Checkpoints of one run depend on each other, which makes the trend's p too
small; its n is the number of checkpoints.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.stats.answers import Answer, Finding, adjusted, answer
from glotgap.stats.judging import How
from glotgap.stats.trend import mann_kendall
from glotgap.weights.compare import judged, null_of
from glotgap.weights.layers import GROUPS, check_groups, figure, layers

__all__ = ["growth"]

_LEAST_FOR_TREND: Final = 3


@typed
def growth(
    scans: Mapping[Any, pl.DataFrame],
    *,
    groups: Mapping[str, Sequence[str]] = GROUPS,
    statistic: str = "kurtosis",
    effect: str = "mean_ratio",
    confidence_level: float = 0.95,
    n_resamples: int | None = None,
    rng: Any = None,
    threads: int | None = None,
) -> Answer:
    """Return whether a figure grows from checkpoint to checkpoint, for each group of components.

    Args:
        scans: TENSORS of each checkpoint, by its training step (a number).
        groups: names, each with components or patterns of them.
        statistic: a column of figures, as kurtosis, absmax_sigma or tail6.
        effect: "mean_ratio", "mean_difference" or "median_difference", of the last checkpoint to the first.
        confidence_level: of the intervals.
        n_resamples: of each interval, and of each p that is not exact; None for 9999, or 200 for each finding where
            that is more.
        rng: seed; the same resamples serve all findings.
        threads: None for all.

    Raises:
        BadArgumentError: fewer than two checkpoints, a step that is no number, or as in `compare`.

    Example:
        >>> from glotgap.weights import toy
        >>> found = growth({step: toy.scan(scale=step) for step in (1, 2, 4)}, rng=1)
        >>> found.tests.filter(statistic="mean_ratio")["estimate"].round(2).to_list()
        [3.53, 3.37]
    """
    bare = Finding(f"{statistic}, last checkpoint to first", "", effect, None, null_of(effect), 0, "layer")
    check_groups(groups)
    steps = _steps(scans)
    values = pl.concat(
        layers(scans[key], figure(statistic, scans[key]), groups).with_columns(pl.lit(step).alias("step"))
        for key, step in steps
    )
    how = How.of(confidence_level, n_resamples, rng, threads, findings=2 * len(groups))
    each = [values.filter(group=group) for group in groups]
    ratios = [_last_to_first(part, replace(bare, group=group), how) for group, part in zip(groups, each, strict=True)]
    trends = [_trend(part, group, statistic, confidence_level) for group, part in zip(groups, each, strict=True)]
    return answer(adjusted([*ratios, *(found for found in trends if found is not None)], "holm"))


def _steps(scans: Mapping[Any, pl.DataFrame]) -> list[tuple[Any, float]]:
    """Return the keys of the checkpoints with their steps, in the order of training."""
    try:
        steps = sorted(((key, float(key)) for key in scans), key=lambda pair: pair[1])
    except (TypeError, ValueError):
        raise BadArgumentError(f"steps are {list(scans)!r:.80}: give each scan by its step, a number") from None
    if len({step for _, step in steps}) < 2:
        raise BadArgumentError(f"there are {len(steps)} checkpoints: give two or more, with different steps")
    return steps


def _last_to_first(part: pl.DataFrame, bare: Finding, how: How) -> Finding:
    first, last = part["step"].min(), part["step"].max()
    ends = part.filter(pl.col("step").is_in([first, last]))
    if first == last:
        return bare
    pairs = ends.pivot("step", index=["stack", "layer"], values="value")
    return judged(pairs.select(str(last), str(first)), bare, how)


def _trend(part: pl.DataFrame, group: str, statistic: str, level: float) -> Finding | None:
    """Return the trend of the mean over layers, None where there are too few checkpoints for one."""
    means = part.group_by("step").agg(pl.col("value").mean()).sort("step")
    if means.height < _LEAST_FOR_TREND:
        return None
    found = mann_kendall(means["value"].to_numpy(), times=means["step"].to_numpy())
    return Finding(
        f"{statistic}, trend over checkpoints",
        group,
        "kendall",
        None if np.isnan(found.tau) else found.tau,
        0.0,
        found.n,
        "checkpoint",
        level=level,
        p=found.pvalue,
        test="Mann-Kendall",
        exact=found.exact,
    )
