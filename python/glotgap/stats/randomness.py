"""Where random numbers come from: the key of the native stream, or a generator of numpy used as scipy uses it.

The native stream is a function of (key, replicate index). The key is four 64-bit words, by `numpy.random.SeedSequence`
from an int or a SeedSequence (the same seed gives the same key for ever), or drawn from a generator, which then moves
on: two calls with one generator use different resamples, as in scipy.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError

__all__ = ["STREAMS", "Generator", "Key", "Source", "advance_to", "clone", "generator", "integers", "key", "source"]

Generator: TypeAlias = np.random.Generator | np.random.RandomState
Key: TypeAlias = NDArray[np.uint64]

STREAMS: Final = ("native", "numpy")
_WORDS: Final = 4


@dataclass(frozen=True)
class Source:
    """Where the random numbers of a call come from.

    Attributes:
        native: whether replicates are a function of (key, index); else numpy's generator is used as scipy uses it.
        key, seed: of the native stream.
        generator: numpy's, else.
    """

    native: bool
    key: Key | None
    seed: int | None
    generator: Generator | None

    def streams(self, count: int) -> Sequence[Generator]:
        """Return the generators that a callable's resamples are drawn from: one for each design, or one for all."""
        if self.key is not None:
            return key_streams(self.key, count)
        return [] if self.generator is None else [self.generator]


def source(rng: Any, random_state: Any, stream: str) -> Source:
    """Return where random numbers come from; TypeError from numpy for what cannot seed a generator."""
    given = normalized(rng, random_state)
    if stream == "native":
        words, seed = key(given)
        return Source(native=True, key=words, seed=seed, generator=None)
    seed = int(given) if isinstance(given, int | np.integer) else None
    return Source(native=False, key=None, seed=seed, generator=generator(given))


def normalized(rng: Any, random_state: Any) -> Any:
    """Return `rng`, or what scipy makes of its older `random_state`: there an int seeds a RandomState.

    Raises:
        BadArgumentError: both are given.
    """
    if random_state is None:
        return rng
    if rng is not None:
        raise BadArgumentError("rng and random_state are both given: leave out random_state, the older name")
    if isinstance(random_state, int | np.integer):
        return np.random.RandomState(random_state)  # what scipy's older argument means
    return random_state


def generator(rng: Any) -> Generator:
    """Return numpy's generator for `rng`; TypeError from numpy for what cannot seed one."""
    if isinstance(rng, np.random.RandomState):
        return rng
    return np.random.default_rng(rng)


def key(rng: Any) -> tuple[Key, int | None]:
    """Return the native stream's key, and the int that repeats it (None when it was drawn from a generator)."""
    if isinstance(rng, np.random.RandomState):
        return rng.randint(0, 2**64, _WORDS, dtype=np.uint64), None
    if isinstance(rng, np.random.Generator | np.random.BitGenerator):
        return np.random.default_rng(rng).integers(0, 2**64, _WORDS, dtype=np.uint64), None
    if isinstance(rng, int) and not isinstance(rng, bool):
        return _of_seed(rng), rng
    sequence = rng if isinstance(rng, np.random.SeedSequence) else np.random.SeedSequence(rng)
    seed = sequence.entropy if isinstance(sequence.entropy, int) and not sequence.spawn_key else None
    return _words(sequence), seed


@lru_cache(maxsize=256)  # a seed is used again and again, and numpy takes longer for it than a small bootstrap
def _of_seed(seed: int) -> Key:
    return _words(np.random.SeedSequence(seed))


def _words(sequence: np.random.SeedSequence) -> Key:
    words: Key = sequence.generate_state(_WORDS, np.uint64).astype(np.uint64)
    words.flags.writeable = False
    return words


def key_streams(words: Key, count: int) -> list[np.random.Generator]:
    """Return `count` independent generators of numpy for a key: what callables are resampled with."""
    sequence = np.random.SeedSequence([int(word) for word in words])
    return [np.random.Generator(np.random.PCG64(child)) for child in sequence.spawn(count)]


def integers(rng: Generator, high: int | NDArray[np.int64], size: tuple[int, ...]) -> NDArray[np.int64]:
    """Draw whole numbers below `high` as scipy does, from either kind of generator."""
    if isinstance(rng, np.random.RandomState):
        return rng.randint(0, high, size=size, dtype=np.int64)
    return rng.integers(0, high, size=size, dtype=np.int64)


def clone(rng: Generator) -> Generator:
    """Return a generator that will draw what `rng` would, without moving it."""
    return copy.deepcopy(rng)


def advance_to(rng: Generator, ahead: Generator) -> None:
    """Move `rng` to where `ahead`, a clone of it, has come."""
    if isinstance(rng, np.random.RandomState):
        rng.set_state(ahead.get_state())  # type: ignore[union-attr]  # a clone has its kind
    else:
        rng.bit_generator.state = ahead.bit_generator.state  # type: ignore[union-attr]
