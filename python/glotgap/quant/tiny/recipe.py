"""How the tiny model is made: every number that its weights depend on, and the digest that tells two recipes apart."""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from numbers import Integral

from glotgap._errors import BadArgumentError
from glotgap.quant.tiny.text import lines, trained_on

__all__ = ["STEPS", "Recipe"]

STEPS = 200
"""Steps of training unless others are asked for."""

_LIBRARIES = ("torch", "transformers", "tokenizers")


@dataclass(frozen=True)
class Recipe:
    """How a tiny model is trained.

    Attributes:
        steps: of training; the learning rate falls to zero over them, so that step 100 of 200 is not the end of 100.
        dropout: share of values dropped where an embedding, an attention or an MLP adds to the residual stream.
        weight_decay: of matrices, decoupled (AdamW); norms have none.
        seed: of the initial weights, the order of sentences and dropout.
        checkpoints: steps after which the weights are kept; 0 for the initial ones.
        vocabulary: entries of the tokenizer, with its 3 special tokens and 256 bytes.
        width: of the residual stream.
        inner: width of the MLPs.
        layers: attention and MLP each.
        heads: of each attention.
        positions: most tokens of a text.
        spread: standard deviation of the initial matrices.
        rate: highest learning rate.
        warmup: steps in which it rises.
        batch: sentences a step.
        threads: of torch; their number changes the last bits of sums.
    """

    steps: int = STEPS
    dropout: float = 0.0
    weight_decay: float = 0.1
    seed: int = 0
    checkpoints: tuple[int, ...] = ()
    vocabulary: int = 1024
    width: int = 128
    inner: int = 256
    layers: int = 8
    heads: int = 4
    positions: int = 512
    spread: float = 0.05
    rate: float = 3e-3
    warmup: int = 20
    batch: int = 16
    threads: int = 1

    @classmethod
    def of(cls, steps: int, dropout: float, weight_decay: float, seed: int, checkpoints: Sequence[int]) -> "Recipe":
        """Return the recipe with these choices.

        Raises:
            BadArgumentError: one of them is out of range.
        """
        if steps < 1:
            raise BadArgumentError(f"steps is {steps}: give at least 1")
        if not 0 <= dropout < 1:
            raise BadArgumentError(f"dropout is {dropout:g}: give a share from 0 to below 1")
        if not 0 <= weight_decay < math.inf:
            raise BadArgumentError(f"weight_decay is {weight_decay:g}: give a number of at least 0")
        if seed < 0:
            raise BadArgumentError(f"seed is {seed}: give a whole number of at least 0")
        kept = _checked(checkpoints, steps)
        return cls(int(steps), float(dropout), float(weight_decay), int(seed), kept)

    def digest(self) -> str:
        """Return SHA-256 of the recipe, the text and the versions of the libraries, in hexadecimal."""
        made_of = {"recipe": asdict(self), "text": lines(trained_on())} | {name: version(name) for name in _LIBRARIES}
        return hashlib.sha256(json.dumps(made_of, sort_keys=True).encode()).hexdigest()

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step, counted from 0: it rises for `warmup` steps, and falls to 0 in all."""
        return self.rate * min(1.0, (step + 1) / self.warmup) * (1 - step / self.steps)


def _checked(checkpoints: Sequence[int], steps: int) -> tuple[int, ...]:
    wrong = [step for step in checkpoints if not _is_whole(step) or not 0 <= step <= steps]
    if wrong:
        raise BadArgumentError(f"checkpoints has {wrong[0]!r}: give whole steps from 0 to {steps}")
    return tuple(sorted({int(step) for step in checkpoints}))


def _is_whole(step: object) -> bool:
    return isinstance(step, Integral) and not isinstance(step, bool)
