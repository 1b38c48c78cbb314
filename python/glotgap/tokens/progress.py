"""How far a scan is, as its callback is told."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

__all__ = ["Progress", "Watcher", "watcher"]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is.

    Attributes:
        phase: "reading", or "verifying" while the reference counts some documents again.
        done: bytes read as they are stored; or documents counted again, once a tokenizer.
        total: of how many in all; 0 where that is not known (pipes, documents from an iterator).
        documents: documents read so far.
    """

    phase: Literal["reading", "verifying"]
    done: int
    total: int
    documents: int


Watcher: TypeAlias = Callable[[Progress], object]
"""Called ten times a second; what it raises stops the scan."""


def watcher(
    progress: Watcher | None, done: int = 0, total: int | None = None, documents: int = 0
) -> Callable[[bool, int, int, int], object] | None:
    """Return what the core calls: `progress` of a scan that has `done` bytes and `documents` behind it."""
    if progress is None:
        return None

    def told(reading: bool, now: int, of: int, read: int) -> object:  # noqa: FBT001  # called by the core
        if reading:
            return progress(Progress("reading", done + now, of if total is None else total, documents + read))
        return progress(Progress("verifying", now, of, documents + read))

    return told
