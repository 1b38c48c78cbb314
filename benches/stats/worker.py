"""One candidate on one task in a fresh process: `worker.py TASK CANDIDATE THREADS REPEATS`; one line of JSON.

A call on 50 observations comes first (imports, compilation, pools). The first call on all of them is not timed either,
unless it takes so long that it is to be the only one. Seconds are wall-clock, end to end, of each further call. With
`memory` as REPEATS one call is made, and the line tells the peak of resident memory above its level before.
"""

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

import rivals
from tasks import TASKS

SLOW_SECONDS = 4.0
EXACT = ("exact 10 v 10", "exact 20 v 20")


def resident() -> int:
    """RssAnon of this process, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("RssAnon"))) * 1024


def peak_of(run: Any, samples: Any) -> int:
    """The most memory that one call held, above the level before it, sampled every millisecond."""
    before = peak = resident()
    done = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.001):
            peak = max(peak, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    run(*samples)
    done.set()
    watcher.join()
    return max(peak, resident()) - before


def main() -> None:
    task, candidate, threads, repeats = sys.argv[1:]
    if candidate == "numba":
        import numba

        numba.set_num_threads(int(threads))
    run = rivals.candidates(task, int(threads))[candidate]()
    samples = TASKS[task].samples()
    if task not in EXACT:
        run(*(sample[:50] for sample in samples))
    if repeats == "memory":
        print(json.dumps({"peak_bytes": peak_of(run, samples)}))
        return
    first, answer = timed(run, samples)
    again = range(int(repeats)) if first < SLOW_SECONDS else []
    seconds = [timed(run, samples)[0] for _ in again] or [first]
    print(json.dumps({"seconds": seconds, "answer": answer}))


def timed(run: rivals.Candidate, samples: Any) -> tuple[float, list[float]]:
    """Seconds of one call, and its answer."""
    start = time.perf_counter()
    answer = run(*samples)
    return time.perf_counter() - start, answer


if __name__ == "__main__":
    main()
