"""Pieces of a SentencePiece BPE model that have the same score.

Between equal scores SentencePiece joins what stands leftmost in the text; a list of merges cannot say that. One case is
common and can be written: Llama's and Mistral's runs of spaces, all of the lowest score. Joined leftmost first, a run
grows from its left end; so it does when the longer piece goes first. Whether the two agree for the lengths that a model
has is tried here, on runs up to four times the longest; anything else is refused.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from glotgap._errors import UnsupportedError
from glotgap.tokens.convert.pieces import Piece

__all__ = ["check_ties", "ranks_of"]


def ranks_of(pieces: Sequence[Piece]) -> dict[str, int]:
    """Return places in the order of scores, the highest first; between equal ones the longest first."""
    ordered = sorted(pieces, key=lambda piece: (-piece.score, -len(piece.text)))
    return {piece.text: rank for rank, piece in enumerate(ordered)}


def check_ties(pieces: Sequence[Piece], merges: Sequence[tuple[str, str]], ranks: Mapping[str, int]) -> None:
    """Refuse equal scores of longer pieces whose order cannot be written.

    Raises:
        UnsupportedError: there are such pieces.
    """
    by_score: dict[float, list[str]] = defaultdict(list)
    for piece in pieces:
        if len(piece.text) > 1:
            by_score[piece.score].append(piece.text)
    lowest = min(by_score, default=0.0)
    for score, tied in by_score.items():
        if len(tied) > 1 and not (score == lowest and _is_run(tied) and _grows_alike(tied, merges, ranks)):
            raise UnsupportedError(
                f"{len(tied)} pieces have the same score {score}, such as {tied[0]!r} and {tied[1]!r}: which is joined "
                "first depends on their places in a text, and a tokenizer.json cannot say that; give its tokenizer.json"
            )


def _is_run(tied: Sequence[str]) -> bool:
    return len({character for text in tied for character in text}) == 1


def _grows_alike(tied: Sequence[str], merges: Sequence[tuple[str, str]], ranks: Mapping[str, int]) -> bool:
    """Whether runs of every length are cut alike; and no other piece is made of a tied one."""
    lengths = {len(text) for text in tied}
    own = set(tied)
    if any((left in own or right in own) and left + right not in own for left, right in merges):
        return False
    pairs = {(len(left), len(right)): ranks[left + right] for left, right in merges if left + right in own}
    runs = range(2, 4 * max(lengths) + 1)
    return all(_leftmost(run, lengths) == _by_rank(run, pairs) for run in runs)


def _leftmost(run: int, lengths: set[int]) -> list[int]:
    """Return the lengths a run is cut into when the leftmost pair goes first."""
    parts, at = [1] * run, 0
    while at < len(parts) - 1:
        joined = parts[at] + parts[at + 1]
        if joined in lengths:
            parts[at : at + 2] = [joined]
            at = 0
        else:
            at += 1
    return parts


def _by_rank(run: int, pairs: Mapping[tuple[int, int], int]) -> list[int]:
    """Return the lengths a run is cut into when the pair of lowest rank goes first."""
    parts = [1] * run
    while True:
        found = [(pairs[pair], at) for at, pair in enumerate(pairwise(parts)) if pair in pairs]
        if not found:
            return parts
        at = min(found)[1]
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
