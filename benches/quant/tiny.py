"""What the tiny model has learned: bits per UTF-8 byte, on sentences it read and on those held out, and a rival.

The rival is the least that a model can do: token frequencies of the same tokenizer on the same training text, with
as much added to each count as serves it best on the held-out text. `</s>` is scored by neither.

    python benches/quant/tiny.py
"""

import math
import time

import numpy as np
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from glotgap.quant import Parallel, tiny

ADDED = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)


def texts(part: Parallel) -> list[str]:
    """Return all texts of a part."""
    return [item for items in part.texts.values() for item in items if item is not None]


def bits(model: torch.nn.Module, rows: list[list[int]]) -> float:
    """Return -log2 p of the tokens after the first of each row, summed."""
    with torch.inference_mode():
        losses = [model(torch.tensor([row]), labels=torch.tensor([row])).loss.item() * (len(row) - 1) for row in rows]
    return sum(losses) / math.log(2)


def unigram_bits(seen: list[list[int]], unseen: list[list[int]], vocabulary: int) -> float:
    """Return -log2 p of the unseen tokens by the frequencies of the seen ones."""
    counts = np.bincount(np.concatenate([row[1:] for row in seen]), minlength=vocabulary)
    asked = np.concatenate([row[1:] for row in unseen])
    return min(-float(np.log2((counts + k) / (counts + k).sum())[asked].sum()) for k in ADDED)


def main() -> None:
    """Train or take the default model, and print its figures."""
    begun = time.perf_counter()
    directory = tiny.model()
    seconds = time.perf_counter() - begun
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModelForCausalLM.from_pretrained(directory)
    parts = [texts(tiny.trained_on()), texts(tiny.held_out())]
    rows = [[tokenizer(text)["input_ids"] for text in part] for part in parts]
    sizes = [sum(len(text.encode()) for text in part) for part in parts]
    print(f"parameters {sum(weight.numel() for weight in model.parameters())}, vocabulary {len(tokenizer)}")
    print(f"tiny.model() took {seconds:.1f} s (short where the model was in the cache)")
    for name, part, size in zip(("read", "held out"), rows, sizes, strict=True):
        tokens = sum(map(len, part)) - len(part)
        print(f"{name}: {size} bytes, {tokens} tokens, {bits(model, part) / size:.3f} bits a byte")
    print(f"held out, token frequencies: {unigram_bits(*rows, len(tokenizer)) / sizes[1]:.3f} bits a byte")


if __name__ == "__main__":
    main()
