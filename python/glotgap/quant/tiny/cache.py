"""Where trained models are kept: directories that appear whole, and are made anew when a file in them has changed.

A directory carries `manifest.json`: how it was made, and SHA-256 of each file. It is filled under a hidden name beside
its place and renamed, so that an interrupt leaves nothing; of two processes that train at once, the first one's stays.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from glotgap._errors import BadArgumentError

__all__ = ["directory_of_user", "kept"]

_MANIFEST: Final = "manifest.json"


def directory_of_user() -> Path:
    """Return where this package keeps what it can make again: $XDG_CACHE_HOME/glotgap, or ~/.cache/glotgap."""
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (named if named.is_absolute() else Path.home() / ".cache") / "glotgap"


def kept(place: Path, make: Callable[[Path], object], about: Mapping[str, Any]) -> Path:
    """Return `place`, a directory that `make` fills unless it is there, whole and unchanged.

    Raises:
        BadArgumentError: nothing can be written beside it.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = kept(Path(folder, "a"), lambda new: (new / "x").write_text("1"), {"by": "hand"})
        ...     sorted(file.name for file in made.iterdir())
        ['manifest.json', 'x']
    """
    if _is_sound(place):
        return place
    with _workspace(place.parent) as folder:
        new = Path(folder, "new")
        new.mkdir()
        make(new)
        _sign(new, about)
        _install(new, place, Path(folder, "old"))
    return place


def _workspace(parent: Path) -> "tempfile.TemporaryDirectory[str]":
    try:
        parent.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".making-", dir=parent)
    except OSError as error:
        raise BadArgumentError(
            f"cannot write to the cache {parent}: {error.strerror}; name another directory with cache=, or set "
            "XDG_CACHE_HOME"
        ) from error


def _sign(directory: Path, about: Mapping[str, Any]) -> None:
    files = sorted(file for file in directory.rglob("*") if file.is_file())
    digests = {file.relative_to(directory).as_posix(): _digest(file) for file in files}
    text = json.dumps({**about, "files": digests}, indent=2, ensure_ascii=False)
    (directory / _MANIFEST).write_text(text + "\n", "utf-8")


def _is_sound(directory: Path) -> bool:
    try:
        manifest = json.loads((directory / _MANIFEST).read_text("utf-8"))
        return all(_digest(directory / name) == digest for name, digest in manifest["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # absent, cut, or no manifest of ours
        return False


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _install(new: Path, place: Path, old: Path) -> None:
    """Put `new` in its place; what is damaged there goes first. Another process may have been faster."""
    if not _is_sound(place) and place.exists():
        place.rename(old)
    try:
        new.rename(place)
    except OSError:
        if not _is_sound(place):
            raise
