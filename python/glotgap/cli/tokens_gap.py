"""`glotgap tokens gap`: whether low-resource languages pay more tokens."""

from typing import TYPE_CHECKING, Any

import click

from glotgap._errors import BadFileError
from glotgap.cli.answers import answer_options, told
from glotgap.cli.resources import read_resources

if TYPE_CHECKING:
    import polars as pl

__all__ = ["gap"]


@click.command()
@click.argument("counts")
@click.option("--resources", required=True, metavar="FILE",
              help='JSON object that says high or low for languages, as {"eng": "high", "amh": "low"}.')  # fmt: skip
@click.option("--cost", type=click.Choice(["tokens", "fertility", "tokens_per_byte", "tokens_per_char"]),
              default="tokens", show_default=True, help="What is compared; tokens for translations only.")  # fmt: skip
@click.option("--unk-limit", type=click.FloatRange(0, 1), default=0.1, show_default=True, metavar="SHARE",
              help="Share of unknown tokens above which a language is left out.")  # fmt: skip
@answer_options
def gap(*, counts: str, resources: str, out: str | None, **asked: Any) -> None:
    """Ask whether low-resource languages pay more.

    COUNTS is a table that `glotgap tokens scan --out` wrote; one of `--per document` answers for documents too.
    """
    from glotgap import tokens
    from glotgap.tokens.reference import resource_of

    frame, levels = _read(counts), read_resources(resources)
    level_of = {name: resource_of(name, levels) for name in frame["group"].unique().sort()}
    high, low = ([name for name, given in level_of.items() if given == level] for level in ("high", "low"))
    told(tokens.gap(frame, high=high, low=low, **asked), out, counts=counts, resources=levels, **asked)


def _read(path: str) -> "pl.DataFrame":
    """Read DOCUMENTS or COUNTS, whichever the file holds."""
    from glotgap import tables

    try:
        return tables.read(path, "DOCUMENTS")
    except BadFileError:
        return tables.read(path, "COUNTS")
