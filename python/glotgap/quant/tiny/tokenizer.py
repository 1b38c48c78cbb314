"""The tokenizer of the tiny model: byte-level BPE, trained on the sentences that the model is trained on.

Marks stay with their letters (GPT-2's regular expression cuts Devanagari, Tamil and others at every vowel sign);
numbers and punctuation stand alone. A text begins with `<s>`; `</s>` ends it in training only.
"""

from collections.abc import Sequence
from typing import Any, Final

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

__all__ = ["BEGIN", "END", "PAD", "trained"]

PAD, BEGIN, END = 0, 1, 2
_SPECIAL: Final = ("<pad>", "<s>", "</s>")
_TRAINER: Any = trainers.BpeTrainer  # neither has types
_TOKENIZER: Any = PreTrainedTokenizerFast
_WORDS: Final = r" ?[\p{L}\p{M}]+| ?\p{N}+| ?[^\s\p{L}\p{M}\p{N}]+|\s+(?!\S)|\s+"


def trained(texts: Sequence[str], *, vocabulary: int) -> Any:
    """Return a tokenizer of transformers, trained on `texts`.

    Example:
        >>> tokenizer = trained(["aa aa ab"], vocabulary=260)
        >>> tokenizer("aaa")["input_ids"], tokenizer.decode(tokenizer("né")["input_ids"], skip_special_tokens=True)
        ([1, 259, 67], 'né')
    """
    tokenizer = Tokenizer(models.BPE())
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(_WORDS), "isolated"), bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = _TRAINER(
        vocab_size=vocabulary,
        special_tokens=list(_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    begin = _SPECIAL[BEGIN]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{begin} $A", special_tokens=[(begin, BEGIN)])
    names = {"pad_token": _SPECIAL[PAD], "bos_token": begin, "eos_token": _SPECIAL[END]}
    return _TOKENIZER(tokenizer_object=tokenizer, **names, clean_up_tokenization_spaces=False)
