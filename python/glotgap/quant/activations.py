"""The inputs of quantized layers, rounded as they come: symmetric levels, one scale for each token or for all.

A scale is the greatest magnitude of what shares it (dynamic quantization); a token is one vector along the last axis.
With one scale for all, padding counts, and a text's result depends on what stands beside it in the batch: tokens are
the default. Values are rounded in float32 and go on in the model's own type.
"""

from collections.abc import Sequence
from typing import Any

import torch

from glotgap._errors import UnsupportedError
from glotgap.quant.clips import widened
from glotgap.quant.grids import symmetric
from glotgap.quant.rewriting import Target
from glotgap.quant.scheme import Scheme

__all__ = ["hook", "rounded_activations"]


def rounded_activations(values: torch.Tensor, bits: int, *, by: str = "token") -> torch.Tensor:
    """Return activations quantized and dequantized; NaN and infinity make NaN of all that shares their scale.

    Args:
        values: … × features.
        bits: 2 to 8.
        by: "token" or "tensor".

    Example:
        >>> rounded_activations(torch.tensor([[1.0, 0.4], [7.0, 0.4]]), 3)
        tensor([[1.0000, 0.3333],
                [7.0000, 0.0000]])
    """
    if values.numel() == 0:
        return values
    wide = widened(values)
    units = wide.reshape(1, -1) if by == "tensor" else wide.reshape(-1, wide.shape[-1])
    clip = units.abs().amax(-1, keepdim=True)
    new = symmetric(units, torch.where(clip.isfinite(), clip, torch.nan), bits)
    return new.reshape(values.shape).to(values.dtype)


def hook(targets: Sequence[Target], scheme: Scheme) -> list[Any]:
    """Round the inputs of the targets' modules from now on; return the handles that end it (`handle.remove()`).

    Embeddings have no such inputs and are left out.

    Raises:
        UnsupportedError: a module holds several matrices, some of whose inputs it makes itself (experts).
    """
    bits, by = scheme.activation_bits, scheme.activations_by
    if bits is None:
        return []
    if stacked := next((target for target in targets if target.parameter.ndim == 3), None):
        raise UnsupportedError(
            f"{stacked.name} holds experts, whose inputs are made inside {type(stacked.module).__name__}: leave out "
            f"a{bits}, or keep them by keep:{stacked.name}"
        )

    def replaced(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args:
            return (rounded_activations(args[0], bits, by=by), *args[1:]), kwargs
        return args, {name: rounded_activations(value, bits, by=by) for name, value in kwargs.items()}

    modules = {id(target.module): target.module for target in targets if not _is_embedding(target.module)}
    return [module.register_forward_pre_hook(replaced, with_kwargs=True) for module in modules.values()]


def _is_embedding(module: torch.nn.Module) -> bool:
    return isinstance(module, torch.nn.Embedding | torch.nn.EmbeddingBag)
