"""How much of a language passes through a model's heavy-tailed layers.

With κ_l the kurtosis of layer l's weights (the mean over its matrices of a kind) and a_l(λ) the mean |output| of that
part of the layer over the text of language λ, ā_l(λ) = a_l(λ) / Σ_l a_l(λ):

- effective kurtosis κ_eff(λ) = Σ_l ā_l(λ) κ_l;
- outlier activation(λ) = Σ ā_l(λ) over the outlier layers: those of large κ_l, chosen on weights alone.

Each is one number a language, to be set beside what quantization does to it (`glotgap.quant.correlate`).
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.quant.profiles import Profile
from glotgap.weights.layers import figure, layers

__all__ = ["effective_kurtosis", "outlier_activation", "shares"]

_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "attention": ("attn.*",),
    "mlp": ("mlp.*",),
    "residual": ("attn.*", "mlp.*"),
}
"""The components whose kurtosis stands beside each kind of output."""

_TOP: Final = 0.75


@typed
def effective_kurtosis(
    profile: Profile, tensors: pl.DataFrame, *, output: str = "mlp", statistic: str = "kurtosis"
) -> pl.DataFrame:
    """Return language, effective_kurtosis, and the output and the statistic that it is made of.

    Args:
        profile: of the model (`glotgap.quant.profile`).
        tensors: TENSORS of the same model (`glotgap.weights.scan`).
        output: "mlp", "attention" or "residual": whose output says how much a layer is used.
        statistic: a column of figures of TENSORS.

    Raises:
        BadArgumentError: not TENSORS, no such output or figure, or other layers than the profile has.

    Example:
        >>> from glotgap import weights
        >>> from glotgap.quant import profile, tiny
        >>> path = tiny.model(steps=2)
        >>> effective_kurtosis(profile(path, languages=["eng", "heb"], limit=4), weights.scan(path)).columns
        ['language', 'effective_kurtosis', 'output', 'statistic']
    """
    kurtosis = _by_layer(profile, tensors, output, statistic)
    values = shares(profile, output, list(kurtosis)) @ np.array(list(kurtosis.values()))
    found = {"language": profile.languages, "effective_kurtosis": values}
    return pl.DataFrame(found).with_columns(output=pl.lit(output), statistic=pl.lit(statistic))


@typed
def outlier_activation(
    profile: Profile,
    tensors: pl.DataFrame,
    *,
    rule: str | float = "top_quartile",
    output: str = "mlp",
    statistic: str = "kurtosis",
) -> pl.DataFrame:
    """Return language, outlier_activation, layers (the outlier layers, the same for all), output, statistic and rule.

    Args:
        profile: of the model (`glotgap.quant.profile`).
        tensors: TENSORS of the same model (`glotgap.weights.scan`).
        rule: which layers are outliers: "top_quartile" (at or above the third quartile), or those above a number.
        output: "mlp", "attention" or "residual": whose output says how much a layer is used.
        statistic: a column of figures of TENSORS.

    Raises:
        BadArgumentError: not TENSORS, no such output, figure or rule, or the rule takes no layer.

    Example:
        >>> from glotgap import weights
        >>> from glotgap.quant import profile, tiny
        >>> path = tiny.model(steps=2)
        >>> outlier_activation(profile(path, languages=["eng", "heb"], limit=4), weights.scan(path)).height
        2
    """
    kurtosis = _by_layer(profile, tensors, output, statistic)
    outliers = _outliers(kurtosis, rule)
    values = shares(profile, output, list(kurtosis))[:, [layer in outliers for layer in kurtosis]].sum(1)
    found = {"language": profile.languages, "outlier_activation": values, "layers": [outliers] * len(values)}
    notes = {"output": output, "statistic": statistic, "rule": str(rule)}
    return pl.DataFrame(found).with_columns(**{name: pl.lit(value) for name, value in notes.items()})


def shares(profile: Profile, output: str, of: list[int]) -> NDArray[np.float64]:
    """Return ā_l(λ) over the layers `of`: languages × layers, each language's sum is 1."""
    means = profile.mean_outputs(output)[:, of]
    if not np.isfinite(means).all():
        raise BadArgumentError(f"some layers have no {output} output: choose another output")
    whole = means.sum(1, keepdims=True)
    if not (whole > 0).all():
        raise BadArgumentError(f"the {output} output is 0 in all layers: choose another output")
    found: NDArray[np.float64] = means / whole
    return found


def _by_layer(profile: Profile, tensors: pl.DataFrame, output: str, statistic: str) -> dict[int, float]:
    """Return the figure of each layer, by its index."""
    if output not in _PARTS:
        raise BadArgumentError(f"output is {output!r}: give one of {', '.join(_PARTS)}")
    known = np.flatnonzero(np.isfinite(profile.mean_outputs(output)).all(0)).tolist()
    if not known:
        raise BadArgumentError(f"the profile has no {output} output: choose another output")
    values = layers(tensors, figure(statistic, tensors), {output: _PARTS[output]}).sort("layer")
    if values["layer"].to_list() != known:
        raise BadArgumentError(
            f"the scan has {statistic} of {output} in layers {_listed(values['layer'].to_list())}, and the profile has "
            f"output of layers {_listed(known)}: scan the model that was profiled, and no other with it"
        )
    return dict(values.select("layer", "value").iter_rows())


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers)):.60}" or "none"


def _outliers(kurtosis: Mapping[int, float], rule: str | float) -> list[int]:
    values = np.array(list(kurtosis.values()))
    if isinstance(rule, str):
        if rule != "top_quartile":
            raise BadArgumentError(
                f"rule is {rule!r}: give top_quartile, or the kurtosis above which layers are outliers"
            )
        found = [layer for layer, value in kurtosis.items() if value >= np.quantile(values, _TOP)]
    else:
        found = [layer for layer, value in kurtosis.items() if value > rule]
    if not found or len(found) == len(kurtosis):
        raise BadArgumentError(f"rule {rule!r} takes {len(found)} of {len(kurtosis)} layers: give another")
    return found
