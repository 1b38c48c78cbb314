"""`glotgap weights compare`, `growth` and `associate`: questions to the tables of scans."""

from typing import TYPE_CHECKING, Any

import click

from glotgap.cli.answers import answer_options, read_columns, told

if TYPE_CHECKING:
    import polars as pl

__all__ = ["associate", "compare", "growth"]


def _check_groups(
    _context: click.Context, _option: click.Parameter, values: tuple[str, ...]
) -> dict[str, list[str]] | None:
    """Read NAME=COMPONENT,COMPONENT."""
    groups = {}
    for value in values:
        name, equals, components = value.partition("=")
        if not (name and equals and components):
            raise click.BadParameter(f"{value!r} is no group; write NAME=COMPONENT,..., as attention=attn.*")
        groups[name] = components.split(",")
    return groups or None


_groups = click.option("--group", "groups", multiple=True, callback=_check_groups, metavar="NAME=COMPONENTS",
                       help="A group of components, as attention=attn.q,attn.k or mlp=mlp.*; may be repeated, and "
                       "replaces attention and mlp.")  # fmt: skip
_statistic = click.option("--statistic", default="kurtosis", show_default=True, metavar="COLUMN",
                          help="Figure of the scan to ask about.")  # fmt: skip
_effects = click.Choice(["mean_difference", "median_difference", "mean_ratio"])


def _chosen(groups: dict[str, list[str]] | None) -> dict[str, Any]:
    return {} if groups is None else {"groups": groups}


@click.command()
@click.argument("scan")
@_groups
@_statistic
@click.option("--effect", type=_effects, default="mean_difference", show_default=True, help="How groups are compared.")
@answer_options
def compare(*, scan: str, groups: dict[str, list[str]] | None, out: str | None, **asked: Any) -> None:
    """Compare two groups of components within layers.

    SCAN is the table that `glotgap weights scan --out` wrote.
    """
    from glotgap import tables, weights

    told(weights.compare(tables.read(scan, "TENSORS"), **_chosen(groups), **asked), out, scan=scan, **asked)


@click.command()
@click.argument("scans", nargs=-1, required=True, metavar="STEP=SCAN...")
@_groups
@_statistic
@click.option("--effect", type=_effects, default="mean_ratio", show_default=True,
              help="How the last checkpoint is compared with the first.")  # fmt: skip
@answer_options
def growth(*, scans: tuple[str, ...], groups: dict[str, list[str]] | None, out: str | None, **asked: Any) -> None:
    """Ask whether a figure grows over checkpoints.

    Each SCAN is the table of a checkpoint, STEP its training step: 1000=step1000.parquet.
    """
    from glotgap import weights

    tables = dict(_step(scan) for scan in scans)
    told(weights.growth(tables, **_chosen(groups), **asked), out, scans=scans, **asked)


def _step(scan: str) -> "tuple[str, pl.DataFrame]":
    from glotgap import tables

    step, equals, path = scan.partition("=")
    if not (step and equals and path):
        raise click.BadParameter(f"{scan!r} is no checkpoint; write STEP=SCAN, as 1000=step1000.parquet")
    return step, tables.read(path, "TENSORS")


@click.command()
@click.argument("scans", nargs=-1, required=True, metavar="SCAN...")
@click.option("--hyperparameters", required=True, metavar="FILE",
              help="Table (.parquet, .csv, .json) with a row for each model: model, and numbers.")  # fmt: skip
@click.option("--given", multiple=True, metavar="COLUMN", help="A hyperparameter held constant; may be repeated.")
@_groups
@_statistic
@answer_options
def associate(
    *,
    scans: tuple[str, ...],
    hyperparameters: str,
    given: tuple[str, ...],
    groups: dict[str, list[str]] | None,
    out: str | None,
    **asked: Any,
) -> None:
    """Ask which hyperparameters go with a figure, over models.

    Each SCAN is the table of one model.
    """
    import polars as pl

    from glotgap import tables, weights

    frame = pl.concat([tables.read(scan, "TENSORS") for scan in scans], how="diagonal")
    found = weights.associate(frame, read_columns(hyperparameters), given=given, **_chosen(groups), **asked)
    told(found, out, scans=scans, hyperparameters=hyperparameters, given=given, **asked)
