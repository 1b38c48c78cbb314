"""`glotgap tokens check`: what is wrong with the text of a corpus."""

from typing import Any

import click

from glotgap.cli.checks import check_table, say
from glotgap.cli.corpus import LOST, check_size, corpus_options


def _check_name(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    from glotgap.tables.checks import UNITS

    if value is not None and value not in UNITS:
        raise click.BadParameter(f"{value!r} is no check; choose one of {', '.join(sorted(UNITS))}")
    return value


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@corpus_options
@click.option("--memory", default="512MB", show_default=True, callback=check_size, metavar="SIZE",
              help="About how much the hashes that find duplicates may take; when it is full, duplicates are a lower "
              "bound.")  # fmt: skip
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads; all cores by default.")
@click.option("--list", "listed", metavar="CHECK", callback=_check_name,
              help="List where one check found something, as 'not NFC': file, language and first place.")  # fmt: skip
@click.option("--top", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Rows to print with --list, most documents first.")  # fmt: skip
@click.option(
    "--out", metavar="FILE", callback=check_table, help="Write the table CHECKS to a .parquet, .csv or .json file."
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def check(
    *,
    paths: tuple[str, ...],
    listed: str | None,
    top: int,
    out: str | None,
    quiet: bool,
    form: str | None,
    **reading: Any,
) -> int:
    """Check the text of a corpus.

    PATH is a file, a directory, a quoted pattern such as 'crawl/**/*.jsonl', or - for standard input: text, JSON lines,
    CSV, TSV, Parquet, Arrow or CoNLL-U, plain or in gz, zst, xz or bz2, told by content. Finds invalid UTF-8, text that
    is not NFC, Zawgyi, zero-width marks, wrong scripts, duplicates, control characters, byte order marks and what could
    not be read; changes nothing. The exit code is 3 where something was not read.
    """
    from glotgap import tables
    from glotgap.cli.progress import scanning
    from glotgap.report.token_checks import show
    from glotgap.tokens.checks import inspect_text

    with scanning(quiet=quiet) as progress:
        found = inspect_text(list(paths), format=form, progress=progress, **reading)
    if out is not None:
        tables.write(found.frame, out, found.metadata)
    if not quiet:
        show(found.frame, found.passed_over, listed=listed, top=top)
        if out is not None:
            say(f"wrote {out}")
    return LOST if found.frame["lost"].any() else 0
