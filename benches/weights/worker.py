"""One measurement in a fresh process: `worker.py CANDIDATE PATH WARM_PATH`, one line of JSON on standard output.

The candidate runs once on the small file WARM_PATH (imports, thread pools, compilation), then once, timed, on PATH.
With a last argument `memory` it runs on PATH only, and the line tells its anonymous memory: the peak of RssAnon,
sampled every 2 ms, above its level once everything is imported.
"""

import json
import sys
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import rivals


def glotgap_exact(threads: int) -> Callable[[Path], Any]:
    """The default scan: every figure."""
    import glotgap.weights

    return lambda path: glotgap.weights.scan(path, threads=threads)


def glotgap_moments(threads: int) -> Callable[[Path], Any]:
    """Moments, absmax and tails only."""
    import glotgap.weights

    return lambda path: glotgap.weights.scan(path, quantiles=(), clip=False, threads=threads)


def candidate(name: str) -> Callable[[Path], Any]:
    """`glotgap_exact:2`, `glotgap_moments:1`, or the name of a function of rivals.py."""
    kind, _, threads = name.partition(":")
    if kind in {"glotgap_exact", "glotgap_moments"}:
        return globals()[kind](int(threads))
    return getattr(rivals, name)


def figures(result: Any) -> rivals.Figures:
    """A rival's own dictionary, or the same from a frame of glotgap."""
    if isinstance(result, dict):
        return result
    return {name: (kurtosis, absmax) for name, kurtosis, absmax in result.select("tensor", "kurtosis", "absmax").rows()}


def anonymous_bytes() -> int:
    """RssAnon of this process: resident memory that no file backs."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))) * 1024


class AnonymousPeak:
    """The most anonymous memory seen while the block runs, above the level at its start."""

    def __enter__(self) -> Self:
        self.base = self.peak = anonymous_bytes()
        self.done = threading.Event()
        self.sampler = threading.Thread(target=self._sample)
        self.sampler.start()
        return self

    def _sample(self) -> None:
        while not self.done.wait(0.002):
            self.peak = max(self.peak, anonymous_bytes())

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.sampler.join()
        self.peak = max(self.peak, anonymous_bytes())

    @property
    def above(self) -> int:
        """Bytes above the start."""
        return self.peak - self.base


def main() -> None:
    warnings.simplefilter("ignore")  # torch: the map is read-only, and nothing writes to it
    name, path, warm_path, *rest = sys.argv[1:]
    run = candidate(name)
    if rest == ["memory"]:  # from a fresh process: what a first scan allocates counts
        with AnonymousPeak() as memory:
            result = run(Path(path))
        print(json.dumps({"bytes": memory.above, "interpreter_bytes": memory.base}))
        return
    run(Path(warm_path))
    start = time.perf_counter()
    result = run(Path(path))
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "figures": figures(result)}))


if __name__ == "__main__":
    main()
