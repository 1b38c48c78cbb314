"""A language model, its tokenizer, and what has to be known of both before a text is scored.

A model is an object of transformers, a directory, a GGUF file or a Hub id. What the weights are is said with every
score: a GGUF file of 4-bit types is dequantized when it is loaded, so that its "full precision" has lost what it had
lost. Two models are the same where every bit of their weights and their configurations are: the digest says so.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from glotgap._errors import BadArgumentError, UnsupportedError
from glotgap.quant.frames import is_masked
from glotgap.quant.loading import is_path, load, load_tokenizer
from glotgap.quant.loading import reference as reference_of

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
        model: an object of transformers, a directory, a GGUF file or a Hub id; a subject stays as it is.
        tokenizer: the same; None for the one that lies with the model.
        name: how tables call it; its file or id by default.
        reference: what its weights are, where an object does not tell.
        dtype: type that a model is loaded in; an object keeps its own.
        device: where it is put; "auto" for the accelerator if there is one (an object stays where it is).

    Raises:
        BadFileError: no model or tokenizer can be loaded from there.
        BadArgumentError: the two do not belong together, the model is no language model, has no weights at hand or lies
            on two devices, or there is no such device.
        UnsupportedError: a library is absent, or memory does not hold the model.

    Example:
        >>> from glotgap.quant import tiny
        >>> subject(tiny.model(steps=2)).reference
        'float32 as stored'
    """
    if isinstance(model, Subject):
        return model
    place = None if device == "auto" and not is_path(model) else _device(device)
    loaded = load(model, dtype=dtype) if is_path(model) else _language_model(model)
    tokens = _tokenizer(model if tokenizer is None else tokenizer)
    _refuse_scattered(loaded)
    if place is not None:
        loaded = _placed(loaded, place)
    _refuse_strangers(loaded, tokens)
    found = reference or reference_of(model, loaded)
    return Subject(loaded.eval(), tokens, name or _name(model), found, digest(loaded))


def _language_model(model: Any) -> Any:
    if not isinstance(model, torch.nn.Module) or not all(hasattr(model, name) for name in _ASKED):
        raise BadArgumentError(
            f"model is a {type(model).__name__}: give a language model of transformers, a directory, a GGUF file or a "
            "Hub id"
        )
    return model


_ASKED: Final = ("config", "base_model", "get_input_embeddings", "get_output_embeddings")


def _tokenizer(source: Any) -> Any:
    if is_path(source):
        return load_tokenizer(source)
    if not hasattr(source, "get_vocab"):
        raise BadArgumentError(f"a {type(source).__name__} brings no tokenizer: give one, or its directory")
    return source


def _name(source: Any) -> str:
    if not is_path(source):
        return Path(getattr(source.config, "_name_or_path", "") or type(source).__name__).name
    path = Path(source)
    return path.stem if path.is_file() else path.resolve().name if path.is_dir() else str(source)


def _device(device: str) -> str:
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        place = torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise BadArgumentError(f"device is {device!r}: {reason}; give auto, or one that torch has here") from error
    if place.type == "meta":
        raise BadArgumentError("device is 'meta', which holds no values: give auto, or one that computes")
    return device


def _placed(model: Any, device: str) -> Any:
    try:
        return model.to(device)
    except torch.OutOfMemoryError as error:
        raise UnsupportedError(f"the memory of {device} does not hold the model: give a smaller dtype") from error


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
    added = getattr(tokenizer, "added_tokens_decoder", {})  # such as images': text that holds one is refused later
    highest = max((id_ for id_ in tokenizer.get_vocab().values() if id_ not in added), default=0)
    if highest >= rows or ids < _LEAST_SHARE * rows:
        raise BadArgumentError(
            f"the tokenizer has {ids} tokens up to id {highest}, and the model embeds {rows}: give the model's own"
        )
    start = getattr(model.config.get_text_config(), "bos_token_id", None)
    own = tokenizer.bos_token_id
    if not is_masked(model) and isinstance(start, int) and own is not None and own != start:
        raise BadArgumentError(
            f"the tokenizer begins texts with id {own} and the model with {start}: give the model's own tokenizer, or "
            "set bos_token_id of its configuration"
        )


def digest(model: Any) -> str:
    """Return a digest of a model's weights and configuration: equal where every bit of both is."""
    found = hashlib.blake2b(digest_size=16)
    config = {name: value for name, value in model.config.to_dict().items() if name not in _IRRELEVANT}
    if "gguf_file" in (config.get("quantization_config") or {}):
        del config["quantization_config"]  # the name of a file
    found.update(json.dumps(config, sort_keys=True, default=str).encode())
    for name, weight in sorted(model.state_dict().items()):
        found.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode())
        found.update(weight.contiguous().flatten().view(torch.uint8).cpu().numpy())
    return found.hexdigest()


_IRRELEVANT: Final = frozenset(
    {"_name_or_path", "_model_name_or_path", "architectures", "transformers_version", "dtype", "torch_dtype"}
)
"""Of the configuration: what says where the model comes from, not what it is."""
