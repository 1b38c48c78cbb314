"""How much memory a table of blocks takes, and whether it is there: a scan by small groups can outgrow any machine."""

import os
import warnings
from pathlib import Path
from typing import Final

from glotgap._errors import BadArgumentError, GlotgapWarning

__all__ = ["BYTES_PER_ROW", "available", "check_rows"]

BYTES_PER_ROW: Final = 320
"""Bytes a row takes at the peak of a scan: its moments, its figures, its names (measured: 285, of four million)."""

_MUCH: Final = 2 << 30


def check_rows(rows: int) -> None:
    """Refuse a table of `rows` blocks that memory cannot hold, and warn of one that takes gigabytes; before the scan.

    Raises:
        BadArgumentError: says how many rows, what they need, and what there is.
    """
    needed, room = rows * BYTES_PER_ROW, available()
    size = f"{rows:,} blocks, which need {needed / 1e9:,.1f} GB of memory at {BYTES_PER_ROW} bytes each"
    if room is not None and needed > room:
        remedy = "take larger groups, or scan the model file by file"
        raise BadArgumentError(f"the table would have {size}, and {room / 1e9:,.1f} GB is free; {remedy}")
    if needed > _MUCH:
        text = f"the table will have {size}; after the weights are read it takes a while to put together"
        warnings.warn(text, GlotgapWarning, stacklevel=2)


def available() -> int | None:
    """Return the bytes that this process may still take, by its control group and its machine; None if unknown."""
    known = [room for room in (_machine(), _group()) if room is not None]
    return min(known, default=None)


def _machine() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        pass
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _group() -> int | None:
    """Return what the control group leaves (Linux, version 2): containers see their own at the root."""
    try:
        limit, used = (Path(f"/sys/fs/cgroup/memory.{name}").read_text("ascii") for name in ("max", "current"))
        return max(int(limit) - int(used), 0)
    except (OSError, ValueError):
        return None
