"""SentencePiece models (Kudo & Richardson 2018), of the BPE and the Unigram kind, as a tokenizer.json.

Method: `pieces` says what a model holds, whether it came from a .model file or from GGUF metadata. Normalization is
written as SentencePiece does it (normalizer.cc): the character map, then spaces (a run is one, none at the ends) when
it removes extra ones, then a space in front, then `▁` for each space. BPE gets the merges its scores imply (`merges`).
Unigram is cut into words at `▁` where that changes nothing: when `▁` is a piece and stands only first in pieces, no
path through the lattice crosses the cut, and no run of unknown characters does.

Limits, named in the notes of a model that has them:

- control symbols in a text are tokens, as in every tokenizer.json; SentencePiece reads them as text;
- the character map is applied to whole graphemes, then to single characters (`tokenizers`' Precompiled);
  SentencePiece takes the longest match at each place, so that some sequences of combining marks differ;
- scores are added as 64-bit floats, SentencePiece's as 32-bit ones: two segmentations that differ by rounding only may
  be told apart the other way;
- `<0x41>` and its like, written out in a text, are byte pieces to a Unigram model with byte fallback; SentencePiece
  spells them;
- text between user-defined symbols also gets a space in front; SentencePiece puts one only before the first text.

Refused: white space as a suffix, words and characters as models, unused pieces, and most equal scores in a BPE model
(see `ties`).
"""

from collections.abc import Iterable

from glotgap._errors import BadFileError, UnsupportedError
from glotgap.tokens.convert.document import SPACE, Converted, Part, added_token, assemble, replace, sequence
from glotgap.tokens.convert.merges import replay_all
from glotgap.tokens.convert.pieces import Kind, Model, Piece, read_model
from glotgap.tokens.convert.ties import check_ties, ranks_of

__all__ = ["from_model", "from_model_file"]

_MAP_NOTE = (
    "the character map works on graphemes here and on the longest match in SentencePiece: sequences of combining marks "
    "may count differently"
)
_CONTROL_NOTE = "control symbols that stand in a text are one token each; SentencePiece reads them as text"
_BYTE_NOTE = "<0x41> and its like, written out in a text, are one token each; SentencePiece spells them"
_USER_NOTE = (
    "every stretch of text beside a user-defined symbol gets a space in front; "
    "SentencePiece gives one only at the start of a text"
)


def from_model_file(data: bytes) -> Converted:
    """Return the bytes of a SentencePiece .model file as a tokenizer.json.

    Raises:
        BadFileError: they are not such a file.
        UnsupportedError: the model asks for something that a tokenizer.json cannot say.
    """
    return from_model(read_model(data))


def from_model(model: Model) -> Converted:
    """Return a model as a tokenizer.json; errors as `from_model_file`."""
    _check(model)
    added = [
        added_token(number, _written(piece), special=piece.kind is not Kind.USER_DEFINED)
        for number, piece in enumerate(model.pieces)
        if piece.kind in {Kind.UNKNOWN, Kind.CONTROL, Kind.USER_DEFINED}
    ]
    document = assemble(
        _unigram(model) if model.unigram else _bpe(model),
        added=added,
        normalizer=sequence("normalizers", _normalizers(model)),
        pre_tokenizer=_WORDS if model.unigram and _cut_at_spaces(model) else None,
        decoder=sequence("decoders", _decoders(model)),
    )
    return Converted(document, tuple(_notes(model)))


def _check(model: Model) -> None:
    if not model.pieces:
        raise BadFileError("the SentencePiece model holds no pieces; give the .model file as it was written")
    if model.whitespace_as_suffix:
        raise UnsupportedError("the model writes white space as a suffix, which no tokenizer.json can; train without")
    unused = [piece.text for piece in model.pieces if piece.kind is Kind.UNUSED]
    if unused:
        raise UnsupportedError(f"{len(unused)} pieces are marked unused (the first is {unused[0]!r}); remove them")
    texts = [piece.text for piece in model.pieces]
    if len(set(texts)) != len(texts):
        raise BadFileError("a piece stands twice in the model; give the .model file as it was written")


def _notes(model: Model) -> Iterable[str]:
    kinds = {piece.kind for piece in model.pieces}
    if Kind.CONTROL in kinds:
        yield _CONTROL_NOTE
    if model.character_map:
        yield _MAP_NOTE
    if model.unigram and model.byte_fallback:
        yield _BYTE_NOTE
    if Kind.USER_DEFINED in kinds and model.space_in_front:
        yield _USER_NOTE


def _written(piece: Piece) -> str:
    """Return the text of a piece as the vocabulary has it: what is looked for in raw text has its spaces."""
    return piece.text.replace(SPACE, " ") if piece.kind is Kind.USER_DEFINED else piece.text


def _vocab(model: Model) -> dict[str, int]:
    return {_written(piece): number for number, piece in enumerate(model.pieces)}


def _bpe(model: Model) -> Part:
    vocab = _vocab(model)
    normal = [piece for piece in model.pieces if piece.kind is Kind.NORMAL]
    ranks = ranks_of([piece for piece in normal if len(piece.text) > 1])
    merges, _ = replay_all(ranks, ranks)
    check_ties(normal, merges, ranks)
    missing = {part for pair in merges for part in pair if part not in vocab}
    if missing:
        raise UnsupportedError(f"pieces are made of {min(missing)!r}, which is no piece itself; add it to the model")
    unknown = model.text_of(Kind.UNKNOWN)
    options = {"unk_token": unknown, "fuse_unk": True, "byte_fallback": model.byte_fallback, "ignore_merges": False}
    return {"type": "BPE", **options, "vocab": vocab, "merges": merges}


def _unigram(model: Model) -> Part:
    unknown = [number for number, piece in enumerate(model.pieces) if piece.kind is Kind.UNKNOWN]
    vocab = [(_written(piece), piece.score) for piece in model.pieces]
    return {"type": "Unigram", "unk_id": unknown[0], "vocab": vocab, "byte_fallback": model.byte_fallback}


_WORDS: Part = {"type": "Metaspace", "replacement": SPACE, "prepend_scheme": "never", "split": True}


def _cut_at_spaces(model: Model) -> bool:
    texts = {_written(piece) for piece in model.pieces}
    return model.escape_spaces and SPACE in texts and not any(SPACE in text[1:] for text in texts)


def _normalizers(model: Model) -> list[Part]:
    space = SPACE if model.escape_spaces else " "
    steps = [{"type": "Precompiled", "precompiled_charsmap": model.character_map}] if model.character_map else []
    if model.remove_extra_spaces:
        steps.append(replace("", regex=r"\A +"))
    if model.space_in_front:
        steps.append({"type": "Prepend", "prepend": space})
    if model.remove_extra_spaces:
        # SentencePiece takes every ▁ off the end, also one that stood in the text. The look behind keeps it linear.
        ends = f"[ {space}]"
        steps.append(replace("", regex=rf"(?<!{ends}){ends}++\z"))
        steps.append(replace(space, regex=" +"))
    elif model.escape_spaces:
        steps.append(replace(space, text=" "))
    return steps


def _decoders(model: Model) -> list[Part]:
    steps = [replace(" ", text=SPACE)] if model.escape_spaces else []
    steps += [{"type": "ByteFallback"}] if model.byte_fallback else []
    steps.append({"type": "Fuse"})
    if model.space_in_front:
        steps.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    return steps
