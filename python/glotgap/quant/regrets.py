"""What language-aware clipping can win at most, before any model is run: the regret of a shared clip.

R_λ = Err_λ(shared clip) / Err_λ(own clip) - 1, for each matrix and language λ: how much more the output of the matrix
errs for λ because all languages share its clips. Where R is a hundredth, no choice of clips by language can win more
than that hundredth of the error that rounding makes.

Least errors of samples differ by chance, too: a clip that is fitted to one language's sentences fits their accidents.
The null is what is left when languages are shuffled: the profile's parts (folds) are handed to languages at random,
fold by fold, so that each pseudo-language has the same sentences, in mixed languages. p is the share of shuffles whose
mean regret is at least that of the real languages, (b + 1) / (B + 1).
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.quant.clip_choice import totals
from glotgap.quant.clip_errors import norms, unit_errors
from glotgap.quant.models import digest, load
from glotgap.quant.profiles import Profile
from glotgap.quant.rewriting import Target
from glotgap.quant.scheme import Scheme
from glotgap.quant.targets import weights

__all__ = ["Regret", "regret"]


@dataclass(frozen=True)
class Regret:
    """Regret of shared clips.

    Attributes:
        table: tensor, layer, component, language, shared and own (relative output errors), regret.
        mean: over matrices and languages.
        null: the same of shuffled languages, ascending.
        p: one-sided: whether languages differ by more than shuffled ones do.
        skipped: matrices without a profile.
    """

    table: pl.DataFrame
    mean: float
    null: tuple[float, ...]
    p: float
    skipped: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What clips by language can win, in words."""
        worst = self.table.sort("regret", descending=True).row(0, named=True)
        verdict = "more than shuffled languages do" if self.p < 0.05 else "no more than shuffled languages may"
        return (
            f"A shared clip costs {100 * self.mean:.2f} % more output error than clips by language, over "
            f"{self.table['tensor'].n_unique()} matrices and {self.table['language'].n_unique()} languages (shuffled "
            f"languages: {100 * float(np.mean(self.null)):.2f} %, p = {self.p:.2g}, {len(self.null)} shuffles): they "
            f"differ {verdict}. At most it costs {100 * worst['regret']:.1f} %, in {worst['tensor']} for "
            f"{worst['language']}. No choice of clips by language can win more."
        )


def regret(
    model: Any,
    profile: Profile,
    bits: int,
    granularity: str = "channel",
    *,
    shuffles: int = 39,
    rng: int = 0,
    progress: Callable[[int, int], object] | None = None,
) -> Regret:
    """Return what languages lose because they share clips.

    Args:
        model: the one that was profiled: an object of transformers, a directory, a GGUF file or a Hub id.
        profile: of two languages or more.
        bits: from 2 to 8.
        granularity: "tensor", "channel" or "g64": what has a clip of its own.
        shuffles: of languages, for the null; p is at least 1 / (shuffles + 1).
        rng: seed of the shuffles.
        progress: called with matrices done and in all.

    Raises:
        BadArgumentError: the profile is of another model, or of one language.

    Example:
        >>> from glotgap.quant import profile, tiny
        >>> path = tiny.model(steps=2)
        >>> found = regret(path, profile(path, languages=["eng", "heb"], limit=8), 4, shuffles=3)
        >>> found.table["regret"].min() >= 0
        True
    """
    scheme = Scheme.parse(f"rtn{bits}-{granularity}")
    if len(profile.languages) < 2:
        raise BadArgumentError(f"the profile is of {', '.join(profile.languages)}: regret is between languages")
    loaded = load(model) if isinstance(model, str | os.PathLike) else model
    if digest(loaded) != profile.model:
        raise BadArgumentError(f"the profile is of another model ({profile.name}): profile this one")
    found = weights(loaded, scheme).targets
    known = [target for target in found if target.name in profile.site_of]
    orders = _orders(profile, shuffles, np.random.default_rng(rng))
    rows: list[dict[str, Any]] = []
    sums = np.zeros(len(orders))
    for at, target in enumerate(known):
        together, apart = _least_errors(target, profile, scheme, orders)
        sums += (together / apart - 1).mean(1)
        rows += _rows(target, profile.languages, together[0], apart[0])
        if progress is not None:
            progress(at + 1, len(known))
    means = sums / len(known)
    p = (1 + int((means[1:] >= means[0]).sum())) / len(means)
    table = pl.DataFrame(rows).sort("tensor", "language")
    skipped = tuple(target.name for target in found if target.name not in profile.site_of)
    return Regret(table, float(means[0]), tuple(sorted(map(float, means[1:]))), p, skipped)


def _orders(profile: Profile, shuffles: int, rng: np.random.Generator) -> list[NDArray[np.float64]]:
    """Return which parts make each language: parts × languages, first the real ones, then shuffled within folds."""
    languages, folds = profile.tokens.shape
    orders = []
    for shuffle in range(shuffles + 1):
        order = np.zeros((languages, folds, languages))
        for fold in range(folds):
            to = rng.permutation(languages) if shuffle else np.arange(languages)
            order[np.arange(languages), fold, to] = 1.0
        orders.append(order.reshape(-1, languages))
    return orders


def _least_errors(
    target: Target, profile: Profile, scheme: Scheme, orders: Sequence[NDArray[np.float64]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least errors with a shared clip and with own clips: orders × languages."""
    second = profile.sites[profile.site_of[target.name]].second
    parts = torch.from_numpy(second.reshape(-1, second.shape[2]))
    sizes = norms(target.matrix, parts)
    scale = 1 / sizes.mean()
    mixes = [torch.from_numpy(order) / (torch.from_numpy(order).T @ sizes) / scale for order in orders]
    together, apart = np.zeros((2, len(orders), len(profile.languages)))
    for errors in _tables(target, parts * scale, scheme):
        for at, mix in enumerate(mixes):
            mixed = errors @ mix.float()
            together[at] += totals(mixed, mixed.mean(2).argmin(1)).numpy()
            apart[at] += mixed.amin(1).sum(0, dtype=torch.float64).numpy()
    return together, apart


def _tables(target: Target, parts: torch.Tensor, scheme: Scheme) -> Iterator[torch.Tensor]:
    """Yield errors, units × clips × parts, of some units at a time."""
    rows = scheme.granularity != "tensor"
    slices = (part.errors for part in unit_errors(target.matrix, parts, scheme.bits or 0, scheme.group, rows=rows))
    if rows:
        yield from slices
    else:
        yield torch.stack([errors.sum(0, keepdim=True) for errors in slices]).sum(0)


def _rows(
    target: Target, languages: Sequence[str], together: NDArray[np.float64], apart: NDArray[np.float64]
) -> Iterator[dict[str, Any]]:
    place = {"tensor": target.name, "layer": target.layer, "component": target.component}
    for at, language in enumerate(languages):
        errors = {"shared": float(together[at]), "own": float(apart[at])}
        yield place | {"language": language} | errors | {"regret": float(together[at] / apart[at] - 1)}
