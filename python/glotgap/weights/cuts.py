"""How a tensor is cut into the blocks of a per-row, per-column, per-head or per-group scan.

A cut (outer, count, inner) sees the values, in stored order, as a box of that shape; block b is box[:, b, :].

- row: an output channel. A matrix's rows, a kernel's first axis; GPT-2's Conv1D stores [in, out], so its columns.
- column: an input channel. A matrix's columns, a kernel's second axis; the other way round for Conv1D.
- head: see `glotgap.weights.components.heads`. Tensors outside attention are left out.
- group:N: N neighbours along the last stored axis, which N must divide.

Stacked experts ([experts, out, in]) are taken as one tall matrix. A vector is one row and one column. A tensor without
values has no blocks.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from glotgap._errors import BadArgumentError
from glotgap.weights.components import heads, is_conv1d, place

__all__ = ["Cut", "Per", "parse"]

Cut: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Per:
    """What one row of the table stands for: kind "tensor", "row", "column", "head" or "group", and the group's size."""

    kind: str
    size: int = 0

    def cut(self, name: str, shape: Sequence[int], config: Mapping[str, Any]) -> Cut | str | None:
        """Return the tensor's cut, a reason why it has none, or None where it is empty or out of the question."""
        if not prod(shape):
            return None
        match self.kind:
            case "group":
                return _groups(shape, self.size)
            case "head":
                return _heads(name, shape, config)
            case kind:
                return _channels(name, shape, config, axis=int(kind == "column"))


def parse(per: object) -> Per:
    """Return `per` ("tensor", "row", "column", "head" or "group:N") as a Per; BadArgumentError for anything else.

    Example:
        >>> parse("group:128")
        Per(kind='group', size=128)
    """
    if isinstance(per, str):
        if per in {"tensor", "row", "column", "head"}:
            return Per(per)
        if group := re.fullmatch(r"group:([1-9][0-9]{0,17})", per):
            return Per("group", int(group[1]))
    raise BadArgumentError(f"per is {per!r}; give tensor, row, column, head or group:N, as in group:128")


def _groups(shape: Sequence[int], size: int) -> Cut | str:
    last = shape[-1] if shape else 1
    if last % size:
        return f"rows of {last} values do not divide into groups of {size}"
    return 1, prod(shape) // size, size


def _heads(name: str, shape: Sequence[int], config: Mapping[str, Any]) -> Cut | str | None:
    found = heads(name, shape, config)
    if found is not None:
        rows, columns = shape
        return (
            (1, rows // found.size, found.size * columns)
            if found.axis == 0
            else (rows, columns // found.size, found.size)
        )
    is_attention = place(name, config).component.startswith("attn.") and len(shape) == 2
    return "its heads cannot be told from the model's config" if is_attention else None


def _channels(name: str, shape: Sequence[int], config: Mapping[str, Any], *, axis: int) -> Cut:
    if len(shape) < 2:
        return 1, 1, prod(shape)
    if len(shape) == 2 and is_conv1d(name, config):
        axis = 1 - axis
    if len(shape) > 2 and "conv" not in name and "patch" not in name:
        shape = (prod(shape[:-1]), shape[-1])
    return prod(shape[:axis]), shape[axis], prod(shape[axis + 1 :])
