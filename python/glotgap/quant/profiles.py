"""What a model's layers are given, language by language: the activations that quantization errors are multiplied with.

For each language, in one pass over its text:

- of each weight matrix, the second moment of its input, E[x²] by input channel (on request whole, E[x xᵀ]), absmax, and
  moments (excess kurtosis) of the input's values. The output error of a rewritten matrix Q is
  tr((W-Q) E[x xᵀ] (W-Q)ᵀ): LA-ACIQ (`clip_errors`) needs no more than this of a language. Matrices that read the same
  input (q, k and v; gate and up) share one *site*.
- of each block, the mean |output| of its attention, of its MLP and of the residual stream after it: the a_l(λ) of
  effective kurtosis and outlier activation.

The tokens that texts begin with (BOS) are left out of these: their activations are the same whatever the language, and
so large that they would hide it. Second moments of them are kept apart, for clips that must not lose them. Sums are
kept in float64, apart for `folds` parts of the items (item number modulo folds; the same items in every language), so
that nulls can shuffle parts among languages. Profiles of other text of the same model `merge`. What is kept of
activations takes memory by the model's size, whatever that of the text.

Limits: experts that are one stacked parameter have no site; their layers have no MLP output.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glotgap._errors import BadArgumentError
from glotgap.weights import Moments

__all__ = ["OUTPUTS", "Profile", "Site"]

OUTPUTS: Final = ("attention", "mlp", "residual")
"""What of a block has an output."""


@dataclass(frozen=True, eq=False)
class Site:
    """The input of one or several matrices.

    Attributes:
        second: sums of x² by channel: languages × folds × channels, float64.
        absmax: the largest |x|: languages × folds.
        moments: of all values, by language and fold.
        start: sums of x² by channel over the special tokens that texts begin with: channels; 0 where there are none.
        whole: sums of x xᵀ: languages × channels × channels; None unless asked for.
    """

    second: NDArray[np.float64]
    absmax: NDArray[np.float64]
    moments: tuple[tuple[Moments, ...], ...]
    start: NDArray[np.float64]
    whole: NDArray[np.float64] | None = None


@dataclass(frozen=True, eq=False)
class Profile:
    """Activations of one model by language.

    Attributes:
        model: digest of the model.
        name: of the model.
        languages: in alphabetical order.
        tokens: seen: languages × folds.
        starts: special tokens seen that texts begin with.
        sites: by the name of the first matrix that reads there.
        site_of: the site of each matrix, by parameter name.
        outputs: for each of `OUTPUTS`, mean |output| summed over tokens: languages × folds × layers; NaN where a layer
            has none.
    """

    model: str
    name: str
    languages: tuple[str, ...]
    tokens: NDArray[np.int64]
    starts: int
    sites: Mapping[str, Site]
    site_of: Mapping[str, str]
    outputs: Mapping[str, NDArray[np.float64]]

    @property
    def folds(self) -> int:
        """Parts that the items of each language are kept in."""
        return int(self.tokens.shape[1])

    @property
    def start_share(self) -> float:
        """What part of all tokens the starts of texts are."""
        return float(self.starts / (self.starts + self.tokens.sum())) if self.starts else 0.0

    def second_moment(self, parameter: str) -> NDArray[np.float64] | None:
        """Return E[x²] of the inputs of a matrix: languages × channels; None if it has no site."""
        site = self.site_of.get(parameter)
        if site is None:
            return None
        means: NDArray[np.float64] = self.sites[site].second.sum(axis=1) / self.tokens.sum(axis=1)[:, None]
        return means

    def start_moment(self, parameter: str) -> NDArray[np.float64] | None:
        """Return what E[x²] of the inputs of a matrix is proportional to at the start of texts: channels; else None."""
        site = self.site_of.get(parameter)
        return None if site is None else self.sites[site].start

    def mean_outputs(self, kind: str) -> NDArray[np.float64]:
        """Return mean |output|: languages × layers; NaN where a layer has none.

        Raises:
            BadArgumentError: `kind` is none of `OUTPUTS`.
        """
        if kind not in OUTPUTS:
            raise BadArgumentError(f"output is {kind!r}: give one of {', '.join(OUTPUTS)}")
        means: NDArray[np.float64] = self.outputs[kind].sum(axis=1) / self.tokens.sum(axis=1)[:, None]
        return means

    def merge(self, other: "Profile") -> "Profile":
        """Return the profile of both texts together.

        Raises:
            BadArgumentError: they are of other models, languages or numbers of folds, or only one has whole moments.
        """
        return merged(self, other)

    def inputs_table(self) -> pl.DataFrame:
        """Return site, language, tokens, mean_square, absmax and kurtosis of the inputs of matrices."""
        rows = [
            (name, language, *_described(site, at, int(self.tokens[at].sum())))
            for name, site in self.sites.items()
            for at, language in enumerate(self.languages)
        ]
        columns = ["site", "language", "tokens", "mean_square", "absmax", "kurtosis"]
        types = [pl.String, pl.String, pl.UInt64, pl.Float64, pl.Float64, pl.Float64]
        return pl.DataFrame(rows, schema=dict(zip(columns, types, strict=True)), orient="row").sort("site", "language")

    def outputs_table(self) -> pl.DataFrame:
        """Return output, language, layer and mean |output| of blocks."""
        rows = [
            {"output": kind, "language": language, "layer": layer, "mean_abs": float(value)}
            for kind in OUTPUTS
            for language, values in zip(self.languages, self.mean_outputs(kind), strict=True)
            for layer, value in enumerate(values)
            if np.isfinite(value)
        ]
        schema = {"output": pl.String, "language": pl.String, "layer": pl.UInt32, "mean_abs": pl.Float64}
        return pl.DataFrame(rows, schema=schema).sort("output", "language", "layer")


def _described(site: Site, at: int, tokens: int) -> tuple[int, float, float, float | None]:
    moments = Moments()
    for part in site.moments[at]:
        moments = moments.merge(part)
    mean_square = float(site.second[at].sum() / (tokens * site.second.shape[2]))
    return tokens, mean_square, float(site.absmax[at].max()), moments.kurtosis()


def merged(one: Profile, other: Profile) -> Profile:
    """Return the profile of both texts together: see `Profile.merge`."""
    for name in ("model", "languages", "folds", "site_of"):
        if getattr(one, name) != getattr(other, name):
            raise BadArgumentError(
                f"profiles of different {name} cannot be merged: {getattr(one, name)!r:.60} and "
                f"{getattr(other, name)!r:.60}"
            )
    sites = {name: _merged_sites(site, other.sites[name]) for name, site in one.sites.items()}
    outputs = {kind: one.outputs[kind] + other.outputs[kind] for kind in OUTPUTS}
    tokens, starts = one.tokens + other.tokens, one.starts + other.starts
    return replace(one, tokens=tokens, starts=starts, sites=sites, outputs=outputs)


def _merged_sites(one: Site, other: Site) -> Site:
    moments = tuple(
        tuple(first.merge(second) for first, second in zip(*pair, strict=True))
        for pair in zip(one.moments, other.moments, strict=True)
    )
    if (one.whole is None) != (other.whole is None):
        raise BadArgumentError("one profile holds whole second moments and the other does not: make both alike")
    whole = None if one.whole is None or other.whole is None else one.whole + other.whole
    absmax = np.maximum(one.absmax, other.absmax)
    return Site(one.second + other.second, absmax, moments, one.start + other.start, whole)
