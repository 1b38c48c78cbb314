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
    """Return the real path to write to, or say why nothing can be written there: a file beside it is made and removed.

    Raises:
        BadArgumentError: the directory does not exist or cannot be written to, or `path` is a directory, a device or a
            loop of links.
    """
    target = _target(path)
    trial = _temporary(target)
    try:
        trial.open("xb").close()
        trial.unlink()
    except OSError as error:
        raise BadArgumentError(f"cannot write {path}: {error.strerror}; name a file in another directory") from error
    return target


def _target(path: str | os.PathLike[str]) -> Path:
    try:
        target = Path(path).resolve()
        target.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise BadArgumentError(f"cannot write {path}: {_reason(error)}; name another file") from error
    if target.is_symlink():  # resolved, and still a link
        raise BadArgumentError(f"cannot write {path}: it is a loop of links; remove it or name another file")
    if not target.parent.is_dir():
        raise BadArgumentError(f"cannot write {path}: the directory {target.parent} does not exist; create it first")
    if target.exists() and not target.is_file():
        raise BadArgumentError(f"cannot write {path}: it is a directory or a device; name a file")
    return target


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(8)}.tmp")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


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
    target = _target(path)
    temporary = _temporary(target)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
