"""What stands around a text when a model reads it: special tokens, and the window that holds both."""

from dataclasses import dataclass
from typing import Any, Final

from glotgap._errors import BadArgumentError

__all__ = ["Frame", "frame", "is_masked"]

_NO_LIMIT: Final = 1 << 20
"""A window of models and tokenizers that name no greatest length: transformers writes 1e30."""

_DEFAULT: Final = 2048
_SIZES: Final = ("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "context_length")
"""What configurations call the most tokens that a model sees."""


@dataclass(frozen=True)
class Frame:
    """What stands around a text.

    Attributes:
        before: ids of the special tokens in front of it.
        after: of those behind it.
        mask: of the token that hides others; None for causal models.
        length: the most tokens read at once, special ones included.
    """

    before: tuple[int, ...]
    after: tuple[int, ...]
    mask: int | None
    length: int

    @property
    def special(self) -> tuple[int, ...]:
        """All ids that the tokenizer's texts do not hold."""
        return (*self.before, *self.after, *(() if self.mask is None else (self.mask,)))


def frame(model: Any, tokenizer: Any, *, length: int | None, context: int) -> Frame:
    """Return what stands around texts.

    Args:
        model: causal or masked language model of transformers.
        tokenizer: its tokenizer.
        length: of the window; the model's own by default.
        context: tokens before those scored in windows but the first.

    Raises:
        BadArgumentError: the tokenizer lacks a special token, or the window cannot hold what it has to, or is larger
            than the model's.
    """
    masked = is_masked(model)
    before, after = _around(tokenizer) if masked else ((_start(tokenizer),), ())
    found = Frame(before, after, _mask(tokenizer) if masked else None, _length(model, tokenizer, length))
    if not 1 <= context <= found.length or len(before) + len(after) >= found.length + (not masked):
        raise BadArgumentError(
            f"context is {context} and length {found.length}: give a context from 1 to length, and a length that holds "
            "special tokens and one more"
        )
    return found


def is_masked(model: Any) -> bool:
    """Whether a model predicts tokens that are hidden from it, rather than those that follow."""
    return type(model).__name__.endswith("MaskedLM")


def _start(tokenizer: Any) -> int:
    start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    if start is None:
        raise BadArgumentError("the tokenizer has neither BOS nor EOS to begin a text with: set its bos_token")
    return int(start)


def _mask(tokenizer: Any) -> int:
    if tokenizer.mask_token_id is None:
        raise BadArgumentError("the tokenizer has no mask token, which a masked model is asked with: give its own")
    return int(tokenizer.mask_token_id)


def _around(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the special tokens before and after a text."""
    text = tokenizer("a", add_special_tokens=False, verbose=False)["input_ids"]
    whole = tokenizer("a", verbose=False)["input_ids"]
    begin = next((at for at in range(len(whole)) if whole[at : at + len(text)] == text), 0)
    return tuple(whole[:begin]), tuple(whole[begin + len(text) :])


def _length(model: Any, tokenizer: Any, asked: int | None) -> int:
    """Return the tokens of a window: those asked for, or as many as the model and its tokenizer are made for."""
    config = model.config.get_text_config()
    sizes = [getattr(config, name, None) for name in _SIZES]
    sees = min([size for size in (*sizes, _learned(model)) if size], default=_NO_LIMIT)
    if asked is not None and asked > sees:
        raise BadArgumentError(f"length is {asked}, and the model sees {sees} tokens: give at most so many")
    found = min(sees, tokenizer.model_max_length) if asked is None else asked
    return int(found) if found < _NO_LIMIT else _DEFAULT


def _learned(model: Any) -> int | None:
    """Return how many positions are learned where the first ones are set apart for padding, as in RoBERTa."""
    tables = (module for name, module in model.named_modules() if name.endswith("position_embeddings"))
    padded = (table for table in tables if getattr(table, "padding_idx", None) is not None)
    return next((table.num_embeddings - table.padding_idx - 1 for table in padded), None)
