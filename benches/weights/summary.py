"""Turns the measurements of run.py into the README's table, and holds them against the bars the project set."""

import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

BEGIN, END = "<!-- bench:weights -->", "<!-- /bench:weights -->"
NAMES = {
    "read_limit": "read limit: plain sum of the bytes",
    "glotgap_exact:2": "**glotgap**, every figure",
    "glotgap_moments:2": "**glotgap**, moments, absmax, tails",
    "scipy_f32": "scipy, in f32",
    "scipy_f64": "scipy, in f64",
    "torch_naive": "torch, as written in a notebook (f32)",
    "torch_power_sums": "torch by hand: f64 power sums in chunks",
    "torch_power_sums_in_workers": "torch by hand: the same in two worker threads",
    "torch_histogram_in_workers": "torch by hand: exact histogram in two worker threads",
    "torch_compiled": "torch.compile: f64 power sums in one loop",
    "polars_kurtosis": "polars",
    "numpy_bincount": "numpy: exact histogram in chunks",
}
BY_HAND = ["torch_power_sums", "torch_power_sums_in_workers", "torch_histogram_in_workers"]
TITLES = {
    "llama-bf16": "bf16, the shape of Llama-3.2-1B: 146 tensors",
    "llama-f32": "f32, eight layers of the same",
}
OURS = {"llama-bf16": "glotgap_exact:2", "llama-f32": "glotgap_moments:2"}


def machine() -> dict[str, Any]:
    """The CPU with its family and model (one name covers several) and its count, and the system; no host."""
    lines = [line.partition(":") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()]
    told = {key.strip(): value.strip() for key, _, value in reversed(lines)}
    cpu = told.get("model name", platform.machine())
    if "cpu family" in told:
        cpu += f" family {told['cpu family']} model {told['model']}"
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
    }


def versions() -> dict[str, str]:
    """The versions of everything measured."""
    packages = ["glotgap", "numpy", "scipy", "torch", "polars"]
    return {"python": platform.python_version()} | {package: version(package) for package in packages}


def medians(part: dict[str, Any]) -> dict[str, float]:
    """The median seconds of each candidate, fastest first."""
    return dict(sorted(((name, median(runs)) for name, runs in part["seconds"].items()), key=lambda item: item[1]))


def speed_table(model: str, part: dict[str, Any]) -> str:
    """One file's candidates: rate, ratio, agreement, rounds."""
    seconds = medians(part)
    size, ours = part["bytes"] / 1e9, OURS[model]
    title = f"{TITLES[model]}, {size:.2f} GB, cached, 2 threads"
    rows = [f"| {title} | GB/s | glotgap is faster | figures differ by | runs |", "|---|--:|--:|--:|--:|"]
    for name, time in seconds.items():
        ratio = "" if name in {ours, "read_limit"} else times(time / seconds[ours])
        apart = "" if name in {ours, "read_limit"} else f"{part['difference'][name]:.0e}"
        rows.append(f"| {NAMES[name]} | {size / time:.2f} | {ratio} | {apart} | {len(part['seconds'][name])} |")
    return "\n".join(rows)


def times(ratio: float) -> str:
    """A ratio for a person."""
    return f"{ratio:.0f} ×" if ratio >= 10 else f"{ratio:.2f} ×"


def ratios(results: dict[str, Any]) -> dict[str, float]:
    """Every ratio that a bar is set for."""
    bf16, f32 = (medians(results["compare"][model]) for model in ("llama-bf16", "llama-f32"))
    found = {
        "bf16, every figure: share of the read limit": bf16["read_limit"] / bf16["glotgap_exact:2"],
        "bf16: times faster than scipy (f32)": bf16["scipy_f32"] / bf16["glotgap_exact:2"],
        "bf16: times faster than torch by hand, its best": min(bf16[name] for name in BY_HAND)
        / bf16["glotgap_exact:2"],
        "f32, moments, absmax, tails: share of the read limit": f32["read_limit"] / f32["glotgap_moments:2"],
    }
    for model, seconds in results["scale"].items():
        found[f"{model}: two threads against one"] = median(seconds["1"]) / median(seconds["2"])
    for model, seconds in results["cold"].items():
        found[f"{model}, cold: share of dd"] = median(seconds["dd"]) / median(seconds["glotgap"])
    for model, peak in results["memory"].items():
        found[f"{model}: anonymous memory, share of 64 MB"] = peak["bytes"] / 64e6
    return found


# Part of a ratio's name, and the least the project asks of it (for memory: the most).
BARS = {
    "bf16, every figure: share": 0.35,
    "f32, moments, absmax, tails: share": 0.65,
    "scipy": 50,
    "by hand": 6,
    "two threads": 1.75,
    "share of dd": 0.9,
    "anonymous memory": 1,
}


def bar(name: str) -> float:
    """The bar of the ratio called `name`."""
    return next(least for part, least in BARS.items() if part in name)


def bars(results: dict[str, Any]) -> str:
    """One line for each bar: met or missed."""
    lines = []
    for name, ratio in ratios(results).items():
        met = ratio <= bar(name) if "memory" in name else ratio >= bar(name)
        lines.append(f"{'met   ' if met else 'MISSED'} {name}: {ratio:.2f} (bar {bar(name):g})")
    return "\n".join(lines)


def sentences(results: dict[str, Any]) -> str:
    """Threads, disk and memory, in words."""
    found = ratios(results)
    threads = [ratio for name, ratio in found.items() if "two threads" in name]
    disk = [ratio for name, ratio in found.items() if "share of dd" in name]
    limits = [ratio for name, ratio in found.items() if "read limit" in name]
    peaks = [
        f"{peak['bytes'] / 1e6:.0f} MB for a file of {peak['file_bytes'] / 1e9:.1f} GB"
        for peak in results["memory"].values()
    ]
    return (
        f"glotgap reaches {limits[0]:.2f} (bf16) and {limits[1]:.2f} (f32) of the read limit. Two threads are "
        f"{min(threads):.2f} to {max(threads):.2f} × as fast as one, on a single tensor of 263 million values too. "
        f"A file that is not cached is read at {min(disk):.2f} to {max(disk):.2f} × the rate of `dd`. "
        f"Anonymous memory peaks at {' and '.join(peaks)}."
    )


def markdown(results: dict[str, Any]) -> str:
    """The README's block."""
    made = results["machine"]
    used = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    where = (
        f"{made['cpu']}, {made['cores']} cores, {made['system']}, {made['date']}; {used}. Synthetic weights; medians."
    )
    tables = [speed_table(model, part) for model, part in results["compare"].items()]
    note = (
        "Rivals give kurtosis and absmax only. “Figures differ by” is the largest relative difference of m₄/m₂² from "
        "glotgap's; those above 1e-9 compute in f32."
    )
    return "\n\n".join([*tables, sentences(results), note, where])


def write_between_markers(path: Path, block: str) -> None:
    """Replaces what stands between the markers."""
    text = path.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    path.write_text(f"{head}{BEGIN}\n{block}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
