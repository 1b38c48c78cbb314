"""What goes with the damage? Correlations, across languages, of D(λ) with what is known of each language.

For each scheme that leaves the model alive: Pearson's and Spearman's correlation of D with each covariate (tokens a
byte, fertility and premium of the model's own tokenizer come from SCORES; outlier activation, effective kurtosis or
anything else as tables by language), with BCa intervals by resampling languages, p by pairing languages anew (exact
where all pairings fit), partial correlations by Freedman and Lane, the range of r as each language is left out, and p
adjusted for all that was asked together. The unit is the language: with a dozen, a correlation of 0.8 or so is found
four times in five; every answer says what its n would find.

Schemes that destroy the model in any language are left out and named: there D is bounded by how a broken model babbles.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.quant.damage import BASELINE, PER, degradation
from glotgap.stats import correlate as correlate_columns
from glotgap.stats.answers import Answer

__all__ = ["Correlations", "correlate"]


@dataclass(frozen=True)
class Correlations(Answer):
    """Correlations of D with covariates.

    Attributes:
        tests: TESTS.
        sentence: the same in words.
        table: a row for each scheme and language, those that were left out too.
        destroyed: schemes that were left out, because they destroy the model in some language.
    """

    table: pl.DataFrame
    destroyed: tuple[str, ...]


@typed
def correlate(
    scores: pl.DataFrame,
    *covariates: pl.DataFrame,
    x: str | Sequence[str] | None = None,
    given: str | Sequence[str] = (),
    per: str = "item",
    baseline: str = BASELINE,
    statistics: Sequence[str] = ("pearson", "spearman"),
    confidence_level: float = 0.95,
    n_resamples: int | None = None,
    adjust: str = "holm",
    rng: Any = None,
    threads: int | None = None,
) -> Correlations:
    """Return how far D goes with covariates, across languages.

    Args:
        scores: SCORES with the baseline and other schemes, of four languages or more.
        covariates: tables with a column `language` and columns of numbers, such as `outlier_activation` returns.
        x: columns to correlate D with; tokens_byte, fertility, premium and all numbers of `covariates` by default.
        given: columns held constant: then the correlations are partial ones.
        per: "item" for nats an item, "byte" for nats a byte.
        baseline: the scheme that others are compared with.
        statistics: "pearson", "spearman" or both.
        confidence_level: of the intervals.
        n_resamples: of each interval and, where not all pairings fit, of each p; see
            `glotgap.stats.correlate`.
        adjust: how p is adjusted for the number of findings: see `glotgap.stats.adjust`.
        rng: seed.
        threads: None for all.

    Raises:
        BadArgumentError: not SCORES, a table of covariates lacks a language, or all schemes destroy the model.

    Example:
        >>> from glotgap.quant import evaluate, tiny
        >>> languages = ["arb", "deu", "eng", "heb", "hin"]
        >>> scores = evaluate(tiny.model(steps=2), languages=languages, limit=3, schemes=["fp", "rtn2"])
        >>> correlate(scores, x="tokens_byte", statistics=["spearman"], rng=1).tests["n"].to_list()
        [5]
    """
    if per not in PER:
        raise BadArgumentError(f"per is {per!r}: give item or byte")
    table = degradation(scores, baseline=baseline)
    for more in covariates:
        table = _joined(table, more)
    broken = table.group_by("model", "scheme").agg(pl.col("destroyed").any()).filter("destroyed")
    destroyed = tuple(sorted(f"{model} {scheme}" for model, scheme in broken.select("model", "scheme").iter_rows()))
    kept = table.with_columns(group=pl.col("model") + " " + pl.col("scheme")).filter(
        ~pl.col("group").is_in(list(destroyed))
    )
    if kept.is_empty():
        raise BadArgumentError(f"all schemes destroy the model: {', '.join(destroyed)}")
    found = correlate_columns(
        kept,
        _wanted(kept, covariates) if x is None else x,
        "delta" if per == "item" else "delta_byte",
        given=given,
        by="group",
        unit="language",
        statistics=statistics,
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        adjust=adjust,
        rng=rng,
        threads=threads,
    )
    left_out = f" Left out, because destroyed: {', '.join(destroyed)}." if destroyed else ""
    return Correlations(found.tests, found.sentence + left_out, table, destroyed)


def _joined(table: pl.DataFrame, more: pl.DataFrame) -> pl.DataFrame:
    if "language" not in more.columns or more["language"].is_duplicated().any():
        raise BadArgumentError("a table of covariates has no column language, or a language twice: give a row for each")
    if lacking := sorted(set(table["language"]) - set(more["language"])):
        raise BadArgumentError(f"a table of covariates lacks {', '.join(lacking)}: give a row for each language")
    twice = [name for name in more.columns if name in table.columns and name != "language"]
    if figures := [name for name in twice if more[name].dtype.is_numeric()]:
        raise BadArgumentError(f"covariate {figures[0]!r} is there already: give it another name")
    return table.join(more.drop(twice), on="language", how="left", maintain_order="left")  # notes are no covariates


def _wanted(table: pl.DataFrame, covariates: Sequence[pl.DataFrame]) -> list[str]:
    """Return the covariates that all languages have."""
    brought = [name for more in covariates for name, dtype in more.schema.items() if dtype.is_numeric()]
    own = [name for name in ("tokens_byte", "fertility", "premium") if not table[name].null_count()]
    return [*own, *brought]
