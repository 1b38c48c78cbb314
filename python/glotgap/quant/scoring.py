"""How surprised a language model is by texts: nats, summed over their tokens.

-Σ log p(token | what the model reads), natural logarithms in float32 whatever the model's own type, summed in float64.
Texts are encoded without special tokens. Causal models read them after BOS (after EOS, where a tokenizer has no BOS);
masked models between the special tokens that their tokenizer puts around a text (see `readings`). Readings of like
length share a batch, padded at the end and masked there. So scores depend on the batch by rounding alone: some 1e-5
nats a sentence in float32.

A token whose -log p is not finite is counted, and its text has no score. Nor has a text of which the tokenizer leaves
nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from glotgap._errors import BadArgumentError
from glotgap.quant.batches import batches, in_halves, padded, readers, two_by_two
from glotgap.quant.frames import frame, is_masked
from glotgap.quant.output import find_output
from glotgap.quant.readings import Reading, causal, masked
from glotgap.quant.silence import silence
from glotgap.quant.surprise import surprise
from glotgap.quant.trial import trial

__all__ = ["Encoded", "Scored", "Scorer"]


@dataclass(frozen=True)
class Encoded:
    """The tokens of one text.

    Attributes:
        ids: without special tokens.
        unk: unknown ones among them.
        fallback: single bytes among them, of tokenizers that fall back on bytes.
    """

    ids: tuple[int, ...]
    unk: int
    fallback: int


@dataclass(frozen=True)
class Scored:
    """The score of one text.

    Attributes:
        nll: nats, summed over its tokens; None if one of them is not finite, or there is none.
        nonfinite: tokens whose -log p is not finite.
    """

    nll: float | None
    nonfinite: int


class Scorer:
    """Scores texts with one model.

    Attributes:
        method: "log-likelihood", or "pseudo-log-likelihood" of masked models.
        before: ids of the special tokens in front of a text.
        after: of those behind it.
        mask: of the token that hides others; None for causal models.
        length: the most tokens read at once.
        vocabulary: how many tokens the model chooses among.
        extra: what the model is told whenever it reads.
    """

    def __init__(
        self, model: Any, tokenizer: Any, *, batch_tokens: int, length: int | None = None, context: int = 1
    ) -> None:
        """Find out how the model is to be asked.

        Args:
            model: causal or masked language model of transformers; its mode becomes eval.
            tokenizer: its tokenizer.
            batch_tokens: tokens, padding included, that the model reads at once.
            length: the most tokens of a reading; the model's own by default.
            context: see `readings.causal`.

        Raises:
            BadArgumentError: the tokenizer lacks a special token, the window cannot hold what it has to or is larger
                than the model's, or the model gives no likelihoods.
        """
        self.model, self.tokenizer, self.context, self.batch_tokens = model.eval(), tokenizer, context, batch_tokens
        self.is_masked = is_masked(model)
        self.method = "pseudo-log-likelihood" if self.is_masked else "log-likelihood"
        self.extra = {} if self.is_masked else {"use_cache": False}
        found = frame(model, tokenizer, length=length, context=context)
        self.before, self.after, self.mask, self.length = found.before, found.after, found.mask, found.length
        with silence():
            tried = trial(model, self.before[0] if self.before else 0, self.extra, is_causal=not self.is_masked)
            self.output = find_output(model, tried)
        self.vocabulary = tried.vocabulary
        self._refuse_unknown(found.special, "the tokenizer's special tokens")
        self._fallback = frozenset(id_ for token, id_ in tokenizer.get_vocab().items() if _is_byte(token))

    def _refuse_unknown(self, ids: Iterable[int], what: str) -> None:
        known = min(self.model.get_input_embeddings().weight.shape[0], self.vocabulary)
        if (highest := max(ids, default=0)) >= known:
            raise BadArgumentError(
                f"{what} have id {highest}, and the model knows {known}: give the model's own tokenizer"
            )

    def encode(self, texts: Sequence[str]) -> list[Encoded]:
        """Return the tokens of each text.

        Raises:
            BadArgumentError: the tokenizer gives tokens that the model has not.
        """
        found = self.tokenizer(list(texts), add_special_tokens=False, verbose=False)["input_ids"] if texts else []
        self._refuse_unknown((max(ids) for ids in found if ids), "tokens of the text")
        unknown = self.tokenizer.unk_token_id
        return [
            Encoded(
                tuple(ids), ids.count(unknown) if unknown is not None else 0, sum(map(self._fallback.__contains__, ids))
            )
            for ids in found
        ]

    def score(self, texts: Sequence[Encoded], *, alone: bool = False) -> list[Scored]:
        """Return the score of each text.

        Args:
            texts: what `encode` made.
            alone: no two readings share a batch, for models in which they would change each other.

        Raises:
            UnsupportedError: memory does not hold a single reading.
        """
        rows = [row for item, text in enumerate(texts) for row in self._readings(item, text.ids)]
        sums = torch.zeros(len(texts), dtype=torch.float64)
        nonfinite = torch.zeros(len(texts), dtype=torch.int64)
        device = self.model.device
        tokens = 1 if alone else self.batch_tokens // readers(device)
        with silence():
            for halves in two_by_two(partial(in_halves, self._nats), batches(rows, tokens), device):
                for items, nats in halves:
                    sums.index_add_(0, items, nats.double())
                    nonfinite.index_add_(0, items, (~nats.isfinite()).long())
        return [
            Scored(nll if text.ids and count == 0 else None, count)
            for text, nll, count in zip(texts, sums.tolist(), nonfinite.tolist(), strict=True)
        ]

    def _readings(self, item: int, ids: Sequence[int]) -> Iterator[Reading]:
        if self.mask is not None:
            return masked(item, ids, before=self.before, after=self.after, mask=self.mask, length=self.length)
        return causal(item, ids, start=self.before[0], length=self.length, context=self.context)

    def _nats(self, batch: Sequence[Reading]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return item and -log p of each target."""
        with torch.inference_mode():
            return self._surprises(batch)

    def _surprises(self, batch: Sequence[Reading]) -> tuple[torch.Tensor, torch.Tensor]:
        inputs, mask = padded(batch, self.before[0] if self.before else 0)
        rows = torch.tensor([at for at, row in enumerate(batch) for _ in row.places])
        places = torch.tensor([place for row in batch for place in row.places])
        targets = torch.tensor([target for row in batch for target in row.targets])
        device = self.model.device
        states = self._states(inputs.to(device), mask.to(device))[rows.to(device), places.to(device)]
        items = torch.tensor([row.item for row in batch])[rows]
        found = surprise(self.output, states, targets.to(device), vocabulary=self.vocabulary)
        return items, found.cpu()

    def _states(self, inputs: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Return what the output layer is given, or the logits themselves: batch × places × size."""
        if self.output is None:
            return self.model(input_ids=inputs, attention_mask=mask, **self.extra).logits
        return self.model.base_model(input_ids=inputs, attention_mask=mask, **self.extra).last_hidden_state


def _is_byte(token: str) -> bool:
    return len(token) == 6 and token.startswith("<0x") and token.endswith(">")
