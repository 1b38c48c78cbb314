"""Small models with random weights, and a tokenizer of the package's own sentences: what tests score."""

import functools

import pytest

torch = pytest.importorskip("torch", reason="needs the extra torch")
transformers = pytest.importorskip("transformers", reason="needs the extra torch")

from glotgap import BadArgumentError, GlotgapError  # noqa: E402  after the skip
from glotgap.quant import evaluation, parallel  # noqa: E402  after the skip

torch.set_num_threads(1)  # models this small are slower with two

TEXT = parallel(languages=["eng"]).items([0])
SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
SPECIAL = ["<unk>", "<s>", "</s>", "<mask>", "<pad>"]


@functools.cache
def tokenizer(*, masked=False):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    texts = [text for texts in parallel().texts.values() for text in texts]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    made.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=500, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False),
    )
    if masked:
        made.post_processor = processors.TemplateProcessing(
            single="<s> $A </s>", special_tokens=[("<s>", 1), ("</s>", 2)]
        )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        mask_token="<mask>",
        pad_token="<pad>",
        cls_token="<s>",
        sep_token="</s>",
    )


def causal(kind="Llama", seed=0, **options):
    """A causal model: Llama, GPT2 (Conv1D), Gemma2 (soft cap), Cohere (scaled logits), Gemma3."""
    torch.manual_seed(seed)
    sizes = SIZES | {"intermediate_size": 64, "vocab_size": 512, "max_position_embeddings": 64, "head_dim": 8}
    if kind == "GPT2":
        sizes = {"n_embd": 32, "n_layer": 2, "n_head": 4, "vocab_size": 512, "n_positions": 64}
    if kind in {"Gemma3", "Gemma2"}:
        sizes |= {"sliding_window": 32}
    config_name = f"{kind}TextConfig" if kind == "Gemma3" else f"{kind}Config"
    config = getattr(transformers, config_name)(
        **sizes | {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 4} | options
    )
    model = transformers.AutoModelForCausalLM.from_config(config)
    return _lively(model)


def masked(kind="Roberta", seed=0):
    """A masked model: Bert or Roberta."""
    torch.manual_seed(seed)
    sizes = {name: SIZES[name] for name in ("hidden_size", "num_hidden_layers", "num_attention_heads")}
    config = getattr(transformers, f"{kind}Config")(
        **sizes,
        intermediate_size=64,
        vocab_size=512,
        max_position_embeddings=66,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=4,
    )
    return _lively(transformers.AutoModelForMaskedLM.from_config(config))


def _lively(model):
    """Make weights large enough that logits differ: those of initialization leave every token near ln(vocabulary)."""
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim > 1:
                weight.mul_(4)
    return model.eval()


def saved(folder, model, tokens=None):
    """A model, and a tokenizer where there is one, in a directory."""
    model.save_pretrained(folder)
    if tokens is not None:
        tokens.save_pretrained(folder)
    return folder


def refused(message, model, tokens=None, *, kind=BadArgumentError, **options):
    """Evaluating says `message`, in one line."""
    with pytest.raises(kind, match=message) as caught:
        evaluation(model, tokens, TEXT, **options)
    assert isinstance(caught.value, GlotgapError)
    assert "\n" not in str(caught.value)
