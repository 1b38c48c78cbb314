"""What a scheme of quantization is made of: targets go in, new weights come out.

A *rewriter* gives each target the values that its quantizer makes, as a matrix of ordinary floating point (fake
quantization): the arithmetic stays that of the model. So one piece of code writes, restores and audits the weights of
every scheme, of glotgap's own and of those of libraries (`glotgap.quant.quantized`).

A matrix has one output a row (out × in), however the model stores it: transformers' Conv1D keeps in × out, and the
experts of a layer are one parameter, a stack of matrices, whose rows follow each other here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, TypeAlias

import torch

from glotgap._errors import UnsupportedError
from glotgap.quant.scheme import Scheme

__all__ = ["REWRITERS", "Context", "Rewriter", "Rewritten", "Target", "rewriter"]


@dataclass(frozen=True, eq=False)
class Target:
    """A weight that a scheme is to quantize.

    Attributes:
        name: of the parameter, as in `model.named_parameters()`: "model.layers.0.self_attn.q_proj.weight".
        module: that owns it.
        layer: index of its block, from 0; None outside the blocks.
        component: one of `glotgap.tables.COMPONENTS`.
        is_transposed: whether it is stored in × out.
        aliases: other names of the same parameter: tied weights.

    Example:
        >>> Target("fc.weight", torch.nn.Linear(3, 2), None, "other", is_transposed=False).matrix.shape
        torch.Size([2, 3])
    """

    name: str
    module: torch.nn.Module
    layer: int | None
    component: str
    is_transposed: bool
    aliases: tuple[str, ...] = ()

    @property
    def parameter(self) -> torch.nn.Parameter:
        """The parameter itself."""
        found: torch.nn.Parameter = getattr(self.module, self.name.rpartition(".")[2])
        return found

    @property
    def stack(self) -> int:
        """How many matrices it holds: 1, or the number of experts."""
        return self.parameter.shape[0] if self.parameter.ndim == 3 else 1

    @property
    def matrix(self) -> torch.Tensor:
        """Its values, out × in, detached: a view where the strides allow it. Not to be written to."""
        stored = self.parameter.detach()
        upright = stored.transpose(-1, -2) if self.is_transposed else stored
        return upright.reshape(-1, upright.shape[-1])

    def stored(self, matrix: torch.Tensor) -> torch.Tensor:
        """Return an out × in matrix in the parameter's shape."""
        shape = self.parameter.shape
        if not self.is_transposed:
            return matrix.reshape(shape)
        return matrix.reshape(*shape[:-2], shape[-1], shape[-2]).transpose(-1, -2)


@dataclass(frozen=True, eq=False)
class Rewritten:
    """What became of a target.

    Attributes:
        matrix: out × in, the dequantized values, of the target's dtype and on its device.
        bits: stored for each value, scales and zero points included.
        bias: a new bias of the module, where the scheme changes it.
        note: why the target was left alone, where the rewriter cannot quantize it; `matrix` is then ignored.

    Example:
        >>> Rewritten(torch.zeros(2, 3), 4.25).note is None
        True
    """

    matrix: torch.Tensor
    bits: float
    bias: torch.Tensor | None = None
    note: str | None = None


@dataclass(frozen=True)
class Context:
    """What a scheme may need besides the model.

    Attributes:
        profile: of the model's activations by language (`glotgap.quant.profile`), for language-aware schemes.
        language: whom a scheme of one language serves.
        calibration: token ids of calibration texts, start token included.
        tokenizer: the model's.

    Example:
        >>> Context(calibration=[[1, 5, 7]]).language is None
        True
    """

    profile: Any = None
    language: str | None = None
    calibration: Sequence[Sequence[int]] = ()
    tokenizer: Any = None


Rewriter: TypeAlias = Callable[[Any, Sequence[Target], Scheme, Context], Iterator[tuple[Target, Rewritten]]]
"""(model, targets, scheme, context) -> what became of each target, in any order; one left out was left alone.

The weights are written as they come, so a rewriter that runs the model sees the targets that it has answered for
quantized and the others as they were.
"""

REWRITERS: Final[Mapping[str, str]] = {
    "rtn": "glotgap.quant.rounding:rewritten",
    "la": "glotgap.quant.language_aware:rewritten",
    "bnb": "glotgap.quant.libraries.bitsandbytes:rewritten",
    "torchao": "glotgap.quant.libraries.torchao:rewritten",
    "hqq": "glotgap.quant.libraries.hqq:rewritten",
    "quanto": "glotgap.quant.libraries.quanto:rewritten",
    "gptq": "glotgap.quant.libraries.gptq:rewritten",
    "autoround": "glotgap.quant.libraries.autoround:rewritten",
}
"""The module and function that rewrite for each method."""


def rewriter(scheme: Scheme) -> Rewriter:
    """Return the rewriter of a scheme; its module is imported now, and its library with it.

    Raises:
        UnsupportedError: this version of glotgap has no rewriter for it.

    Example:
        >>> rewriter(Scheme.parse("rtn4")).__name__
        'rewritten'
    """
    module, _, function = REWRITERS[scheme.method].partition(":")
    try:
        found: Rewriter = getattr(import_module(module), function)
    except ModuleNotFoundError as error:
        if error.name is None or not module.startswith(error.name):
            raise
        raise UnsupportedError(f"scheme {scheme}: {module} is not in this version of glotgap") from error
    return found
