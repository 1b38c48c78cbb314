"""One rival with one tokenizer over one corpus in a fresh process, on one thread; one line of JSON on standard output.

`worker.py RIVAL TOKENIZER CORPUS DATA EVERY PASSES COUNTS` counts every EVERY-th document PASSES times, language by
language, and writes the counts to COUNTS (.npy). Reading the corpus and loading the tokenizer are not timed, and one
short text goes first, so that nothing is set up inside the first pass. Seconds are CPU seconds of the process, all its
threads. The second pass takes the very same strings: what a rival or Python remembers of them counts in its favour.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import corpora
import numpy as np
import rivals
from numpy.typing import NDArray


def timed(count: rivals.Count, languages: corpora.Languages) -> tuple[float, NDArray[np.uint32]]:
    """CPU seconds of one pass, and the counts of its documents."""
    start = time.process_time()
    parts = [count(documents) for documents in languages]
    seconds = time.process_time() - start
    return seconds, np.concatenate([np.asarray(part, dtype=np.uint32) for part in parts])


def measure(count: rivals.Count, languages: corpora.Languages, passes: int) -> tuple[list[float], NDArray[np.uint32]]:
    """Seconds of each pass, and the counts, which no pass may change."""
    count(["A first text."])
    runs = [timed(count, languages) for _ in range(passes)]
    if any((counts != runs[0][1]).any() for _, counts in runs):
        message = "two passes over the same text counted differently"
        raise AssertionError(message)
    return [seconds for seconds, _ in runs], runs[0][1]


def main() -> None:
    rival, tokenizer, corpus, data, every, passes, target = sys.argv[1:]
    line: dict[str, Any]
    try:
        count = rivals.RIVALS[rival][1](Path(tokenizer))
    except BaseException as refusal:  # noqa: BLE001  # Rust panics do not descend from Exception
        line = {"refuses": f"{type(refusal).__name__}: {refusal}"[:200]}
    else:
        languages = corpora.read(corpus, Path(data), int(every))
        seconds, counts = measure(count, languages, int(passes))
        np.save(target, counts)
        size = sum(len(text.encode()) for documents in languages for text in documents)
        line = {"seconds": seconds, "bytes": size, "documents": len(counts), "tokens": int(counts.sum())}
    print(json.dumps(line))


if __name__ == "__main__":
    main()
