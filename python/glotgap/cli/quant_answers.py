"""What commands say of scores: notes on how they came about, and answers to what there are languages enough to ask."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    import polars as pl

    from glotgap.quant import Evaluation
    from glotgap.stats.answers import Answer

__all__ = ["answers", "show_notes"]

_LEAST_LANGUAGES: Final = 4
_NONE: Final[Mapping[str, Any]] = {}


def show_notes(found: "Evaluation") -> None:
    """Print what each scheme did to the weights, what has no score, and what fp is."""
    from glotgap.report.quant import audit_lines, reference_line, unscored_lines

    for line in (*audit_lines(found.audits), *unscored_lines(found.scores), reference_line(found.scores)):
        click.echo(line)


def answers(
    scores: "pl.DataFrame",
    covariates: "Sequence[pl.DataFrame]" = (),
    *,
    groups: Mapping[str, Any] = _NONE,
    columns: Mapping[str, Any] = _NONE,
    **how: Any,
) -> "Answer":
    """Ask whether quantization cost some languages more, and what goes with it; say what cannot be asked, and why.

    Args:
        scores: SCORES.
        covariates: tables with a row for each language.
        groups: options of `disparity` alone.
        columns: options of `correlate` alone.
        how: options of both.
    """
    import polars as pl

    from glotgap import tables
    from glotgap.quant import correlate, degradation, disparity
    from glotgap.stats.answers import Answer

    losses = degradation(scores)
    asked: tuple[tuple[str | None, Callable[[], Answer]], ...] = (
        (_no_disparity(losses), lambda: disparity(scores, **groups, **how)),
        (_no_correlations(losses), lambda: correlate(scores, *covariates, **columns, **how)),
    )
    found = [ask() for reason, ask in asked if reason is None]
    tests = [pl.DataFrame(schema=tables.TESTS.schema()), *(answer.tests for answer in found)]
    said = [answer.sentence.removesuffix(".") for answer in found] + [reason for reason, _ in asked if reason]
    return Answer(tables.sort("TESTS", pl.concat(tests)), f"{'; '.join(said)}.")


def _no_disparity(losses: "pl.DataFrame") -> str | None:
    """Return why disparities are not asked; None if they are."""
    return "disparity is not asked: it is between languages, and there is one" if _languages(losses) < 2 else None


def _no_correlations(losses: "pl.DataFrame") -> str | None:
    """Return why correlations are not asked; None if they are."""
    if _languages(losses) < _LEAST_LANGUAGES:
        return f"correlations are not asked: they need {_LEAST_LANGUAGES} languages or more"
    if all(part["destroyed"].any() for part in losses.partition_by("model", "scheme")):
        return "correlations are not asked: every scheme destroys the model in some language"
    return None


def _languages(losses: "pl.DataFrame") -> int:
    """Return the languages of the model that has the fewest."""
    return min(part["language"].n_unique() for part in losses.partition_by("model"))
