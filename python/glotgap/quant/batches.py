"""Readings of like length side by side, padded at their ends."""

from collections.abc import Iterable, Iterator, Sequence

import torch

from glotgap.quant.readings import Reading

__all__ = ["batches", "padded"]


def batches(rows: Iterable[Reading], batch_tokens: int) -> Iterator[list[Reading]]:
    """Yield rows in the order of their lengths, no batch with more than `batch_tokens`, its padding included."""
    batch: list[Reading] = []
    for row in sorted(rows, key=lambda row: len(row.inputs)):
        if batch and (len(batch) + 1) * len(row.inputs) > batch_tokens:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def padded(batch: Sequence[Reading], filler: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return inputs, filled up at their ends, and the mask of what is not filler: batch × places."""
    width = max(len(row.inputs) for row in batch)
    inputs = [[*row.inputs, *[filler] * (width - len(row.inputs))] for row in batch]
    mask = [[1] * len(row.inputs) + [0] * (width - len(row.inputs)) for row in batch]
    return torch.tensor(inputs), torch.tensor(mask)
