"""`glotgap stats`: tests on the columns of any table."""

from typing import Any

import click

from glotgap.cli.answers import answer_options, read_columns, told


@click.group()
def stats() -> None:
    """Test whether columns of a table go together."""


@stats.command()
@click.argument("table")
@click.option("-x", "x", multiple=True, required=True, metavar="COLUMN", help="What may explain; may be repeated.")
@click.option("-y", "y", multiple=True, required=True, metavar="COLUMN", help="What is explained; may be repeated.")
@click.option("--given", multiple=True, metavar="COLUMN", help="A column held constant; may be repeated.")
@click.option("--by", metavar="COLUMN", help="Column that splits the rows into groups, each with its own findings.")
@click.option("--unit", default="row", show_default=True, metavar="NAME", help="What a row is, as language.")
@click.option("--statistic", "statistics", type=click.Choice(["pearson", "spearman"]), multiple=True,
              default=("pearson", "spearman"), help="Both by default.")  # fmt: skip
@click.option("--adjust", type=click.Choice(["bonferroni", "holm", "hochberg", "bh", "by"]), default="holm",
              show_default=True, help="How p is adjusted for the number of findings.")  # fmt: skip
@answer_options
def correlate(*, table: str, out: str | None, **asked: Any) -> None:
    """Correlate columns of a table.

    TABLE is a .parquet, .csv or .json file with a row for each language, model or whatever is compared. Prints each
    correlation with its interval, p and what the data show.
    """
    from glotgap.stats.correlating import correlate as correlated

    told(correlated(read_columns(table), **asked), out, table=table, **asked)
