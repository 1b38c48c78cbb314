"""auto-round: SignRound (Cheng et al. 2023), which learns whether to round up or down, and how far to clip.

A block at a time, 200 steps of signed gradient descent lessen the error of the block's output on calibration texts, so
the languages of these texts are part of the scheme: the caller gives their token ids (`Context.calibration`). Used of
the library: all of it (`AutoRound(...).quantize()`), on a copy of the model, with its defaults: symmetric levels,
groups of 128 or g{N} or rows, batches of 8, seed 42. Not used: its kernels and its files.

Bits, as its files hold them: b + (16 + b)/N for groups of N: scales in float16, and packed zero points. The values
are those of its files too: its scales are float16 from the start.

Limits:
- It wants samples of one length. The texts are put end to end and cut into samples as long as the longest text (at
  most 2,048 tokens); what is left over at the end, less than one sample, is not seen.
- It computes in float32 here: left to itself it casts the model to bfloat16 on processors that have it, so that
  results would depend on the machine.
- Time and memory: a copy of the model and the hidden states of all samples; hours for a billion parameters on a CPU.
- Layers whose sides 32 does not divide it leaves alone, and so does it a head tied to the embedding; embeddings and
  stacks of experts we leave alone. A head of its own is calibrated on the quantized model.
- It seeds the generators of torch, numpy and random, and makes torch's algorithms deterministic: we put all back. The
  environment variable CUBLAS_WORKSPACE_CONFIG stays set. Its progress bars go to stderr.
"""

import copy
import logging
import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch

from glotgap._errors import UnsupportedError
from glotgap.quant.libraries import left_alone, library
from glotgap.quant.libraries.calibration import Texts, texts
from glotgap.quant.rewriting import Context, Rewritten, Target
from glotgap.quant.scheme import Scheme

__all__ = ["rewritten", "samples"]

_LONGEST: Final = 2048
_GROUP: Final = 128
_KEPT: Final = "auto-round left it alone: its sides are no multiples of 32, or it is tied to the embedding"
_Answer = tuple[Target, Rewritten]


def rewritten(model: Any, targets: Sequence[Target], scheme: Scheme, context: Context) -> Iterator[_Answer]:
    """Yield each target as auto-round quantizes it.

    Raises:
        UnsupportedError: auto-round is absent, or gives up on this model.
        BadArgumentError: there are no calibration texts, or they are not this model's.
    """
    library("autoround")
    return _rewritten(model, targets, scheme, texts(model, scheme, context))


def samples(given: Texts) -> Texts:
    """Return texts put end to end and cut into samples as long as the longest, each 1 × length.

    Example:
        >>> [sample.tolist() for sample in samples([torch.tensor([[1, 2, 3]]), torch.tensor([[4, 5]])])]
        [[[1, 2, 3]]]
    """
    length = min(max(ids.shape[1] for ids in given), _LONGEST)
    whole = torch.cat(given, dim=1)
    return list(torch.split(whole[:, : whole.shape[1] // length * length], length, dim=1))


def _rewritten(model: Any, targets: Sequence[Target], scheme: Scheme, given: Texts) -> Iterator[_Answer]:
    fit = {_module(target): target for target in targets if _fits(target)}
    yield from ((target, left_alone(target, "auto-round takes layers only")) for target in targets if not _fits(target))
    tuned = _tuned(model, set(fit), scheme, samples(given))
    yield from ((target, _answer(target, tuned.get_submodule(name))) for name, target in fit.items())


def _module(target: Target) -> str:
    return target.name.rpartition(".")[0]


def _fits(target: Target) -> bool:
    return target.parameter.ndim == 2 and not isinstance(target.module, torch.nn.Embedding)


def _answer(target: Target, tuned: Any) -> Rewritten:
    scale = getattr(tuned, "scale", None)
    if scale is None or tuned.bits >= 16:
        return left_alone(target, _KEPT)
    matrix = target.matrix
    weight = tuned.weight.detach().to(matrix.device, matrix.dtype)
    bits = tuned.bits + scale.numel() * (16 + tuned.bits) / matrix.numel()
    return Rewritten(weight.t() if target.is_transposed else weight, bits)


def _tuned(model: Any, names: set[str], scheme: Scheme, given: Texts) -> Any:
    """Return a copy of the model in which the layers of these names are quantized, and carry their scales."""
    config = library("autoround", "algorithms.quantization.sign_round.config").SignRoundConfig()
    group = -1 if scheme.granularity == "channel" else scheme.group or _GROUP
    with _undisturbed(), torch.inference_mode(mode=False), torch.enable_grad():
        quantizer = library("autoround").AutoRound(
            copy.deepcopy(model),
            SimpleNamespace(pad_token_id=None, pad_token=None),  # asked for, but token ids need none
            scheme={"bits": scheme.bits, "group_size": group, "sym": True, "data_type": "int", "act_bits": 16},
            layer_config=_layers(model, names, scheme, group),
            alg_configs=config,
            dataset=[{"input_ids": ids, "attention_mask": torch.ones_like(ids)} for ids in given],
            seqlen=given[0].shape[1],
            nsamples=len(given),
            device_map=str(model.device),
            enable_torch_compile=False,
            amp=False,
        )
        try:
            return quantizer.quantize()[0]
        except SystemExit as error:  # its way to give up
            raise UnsupportedError(f"{scheme}: auto-round gives up on this model; its log says why") from error
        finally:
            library("autoround", "context.model").ModelContext.reset_context()  # it would hold the copy


def _layers(model: Any, names: set[str], scheme: Scheme, group: int) -> dict[str, dict[str, Any]]:
    """Return what auto-round is to do with each layer: by itself it quantizes all layers of blocks, and no head."""
    conv = library("autoround", "utils").SUPPORTED_LAYER_TYPES
    found = {name for name, module in model.named_modules() if isinstance(module, conv)}
    kept: dict[str, dict[str, Any]] = {name: {"bits": 16} for name in found - names}
    return kept | {name: {"bits": scheme.bits, "group_size": group, "sym": True} for name in found & names}


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put back the generators and torch's determinism, and keep the library's log to errors."""
    states = random.getstate(), np.random.get_state(), torch.are_deterministic_algorithms_enabled()  # noqa: NPY002  it is theirs
    log = logging.getLogger("autoround")
    level = log.level
    devices = range(torch.cuda.device_count())
    with torch.random.fork_rng(list(devices)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            log.setLevel(logging.ERROR)
            yield
        finally:
            log.setLevel(level)
            random.setstate(states[0])
            np.random.set_state(states[1])  # noqa: NPY002  it is theirs
            torch.use_deterministic_algorithms(states[2])
