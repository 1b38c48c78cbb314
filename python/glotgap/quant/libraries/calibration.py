"""Calibration texts run through a model block by block, so that the inputs of its layers can be looked at.

Nothing is padded, and no text sees another: those of one length run together (`together`). The model runs once as a
whole, to learn what it hands each block beside the hidden states (masks, positions); then one block at a time runs on
the hidden states that the blocks before it give, with the weights that they have by then.

Limits: decoders and encoders whose blocks are one ModuleList, each fed what the one before gave, first of its arguments
(Llama, Gemma, Qwen, GPT-2, BERT and their like). Hidden states of all texts are held in memory, for one block.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import torch

from glotgap._errors import BadArgumentError, UnsupportedError
from glotgap.quant.rewriting import Context, Target
from glotgap.quant.scheme import Scheme

__all__ = ["Block", "Texts", "blocks", "evaluating", "steps", "texts", "together"]

_LEAST: Final = 2
_AT_ONCE: Final = 4096
"""Tokens of texts that run together; a longer text runs alone."""


@dataclass(eq=False)
class Block:
    """A block of a model, and the calls that calibration texts make to it.

    Attributes:
        name: "model.layers.0".
        module: it.
        calls: its arguments but the hidden states, by batch of texts: positional ones, and those with names.
    """

    name: str
    module: torch.nn.Module
    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = field(default_factory=list)

    @torch.no_grad()
    def run(self, hidden: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Return the hidden states of all batches after it."""
        return [self.output(states, number) for number, states in enumerate(hidden)]

    def output(self, states: torch.Tensor, batch: int) -> torch.Tensor:
        """Return the hidden states of one batch after it."""
        others, named = self.calls[batch]
        return _first(self.module(states, *others, **named))


Texts = list[torch.Tensor]
"""Token ids, each 1 × length or a batch of texts × length, on the model's device."""


def texts(model: Any, scheme: Scheme, context: Context) -> Texts:
    """Return the calibration texts of a context as tensors.

    Raises:
        BadArgumentError: there are none, one has fewer than two tokens, or a token is not in the model's vocabulary.
    """
    if not context.calibration:
        raise BadArgumentError(f"{scheme} needs calibration texts: give their token ids in Context(calibration=...)")
    size = model.get_input_embeddings().weight.shape[0]
    for number, ids in enumerate(context.calibration, 1):
        if len(ids) < _LEAST:
            raise BadArgumentError(f"calibration text {number} has {len(ids)} tokens: give at least {_LEAST}")
        if not 0 <= min(ids) <= max(ids) < size:
            wrong = min(ids) if min(ids) < 0 else max(ids)
            raise BadArgumentError(f"calibration text {number} has the token {wrong}: this model has 0 to {size - 1}")
    return [torch.tensor([list(ids)], device=model.device) for ids in context.calibration]


def together(given: Texts) -> Texts:
    """Return the same texts, those of one length as batches: texts × length, the shortest first.

    Example:
        >>> together([torch.tensor([[1, 2]]), torch.tensor([[3]]), torch.tensor([[4, 5]])])
        [tensor([[3]]), tensor([[1, 2],
                [4, 5]])]
    """
    lengths = sorted({ids.shape[1] for ids in given})
    equal = (torch.cat([ids for ids in given if ids.shape[1] == length]) for length in lengths)
    return [part for ids in equal for part in ids.split(max(1, _AT_ONCE // ids.shape[1]))]


@contextmanager
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, and each of its modules back into its own mode afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


@torch.no_grad()
def blocks(model: Any, targets: Sequence[Target], given: Texts) -> tuple[list[Block], list[torch.Tensor]]:
    """Return the blocks of a model in order, and the hidden states that enter the first, by batch.

    Raises:
        UnsupportedError: they are no chain.
    """
    stack = _stack(model, targets)
    found = [Block(f"{stack}.{index}", module) for index, module in model.get_submodule(stack).named_children()]
    entering: list[torch.Tensor] = []
    headless = getattr(model, "base_model", model)
    for ids in given:
        last: list[torch.Tensor] = []
        with ExitStack() as hooks:
            for block in found:
                _watch(block, last, entering, hooks)
            headless(input_ids=ids, **_without_cache(model))
    if any(len(block.calls) != len(given) for block in found):
        raise UnsupportedError(f"{stack} is not run from first to last once a call: such blocks cannot be calibrated")
    return found, entering


def _stack(model: Any, targets: Sequence[Target]) -> str:
    """Return the name of the list of blocks that holds most of the targets."""
    lists = [name for name, module in model.named_modules() if isinstance(module, torch.nn.ModuleList)]
    held = {name: sum(target.name.startswith(f"{name}.") for target in targets) for name in lists}
    best = max(held, key=held.__getitem__, default="")
    if not best or not held[best]:
        raise UnsupportedError("no target lies in a list of blocks: this method calibrates block by block")
    return best


def _watch(block: Block, last: list[torch.Tensor], entering: list[torch.Tensor], hooks: ExitStack) -> None:
    """Note the block's calls; `last` holds what the block before it gave."""

    def before(_module: Any, args: tuple[Any, ...], named: dict[str, Any]) -> None:
        if not args or not torch.is_tensor(args[0]) or (last and last[0].data_ptr() != args[0].data_ptr()):
            raise UnsupportedError(f"{block.name} is not fed what the block before it gives: it cannot be calibrated")
        if not last:
            entering.append(args[0])
        block.calls.append((args[1:], named))

    def after(_module: Any, _args: Any, output: Any) -> None:
        last[:] = [_first(output)]

    hooks.callback(block.module.register_forward_pre_hook(before, with_kwargs=True).remove)
    hooks.callback(block.module.register_forward_hook(after).remove)


@torch.no_grad()
def steps(block: Block, hidden: Sequence[torch.Tensor], targets: Sequence[Target]) -> list[list[Target]]:
    """Return the targets of a block that texts reach, in order; those with the same input together.

    The first batch that reaches a target decides; experts may be reached by few.
    """
    found: list[list[Target]] = []
    waiting = list(targets)
    for batch, states in enumerate(hidden):
        found += _reached(block, states, batch, waiting)
        seen = {target.name for step in found for target in step}
        waiting = [target for target in waiting if target.name not in seen]
        if not waiting:
            break
    return found


def _reached(block: Block, states: torch.Tensor, batch: int, targets: Sequence[Target]) -> list[list[Target]]:
    seen: dict[str, tuple[torch.Tensor, list[Target]]] = {}

    def watch(target: Target) -> Callable[[Any, tuple[Any, ...]], None]:
        def before(_module: Any, args: tuple[Any, ...]) -> None:
            last = next(reversed(seen.values()), None)
            members = last[1] if last and last[0] is args[0] else []
            if target.name not in seen:
                members.append(target)
                seen[target.name] = (args[0], members)

        return before

    with ExitStack() as hooks:
        for target in targets:
            hooks.callback(target.module.register_forward_pre_hook(watch(target)).remove)
        block.output(states, batch)
    return list({id(members): members for _, members in seen.values()}.values())


def _without_cache(model: Any) -> dict[str, bool]:
    return {"use_cache": False} if hasattr(model.config, "use_cache") else {}


def _first(output: Any) -> torch.Tensor:
    found: torch.Tensor = output if torch.is_tensor(output) else output[0]
    return found
