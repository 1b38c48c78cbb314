"""What a model makes of a few tokens: whether it is a language model that can be scored at all.

A model that gives no logits of each token, or one that is asked for likelihoods and sees the tokens that it is to
predict (BERT with a causal head, but without `is_decoder`), would be scored without an error, and wrongly.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch

from glotgap._errors import BadArgumentError

__all__ = ["Trial", "is_near", "trial"]

_TOKENS: Final = 6
"""Past the first few, rotary and learned positions, masks and caps have all had their say."""

_STEP: Final = 37
"""From one id to the next: neighbours in a vocabulary can be alike."""


@dataclass(frozen=True, eq=False)
class Trial:
    """A short reading.

    Attributes:
        ids: that the model was given: 1 x tokens.
        options: what else it was given, as it is when texts are scored.
        logits: what it answered: tokens x vocabulary, float32.
    """

    ids: torch.Tensor
    options: dict[str, Any]
    logits: torch.Tensor

    @property
    def vocabulary(self) -> int:
        """How many tokens the model chooses among."""
        return int(self.logits.shape[1])


def trial(model: Any, start: int, extra: Mapping[str, Any], *, is_causal: bool) -> Trial:
    """Let a model read a few tokens.

    Args:
        model: of transformers, in eval mode.
        start: id of the first token.
        extra: what the model is told whenever it reads.
        is_causal: whether later tokens must change nothing.

    Raises:
        BadArgumentError: it gives no logits of each token, or sees what it is to predict.
    """
    rows = model.get_input_embeddings().weight.shape[0]
    ids = torch.tensor([[(start + _STEP * at) % rows for at in range(_TOKENS)]], device=model.device)
    options = {"attention_mask": torch.ones_like(ids), **extra}
    found = _read(model, ids, options)
    if is_causal:
        other = ids.clone()
        other[0, -1] = (other[0, -1] + _STEP) % rows
        if not is_near(_read(model, other, options).logits[:-1], found.logits[:-1], model.dtype):
            raise BadArgumentError(
                f"a {type(model).__name__} sees the tokens that it is to predict: give a causal model, or a masked one "
                "with its MaskedLM class"
            )
    return found


def _read(model: Any, ids: torch.Tensor, options: dict[str, Any]) -> Trial:
    try:
        with torch.inference_mode():
            logits = model(input_ids=ids, **options).logits
    except (AttributeError, TypeError, ValueError) as error:
        raise BadArgumentError(_no_model(model, str(error).partition("\n")[0])) from error
    if not isinstance(logits, torch.Tensor) or logits.ndim != 3 or logits.shape[:2] != ids.shape:
        raise BadArgumentError(_no_model(model, "its logits are not those of each token"))
    return Trial(ids, options, logits[0].float())


def _no_model(model: Any, reason: str) -> str:
    return f"a {type(model).__name__} cannot be scored ({reason}): give a causal or masked language model with its head"


def is_near(found: torch.Tensor, wanted: torch.Tensor, dtype: torch.dtype) -> bool:
    """Whether logits differ by the rounding of a type only."""
    slack = 1e-2 if dtype in {torch.bfloat16, torch.float16} else 1e-4
    return bool(torch.allclose(found, wanted, rtol=slack, atol=slack, equal_nan=True))
