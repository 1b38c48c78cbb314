"""`glotgap tokens scan`: count a corpus."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from glotgap._errors import BadArgumentError
from glotgap.cli.checks import check_table, language_or_none, say
from glotgap.cli.corpus import LOST, check_size, corpus_options

if TYPE_CHECKING:
    from glotgap.tokens import Scan, Tokenizer


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("-t", "--tokenizer", "sources", multiple=True, required=True, metavar="TOKENIZER",
              help="tokenizer.json or its directory, tiktoken, SentencePiece, tekken or GGUF file, or Hub id; "
              "NAME=PATH gives it a name of its own; may be repeated.")  # fmt: skip
@corpus_options
@click.option("--words", type=click.Choice(["icu", "unicode", "whitespace", "conllu", "none"]), default="icu",
              show_default=True, help="How words are found: by UAX #29 with dictionaries for Chinese, Japanese, Thai, "
              "Lao, Khmer and Burmese (icu) or without (unicode), between white space, as CoNLL-U files have them, or "
              "not at all.")  # fmt: skip
@click.option("--allow-unspaced", is_flag=True,
              help="Let white space make words even in scripts that put none between words.")  # fmt: skip
@click.option("--per", type=click.Choice(["language", "document"]), default="language", show_default=True,
              help="One row a language (COUNTS), or a document (DOCUMENTS, for metrics --documents).")  # fmt: skip
@click.option("--memory", default="512MB", show_default=True, callback=check_size, metavar="SIZE",
              help="About how much the tables may take; the counts do not depend on it.")  # fmt: skip
@click.option("--verify", type=click.IntRange(min=0), default=1000, show_default=True, metavar="N",
              help="Random documents that the tokenizers crate counts again; one difference ends the scan. 0 for "
              "none.")  # fmt: skip
@click.option(
    "--threads",
    type=click.IntRange(min=1),
    metavar="N",
    help="Threads; all cores by default. The counts do not depend on them.",
)
@click.option("--out", metavar="FILE", callback=check_table,
              help="Write the table to a .parquet, .csv or .json file; documents to .parquet as they are "
              "counted.")  # fmt: skip
@click.option(
    "--resume",
    is_flag=True,
    help="Keep what is counted beside --out, about every GB, and go on from what an earlier run kept.",
)
@click.option(
    "--reference",
    default="eng",
    show_default=True,
    metavar="LANGUAGE",
    help="Language of the premiums shown, or its beginning; 'none' for no premiums.",
)
@click.option("--top", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Languages to print for each tokenizer.")  # fmt: skip
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors.")
def scan(
    *,
    paths: tuple[str, ...],
    sources: tuple[str, ...],
    out: str | None,
    resume: bool,
    reference: str,
    top: int,
    quiet: bool,
    form: str | None,
    **reading: Any,
) -> int:
    """Count the tokens of a corpus.

    PATH is a file, a directory, a quoted pattern such as 'crawl/**/*.jsonl', or - for standard input: text, JSON lines,
    CSV, TSV, Parquet, Arrow or CoNLL-U, plain or in gz, zst, xz or bz2, told by content. The exit code is 3 where
    something could not be counted; all else was.
    """
    from glotgap import tables
    from glotgap.cli.progress import scanning
    from glotgap.tokens import inspect

    if resume and out is None:
        raise click.UsageError("--resume keeps its checkpoint beside --out: give --out")
    tokenizers = [_load(source) for source in sources]
    checkpoint = f"{out}.part.parquet" if out is not None and resume else None
    streamed = out if reading["per"] == "document" and out is not None and out.lower().endswith(".parquet") else None
    with scanning(quiet=quiet) as progress, _noting(checkpoint, out):
        reading |= {"format": form, "progress": progress, "checkpoint": checkpoint, "out": streamed}
        found = inspect(list(paths), tokenizers, **reading)
    if out is not None and streamed is None:
        tables.write(found.frame, out, {**found.metadata, "verified": str(found.verified)})
    if not quiet:
        if streamed is not None:
            click.echo(f"{_height(streamed):,} rows in {streamed}")
        _show(found, tokenizers, reference, top)
        if out is not None:
            say(f"wrote {out}")
    return LOST if found.findings["lost"].any() else 0


@contextmanager
def _noting(checkpoint: str | None, out: str | None) -> Iterator[None]:
    """Note on what stops a scan what was kept of it."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit) as stop:
        stop.add_note(_kept(checkpoint, out))
        raise


def _kept(checkpoint: str | None, out: str | None) -> str:
    if checkpoint is None:
        how = "--resume" if out is not None else "--out FILE --resume"
        return f"nothing was kept: with {how} a scan keeps what it counted, about every GB, and goes on from it"
    file = Path(checkpoint)
    parts = [file, *sorted(file.parent.glob(f"{escape(file.stem)}.*.parquet"))]
    kept = [str(part) for part in parts if part.exists()]
    if not kept:
        return "nothing was kept yet: the first part, about 1 GB, was not done"
    return f"what was counted is kept in {', '.join(kept)}: the same command with --resume goes on from it"


def _load(source: str) -> "Tokenizer":
    """Load PATH, or NAME=PATH."""
    from glotgap.tokens import Tokenizer

    name, equals, path = source.partition("=")
    if name and equals and not Path(source).exists():
        return Tokenizer.load(path, name=name)
    return Tokenizer.load(source)


def _height(path: str) -> int:
    import polars as pl

    return int(pl.scan_parquet(path).select(pl.len()).collect().item())


def _resolved(reference: str, languages: list[str]) -> str | None:
    """Return the language that premiums compare with; say why there is none, unless one language is all there is."""
    from glotgap.tokens.reference import resolve

    named = language_or_none(reference)
    try:
        return None if named is None else resolve(named, languages)
    except BadArgumentError as error:
        if len(languages) > 1:
            click.echo(f"No premiums: {error} (--reference)\n")
        return None


def _show(found: "Scan", tokenizers: "list[Tokenizer]", reference: str, top: int) -> None:
    from glotgap import tokens
    from glotgap.report.tokens import finding_lines, show

    if "docs" not in found.frame.columns or found.frame.is_empty():
        if found.frame.height:
            click.echo(f"{found.frame.height:,} rows")
    else:
        counts = tokens.merge([found.frame])
        named = _resolved(reference, counts["group"].unique().to_list())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the marks beside the rows say the same
            show(tokens.metrics(counts, reference=named), tokens.disparity(counts, reference=named), top=top)
    notes = [f"{tokenizer.name}: {note}" for tokenizer in tokenizers for note in tokenizer.notes]
    verified = f"{found.verified:,} documents counted again by the tokenizers crate: no difference."
    for line in (*finding_lines(found.findings, found.passed_over), *notes, verified):
        click.echo(line)
