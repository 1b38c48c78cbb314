"""Files appear whole or not at all: written under a temporary name in the same directory, synced, then renamed."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from glotgap._errors import BadArgumentError

__all__ = ["check_target", "replacing"]


def check_target(path: str | os.PathLike[str]) -> Path:
    """Return the real path to write to, or say why nothing can be written there.

    Raises:
        BadArgumentError: the directory does not exist, or `path` is a directory or a device.
    """
    target = Path(path).resolve()
    if not target.parent.is_dir():
        raise BadArgumentError(f"cannot write {path}: the directory {target.parent} does not exist; create it first")
    if target.exists() and not target.is_file():
        raise BadArgumentError(f"cannot write {path}: it is a directory or a device; name a file")
    return target


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends well, and vanishes when it does not.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with replacing(Path(folder, "x.txt")) as file:
        ...         _ = file.write(b"whole")
        ...     Path(folder, "x.txt").read_bytes()
        b'whole'
    """
    target = check_target(path)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
