"""A tokenizer of any kind, counting exactly as the Hugging Face `tokenizers` crate does.

`Tokenizer.load` turns what it is given into the text of a `tokenizer.json` (`glotgap.tokens.convert`), and the Rust
core compiles that. `plan` says which shortcuts the core has proven for it.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from glotgap import _core
from glotgap._arguments import typed
from glotgap._errors import BadArgumentError

__all__ = ["Tokenizer"]


class Tokenizer:
    """A tokenizer that counts tokens; it pickles, and threads may share it.

    Attributes:
        name: its name in tables.
        notes: what of its source is left out or differs, one line each.

    Example:
        >>> model = {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}
        >>> tokenizer = Tokenizer.load({"model": model})
        >>> tokenizer.count(["abba", ""])
        array([3, 0], dtype=uint32)
        >>> tokenizer.encode("abba")
        [2, 1, 0]
    """

    __slots__ = ("_core", "_json", "name", "notes")

    @typed
    def __init__(self, json: str, *, name: str = "tokenizer", notes: Sequence[str] = ()) -> None:
        self._core = _core.Tokenizer.from_json(json)
        self._json = json
        self.name = name
        self.notes = (*notes, *(f"the {option} stored in the file is left out" for option in self._core.left_out))

    @classmethod
    @typed
    def load(cls, source: Any, *, name: str | None = None) -> Self:
        """Load a tokenizer.

        Args:
            source: the path of a tokenizer.json, of a directory that holds one, of a SentencePiece model, a tekken.json
                or a GGUF file; a tuple of the path of a tiktoken rank file and its regular expression; a
                `tokenizers.Tokenizer`, a fast tokenizer of transformers, a `tiktoken.Encoding`; a parsed
                tokenizer.json; or a Hub id (`hub` extra).
            name: its name in tables; that of the source by default.

        Raises:
            BadArgumentError: `source` is none of these.
            BadFileError: nothing is there, or it is damaged.
            UnsupportedError: a tokenizer whose tokens are random (dropout), or that cannot be converted.

        Example:
            >>> Tokenizer.load({"model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}, name="toy").name
            'toy'
        """
        from glotgap.tokens.convert.loading import to_json

        json, own_name, notes = to_json(source)
        return cls(json, name=own_name if name is None else name, notes=notes)

    @property
    def vocabulary(self) -> int:
        """How many tokens there are, added ones included."""
        return self._core.vocabulary

    @property
    def compiled(self) -> _core.Tokenizer:
        """The tokenizer of the Rust core."""
        return self._core

    @property
    def digest(self) -> str:
        """SHA-256 of its tokenizer.json."""
        return hashlib.sha256(self._json.encode()).hexdigest()

    @typed
    def count(
        self, texts: Any, *, threads: int | None = None, progress: Callable[[int, int], object] | None = None
    ) -> NDArray[np.uint32]:
        """Return how many tokens each text has, without special tokens.

        Args:
            texts: a list of str, a numpy array of them, a polars Series, or any Arrow array of strings, whose text is
                not copied. None and null are errors.
            threads: how many; all cores by default. The counts are the same for any number.
            progress: called as `progress(done, total)` in bytes, ten times a second; what it raises stops the count.

        Example:
            >>> import polars as pl
            >>> letters = {"model": {"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}}
            >>> Tokenizer.load(letters).count(pl.Series(["abba", "b"]))
            array([4, 1], dtype=uint32)
        """
        return self._core.count(_texts(texts), threads=threads, progress=progress)

    @typed
    def encode(self, text: str) -> list[int]:
        """Return the token numbers of a text, without special tokens.

        Example:
            >>> Tokenizer.load({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}).encode("aa")
            [0, 0]
        """
        return self._core.encode(text)

    def plan(self) -> dict[str, str]:
        """Return each shortcut: "on", or why it is off.

        "engine": texts are normalized, split and tokenized here; off, the reference crate does it. "units": each
        distinct stretch between spaces is tokenized once. "search": byte pairs are found by search, not merged one by
        one.

        Example:
            >>> Tokenizer.load({"model": {"type": "BPE", "vocab": {"a": 0}, "merges": []}}).plan()["engine"]
            'on'
        """
        return {shortcut: "on" if why is None else why for shortcut, why in self._core.plan()}

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._json, self.name, self.notes)

    def __repr__(self) -> str:
        return f"Tokenizer({self.name!r}, vocabulary={self.vocabulary})"


def _restore(cls: type[Tokenizer], json: str, name: str, notes: tuple[str, ...]) -> Tokenizer:
    own = {f"the {option} stored in the file is left out" for option in ("truncation", "padding")}
    return cls(json, name=name, notes=[note for note in notes if note not in own])


def _texts(texts: Any) -> Any:
    if isinstance(texts, str):
        raise BadArgumentError("texts is one str: give a list of them, as [text]")
    return texts.tolist() if isinstance(texts, np.ndarray) else texts
