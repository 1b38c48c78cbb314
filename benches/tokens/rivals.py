"""What counts tokens today: each rival maps the path of a tokenizer.json to a function from texts to their counts.

Counts leave special tokens of a template out, as glotgap's do. Each rival takes the cheapest way it documents that
ends in a count per text: its own counting call where it has one, else flat ids with row offsets, else lists of ids. A
rival that cannot read a tokenizer raises, and the table says that it refuses.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Count = Callable[[list[str]], Sequence[int] | np.ndarray[Any, Any]]

TOKTOK_NAMES = {"cl100k": "cl100k_base", "o200k": "o200k_base"}
GPT2_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def glotgap(path: Path) -> Count:
    from glotgap.tokens import Tokenizer

    tokenizer = Tokenizer.load(path)
    return lambda texts: tokenizer.count(texts, threads=1)


def huggingface(path: Path) -> Count:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    return lambda texts: [len(row) for row in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def gigatoken(path: Path) -> Count:
    from gigatoken import Tokenizer

    tokenizer = Tokenizer(path)
    return lambda texts: np.diff(np.asarray(tokenizer.encode_batch(texts, parallel=False).layout.offsets))


def flat(tokenizer: Any) -> Count:
    """Counts from the offsets of `encode_batch_flat`."""
    return lambda texts: np.diff(np.frombuffer(tokenizer.encode_batch_flat(texts)[1], np.uint64))


def fastokens(path: Path) -> Count:
    from fastokens import Tokenizer

    return flat(Tokenizer.from_file(str(path)))


def snaptokens(path: Path) -> Count:
    from snaptokens import Tokenizer

    return flat(Tokenizer.from_file(str(path)))


def tuetoken(path: Path) -> Count:
    from tuetoken import Tokenizer

    tokenizer = Tokenizer(str(path))
    return lambda texts: tokenizer.count_tokens_batch(texts, num_threads=1)


def toktok(path: Path) -> Count:
    import toktok

    if path.stem not in TOKTOK_NAMES:
        message = f"toktok has its encodings built in, and {path.stem} is none of them"
        raise ValueError(message)
    return lambda texts: toktok.batch_count(texts, TOKTOK_NAMES[path.stem], threads=1)


def tokie(path: Path) -> Count:
    from tokie import Tokenizer

    return Tokenizer.from_json(str(path)).count_tokens_batch  # type: ignore[no-any-return]  # it has no types


def kitoken(path: Path) -> Count:
    from kitoken import Kitoken

    tokenizer = Kitoken.from_tokenizers_file(str(path))
    return lambda texts: list(map(len, tokenizer.encode_all(texts, encode_specials=True)))


def nanotoken(path: Path) -> Count:
    from nanotoken import Tokenizer

    tokenizer = Tokenizer(path)
    return lambda texts: tokenizer.encode_batch(texts, add_special_tokens=False, parallel=False).lengths


def byte_of_character() -> dict[str, int]:
    """GPT-2's alphabet: printable bytes stand for themselves, the others for the characters from U+0100 on."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + place): byte for place, byte in enumerate(rest)}


def pattern(parsed: dict[str, Any]) -> str:
    """The regular expression of a byte-level tokenizer.json: that of its Split, or GPT-2's."""
    steps = parsed["pre_tokenizer"].get("pretokenizers", [parsed["pre_tokenizer"]])
    return next((step["pattern"]["Regex"] for step in steps if step["type"] == "Split"), GPT2_PATTERN)


def tiktoken(path: Path) -> Count:
    import tiktoken

    parsed = json.loads(path.read_text(encoding="utf-8"))
    if "ByteLevel" not in json.dumps(parsed["pre_tokenizer"]):
        message = "tiktoken has byte-level BPE only"
        raise ValueError(message)
    bytes_of, added = byte_of_character(), {token["content"] for token in parsed["added_tokens"]}
    ranks = {
        bytes(map(bytes_of.__getitem__, word)): rank
        for word, rank in parsed["model"]["vocab"].items()
        if word not in added
    }
    encoding = tiktoken.Encoding(path.stem, pat_str=pattern(parsed), mergeable_ranks=ranks, special_tokens={})
    return lambda texts: [len(encoding.encode_ordinary(text)) for text in texts]


RIVALS: dict[str, tuple[str, Callable[[Path], Count]]] = {
    "glotgap": ("glotgap", glotgap),
    "huggingface": ("tokenizers", huggingface),
    "gigatoken": ("gigatoken", gigatoken),
    "fastokens": ("fastokens", fastokens),
    "snaptokens": ("snaptokens", snaptokens),
    "tuetoken": ("tuetoken", tuetoken),
    "toktok": ("toktok-rs", toktok),
    "tokie": ("tokie", tokie),
    "kitoken": ("kitoken", kitoken),
    "nanotoken": ("nanotoken", nanotoken),
    "tiktoken": ("tiktoken", tiktoken),
}
