"""Quantizers of other libraries, thinly adapted: theirs are the values, the arithmetic stays that of the model.

Each module has one function, `rewritten`, a rewriter (`glotgap.quant.rewriting`). It hands the library matrices with
one output a row, so that transformers' Conv1D (GPT-2), which several of them skip in silence, is quantized like any
other layer, and takes back what the library makes of them, dequantized by the library. No kernel of a library runs
when the model does.

Bits are what the library writes to disk, packed where it packs, scales and zero points included. Each module gives its
formula.

A target that a library cannot take (rows that its groups do not divide, say) is left alone and the audit says why. A
scheme that it cannot do at all is an `UnsupportedError`, and so is a library that is absent.

Example:
    >>> sorted(LIBRARIES)
    ['autoround', 'bnb', 'gptq', 'hqq', 'quanto', 'torchao']
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module, metadata
from typing import Any, Final, TypeAlias

import torch

from glotgap._errors import UnsupportedError
from glotgap.quant.rewriting import Rewritten, Target
from glotgap.quant.scheme import Scheme

__all__ = [
    "LIBRARIES",
    "Library",
    "bits_of",
    "each",
    "left_alone",
    "library",
    "linear",
    "moved",
    "readable",
    "undivided",
    "version",
]


@dataclass(frozen=True)
class Library:
    """How a library is named.

    Attributes:
        distribution: on the package index.
        module: that is imported.
        extra: of glotgap that installs it.
    """

    distribution: str
    module: str
    extra: str


LIBRARIES: Final[Mapping[str, Library]] = {
    "bnb": Library("bitsandbytes", "bitsandbytes", "bnb"),
    "torchao": Library("torchao", "torchao", "torchao"),
    "quanto": Library("optimum-quanto", "optimum.quanto", "quanto"),
    "hqq": Library("hqq", "hqq", "hqq"),
    "gptq": Library("GPTQModel", "gptqmodel", "gptq"),
    "autoround": Library("auto-round", "auto_round", "autoround"),
}
"""The library of each method."""

Quantizer: TypeAlias = Callable[[Target, Scheme], Rewritten]
"""What a library does to one target, where it needs neither data nor the other targets."""


def version(method: str) -> str | None:
    """Return the installed version of a method's library, without importing it; None where it is absent.

    Example:
        >>> LIBRARIES["bnb"].distribution, version("bnb") != ""
        ('bitsandbytes', True)
    """
    try:
        return metadata.version(LIBRARIES[method].distribution)
    except metadata.PackageNotFoundError:
        return None


def library(method: str, module: str = "") -> Any:
    """Return a method's library, or a module of it, imported.

    What it warns of while it is imported is nothing that our caller could mend, and is not passed on.

    Raises:
        UnsupportedError: it is absent, or cannot be imported beside the installed torch and transformers.
    """
    named = LIBRARIES[method]
    installed = version(method)
    remedy = f"pip install 'glotgap[{named.extra}]'"
    if installed is None:
        raise UnsupportedError(f"the method {method} needs {named.distribution}, which is not installed: {remedy}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return import_module(f"{named.module}.{module}" if module else named.module)
    except (ImportError, AttributeError, RuntimeError, OSError) as error:
        raise UnsupportedError(
            f"{named.distribution} {installed} cannot be imported beside torch {torch.__version__}: "
            f"{type(error).__name__}: {error}; install versions that fit each other ({remedy})"
        ) from error


@contextmanager
def moved(method: str) -> Iterator[None]:
    """Say so where a library no longer has what is asked of it: adapters reach for inner names.

    Raises:
        UnsupportedError: instead of the bare error.
    """
    try:
        yield
    except (AttributeError, TypeError, ImportError) as error:
        named = LIBRARIES[method]
        raise UnsupportedError(
            f"{named.distribution} {version(method)} does not do what is asked of it ({type(error).__name__}: "
            f"{error}); install a version that glotgap knows: pip install 'glotgap[{named.extra}]'"
        ) from error


def each(targets: Sequence[Target], scheme: Scheme, quantized: Quantizer) -> Iterator[tuple[Target, Rewritten]]:
    """Yield each target with what a quantizer makes of it, in the target's dtype and on its device."""
    for target in targets:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = quantized(target, scheme)
        yield target, replace(made, matrix=made.matrix.to(target.matrix.dtype))


def linear(target: Target) -> torch.nn.Linear:
    """Return a layer without bias that holds a copy of the target's matrix.

    Example:
        >>> layer = torch.nn.Linear(3, 2)
        >>> linear(Target("fc.weight", layer, None, "other", is_transposed=False)).weight.equal(layer.weight)
        True
    """
    matrix = readable(target)
    layer = torch.nn.Linear(matrix.shape[1], matrix.shape[0], bias=False, device="meta")
    layer.weight = torch.nn.Parameter(matrix, requires_grad=False)
    return layer


def readable(target: Target) -> torch.Tensor:
    """Return a copy of the target's matrix, contiguous, of a type that libraries know: float64 becomes float32."""
    matrix = target.matrix
    dtype = torch.float32 if matrix.dtype == torch.float64 else matrix.dtype
    return matrix.to(dtype, copy=True, memory_format=torch.contiguous_format)


def bits_of(values: int, *stored: torch.Tensor) -> float:
    """Return how many bits the stored tensors take for each of so many values.

    Example:
        >>> bits_of(8, torch.zeros(4, dtype=torch.uint8), torch.zeros(1))
        8.0
    """
    return 8 * sum(tensor.numel() * tensor.element_size() for tensor in stored) / values


def left_alone(target: Target, why: str) -> Rewritten:
    """Return what stands for a target that the library cannot take."""
    matrix = target.matrix
    return Rewritten(matrix, 8.0 * matrix.element_size(), note=why)


def undivided(target: Target, group: int | None) -> str | None:
    """Return why groups do not fit the rows of a target; None where they do.

    Example:
        >>> layer = Target("fc.weight", torch.nn.Linear(100, 2), None, "other", is_transposed=False)
        >>> undivided(layer, 64), undivided(layer, 50)
        ('its rows of 100 values do not divide into groups of 64', None)
    """
    columns = target.matrix.shape[1]
    if group is None or columns % group == 0:
        return None
    return f"its rows of {columns} values do not divide into groups of {group}"
