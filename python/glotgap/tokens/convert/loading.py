"""Tells by its content what a source of a tokenizer is, and gives its `tokenizer.json`.

A file is told by its first bytes, never by its name: JSON with a `model` is a tokenizer.json, JSON with a `config` and
a list `vocab` a tekken.json; `GGUF` opens a GGUF file; lines of base64 and a number are tiktoken's ranks; what opens
with the first field of a message is a SentencePiece model. An object is told by what it can do, so that its library is
not imported here.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glotgap._errors import BadArgumentError, BadFileError, UnsupportedError
from glotgap.tokens.convert import gguf, sentencepiece, tiktoken
from glotgap.tokens.convert.document import Converted
from glotgap.tokens.convert.gguf_header import MAGIC
from glotgap.tokens.convert.hub import download, is_hub_id
from glotgap.tokens.outcome import file_name

__all__ = ["to_json"]

Answer = tuple[str, str, tuple[str, ...]]
"""Text of the tokenizer.json, name of the tokenizer, notes."""

_MODELS = ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model")
_IN_A_DIRECTORY = ("tokenizer.json", *_MODELS, "*.tiktoken", "tekken.json", "*.gguf")
_PLAIN_NAMES = {"tokenizer", "spiece", "sentencepiece.bpe", "tekken"}
_RANK_LINE = re.compile(rb"[A-Za-z0-9+/]*={0,2} \d+\s")
_PIECES = b"\x0a"
_MOST = 1 << 30


def to_json(source: Any) -> Answer:
    """Return the text of a tokenizer.json, a name, and notes on where its counts differ from the source's own program.

    Args:
        source: a path to a file or a directory; the path of a .tiktoken file with its regex (and its special tokens, a
            mapping to numbers) as a tuple; a `tokenizers.Tokenizer`; a fast tokenizer of transformers; a
            `tiktoken.Encoding`; a `SentencePieceProcessor`; a parsed tokenizer.json or tekken.json; or a Hub id
            (owner/name; needs the `hub` extra).

    Raises:
        BadArgumentError: `source` is none of these.
        BadFileError: nothing is there, or it is damaged.
        UnsupportedError: it is a tokenizer, but one that cannot be converted.
    """
    if isinstance(source, str | os.PathLike):
        return _from_path(source)
    if isinstance(source, tuple):
        return _from_rank_file(*source) if 2 <= len(source) <= 3 else _refuse(source)
    if isinstance(source, Mapping):
        return _answer(_from_parsed(source, "the mapping"), str(source.get("name", "tokenizer")))
    return _from_object(source)


def _answer(converted: Converted, name: str) -> Answer:
    return converted.text(), name, converted.notes


def _from_object(source: Any) -> Answer:
    if hasattr(source, "_mergeable_ranks") and hasattr(source, "_pat_str"):
        return _answer(tiktoken.from_encoding(source), str(source.name))
    if hasattr(source, "backend_tokenizer"):
        name = str(getattr(source, "name_or_path", "")) or type(source).__name__
        return _serialized(source.backend_tokenizer), name, ()
    if callable(getattr(source, "to_str", None)):
        return _serialized(source), "tokenizer", ()
    if callable(getattr(source, "serialized_model_proto", None)):
        return _answer(sentencepiece.from_model_file(source.serialized_model_proto()), "sentencepiece")
    return _refuse(source)


def _serialized(tokenizer: Any) -> str:
    try:
        return str(tokenizer.to_str())
    except Exception as error:  # what the library raises for parts written in Python
        raise UnsupportedError(
            f"the tokenizer cannot be written as a tokenizer.json: {error}; parts written in Python have no form there"
        ) from error


def _refuse(source: Any) -> Answer:
    slow = (
        " (a slow tokenizer? pass use_fast=True where it is loaded)" if hasattr(source, "convert_ids_to_tokens") else ""
    )
    raise BadArgumentError(
        f"{type(source).__name__} is no source of a tokenizer{slow}; give a path, a Hub id, a (rank file, regex) pair, "
        "a tokenizer.json as a mapping, or a tokenizer of tokenizers, transformers, tiktoken or sentencepiece"
    )


def _from_path(path: str | os.PathLike[str]) -> Answer:
    local = Path(path)
    if local.is_dir():
        return _from_directory(local)
    if os.path.lexists(local):
        return _answer(_from_file(local), _name(local))
    if not is_hub_id(os.fspath(path)):
        raise BadFileError(f"{path}: no such file or directory; check the path")
    json_text, _, notes = _from_directory(download(os.fspath(path)))
    return json_text, os.fspath(path), notes


def _from_directory(folder: Path) -> Answer:
    for pattern in _IN_A_DIRECTORY:
        found = sorted(folder.glob(pattern))
        if len(found) > 1:
            names = ", ".join(file.name for file in found[:3])
            raise BadArgumentError(f"{folder}: holds {len(found)} files {pattern} ({names}, …); name the one to take")
        if found:
            return _answer(_from_file(found[0]), file_name(folder.resolve().name))
    raise BadFileError(f"{folder}: holds no tokenizer (none of {', '.join(_IN_A_DIRECTORY)}); give the file itself")


def _name(path: Path) -> str:
    """Return the name of a file without its suffix, or that of its directory where every tokenizer is called so."""
    return file_name(path.resolve().parent.name if path.stem in _PLAIN_NAMES else path.stem)


def _from_file(path: Path) -> Converted:
    data = _read(path)
    if data[:4] == MAGIC:
        return gguf.from_file(path)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"{", b"["}:
        return _from_json(data, path)
    if _RANK_LINE.match(data):
        return _known_ranks(data, path)
    if data[:1] == _PIECES:
        return _named(path, sentencepiece.from_model_file, data)
    raise BadFileError(f"{path}: is no tokenizer.json, tekken.json, GGUF, .tiktoken or SentencePiece file")


def _read(path: Path) -> bytes:
    """Return the bytes of a file; of a GGUF file, which may be larger than memory, only the first four."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
            rest = b"" if start == MAGIC else file.read(_MOST)
    except OSError as error:
        raise BadFileError(f"{path}: cannot be read: {error.strerror}") from error
    if len(rest) == _MOST:
        raise BadFileError(f"{path}: is larger than {_MOST >> 20} MiB, so it is no tokenizer; check the path")
    return start + rest


def _from_json(data: bytes, path: Path) -> Converted:
    try:
        text = data.decode("utf-8-sig")
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadFileError(f"{path}: is not JSON: {error}; fetch the file again") from error
    return _from_parsed(parsed, str(path), text)


def _from_parsed(parsed: Any, where: str, text: str | None = None) -> Converted:
    if isinstance(parsed, Mapping) and isinstance(parsed.get("model"), Mapping):
        return Converted(dict(parsed), given=text)
    if isinstance(parsed, Mapping) and isinstance(parsed.get("vocab"), list) and "config" in parsed:
        return tiktoken.from_tekken(parsed)
    raise BadFileError(f'{where}: is JSON, but neither a tokenizer.json (no "model") nor a tekken.json')


def _known_ranks(data: bytes, path: Path) -> Converted:
    known = tiktoken.known_rank_file(data)
    if known is None:
        raise UnsupportedError(
            f"{path}: holds tiktoken's ranks, but not the regex that cuts words, and is none of OpenAI's own; "
            "give (path, regex) or (path, regex, special tokens)"
        )
    _, pattern, special = known
    return _named(path, lambda ranks: tiktoken.from_rank_file(ranks, pattern, special), data)


def _from_rank_file(path: Any, pattern: Any, special: Any = None) -> Answer:
    if not isinstance(path, str | os.PathLike) or not isinstance(pattern, str):
        raise BadArgumentError("a tuple must hold the path of a .tiktoken file and its regex, both as text")
    local = Path(path)
    data = _read(local)
    return _answer(_named(local, lambda ranks: tiktoken.from_rank_file(ranks, pattern, special), data), _name(local))


def _named(path: Path, convert: Any, data: bytes) -> Converted:
    """Return what `convert` makes of `data`; its errors name the file."""
    try:
        converted: Converted = convert(data)
    except (BadFileError, UnsupportedError) as error:
        raise type(error)(f"{path}: {error}") from error
    return converted
