"""Which hyperparameters go with outlier weights? The figures of many models against how each was trained.

A model gives one value: the mean over its layers of a group's figure (`glotgap.weights.layers`). Each hyperparameter is
then correlated with it over models: see `glotgap.stats.correlate`. n is the number of models, and models of one family
are less than independent: hold what they share constant with `given`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.stats.answers import Answer
from glotgap.stats.correlating import correlate
from glotgap.weights.layers import GROUPS, check_groups, figure, layers

__all__ = ["associate"]


@typed
def associate(
    scans: pl.DataFrame,
    hyperparameters: pl.DataFrame,
    *,
    groups: Mapping[str, Sequence[str]] = GROUPS,
    statistic: str = "kurtosis",
    given: str | Sequence[str] = (),
    confidence_level: float = 0.95,
    n_resamples: int | None = None,
    adjust: str = "holm",
    rng: Any = None,
    threads: int | None = None,
) -> Answer:
    """Return how a figure of each group goes with each hyperparameter, over models.

    Args:
        scans: TENSORS of several models, one below the other (`polars.concat`).
        hyperparameters: a row for each model, with the column `model` as in `scans`, and columns of numbers.
        groups: names, each with components or patterns of them.
        statistic: a column of figures, as kurtosis, absmax_sigma or tail6.
        given: hyperparameters that are held constant.
        confidence_level: of the intervals.
        n_resamples: of each interval, and of each p that is not exact; None for 9999, or 200 for each finding where
            that is more.
        adjust: how p is adjusted for the number of findings: see `glotgap.stats.adjust`.
        rng: seed; the same resamples serve all findings.
        threads: None for all.

    Raises:
        BadArgumentError: a model without hyperparameters or given twice, no numbers among them, or as in `compare`.

    Example:
        >>> import polars as pl
        >>> from glotgap.weights import toy
        >>> scans = pl.concat(toy.scan(scale=k, model=f"m{k}") for k in range(1, 7))
        >>> names, dropout = [f"m{k}" for k in range(1, 7)], [0.3, 0.2, 0.25, 0.1, 0.0, 0.05]
        >>> models = pl.DataFrame({"model": names, "dropout": dropout})
        >>> found = associate(scans, models, groups={"attention": ["attn.*"]}, rng=1)
        >>> found.tests.select("question", "n").row(0)
        ('dropout ~ kurtosis of attention', 6)
    """
    check_groups(groups)
    values = layers(scans, figure(statistic, scans), groups)
    means = values.group_by("model", "group").agg(pl.col("value").mean())
    wide = means.with_columns(pl.format("{} of {}", pl.lit(statistic), "group").alias("group"))
    table = wide.pivot("group", index="model", values="value").join(
        _settings(hyperparameters, scans), on="model", how="left"
    )
    held = [given] if isinstance(given, str) else list(given)
    numbers = [
        name
        for name, dtype in hyperparameters.schema.items()
        if dtype.is_numeric() and name not in held and name != "model"
    ]
    if not numbers:
        raise BadArgumentError("hyperparameters has no column of numbers beside those given: add one")
    return correlate(
        table.sort("model"),
        numbers,
        [f"{statistic} of {group}" for group in groups],
        given=held,
        unit="model",
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        adjust=adjust,
        rng=rng,
        threads=threads,
    )


def _settings(hyperparameters: pl.DataFrame, scans: pl.DataFrame) -> pl.DataFrame:
    """Return the hyperparameters, with one row for each model of the scans."""
    if "model" not in hyperparameters.columns:
        raise BadArgumentError(f"hyperparameters has no column model: it has {', '.join(hyperparameters.columns)}")
    if hyperparameters["model"].is_duplicated().any():
        raise BadArgumentError("hyperparameters has a model twice: give each one row")
    missing = sorted(set(scans["model"]) - set(hyperparameters["model"]))
    if missing:
        given = ", ".join(map(str, hyperparameters["model"]))
        raise BadArgumentError(
            f"hyperparameters has no row for {', '.join(missing):.200}: it has {given:.200}; add one for each model, "
            "named as in the scan"
        )
    return hyperparameters
