"""LA-ACIQ: clips that know which language is spoken (method of the research this package serves), in its three forms.

- `paper`: α(λ) = σ·f(κ_eff(λ), M), one set of weights a language: σ of each unit, and f the best clip of a generalised
  Gaussian whose kurtosis is the language's effective kurtosis over the model's MLPs (`generalized_gaussian`). As with
  ACIQ, no unit is clipped beyond its absmax, and one whose values are all the same is not clipped.
- `shared`, `minimax`, `own`: clips of least output error under the second moments of the inputs (`clip_errors`,
  `clip_choice`): for the mean over languages, for the worst language, or for each language by itself (one set of
  weights a language). The start of texts counts as one of their tokens.
- `protectB`: as `shared`, and matrices are given 8 bits instead of M as far as B bits a weight on average allow, so
  that the worst language's error, summed over matrices, is least (`protection`).

Matrices without a profile (stacked experts) are left alone, and said so. The grid is ±(2^(M-1) - 1), without zero
point.
"""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any, Final

import torch

from glotgap._errors import BadArgumentError
from glotgap.quant.clip_choice import minimax, own, shared, totals
from glotgap.quant.clip_errors import RATIOS, ClipErrors, clip_errors
from glotgap.quant.effective import shares
from glotgap.quant.generalized_gaussian import best_clip
from glotgap.quant.grids import symmetric
from glotgap.quant.profiles import Profile
from glotgap.quant.protection import protected
from glotgap.quant.rewriting import Context, Rewritten, Target
from glotgap.quant.rounding import stored_bits
from glotgap.quant.scheme import Scheme
from glotgap.quant.targets import weights
from glotgap.weights import moments

__all__ = ["rewritten"]

_MORE_BITS: Final = 8


def rewritten(
    model: Any, targets: Sequence[Target], scheme: Scheme, context: Context
) -> Iterator[tuple[Target, Rewritten]]:
    """Yield what became of each target: see `rewriting.Rewriter`.

    Raises:
        BadArgumentError: there is no profile, or none of the language that is served.
    """
    if context.profile is None:
        raise BadArgumentError(f"scheme {scheme} needs a profile of the model: give calibration text")
    if scheme.is_per_language and context.language not in context.profile.languages:
        raise BadArgumentError(f"the profile has no {context.language}: calibrate on text of this language too")
    known = [target for target in targets if target.name in context.profile.site_of]
    bits = _bits(known, scheme, context.profile)
    factor = _paper_factor(model, scheme, context) if scheme.kind == "paper" else None
    for target in targets:
        if target.name not in bits:
            yield target, Rewritten(target.matrix, 0.0, note="its inputs have no profile")
            continue
        plain = Scheme("rtn", bits[target.name], granularity=scheme.granularity, group=scheme.group)
        if factor is not None:
            clips = _cut(_deviations(target, scheme) * factor, _units(target.matrix, scheme).abs().amax(1))
        else:
            clips = _clips(target, bits[target.name], scheme, context)
        yield target, Rewritten(_on_grid(target.matrix, clips, plain), stored_bits(target.matrix, plain))


def _on_grid(matrix: torch.Tensor, clips: torch.Tensor, scheme: Scheme) -> torch.Tensor:
    """Return a matrix on the grids of its units' clips, of its own type."""
    rows, width = matrix.shape
    values = symmetric(_units(matrix, scheme), clips[:, None], scheme.bits or 0)
    return values.reshape(rows, -1)[:, :width].to(matrix.dtype)


def _units(matrix: torch.Tensor, scheme: Scheme) -> torch.Tensor:
    """Return units × values; the last group of a row is filled up with zeros."""
    if scheme.granularity == "tensor":
        return matrix.float().reshape(1, -1)
    size = scheme.group or matrix.shape[1]
    return torch.nn.functional.pad(matrix.float(), (0, -matrix.shape[1] % size)).reshape(-1, size)


def _cut(clips: torch.Tensor, absmax: torch.Tensor) -> torch.Tensor:
    return torch.where(clips > 0, torch.minimum(clips, absmax), absmax)


def _errors(target: Target, bits: int, scheme: Scheme, profile: Profile) -> ClipErrors:
    second, start = (torch.from_numpy(of(target.name)) for of in (profile.second_moment, profile.start_moment))
    rows, share = scheme.granularity != "tensor", profile.start_share
    return clip_errors(target.matrix, second, bits, scheme.group, rows=rows, start=start, share=share)


def _clips(target: Target, bits: int, scheme: Scheme, context: Context) -> torch.Tensor:
    """Return the clip of each unit that the second moments of its inputs ask for."""
    found = _errors(target, bits, scheme, context.profile)
    return found.absmax * found.absmax.new_tensor(RATIOS)[_choice(found.errors, scheme, context)]


def _choice(errors: torch.Tensor, scheme: Scheme, context: Context) -> torch.Tensor:
    languages = context.profile.languages
    if scheme.kind == "own":
        return own(errors, languages.index(context.language))
    if scheme.kind == "minimax":
        return minimax(errors)
    return shared(errors, torch.full((len(languages),), 1 / len(languages)))


def _bits(known: Sequence[Target], scheme: Scheme, profile: Profile) -> dict[str, int]:
    """Return the bits of each matrix: the scheme's, but where it protects some."""
    few = scheme.bits or _MORE_BITS
    if scheme.average_bits is None or not known:
        return dict.fromkeys((target.name for target in known), few)
    errors = {
        bits: torch.stack([_least(target, bits, scheme, profile) for target in known]) for bits in (few, _MORE_BITS)
    }
    sizes = torch.tensor([target.matrix.numel() for target in known], dtype=torch.float64)
    share = (scheme.average_bits - few) / (_MORE_BITS - few)
    many = protected(errors[few], errors[_MORE_BITS], sizes, share).tolist()
    return {target.name: _MORE_BITS if more else few for target, more in zip(known, many, strict=True)}


def _least(target: Target, bits: int, scheme: Scheme, profile: Profile) -> torch.Tensor:
    """Return the output error of a matrix for each language, with shared clips."""
    errors = _errors(target, bits, scheme, profile).errors
    return totals(errors, shared(errors, torch.full((errors.shape[2],), 1 / errors.shape[2])))


def _paper_factor(model: Any, scheme: Scheme, context: Context) -> float:
    """Return f(κ_eff(λ), M): clips in standard deviations. κ_eff is of all MLPs, those that the scheme keeps too."""
    kurtosis: dict[int, list[float]] = {}
    targets = weights(model, Scheme("rtn", _MORE_BITS)).targets
    for target in (target for target in targets if target.name in context.profile.site_of):
        is_of_mlp = target.layer is not None and target.component.startswith("mlp.")
        if is_of_mlp and (value := moments(target.matrix.cpu()).kurtosis()) is not None:
            kurtosis.setdefault(target.layer or 0, []).append(value)
    if not kurtosis:
        raise BadArgumentError(f"scheme {scheme} goes by the kurtosis of MLPs, and the model has none that is known")
    order = sorted(kurtosis)
    used = shares(context.profile, "mlp", order)[context.profile.languages.index(context.language)]
    effective = sum(share * statistics.mean(kurtosis[layer]) for share, layer in zip(used, order, strict=True))
    return best_clip(float(effective), scheme.bits or _MORE_BITS)


def _deviations(target: Target, scheme: Scheme) -> torch.Tensor:
    """Return the standard deviation of each unit."""
    matrix = target.matrix.float()
    if scheme.granularity == "tensor":
        return matrix.std(correction=0).reshape(1)
    if scheme.group is None:
        return matrix.std(1, correction=0)
    parts = [part.std(1, correction=0) for part in matrix.split(scheme.group, dim=1)]
    return torch.stack(parts, 1).reshape(-1)
