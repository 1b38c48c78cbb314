"""What a sweep of widths and a contest of clips come to, each in one sentence that says no more than the data do.

A disparity or a difference is *shown* as everywhere in this package (`glotgap.stats.answers`): by its interval and by
its p, adjusted for all that was asked together. A scheme that destroys the model in some language wins no contest: of
two broken models, the one that loses less is broken too.
"""

from collections.abc import Sequence

import polars as pl

from glotgap.quant.scheme import Scheme
from glotgap.stats.answers import short

__all__ = ["clips_sentence", "language_aware", "rivals", "sweep_sentence"]


def language_aware(bits: int, granularity: str) -> list[str]:
    """Return the spellings of LA-ACIQ in all its forms at a width; mixed precision may spend a quarter of a bit more.

    Example:
        >>> language_aware(4, "g64")[-1]
        'la4-protect4.25-g64'
    """
    forms = ["paper", "shared", "minimax", "own", *([f"protect{bits + 0.25}"] if bits < 8 else [])]
    return [f"la{bits}-{form}-{granularity}" for form in forms]


def rivals(bits: int, granularity: str) -> list[str]:
    """Return the spellings of what LA-ACIQ is compared with: absmax, ACIQ, least error.

    Example:
        >>> rivals(4, "g64")
        ['rtn4-g64', 'rtn4-g64-aciq', 'rtn4-g64-mse']
    """
    return [f"rtn{bits}-{granularity}{clip}" for clip in ("", "-aciq", "-mse")]


def sweep_sentence(losses: pl.DataFrame, tests: pl.DataFrame) -> str:
    """Return what a sweep says: `degradation` and the TESTS of `disparity` of one model.

    Example:
        >>> from glotgap.quant import degradation, disparity, evaluate, tiny
        >>> scores = evaluate(tiny.model(steps=2), languages=["eng", "heb"], limit=6, schemes=["fp", "rtn8"])
        >>> sweep_sentence(degradation(scores), disparity(scores, rng=1).tests)[:44]
        'With n = 2 languages, 6 items and this model'
    """
    if losses["language"].n_unique() < 2:
        return f"{_given(losses)}, nothing can be said of differences between languages."
    asked = tests.filter(pl.col("statistic") == "worst_less_best")
    found = asked.filter("shown")
    schemes = losses["scheme"].n_unique()
    broken = losses.filter("destroyed")["scheme"].unique().sort().to_list()
    if found.is_empty():
        said = f"the data do not show that any of {schemes} schemes hurts some languages more than others"
    else:
        said = f"the data show that {found.height} of {schemes} schemes hurt some languages more than others"
        said += f" ({'; '.join(_widest(losses, group) for group in found['group'])})"
    destroyed = f"; destroyed in some language, so that sizes mean little: {', '.join(broken)}" if broken else ""
    return f"{_given(losses)}, {said}{destroyed}."


def clips_sentence(losses: pl.DataFrame, tests: pl.DataFrame, forms: Sequence[str]) -> str:
    """Return what a contest says: `degradation` and the TESTS of all `contest`s of schemes `forms` of one model.

    Example:
        >>> from glotgap.quant import contest, degradation, evaluate, tiny
        >>> schemes = ["fp", "rtn2-g64", "rtn3-g64"]
        >>> scores = evaluate(tiny.model(steps=2), languages=["eng", "heb"], limit=6, schemes=schemes)
        >>> tests = contest(scores, [("rtn3-g64", "rtn2-g64")], rng=1).tests
        >>> clips_sentence(degradation(scores), tests, ["rtn3-g64"])[:44]
        'With n = 2 languages, 6 items and this model'
    """
    wins = {
        form: asked.filter(pl.col("shown"), pl.col("estimate") < 0).height == asked.height > 0
        for form in forms
        for asked in [tests.filter(pl.col("question").str.starts_with(f"nats lost under {form} less under "))]
    }
    broken = set(losses.filter("destroyed")["scheme"])
    better = [_with_bits(form) for form, is_better in wins.items() if is_better and form not in broken]
    if better:
        verb = "loses" if len(better) == 1 else "lose"
        said = (
            f"the data show that {', '.join(better)} {verb} less than each rival, on average and in the worst language"
        )
    else:
        said = f"the data do not show that any of {len(wins)} schemes loses less than each of its rivals"
    losers = tests.filter(pl.col("shown"), pl.col("estimate") > 0).height
    dead = [form for form in wins if form in broken]
    destroyed = f"; destroyed in some language, and so no winner: {', '.join(dead)}" if dead else ""
    return f"{_given(losses)}, {said} ({losers} of {tests.height} comparisons show the opposite){destroyed}."


def _with_bits(form: str) -> str:
    """Return a scheme, with what it spends more than its rivals."""
    scheme = Scheme.parse(form)
    if scheme.average_bits is None or scheme.bits is None:
        return form
    return f"{form} (with up to {scheme.average_bits - scheme.bits:g} bits a weight more)"


def _given(losses: pl.DataFrame) -> str:
    languages, items = losses["language"].n_unique(), int(losses["n"].to_numpy().min())
    return f"With n = {languages} languages, {items} items and this model"


def _widest(losses: pl.DataFrame, group: str) -> str:
    part = losses.filter(pl.col("model") + " " + pl.col("scheme") == group).sort("delta")
    best, worst = part.row(0, named=True), part.row(-1, named=True)
    gap = f"{worst['language']} {short(worst['delta'])} nats an item, {best['language']} {short(best['delta'])}"
    return f"{worst['scheme']}: {gap}"
