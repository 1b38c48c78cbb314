"""`glotgap tokens`: what tokenizers make of languages, from the tables that scans wrote."""

import json
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

from glotgap._errors import GlotgapWarning
from glotgap.cli.checks import check_picture, check_table, language_or_none, pictures, say
from glotgap.cli.resources import read_resources
from glotgap.cli.tokens_check import check
from glotgap.cli.tokens_gap import gap
from glotgap.cli.tokens_scan import scan

if TYPE_CHECKING:
    import polars as pl


@click.group()
def tokens() -> None:
    """Measure how tokenizers treat languages, and draw it."""


def _check_sort(_context: click.Context, _option: click.Parameter, value: str) -> str:
    from glotgap.tables import METRICS

    if not any(column.name == value and column.unit for column in METRICS.columns):
        raise click.BadParameter(f"{value!r} is no figure of METRICS; choose for example premium or fertility")
    return value


_tables = click.argument("paths", nargs=-1, required=True, metavar="COUNTS...")
_reference = click.option("--reference", default="eng", show_default=True, metavar="LANGUAGE",
                          help="Language that premiums compare with, or its beginning (eng for eng-US); 'none' for no "
                          "premiums.")  # fmt: skip
_aligned = click.option("--aligned/--not-aligned", default=None,
                        help="Whether the languages are translations of each other, document by document; by default "
                        "those are that have as many documents as the reference.")  # fmt: skip
_unk_limit = click.option("--unk-limit", type=click.FloatRange(0, 1), default=0.1, show_default=True,
                          metavar="SHARE", help="Share of unknown tokens above which a row is marked and left out of "
                          "comparisons.")  # fmt: skip


@tokens.command()
@_tables
@_reference
@_aligned
@_unk_limit
@click.option(
    "--documents",
    metavar="FILE",
    help="DOCUMENTS of the same corpus (scan --per document), for the column premium_mean.",
)
@click.option(
    "--resources",
    metavar="FILE",
    help='JSON object that says high or low for languages, as {"eng": "high"}: prints their gap.',
)
@click.option(
    "--baseline", metavar="TOKENIZER", help="Tokenizer that normalised sequence lengths compare with (column nsl)."
)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    metavar="N",
    help="Tokens of a context window, for the columns context_chars and context_words.",
)
@click.option(
    "--price",
    type=click.FloatRange(min=0),
    metavar="X",
    help="Price of a million tokens, for the column cost: that of a million characters.",
)
@click.option("--alpha", type=click.FloatRange(min=0), default=2.5, show_default=True, metavar="A",
              help="Order of the Rényi entropy and efficiencies.")  # fmt: skip
@click.option("--sort", default="premium", show_default=True, callback=_check_sort, metavar="COLUMN",
              help="Column that ranks the languages, largest first.")  # fmt: skip
@click.option("--top", type=click.IntRange(min=0), default=20, show_default=True, metavar="N",
              help="Languages to print for each tokenizer.")  # fmt: skip
@click.option(
    "--out",
    metavar="FILE",
    callback=check_table,
    help="Write METRICS, with all its columns, to a .parquet, .csv or .json file.",
)
@click.option(
    "--disparity",
    metavar="FILE",
    callback=check_table,
    help="Write DISPARITY, one row a tokenizer with Gini coefficients, to such a file too.",
)
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors and warnings.")
def metrics(
    *,
    paths: Sequence[str],
    reference: str,
    aligned: bool | None,
    unk_limit: float,
    documents: str | None,
    resources: str | None,
    baseline: str | None,
    window: int | None,
    price: float | None,
    alpha: float,
    sort: str,
    top: int,
    out: str | None,
    disparity: str | None,
    quiet: bool,
) -> None:
    """Compute fertility, premium and the rest.

    COUNTS are tables that scans of disjoint sources wrote; they are added. Prints the main figures by language;
    --out keeps all. docs/tokens.md defines each.
    """
    from glotgap import tables
    from glotgap import tokens as room
    from glotgap.report.tokens import show

    counts = _counts(paths)
    named = language_or_none(reference)
    levels = None if resources is None else read_resources(resources)
    with _told():
        frame = room.metrics(
            counts,
            reference=named,
            documents=None if documents is None else tables.read(documents, "DOCUMENTS"),
            resources=levels,
            baseline=baseline,
            window=window,
            price=price,
            alpha=alpha,
            unk_limit=unk_limit,
            aligned=aligned,
        )
    apart = room.disparity(counts, reference=named, alpha=alpha, unk_limit=unk_limit, aligned=aligned)
    made = _made(paths, reference=named, aligned=aligned, unk_limit=unk_limit, alpha=alpha, baseline=baseline,
                 window=window, price=price, documents=documents, resources=levels)  # fmt: skip
    for table, path in ((frame, out), (apart, disparity)):
        if path is not None:
            tables.write(table, path, made)
    if not quiet:
        show(frame, apart, None if levels is None else room.gaps(frame), by=sort, top=top)
        for path in filter(None, (out, disparity)):
            say(f"wrote {path}")


@tokens.command()
@_tables
@click.option("-o", "--out", required=True, metavar="FILE", callback=check_picture,
              help="Picture to write: .svg, .png, .pdf or .html.")  # fmt: skip
@click.option("--kind", type=click.Choice(["premium", "lorenz"]), default="premium", show_default=True,
              help="Premium by language and tokenizer, or Lorenz curve with Gini coefficient.")  # fmt: skip
@_reference
@_aligned
@_unk_limit
def plot(*, paths: Sequence[str], out: str, kind: str, reference: str, aligned: bool | None, unk_limit: float) -> None:
    """Draw premiums, or how unequally tokens fall.

    COUNTS are tables that scans of disjoint sources wrote; they are added. Needs the report extra.
    """
    drawn = pictures("token_pictures")
    from glotgap import tokens as room
    from glotgap.report.page import save
    from glotgap.report.tokens import sentence

    counts = _counts(paths)
    named = language_or_none(reference)
    with _told():
        frame = room.metrics(counts, reference=named, unk_limit=unk_limit, aligned=aligned)
    apart = room.disparity(counts, reference=named, unk_limit=unk_limit, aligned=aligned)
    figure = drawn.premium_dots(frame) if kind == "premium" else drawn.lorenz_curve(frame, apart)
    text = [f"{row['tokenizer'][0]}: {sentence(row)}" for row in apart.iter_slices(1)]
    save(figure, out, title=_TITLES[kind], text=text)
    say(f"wrote {out}")


_TITLES: Final = {"premium": "Tokenizer premium by language", "lorenz": "How tokens fall on languages"}


def _counts(paths: Sequence[str]) -> "pl.DataFrame":
    from glotgap import tables
    from glotgap.tokens import merge

    return merge(tables.read(path, "COUNTS") for path in paths)


def _made(paths: Sequence[str], **arguments: object) -> dict[str, str]:
    """Return how the table was made: the version, the arguments, and the metadata of each table it was made of."""
    from glotgap import __version__
    from glotgap.tables import read_metadata

    counts = {path: read_metadata(path) for path in paths}
    return {
        "glotgap": __version__,
        "arguments": json.dumps(arguments, ensure_ascii=False),
        "counts": json.dumps(counts, ensure_ascii=False),
    }


@contextmanager
def _told() -> Iterator[None]:
    """Print glotgap's warnings as one line each on standard error, instead of with a place in the source."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GlotgapWarning)
        yield
    for warning in caught:
        click.echo(f"warning: {warning.message}", err=True)


tokens.add_command(check)
tokens.add_command(gap)
tokens.add_command(scan)
