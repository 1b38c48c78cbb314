"""GPTQ (Frantar et al. 2023) by GPTQModel: columns are rounded one after the other, each making up for those before.

What is made up for is the error of a layer's output on calibration texts, so the languages of these texts are part of
the scheme: the caller gives their token ids (`Context.calibration`). Used of the library: its `GPTQ` object with the
library's defaults (symmetric levels, scales from the greatest magnitude, columns ordered by activation inside groups,
damping of 5 %), one a layer. Not used: its loop over the model, which asks for a directory and a tokenizer; ours does
the same (the tests compare them): in each block, layers with the same input form a step (q, k, v; o; gate, up; down),
whose inputs come from the block with all earlier steps quantized. Nor its kernels.

Values are those of the checkpoint that the library would write: integers, and scales rounded to float16. Bits:
b + (16 + b)/N + 32/rows, for groups of N: scales, packed zero points, and the index of each column's group.

Limits:
- Each text is seen whole, however short; the library's own loop drops texts of less than 10 tokens.
- An input that is 0 in all texts is dead: the library sets its column to 0. A layer that no text reaches is left
  alone; the library's own loop rounds to nearest, in silence, what fewer than 0.5 % of the tokens reach.
- Embeddings and stacks of experts are left alone. An output head is calibrated on the whole quantized model.
- Of a layer that a block calls more than once a text, the first input counts.
- The library packs only layers whose sides 32 divides; we do not ask for that. The last group of a row may be shorter.
- Importing it sets PYTORCH_ALLOC_CONF and CUDA_DEVICE_ORDER in the environment and prints a banner. On two cores its
  pool of threads asks for GPTQMODEL_CPU_WORKERS=2 or more; we do not start that pool.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, Final

import torch

from glotgap.quant.libraries import left_alone, library, linear
from glotgap.quant.libraries.calibration import Block, Texts, blocks, evaluating, steps, texts, together
from glotgap.quant.rewriting import Context, Rewritten, Target
from glotgap.quant.scheme import Scheme

__all__ = ["rewritten"]

_AT_ONCE: Final = 2048
_UNREACHED: Final = "no calibration text reached it"
_Answer = tuple[Target, Rewritten]


def rewritten(model: Any, targets: Sequence[Target], scheme: Scheme, context: Context) -> Iterator[_Answer]:
    """Yield each target as GPTQ quantizes it; the caller writes each before it asks for the next.

    Raises:
        UnsupportedError: GPTQModel is absent, or the model is no chain of blocks.
        BadArgumentError: there are no calibration texts, or they are not this model's.
    """
    library("gptq")
    given = together(texts(model, scheme, context))
    return _rewritten(model, targets, scheme, given)


def _rewritten(model: Any, targets: Sequence[Target], scheme: Scheme, given: Texts) -> Iterator[_Answer]:
    fit = [target for target in targets if _fits(target)]
    yield from ((target, left_alone(target, _unfit(target))) for target in targets if not _fits(target))
    with evaluating(model):
        chain, hidden = blocks(model, fit, given)
        inside = {block.name: [target for target in fit if target.name.startswith(f"{block.name}.")] for block in chain}
        for block in chain:
            yield from _of_block(block, hidden, inside[block.name], scheme)
            hidden = block.run(hidden)
        within = {target.name for group in inside.values() for target in group}
        outside = [target for target in fit if target.name not in within]
        runs = [partial(model, input_ids=ids) for ids in given]
        for target in outside:
            yield from _step([target], scheme, runs)


def _fits(target: Target) -> bool:
    return target.stack == 1 and target.parameter.ndim == 2 and not isinstance(target.module, torch.nn.Embedding)


def _unfit(target: Target) -> str:
    what = "a table" if isinstance(target.module, torch.nn.Embedding) else "no single matrix"
    return f"GPTQ needs the inputs of a matrix product, and it is {what}"


def _of_block(
    block: Block, hidden: Sequence[torch.Tensor], targets: Sequence[Target], scheme: Scheme
) -> Iterator[_Answer]:
    reached = steps(block, hidden, targets)
    runs = [partial(block.output, states, batch) for batch, states in enumerate(hidden)]
    for step in reached:
        yield from _step(step, scheme, runs)
    seen = {target.name for step in reached for target in step}
    yield from ((target, left_alone(target, _UNREACHED)) for target in targets if target.name not in seen)


def _step(targets: Sequence[Target], scheme: Scheme, runs: Iterable[Callable[[], Any]]) -> Iterator[_Answer]:
    """Yield targets that share an input, each quantized for the inputs that the runs feed it."""
    solvers = [_solver(target, scheme) for target in targets]
    inputs = [_Inputs(solver) for solver in solvers]
    for run in runs:
        _listen(targets, inputs, run)
    for heard in inputs:
        heard.hand_over()
    for target, solver in zip(targets, solvers, strict=True):
        yield target, _solved(target, solver) if solver.nsamples else left_alone(target, _UNREACHED)


def _solver(target: Target, scheme: Scheme) -> Any:
    config = library("gptq").QuantizeConfig(
        bits=scheme.bits,
        group_size=scheme.group or -1,
        act_group_aware=scheme.group is not None,
        offload_to_disk=False,  # else each configuration makes a temporary directory
    )
    solver = library("gptq", "quantization.gptq").GPTQ(linear(target), config)
    solver.quantizer.configure(perchannel=True)
    return solver


@torch.no_grad()
def _listen(targets: Sequence[Target], inputs: Sequence["_Inputs"], run: Callable[[], Any]) -> None:
    """Hand each target's input to its listener; the run is broken off when all have heard theirs."""
    waiting = set(inputs)

    def tell(heard: _Inputs, _module: torch.nn.Module, args: tuple[Any, ...]) -> None:
        heard.hear(args[0])
        waiting.discard(heard)
        if not waiting:
            raise _AllHeardError

    with ExitStack() as hooks:
        for target, heard in zip(targets, inputs, strict=True):
            hooks.callback(target.module.register_forward_pre_hook(partial(tell, heard)).remove)
        with suppress(_AllHeardError):
            run()


class _AllHeardError(Exception):
    """Nothing more is to be learned from a run."""


class _Inputs:
    """Inputs of a target, handed over many tokens at once: a solver takes as long for few."""

    def __init__(self, solver: Any) -> None:
        self._solver, self._kept, self._tokens = solver, list[torch.Tensor](), 0

    def hear(self, given: torch.Tensor) -> None:
        rows = given.reshape(-1, given.shape[-1])
        self._kept.append(rows.clone())
        self._tokens += len(rows)
        if self._tokens >= _AT_ONCE:
            self.hand_over()

    def hand_over(self) -> None:
        if self._kept:
            self._solver.add_batch(torch.cat(self._kept)[None], None)
        self._kept, self._tokens = [], 0


@torch.no_grad()
def _solved(target: Target, solver: Any) -> Rewritten:
    matrix = target.matrix
    values, scale, zero, groups, *_ = solver.quantize()
    solver.free()
    of_column = groups.long().to(scale.device)
    wide, shift = scale[:, of_column], zero[:, of_column]
    levels = torch.round(values.float() / wide + shift)
    stored = _as_filed(wide) * (levels - shift)
    return Rewritten(stored.to(matrix.dtype), _bits(solver.qcfg.bits, scale, matrix))


def _as_filed(scale: torch.Tensor) -> torch.Tensor:
    return scale.half().float()


def _bits(bits: int, scale: torch.Tensor, matrix: torch.Tensor) -> float:
    rows, columns = matrix.shape
    return bits + (scale.numel() * (16 + bits) + 32 * columns) / (rows * columns)
