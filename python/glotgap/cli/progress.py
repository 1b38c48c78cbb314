"""The progress bars of long work, on standard error, from the second second on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from glotgap.tokens import Progress as Seen

__all__ = ["counting", "reading", "scanning"]

_DELAY = 1.0  # seconds: shorter work shows nothing


@contextmanager
def reading(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a callback for (bytes done, bytes in all), or None where nobody would see a bar."""
    with _shown(quiet=quiet) as bar:
        yield None if bar is None else _Passes(bar).update


@contextmanager
def scanning(*, quiet: bool) -> Iterator[Callable[["Seen"], None] | None]:
    """Yield a callback for what a scan of text tells, or None where nobody would see a bar."""
    with _shown(quiet=quiet) as bar:
        yield None if bar is None else _Phases(bar).update


@contextmanager
def counting(name: str, things: str, *, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a callback for (things done, things in all), or None where nobody would see a bar."""
    with _shown(quiet=quiet) as bar:
        yield None if bar is None else lambda done, total: bar.show(name, done, total, f"{done:,}/{total:,} {things}")


@contextmanager
def _shown(*, quiet: bool) -> Iterator["_Bar | None"]:
    if quiet or not sys.stderr.isatty():
        yield None
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()


class _Bar:
    """A bar that opens itself once the work has lasted `_DELAY` seconds."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._shown: tuple[Progress, TaskID] | None = None

    def show(self, name: str, done: int, total: int, text: str) -> None:
        if self._shown is None:
            if time.monotonic() - self._begin < _DELAY:
                return
            self._shown = _opened()
        progress, task = self._shown
        progress.update(task, completed=done, total=total or None, description=name, text=text)

    def restart(self) -> None:
        """Measure the time left from now on."""
        if self._shown is not None:
            self._shown[0].reset(self._shown[1])

    def close(self) -> None:
        if self._shown:
            self._shown[0].stop()


def _opened() -> tuple[Progress, TaskID]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"))
    progress = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
    task = progress.add_task("", total=None, text="")
    progress.start()
    return progress, task


class _Passes:
    """Bytes and GB/s; a scan of f32 reads twice."""

    def __init__(self, bar: _Bar) -> None:
        self._bar = bar
        self._begin = time.monotonic()
        self._passes, self._done = 1, 0

    def update(self, done: int, total: int) -> None:
        if done < self._done:
            self._passes, self._begin = self._passes + 1, time.monotonic()
            self._bar.restart()
        self._done = done
        name = "reading" if self._passes == 1 else "reading again"
        self._bar.show(name, done, total, f"{_share(done, total)} {_rate(done, self._begin) / 1e9:.2f} GB/s")


class _Phases:
    """Bytes, MB/s and documents while a corpus is read; then documents that are counted again."""

    def __init__(self, bar: _Bar) -> None:
        self._bar = bar
        self._phase = ""
        self._begin, self._from = time.monotonic(), 0

    def update(self, seen: "Seen") -> None:
        if seen.phase != self._phase:
            self._phase, self._begin, self._from = seen.phase, time.monotonic(), seen.done
            self._bar.restart()
        if seen.phase == "verifying":
            self._bar.show(seen.phase, seen.done, seen.total, f"{seen.done:,}/{seen.total:,} counted again")
            return
        rate = _rate(seen.done - self._from, self._begin) / 1e6
        text = f"{_share(seen.done, seen.total)} {rate:.1f} MB/s {seen.documents:,} documents"
        self._bar.show(seen.phase, seen.done, seen.total, text)


def _rate(done: int, begin: float) -> float:
    return done / max(time.monotonic() - begin, 1e-3)


def _share(done: int, total: int) -> str:
    """Return bytes as people read them; of how many, where that is known."""
    unit = max(done, total)
    power, name = next((power, name) for power, name in _UNITS if unit >= power or power == 1)
    return f"{done / power:.1f}/{total / power:.1f} {name}" if total else f"{done / power:.1f} {name}"


_UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B"))
