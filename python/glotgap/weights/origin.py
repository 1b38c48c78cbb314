"""Where a model comes from: a path or a Hub id, the config beside it, and the record of both."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glotgap import _core
from glotgap._errors import BadFileError
from glotgap._hub import fetch

__all__ = ["Origin", "locate"]

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json", "config.json")
_FALLBACK = ("*.bin", "*.bin.index.json", "*.gguf", "config.json")
_ENDS = 64 << 10


@dataclass(frozen=True, slots=True)
class Origin:
    """A model on disk.

    Attributes:
        model: its name in tables: file or directory name, or Hub id.
        path: file or directory.
        config: its config.json, empty when there is none.
    """

    model: str
    path: Path
    config: dict[str, Any]

    def relative(self, file: str) -> str:
        """Return `file` as seen from the model's directory."""
        return _text(os.path.relpath(file, self.path) if self.path.is_dir() else Path(file).name)

    def metadata(self, files: Sequence[os.PathLike[str]], arguments: Mapping[str, Any]) -> dict[str, str]:
        """Return how a table was made: version, arguments, and each file's size and fingerprint."""
        described = {self.relative(os.fspath(file)): _fingerprint(Path(file)) for file in files}
        return {
            "glotgap": _core.__version__,
            "model": self.model,
            "arguments": json.dumps(dict(arguments)),
            "files": json.dumps(described),
        }


def _fingerprint(path: Path) -> dict[str, Any]:
    """Return size and SHA-256 of the first and last 64 KiB: tells files apart without reading terabytes."""
    size = path.stat().st_size
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(_ENDS))
        file.seek(max(size - _ENDS, 0))
        digest.update(file.read(_ENDS))
    return {"bytes": size, "sha256_first_last_64kib": digest.hexdigest()}


def locate(path: str | os.PathLike[str]) -> Origin:
    """Return the model at `path`, or in the Hub when nothing is there and it looks like a Hub id (owner/name).

    Raises:
        BadFileError: nothing is at `path`, and it is no Hub id; or the Hub has no such model.
        UnsupportedError: it may be a Hub id, but the `hub` extra is not installed.
    """
    local = Path(path)
    if os.path.lexists(local):
        name = local.resolve().name if local.name in {"", ".", ".."} else local.name
        return Origin(_text(name), local, _config(local))
    if not _HUB_ID.fullmatch(os.fspath(path)):
        raise BadFileError(f"{path}: no such file or directory; check the path")
    folder = _download(os.fspath(path))
    return Origin(os.fspath(path), folder, _config(folder))


def _text(name: str) -> str:
    """Return a file's name as text: bytes that are no UTF-8 become question marks, for tables hold none."""
    return os.fsencode(name).decode("utf-8", "replace")


def _download(hub_id: str) -> Path:
    folder = fetch(hub_id, _WEIGHTS)
    return folder if any(folder.glob("*.safetensors")) else fetch(hub_id, _FALLBACK)


def _config(path: Path) -> dict[str, Any]:
    """Return the config.json in or beside `path`, empty when there is none; a damaged one is an error."""
    file = (path if path.is_dir() else path.parent) / "config.json"
    if not file.is_file():
        return {}
    try:
        config = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise BadFileError(f"{file}: is not JSON: {error}; repair or remove it") from error
    return config if isinstance(config, dict) else {}
