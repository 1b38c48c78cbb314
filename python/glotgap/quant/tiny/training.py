"""How the tiny model is trained: next-token prediction with AdamW (Loshchilov and Hutter 2019), on the CPU.

A batch holds whole sentences of like length, each behind `<s>` and before `</s>`; every sentence comes once an epoch.
Llama has no dropout on what its blocks add to the residual stream, so that hooks put it there while it trains; the
model that is saved has none. Torch's threads, its random numbers and its default type are as before when training ends.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, dropout
from transformers import LlamaConfig, LlamaForCausalLM

from glotgap.quant.tiny.recipe import Recipe
from glotgap.quant.tiny.text import lines, trained_on
from glotgap.quant.tiny.tokenizer import BEGIN, END, PAD, trained

__all__ = ["train"]

_BUCKET = 8
_BETAS = (0.9, 0.98)
_LONGEST_GRADIENT = 1.0


def train(recipe: Recipe, directory: Path, progress: Callable[[int, int], object] | None = None) -> None:
    """Train a model, and write it and its checkpoints into `directory`, as transformers reads them.

    Args:
        recipe: how.
        directory: an empty one.
        progress: called as `progress(step, steps)` after each step; what it raises stops the training.
    """
    texts = lines(trained_on())
    tokenizer = trained(texts, vocabulary=recipe.vocabulary)
    sequences = [[*tokenizer(text)["input_ids"], END] for text in texts]
    with _surroundings(recipe):
        model = LlamaForCausalLM(_config(recipe, len(tokenizer)))
        for step in _trained(model, sequences, recipe):
            if step in recipe.checkpoints:
                _save(model, tokenizer, directory / f"step-{step:06}")
            if step and progress is not None:
                progress(step, recipe.steps)
        _save(model, tokenizer, directory)


def _config(recipe: Recipe, vocabulary: int) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=recipe.width,
        intermediate_size=recipe.inner,
        num_hidden_layers=recipe.layers,
        num_attention_heads=recipe.heads,
        max_position_embeddings=recipe.positions,
        initializer_range=recipe.spread,
        tie_word_embeddings=True,
        pad_token_id=PAD,
        bos_token_id=BEGIN,
        eos_token_id=END,
    )


def _trained(model: Any, sequences: Sequence[Sequence[int]], recipe: Recipe) -> Iterator[int]:
    """Train, and yield the number of steps behind: 0 before the first."""
    optimizer = _optimizer(model, recipe.weight_decay)
    yield 0
    with _dropping(model, recipe):
        for step, batch in enumerate(islice(_batches(sequences, recipe), recipe.steps)):
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate_at(step)
            optimizer.zero_grad()
            _loss(model, batch).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), _LONGEST_GRADIENT)
            optimizer.step()
            yield step + 1


def _optimizer(model: Any, weight_decay: float) -> torch.optim.Optimizer:
    matrices = [weight for weight in model.parameters() if weight.dim() > 1]
    norms = [weight for weight in model.parameters() if weight.dim() == 1]
    groups = [{"params": matrices, "weight_decay": weight_decay}, {"params": norms, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, betas=_BETAS)


def _loss(model: Any, batch: Sequence[Sequence[int]]) -> Any:
    """Return the mean of -ln p over the tokens after the first of each sequence."""
    tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(row) for row in batch], batch_first=True, padding_value=PAD)
    logits = model(tokens, use_cache=False).logits[:, :-1]
    return cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), ignore_index=PAD)


def _batches(sequences: Sequence[Sequence[int]], recipe: Recipe) -> Iterator[list[Sequence[int]]]:
    """Yield batches without end. Sequences are sorted by length among those of some batches, so that few are padded."""
    for epoch in count():
        rng = np.random.default_rng([recipe.seed, epoch])
        order = rng.permutation(len(sequences))
        for start in range(0, len(order), recipe.batch * _BUCKET):
            near = sorted(order[start : start + recipe.batch * _BUCKET], key=lambda at: len(sequences[at]))
            cuts = range(0, len(near), recipe.batch)
            for cut in rng.permutation(cuts):
                yield [sequences[at] for at in near[cut : cut + recipe.batch]]


@contextmanager
def _surroundings(recipe: Recipe) -> Iterator[None]:
    """Give torch the recipe's threads and seed, float32 and gradients; then what it had before."""
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    with torch.random.fork_rng(devices=[]), torch.inference_mode(mode=False), torch.enable_grad():
        torch.default_generator.manual_seed(recipe.seed)
        torch.set_num_threads(recipe.threads)
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_default_dtype(dtype)


@contextmanager
def _dropping(model: Any, recipe: Recipe) -> Iterator[None]:
    """Drop values of the embedding and of what attention and MLPs add to the residual stream."""
    adding = [(layer.self_attn.o_proj, layer.mlp.down_proj) for layer in model.model.layers]
    places = [model.model.embed_tokens, *(module for pair in adding for module in pair)] if recipe.dropout else []
    hooks = [module.register_forward_hook(lambda _, __, out: dropout(out, recipe.dropout)) for module in places]
    model.train()
    try:
        yield
    finally:
        model.eval()
        for hook in hooks:
            hook.remove()


def _save(model: Any, tokenizer: Any, directory: Path) -> None:
    """Write the model as it stands; the head is the embedding, and is stored once."""
    directory.mkdir(exist_ok=True)
    weights = {name: weight.detach() for name, weight in model.named_parameters()}
    save_file(weights, directory / "model.safetensors", metadata={"format": "pt"})
    model.config.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
