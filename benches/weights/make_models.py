"""Writes the synthetic models that the benchmark reads, seeded and in bounded memory.

Values come from one pool of noise, 98 % Gaussian and 2 % Student t with three degrees of freedom. Each piece of a
tensor takes the pool from another place, with another scale and sign, so tensors differ, and a few values of each are
outliers up to 40 sigma. Names and shapes are those of Llama-3.2-1B; norms lie near 1.
"""

import argparse
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CACHE = Path(__file__).parents[1] / ".cache"
VOCABULARY, HIDDEN, FFN, KEYS = 128_256, 2048, 8192, 512
POOL = 4 << 20
SEED = 20_261_124

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Model:
    """One file to write: its tensors and the type they are stored in ("BF16" or "F32")."""

    dtype: str
    shapes: Shapes


def layers(count: int) -> Shapes:
    """The tensors of `count` decoder layers of Llama-3.2-1B."""
    shapes: Shapes = {}
    for layer in range(count):
        at = f"model.layers.{layer}"
        shapes |= {
            f"{at}.input_layernorm.weight": (HIDDEN,),
            f"{at}.mlp.down_proj.weight": (HIDDEN, FFN),
            f"{at}.mlp.gate_proj.weight": (FFN, HIDDEN),
            f"{at}.mlp.up_proj.weight": (FFN, HIDDEN),
            f"{at}.post_attention_layernorm.weight": (HIDDEN,),
            f"{at}.self_attn.k_proj.weight": (KEYS, HIDDEN),
            f"{at}.self_attn.o_proj.weight": (HIDDEN, HIDDEN),
            f"{at}.self_attn.q_proj.weight": (HIDDEN, HIDDEN),
            f"{at}.self_attn.v_proj.weight": (KEYS, HIDDEN),
        }
    return shapes


EMBEDDING: Shapes = {"model.embed_tokens.weight": (VOCABULARY, HIDDEN)}
FINAL_NORM: Shapes = {"model.norm.weight": (HIDDEN,)}

MODELS = {
    "llama-bf16": Model("BF16", EMBEDDING | layers(16) | FINAL_NORM),
    "llama-f32": Model("F32", layers(8) | FINAL_NORM),
    "large-f32": Model("F32", layers(18) | FINAL_NORM),
    "one-bf16": Model("BF16", EMBEDDING),
    "one-f32": Model("F32", EMBEDDING),
    "tiny-bf16": Model("BF16", {"model.layers.0.self_attn.k_proj.weight": (KEYS, HIDDEN)}),
    "tiny-f32": Model("F32", {"model.layers.0.self_attn.k_proj.weight": (KEYS, HIDDEN)}),
}


def noise(random: np.random.Generator) -> NDArray[np.float32]:
    """The pool, twice over, so that any place in it starts POOL values."""
    gaussian = random.standard_normal(POOL, dtype=np.float32)
    tailed = random.random(POOL, dtype=np.float32) < 0.02
    gaussian[tailed] = random.standard_t(3, int(tailed.sum()))
    return np.concatenate([gaussian, gaussian])


def values(
    shape: tuple[int, ...], pool: NDArray[np.float32], random: np.random.Generator
) -> Iterator[NDArray[np.float32]]:
    """The values of one tensor, POOL at a time."""
    sigma, centre = (0.02 * random.lognormal(0, 0.3), 0.0) if len(shape) > 1 else (0.1, 1.0)
    for start in range(0, size := int(np.prod(shape)), POOL):
        count = min(POOL, size - start)
        place = int(random.integers(POOL))
        scale = np.float32(sigma * random.lognormal(0, 0.1) * random.choice([-1, 1]))
        piece = pool[place : place + count] * scale
        outliers = random.integers(count, size=max(1, count // 500_000))
        piece[outliers] *= random.uniform(5, 40, len(outliers)).astype(np.float32)
        yield piece + np.float32(centre)


def stored(piece: NDArray[np.float32], dtype: str) -> bytes:
    """The piece as little-endian f32, or as bf16 rounded to nearest even."""
    if dtype == "F32":
        return piece.astype("<f4").tobytes()
    bits = piece.view(np.uint32)
    bits += 0x7FFF + (bits >> 16 & 1)
    return (bits >> 16).astype("<u2").tobytes()


def write(path: Path, model: Model, pool: NDArray[np.float32]) -> None:
    """Writes `model` to `path` under a temporary name, and renames it."""
    width = {"F32": 4, "BF16": 2}[model.dtype]
    header, at = {}, 0
    for name, shape in model.shapes.items():
        end = at + int(np.prod(shape)) * width
        header[name] = {"dtype": model.dtype, "shape": shape, "data_offsets": [at, end]}
        at = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for number, shape in enumerate(model.shapes.values()):
            for piece in values(shape, pool, np.random.default_rng([SEED, number])):
                file.write(stored(piece, model.dtype))
    unfinished.rename(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="where the files go (about 11 GB; default: benches/.cache)"
    )
    cache: Path = parser.parse_args().cache
    cache.mkdir(parents=True, exist_ok=True)
    pool = noise(np.random.default_rng(SEED))
    for name, model in MODELS.items():
        path = cache / f"{name}.safetensors"
        if not path.exists():
            print(f"writing {path.name}", flush=True)
            write(path, model, pool)


if __name__ == "__main__":
    main()
