"""TENSORS small enough to check by hand: what the examples of this room's questions compute with."""

import polars as pl

from glotgap._arguments import typed
from glotgap.tables import TENSORS

__all__ = ["scan"]

_LAYERS = 6
_KURTOSIS = {"attn.q": 8.0, "attn.k": 10.0, "mlp.up": 2.0, "mlp.down": 3.0}


@typed
def scan(*, scale: float = 1.0, model: str = "toy") -> pl.DataFrame:
    """Return TENSORS of six layers, without figures of whole tensors: attention has the larger kurtosis, unevenly.

    Args:
        scale: multiplies what is common to all layers.
        model: name of the model.

    Example:
        >>> scan().select("tensor", "kurtosis").row(0)
        ('layers.0.attn.k', 10.0)
    """
    rows = [
        _row(model, layer, component, scale * kurtosis + layer * layer % (5 if component.startswith("attn") else 3))
        for layer in range(_LAYERS)
        for component, kurtosis in _KURTOSIS.items()
    ]
    return pl.DataFrame(rows, schema=TENSORS.schema()).sort(TENSORS.key)


def _row(model: str, layer: int, component: str, kurtosis: float) -> dict[str, object]:
    place = {"model": model, "file": "toy", "tensor": f"layers.{layer}.{component}", "layer": layer}
    shared = {"component": component, "dtype": "f32", "shape": [2, 2], "n": 4, "n_nan": 0, "n_inf": 0, "n_zero": 0}
    figures = {"n_subnormal": 0, "mean": 0.0, "std": 1.0, "skew": 0.0, "kurtosis": kurtosis, "min": -1.0, "max": 1.0}
    return place | shared | figures | {"block": None, "absmax": 1.0, "absmax_sigma": 1.0}
