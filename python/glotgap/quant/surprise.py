"""-log p of tokens that were to come, from what the output layer is given, without all of its logits at once.

Where the output layer is a plain matrix, it is taken some rows of the vocabulary at a time: the largest logit and the
sum of the exponentials beside it are carried from slice to slice (the online softmax of Milakov and Gimelshein 2018).
So memory does not grow with the vocabulary, and the product `weight @ states.T` of a slice is, on processors, up to 1.5
times as fast as the layer's own `states @ weight.T`, whose right side is large. Any other layer is given some states at
a time.
"""

from typing import Final

import torch

from glotgap.quant.output import Output

__all__ = ["surprise"]

_LOGITS: Final = 1 << 26
"""Logits of whole vocabularies held at a time: 256 MiB in float32."""

_SLICE: Final = 1 << 18
"""Logits of a slice held at a time: 1 MiB in float32 stays in a processor's cache (scores take 22 % less time than with
64 MiB where there are 262,144 tokens to choose among, 6 % where there are 49,152)."""

_SLICE_CUDA: Final = 1 << 24


def surprise(output: Output | None, states: torch.Tensor, targets: torch.Tensor, *, vocabulary: int) -> torch.Tensor:
    """Return -log p of each target, float32; not finite where a logit that it needs is not.

    Args:
        output: makes logits of states; None where `states` are the logits themselves.
        states: n × width.
        targets: n ids.
        vocabulary: how many logits a state has.
    """
    if output is not None and (layer := output.matrix) is not None:
        return _sliced(layer.weight, output, states, targets)
    places = max(1, _LOGITS // vocabulary)
    parts = zip(states.split(places), targets.split(places), strict=True)
    return torch.cat([_of_logits((output or torch.clone)(part).float(), target) for part, target in parts])


def _of_logits(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return -log softmax at the targets; `logits` are written over, so that none are held twice."""
    top = logits.amax(1, keepdim=True)
    own = (top - logits.gather(1, targets[:, None]))[:, 0]
    return logits.sub_(top).exp_().sum(1).log_().add_(own)


def _sliced(weight: torch.Tensor, output: Output, states: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    most = _SLICE_CUDA if states.is_cuda else _SLICE
    height = max(1, min(len(weight), most // max(1, len(states))))
    held = states.new_empty(height, len(states))
    top = held.new_full((len(states),), torch.finfo(torch.float32).min, dtype=torch.float32)
    total, own = torch.zeros_like(top), torch.zeros_like(top)
    for start in range(0, len(weight), height):
        rows = weight[start : start + height]
        logits = output.change(torch.mm(rows, states.t(), out=held[: len(rows)])).float()
        here = ((targets >= start) & (targets < start + height)).nonzero()[:, 0]
        own[here] = logits[targets[here] - start, here]
        before, top = top, torch.maximum(top, logits.amax(0))
        total = total.mul_((before - top).exp_()).add_(logits.sub_(top).exp_().sum(0))
    return total.log_().add_(top - own)
