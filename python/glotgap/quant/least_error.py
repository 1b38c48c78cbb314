"""The clip of least squared error on the symmetric grid, for many units at once: branch and bound in torch.

A step s maps a magnitude x to s·k, where k is the nearest of the levels 0…D. Any choice of levels errs by
E = Σ(x − sk)², a parabola in s, and the nearest levels err least: so in u = 1/s the error is Σx² − g(u)/u², with g
convex (the greatest of the lines 2uΣxk − Σk²). Between two steps a < b, g lies below its chord, so E(s) lies above the
parabola through (0, Σx²), (a, E(a)) and (b, E(b)). The same bound serves the whole-tensor search of `glotgap.weights`,
on histograms; here all units of a slice are searched side by side.

**Search** (Land & Doig 1960). Steps from far below the greatest magnitude's to far above it cut the axis into
stretches. A stretch is dropped when its parabola stays above 1 − `TOLERANCE` times the least error seen, otherwise it
is halved and its middle tried. Below the first step, only what is clipped counts: it errs by more than the best. Levels
met on the way are also tried at their own best step. So the error found is at most 1 + 9·10⁻⁴ times the least there is.

**Rounding.** Errors are summed from the residuals x − sk, not from Σx², so that they hold to some 10⁻⁵ in float32.
Where less than 10⁻¹¹ of Σx² is left, the search stops.

**Long units** (a whole float32 tensor) are sorted once, with running sums in float64; then a step costs D searches of
the sorted magnitudes, however many there are.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Final, Protocol

import torch

from glotgap.quant.grids import divisor

__all__ = ["TOLERANCE", "least_error_clip"]

TOLERANCE: Final = 9e-4
"""By how much of itself the error found may exceed the least there is."""

_NOTHING: Final = 1e-11
_NARROW: Final = 1 + 1e-7
_LONG: Final = 1 << 15
_RATIO: Final = 0.75
_SLICE: Final = 1 << 17


def least_error_clip(units: torch.Tensor, bits: int) -> torch.Tensor:
    """Return the clip of least squared error of each unit, units × 1; 0 where all values are 0.

    Args:
        units: units × values, finite, float32 or float64.
        bits: 2 to 8.

    Example:
        >>> least_error_clip(torch.tensor([[0.5, -1.0, 9.0, 2.0]]), 3).item()
        8.700
    """
    greatest = divisor(bits)
    magnitudes = units.abs()
    top = magnitudes.amax(-1, keepdim=True)
    scale = top / greatest
    scale = torch.where(scale > 0, scale, 1)
    if units.shape[-1] > _LONG:
        steps = torch.cat([_search(_Sorted(row / one, greatest)) for row, one in zip(magnitudes, scale, strict=True)])
    else:
        steps = _search(_Rows(magnitudes.div_(scale), greatest))
    return torch.where(top > 0, steps[:, None].to(units.dtype) * scale * greatest, 0)


@dataclass(frozen=True)
class _Fit:
    """How units are met by a step each: Σ(x − sk)², Σ(x − sk)k and Σk², in float64."""

    error: torch.Tensor
    slope: torch.Tensor
    bend: torch.Tensor


class _Units(Protocol):
    """Magnitudes in units of a step at which the greatest is D."""

    greatest: int
    energy: torch.Tensor

    @abstractmethod
    def fit(self, unit: torch.Tensor | None, step: torch.Tensor) -> _Fit: ...

    @abstractmethod
    def clipped(self, step: float) -> torch.Tensor: ...


class _Rows:
    """Many short units, met value by value."""

    def __init__(self, magnitudes: torch.Tensor, greatest: int) -> None:
        self.greatest = greatest
        self.energy = _squares(magnitudes)
        self._magnitudes = magnitudes

    def fit(self, unit: torch.Tensor | None, step: torch.Tensor) -> _Fit:
        few = max(1, _SLICE // self._magnitudes.shape[-1])
        rows = torch.split(self._magnitudes, few) if unit is None else map(self._rows, torch.split(unit, few))
        parts = [_met(row, some, self.greatest) for row, some in zip(rows, torch.split(step, few), strict=True)]
        return _Fit(*(torch.cat(part) for part in zip(*parts, strict=True)))

    def _rows(self, unit: torch.Tensor) -> torch.Tensor:
        return self._magnitudes.index_select(0, unit)

    def clipped(self, step: float) -> torch.Tensor:
        return _squares((self._magnitudes - self.greatest * step).clamp_(min=0))


class _Sorted:
    """One long unit, met by the places of its level boundaries among the sorted magnitudes."""

    def __init__(self, magnitudes: torch.Tensor, greatest: int) -> None:
        self.greatest = greatest
        self._sorted = magnitudes.double().sort().values
        self._sums = torch.nn.functional.pad(self._sorted.cumsum(0), (1, 0))
        self._squares = torch.nn.functional.pad(self._sorted.square().cumsum(0), (1, 0))
        self.energy = self._squares[-1:]

    def fit(self, unit: torch.Tensor | None, step: torch.Tensor) -> _Fit:  # noqa: ARG002  there is one unit
        level = torch.arange(1, self.greatest + 1, device=step.device)
        place = torch.searchsorted(self._sorted, (level - 0.5) * step[:, None].double())
        above = (len(self._sorted) - place).double()
        product = (self._sums[-1] - self._sums[place]).sum(-1)
        bend = ((2 * level - 1) * above).sum(-1)
        step = step.double()
        return _Fit(self.energy - step * (2 * product - step * bend), product - step * bend, bend)

    def clipped(self, step: float) -> torch.Tensor:
        edge = self.greatest * step
        place = torch.searchsorted(self._sorted, torch.tensor([edge], dtype=torch.float64, device=self._sorted.device))
        above = len(self._sorted) - place
        squares, sums = (total[-1] - total[place] for total in (self._squares, self._sums))
        return squares - 2 * edge * sums + edge * edge * above


def _met(rows: torch.Tensor, step: torch.Tensor, greatest: int) -> tuple[torch.Tensor, ...]:
    column = step.to(rows.dtype)[:, None]
    levels = torch.mul(rows, 1 / column).clamp_(max=greatest).round_()
    rest = torch.addcmul(rows, levels, column, value=-1)
    return _squares(rest), torch.linalg.vecdot(rest, levels).double(), _squares(levels)


def _squares(rows: torch.Tensor) -> torch.Tensor:
    total: torch.Tensor = torch.linalg.vector_norm(rows, dim=-1).double().square()
    return total


class _Best:
    """The least error seen of each unit, and its step."""

    def __init__(self, units: _Units) -> None:
        self.units = units
        self.error = units.energy.clone()
        self.step = torch.ones_like(units.energy)

    def see(self, unit: torch.Tensor | None, step: torch.Tensor) -> torch.Tensor:
        """Try a step of each unit named, or of all; return the errors.

        What counts as the best is the error of the step that suits the levels found even better.
        """
        fit = self.units.fit(unit, step)
        shift = torch.where(fit.bend > 0, fit.slope / fit.bend.clamp(min=1), 0)
        error = (fit.error - fit.slope * shift).clamp_(min=0)
        better = (error < (self.error if unit is None else self.error.index_select(0, unit))).nonzero()[:, 0]
        at = better if unit is None else unit[better]
        error, step = error[better], step[better] + shift[better]
        self.error.scatter_reduce_(0, at, error, "amin")
        first = (error == self.error[at]).nonzero()[:, 0]
        self.step[at[first]] = step[first]
        return fit.error

    @property
    def limit(self) -> torch.Tensor:
        """What errs more than this need not be looked at."""
        return torch.where(self.error > _NOTHING * self.units.energy, self.error * (1 - TOLERANCE), -1)


@dataclass(frozen=True)
class _Stretches:
    """Stretches of the axis, of a unit each: their two ends, and the errors there.

    Attributes:
        unit: whose.
        ends: low, high, error at low, error at high; 4 × stretches.
    """

    unit: torch.Tensor
    ends: torch.Tensor

    def bound(self, energy: torch.Tensor) -> torch.Tensor:
        """No step within errs less."""
        low, high, error_low, error_high = self.ends
        slope = (error_high - error_low) / (high - low)
        bend = (slope - (error_low - energy.index_select(0, self.unit)) / low) / high
        vertex = (low + high) / 2 - slope / (2 * bend.clamp(min=1e-300))
        step = torch.minimum(torch.maximum(vertex, low), high)
        inside = error_low + slope * (step - low) + bend * (step - low) * (step - high)
        return torch.where(bend > 0, inside, torch.minimum(error_low, error_high))

    def open(self, best: _Best) -> "_Stretches":
        """Return those that may hold a better step."""
        low, high = self.ends[:2]
        is_open = (self.bound(best.units.energy) < best.limit.index_select(0, self.unit)) & (high > low * _NARROW)
        kept = is_open.nonzero()[:, 0]
        return _Stretches(self.unit.index_select(0, kept), self.ends.index_select(1, kept))

    def halved(self, best: _Best) -> "_Stretches":
        low, high, error_low, error_high = self.ends
        middle = (low * high).sqrt()
        error = best.see(self.unit, middle)
        halves = ((low, middle, error_low, error), (middle, high, error, error_high))
        return _Stretches(self.unit.repeat(2), torch.cat([torch.stack(half) for half in halves], 1))


def _search(units: _Units) -> torch.Tensor:
    """Return the best step of each unit, in units of that at which the greatest magnitude is level D."""
    best = _Best(units)
    stretches = _first(best).open(best)
    while len(stretches.unit):
        stretches = stretches.halved(best).open(best)
    return best.step


def _first(best: _Best) -> _Stretches:
    """Cut the axis into the first stretches, down to where clipping alone costs more than the best."""
    steps = [2.0 * best.units.greatest, 1.0]
    errors = [best.see(None, torch.full_like(best.error, step)) for step in steps]
    while (best.units.clipped(steps[-1]) < best.limit).any():
        steps.append(steps[-1] * _RATIO)
        errors.append(best.see(None, torch.full_like(best.error, steps[-1])))
    axis, error = best.error.new_tensor(steps)[:, None].expand(-1, len(best.error)), torch.stack(errors)
    ends = torch.stack([axis[1:], axis[:-1], error[1:], error[:-1]]).flatten(1)
    return _Stretches(torch.arange(len(best.error), device=error.device).repeat(len(steps) - 1), ends)
