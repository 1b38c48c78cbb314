"""A language model, its tokenizer, and what has to be known of both before a text is scored.

A model is an object of transformers, a directory, a GGUF file or a Hub id. What the weights are is said with every
score: a GGUF file of 4-bit types is dequantized when it is loaded, so that its "full precision" has lost what it had
lost. Two models are the same where every bit of their weights and their configurations are: the digest says so.
"""

import hashlib
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
import transformers

from glotgap import _core
from glotgap._errors import BadArgumentError, BadFileError

__all__ = ["Subject", "digest", "load", "subject"]

_LEAST_SHARE: Final = 0.75
"""A tokenizer knows at least so much of the ids that the model embeds: some rows are padding, but not that many."""


@dataclass(frozen=True)
class Subject:
    """A model that is to be scored.

    Attributes:
        model: of transformers, in eval mode.
        tokenizer: its own.
        name: how tables call it.
        reference: what its weights are before any scheme.
        digest: of its weights and its configuration.
    """

    model: Any
    tokenizer: Any
    name: str
    reference: str
    digest: str


def subject(
    model: Any,
    tokenizer: Any = None,
    *,
    name: str | None = None,
    reference: str | None = None,
    dtype: str = "float32",
    device: str = "auto",
) -> Subject:
    """Return a model with its tokenizer, checked.

    Args:
        model: an object of transformers, a directory, a GGUF file or a Hub id.
        tokenizer: the same; None for the one that lies with the model.
        name: how tables call it; its file or id by default.
        reference: what its weights are, where an object does not tell.
        dtype: type that a model is loaded in; an object keeps its own.
        device: where it is put; "auto" for the accelerator if there is one (an object stays where it is).

    Raises:
        BadFileError: no model or tokenizer can be loaded from there.
        BadArgumentError: the two do not belong together, or the model has no weights at hand or lies on two devices.

    Example:
        >>> from glotgap.quant import tiny
        >>> subject(tiny.model(steps=2)).reference
        'float32 as stored'
    """
    loaded = load(model, dtype=dtype) if _is_path(model) else model
    tokens = _tokenizer(model if tokenizer is None else tokenizer)
    _refuse_scattered(loaded)
    if device != "auto" or _is_path(model):
        loaded = loaded.to(_device(device))
    _refuse_strangers(loaded, tokens)
    found = reference or (_stored(model, loaded) if _is_path(model) else f"{_dtypes(loaded)} as given")
    return Subject(loaded.eval(), tokens, name or _name(model), found, digest(loaded))


def load(source: str | os.PathLike[str], *, dtype: str = "float32") -> Any:
    """Return the language model at a directory, a GGUF file or a Hub id, as transformers loads it.

    Raises:
        BadFileError: there is none, or parts of it are missing.
    """
    where, options = _where(source)
    try:
        config = transformers.AutoConfig.from_pretrained(where, **options)
        masked = any(name.endswith("MaskedLM") for name in config.architectures or ())
        kind = transformers.AutoModelForMaskedLM if masked else transformers.AutoModelForCausalLM
        model, told = kind.from_pretrained(where, **options, dtype=getattr(torch, dtype), output_loading_info=True)
    except (OSError, ValueError, KeyError) as error:
        raise BadFileError(f"no language model can be loaded from {source}: {_first_line(error)}") from error
    if missing := sorted(told["missing_keys"]):
        raise BadFileError(
            f"{source} lacks {len(missing)} weights of a {type(model).__name__}, such as {missing[0]}: give a "
            "causal or masked language model with its output layer"
        )
    return model


def _where(source: str | os.PathLike[str]) -> tuple[str, dict[str, str]]:
    """Return what transformers is to be asked for: GGUF files by their directory."""
    path = Path(source)
    if path.suffix == ".gguf":
        if not path.is_file():
            raise BadFileError(f"{source} does not exist: name a directory, a GGUF file or a Hub id")
        return str(path.parent), {"gguf_file": path.name}
    return str(source), {}


def _tokenizer(source: Any) -> Any:
    if not _is_path(source):
        if not hasattr(source, "get_vocab"):
            raise BadArgumentError(f"a {type(source).__name__} brings no tokenizer: give one, or its directory")
        return source
    where, options = _where(source)
    try:
        return transformers.AutoTokenizer.from_pretrained(where, **options)
    except (OSError, ValueError, KeyError) as error:
        raise BadFileError(f"no tokenizer can be loaded from {source}: {_first_line(error)}") from error


def _is_path(source: Any) -> bool:
    return isinstance(source, str | os.PathLike)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", maxsplit=1)[0]


def _name(source: Any) -> str:
    if not _is_path(source):
        return Path(getattr(source.config, "_name_or_path", "") or type(source).__name__).name
    path = Path(source)
    return path.stem if path.suffix == ".gguf" else path.name if path.exists() else str(source)


def _device(device: str) -> str:
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _refuse_scattered(model: Any) -> None:
    places = sorted({str(weight.device) for weight in model.parameters()})
    if "meta" in places:
        raise BadArgumentError("the model has weights on the meta device, that is none: load them first")
    if len(places) > 1:
        raise BadArgumentError(f"the model lies on {' and '.join(places)}: put it on one device first")
    if not places:
        raise BadArgumentError("the model has no weights")


def _refuse_strangers(model: Any, tokenizer: Any) -> None:
    """Refuse a tokenizer that is not this model's, as far as sizes and special tokens tell."""
    rows, ids = model.get_input_embeddings().weight.shape[0], len(tokenizer)
    highest = max(tokenizer.get_vocab().values(), default=0)
    if highest >= rows or ids < _LEAST_SHARE * rows:
        raise BadArgumentError(
            f"the tokenizer has {ids} tokens up to id {highest}, and the model embeds {rows}: give the model's own"
        )
    start = model.config.get_text_config().bos_token_id
    own = tokenizer.bos_token_id
    if isinstance(start, int) and own is not None and own != start:
        raise BadArgumentError(
            f"the tokenizer begins texts with id {own} and the model with {start}: give the model's own tokenizer, or "
            "set bos_token_id of its configuration"
        )


def _stored(source: str | os.PathLike[str], model: Any) -> str:
    """Return what the weights at a path are."""
    path = Path(source)
    if path.suffix != ".gguf":
        return f"{_dtypes(model)} as stored"
    counts = Counter[str]()
    for _, _, dtype, shape in _core.Model.open(path, "mmap").tensors:
        counts[dtype] += int(torch.Size(shape).numel())
    types = ", ".join(dtype for dtype, _ in counts.most_common())
    return f"dequantized from GGUF ({types})"


def _dtypes(model: Any) -> str:
    return ", ".join(sorted({str(weight.dtype).removeprefix("torch.") for weight in model.parameters()}))


def digest(model: Any) -> str:
    """Return a digest of a model's weights and configuration: equal where every bit of both is."""
    found = hashlib.blake2b(digest_size=16)
    config = {name: value for name, value in model.config.to_dict().items() if name not in _IRRELEVANT}
    found.update(json.dumps(config, sort_keys=True, default=str).encode())
    for name, weight in sorted(model.state_dict().items()):
        found.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode())
        found.update(weight.contiguous().flatten().view(torch.uint8).cpu().numpy())
    return found.hexdigest()


_IRRELEVANT: Final = frozenset({"_name_or_path", "transformers_version", "dtype", "torch_dtype"})
"""Of the configuration: what says where the model comes from, not what it is."""
