"""The tokenizer in a GGUF file's metadata (`tokenizer.ggml.*`), of the models llama, gpt2, bert and t5.

Method: `llama` is a SentencePiece BPE model and `t5` a Unigram one: they go through `sentencepiece`. `gpt2` is
byte-level BPE with its merges; how it cuts words is known from a name (`pre_tokenizers`). `bert` is WordPiece, whose
words begin with `▁` here and whose other pieces have lost their `##`.

Limits: what a GGUF file does not keep is taken from the models that have it, and noted: NFC of qwen2 and others,
whether a BERT lowers case. Control tokens in a text are tokens, as in every tokenizer.json.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glotgap._errors import BadFileError, UnsupportedError
from glotgap.tokens.convert import byte_level, sentencepiece
from glotgap.tokens.convert.document import SPACE, Converted, Part, added_token, assemble, sequence
from glotgap.tokens.convert.gguf_header import metadata
from glotgap.tokens.convert.pieces import Kind, Model, Piece
from glotgap.tokens.convert.pre_tokenizers import words

__all__ = ["from_file", "from_metadata"]

_PREFIX = "tokenizer.ggml."


def from_file(path: Path) -> Converted:
    """Return the tokenizer of a GGUF file as a tokenizer.json; errors as `metadata` and `from_metadata`."""
    return from_metadata(metadata(path, _PREFIX), str(path))


def from_metadata(values: Mapping[str, Any], where: str) -> Converted:
    """Return GGUF metadata, keys with their prefix `tokenizer.ggml.`, as a tokenizer.json.

    Raises:
        BadFileError: a value is missing, or lists differ in length.
        UnsupportedError: the model or the pre-tokenizer is not known here.
    """
    found = {key.removeprefix(_PREFIX): value for key, value in values.items()}
    model = found.get("model")
    readers = {"llama": _llama, "t5": _t5, "gpt2": _gpt2, "bert": _bert}
    if model is None:
        raise BadFileError(f"{where}: holds no tokenizer (no {_PREFIX}model); give the file of a language model")
    if model not in readers:
        known = ", ".join(readers)
        raise UnsupportedError(f"{where}: its tokenizer is of the model {model!r}; known are {known}")
    try:
        return readers[model](_Vocabulary(found, where))
    except UnsupportedError as error:
        raise UnsupportedError(f"{where}: {error}") from error


class _Vocabulary:
    """The lists of a GGUF tokenizer, checked against each other."""

    def __init__(self, found: Mapping[str, Any], where: str) -> None:
        self.found, self.where = found, where
        self.tokens = [str(token) for token in self.column("tokens")]
        kinds = found.get("token_type") or [1] * len(self.tokens)
        if len(kinds) != len(self.tokens) or set(kinds) - set(Kind):
            raise BadFileError(f"{where}: {_PREFIX}token_type does not fit its {len(self.tokens)} tokens")
        self.kinds = [Kind(kind) for kind in kinds]

    def column(self, name: str) -> Sequence[Any]:
        values = self.found.get(name)
        if not isinstance(values, list) or not values:
            raise BadFileError(f"{self.where}: holds no list {_PREFIX}{name}; convert the model again")
        return values

    def pieces(self) -> Sequence[Piece]:
        scores = self.column("scores")
        if len(scores) != len(self.tokens):
            raise BadFileError(f"{self.where}: has {len(scores)} scores for {len(self.tokens)} tokens")
        return [Piece(*entry) for entry in zip(self.tokens, map(float, scores), self.kinds, strict=True)]

    def flag(self, name: str, *, default: bool) -> bool:
        return bool(self.found.get(name, default))

    def added(self) -> list[Part]:
        """Return what is cut out of texts: all that is neither normal, a byte, nor unused."""
        return [
            added_token(number, token, special=kind is not Kind.USER_DEFINED)
            for number, (token, kind) in enumerate(zip(self.tokens, self.kinds, strict=True))
            if kind in {Kind.UNKNOWN, Kind.CONTROL, Kind.USER_DEFINED}
        ]


def _llama(vocabulary: _Vocabulary) -> Converted:
    return _pieces(vocabulary, unigram=False, remove_extra_spaces=False, byte_fallback=True)


def _t5(vocabulary: _Vocabulary) -> Converted:
    has_bytes = Kind.BYTE in vocabulary.kinds
    return _pieces(vocabulary, unigram=True, remove_extra_spaces=True, byte_fallback=has_bytes)


def _pieces(vocabulary: _Vocabulary, *, unigram: bool, remove_extra_spaces: bool, byte_fallback: bool) -> Converted:
    if vocabulary.kinds.count(Kind.UNKNOWN) != 1:
        raise BadFileError(f"{vocabulary.where}: has {vocabulary.kinds.count(Kind.UNKNOWN)} unknown tokens, not one")
    # Bytes as signed numbers in some files.
    character_map = bytes(value & 255 for value in vocabulary.found.get("precompiled_charsmap") or [])
    model = Model(
        vocabulary.pieces(),
        unigram=unigram,
        character_map=base64.b64encode(character_map).decode(),
        space_in_front=vocabulary.flag("add_space_prefix", default=True),
        remove_extra_spaces=vocabulary.flag("remove_extra_whitespaces", default=remove_extra_spaces),
        escape_spaces=vocabulary.flag("escape_whitespaces", default=True),
        byte_fallback=byte_fallback,
        whitespace_as_suffix=vocabulary.flag("treat_whitespace_as_suffix", default=False),
    )
    return sentencepiece.from_model(model)


def _gpt2(vocabulary: _Vocabulary) -> Converted:
    name = vocabulary.found.get("pre")
    cut = words(name)
    used = [kind is not Kind.UNUSED for kind in vocabulary.kinds]
    vocab = {token: number for number, token in enumerate(vocabulary.tokens) if used[number]}
    merges = [_pair(str(merge), vocabulary.where) for merge in vocabulary.column("merges")]
    document = assemble(
        {"type": "BPE", "vocab": vocab, "merges": merges, "ignore_merges": cut.ignore_merges},
        added=vocabulary.added(),
        normalizer={"type": "NFC"} if cut.composed else None,
        pre_tokenizer=sequence("pretokenizers", cut.pre_tokenizers),
        decoder=byte_level.DECODER,
    )
    note = f"text is composed (NFC) first, as models of the pre-tokenizer {name!r} do: the GGUF file does not say"
    return Converted(document, (note,) if cut.composed else ())


def _pair(merge: str, where: str) -> tuple[str, str]:
    left, _, right = merge[1:].partition(" ")
    if not right:
        raise BadFileError(f"{where}: {_PREFIX}merges holds {merge!r}, which is no pair; convert the model again")
    return merge[0] + left, right


def _bert(vocabulary: _Vocabulary) -> Converted:
    vocab = {_word_piece(token): number for number, token in enumerate(vocabulary.tokens)}
    unknown = vocabulary.tokens[int(vocabulary.found.get("unknown_token_id", 100))]
    lower = not any(token != token.lower() for token in vocabulary.tokens if token.startswith(SPACE))
    options = {"continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "unk_token": unknown}
    accents = {"clean_text": True, "handle_chinese_chars": True, "strip_accents": None}
    document = assemble(
        {"type": "WordPiece", **options, "vocab": vocab},
        added=vocabulary.added(),
        normalizer={"type": "BertNormalizer", **accents, "lowercase": lower},
        pre_tokenizer={"type": "BertPreTokenizer"},
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
    )
    told = "is" if lower else "is not"
    return Converted(document, (f"upper case {told} lowered, told by the vocabulary: the GGUF file does not say",))


def _word_piece(token: str) -> str:
    """Return a token as BERT's vocabulary has it: `▁the` began a word, `[CLS]` was kept, the rest went on."""
    if token.startswith(SPACE):
        return token[1:]
    kept = token.startswith("[") and token.endswith("]")
    return token if kept else "##" + token
