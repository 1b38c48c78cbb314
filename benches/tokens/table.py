"""What run.py measured, as ratios and as a table in Markdown."""

import datetime as dt
import os
import platform
import re
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rivals import RIVALS

PASSES = ("first", "second")
OWN = {"glotgap", "huggingface"}


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
    """The versions of everything measured."""
    import glotgap

    packages = [package for package, _ in RIVALS.values() if package != "glotgap"]
    own = {"python": platform.python_version(), "glotgap": glotgap.__version__}
    return own | {package: version(package) for package in packages}


def rates(measured: dict[str, Any]) -> list[float]:
    """MB per CPU second of the first and of the second pass, each the median of the rounds."""
    return [measured["bytes"] / 1e6 / median(rounds) for rounds in measured["seconds"]]


def with_ratios(part: dict[str, Any]) -> dict[str, Any]:
    """One tokenizer's figures with every rate and glotgap's ratios, each on the same text as its peer."""
    for measured in (*part["subset"].values(), *part["everything"].values()):
        measured["rates"] = rates(measured)
    ratios = {
        "fastest_exact_peer": [fastest_peer(part, place) for place in range(2)],
        "huggingface": quotients(part["subset"]["glotgap"], part["subset"]["huggingface"]),
    }
    if once := part["huggingface_whole"]:
        ratios["huggingface_whole_first_pass"] = once["seconds"][0] / median(
            part["everything"]["glotgap"]["seconds"][0]
        )
    return part | {"ratios": ratios}


def quotients(ours: dict[str, Any], theirs: dict[str, Any]) -> list[float]:
    """How many times faster the one is, pass by pass."""
    return [own / other for own, other in zip(ours["rates"], theirs["rates"], strict=True)]


def fastest_peer(part: dict[str, Any], place: int) -> dict[str, Any] | None:
    """The fastest rival in pass `place` whose counts are all equal, and glotgap's rate over its; None without one."""
    everything = part["everything"]
    exact = {
        rival: measured["rates"][place]
        for rival, measured in everything.items()
        if rival not in OWN and not measured["differs"] and not part["subset"][rival]["differs"]
    }
    if not exact:
        return None
    peer = max(exact, key=exact.__getitem__)
    return {"peer": peer, "ratio": everything["glotgap"]["rates"][place] / exact[peer]}


def cell(part: dict[str, Any], rival: str) -> str:
    """First/second rate; * on the subset only; ✗ and how many counts differ."""
    if rival in part["refuses"]:
        return "refuses"
    on_all = rival in part["everything"]
    measured = part["everything" if on_all else "subset"][rival]
    wrong = f" ✗ differs in {measured['differs']:,} of {measured['documents']:,}" if measured["differs"] else ""
    return "/".join(f"{value:.1f}" for value in measured["rates"]) + ("" if on_all else "*") + wrong


def ratio_rows(parts: dict[str, Any]) -> list[list[str]]:
    """Ratios of glotgap to the fastest exact peer, and to Hugging Face, pass by pass."""
    ratios = [part["ratios"] for part in parts.values()]
    rows = [
        [
            f"× fastest exact peer, {name} pass",
            *map(peer_cell, (ratio["fastest_exact_peer"][place] for ratio in ratios)),
        ]
        for place, name in enumerate(PASSES)
    ]
    ours = [part["subset"]["glotgap"]["rates"] for part in parts.values()]
    rows.append(["glotgap on the subset*", *("/".join(f"{value:.1f}" for value in pair) for pair in ours)])
    rows.append(["× Hugging Face*", *("/".join(f"{value:.0f}" for value in ratio["huggingface"]) for ratio in ratios)])
    wholes = [ratio.get("huggingface_whole_first_pass") for ratio in ratios]
    if any(wholes):
        rows.append(["× Hugging Face, everything, first pass", *(f"{value:.0f}" if value else "–" for value in wholes)])
    return rows


def peer_cell(found: dict[str, Any] | None) -> str:
    return f"{found['ratio']:.1f} ({found['peer']})" if found else "no exact peer"


def proof(part: dict[str, Any]) -> str:
    """Against what the counts were compared."""
    whole = part["huggingface_whole"]
    return "Hugging Face on everything" if whole else "Hugging Face on the subset, glotgap on everything"


def text(results: dict[str, Any]) -> str:
    """The tables of every corpus, and what they mean."""
    blocks = []
    for corpus, parts in results["corpora"].items():
        full = next(iter(parts.values()))["everything"]["glotgap"]
        rows = [[corpus, *parts], ["---"] * (len(parts) + 1)]
        rows += [[rival, *(cell(part, rival) for part in parts.values())] for rival in RIVALS] + ratio_rows(parts)
        size = f"{full['documents']:,} documents, {full['bytes'] / 1e6:.1f} MB"
        compared = " / ".join(dict.fromkeys(map(proof, parts.values())))
        unit = f"MB per CPU second, one thread, first/second pass; *: only every {results['every']}th document"
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        blocks.append("\n".join([f"{corpus}: {size}. {unit}. Counts compared with: {compared}.", "", *lines]))
    return "\n\n".join([f"{results['machine']['cpu']}; {results['versions']}", *blocks])


BEGIN, END = "<!-- bench:tokens -->", "<!-- /bench:tokens -->"


def short(results: dict[str, Any]) -> str:
    """The README's table: glotgap's rates, and its ratios to the fastest exact peer and to Hugging Face."""
    rows = [["corpus, tokenizer", "MB per CPU second", "× fastest exact peer", "× Hugging Face"], ["---"] * 4]
    rows += [
        [f"{corpus}, {name}", *short_cells(part)]
        for corpus, parts in results["corpora"].items()
        for name, part in parts.items()
    ]
    named = (package for package, _ in RIVALS.values())
    told = ", ".join(f"{name} {results['versions'][name]}" for name in named if name != "glotgap")
    where = f"{results['machine']['cpu']}, one thread, {results['machine']['date']}; {told}."
    return "\n".join(["| " + " | ".join(row) + " |" for row in rows] + ["", where])


def short_cells(part: dict[str, Any]) -> list[str]:
    """First and second pass, of everything; Hugging Face on every 20th document."""
    peers = part["ratios"]["fastest_exact_peer"]
    return [
        " / ".join(f"{value:.0f}" for value in part["everything"]["glotgap"]["rates"]),
        " / ".join(map(peer_cell, peers)),
        " / ".join(f"{value:.0f}" for value in part["ratios"]["huggingface"]),
    ]


def into_readme(readme: Path, table: str) -> None:
    """Write the table between its markers."""
    content = readme.read_text(encoding="utf-8")
    block = f"{BEGIN}\n{table}\n{END}"
    changed, count = re.subn(f"{BEGIN}.*?{END}", lambda _: block, content, flags=re.DOTALL)
    if count != 1:
        message = f"{readme} has the markers {BEGIN} and {END} {count} times: it needs them once"
        raise ValueError(message)
    readme.write_text(changed, encoding="utf-8")
