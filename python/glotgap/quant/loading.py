"""Language models and tokenizers from a directory, a GGUF file or the Hub, by transformers, and what their weights are.

Files of the Hub are fetched first, by the Hub's own client, so that a machine without a network hears so in seconds.
Code that comes with a model is never run. Nothing of what transformers says while it loads is shown: what matters of
it is an error here.
"""

import io
import os
import pickle
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any, Final

import safetensors
import torch
import transformers

from glotgap._errors import BadArgumentError, BadFileError, GlotgapError, UnsupportedError
from glotgap._hub import fetch
from glotgap.quant.silence import silence
from glotgap.weights.stored import types

__all__ = ["DTYPES", "is_path", "load", "load_tokenizer", "reference"]

DTYPES: Final = ("float32", "bfloat16", "float16", "float64")

_HUB_ID: Final = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")
_FILES: Final = ("*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken")
_OF_TOKENIZERS: Final = ("tokenizer*", "vocab*", "*.model", "*.tiktoken")
_DAMAGED: Final = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError, EOFError, ArithmeticError),
    *(struct.error, safetensors.SafetensorError, pickle.UnpicklingError),
)
"""What transformers raises where files are not what it expects."""

_ONE_AT_A_TIME: Final = threading.RLock()
"""Warnings and standard error, where its bars go that obey no switch, are one for all threads."""

_NAMES: Final = {"f64": "float64", "f32": "float32", "bf16": "bfloat16", "f16": "float16"}
_LOST: Final = {
    "float32": ("float64",),
    "bfloat16": ("float64", "float32", "float16"),
    "float16": ("float64", "float32", "bfloat16"),
}
"""What does not fit into each type."""


def load(source: str | os.PathLike[str], *, dtype: str = "float32") -> Any:
    """Return the language model at a directory, a GGUF file or a Hub id, as transformers loads it.

    Args:
        source: where it is.
        dtype: float32, bfloat16, float16 or float64: what its weights become.

    Raises:
        BadFileError: there is none, or parts of it are missing.
        BadArgumentError: no such dtype.
        UnsupportedError: a library is absent that reads these files.

    Example:
        >>> from glotgap.quant import tiny
        >>> type(load(tiny.model(steps=2))).__name__
        'LlamaForCausalLM'
    """
    if dtype not in DTYPES:
        raise BadArgumentError(f"dtype is {dtype!r}: give one of {', '.join(DTYPES)}")
    where, options = _where(source)
    with _reading(source, "language model"):
        config = transformers.AutoConfig.from_pretrained(where, **options)
        masked = any(name.endswith("MaskedLM") for name in config.architectures or ())
        kind = transformers.AutoModelForMaskedLM if masked else transformers.AutoModelForCausalLM
        options |= {"config": config, "dtype": getattr(torch, dtype), "output_loading_info": True}
        model, told = kind.from_pretrained(where, **options)
    if missing := sorted(told["missing_keys"]):
        raise BadFileError(
            f"{source} lacks {len(missing)} weights of a {type(model).__name__}, such as {missing[0]}: give a "
            "causal or masked language model with its output layer"
        )
    return model


def load_tokenizer(source: str | os.PathLike[str]) -> Any:
    """Return the tokenizer at a directory, a GGUF file or a Hub id.

    Raises:
        BadFileError: there is none.

    Example:
        >>> from glotgap.quant import tiny
        >>> load_tokenizer(tiny.model(steps=2)).bos_token
        '<s>'
    """
    where, options = _where(source)
    if "gguf_file" not in options and not any(any(Path(where).glob(pattern)) for pattern in _OF_TOKENIZERS):
        raise BadFileError(f"no tokenizer lies at {source}: give the model's own")
    with _reading(source, "tokenizer"):
        return transformers.AutoTokenizer.from_pretrained(where, **options)


def reference(source: Any, model: Any) -> str:
    """Return what the weights of a model are, before any scheme.

    Args:
        source: where it was loaded from, or itself.
        model: as it is now.

    Example:
        >>> from glotgap.quant import tiny
        >>> reference(tiny.model(steps=2), load(tiny.model(steps=2), dtype="bfloat16"))
        'float32 as stored, rounded to bfloat16'
    """
    now = sorted({str(weight.dtype).removeprefix("torch.") for weight in model.parameters()})
    before = getattr(getattr(model.config, "quantization_config", None), "quant_method", None)
    method = "" if before is None else f", quantized before by {getattr(before, 'value', before)}"
    if not is_path(source):
        return f"{', '.join(now)} as given{method}"
    path = Path(source)
    if path.suffix.lower() == ".gguf":
        return f"dequantized from GGUF ({', '.join(_stored(source))}) to {', '.join(now)}"
    return _of_files(_stored(source), now) + method


def _of_files(stored: list[str], now: list[str]) -> str:
    become = ", ".join(now)
    if not stored:
        return f"{become} as loaded"
    names = [_NAMES.get(name, name) for name in stored]
    is_lossy = any(name in _LOST.get(less, ()) for name in names for less in now)
    change = f", rounded to {become}" if is_lossy else "" if sorted(names) == now else f", read as {become}"
    return f"{', '.join(names)} as stored{change}"


def _stored(source: str | os.PathLike[str]) -> list[str]:
    """Return the types of floating-point values in the files, the most frequent first; none where they do not tell."""
    path = Path(source)
    try:
        found = types(path if path.is_file() else _where(source)[0])
    except GlotgapError:  # transformers reads formats that the weights room does not
        return []
    return [name for name in found if path.is_file() or name.startswith(("f", "bf"))]


def is_path(source: Any) -> bool:
    """Tell whether something names a place, rather than being the thing itself."""
    return isinstance(source, str | os.PathLike)


def _where(source: str | os.PathLike[str]) -> tuple[str, dict[str, Any]]:
    """Return the directory that transformers is to read, and how: GGUF files by their directory."""
    path, options = Path(source), {"local_files_only": True, "trust_remote_code": False}
    if path.is_dir():
        return str(path), options
    if path.is_file():
        if path.suffix.lower() != ".gguf":
            raise BadFileError(f"{source} is one file, and not of GGUF: name the directory that holds it")
        return str(path.parent), {**options, "gguf_file": path.name}
    if path.suffix.lower() == ".gguf" or not _HUB_ID.fullmatch(os.fspath(source)):
        raise BadFileError(f"{source} does not exist: name a directory, a GGUF file or a Hub id")
    return str(_fetched(os.fspath(source))), options


def _fetched(hub_id: str) -> Path:
    folder = fetch(hub_id, (*_FILES, "*.safetensors"))
    return folder if any(folder.glob("*.safetensors")) else fetch(hub_id, (*_FILES, "*.bin"))


@contextmanager
def _reading(source: str | os.PathLike[str], what: str) -> Iterator[None]:
    """Let transformers read in silence, and say in one line what it cannot."""
    try:
        with _ONE_AT_A_TIME, silence(), warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    except ImportError as error:
        raise UnsupportedError(
            f"{source}: a library that reads this {what} is absent: {_first_line(error)}; pip install 'glotgap[torch]' "
            "has those for GGUF"
        ) from error
    except _DAMAGED as error:
        raise BadFileError(f"no {what} can be loaded from {source}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    line = str(error).strip().split("\n", maxsplit=1)[0]
    return f"{type(error).__name__}: {line}" if isinstance(error, KeyError) or not line else line
