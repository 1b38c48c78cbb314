"""A whole model in, the table TENSORS out.

The Rust core reads headers, then weights; here names become layers and components, and columns become a frame.
"""

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotgap import _core, tables
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError, GlotgapWarning
from glotgap.weights.arrays import Histogram
from glotgap.weights.components import place
from glotgap.weights.cuts import Per, parse
from glotgap.weights.memory import check_rows
from glotgap.weights.origin import Origin, locate

__all__ = ["QUANTILES", "TAILS", "Scan", "inspect", "scan", "tensor_histogram"]

QUANTILES: Final = (0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999)
"""Quantiles computed unless others are asked for."""

TAILS: Final = (3.0, 4.0, 6.0)
"""Multiples of the standard deviation beyond which the share of values is counted, unless others are asked for."""

Progress: TypeAlias = Callable[[int, int], object]
"""Called ten times a second with the bytes done and the bytes in all, of the current pass."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What a scan returns.

    Attributes:
        frame: the table TENSORS, sorted by its key.
        skipped: what was left out: file, tensor (empty for a whole file), reason.
        metadata: how the table was made: version, arguments, files and their fingerprints.
    """

    frame: pl.DataFrame
    skipped: pl.DataFrame
    metadata: dict[str, str]


@typed
def scan(
    path: str | os.PathLike[str],
    *,
    per: str = "tensor",
    io: str = "mmap",
    threads: int | None = None,
    progress: Progress | None = None,
    quantiles: Sequence[float] = QUANTILES,
    tails: Sequence[float] = TAILS,
    clip: bool = True,
    bias: bool = True,
) -> pl.DataFrame:
    """Return the table TENSORS of a model: one row a tensor, or a block of one.

    Args:
        path: a model file (safetensors, torch zip, GGUF, npy, npz; told by content), a directory of them, or a Hub id.
        per: "tensor", "row" (output channel), "column" (input channel), "head", or "group:N". Anything but "tensor"
            gives counts, extremes and moments only.
        io: "mmap", or "pread" for files that another program may truncate meanwhile.
        threads: how many; all cores by default. The figures are the same bits for any number.
        progress: called as `progress(done, total)` in bytes, ten times a second; what it raises stops the scan.
        quantiles: in [0, 1]; columns "q0.5" and so on. f32 needs a second pass for them.
        tails: multiples k > 0 of the standard deviation; columns "tail3" and so on.
        clip: whether to search the best clips for 2 to 8 bits.
        bias: whether skew and kurtosis are the plain g1 and g2; otherwise the corrected G1 and G2.

    Warns:
        GlotgapWarning: something was skipped; `inspect` tells what and why. Or the blocks take gigabytes of memory.

    Raises:
        BadFileError: absent, truncated, or damaged; the message names file, tensor and remedy.
        UnsupportedError: a sound file in a form that is not read.
        BadArgumentError: an argument is out of range, or the blocks are more than memory holds.

    Example:
        >>> import numpy as np, tempfile, os
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.save(f"{folder}/w.npy", np.array([[1.0, 2.0], [3.0, 10.0]], np.float32))
        ...     scan(f"{folder}/w.npy").select("n", "mean", "absmax").row(0)
        (4, 4.0, 10.0)
    """
    found = inspect(
        path, per=per, io=io, threads=threads, progress=progress, quantiles=quantiles, tails=tails, clip=clip, bias=bias
    )
    if len(found.skipped):
        first = found.skipped.row(0, named=True)
        what = f"{first['tensor'] or first['file']}: {first['reason']}"
        text = f"{len(found.skipped)} skipped, the first: {what}; glotgap.weights.inspect lists all"
        warnings.warn(text, GlotgapWarning, stacklevel=3)
    return found.frame


@typed
def inspect(
    path: str | os.PathLike[str],
    *,
    per: str = "tensor",
    io: str = "mmap",
    threads: int | None = None,
    progress: Progress | None = None,
    quantiles: Sequence[float] = QUANTILES,
    tails: Sequence[float] = TAILS,
    clip: bool = True,
    bias: bool = True,
) -> Scan:
    """Return the table of `scan` together with what was skipped and how the table was made; arguments as there.

    Example:
        >>> import numpy as np, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/w.npz", a=np.ones(3), b=np.array(["text"]))
        ...     inspect(f"{folder}/w.npz").skipped["tensor"].to_list()
        ['b']
    """
    kind = parse(per)
    asked = _Asked(_checked_quantiles(quantiles), _checked_tails(tails), clip=clip, bias=bias)
    _check_io(io)
    origin = locate(path)
    model = _core.Model.open(str(origin.path), io)
    config = origin.config or model.metadata
    arguments = {"per": per, "quantiles": asked.quantiles, "tails": asked.tails, "clip": clip, "bias": bias}
    metadata = origin.metadata(model.files, arguments)
    cut_short: list[tuple[str, str, str]] = []
    if kind.kind == "tensor":
        columns = asked.whole(model, threads, progress)
    else:
        columns, cut_short = _blocks(model, kind, config, bias=asked.bias, threads=threads, progress=progress)
    frame = _frame(origin, model, config, columns)
    skipped = [(origin.relative(file), tensor, reason) for file, tensor, reason in [*model.skipped, *cut_short]]
    return Scan(frame, _skipped_frame(skipped), metadata)


@typed
def tensor_histogram(
    path: str | os.PathLike[str],
    tensor: str,
    *,
    io: str = "mmap",
    threads: int | None = None,
    progress: Progress | None = None,
) -> Histogram:
    """Return the histogram of one tensor of a model: exact for formats of at most 16 bits, else the sketch.

    Raises:
        BadArgumentError: no tensor, or more than one, has that name.

    Example:
        >>> import numpy as np, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     np.savez(f"{folder}/w.npz", a=np.ones(3, np.int8))
        ...     tensor_histogram(f"{folder}/w.npz", "a").n
        3
    """
    _check_io(io)
    model = _core.Model.open(str(locate(path).path), io)
    matches = [index for index, (_, name, _, _) in enumerate(model.tensors) if name == tensor]
    for _, name, reason in model.skipped:
        if name == tensor and not matches:
            raise BadArgumentError(f"tensor {tensor!r} of {path} was skipped: {reason}")
    if len(matches) != 1:
        near = ", ".join(name for _, name, _, _ in model.tensors[:3])
        raise BadArgumentError(f"{len(matches)} tensors of {path} are called {tensor!r}; names look like {near}")
    return Histogram(model.histogram(matches[0], threads=threads, progress=progress))


@dataclass(frozen=True, slots=True)
class _Asked:
    quantiles: list[float]
    tails: list[float]
    clip: bool
    bias: bool

    def whole(self, model: _core.Model, threads: int | None, progress: Progress | None) -> dict[str, Any]:
        """Scan whole tensors; families of columns get their names, and all the table's order."""
        found: dict[str, Any] = model.scan(
            quantiles=self.quantiles,
            tails=self.tails,
            clip=self.clip,
            bias=self.bias,
            threads=threads,
            progress=progress,
        )
        tail_columns = {f"tail{k:g}": column for k, column in zip(self.tails, found.pop("tails"), strict=True)}
        quantile_columns = {f"q{q:g}": column for q, column in zip(self.quantiles, found.pop("quantiles"), strict=True)}
        return {"index": np.arange(len(model.tensors)), "block": None, **found, **tail_columns, **quantile_columns}


def _blocks(
    model: _core.Model,
    per: Per,
    config: Mapping[str, Any],
    *,
    bias: bool,
    threads: int | None,
    progress: Progress | None,
) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:
    cuts, skipped = {}, []
    for index, (file, name, _, shape) in enumerate(model.tensors):
        match per.cut(name, shape, config):
            case None:
                continue
            case str(reason):
                skipped.append((file, name, reason))
            case cut:
                cuts[index] = cut
    if not cuts and per.kind == "head":
        remedy = "put the model's config.json beside its weights, with num_attention_heads and hidden_size or head_dim"
        raise BadArgumentError(f"no attention matrix could be cut into heads; {remedy}")
    check_rows(sum(count for _, count, _ in cuts.values()))
    return model.scan_blocks(list(cuts), list(cuts.values()), bias=bias, threads=threads, progress=progress), skipped


def _frame(origin: Origin, model: _core.Model, config: Mapping[str, Any], columns: dict[str, Any]) -> pl.DataFrame:
    """Put names, places and figures side by side, in the table's order and sorted by its key.

    Series by series: expressions over frames run on threads of polars that do not survive a fork.
    """
    files = {file: origin.relative(file) for file in {tensor[0] for tensor in model.tensors}}
    rows = [_identity(origin.model, files, config, *tensor) for tensor in model.tensors]
    schema = {column.name: column.dtype for column in tables.TENSORS.columns if column.name in _IDENTITY}
    names = pl.DataFrame(rows, schema=schema, orient="row")
    index, block = columns.pop("index"), columns.pop("block")
    order = _order(rows, index)
    blocks = block[order] if block is not None else [None] * len(order)
    found = [column.gather(index[order]) for column in names]
    found.append(pl.Series("block", blocks, pl.Int64))
    found += [pl.Series(name, columns.pop(name)[order], nan_to_null=True) for name in list(columns)]  # frees as it goes
    return pl.DataFrame(_in_order(found))


def _order(rows: Sequence[tuple[Any, ...]], index: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the order of the table's rows by model, file and tensor; blocks of a tensor come in theirs."""
    rank = np.empty(len(rows), np.intp)
    rank[sorted(range(len(rows)), key=lambda i: rows[i][:3])] = np.arange(len(rows))
    return np.argsort(rank[index], kind="stable")


_IDENTITY = ("model", "file", "tensor", "layer", "component", "dtype", "shape")


def _identity(
    model: str, files: Mapping[str, str], config: Mapping[str, Any], file: str, name: str, dtype: str, shape: list[int]
) -> tuple[Any, ...]:
    where = place(name, config)
    return model, files[file], name, where.layer, where.component, dtype, shape


def _in_order(found: list[pl.Series]) -> list[pl.Series]:
    """Order columns as the table declares them; members of a family keep the order in which they were asked for."""

    def place_of(series: pl.Series) -> int:
        return next(i for i, column in enumerate(tables.TENSORS.columns) if column.covers(series.name))

    return sorted(found, key=place_of)


def _skipped_frame(rows: list[tuple[str, str, str]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"file": pl.String, "tensor": pl.String, "reason": pl.String}, orient="row")


def _checked_quantiles(quantiles: Sequence[float]) -> list[float]:
    values = _numbers("quantiles", quantiles)
    wrong = [q for q in values if not 0 <= q <= 1]
    if wrong:
        raise BadArgumentError(f"quantile {wrong[0]} is outside 0 to 1")
    return _distinct("quantiles", values)


def _checked_tails(tails: Sequence[float]) -> list[float]:
    values = _numbers("tails", tails)
    wrong = [k for k in values if not 0 < k < float("inf")]
    if wrong:
        raise BadArgumentError(f"tail {wrong[0]} is not a positive number of standard deviations")
    return _distinct("tails", values)


def _numbers(what: str, values: Sequence[float]) -> list[float]:
    """Return floats, -0 as 0, or refuse what is no sequence of numbers."""
    try:
        if not isinstance(values, str | bytes):
            return [float(value) + 0.0 for value in values]
    except (TypeError, ValueError, OverflowError):
        pass
    raise BadArgumentError(f"{what} is {values!r}; give a sequence of numbers, for example [0.5]")


def _distinct(what: str, values: list[float]) -> list[float]:
    """Refuse values whose columns would share a name."""
    if len({f"{value:g}" for value in values}) < len(values):
        raise BadArgumentError(f"{what} {values} repeat a value (six digits count)")
    return values


def _check_io(io: str) -> None:
    if io not in ("mmap", "pread"):
        raise BadArgumentError(f'io is {io!r}; give "mmap" or "pread"')
