"""Merges of a byte-pair encoder, from pieces and their ranks.

tiktoken and SentencePiece keep no merges: in a word they join, again and again, the two neighbours whose joint piece
has the lowest rank, the leftmost first. `tokenizers` joins only pairs it was given. For each piece, replay that rule on
the piece alone: the last two parts are its merge.

*Proof that this list is exact.* Suppose that in some word the parts L and R, neighbours, are joined to the piece T.
Until then no join crossed the ends of T, so every join inside T was the lowest (leftmost) of all pairs and therefore
of the pairs inside T; the history inside T is that of T alone. Hence (L, R) is what the replay of T ends with, and a
piece whose replay does not end with two parts is never made. Merges ordered by the rank of what they make then choose
the same pair at every step, and one rank belongs to one pair, so that ties are decided by position in both.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

__all__ = ["replay", "replay_all"]

Piece = TypeVar("Piece", str, bytes)

_NEVER = 1 << 62


def replay(piece: Piece, ranks: Mapping[Piece, int]) -> tuple[Piece, Piece] | None:
    """Return the two parts that are joined last when `piece` is encoded alone, None when they never meet."""
    parts = [piece[at : at + 1] for at in range(len(piece))]
    pairs = [ranks.get(piece[at : at + 2], _NEVER) for at in range(len(piece) - 1)]
    while len(parts) > 2:
        lowest = min(pairs)
        if lowest == _NEVER:
            return None
        at = pairs.index(lowest)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
        del pairs[at]
        if at < len(pairs):
            pairs[at] = ranks.get(parts[at] + parts[at + 1], _NEVER)
        if at:
            pairs[at - 1] = ranks.get(parts[at - 1] + parts[at], _NEVER)
    return parts[0], parts[1]


def replay_all(pieces: Iterable[Piece], ranks: Mapping[Piece, int]) -> tuple[list[tuple[Piece, Piece]], list[Piece]]:
    """Return the merges of `pieces` in the order of rank, and the pieces that no merges reach.

    Pieces of one unit (a byte, a character) need no merge and are left out.
    """
    merges: list[tuple[Piece, Piece]] = []
    unreachable: list[Piece] = []
    for piece in sorted((piece for piece in pieces if len(piece) > 1), key=ranks.__getitem__):
        pair = replay(piece, ranks)
        if pair is None:
            unreachable.append(piece)
        else:
            merges.append(pair)
    return merges, unreachable
