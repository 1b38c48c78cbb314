"""What a model is given to read, and which tokens are scored there: every token of a text once.

Causal models read windows as lm-evaluation-harness's `loglikelihood_rolling` cuts them: the first begins with a token
that is not scored (BOS), and scores as many tokens as the model can see; each further one scores the tokens that
follow, after `context` of those before them (1: no more than needed; the more, the slower and the fairer to long
texts). The last one, which has fewer left to score, is filled up with context.

Masked models read a text once for each of its tokens, with this one masked (Salazar et al. 2020): the sum over tokens
is a pseudo-log-likelihood, which is no likelihood and not to be compared with one. Texts longer than the model can see
are read in pieces that know nothing of each other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Reading", "causal", "masked"]


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of a batch.

    Attributes:
        item: the number of its text.
        inputs: token ids that the model reads.
        places: of these inputs, those whose outputs are scored.
        targets: the id that each of these outputs is to predict.
    """

    item: int
    inputs: tuple[int, ...]
    places: range
    targets: tuple[int, ...]


def causal(item: int, ids: Sequence[int], *, start: int, length: int, context: int = 1) -> Iterator[Reading]:
    """Cut one text for a causal model.

    Args:
        item: the number of the text.
        ids: its tokens, without special ones.
        start: the id of the token before them.
        length: the most tokens that the model sees.
        context: tokens before those scored in all windows but the first, from 1 to `length`.

    Example:
        >>> [(row.inputs, row.targets) for row in causal(0, [5, 6, 7], start=1, length=2)]
        [((1, 5), (5, 6)), ((5, 6), (7,))]
    """
    full = (start, *ids)
    scored, end = 0, min(length, len(ids))
    while scored < len(ids):
        begin = max(0, end - length)
        yield Reading(item, full[begin:end], range(scored - begin, end - begin), full[scored + 1 : end + 1])
        scored, end = end, min(end + length - context + 1, len(ids))


def masked(
    item: int, ids: Sequence[int], *, before: Sequence[int], after: Sequence[int], mask: int, length: int
) -> Iterator[Reading]:
    """Cut one text for a masked model.

    Args:
        item: the number of the text.
        ids: its tokens, without special ones.
        before: the special tokens in front, such as [CLS].
        after: those at the end, such as [SEP].
        mask: the id that hides a token.
        length: the most tokens that the model sees, special ones included.

    Example:
        >>> [(row.inputs, row.targets) for row in masked(0, [5, 6], before=[1], after=[2], mask=9, length=8)]
        [((1, 9, 6, 2), (5,)), ((1, 5, 9, 2), (6,))]
    """
    size = length - len(before) - len(after)
    for begin in range(0, len(ids), size):
        piece = tuple(ids[begin : begin + size])
        for at, target in enumerate(piece):
            inputs = (*before, *piece[:at], mask, *piece[at + 1 :], *after)
            yield Reading(item, inputs, range(len(before) + at, len(before) + at + 1), (target,))
