"""`glotgap weights`: scan the weights of a model, draw what a scan found, and put questions to it."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from glotgap._errors import BadArgumentError
from glotgap.cli.checks import check_picture, check_table, pictures, say
from glotgap.cli.weights_questions import associate, compare, growth

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from glotgap.weights import Histogram


@click.group()
def weights() -> None:
    """Scan the weights of a model, draw what a scan found, and put questions to it."""


def _check_per(_context: click.Context, _option: click.Parameter, value: str) -> str:
    from glotgap.weights.cuts import parse

    try:
        parse(value)
    except BadArgumentError as error:
        raise click.BadParameter("choose tensor, row, column, head or group:N, for example group:32") from error
    return value


def _check_sort(_context: click.Context, _option: click.Parameter, value: str) -> str:
    from glotgap.tables import TENSORS

    if not any(column.covers(value) and column.name != "shape" for column in TENSORS.columns):
        raise click.BadParameter(
            f"{value!r} is no column of a scan; choose for example kurtosis, absmax_sigma or tail6"
        )
    return value


def _refuse_absent(sort: str, *, per: str, clip: bool, families: dict[str, list[str]]) -> None:
    """Refuse, before the scan, to rank by a column that this scan will not have."""
    from glotgap.tables import TENSORS

    part = next(column.part for column in TENSORS.columns if column.covers(sort))
    if part != "base" and per != "tensor":
        why = "a scan of parts has counts, extremes and moments only; choose for example kurtosis"
    elif part == "clip" and not clip:
        why = "--no-clip leaves it out"
    else:
        asked = next((names for option, names in families.items() if _is_of(option, sort)), [sort])
        if sort in asked:
            return
        why = f"this scan has {', '.join(asked)}"
    raise click.BadParameter(f"{sort!r} will be no column of this scan: {why}", param_hint="'--sort'")


def _is_of(option: str, column: str) -> bool:
    return column.removeprefix(option)[:1].isdigit() and column.startswith(option)


_threads = click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="Threads that read; all cores by default."
)
_io = click.option(
    "--io",
    type=click.Choice(["mmap", "pread"]),
    default="mmap",
    show_default=True,
    help="How to read; pread for a file that may be cut meanwhile, which ends mmap with a bus error.",
)
_quiet = click.option("--quiet", "-q", is_flag=True, help="Print nothing but errors and what was skipped.")


@weights.command()
@click.argument("path")
@click.option("--per", default="tensor", show_default=True, callback=_check_per, metavar="PART",
              help="One row for each tensor, row, column, head or group:N.")  # fmt: skip
@click.option("--out", metavar="FILE", callback=check_table, help="Write the table to a .parquet, .csv or .json file.")
@click.option("--sort", default="kurtosis", show_default=True, callback=_check_sort, metavar="COLUMN",
              help="Column that ranks what is printed, worst first.")  # fmt: skip
@click.option("--top", type=click.IntRange(min=0), default=20, show_default=True, metavar="N", help="Rows to print.")
@_threads
@_io
@click.option("--quantile", type=click.FloatRange(0, 1), multiple=True, metavar="Q",
              help="A quantile to compute; may be repeated, and replaces the usual ones.")  # fmt: skip
@click.option("--tail", type=click.FloatRange(0, min_open=True), multiple=True, metavar="K",
              help="Share beyond K sigma; may be repeated, and replaces 3, 4 and 6.")  # fmt: skip
@click.option("--no-clip", is_flag=True, help="Leave out clips and signal-to-noise ratios.")
@_quiet
def scan(
    *,
    path: str,
    per: str,
    out: str | None,
    sort: str,
    top: int,
    threads: int | None,
    io: str,
    quantile: tuple[float, ...],
    tail: tuple[float, ...],
    no_clip: bool,
    quiet: bool,
) -> None:
    """Scan the model at PATH: a file, a directory or a Hub id. Prints its worst tensors; --out keeps every figure."""
    if _is_table(path) and Path(path).is_file():
        raise click.UsageError(f"{path} is the table of a scan; to draw it: glotgap weights plot {path} -o FILE")
    if quiet and out is None:
        raise click.UsageError("--quiet without --out shows and keeps nothing: add --out FILE")
    from glotgap import tables
    from glotgap.cli.progress import reading
    from glotgap.report.summary import skipped_line
    from glotgap.report.terminal import show
    from glotgap.weights import QUANTILES, TAILS, inspect

    families = {"q": [f"q{q + 0.0:g}" for q in quantile or QUANTILES], "tail": [f"tail{k:g}" for k in tail or TAILS]}
    _refuse_absent(sort, per=per, clip=not no_clip, families=families)
    with reading(quiet=quiet) as progress:
        found = inspect(
            path,
            per=per,
            io=io,
            threads=threads,
            progress=progress,
            quantiles=quantile or QUANTILES,
            tails=tail or TAILS,
            clip=not no_clip,
        )
    if out is not None:
        tables.write(found.frame, out, found.metadata)
    if not quiet:
        show(found.frame, found.skipped, by=sort, top=top)
    elif len(found.skipped):
        say(f"warning: {skipped_line(found.skipped)}")
    if out is not None and not quiet:
        say(f"wrote {out}")


@weights.command()
@click.argument("path")
@click.option("-o", "--out", required=True, metavar="FILE", callback=check_picture,
              help="Picture to write: .svg, .png, .pdf or .html.")  # fmt: skip
@click.option("--tensor", metavar="NAME", help="Draw the histogram of this tensor, with its clips.")
@click.option(
    "--bits", type=click.IntRange(2, 8), default=4, show_default=True, metavar="N", help="Bit width of those clips."
)
@_threads
@_io
@_quiet
def plot(*, path: str, out: str, tensor: str | None, bits: int, threads: int | None, io: str, quiet: bool) -> None:
    """Draw the kurtosis of each layer and component of PATH: a model, or the table of a scan."""
    if tensor is not None and _is_table(path):
        raise click.UsageError(
            f"{path} is the table of a scan, without weights: give the model's own PATH with --tensor"
        )
    drawn = pictures("weights")
    from glotgap.report.page import save

    if tensor is None:
        frame, text = _scanned(path, threads=threads, io=io, quiet=quiet)
        figure: Figure = drawn.heat_map(frame)
        title = "Excess kurtosis by layer and component"
    else:
        figure = drawn.clip_histogram(_histogram(path, tensor, threads=threads, io=io, quiet=quiet), tensor, bits)
        title, text = f"{tensor} and its {bits}-bit clips", []
    save(figure, out, title=title, text=text)
    if not quiet:
        say(f"wrote {out}")


def _is_table(path: str) -> bool:
    return path.endswith((".parquet", ".csv", ".json")) and not path.endswith(".index.json")


def _histogram(path: str, tensor: str, *, threads: int | None, io: str, quiet: bool) -> "Histogram":
    from glotgap.cli.progress import reading
    from glotgap.weights import tensor_histogram

    with reading(quiet=quiet) as progress:
        return tensor_histogram(path, tensor, io=io, threads=threads, progress=progress)


def _scanned(path: str, *, threads: int | None, io: str, quiet: bool) -> "tuple[pl.DataFrame, list[str]]":
    """Return the TENSORS table at `path`, read or scanned, and what to say under its picture."""
    from glotgap import tables
    from glotgap.cli.progress import reading
    from glotgap.report.summary import sentence, skipped_line, skipped_lines, unknown_line

    if _is_table(path):
        frame = tables.read(path)
        return frame, [sentence(frame)]
    from glotgap.weights import inspect

    with reading(quiet=quiet) as progress:
        found = inspect(path, io=io, threads=threads, progress=progress, quantiles=(), tails=(), clip=False)
    if len(found.skipped):
        say(f"warning: {skipped_line(found.skipped)}")
    lines = [sentence(found.frame), " ".join(skipped_lines(found.skipped)), unknown_line(found.frame) or ""]
    return found.frame, [line for line in lines if line]


for question in (associate, compare, growth):
    weights.add_command(question)
