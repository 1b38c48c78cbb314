"""Measures glotgap beside its rivals in one run on one machine, and fails unless their figures agree.

Every timing is a fresh process (worker.py) on a cached file. Candidates take turns, round after round; a figure is the
median of its rounds. Who takes over 20 s runs once. The read limit is a plain sum over the same file
(rust/core/examples/read_limit.rs). Writes results.json; `--readme` also writes the README's table.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import summary
from make_models import CACHE

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SLOW_SECONDS = 20
COMPARED = {
    "llama-bf16": [
        "glotgap_exact:2",
        "scipy_f32",
        "scipy_f64",
        "torch_naive",
        "torch_power_sums",
        "torch_power_sums_in_workers",
        "torch_histogram_in_workers",
        "torch_compiled",
        "polars_kurtosis",
        "numpy_bincount",
    ],
    "llama-f32": [
        "glotgap_moments:2",
        "glotgap_exact:2",
        "scipy_f32",
        "scipy_f64",
        "torch_naive",
        "torch_power_sums",
        "torch_power_sums_in_workers",
        "torch_compiled",
        "polars_kurtosis",
    ],
}
SCALED = {
    "llama-bf16": "glotgap_exact",
    "llama-f32": "glotgap_moments",
    "one-bf16": "glotgap_exact",
    "one-f32": "glotgap_moments",
}
# Largest relative difference of kurtosis + 3. Rivals that compute in f32 are that far off by themselves.
TOLERANCE = {"scipy_f32": 1e-2, "torch_naive": 1e-2}
F64_TOLERANCE = 1e-9


class Bench:
    """The files, the programs and how often each runs."""

    def __init__(self, cache: Path, read_limit: Path, rounds: int) -> None:
        self.cache, self.read_limit_program, self.rounds = cache, read_limit, rounds

    def path(self, model: str) -> Path:
        """The file of `model`."""
        return self.cache / f"{model}.safetensors"

    def worker(self, candidate: str, model: str, *flags: str) -> dict[str, Any]:
        """What one fresh process measured."""
        warm = self.path(f"tiny-{model.rpartition('-')[2]}")
        command = [sys.executable, HERE / "worker.py", candidate, self.path(model), warm, *flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"{candidate} on {model} failed:\n{done.stderr}")
        return json.loads(done.stdout)  # type: ignore[no-any-return]  # worker.py prints this shape

    def read_limit(self, model: str, threads: int) -> float:
        """Seconds to sum the file, by the faster way of mapping its pages."""
        size = self.path(model).stat().st_size
        command = [self.read_limit_program, self.path(model), str(threads), "3"]
        ways = [
            subprocess.run([*command, way], capture_output=True, text=True, check=True) for way in ("populate", "fault")
        ]
        return size / 1e9 / max(statistics.median(map(float, way.stdout.split())) for way in ways)

    def warm(self, model: str) -> None:
        """Reads the file into the page cache, from the disk: what a scan finds after a download was read once.

        Pages that a program wrote lie in smaller pieces, and mapping them costs twice as much, for everyone.
        """
        self.drop(model)
        with self.path(model).open("rb", buffering=0) as file:
            while file.read(16 << 20):
                pass

    def drop(self, model: str) -> None:
        """Takes the file out of the page cache."""
        with self.path(model).open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def difference(figures: dict[str, Any], reference: dict[str, Any]) -> float:
    """Largest relative difference of kurtosis + 3; the absmax must be equal, and the tensors the same."""
    assert figures.keys() == reference.keys()
    assert all(figures[name][1] == reference[name][1] for name in reference)
    return max(abs((figures[name][0] + 3) / (reference[name][0] + 3) - 1) for name in reference)


def compare(bench: Bench, model: str) -> dict[str, Any]:
    """Seconds of every candidate on one file, round after round, and how far their figures are apart."""
    bench.warm(model)
    names = COMPARED[model]
    seconds: dict[str, list[float]] = {name: [] for name in ["read_limit", *names]}
    differences: dict[str, float] = {}
    reference: dict[str, Any] = {}
    for number in range(bench.rounds):
        seconds["read_limit"].append(bench.read_limit(model, threads=2))
        for name in names:
            if seconds[name] and seconds[name][0] > SLOW_SECONDS:
                continue
            measured = bench.worker(name, model)
            seconds[name].append(measured["seconds"])
            reference = reference or measured["figures"]
            differences[name] = difference(measured["figures"], reference)
            assert differences[name] <= TOLERANCE.get(name, F64_TOLERANCE), (name, differences[name])
            print(f"{model} round {number + 1} {name}: {measured['seconds']:.3f} s", flush=True)
    return {"bytes": bench.path(model).stat().st_size, "seconds": seconds, "difference": differences}


def scale(bench: Bench, model: str) -> dict[str, list[float]]:
    """Seconds with one and with two threads, taking turns."""
    bench.warm(model)
    seconds: dict[str, list[float]] = {"1": [], "2": [], "read_limit:1": [], "read_limit:2": []}
    for _ in range(bench.rounds):
        for threads in (1, 2):
            seconds[str(threads)].append(bench.worker(f"{SCALED[model]}:{threads}", model)["seconds"])
            seconds[f"read_limit:{threads}"].append(bench.read_limit(model, threads))
    print(f"{model} threads: {seconds}", flush=True)
    return seconds


def dd(path: Path) -> float:
    """Seconds that dd takes to read the file."""
    start = time.perf_counter()
    subprocess.run(["dd", f"if={path}", "of=/dev/null", "bs=4M"], check=True, capture_output=True)
    return time.perf_counter() - start


def cold(bench: Bench, model: str) -> dict[str, list[float]]:
    """Seconds to read the file from the disk: dd and glotgap, taking turns."""
    seconds: dict[str, list[float]] = {"dd": [], "glotgap": []}
    for _ in range(max(3, bench.rounds // 2)):
        bench.drop(model)
        seconds["dd"].append(dd(bench.path(model)))
        bench.drop(model)
        seconds["glotgap"].append(bench.worker(f"{SCALED[model]}:2", model)["seconds"])
    print(f"{model} cold: {seconds}", flush=True)
    return seconds


def memory(bench: Bench) -> dict[str, dict[str, Any]]:
    """Anonymous bytes of a first scan."""
    cases = {"llama-bf16": "glotgap_exact:2", "large-f32": "glotgap_exact:2"}
    peaks = {model: bench.worker(name, model, "memory") for model, name in cases.items()}
    for model, peak in peaks.items():
        peak["file_bytes"] = bench.path(model).stat().st_size
    print(f"memory: {peaks}", flush=True)
    return peaks


def target_directory() -> Path:
    """Where cargo builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", type=Path, default=CACHE, help="where make_models.py wrote the files")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--only", choices=["compare", "scale", "cold", "memory"], help="one part; writes no results.json"
    )
    parser.add_argument("--readme", action="store_true", help="write the table between the README's markers")
    arguments = parser.parse_args()
    bench = Bench(arguments.cache, target_directory() / "release" / "examples" / "read_limit", arguments.rounds)
    parts = {
        "compare": lambda: {model: compare(bench, model) for model in COMPARED},
        "scale": lambda: {model: scale(bench, model) for model in SCALED},
        "cold": lambda: {model: cold(bench, model) for model in ("llama-bf16", "llama-f32")},
        "memory": lambda: memory(bench),
    }
    results = {"machine": summary.machine(), "versions": summary.versions()}
    results |= {name: part() for name, part in parts.items() if arguments.only in (None, name)}
    if arguments.only:
        return
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    table = summary.markdown(results)
    print(table)
    print(summary.bars(results))
    if arguments.readme:
        summary.write_between_markers(ROOT / "README.md", table)


if __name__ == "__main__":
    main()
