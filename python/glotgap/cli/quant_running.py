"""How commands run an evaluation: what they refuse, say before it, keep and write."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glotgap.cli.checks import say

if TYPE_CHECKING:
    from glotgap.quant import Evaluation, Parallel
    from glotgap.quant.models import Subject

__all__ = ["corpus_of", "evaluated"]


def corpus_of(corpora: tuple[str, ...], *, quiet: bool) -> "Parallel":
    """Return the text that is named, and say which files are none."""
    from glotgap.quant import parallel

    found = parallel(None if not corpora else corpora[0] if len(corpora) == 1 else list(corpora))
    if found.skipped and not quiet:
        say(f"not read, since no language is in the name: {', '.join(found.skipped)}")
    return found


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

    _refuse(out, audit, cache, resume=resume, quiet=quiet)
    kept = f"{out}.part.sqlite" if resume else cache
    text = corpus_of(corpora, quiet=quiet)
    of, read = _opened(model, options), {"corpus": text, "schemes": schemes, **options}
    if not quiet:
        read |= _tell_bounds(of, schemes, read)
    with counting("scoring", "texts", quiet=quiet) as progress, _noting(kept):
        found = evaluation(of, cache=kept, progress=progress, **read)
    _write(found, out, audit, quiet=quiet)
    if resume:
        Path(f"{out}.part.sqlite").unlink(missing_ok=True)
    return found


def _refuse(out: str | None, audit: str | None, cache: str | None, *, resume: bool, quiet: bool) -> None:
    """Refuse wrong usage before any work."""
    if quiet and out is None and audit is None:
        raise click.UsageError("--quiet without --out or --audit shows and keeps nothing: add --out FILE")
    if out is not None and out == audit:
        raise click.UsageError("--out and --audit are one file: give each its own")
    if resume and out is None:
        raise click.UsageError("--resume keeps its scores beside --out: give --out")
    if resume and cache is not None:
        raise click.UsageError("--resume and --cache both keep scores: give one of them")


def _opened(model: str, options: dict[str, Any]) -> "Subject":
    """Return the model, loaded once for all that follows."""
    from glotgap.quant.models import subject

    return subject(model, options.pop("tokenizer"), dtype=options.pop("dtype"), device=options.pop("device"))


def _tell_bounds(of: "Subject", schemes: Sequence[str], read: dict[str, Any]) -> dict[str, Any]:
    """Say what clips by language can win at most, before any is tried; return what was read for that."""
    from glotgap.quant import Scheme, parallel, regret
    from glotgap.quant.calibration import Calibration
    from glotgap.quant.scoring import Scorer

    asked = [Scheme.parse(scheme) for scheme in schemes]
    units = {(s.bits, f"g{s.group}" if s.group else str(s.granularity)) for s in asked if s.method == "la"}
    if not units:
        return {}
    scored = parallel(read["corpus"], languages=read["languages"], limit=read["limit"])
    data = Calibration.of(read["calibration"], asked, scored)
    if data.text is not None and len(data.text.languages) > 1:
        sizes = {name: read[name] for name in ("batch_tokens", "length", "context")}
        found = data.profile(of, Scorer(of.model, of.tokenizer, **sizes), data.text)
        for bits, unit in sorted(units, key=str):
            click.echo(f"{bits} bits, {unit}: {regret(of, found, bits or 8, unit).sentence}")
    return {"corpus": scored, "calibration": data}


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
