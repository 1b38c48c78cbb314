"""From the last hidden states of a model to its logits.

The logits of all positions of a batch would take gigabytes where vocabularies are large (262,144 entries × 2,048
positions × 4 bytes = 2 GiB). So the body of the model is run alone, and `surprise` makes of its states what logits it
needs, some at a time. What models do to logits after their output layer (Gemma's soft cap, Cohere's and Granite's
scales) is done here too. Which of these ways is the model's own is found by a trial: the one whose logits equal those
that the model itself returns. Where none does, the whole model is run, and its batches have to be smaller.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from operator import mul
from typing import Any, Final

import torch

from glotgap.quant.trial import Trial, is_near

__all__ = ["Output", "find_output"]

Change = Callable[[torch.Tensor], torch.Tensor]

_NAMES: Final = ("lm_head", "cls", "embed_out", "predictions", "vocab_projector", "generator")
"""What output layers are called where `get_output_embeddings` is not all that lies between states and logits."""


def _as_they_are(logits: torch.Tensor) -> torch.Tensor:
    return logits


@dataclass(frozen=True)
class Output:
    """The way from states (n × width) to logits (n × vocabulary).

    Attributes:
        layer: of the model.
        change: what the model does to each logit thereafter.
    """

    layer: Change
    change: Change = _as_they_are

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        return self.change(self.layer(states))

    @property
    def matrix(self) -> torch.nn.Linear | None:
        """The layer, if it is nothing but a product with its weight."""
        layer: Any = self.layer
        if type(layer) is not torch.nn.Linear or layer.bias is not None:
            return None
        own = vars(layer)  # hooks, and what accelerate puts in place of `forward`, may do anything
        return None if own["_forward_hooks"] or own["_forward_pre_hooks"] or "forward" in own else layer


def find_output(model: Any, trial: Trial) -> Output | None:
    """Return what makes logits of the last hidden states of `model.base_model`, or None if nothing known does.

    Args:
        model: causal or masked language model of transformers, in eval mode.
        trial: what it made of a few tokens.
    """
    body = model.base_model
    if body is model:
        return None
    with torch.inference_mode():
        states = body(input_ids=trial.ids, **trial.options).last_hidden_state[0]
        return next((output for output in _candidates(model) if _equals(output, states, trial.logits)), None)


def _candidates(model: Any) -> Iterator[Output]:
    config = model.config.get_text_config()
    layers = [model.get_output_embeddings(), *(getattr(model, name, None) for name in _NAMES)]
    for layer in layers:
        if layer is None:
            continue
        yield Output(layer)
        if cap := getattr(config, "final_logit_softcapping", None) or getattr(config, "logits_soft_cap", None):
            yield Output(layer, partial(_capped, cap))
        if scale := getattr(config, "logit_scale", None):
            yield Output(layer, partial(mul, scale))
        if scale := getattr(config, "logits_scaling", None):
            yield Output(layer, partial(mul, 1 / scale))


def _capped(cap: float, logits: torch.Tensor) -> torch.Tensor:
    return torch.tanh(logits / cap) * cap


def _equals(output: Output, states: torch.Tensor, wanted: torch.Tensor) -> bool:
    """Whether the logits differ by rounding only."""
    try:
        found = output(states).float()
    except (RuntimeError, TypeError):  # a layer of another width, or one that is asked for something else
        return False
    return found.shape == wanted.shape and is_near(found, wanted, states.dtype)
