"""What run.py measured, as ratios and as a table in Markdown."""

import datetime as dt
import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rivals import COMPILED
from tasks import TASKS

PACKAGES = {
    "scipy": "scipy", "arch": "arch", "bunker": "bunker-stats-rs", "foostrap": "foostrap", "numba": "numba",
    "rapidstats": "rapidstats", "resample": "resample", "mlxtend": "mlxtend", "tsbootstrap": "tsbootstrap",
    "numpy": "numpy",
}  # fmt: skip
START, END = "<!-- bench:stats -->", "<!-- /bench:stats -->"


def machine() -> dict[str, Any]:
    """The CPU with its family and model (one name covers several) and its count, and the system; no host."""
    lines = [line.partition(":") for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()]
    told = {key.strip(): value.strip() for key, _, value in reversed(lines)}
    cpu = told.get("model name", platform.machine())
    if "cpu family" in told:
        cpu += f" family {told['cpu family']} model {told['model']}"
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    return {"cpu": cpu, "cores": os.cpu_count(), "system": system, "date": dt.datetime.now(dt.UTC).date().isoformat()}


def versions() -> dict[str, str]:
    """The versions of everything measured; rivals that are not installed are left out."""
    import glotgap

    found = {"python": platform.python_version(), "glotgap": glotgap.__version__}
    for package in PACKAGES.values():
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def ratio(measured: dict[str, Any], rival: str) -> tuple[str, float] | None:
    """How many times slower a rival is, or the quickest compiled one that agrees; None without one."""
    names = COMPILED if rival == "compiled" else (rival,)
    times = {name: measured[name]["median"] for name in names if measured.get(name, {}).get("agrees")}
    if not times:
        return None
    quickest = min(times, key=times.__getitem__)
    return quickest, times[quickest] / measured["glotgap"]["median"]


def disagreeing(results: dict[str, Any]) -> list[str]:
    """The tasks and candidates whose answers are others."""
    return [
        f"{task} {name}"
        for task, measured in results["tasks"].items()
        for name, one in measured.items()
        if one.get("agrees") is False
    ]


def text(results: dict[str, Any]) -> str:
    """The table, and below it the bars that are missed."""
    rows = [["task", "glotgap", "1 to 2 threads", "memory", "× scipy", "× arch", "× quickest compiled"], ["---"] * 7]
    rows += [row(task, results) for task in results["tasks"]]
    told = ", ".join(f"{name} {number}" for name, number in results["versions"].items())
    where = f"{results['machine']['cpu']}, {results['machine']['cores']} cores, {results['machine']['date']}; {told}."
    lines = ["| " + " | ".join(cells) + " |" for cells in rows]
    missed = [line for task, measured in results["tasks"].items() for line in missed_bars(task, measured)]
    below = [f"Bars missed: {'; '.join(missed)}." if missed else "No bar is missed."]
    return "\n".join([where, "", *lines, "", *below])


def row(task: str, results: dict[str, Any]) -> list[str]:
    measured, threads = results["tasks"][task], results["threads"][task]
    own = measured["glotgap"]["median"]
    shown = f"{1e3 * own:.2f} ms" if own < 1 else f"{own:.2f} s"
    memory = f"{results['memory'][task] / 2**20:.0f} MiB" if "memory" in results else ""
    return [task, shown, f"{threads['1'] / threads['2']:.2f}", memory, *(cell(measured, name) for name in RIVALS)]


RIVALS = ("scipy", "arch", "compiled")


def cell(measured: dict[str, Any], rival: str) -> str:
    found = ratio(measured, rival)
    if found is None:
        return "–"
    return f"{found[1]:,.1f} ({found[0]})" if rival == "compiled" else f"{found[1]:,.0f}"


def missed_bars(task: str, measured: dict[str, Any]) -> list[str]:
    found = [(rival, bar, ratio(measured, rival)) for rival, bar in TASKS[task].bars]
    return [f"{task}: {got[1]:.3g} of {bar:g} × {got[0]}" for _, bar, got in found if got and got[1] < bar]


def into_readme(readme: Path, table: str) -> None:
    """Write the table between its markers."""
    content = readme.read_text(encoding="utf-8")
    block = f"{START}\n{table}\n{END}"
    changed, count = re.subn(f"{START}.*?{END}", lambda _: block, content, flags=re.DOTALL)
    if count != 1:
        message = f"{readme} has the markers {START} and {END} {count} times: it needs them once"
        raise ValueError(message)
    readme.write_text(changed, encoding="utf-8")
