"""Counts tokens with glotgap and its rivals in one run on one machine, and fails unless glotgap equals Hugging Face.

Every timing is a fresh process on one thread (worker.py), in CPU seconds; rivals take turns, round after round, and a
figure is the median of its rounds. All read one tokenizer.json, from which stored truncation and padding are taken out.
Each rival first counts a subset, every 20th document, and then everything. Hugging Face alone stays with the subset, so
its ratio is that of the subset, where glotgap is timed too. Nobody else is left there for being slow: on short calls a
rival may cost mostly set-up (gigatoken with Mistral: 3 MB/s on the subset, 23 on everything).

Counts are compared with Hugging Face's on the
subset and with glotgap's on everything; `--whole` lets Hugging Face count everything once, and then all are compared
with that. Writes results.json.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import table
from numpy.typing import NDArray
from rivals import RIVALS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
EVERY = 20
TOKENIZERS = ["gpt2", "cl100k", "o200k", "mistral", "xlmr", "minilm_raw"]
ONE_THREAD = {"RAYON_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "POLARS_MAX_THREADS": "1"}

Measured = dict[str, Any]
Counts = NDArray[np.uint32]


def cleared(source: Path, folder: Path) -> Path:
    """A copy of a tokenizer.json without its truncation and padding."""
    parsed = json.loads(source.read_text(encoding="utf-8")) | {"truncation": None, "padding": None}
    target = folder / source.name
    target.write_text(json.dumps(parsed, ensure_ascii=False), encoding="utf-8")
    return target


def rate(measured: Measured) -> float:
    """MB per CPU second of the better pass: a first one may be all set-up on a short text."""
    return float(measured["bytes"]) / 1e6 / float(min(measured["seconds"]))


class Bench:
    """One tokenizer on one corpus: its processes and their counts."""

    def __init__(self, corpus: str, data: Path, tokenizer: Path) -> None:
        self.corpus, self.data, self.tokenizer = corpus, data, tokenizer
        self.counts_file = tokenizer.with_suffix(".npy")

    def worker(self, rival: str, every: int, passes: int = 2) -> tuple[Measured, Counts | None]:
        """What one fresh process measured, and its counts unless it refuses."""
        arguments = [rival, self.tokenizer, self.corpus, self.data, every, passes, self.counts_file]
        command = [sys.executable, HERE / "worker.py", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | ONE_THREAD)
        if done.returncode:
            return {"refuses": f"fails while counting: {done.stderr.strip()[-200:]}"}, None
        measured: Measured = json.loads(done.stdout.splitlines()[-1])
        said = measured.get("refuses") or f"{rate(measured):.1f} MB/s"
        print(f"  {self.tokenizer.stem} {rival} 1/{every}: {said}", flush=True)
        return measured, None if "refuses" in measured else np.load(self.counts_file)

    def subset(self) -> tuple[dict[str, Measured], Counts]:
        """Every rival on the subset, with how many of its counts differ from Hugging Face's; and the latter."""
        both = {rival: self.worker(rival, EVERY) for rival in RIVALS}
        truth = required(both["huggingface"])
        for measured, counts in both.values():
            if counts is not None:
                measured["differs"] = int((counts != truth).sum())
        if both["glotgap"][0].get("differs") != 0:
            sys.exit(f"glotgap differs from Hugging Face: {both['glotgap'][0]}")
        return {rival: measured for rival, (measured, _) in both.items()}, truth


def required(result: tuple[Measured, Counts | None]) -> Counts:
    """The counts of one who may not refuse."""
    measured, counts = result
    if counts is None:
        sys.exit(f"it must count: {measured}")
    return counts


def repeated(bench: Bench, rivals: list[str], every: int, rounds: int) -> dict[str, list[tuple[Measured, Counts]]]:
    """`rounds` processes of each rival, taking turns."""
    results: dict[str, list[tuple[Measured, Counts]]] = {rival: [] for rival in rivals}
    for _ in range(rounds):
        for rival, runs in results.items():
            measured, counts = bench.worker(rival, every)
            runs.append((measured, required((measured, counts))))
    return results


def summed(runs: list[tuple[Measured, Counts]], truth: Counts) -> Measured:
    """One rival's rounds: the seconds of all passes, and the most counts that differ."""
    seconds = [measured["seconds"] for measured, _ in runs]
    differs = max(int((counts != truth).sum()) for _, counts in runs)
    return runs[0][0] | {"seconds": [list(passes) for passes in zip(*seconds, strict=True)], "differs": differs}


def compare(bench: Bench, rounds: int, *, whole: bool) -> dict[str, Any]:
    """Every rival's figures on the subset and on everything."""
    probes, subset_truth = bench.subset()
    counting = [rival for rival, measured in probes.items() if "refuses" not in measured]
    small = repeated(bench, ["glotgap", "huggingface"], EVERY, rounds)
    full = repeated(bench, [rival for rival in counting if rival != "huggingface"], 1, rounds)
    truth, once = full["glotgap"][0][1], None
    if whole:
        once, counts = bench.worker("huggingface", 1, passes=1)
        truth = required((once, counts))
    everything = {rival: summed(runs, truth) for rival, runs in full.items()}
    if everything["glotgap"]["differs"]:
        sys.exit(f"glotgap differs from Hugging Face in {everything['glotgap']['differs']} documents")
    return {
        "refuses": {rival: measured["refuses"] for rival, measured in probes.items() if "refuses" in measured},
        "subset": probed(probes) | {rival: summed(runs, subset_truth) for rival, runs in small.items()},
        "everything": everything,
        "huggingface_whole": once,
    }


def probed(probes: dict[str, Measured]) -> dict[str, Measured]:
    """The probes of those who count, in the shape of `summed`."""
    counting = {rival: measured for rival, measured in probes.items() if "refuses" not in measured}
    return {rival: measured | {"seconds": [[s] for s in measured["seconds"]]} for rival, measured in counting.items()}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data", help="ntrex, mixed, tokenizers")
    parser.add_argument("--corpus", choices=["ntrex", "mixed"], action="append", help="both by default")
    parser.add_argument("--tokenizer", choices=TOKENIZERS, action="append", help="all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="Hugging Face counts everything too")
    parser.add_argument("--readme", action="store_true", help="write the table between the README's markers")
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    return parser.parse_args()


def main() -> None:
    asked = options()
    results: dict[str, Any] = {"machine": table.machine(), "versions": table.versions(), "every": EVERY, "corpora": {}}
    with tempfile.TemporaryDirectory() as folder:
        for corpus in asked.corpus or ["ntrex", "mixed"]:
            parts = results["corpora"].setdefault(corpus, {})
            for name in asked.tokenizer or TOKENIZERS:
                path = cleared(asked.data / "tokenizers" / f"{name}.json", Path(folder))
                parts[name] = table.with_ratios(
                    compare(Bench(corpus, asked.data, path), asked.rounds, whole=asked.whole)
                )
                asked.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(table.text(results))
    if asked.readme:
        table.into_readme(ROOT / "README.md", table.short(results))


if __name__ == "__main__":
    main()
