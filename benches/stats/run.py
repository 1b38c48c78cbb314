"""Measures glotgap.stats beside its rivals in one run on one machine, and fails unless their answers agree.

Every candidate of a task runs in fresh processes (worker.py), which take turns, round after round; a figure is the
median of all timed calls, end to end from Python, B = 9,999, two threads where the candidate has threads. Who takes
over SLOW_SECONDS a call is timed in one call only. Answers must agree up to Monte Carlo error. Writes results.json, in
which `--task` leaves the others as they are, and with `--readme` the table between the README's markers.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import summary
from rivals import candidates
from tasks import TASKS
from worker import SLOW_SECONDS

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TIMEOUT = 600
THREADS = 2

Measured = dict[str, Any]


def worker(task: str, candidate: str, threads: int, repeats: int | str) -> Measured:
    """What one fresh process measured."""
    command = [sys.executable, HERE / "worker.py", task, candidate, str(threads), str(repeats)]
    settings = os.environ | {"RAYON_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT, env=settings)
    except subprocess.TimeoutExpired:
        return {"fails": f"no answer in {TIMEOUT} s"}
    if done.returncode:
        return {"fails": done.stderr.strip()[-200:]}
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]  # worker.py prints this shape


def compare(task: str, rounds: int) -> Measured:
    """Seconds of every candidate, and whether its answer is glotgap's."""
    found: dict[str, Measured] = {}
    for _ in range(rounds):
        for name in candidates(task, THREADS):
            before = found.get(name, {"seconds": []})
            if "fails" in before or (before["seconds"] and before["seconds"][0] > SLOW_SECONDS):
                continue
            measured = worker(task, name, THREADS, 1 if name == "mlxtend" else 5)
            found[name] = measured | {"seconds": before["seconds"] + measured.get("seconds", [])}
            said = measured.get("fails") or f"{median(measured['seconds']):.5f} s"
            print(f"{task} {name}: {said}", flush=True)
    return {name: checked(task, measured, found["glotgap"]) for name, measured in found.items()}


def checked(task: str, measured: Measured, own: Measured) -> Measured:
    """The figures of a candidate, with whether it agrees; glotgap itself must have an answer."""
    if "fails" in own:
        sys.exit(f"glotgap fails at {task}: {own['fails']}")
    if "fails" in measured:
        return measured
    agrees = TASKS[task].agree(own["answer"], measured["answer"])
    return measured | {"median": median(measured["seconds"]), "agrees": agrees}


def scale(task: str, rounds: int) -> dict[str, float]:
    """Median seconds of glotgap with one and with two threads, taking turns."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for threads, times in seconds.items():
            times.extend(worker(task, "glotgap", threads, 5)["seconds"])
    return {str(threads): median(times) for threads, times in seconds.items()}


def earlier(results: Path | None) -> Measured:
    """What an earlier run wrote, if anything."""
    if results is not None and results.exists():
        return json.loads(results.read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # main() wrote it
    return {"tasks": {}, "threads": {}, "memory": {}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=list(TASKS), action="append", help="all by default")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--readme", action="store_true", help="write the table between the README's markers")
    parser.add_argument("--results", type=Path, default=HERE / "results.json")
    asked = parser.parse_args()
    chosen = asked.task or list(TASKS)
    results = earlier(asked.results) if asked.task else earlier(None)
    results |= {"machine": summary.machine(), "versions": summary.versions()}
    for task in chosen:
        results["tasks"][task] = compare(task, asked.rounds)
        results["threads"][task] = scale(task, asked.rounds)
        results["memory"][task] = worker(task, "glotgap", THREADS, "memory")["peak_bytes"]
        asked.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    text = summary.text(results)
    print(text)
    if asked.readme:
        summary.into_readme(ROOT / "README.md", text)
    if wrong := summary.disagreeing(results):
        sys.exit(f"answers differ from glotgap's: {wrong}")


if __name__ == "__main__":
    main()
