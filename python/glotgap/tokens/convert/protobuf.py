"""Protocol Buffers on the wire: fields of a message, without a schema and without the protobuf package.

Method: the encoding that protobuf.dev/programming-guides/encoding defines; a field is a number, a wire type and a
value. Groups (wire types 3 and 4), long out of use, are refused.
"""

import struct
from collections.abc import Iterator

from glotgap._errors import BadFileError

__all__ = ["Value", "fields", "single"]

Value = int | bytes
"""What a field holds: a number (varint, or the four or eight bytes of a fixed one as bytes), or bytes."""


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Yield number and value of each field of `message`, in order.

    Raises:
        BadFileError: the bytes are no message, or end within a field.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        value, at = _value(message, at, key & 7)
        yield key >> 3, value


def single(value: Value) -> float:
    """Return the 32-bit float of a fixed field."""
    if not isinstance(value, bytes) or len(value) != 4:
        raise BadFileError("a score is no 32-bit float; give the .model file as SentencePiece wrote it")
    return float(struct.unpack("<f", value)[0])


def _value(message: bytes, at: int, wire_type: int) -> tuple[Value, int]:
    if wire_type == 0:
        return _varint(message, at)
    if wire_type == 2:
        size, at = _varint(message, at)
    elif wire_type in {1, 5}:
        size = 8 if wire_type == 1 else 4
    else:
        raise BadFileError(f"byte {at} begins a field of wire type {wire_type}, which no message of today has")
    if at + size > len(message):
        raise BadFileError(f"a field of {size} bytes begins at byte {at} of {len(message)}: the file is cut short")
    return message[at : at + size], at + size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    number = 0
    for place in range(10):
        if at + place >= len(message):
            break
        byte = message[at + place]
        number |= (byte & 127) << 7 * place
        if byte < 128:
            return number, at + place + 1
    raise BadFileError(f"byte {at} begins a number that does not end: the file is cut short or damaged")
