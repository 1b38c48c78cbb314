r"""How models cut words, by the name that GGUF files give it (`tokenizer.ggml.pre`).

llama.cpp names a pre-tokenizer after the first model that had it (src/llama-vocab.cpp). Here each name stands for the
chain in that model's own tokenizer.json, normalizer included: GGUF does not keep it, and llama.cpp leaves it out. Only
names whose chain is known are here.
"""

from dataclasses import dataclass

from glotgap._errors import UnsupportedError
from glotgap.tokens.convert import byte_level
from glotgap.tokens.convert.document import Part, split
from glotgap.tokens.convert.patterns import GPT4, O200K, QWEN2, QWEN35, TEKKEN

__all__ = ["Words", "known", "words"]


@dataclass(frozen=True, slots=True)
class Words:
    """How a model cuts words: its pre-tokenizers, whether text is composed (NFC) first, and `ignore_merges`."""

    pre_tokenizers: list[Part]
    composed: bool = False
    ignore_merges: bool = False


def _byte_level(*steps: Part) -> list[Part]:
    return [*steps, byte_level.PRE_TOKENIZER]


_DIGITS: Part = {"type": "Digits", "individual_digits": True}
_RUNS_OF_DIGITS: Part = {"type": "Digits", "individual_digits": False}
_PUNCTUATION: Part = {"type": "Punctuation", "behavior": "Contiguous"}
_KANA_AND_HAN = "[一-龥\u3040-ゟ゠-ヿ]+"
_HAN_AND_ON = "[一-龥ࠀ-一가-퟿]+"
_MARK_THEN_WORD = (
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*"""
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

_GPT2 = [byte_level.GPT2_WORDS]
_DIGITS_GPT2 = [_DIGITS, byte_level.GPT2_WORDS]
_DEEPSEEK_CODER = [split(regex) for regex in ("[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", _HAN_AND_ON)]
_DEEPSEEK_V3 = [split(regex) for regex in (r"\p{N}{1,3}", _KANA_AND_HAN, _MARK_THEN_WORD)]
_FALCON = [_PUNCTUATION, byte_level.GPT2_WORDS, _RUNS_OF_DIGITS, split("[0-9][0-9][0-9]")]

_BY_MODEL = {
    "gpt-2": Words(_GPT2),
    "olmo": Words(_GPT2, composed=True),
    "smollm": Words(_DIGITS_GPT2),
    "command-r": Words(_DIGITS_GPT2, composed=True),
    "llama-bpe": Words(_byte_level(split(GPT4)), ignore_merges=True),
    "qwen2": Words(_byte_level(split(QWEN2)), composed=True),
    "qwen35": Words(_byte_level(split(QWEN35)), composed=True),
    "gpt-4o": Words(_byte_level(split(O200K))),
    "tekken": Words(_byte_level(split(TEKKEN)), ignore_merges=True),
    "deepseek-coder": Words(_byte_level(*_DEEPSEEK_CODER, _DIGITS)),
    "deepseek-v3": Words(_byte_level(*_DEEPSEEK_V3)),
    "falcon": Words(_FALCON),
}
_SAME = {
    "gpt-2": "phi-2 roberta-bpe jais",
    "olmo": "mpt modern-bert",
    "smollm": "starcoder",
    "llama-bpe": "llama3 llama-v3",
    "qwen2": "deepseek-r1-qwen",
}
_WORDS = _BY_MODEL | {name: _BY_MODEL[model] for model, names in _SAME.items() for name in names.split()}


def known() -> list[str]:
    """Return the names that are known."""
    return sorted(_WORDS)


def words(name: str | None) -> Words:
    """Return how the model that a GGUF file names cuts words.

    Raises:
        UnsupportedError: the name is not known here, or there is none.
    """
    if name not in _WORDS:
        what = f"the GGUF file names the pre-tokenizer {name!r}" if name else "the GGUF file names no pre-tokenizer"
        raise UnsupportedError(f"{what}; known are {', '.join(known())}; give the model's tokenizer.json")
    return _WORDS[name]
