"""transformers kept from talking: what it says of a model is no news to who scores one, or is an error here.

How much it says is one setting for all threads, so it is set by the first block that begins and put back by the last
one that ends.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import transformers

__all__ = ["silence"]


@dataclass
class _Level:
    lock: threading.Lock = field(default_factory=threading.Lock)
    blocks: int = 0
    before: int = 0


_LEVEL: Final = _Level()


@contextmanager
def silence() -> Iterator[None]:
    """Let transformers say errors only, for as long as the block lasts."""
    told = transformers.utils.logging
    with _LEVEL.lock:
        if _LEVEL.blocks == 0:
            _LEVEL.before = told.get_verbosity()
            told.set_verbosity_error()
        _LEVEL.blocks += 1
    try:
        yield
    finally:
        with _LEVEL.lock:
            _LEVEL.blocks -= 1
            if _LEVEL.blocks == 0:
                told.set_verbosity(_LEVEL.before)
