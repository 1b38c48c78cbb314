"""tiktoken's encoders, and Mistral's tekken.json, which is one with its special tokens in front.

Method: a rank is a token's number and its priority. `merges` makes the list of merges that joins as tiktoken does.
tiktoken first looks a whole word up; that changes a word only where a piece exists that joining never reaches, so
`ignore_merges` is set exactly then. Characters that the regex does not match are dropped by tiktoken, and here.

Limits: special tokens found in the text are one token each, as `encode(text, allowed_special="all")` counts them and
as every `tokenizer.json` does; `encode_ordinary` reads them as text.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from glotgap._errors import BadFileError, UnsupportedError
from glotgap.tokens.convert import byte_level
from glotgap.tokens.convert.document import Converted, Part, added_token, assemble, sequence, split
from glotgap.tokens.convert.merges import replay_all
from glotgap.tokens.convert.patterns import CL100K, GPT4, O200K, R50K, is_total, to_oniguruma

__all__ = ["from_encoding", "from_rank_file", "from_ranks", "from_tekken", "known_rank_file", "read_ranks"]

_SPECIAL_NOTE = (
    "special tokens that stand in a text are one token each, as encode(text, allowed_special='all') counts them"
)

# SHA-256 of the rank files that OpenAI published, and what belongs to them (tiktoken_ext.openai_public).
_PUBLISHED: dict[str, tuple[str, str, dict[str, int]]] = {
    "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930": ("r50k_base", R50K, {"<|endoftext|>": 50256}),
    "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069": ("p50k_base", R50K, {"<|endoftext|>": 50256}),
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7": (
        "cl100k_base",
        CL100K,
        {
            "<|endoftext|>": 100257,
            "<|fim_prefix|>": 100258,
            "<|fim_middle|>": 100259,
            "<|fim_suffix|>": 100260,
            "<|endofprompt|>": 100276,
        },
    ),
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d": (
        "o200k_base",
        O200K,
        {"<|endoftext|>": 199999, "<|endofprompt|>": 200018},
    ),
}

# A last line break and then the first byte of white space that is none.
_LINE_THEN_WHITE = re.compile(rb"[\r\n][\t\x0b\x0c \xc2\xe1-\xe3][^\r\n]*\Z")

# What a tekken.json of the first version leaves unsaid.
_TEKKEN_SPECIAL = (
    "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]",
    "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
)  # fmt: skip


def from_encoding(encoding: Any) -> Converted:
    """Return a `tiktoken.Encoding` as a tokenizer.json."""
    return from_ranks(encoding._mergeable_ranks, encoding._pat_str, encoding._special_tokens)  # noqa: SLF001


def from_rank_file(data: bytes, pattern: str, special_tokens: Mapping[str, int] | None = None) -> Converted:
    """Return the bytes of a .tiktoken file, with its regex, as a tokenizer.json."""
    return from_ranks(read_ranks(data), pattern, special_tokens or {})


def known_rank_file(data: bytes) -> tuple[str, str, dict[str, int]] | None:
    """Return name, regex and special tokens of a rank file that OpenAI published, None for any other."""
    return _PUBLISHED.get(hashlib.sha256(data).hexdigest())


def read_ranks(data: bytes) -> dict[bytes, int]:
    """Return the ranks in a .tiktoken file: a piece in base64 and its rank in each line.

    Raises:
        BadFileError: a line is not that, or a piece or a rank stands twice.
    """
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip():
            piece, rank = _rank_line(line, number)
            ranks[piece] = rank
    _check_unique(ranks, sum(1 for line in data.splitlines() if line.strip()))
    return ranks


def _rank_line(line: bytes, number: int) -> tuple[bytes, int]:
    try:
        piece, rank = line.split()
        return base64.b64decode(piece, validate=True), int(rank)
    except (ValueError, binascii.Error) as error:
        what = f"line {number} of the rank file is no piece in base64 and its rank: {line[:40]!r}"
        raise BadFileError(f"{what}; give a whole .tiktoken file") from error


def _check_unique(ranks: Mapping[bytes, int], lines: int) -> None:
    if len(ranks) != lines or len(set(ranks.values())) != lines:
        raise BadFileError("a piece or a rank stands twice in the ranks; give the file as it was published")


def from_ranks(ranks: Mapping[bytes, int], pattern: str, special_tokens: Mapping[str, int]) -> Converted:
    """Return ranks, a regex in tiktoken's syntax and special tokens as a tokenizer.json.

    Raises:
        UnsupportedError: a byte has no rank, or the regex may mean another thing to `tokenizers`.
    """
    document = _document(ranks, pattern, special_tokens, offset=0)
    return Converted(document, (_SPECIAL_NOTE,) if special_tokens else ())


def _document(ranks: Mapping[bytes, int], pattern: str, special_tokens: Mapping[str, int], offset: int) -> Part:
    _check_bytes(ranks)
    merges, unreachable = replay_all(ranks, ranks)
    vocab = {byte_level.spell(piece): rank + offset for piece, rank in ranks.items()}
    # In the vocabulary too: `tokenizers` would number them anew. No word equals one, as they are cut out before.
    vocab = dict(special_tokens) | vocab
    pairs = [(byte_level.spell(left), byte_level.spell(right)) for left, right in merges]
    return assemble(
        {"type": "BPE", "vocab": vocab, "merges": pairs, "ignore_merges": bool(unreachable)},
        added=[added_token(number, content, special=True) for content, number in special_tokens.items()],
        pre_tokenizer=sequence("pretokenizers", _words(pattern, ranks)),
        decoder=byte_level.DECODER,
    )


def _words(pattern: str, ranks: Iterable[bytes]) -> list[Part]:
    """Return the pre-tokenizers that cut words as `pattern` does, in the usual form where it counts the same."""
    if pattern == R50K:
        # GPT-2's own regex, written for speed: it takes the same words.
        return [byte_level.GPT2_WORDS]
    if pattern == CL100K and not any(_LINE_THEN_WHITE.search(piece) for piece in ranks):
        # The two differ in white space at the end of a text, which GPT4 cuts after its last line break and CL100K does
        # not: no piece reaches over that cut, so no merge does.
        pattern = GPT4
    regex = to_oniguruma(pattern)
    # tiktoken takes the matches and drops the rest; where there is no rest, the usual form says the same.
    words = split(regex) if is_total(pattern) else split(regex, behavior="Removed", invert=True)
    return [words, byte_level.PRE_TOKENIZER]


def _check_bytes(ranks: Mapping[bytes, int]) -> None:
    missing = [byte for byte in range(256) if bytes([byte]) not in ranks]
    if missing:
        raise UnsupportedError(
            f"{len(missing)} of 256 bytes have no rank (the first is {missing[0]:#04x}), so that some texts have no "
            "tokens; give all ranks"
        )


def from_tekken(tekken: Mapping[str, Any]) -> Converted:
    """Return a parsed tekken.json as a tokenizer.json.

    Raises:
        BadFileError: a field is missing or wrong.
    """
    try:
        config = tekken["config"]
        n_special = int(config["default_num_special_tokens"])
        n_ordinary = int(config["default_vocab_size"]) - n_special
        ranks = {base64.b64decode(entry["token_bytes"]): int(entry["rank"]) for entry in tekken["vocab"][:n_ordinary]}
        special = _tekken_special(tekken.get("special_tokens"), n_special)
        pattern = str(config["pattern"])
    except (KeyError, TypeError, ValueError) as error:
        raise BadFileError(f"not a tekken.json: {type(error).__name__} {error}; give the file as published") from error
    _check_unique(ranks, n_ordinary)
    note = "control tokens that stand in a text are one token each; mistral-common reads them as text"
    return Converted(_document(ranks, pattern, special, n_special), (note,))


def _tekken_special(listed: Sequence[Mapping[str, Any]] | None, n_special: int) -> dict[str, int]:
    """Return the special tokens and their numbers; places that nothing was given to are named by number."""
    given: Iterable[tuple[str, int]] = zip(_TEKKEN_SPECIAL, range(n_special), strict=False)
    if listed:
        given = [(str(token["token_str"]), int(token["rank"])) for token in listed]
    names = {number: name for name, number in given}
    return {names.get(number, f"<SPECIAL_{number}>"): number for number in range(n_special)}
