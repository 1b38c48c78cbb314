"""`glotgap quant sweep` and `clips`: two questions, each one command that ends in one plain sentence."""

from typing import TYPE_CHECKING, Any

import click

from glotgap.cli.answers import told
from glotgap.cli.quant_answers import answers, show_notes
from glotgap.cli.quant_options import check_granularity, check_scheme, corpus_options, run_options
from glotgap.cli.quant_running import evaluated

if TYPE_CHECKING:
    import polars as pl

    from glotgap.stats.answers import Answer

__all__ = ["clips", "sweep"]

_BITS = click.option("--bits", multiple=True, type=click.IntRange(2, 8), default=(8, 4, 3, 2), show_default=True,
                     metavar="N", help="Bits of a weight; may be repeated.")  # fmt: skip
_GRAIN = click.option("--granularity", multiple=True, default=("channel",), show_default=True, metavar="PART",
                      callback=check_granularity,
                      help="What has a scale of its own: tensor, channel or g64; may be repeated.")  # fmt: skip
_SEED = click.option("--seed", "rng", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
                     help="Seed of resamples.")  # fmt: skip


def _check_rival(context: click.Context, option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no spelling of a scheme once the width stands in it."""
    check_scheme(context, option, tuple(rival.replace("{bits}", "4") for rival in value))
    return value


@click.command()
@click.argument("model")
@_BITS
@_GRAIN
@_SEED
@corpus_options
@run_options
def sweep(
    *, model: str, bits: tuple[int, ...], granularity: tuple[str, ...], rng: int, quiet: bool, **options: Any
) -> None:
    """Does rounding to fewer bits hurt some languages more (EXP-009)? Round to nearest at several widths."""
    from glotgap.quant import degradation
    from glotgap.quant.conclusions import sweep_sentence
    from glotgap.report.quant import show_losses, show_scores

    schemes = ("fp", *(f"rtn{width}-{grain}" for grain in granularity for width in bits))
    found = evaluated(model, schemes, quiet=quiet, **options)
    if quiet:
        return
    losses = degradation(found.scores)
    show_scores(found.scores)
    show_losses(losses)
    show_notes(found)
    said = answers(found.scores, rng=rng)
    told(said, None)
    click.echo(sweep_sentence(losses, said.tests))


@click.command()
@click.argument("model")
@_BITS
@_GRAIN
@_SEED
@click.option("--rival", "rivals", multiple=True, metavar="SCHEME", callback=_check_rival,
              help="Another scheme to compare with, with {bits} for the width, as gptq{bits}-g64; may be "
              "repeated.")  # fmt: skip
@corpus_options
@run_options
def clips(
    *,
    model: str,
    bits: tuple[int, ...],
    granularity: tuple[str, ...],
    rng: int,
    rivals: tuple[str, ...],
    quiet: bool,
    **options: Any,
) -> None:
    """Can clipping by language help (EXP-031)? LA-ACIQ in all its forms against absmax, ACIQ and least error.

    Needs --calibration: other text than the corpus. Absmax by groups of 64 is a rival too. GPTQ is one where it is
    named: --rival gptq{bits}-channel --rival gptq{bits}-channel-cal:eng.
    """
    from glotgap.quant import degradation
    from glotgap.quant.conclusions import clips_sentence
    from glotgap.report.quant import show_losses

    if options["calibration"] is None:
        raise click.UsageError("clips by language are fitted to text: give --calibration, other text than the corpus")
    spelled = [_spelled(width, grain, rivals) for grain in granularity for width in bits]
    schemes = ("fp", *(scheme for pair in spelled for part in pair for scheme in part))
    found = evaluated(model, schemes, quiet=quiet, **options)
    if quiet:
        return
    losses = degradation(found.scores)
    show_losses(losses)
    show_notes(found)
    contests = _contests(found.scores, spelled, rng)
    told(contests, None)
    click.echo(clips_sentence(losses, contests.tests, [form for forms, _ in spelled for form in forms]))


def _spelled(bits: int, granularity: str, more: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Return the schemes of LA-ACIQ at a width and their rivals, as tables spell them."""
    from glotgap.quant import Scheme
    from glotgap.quant.conclusions import language_aware, rivals

    others = [*rivals(bits, granularity), f"rtn{bits}-g64", *(rival.replace("{bits}", str(bits)) for rival in more)]
    forms = language_aware(bits, granularity)
    spelled = [[str(Scheme.parse(text)) for text in part] for part in (forms, others)]
    return spelled[0], list(dict.fromkeys(spelled[1]))


def _contests(scores: "pl.DataFrame", spelled: list[tuple[list[str], list[str]]], rng: int) -> "Answer":
    """Ask all forms against all rivals of their width, p adjusted for the number of all questions."""
    from glotgap.quant import contest

    pairs = [(form, rival) for forms, others in spelled for form in forms for rival in others]
    return contest(scores, pairs, rng=rng)
