"""Quantized evaluation: does quantization hurt some languages more?

Parallel text, and what is wrong with it before a model is run; schemes of quantization, and models under them. What
needs torch is imported when first used.

Example:
    >>> from glotgap import quant
    >>> text = quant.parallel(languages=["eng", "deu"], limit=2)
    >>> text.texts["deu"][1]
    'Der Wind ist heute in Küstennähe stark.'
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from glotgap._errors import UnsupportedError
from glotgap.quant.faults import Fault, faults
from glotgap.quant.parallel import Parallel, parallel
from glotgap.quant.scheme import Scheme, describe

if TYPE_CHECKING:
    from glotgap.quant.audit import Audit as Audit
    from glotgap.quant.quantizing import quantized as quantized
    from glotgap.quant.rewriting import Context as Context
    from glotgap.quant.rewriting import Rewritten as Rewritten
    from glotgap.quant.rewriting import Target as Target

__all__ = [
    "Audit",
    "Context",
    "Fault",
    "Parallel",
    "Rewritten",
    "Scheme",
    "Target",
    "describe",
    "faults",
    "parallel",
    "quantized",
]

_NEED_TORCH: Final = {
    "Audit": "audit",
    "Context": "rewriting",
    "Rewritten": "rewriting",
    "Target": "rewriting",
    "quantized": "quantizing",
}
"""Public names and their modules, none of which may have a public name: importing it would hide what it names."""


def __getattr__(name: str) -> Any:
    if name not in _NEED_TORCH:
        raise AttributeError(f"module 'glotgap.quant' has no attribute {name!r}")
    try:
        return getattr(import_module(f"glotgap.quant.{_NEED_TORCH[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise UnsupportedError(f"glotgap.quant.{name} needs torch: pip install 'glotgap[torch]'") from error
