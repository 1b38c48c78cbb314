"""The progress bar of a long read: bytes, GB/s and time left, on standard error, from the second second on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

__all__ = ["reading"]

_DELAY = 1.0  # seconds: shorter scans show nothing


@contextmanager
def reading(*, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Yield a callback for (bytes done, bytes in all), or None where nobody would see a bar."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    bar = _Bar()
    try:
        yield bar.update
    finally:
        bar.close()


class _Bar:
    """A bar that opens itself once the work has lasted `_DELAY` seconds; a scan of f32 fills it twice."""

    def __init__(self) -> None:
        self._begin = self._pass_begin = time.monotonic()
        self._passes, self._done = 1, 0
        self._shown: tuple[Progress, TaskID] | None = None

    def update(self, done: int, total: int) -> None:
        now = time.monotonic()
        if done < self._done:
            self._passes, self._pass_begin = self._passes + 1, now
        self._done = done
        if self._shown is None and now - self._begin < _DELAY:
            return
        progress, task = self._shown = self._shown or _opened(total)
        name = "reading" if self._passes == 1 else "reading again"
        rate = done / max(now - self._pass_begin, 1e-3) / 1e9
        progress.update(task, completed=done, total=total, description=name, rate=f"{rate:.2f} GB/s")

    def close(self) -> None:
        if self._shown:
            self._shown[0].stop()


def _opened(total: int) -> tuple[Progress, TaskID]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TextColumn("{task.fields[rate]}"))
    progress = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
    task = progress.add_task("reading", total=total, rate="")
    progress.start()
    return progress, task
