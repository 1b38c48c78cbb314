"""Bytes written as characters, the way GPT-2 does (Radford et al. 2019), and the parts of a byte-level encoder.

A printable Latin-1 byte is its own character; the 68 others are written U+0100 and up, in order.
"""

from glotgap.tokens.convert.document import Part

__all__ = ["DECODER", "GPT2_WORDS", "PRE_TOKENIZER", "spell"]

_OWN = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
_OTHERS = [byte for byte in range(256) if byte not in _OWN]
_CHARACTERS = {byte: chr(byte) for byte in _OWN} | {byte: chr(0x100 + at) for at, byte in enumerate(_OTHERS)}

PRE_TOKENIZER: Part = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
"""Only spells the bytes: the words were cut before."""

GPT2_WORDS: Part = PRE_TOKENIZER | {"use_regex": True}
"""Cuts words by GPT-2's regex, and spells their bytes."""

DECODER: Part = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}


def spell(piece: bytes) -> str:
    """Return the characters that stand for the bytes of `piece`."""
    return piece.decode("latin-1").translate(_CHARACTERS)
