"""A figure of tensors as one value for each layer and group of components: what the questions of this room resample.

Tensors of one layer are made and trained together, so that a layer is the unit: a figure of a group in a layer is the
mean over the group's tensors there. Layers are told apart by the stack that they are in, too: layer 3 of an encoder is
not layer 3 of a decoder.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

import polars as pl

from glotgap import tables
from glotgap._errors import BadArgumentError

__all__ = ["GROUPS", "check_groups", "figure", "layers"]

GROUPS: Final[Mapping[str, Sequence[str]]] = {"attention": ("attn.*",), "mlp": ("mlp.*",)}
"""Components of a group, by name or by pattern, unless others are asked for."""


def check_groups(groups: Mapping[str, Sequence[str]]) -> None:
    """Raise a BadArgumentError unless each group has components, none of which is in two."""
    members = {name: _members(patterns) for name, patterns in groups.items()}
    for name, found in members.items():
        if not found:
            known = ", ".join(tables.COMPONENTS)
            raise BadArgumentError(
                f"group {name!r} is {list(groups[name])}, which fits no component: choose of {known}"
            )
    every = [component for found in members.values() for component in found]
    twice = sorted({component for component in every if every.count(component) > 1})
    if twice:
        raise BadArgumentError(f"{', '.join(twice)} is in two groups: give each component one")


def _members(patterns: Sequence[str]) -> list[str]:
    return [name for name in tables.COMPONENTS if any(fnmatchcase(name, pattern) for pattern in patterns)]


def figure(name: str, frame: pl.DataFrame) -> str:
    """Return the name of a column of figures of TENSORS.

    Raises:
        BadArgumentError: the frame is no such table, or has no such figure.
    """
    tables.check("TENSORS", frame)
    if name not in frame.columns or frame.schema[name] != pl.Float64:
        figures = [column for column, dtype in frame.schema.items() if dtype == pl.Float64]
        raise BadArgumentError(f"{name!r} is no figure of this scan: choose of {', '.join(figures):.200}")
    return name


def layers(frame: pl.DataFrame, statistic: str, groups: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Return model, stack, layer, group and value, sorted: the mean of a figure over a group's tensors in a layer.

    Tensors outside of layers, and those without the figure, are left out.
    """
    group_of = {component: name for name, patterns in groups.items() for component in _members(patterns)}
    whole = frame.filter(pl.col("block").is_null() & pl.col("layer").is_not_null() & pl.col(statistic).is_not_null())
    placed = whole.with_columns(
        pl.col("component").replace_strict(group_of, default=None, return_dtype=pl.String).alias("group"),
        pl.struct("tensor", "layer").map_elements(_stack, return_dtype=pl.String).alias("stack"),
    )
    keys = ["model", "stack", "layer", "group"]
    means = placed.drop_nulls("group").group_by(keys).agg(pl.col(statistic).mean().alias("value"))
    return means.sort(keys)


def _stack(tensor: Mapping[str, object]) -> str:
    """Return what stands before the number of the layer in a tensor's name."""
    return str(tensor["tensor"]).partition(f".{tensor['layer']}.")[0]
