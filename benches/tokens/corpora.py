"""The two corpora, as a list of documents per language.

`ntrex` is every line of the 128 reference translations of NTREX-128; `mixed` the documents of DATA/mixed. Languages
come in the order of their file names, and every rival gets one call per language.
"""

from pathlib import Path

import polars as pl

Languages = list[list[str]]


def lines(path: Path) -> list[str]:
    """The lines of a text file, cut at line feeds only."""
    return path.read_text(encoding="utf-8").removesuffix("\n").split("\n")


def ntrex(data: Path) -> Languages:
    return [lines(path) for path in sorted((data / "ntrex").glob("newstest2019-ref*.txt"))]


def mixed(data: Path) -> Languages:
    return [pl.read_ndjson(path)["text"].to_list() for path in sorted((data / "mixed").glob("*.jsonl.zst"))]


CORPORA = {"ntrex": ntrex, "mixed": mixed}


def read(name: str, data: Path, every: int) -> Languages:
    """Every `every`-th document of each language of the corpus `name`."""
    languages = [documents[::every] for documents in CORPORA[name](data)]
    if not any(languages):
        message = f"{data} holds nothing of the corpus {name}"
        raise FileNotFoundError(message)
    return languages
