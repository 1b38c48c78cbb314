"""The options that commands share which run a model."""

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from glotgap.cli.checks import check_table, usable

__all__ = [
    "check_granularity",
    "check_scheme",
    "corpus_options",
    "model_options",
    "run_options",
    "writable",
]

F = TypeVar("F", bound=Callable[..., Any])


def _split(_context: click.Context, _option: click.Parameter, value: str | None) -> list[str] | None:
    """Read names with commas between them."""
    return None if value is None else [name.strip() for name in value.split(",") if name.strip()]


def check_scheme(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse what is no spelling of a scheme."""
    from glotgap.quant.scheme import Scheme

    for spelling in value:
        usable(Scheme.parse, spelling)
    return value


def check_granularity(_context: click.Context, _option: click.Parameter, value: Any) -> Any:
    """Refuse what is no granularity, one or several."""
    from glotgap.quant.scheme import Scheme

    for part in (value,) if isinstance(value, str) else value:
        if re.fullmatch(r"tensor|channel|g\d+", part) is None:
            raise click.BadParameter(f"{part!r} is none: give tensor, channel, or g and a number, as g64")
        usable(Scheme.parse, f"rtn4-{part}")
    return value


def writable(*suffixes: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Return what refuses a file that cannot be written, before any work."""

    def check(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        from glotgap._atomic import check_target

        if value is not None and not value.endswith(suffixes):
            raise click.BadParameter(f"cannot write {value}: end it in {' or '.join(suffixes)}")
        if value is not None:
            usable(check_target, value)
        return value

    return check


_CORPUS = (
    click.option("--corpus", "corpora", multiple=True, metavar="PATH",
                 help="Parallel text: a directory of aligned files (NTREX and FLORES layouts by name), a .jsonl or "
                 ".parquet file of id, language, text; may be repeated for files. The package's own sentences by "
                 "default, which are for trying things out."),
    click.option("--languages", callback=_split, metavar="LANGUAGE,...", help="These languages only."),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="The first N items."),
)  # fmt: skip

_RUN = (
    click.option("--tokenizer", metavar="PATH", help="Tokenizer, where it does not lie with the model."),
    click.option("--batch-tokens", type=click.IntRange(min=1), default=2048, show_default=True, metavar="N",
                 help="Tokens that the model reads at once; halved where memory does not hold them."),
    click.option("--device", default="auto", show_default=True, help="cpu, cuda, ...; auto takes an accelerator."),
    click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), default="float32", show_default=True,
                 help="Type that the weights are loaded in."),
    click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors."),
)  # fmt: skip


def corpus_options(command: F) -> F:
    """Add the options that say which text is read."""
    return _with(command, _CORPUS)


def model_options(command: F) -> F:
    """Add the options that say how a model runs."""
    return _with(command, _RUN)


def run_options(command: F) -> F:
    """Add the options that say how a model runs and is scored, and where scores are kept."""
    kept = (
        click.option("--calibration", metavar="PATH", help="Other parallel text, for schemes that look at data."),
        click.option("--length", type=click.IntRange(min=2), metavar="N", help="Tokens of a window; the model's own."),
        click.option("--context", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
                     help="Tokens before those scored in all windows of a long text but the first."),
        click.option("--out", metavar="FILE", callback=check_table,
                     help="Write the table SCORES to a .parquet, .csv or .json file."),
        click.option("--audit", metavar="FILE", callback=check_table, help="Write the table AUDITS likewise."),
        click.option("--resume", is_flag=True,
                     help="Keep scores beside --out as they are made, and go on from those of an earlier run."),
        click.option("--cache", metavar="FILE", help="Keep scores in this file, for runs of any schemes."),
    )  # fmt: skip
    return _with(_with(command, _RUN), kept)


def _with(command: F, options: tuple[Callable[[F], F], ...]) -> F:
    for option in reversed(options):
        command = option(command)
    return command
