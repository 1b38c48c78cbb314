"""What a SentencePiece model holds, and its reader: the ModelProto of sentencepiece_model.proto, by field number."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from glotgap._errors import BadFileError, UnsupportedError
from glotgap.tokens.convert.protobuf import Value, fields, single

__all__ = ["Kind", "Model", "Piece", "read_model"]


class Kind(IntEnum):
    """What a piece is for; the numbers are those of SentencePiece and of GGUF's token_type."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece: its text, with `▁` for spaces; its score, a log probability (Unigram) or minus its rank (BPE)."""

    text: str
    score: float = 0.0
    kind: Kind = Kind.NORMAL


@dataclass(frozen=True, slots=True)
class Model:
    """A SentencePiece model; piece number i is token number i.

    Attributes:
        pieces: all of them; exactly one is unknown.
        unigram: whether it is of the Unigram kind; else BPE.
        character_map: precompiled_charsmap in base64, empty when there is none.
        space_in_front: add_dummy_prefix.
        remove_extra_spaces: remove_extra_whitespaces.
        escape_spaces: escape_whitespaces.
        byte_fallback: whether unknown characters become bytes.
        whitespace_as_suffix: treat_whitespace_as_suffix.
    """

    pieces: Sequence[Piece]
    unigram: bool = True
    character_map: str = ""
    space_in_front: bool = True
    remove_extra_spaces: bool = True
    escape_spaces: bool = True
    byte_fallback: bool = False
    whitespace_as_suffix: bool = field(default=False)

    def text_of(self, kind: Kind) -> str | None:
        """Return the text of the first piece of a kind, None when there is none."""
        return next((piece.text for piece in self.pieces if piece.kind is kind), None)


def read_model(data: bytes) -> Model:
    """Return the model in the bytes of a .model file.

    Raises:
        BadFileError: they are no such file, or one that is damaged.
        UnsupportedError: it is a model of words or of characters.
    """
    pieces: list[Piece] = []
    trainer: dict[int, Value] = {}
    normalizer: dict[int, Value] = {}
    for number, value in fields(data):
        if number == 1:
            pieces.append(_piece(_message(value)))
        elif number == 2:
            trainer = dict(fields(_message(value)))
        elif number == 3:
            normalizer = dict(fields(_message(value)))
    _check_unknown(pieces)
    return Model(
        pieces,
        unigram=_is_unigram(trainer.get(3, 1)),
        character_map=base64.b64encode(_message(normalizer.get(2, b""))).decode(),
        space_in_front=bool(normalizer.get(3, 1)),
        remove_extra_spaces=bool(normalizer.get(4, 1)),
        escape_spaces=bool(normalizer.get(5, 1)),
        byte_fallback=bool(trainer.get(35, 0)),
        whitespace_as_suffix=bool(trainer.get(24, 0)),
    )


def _piece(message: bytes) -> Piece:
    found = dict(fields(message))
    try:
        return Piece(_message(found[1]).decode(), single(found.get(2, bytes(4))), Kind(int(found.get(3, 1))))
    except (KeyError, ValueError) as error:
        raise BadFileError(f"a piece of the SentencePiece model is damaged: {error}; fetch the file again") from error


def _message(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise BadFileError("a number stands where a SentencePiece model has a message; is it a .model file?")
    return value


def _is_unigram(model_type: Value) -> bool:
    if model_type not in {1, 2}:
        name = {3: "WORD", 4: "CHAR"}.get(model_type if isinstance(model_type, int) else 0, str(model_type))
        raise UnsupportedError(f"the SentencePiece model is of type {name}; only UNIGRAM and BPE are read")
    return model_type == 1


def _check_unknown(pieces: Sequence[Piece]) -> None:
    unknown = sum(piece.kind is Kind.UNKNOWN for piece in pieces)
    if unknown != 1:
        raise BadFileError(f"the SentencePiece model has {unknown} unknown pieces, not one; is it a .model file?")
