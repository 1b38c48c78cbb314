"""A model under a scheme of quantization, for as long as a `with` block lasts; after it, every bit is as it was.

The new weights are written in place, so that tied weights stay tied and strides stay what they are, and the old ones
are kept beside them: a block takes the memory of the targets once more. They are put back on exit, also after an
exception, in the block or before it begins.

A weight can be under one scheme at a time: a second block on the same weights is refused, since what it would measure
is the noise of both. Blocks on different weights of one model may stand in each other.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any, Final

import torch

from glotgap._errors import BadArgumentError, UnsupportedError
from glotgap.quant.activations import hook
from glotgap.quant.audit import Audit, Row, compared, left_alone, table
from glotgap.quant.libraries import LIBRARIES, moved
from glotgap.quant.rewriting import Context, Rewritten, Target, rewriter
from glotgap.quant.scheme import Scheme
from glotgap.quant.targets import Weights, weights

__all__ = ["quantized"]

_IN_USE: Final[dict[int, str]] = {}
"""Parameters (by id: they are held while they are here) and the scheme they are under."""


@contextmanager
def quantized(model: Any, scheme: Scheme | str, *, context: Context | None = None) -> Iterator[Audit]:
    """Quantize a model in place for a `with` block; yield what was done to it.

    Args:
        model: of torch, with plain weights of 16, 32 or 64 bits.
        scheme: or its spelling.
        context: what some schemes need besides: calibration texts, a profile, a language.

    Raises:
        BadArgumentError: no such scheme, nothing to quantize, nothing changed, weights that are not finite, on the meta
            device, or in use by another block.
        UnsupportedError: weights are quantized already, a library is absent, or gives what cannot be used.

    Example:
        >>> model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Linear(32, 8))
        >>> before = model[0].weight.clone()
        >>> with quantized(model, "rtn4-g32") as audit:
        ...     audit.bits, bool((model[0].weight == before).all())
        (4.5, False)
        >>> bool((model[0].weight == before).all())
        True
    """
    wanted = scheme if isinstance(scheme, Scheme) else Scheme.parse(scheme)
    found = weights(model, wanted)
    with ExitStack() as undo:
        _reserve(found.targets, wanted, undo)
        for target in found.targets:
            _refuse_nonfinite(target)
        audit = _applied(model, found, wanted, context or Context(), undo)
        for handle in hook(found.targets, wanted):
            undo.callback(handle.remove)
        yield audit


def _reserve(targets: tuple[Target, ...], scheme: Scheme, undo: ExitStack) -> None:
    for target in targets:
        if used := _IN_USE.get(id(target.parameter)):
            raise BadArgumentError(f"{target.name} is quantized by {used} already: leave that `with` block first")
        _IN_USE[id(target.parameter)] = str(scheme)
        undo.callback(_IN_USE.pop, id(target.parameter))


def _refuse_nonfinite(target: Target) -> None:
    if not _is_finite(target.parameter.detach()):
        count = int((~target.parameter.detach().isfinite()).sum())
        raise BadArgumentError(
            f"{target.name} has {count} values that are NaN or infinite: no clip fits them; repair the model, or keep "
            f"it by keep:{target.name}"
        )


def _is_finite(values: torch.Tensor) -> bool:
    return values.numel() == 0 or all(bool(end.isfinite()) for end in torch.aminmax(values))


def _applied(model: Any, found: Weights, scheme: Scheme, context: Context, undo: ExitStack) -> Audit:
    rows = [left_alone(one.weight, one.reason) for one in found.left_alone]
    if scheme.method != "fp":
        rows += _rewrite(model, found.targets, scheme, context, undo)
        _refuse_unchanged(rows, scheme)
    name = getattr(getattr(model, "config", None), "_name_or_path", "") or type(model).__name__
    return Audit(
        scheme,
        table(str(name), scheme, context.language, rows),
        sum(vector.numel() for vector in found.vectors),
        sum(8 * vector.element_size() * vector.numel() for vector in found.vectors),
        {target.name: target.aliases for target in found.targets if target.aliases},
    )


def _rewrite(
    model: Any, targets: tuple[Target, ...], scheme: Scheme, context: Context, undo: ExitStack
) -> Iterator[Row]:
    """Write what the scheme's rewriter gives; yield the row of each target."""
    waiting = {target.name: target for target in targets}
    for target, new in _answers(model, targets, scheme, context):
        if waiting.pop(target.name, None) is None:
            raise UnsupportedError(f"{scheme} answered for {target.name}, which is no target of it, or is one twice")
        yield _written(target, new, scheme, undo) if new.note is None else left_alone(target, new.note)
    yield from (left_alone(target, f"left alone by {scheme.method}") for target in waiting.values())


def _answers(
    model: Any, targets: tuple[Target, ...], scheme: Scheme, context: Context
) -> Iterator[tuple[Target, Rewritten]]:
    with moved(scheme.method) if scheme.method in LIBRARIES else nullcontext():
        yield from rewriter(scheme)(model, targets, scheme, context)


def _written(target: Target, new: Rewritten, scheme: Scheme, undo: ExitStack) -> Row:
    _refuse_unfit(target, new, scheme)
    before = target.parameter.detach().clone()
    undo.callback(_put, target.parameter, before)
    _put(target.parameter, target.stored(new.matrix))
    if new.bias is not None:
        _set_bias(target.module, new.bias, undo)
    return compared(target, before, new.bits)


def _refuse_unfit(target: Target, new: Rewritten, scheme: Scheme) -> None:
    matrix = target.matrix
    expected, given = ((tuple(one.shape), one.dtype) for one in (matrix, new.matrix))
    if expected != given:
        raise UnsupportedError(f"{scheme} made {given} of {target.name}, which is {expected}")
    if not _is_finite(new.matrix):
        raise UnsupportedError(f"{scheme} made values that are NaN or infinite of {target.name}: keep it by keep:")


def _set_bias(module: torch.nn.Module, bias: torch.Tensor, undo: ExitStack) -> None:
    before = module.bias
    if isinstance(before, torch.Tensor):
        undo.callback(_put, before, before.detach().clone())
        _put(before, bias)
    else:
        undo.callback(setattr, module, "bias", None)
        module.bias = torch.nn.Parameter(bias.detach().clone(), requires_grad=False)


def _put(parameter: torch.Tensor, values: torch.Tensor) -> None:
    with torch.inference_mode():  # parameters that were made in this mode can be written to in no other
        parameter.copy_(values)


def _refuse_unchanged(rows: list[Row], scheme: Scheme) -> None:
    quantized_rows = [row for row in rows if row.note is None]
    if any(row.changed for row in quantized_rows) or (quantized_rows and scheme.activation_bits is not None):
        return
    notes = "; ".join(dict.fromkeys(row.note for row in rows if row.note is not None))
    cause = "the weights are on its grid already: was the model quantized before?" if quantized_rows else notes
    raise BadArgumentError(f"{scheme} changed nothing: {cause}")
