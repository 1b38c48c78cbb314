"""A tiny multilingual Llama that this package trains itself: plumbing for tests and demonstrations, not evidence.

Method: eight layers of width 128 and a byte-level BPE tokenizer of 1,024 entries, 1.44 million parameters with head and
embedding tied, trained for 200 steps of 16 sentences with AdamW on the package's own text: 32 sentences in 21
languages. The last 16 sentences, `held_out()`, are read by neither tokenizer nor model, and are what to evaluate with.
It takes 75 seconds of one slow core (AMD Zen 1), once: models are kept in the user's cache (see `cache.py`).

Measured (benches/quant/tiny.py): 2.97 bits per UTF-8 byte on the held-out sentences, where token frequencies of the
same tokenizer need 4.33; on the sentences it has read 2.75. benches/quant/tiny.md has other designs that were tried.

Limits: 67 kB of text teach a model spelling, not language; what is found with it shows that a chain of computations
runs, and no more. The same recipe gives the same bits on one machine with the same libraries, whatever torch's threads,
seed and default type are; other processors round sums differently.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from glotgap._arguments import typed
from glotgap._errors import UnsupportedError
from glotgap.quant.tiny.cache import directory_of_user, kept
from glotgap.quant.tiny.recipe import STEPS, Recipe
from glotgap.quant.tiny.text import held_out, trained_on

__all__ = ["NOTE", "STEPS", "held_out", "model", "trained_on"]

NOTE = "A tiny model to try things out with: what is found with it is plumbing, not evidence about languages."
"""What goes with every figure of a tiny model."""


@typed
def model(
    *,
    steps: int = STEPS,
    dropout: float = 0.0,
    weight_decay: float = 0.1,
    seed: int = 0,
    checkpoints: Sequence[int] = (),
    cache: str | os.PathLike[str] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Path:
    """Return the directory of a tiny model, as transformers reads it; it is trained unless it is in the cache.

    Args:
        steps: of training. One or two give a model of the same shape that knows nothing, in seconds.
        dropout: share of values dropped in training, from 0 to below 1; the model that is kept has none.
        weight_decay: of matrices, as AdamW has it.
        seed: at least 0.
        checkpoints: steps to keep too, in `step-000100` and so on below the directory; 0 for the initial weights.
        cache: directory to keep models in; $XDG_CACHE_HOME/glotgap or ~/.cache/glotgap by default.
        progress: called as `progress(step, steps)` after each step; what it raises stops the training.

    Raises:
        BadArgumentError: an argument is out of range, or the cache cannot be written to.
        UnsupportedError: the `torch` extra is not installed.

    Example:
        >>> directory = model(steps=1)
        >>> sorted(file.name for file in directory.glob("*.safetensors"))
        ['model.safetensors']
    """
    recipe = Recipe.of(steps, dropout, weight_decay, seed, checkpoints)
    with _needing_torch():
        name = f"tiny-plumbing-{recipe.digest()[:12]}"
    place = (directory_of_user() if cache is None else Path(cache)) / name
    return kept(place, lambda new: _train(recipe, new, progress), {"note": NOTE, "recipe": asdict(recipe)})


def _train(recipe: Recipe, directory: Path, progress: Callable[[int, int], object] | None) -> None:
    """Train a model: torch is imported for that, not to find one in the cache."""
    with _needing_torch():
        from glotgap.quant.tiny.training import train
    train(recipe, directory, progress)


@contextmanager
def _needing_torch() -> Iterator[None]:
    try:
        yield
    except ImportError as missing:
        what = f"a tiny model needs torch, transformers and safetensors ({missing})"
        raise UnsupportedError(f"{what}: install the extra: pip install 'glotgap[torch]'") from missing
