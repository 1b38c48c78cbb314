"""Which weights of a model a scheme quantizes, and why it leaves the others alone.

Targets are the weights of `torch.nn.Linear` and of transformers' `Conv1D` (GPT-2), which several libraries pass over
in silence; and experts that transformers holds as one parameter, a stack of matrices, where their module says which
side its inputs are on. Output heads are targets with `head`, embeddings with `embed`, and a head tied to the embedding,
which is one parameter, with either. All else of two dimensions or more is left alone, and listed with the reason.

`keep:` patterns leave more alone. They are held against the names of a parameter (with `*`, `?` and `[]`; the final
`.weight` may be left out), against its component (`attn.q`, `mlp.*`) and against its layer (`layer:0`). One that fits
nothing is an error.

Weights without values (meta tensors) and weights that are quantized already (integers, 8-bit floats, packed) are
refused.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

import torch

from glotgap._errors import BadArgumentError, UnsupportedError
from glotgap.quant.rewriting import Target
from glotgap.quant.scheme import Scheme
from glotgap.weights.components import place

__all__ = ["LeftAlone", "Weights", "weights"]

_TYPES: Final = (torch.float32, torch.float64, torch.float16, torch.bfloat16)


@dataclass(frozen=True, eq=False)
class LeftAlone:
    """A weight that a scheme does not touch, and why."""

    weight: Target
    reason: str


@dataclass(frozen=True, eq=False)
class Weights:
    """The parameters of a model under a scheme, each once, in the model's order.

    Attributes:
        targets: to be quantized.
        left_alone: other parameters of two dimensions or more.
        vectors: the rest: norms, biases.
    """

    targets: tuple[Target, ...]
    left_alone: tuple[LeftAlone, ...]
    vectors: tuple[torch.nn.Parameter, ...]


def weights(model: Any, scheme: Scheme) -> Weights:
    """Return which weights of a model a scheme touches.

    Raises:
        BadArgumentError: no model of torch; nothing to quantize; a pattern fits nothing; weights have no values (meta).
        UnsupportedError: weights are quantized already, sparse, or spread over devices as one tensor.

    Example:
        >>> model = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.Linear(4, 4))
        >>> found = weights(model, Scheme.parse("rtn4"))
        >>> [target.name for target in found.targets], [(one.weight.name, one.reason) for one in found.left_alone]
        (['1.weight'], [('0.weight', 'embedding: not asked for (embed)')])
    """
    if not isinstance(model, torch.nn.Module):
        raise BadArgumentError(f"got a {type(model).__name__}: give a model of torch (torch.nn.Module)")
    owners = _owners(model)
    matrices = [found for found in owners if found[0].parameter.ndim > 1]
    _refuse_idle_patterns(scheme, [target for target, _ in matrices])
    reasons = [(target, _reason(target, roles, scheme)) for target, roles in matrices]
    targets = tuple(target for target, reason in reasons if reason is None)
    left_alone = tuple(LeftAlone(target, reason) for target, reason in reasons if reason is not None)
    if not targets and scheme.method != "fp":
        raise BadArgumentError(_nothing_to_do(model, scheme, left_alone))
    for target in targets:
        _refuse_unreadable(target)
    return Weights(targets, left_alone, tuple(target.parameter for target, _ in owners if target.parameter.ndim < 2))


_Found = tuple[Target, frozenset[str]]


def _owners(model: torch.nn.Module) -> list[_Found]:
    """Return every parameter once, with its roles: "linear", "stack", "head", "embed", or what else its module is."""
    config = {"model_type": getattr(getattr(model, "config", None), "model_type", "")}
    head = getattr(model, "get_output_embeddings", lambda: None)()
    owned: dict[object, list[tuple[str, torch.nn.Module, str]]] = {}
    for name, module, parameter in _parameters(model):
        role = _role(module, parameter, place(name, config).component, is_head=module is head)
        owned.setdefault(_identity(parameter), []).append((name, module, role))
    return [_found(occurrences, config) for occurrences in owned.values()]


def _parameters(model: torch.nn.Module) -> Iterator[tuple[str, torch.nn.Module, torch.nn.Parameter]]:
    for path, module in model.named_modules():
        for leaf, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            yield f"{path}.{leaf}".lstrip("."), module, parameter


def _identity(parameter: torch.nn.Parameter) -> object:
    """Two parameters are one when they show the same memory in the same way."""
    is_plain = parameter.layout == torch.strided and type(parameter.data) is torch.Tensor
    if parameter.is_meta or not is_plain or parameter.numel() == 0:
        return id(parameter)
    return parameter.device, parameter.data_ptr(), parameter.dtype, parameter.shape, parameter.stride()


def _role(module: torch.nn.Module, parameter: torch.nn.Parameter, component: str, *, is_head: bool) -> str:
    if parameter.ndim < 2:
        return "vector"
    if is_head or (component == "head" and _is_linear(module)):
        return "head"
    if isinstance(module, torch.nn.Embedding | torch.nn.EmbeddingBag) or (component == "embed" and _is_linear(module)):
        return "embed"
    if _is_linear(module):
        return "linear"
    says_side = isinstance(getattr(module, "is_transposed", None), bool)
    return "stack" if parameter.ndim == 3 and says_side else f"a {type(module).__name__} is no linear layer"


def _is_linear(module: torch.nn.Module) -> bool:
    return isinstance(module, torch.nn.Linear) or _is_conv1d(module)


def _is_conv1d(module: torch.nn.Module) -> bool:
    source = sys.modules.get("transformers.pytorch_utils")
    return source is not None and isinstance(module, source.Conv1D)


def _found(occurrences: list[tuple[str, torch.nn.Module, str]], config: Mapping[str, Any]) -> _Found:
    """Return the parameter under its first name, with the linear layer that uses it, where there is one."""
    names = [name for name, _, _ in occurrences]
    owner = next((module for _, module, _ in occurrences if _is_linear(module)), occurrences[0][1])
    name = next(name for name, module, _ in occurrences if hasattr(owner, name.rpartition(".")[2]) or module is owner)
    found = place(name, config)
    is_transposed = _is_conv1d(owner) or getattr(owner, "is_transposed", False) is True
    aliases = tuple(other for other in names if other != name)
    target = Target(name, owner, found.layer, found.component, is_transposed, aliases)
    return target, frozenset(role for _, _, role in occurrences)


_REASONS: Final[Mapping[frozenset[str], str]] = {
    frozenset({"embed"}): "embedding: not asked for (embed)",
    frozenset({"head"}): "output head: not asked for (head)",
    frozenset({"head", "embed"}): "embedding and output head in one: not asked for (head, embed)",
}


def _reason(target: Target, roles: frozenset[str], scheme: Scheme) -> str | None:
    """Return why a weight is left alone; None for a target."""
    if scheme.method == "fp":
        return "full precision"
    if pattern := next((pattern for pattern in scheme.keep if _fits(target, pattern)), None):
        return f"kept (keep:{pattern})"
    asked = {"linear", "stack"} | ({"head"} if scheme.head else set()) | ({"embed"} if scheme.embed else set())
    if roles & asked:
        return None
    also = f"; tied to {', '.join(target.aliases)}" if target.aliases else ""
    return _REASONS.get(roles, ", ".join(sorted(roles))) + also


def _fits(target: Target, pattern: str) -> bool:
    names = (target.name, *target.aliases)
    shown = [*names, *(name.removesuffix(".weight") for name in names), target.component, f"layer:{target.layer}"]
    return any(fnmatchcase(name, pattern) for name in shown)


def _refuse_idle_patterns(scheme: Scheme, matrices: list[Target]) -> None:
    for pattern in scheme.keep:
        if not any(_fits(target, pattern) for target in matrices):
            some = ", ".join(target.name for target in matrices[:3])
            raise BadArgumentError(f"keep:{pattern} fits no weight: names are like {some}")


def _refuse_unreadable(target: Target) -> None:
    parameter, name = target.parameter, target.name
    if parameter.is_meta:
        raise BadArgumentError(f"{name} is on the meta device and has no values: load the model first")
    if parameter.layout != torch.strided or type(parameter.data) is not torch.Tensor:
        kind = f"{type(parameter.data).__name__} ({parameter.layout})"
        raise UnsupportedError(f"{name} is a {kind}: give a model with plain weights on one device each")
    if parameter.dtype not in _TYPES:
        raise UnsupportedError(f"{name} is quantized already ({parameter.dtype}): give the model in full precision")


def _nothing_to_do(model: torch.nn.Module, scheme: Scheme, left_alone: tuple[LeftAlone, ...]) -> str:
    reasons = "; ".join(dict.fromkeys(one.reason for one in left_alone)) or "it has no parameters of two dimensions"
    return f"{scheme} has nothing to quantize in {type(model).__name__}: {reasons}"
