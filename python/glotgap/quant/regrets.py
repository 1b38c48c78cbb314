"""What language-aware clipping can win at most, before any model is run: the regret of a shared clip.

R_λ = Err_λ(shared clip) / Err_λ(own clip) - 1, for each matrix and language λ: how much more the output of the matrix
errs for λ because all languages share its clips. Where R is a hundredth, no choice of clips by language can win more
than that hundredth of the error that rounding makes. It is undefined (null) where nothing errs with own clips. The
start of texts, which LA-ACIQ heeds too, is no language's and left out.

Least errors of samples differ by chance, too: a clip that is fitted to one language's sentences fits their accidents.
The null is what is left when languages are shuffled: the profile's parts (folds) are handed to languages at random,
fold by fold, so that each pseudo-language has the same sentences, in mixed languages. Here parts count alike, each by
its relative error: else languages of few tokens, whose accidents are large, would differ from mixtures for this alone.
p is the share of arrangements, the real one among them, whose mean regret is at least that of the real languages: of
all (L!)^(folds - 1) where they are few, else of random ones. Two languages in four folds have 8 arrangements, so that
p is at least 1/8: profile them in more folds.

Limits: with parts of a few dozen tokens, ten times as many in one language as in another, p is below 0.1 in 17 of 100
cases where languages do not differ; with some hundred tokens a part, in 10.
"""

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any, Final

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.quant.clip_choice import totals
from glotgap.quant.clip_errors import relative, unit_errors
from glotgap.quant.loading import reference as reference_of
from glotgap.quant.models import Subject, digest, load
from glotgap.quant.profiles import Profile
from glotgap.quant.rewriting import Target
from glotgap.quant.scheme import Scheme
from glotgap.quant.targets import weights
from glotgap.stats.answers import short

__all__ = ["Regret", "regret"]

_SMALL: Final = 0.05


@dataclass(frozen=True)
class Regret:
    """Regret of shared clips.

    Attributes:
        table: tensor, layer, component, language, shared and own (relative output errors), regret, and reference: what
            the weights are.
        mean: over matrices and languages.
        of_parts: the same where parts count alike, which the null is compared with.
        null: of_parts of shuffled languages, ascending.
        p: one-sided: whether languages differ by more than shuffled ones do; None without shuffles.
        skipped: matrices without a profile.
    """

    table: pl.DataFrame
    mean: float
    of_parts: float
    null: tuple[float, ...]
    p: float | None
    skipped: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What clips by language can win, in words."""
        worst = self.table.drop_nulls("regret").sort("regret", descending=True).row(0, named=True)
        left_out = f" ({len(self.skipped)} without a profile left out)" if self.skipped else ""
        return (
            f"A shared clip costs {short(100 * self.mean, 2)} % more output error than clips by language, over "
            f"{self.table['tensor'].n_unique()} matrices{left_out} and {self.table['language'].n_unique()} languages; "
            f"{self._verdict()}. At most it costs {short(100 * worst['regret'], 2)} %, in {worst['tensor']} for "
            f"{worst['language']}. No choice of clips by language can win more of this error. (Weights: "
            f"{worst['reference']}.)"
        )

    def _verdict(self) -> str:
        if self.p is None:
            return "shuffled languages were not asked"
        parts, null = (short(100 * value, 2) for value in (self.of_parts, float(np.mean(self.null))))
        found = (
            f"{parts} % where parts count alike, against {null} % of "
            f"shuffled languages (p = {self.p:.2g}, {len(self.null)} shuffles): "
        )
        if self.p < _SMALL:
            return f"{found}they differ more than shuffled languages do"
        if (least := 1 / (len(self.null) + 1)) >= _SMALL:
            return f"{found}so few shuffles cannot show a difference, p is at least {least:.2g}"
        return f"{found}the data do not show that they differ more than shuffled languages do"


def regret(
    model: Any,
    profile: Profile,
    bits: int,
    granularity: str = "channel",
    *,
    shuffles: int = 39,
    rng: int = 0,
    dtype: str = "float32",
    progress: Callable[[int, int], object] | None = None,
) -> Regret:
    """Return what languages lose because they share clips.

    Args:
        model: the one that was profiled: an object of transformers, a directory, a GGUF file or a Hub id.
        profile: of two languages or more.
        bits: from 2 to 8.
        granularity: "tensor", "channel" or "g64": what has a clip of its own.
        shuffles: of languages, for the null, at most; p is at least 1 / (shuffles + 1).
        rng: seed of the shuffles.
        dtype: type that a model from a path is loaded in: the one that it was profiled in.
        progress: called with matrices done and in all.

    Raises:
        BadArgumentError: the profile is of another model or of one language, or rounding costs nothing.

    Example:
        >>> from glotgap.quant import profile, tiny
        >>> path = tiny.model(steps=2)
        >>> found = regret(path, profile(path, languages=["eng", "heb"], limit=8), 4, shuffles=3)
        >>> found.table["regret"].min() >= 0
        True
    """
    scheme = Scheme.parse(f"rtn{bits}-{granularity}")
    if shuffles < 0:
        raise BadArgumentError(f"shuffles is {shuffles}: give 0 or more")
    if len(profile.languages) < 2:
        raise BadArgumentError(f"the profile is of {', '.join(profile.languages)}: regret is between languages")
    loaded, known_digest, reference = _loaded(model, dtype)
    if known_digest != profile.model:
        raise BadArgumentError(
            f"the profile is of another model ({profile.name}), or of one in another dtype: profile this one"
        )
    found = weights(loaded, scheme).targets
    known = [target for target in found if target.name in profile.site_of]
    orders = _orders(profile, shuffles, np.random.default_rng(rng))
    rows: list[dict[str, Any]] = []
    found_means: list[NDArray[np.float64]] = []
    for at, target in enumerate(known):
        together, apart = _least_errors(target, profile, scheme, orders)
        rows += _rows(target, profile.languages, together[0], apart[0])
        if (apart > 0).all():
            found_means.append((together / apart - 1).mean(1))
        if progress is not None:
            progress(at + 1, len(known))
    if not found_means:
        raise BadArgumentError(f"{scheme} costs nothing in some language: the weights are on its grid already, or idle")
    mean, of_parts, *null = map(float, np.mean(found_means, axis=0))
    p = (1 + sum(other >= of_parts for other in null)) / (1 + len(null)) if null else None
    table = pl.DataFrame(rows, infer_schema_length=None).sort("tensor", "language")
    table = table.with_columns(reference=pl.lit(reference))
    skipped = tuple(target.name for target in found if target.name not in profile.site_of)
    return Regret(table, mean, of_parts, tuple(sorted(null)), p, skipped)


def _loaded(model: Any, dtype: str) -> tuple[Any, str, str]:
    """Return a model, its digest, and what its weights are."""
    if isinstance(model, Subject):
        return model.model, model.digest, model.reference
    loaded = load(model, dtype=dtype) if isinstance(model, str | os.PathLike) else model
    return loaded, digest(loaded), reference_of(model, loaded)


def _orders(profile: Profile, shuffles: int, rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Return which parts make each language: parts × languages, first the real ones, then shuffled within folds.

    The first fold stays as it is, since names do not matter; so an arrangement that comes again gives the same bits.
    """
    languages, folds = profile.tokens.shape
    if math.factorial(min(languages, 20)) ** (folds - 1) <= shuffles + 1:
        found = list(product(*[[tuple(range(languages))], *[list(permutations(range(languages)))] * (folds - 1)]))
    else:
        real = tuple(range(languages))
        found = [(real,) * folds]
        found += [(real, *(tuple(rng.permutation(languages)) for _ in range(folds - 1))) for _ in range(shuffles)]
    return [np.stack([np.eye(languages, dtype=np.bool_)[np.array(to)] for to in way], 1) for way in found]


def _mixes(sizes: NDArray[np.float64], orders: Sequence[NDArray[np.bool_]]) -> Iterator[NDArray[np.float64]]:
    """Yield how parts, each by its relative error, weigh in languages: by their sizes in real ones, then all alike."""
    for at, order in enumerate([orders[0], *orders]):
        weight = order.reshape(-1, order.shape[2]) * (sizes[:, None] if at == 0 else sizes[:, None] > 0)
        whole = weight.sum(0)
        yield weight / np.where(whole > 0, whole, 1)


def _least_errors(
    target: Target, profile: Profile, scheme: Scheme, orders: Sequence[NDArray[np.bool_]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least errors with a shared clip and with own clips: mixes × languages."""
    second = profile.sites[profile.site_of[target.name]].second
    parts = torch.from_numpy(second.reshape(-1, second.shape[2]))
    parts, sizes = relative(target.matrix, parts)
    arranged = _mixes(sizes.cpu().numpy(), orders)
    mixes = [torch.from_numpy(mix).to(target.matrix.device, torch.float32) for mix in arranged]
    together, apart = np.zeros((2, len(mixes), len(profile.languages)))
    rows = scheme.granularity != "tensor"
    for part in unit_errors(target.matrix, parts, scheme.bits or 0, scheme.group, rows=rows):
        for at, mix in enumerate(mixes):
            mixed = part.errors @ mix
            together[at] += totals(mixed, mixed.mean(2).argmin(1)).cpu().numpy()
            apart[at] += mixed.amin(1).sum(0, dtype=torch.float64).cpu().numpy()
    return together, apart


def _rows(
    target: Target, languages: Sequence[str], together: NDArray[np.float64], apart: NDArray[np.float64]
) -> Iterator[dict[str, Any]]:
    place = {"tensor": target.name, "layer": target.layer, "component": target.component}
    for at, language in enumerate(languages):
        errors = {"shared": float(together[at]), "own": float(apart[at])}
        lost = float(together[at] / apart[at] - 1) if apart[at] > 0 else None
        yield place | {"language": language} | errors | {"regret": lost}
