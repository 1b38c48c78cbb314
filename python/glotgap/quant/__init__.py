"""Quantized evaluation: does quantization hurt some languages more, why, and can clipping by language help?

Method, in the order of use; each module says its own, with sources and limits:

1. `parallel`, `faults`: aligned text, and what is wrong with it;
2. `evaluate` (`evaluation`): nats of each item in each language, as the model is and under schemes (`Scheme`): SCORES;
   `quantized` rewrites a model for as long as a block lasts, and says what it did: AUDITS;
3. `degradation`, `disparity`, `correlate`, `contest`: what it cost whom, whether it cost some more, what goes with it,
   whether one scheme beats another: TESTS, with intervals and p from `glotgap.stats`;
4. `profile`: activations by language; from it `effective_kurtosis` and `outlier_activation` of languages, and `regret`,
   what clips by language can win at most.

Models run in torch; without it only text can be read (`pip install 'glotgap[torch]'`).

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
    from glotgap.quant.audit import Audit
    from glotgap.quant.contests import contest
    from glotgap.quant.damage import degradation
    from glotgap.quant.disparities import disparity
    from glotgap.quant.effective import effective_kurtosis, outlier_activation
    from glotgap.quant.evaluating import Evaluation, evaluate, evaluation
    from glotgap.quant.profile_files import load_profile, save_profile
    from glotgap.quant.profiles import Profile
    from glotgap.quant.profiling import profile
    from glotgap.quant.quantizing import quantized
    from glotgap.quant.regrets import Regret, regret
    from glotgap.quant.relating import Correlations, correlate
    from glotgap.quant.rewriting import Context, Rewritten, Target

__all__ = [
    "Audit",
    "Context",
    "Correlations",
    "Evaluation",
    "Fault",
    "Parallel",
    "Profile",
    "Regret",
    "Rewritten",
    "Scheme",
    "Target",
    "contest",
    "correlate",
    "degradation",
    "describe",
    "disparity",
    "effective_kurtosis",
    "evaluate",
    "evaluation",
    "faults",
    "load_profile",
    "outlier_activation",
    "parallel",
    "profile",
    "quantized",
    "regret",
    "save_profile",
]

_FROM: Final = {
    "Audit": "audit",
    "Context": "rewriting",
    "Rewritten": "rewriting",
    "Target": "rewriting",
    "Correlations": "relating",
    "Evaluation": "evaluating",
    "Profile": "profiles",
    "Regret": "regrets",
    "contest": "contests",
    "correlate": "relating",
    "degradation": "damage",
    "disparity": "disparities",
    "effective_kurtosis": "effective",
    "evaluate": "evaluating",
    "evaluation": "evaluating",
    "load_profile": "profile_files",
    "outlier_activation": "effective",
    "profile": "profiling",
    "quantized": "quantizing",
    "regret": "regrets",
    "save_profile": "profile_files",
}
"""Public names and their modules, none of which may have a public name: importing it would hide what it names."""


def __getattr__(name: str) -> Any:
    if name not in _FROM:
        raise AttributeError(f"module 'glotgap.quant' has no attribute {name!r}")
    try:
        return getattr(import_module(f"glotgap.quant.{_FROM[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in {"torch", "transformers", "safetensors"}:
            raise
        raise UnsupportedError(
            f"glotgap.quant.{name} needs {error.name}, which is not installed: pip install 'glotgap[torch]'"
        ) from error
