"""The options that commands share which run a model, and how they run it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from glotgap.cli.checks import check_table, say, usable

if TYPE_CHECKING:
    from glotgap.quant import Evaluation

__all__ = [
    "check_granularity",
    "check_scheme",
    "corpus_of",
    "corpus_options",
    "evaluated",
    "model_options",
    "run_options",
    "writable",
]

F = TypeVar("F", bound=Callable[..., Any])


def _split(_context: click.Context, _option: click.Parameter, value: str | None) -> list[str] | None:
    """Read names with commas between them."""
    return None if value is None else [name for name in value.split(",") if name]


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


def corpus_of(corpora: tuple[str, ...]) -> Any:
    """Return what `glotgap.quant.parallel` takes."""
    return None if not corpora else corpora[0] if len(corpora) == 1 else list(corpora)


def evaluated(
    model: str,
    schemes: tuple[str, ...],
    *,
    corpora: tuple[str, ...],
    out: str | None,
    audit: str | None,
    resume: bool,
    cache: str | None,
    quiet: bool,
    **options: Any,
) -> "Evaluation":
    """Run an evaluation as the options say, and write its tables."""
    from glotgap.cli.progress import counting
    from glotgap.quant import evaluation

    if quiet and out is None and audit is None:
        raise click.UsageError("--quiet without --out or --audit shows and keeps nothing: add --out FILE")
    if out is not None and out == audit:
        raise click.UsageError("--out and --audit are one file: give each its own")
    if resume and out is None:
        raise click.UsageError("--resume keeps its scores beside --out: give --out")
    if resume and cache is not None:
        raise click.UsageError("--resume and --cache both keep scores: give one of them")
    kept = f"{out}.part.sqlite" if resume else cache
    with counting("scoring", "texts", quiet=quiet) as progress, _noting(kept):
        found = evaluation(model, corpus=corpus_of(corpora), schemes=schemes, cache=kept, progress=progress, **options)
    _write(found, out, audit, quiet=quiet)
    if resume:
        Path(f"{out}.part.sqlite").unlink(missing_ok=True)
    return found


@contextmanager
def _noting(kept: str | None) -> Iterator[None]:
    """Note on what stops a run what was kept of it."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stop:
        if kept is None:
            stop.add_note(
                "nothing was kept: with --cache FILE, or --out FILE --resume, scores are kept as they are made"
            )
        else:
            stop.add_note(f"scores so far are kept in {kept}: the same command goes on from them")
        raise


def _write(found: "Evaluation", out: str | None, audit: str | None, *, quiet: bool) -> None:
    """Write the tables that were asked for."""
    from glotgap import tables

    for path, frame in ((out, found.scores), (audit, found.audits)):
        if path is not None:
            tables.write(frame, path, found.metadata)
            if not quiet:
                say(f"wrote {path}")
