"""The key-value metadata that opens a GGUF file (ggml-org/ggml, docs/gguf.md), versions 2 and 3, little-endian.

Only the header is read, whatever the size of the tensors after it; values of keys that were not asked for are passed
over.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from glotgap._errors import BadFileError, UnsupportedError

__all__ = ["MAGIC", "metadata"]

MAGIC = b"GGUF"

_NUMBERS = dict(enumerate(["<B", "<b", "<H", "<h", "<I", "<i", "<f", "<?", ".", ".", "<Q", "<q", "<d"]))
_STRING, _ARRAY = 8, 9
_MOST = 1 << 27
"""No tokenizer holds more entries, and no entry more bytes: a number beyond it is damage."""


def metadata(path: Path, prefix: str = "") -> dict[str, Any]:
    """Return the metadata of a GGUF file whose keys begin with `prefix`; arrays as lists.

    Raises:
        BadFileError: the file is no GGUF file, or ends within its header.
        UnsupportedError: its version is not 2 or 3, or it is big-endian.
    """
    with path.open("rb") as file:
        reader = _Reader(file, path)
        return {key: value for key, value in reader.entries(prefix) if key.startswith(prefix)}


class _Reader:
    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.file, self.path = file, path

    def entries(self, prefix: str) -> Iterator[tuple[str, Any]]:
        if self._take(4) != MAGIC:
            raise BadFileError(f"{self.path}: does not begin with {MAGIC.decode()}; give a GGUF file")
        version = self._number("<I")
        if version not in {2, 3}:
            what = "it is big-endian" if version in {2 << 24, 3 << 24} else f"its version is {version}"
            raise UnsupportedError(f"{self.path}: {what}; only little-endian GGUF of version 2 or 3 is read")
        self._number("<Q")  # how many tensors
        for _ in range(self._number("<Q")):
            key = self._string()
            value = self._value(self._number("<I"), keep=key.startswith(prefix))
            yield key, value

    def _value(self, kind: int, *, keep: bool) -> Any:
        if kind == _STRING:
            return self._string() if keep else self._skip(self._size())
        if kind == _ARRAY:
            return self._array(keep=keep)
        if _NUMBERS.get(kind, ".") == ".":
            raise BadFileError(f"{self.path}: a value of type {kind}, which GGUF does not have; fetch the file again")
        return self._number(_NUMBERS[kind])

    def _array(self, *, keep: bool) -> Any:
        kind, count = self._number("<I"), self._size()
        form = _NUMBERS.get(kind, ".")
        if form == ".":
            values = [self._value(kind, keep=keep) for _ in range(count)]
            return values if keep else None
        size = struct.calcsize(form) * count
        return list(struct.unpack(f"<{count}{form[1]}", self._take(size))) if keep else self._skip(size)

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _size(self) -> int:
        size = int(self._number("<Q"))
        if size > _MOST:
            raise BadFileError(f"{self.path}: its header names a length of {size}: it is damaged; fetch it again")
        return size

    def _string(self) -> str:
        data = self._take(self._size())
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise BadFileError(f"{self.path}: a text in its header is not UTF-8: {data[:40]!r}") from error

    def _skip(self, size: int) -> None:
        self._take(size)

    def _take(self, size: int) -> bytes:
        data = self.file.read(size)
        if len(data) != size:
            raise BadFileError(f"{self.path}: ends within its header: it is cut short; fetch it again")
        return data
