"""What each clip costs each language, in the output of a matrix: the table that language-aware clipping chooses from.

A matrix W that reads inputs x is rewritten as Q; its output errs by tr((W-Q) E[x xᵀ | λ] (W-Q)ᵀ) for language λ. With
the diagonal of the second moment that is Σ_j E[x_j² | λ] Σ_i (W_ij - Q_ij)²: a sum over *units* (the matrix, its rows
or groups of a row), each with a clip of its own. So for every unit, every clip of a fixed list of shares of its absmax,
and every language, one number says it all, and shared, minimax and per-language clips are read off one table. Errors
are relative: the norm of the output, tr(W E[x xᵀ] Wᵀ), is 1 for each language; one whose inputs are all 0 has no
error.

Special tokens that texts begin with (BOS) are no language's, and their activations are far larger than any other's: the
weights that they meet look idle in text, and a model whose start is clipped is lost. So where a start is given, its
relative error counts too, by its share of all tokens.

Limits: the diagonal leaves out how channels move together, as GPTQ does not. Clips are shares `RATIOS` of absmax, from
1 down to 1/50, close together near 1, where the best clip of many bits is: they cost some 1e-3 of the least error at 2
to 4 bits, and up to 7e-3 at 8, where each clip rounds luckily or not (single rows: some times that).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch

__all__ = ["RATIOS", "ClipErrors", "clip_errors", "norms", "relative", "unit_errors"]

RATIOS: Final = tuple(50.0 ** -((at / 79) ** 2) for at in range(80))
"""Clips, as shares of a unit's absmax, the greatest first: where several err alike, nothing is clipped in vain."""

_SLICE: Final = 1 << 17
"""Weights worked on at a time: some arrays of half a MiB stay in the cache."""


@dataclass(frozen=True, eq=False)
class ClipErrors:
    """Errors of one matrix.

    Attributes:
        absmax: of each unit: units.
        errors: relative output error: units × ratios × languages.
    """

    absmax: torch.Tensor
    errors: torch.Tensor


def clip_errors(
    matrix: torch.Tensor,
    moments: torch.Tensor,
    bits: int,
    group: int | None,
    *,
    rows: bool,
    start: torch.Tensor | None = None,
    share: float = 0.0,
) -> ClipErrors:
    """Return the errors of all clips of one matrix.

    Args:
        matrix: out × in.
        moments: E[x²] by language: languages × in.
        bits: of the grid ±(2^(bits-1) - 1).
        group: values a group; None for none.
        rows: whether rows (or their groups) have clips of their own; else one serves all.
        start: what E[x²] at the start of texts is proportional to: channels.
        share: what part of all tokens such starts are.

    Example:
        >>> found = clip_errors(torch.tensor([[1.0, 2.0, 4.0]]), torch.ones(1, 3), 2, None, rows=True)
        >>> round(found.errors[0, 0, 0].item() * 21, 6)  # 1 -> 0, 2 -> 0 (ties to even), 4 -> 4
        5.0
    """
    scaled, _ = relative(matrix, moments)
    if start is not None and (first := relative(matrix, start[None])[0]).any():
        scaled = (1 - share) * scaled + share * first
    parts = list(unit_errors(matrix, scaled, bits, group, rows=rows))
    return ClipErrors(torch.cat([part.absmax for part in parts]), torch.cat([part.errors for part in parts]))


def relative(matrix: torch.Tensor, moments: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return moments under which the norm of the output is 1 (those of no input stay 0), and the norms as they were."""
    sizes = norms(matrix, moments)
    return moments.to(sizes) / torch.where(sizes > 0, sizes, 1)[:, None], sizes


def norms(matrix: torch.Tensor, moments: torch.Tensor) -> torch.Tensor:
    """Return tr(W E[x xᵀ] Wᵀ) by language, with the diagonal of the moment: languages, float64."""
    return moments.to(matrix.device, torch.float64) @ matrix.float().square().sum(0, dtype=torch.float64)


def unit_errors(
    matrix: torch.Tensor, moments: torch.Tensor, bits: int, group: int | None, *, rows: bool
) -> Iterator[ClipErrors]:
    """Yield the errors of some units at a time, in their order; of a matrix with one clip, its own."""
    slices = _row_errors(matrix, moments, bits, group, rows=rows)
    if rows:
        yield from slices
    else:
        parts = list(slices)
        yield ClipErrors(parts[0].absmax, torch.stack([part.errors.sum(0, keepdim=True) for part in parts]).sum(0))


def _row_errors(
    matrix: torch.Tensor, moments: torch.Tensor, bits: int, group: int | None, *, rows: bool
) -> Iterator[ClipErrors]:
    """Yield the errors of some rows at a time; of a matrix with one clip, what they add to it."""
    width = matrix.shape[1]
    size = group or width
    groups = -(-width // size)
    missing = groups * size - width
    weights = torch.nn.functional.pad(moments.to(matrix.device).float(), (0, missing)).T.reshape(groups, size, -1)
    whole = None if rows else matrix.float().abs().amax()
    for part in matrix.split(max(1, _SLICE // width)):
        values = torch.nn.functional.pad(part.float(), (0, missing)).reshape(len(part), groups, size).transpose(0, 1)
        yield _of_slice(values.contiguous(), weights, 2 ** (bits - 1) - 1, whole)


def _of_slice(values: torch.Tensor, weights: torch.Tensor, levels: int, whole: torch.Tensor | None) -> ClipErrors:
    """Return the errors of groups × rows × size values; `weights` are groups × size × languages."""
    absmax = values.abs().amax(2, keepdim=True) if whole is None else whole
    step = torch.where(absmax > 0, absmax, 1.0) / levels
    found = values.new_empty(len(RATIOS), *values.shape[:2], weights.shape[2])
    for at, ratio in enumerate(RATIOS):
        scale = step * ratio
        noise = (values / scale).round_().clamp_(-levels, levels).mul_(scale).sub_(values).square_()
        torch.bmm(noise, weights, out=found[at])
    errors = found.permute(2, 1, 0, 3).reshape(-1, len(RATIOS), weights.shape[2])
    return ClipErrors(absmax.movedim(0, -1).reshape(-1), errors)
