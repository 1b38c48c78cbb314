"""What a careful user runs today: per-tensor excess kurtosis and absmax of a safetensors file.

Each rival maps a path to {tensor: (kurtosis, absmax)}. They compute less than a scan does (no tails, quantiles, entropy
or clips), which favours them. The torch designs were tuned on this benchmark's files: chunk sizes from 2^14 to 2^24,
with and without a pivot, f32 against f64 sums, sums as dot products or as one Gram matrix, threads inside
torch or around it; what is below won, each in its kind.
"""

import functools
import json
import math
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Figures = dict[str, tuple[float, float]]
Sums = tuple[float, float, float, float, float]

THREADS = 2
TORCH_DTYPES = {"F32": "float32", "BF16": "bfloat16"}


def tensors(path: Path) -> Iterator[tuple[str, str, NDArray[Any]]]:
    """Name, type and values of each tensor, in the map: f32, or bf16 as u16."""
    data = np.memmap(path, dtype=np.uint8, mode="r")
    (size,) = struct.unpack("<Q", data[:8].tobytes())
    for name, entry in json.loads(data[8 : 8 + size].tobytes()).items():
        start, end = (8 + size + offset for offset in entry["data_offsets"])
        yield name, entry["dtype"], data[start:end].view({"F32": np.float32, "BF16": np.uint16}[entry["dtype"]])


def widened(dtype: str, values: NDArray[Any]) -> NDArray[np.float32]:
    """The values as f32: numpy has no bf16."""
    return values if dtype == "F32" else (values.astype(np.uint32) << 16).view(np.float32)


def torch_tensors(path: Path) -> Iterator[tuple[str, Any]]:
    """Name and flat torch tensor, in the map: nothing is copied."""
    import torch

    for name, dtype, values in tensors(path):
        yield name, torch.frombuffer(values.data, dtype=getattr(torch, TORCH_DTYPES[dtype]))


def from_power_sums(n: int, sums: Sums) -> tuple[float, float]:
    """Kurtosis and absmax from n, Σx, Σx², Σx³, Σx⁴ and absmax."""
    mean, square, cube, fourth = (s / n for s in sums[:4])
    m2 = square - mean**2
    m4 = fourth - 4 * mean * cube + 6 * mean**2 * square - 3 * mean**4
    return m4 / m2**2 - 3, sums[4]


def joined(parts: list[Sums]) -> Sums:
    """The sums of several chunks."""
    columns = list(zip(*parts, strict=True))
    s1, s2, s3, s4 = (math.fsum(column) for column in columns[:4])
    return s1, s2, s3, s4, max(columns[4])


def scipy_f32(path: Path) -> Figures:
    from scipy.stats import kurtosis

    wide = ((name, widened(dtype, values)) for name, dtype, values in tensors(path))
    return {name: (float(kurtosis(x)), float(np.abs(x).max())) for name, x in wide}


def scipy_f64(path: Path) -> Figures:
    from scipy.stats import kurtosis

    wide = ((name, widened(dtype, values).astype(np.float64)) for name, dtype, values in tensors(path))
    return {name: (float(kurtosis(x)), float(np.abs(x).max())) for name, x in wide}


def polars_kurtosis(path: Path) -> Figures:
    import polars as pl

    columns = ((name, pl.Series(widened(dtype, values))) for name, dtype, values in tensors(path))
    return {name: (x.kurtosis(), x.abs().max()) for name, x in columns}  # type: ignore[misc]  # f32 in, float out


def torch_naive(path: Path) -> Figures:
    import torch

    torch.set_num_threads(THREADS)
    figures = {}
    for name, stored in torch_tensors(path):
        x = stored.float()
        z = (x - x.mean()) / x.std(correction=0)
        figures[name] = ((z**4).mean().item() - 3, x.abs().max().item())
    return figures


def chunk_sums(chunk: Any, wide: Any, square: Any) -> Sums:
    """Power sums of one chunk in f64, with two buffers used again and again."""
    import torch

    x, xx = wide[: chunk.numel()], square[: chunk.numel()]
    x.copy_(chunk)
    torch.mul(x, x, out=xx)
    low, high = torch.aminmax(chunk)
    absmax = max(abs(low.item()), abs(high.item()))
    return x.sum().item(), xx.sum().item(), torch.dot(x, xx).item(), torch.dot(xx, xx).item(), absmax


def torch_power_sums(path: Path) -> Figures:
    import torch

    torch.set_num_threads(THREADS)
    chunk = 1 << 18
    wide, square = torch.empty(chunk, dtype=torch.float64), torch.empty(chunk, dtype=torch.float64)
    return {
        name: from_power_sums(x.numel(), joined([chunk_sums(part, wide, square) for part in x.split(chunk)]))
        for name, x in torch_tensors(path)
    }


def in_workers(
    path: Path, work: Callable[[Any], Any], join: Callable[[Any, list[Any]], tuple[float, float]]
) -> Figures:
    """Cuts each tensor into pieces of 8 Mi values, gives them to THREADS single-threaded workers, joins the results."""
    import torch

    torch.set_num_threads(1)
    pieces = [(name, x, piece) for name, x in torch_tensors(path) for piece in x.split(8 << 20)]
    results: dict[str, tuple[Any, list[Any]]] = {}
    with ThreadPoolExecutor(THREADS) as workers:
        for (name, x, _), result in zip(pieces, workers.map(lambda piece: work(piece[2]), pieces), strict=True):
            results.setdefault(name, (x, []))[1].append(result)
    return {name: join(x, parts) for name, (x, parts) in results.items()}


def torch_power_sums_in_workers(path: Path) -> Figures:
    import torch

    chunk = 1 << 18

    def work(piece: Any) -> Sums:
        wide, square = torch.empty(chunk, dtype=torch.float64), torch.empty(chunk, dtype=torch.float64)
        return joined([chunk_sums(part, wide, square) for part in piece.split(chunk)])

    return in_workers(path, work, lambda x, parts: from_power_sums(x.numel(), joined(parts)))


def bf16_values() -> NDArray[np.float64]:
    """The value of each bf16 bit pattern; zero for those that are not finite."""
    values = (np.arange(65_536, dtype=np.uint32) << 16).view(np.float32)
    return np.where(np.isfinite(values), values, np.float32(0)).astype(np.float64)


def from_histogram(counts: NDArray[np.int64]) -> tuple[float, float]:
    """Kurtosis and absmax from the count of each bf16 bit pattern."""
    seen = np.flatnonzero(counts)
    x, weight = bf16_values()[seen], counts[seen] / counts.sum()
    d = x - np.dot(weight, x)
    return float(np.dot(weight, d**4) / np.dot(weight, d**2) ** 2 - 3), float(np.abs(x).max())


def torch_histogram_in_workers(path: Path) -> Figures:
    import torch

    def work(piece: Any) -> Any:
        counts = torch.zeros(65_536, dtype=torch.int64)
        for part in piece.view(torch.int16).split(1 << 20):
            counts += torch.bincount(part.to(torch.int32).bitwise_and_(0xFFFF), minlength=65_536)
        return counts

    return in_workers(path, work, lambda _, parts: from_histogram(sum(parts).numpy()))


def numpy_bincount(path: Path) -> Figures:
    figures = {}
    for name, _, bits in tensors(path):
        counts = np.zeros(65_536, np.int64)
        for start in range(0, bits.size, 1 << 18):
            counts += np.bincount(bits[start : start + (1 << 18)], minlength=65_536)
        figures[name] = from_histogram(counts)
    return figures


@functools.cache
def compiled_sums() -> Callable[[Any], Any]:
    """The five sums of a chunk as one loop that torch compiles, vectorizes and runs on its threads."""
    import torch

    def sums(chunk: Any) -> Any:
        x = chunk.double()
        xx = x * x
        return x.sum(), xx.sum(), (x * xx).sum(), (xx * xx).sum(), chunk.abs().amax()

    return torch.compile(sums, dynamic=False)  # type: ignore[no-any-return, no-untyped-call, unused-ignore]  # checked without torch


def torch_compiled(path: Path) -> Figures:
    import torch

    torch.set_num_threads(THREADS)
    chunk, compiled = 1 << 20, compiled_sums()

    def sums(part: Any) -> Sums:
        if part.numel() == chunk:
            s1, s2, s3, s4, absmax = (value.item() for value in compiled(part))
            return s1, s2, s3, s4, absmax
        wide = torch.empty(part.numel(), dtype=torch.float64)  # a last, shorter chunk would be compiled anew
        return chunk_sums(part, wide, torch.empty_like(wide))

    return {
        name: from_power_sums(x.numel(), joined([sums(part) for part in x.split(chunk)]))
        for name, x in torch_tensors(path)
    }
