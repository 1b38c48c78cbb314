"""TENSORS frames that look like real models, from a fixed seed; no extension, no weights."""

import numpy as np
import polars as pl

from glotgap.tables import TENSORS
from glotgap.weights.components import place

LLAMA = {
    "model.layers.{}.self_attn.q_proj.weight": ([4096, 4096], 2.0),
    "model.layers.{}.self_attn.k_proj.weight": ([1024, 4096], 4.0),
    "model.layers.{}.self_attn.v_proj.weight": ([1024, 4096], 0.6),
    "model.layers.{}.self_attn.o_proj.weight": ([4096, 4096], 3.0),
    "model.layers.{}.mlp.gate_proj.weight": ([14336, 4096], 0.5),
    "model.layers.{}.mlp.up_proj.weight": ([14336, 4096], 0.4),
    "model.layers.{}.mlp.down_proj.weight": ([4096, 14336], 9.0),
    "model.layers.{}.input_layernorm.weight": ([4096], 30.0),
    "model.layers.{}.post_attention_layernorm.weight": ([4096], 12.0),
}
LLAMA_ENDS = {
    "model.embed_tokens.weight": ([128256, 4096], 1.2),
    "model.norm.weight": ([4096], 200.0),
    "lm_head.weight": ([128256, 4096], 0.9),
}


def variable_names(column):
    """The columns a family stands for by default."""
    families = {"tail{k}": (3, 4, 6), "q{q}": (0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999)}
    return [f"{column.name[: column.name.index('{')]}{value:g}" for value in families.get(column.name, ())] or [
        column.name
    ]


def schema(*parts):
    return {name: column.dtype for column in TENSORS.columns if column.part in parts for name in variable_names(column)}


def row(name, shape, kurtosis, *, parts=("base", "whole", "clip"), **changes):
    """One row; figures that do not matter follow from the kurtosis, so that they stay plausible."""
    where = place(name)
    weight = max(kurtosis or 0.0, 0.0)
    std, absmax = 0.02, 0.02 * (4 + 0.4 * weight**0.5)
    figures = {
        "model": "synthetic", "file": "model.safetensors", "tensor": name, "block": None, "layer": where.layer,
        "component": where.component, "dtype": "bf16", "shape": shape, "n": int(np.prod(shape)), "mean": 1e-5,
        "std": std, "skew": 0.01, "kurtosis": kurtosis, "min": -absmax, "max": absmax, "absmax": absmax,
        "absmax_sigma": absmax / std, "mean_abs_dev": 0.8 * std, "tail6": 1e-6 * weight, "exact": True,
        "entropy": 10.0, "sqnr4_symint": 19.1 - weight**0.5 / 4,
    }  # fmt: skip
    blank = {key: 0 if dtype in {pl.UInt64(), pl.Float64()} else None for key, dtype in schema(*parts).items()}
    return {key: {**blank, **figures, **changes}[key] for key in blank}


def frame(rows, parts=("base", "whole", "clip")):
    return pl.DataFrame(rows, schema=schema(*parts), orient="row")


def llama(layers=32, seed=0):
    """A decoder with heavy down projections early on, as real ones have."""
    rng = np.random.default_rng(seed)
    rows = [row(name, shape, kurtosis) for name, (shape, kurtosis) in LLAMA_ENDS.items()]
    for layer in range(layers):
        for name, (shape, kurtosis) in LLAMA.items():
            boost = 80.0 if "down_proj" in name and layer in {1, layers - 1} else 1.0
            level = float(boost * kurtosis * rng.lognormal(0, 0.6) - 0.3)
            rows.append(row(name.format(layer), shape, level))
    return frame(rows)
