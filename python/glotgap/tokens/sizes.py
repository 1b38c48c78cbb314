"""Sizes of memory as people write them."""

import re
from typing import Final

from glotgap._errors import BadArgumentError

__all__ = ["parse_size"]

_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "KI": 2**10, "MI": 2**20, "GI": 2**30}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMG]I?|)B?\s*", re.IGNORECASE)
_MOST = 2**60


def parse_size(size: str | int) -> int:
    """Return a number of bytes.

    Args:
        size: a number of bytes, or a number with KB, MB, GB (powers of 1000) or KiB, MiB, GiB (powers of 1024).

    Raises:
        BadArgumentError: it is neither, or less than a byte, or more than 2^60.

    Example:
        >>> parse_size("512MB"), parse_size("1.5 GiB"), parse_size(4096)
        (512000000, 1610612736, 4096)
    """
    match = _SIZE.fullmatch(str(size))
    found = 0.0 if match is None else float(match[1]) * _UNITS[match[2].upper()]
    if not 1 <= found < _MOST:
        raise BadArgumentError(f"{size!r} is no size of memory: write for example 512MB or 2GiB")
    return int(found)
