"""Models and tokenizers that are given: what cannot be scored, or not together, is refused in one line."""

import logging

import pytest

from quant_models import TEXT, refused, saved, causal, masked, tokenizer, torch, transformers  # isort: skip

from glotgap import BadArgumentError
from glotgap.quant import evaluation, parallel, quantized
from glotgap.quant.loading import load
from glotgap.quant.models import digest, subject
from glotgap.quant.scoring import Scorer


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("models") / "llama", causal(), tokenizer())


# Objects that are no language model


@pytest.mark.parametrize(
    "wrong", [None, 3, torch.nn.Linear(2, 2), {"model": 1}, object()], ids=lambda wrong: type(wrong).__name__
)
def test_objects_that_are_no_model_are_refused(wrong):
    refused("model is a .*: give a language model of transformers", wrong, tokenizer())


def test_a_model_object_without_a_tokenizer_is_refused():
    refused("a LlamaForCausalLM brings no tokenizer", causal())
    refused("a int brings no tokenizer", causal(), 3)


def test_a_model_without_its_head_is_refused():
    refused("a LlamaModel cannot be scored", causal().model, tokenizer())
    refused("a BertModel cannot be scored", masked("Bert").bert, tokenizer(masked=True))


def test_a_classifier_is_refused():
    config = causal().config
    config.num_labels = 3
    refused("cannot be scored", transformers.LlamaForSequenceClassification(config).eval(), tokenizer())


def test_an_encoder_and_decoder_is_refused():
    sizes = {"d_model": 16, "d_kv": 8, "d_ff": 16, "num_layers": 1, "num_heads": 2, "vocab_size": 512}
    model = transformers.T5ForConditionalGeneration(transformers.T5Config(**sizes, decoder_start_token_id=0)).eval()
    refused("a T5ForConditionalGeneration cannot be scored", model, tokenizer())


def test_a_causal_head_on_a_model_that_sees_everything_is_refused():
    config = masked("Bert").config
    seeing = transformers.BertLMHeadModel(config).eval()
    refused("a BertLMHeadModel sees the tokens that it is to predict", seeing, tokenizer())
    config.is_decoder = True
    assert evaluation(transformers.BertLMHeadModel(config).eval(), tokenizer(), TEXT).scores.height == 1


# Model and tokenizer that do not belong together


def wordy(count, **special):
    from tokenizers import Tokenizer, models

    names = {"<s>": 0, "</s>": 1, **{f"w{at}": at for at in range(2, count)}}
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(names, unk_token="<s>")), **special
    )


@pytest.mark.parametrize("count", [513, 9999, 383, 10])
def test_a_tokenizer_of_another_size_is_refused(count):
    refused(
        rf"the tokenizer has {count} tokens .* the model embeds 512",
        causal(bos_token_id=0),
        wordy(count, bos_token="<s>"),
    )


@pytest.mark.parametrize("count", [512, 390])
def test_rows_of_padding_are_none_of_its_business(count):
    assert subject(causal(bos_token_id=0), wordy(count, bos_token="<s>")).tokenizer is not None


def test_tokens_that_were_added_above_the_embedding_are_refused_where_text_holds_them():
    tokens = wordy(512, bos_token="<s>")
    tokens.add_tokens(["<image>"])
    model = causal(bos_token_id=0)
    found = Scorer(subject(model, tokens).model, tokens, batch_tokens=64)
    assert found.encode(["w3"])[0].ids == (3,)
    with pytest.raises(BadArgumentError, match="tokens of the text have id 512, and the model knows 512"):
        found.encode(["w3", "<image>"])


def test_a_start_token_above_the_embedding_is_refused():
    tokens = wordy(512)
    tokens.add_special_tokens({"bos_token": "<begin>"})
    refused("special tokens have id 512, and the model knows 512", causal(bos_token_id=None), tokens)


def test_another_start_token_is_refused():
    refused("begins texts with id 1 and the model with 7", causal(bos_token_id=7), tokenizer())


def test_no_start_token_is_refused_and_the_end_stands_in_for_it():
    refused("neither BOS nor EOS", causal(bos_token_id=None), wordy(512))
    scorer = Scorer(causal(bos_token_id=None), wordy(512, eos_token="</s>"), batch_tokens=64)
    assert scorer.before == (1,)


def test_a_masked_model_needs_a_mask_token():
    refused("no mask token", masked(), wordy(512, bos_token="<s>"))


def test_windows_of_models_with_positions_for_padding_are_as_long_as_their_positions():
    model, tokens = masked("Roberta"), tokenizer(masked=True)
    scorer = Scorer(model, tokens, batch_tokens=512)
    assert scorer.length == 66 - model.config.pad_token_id - 1
    text = " ".join(parallel(languages=["eng"]).texts["eng"][:9])
    assert scorer.score(scorer.encode([text]))[0].nll > 0


# Where weights are


def test_weights_on_the_meta_device_are_refused():
    refused("meta device", causal().to("meta"), tokenizer())
    partly = causal()
    partly.model.norm.to("meta")
    refused("meta device", partly, tokenizer())


def test_a_model_on_two_devices_is_refused(monkeypatch):
    model = causal()
    weights = [weight for _, weight in model.named_parameters()]

    class Elsewhere:
        device = "cuda:0"

    monkeypatch.setattr(model, "parameters", lambda: iter([*weights, Elsewhere()]))
    refused("the model lies on cpu and cuda:0: put it on one device", model, tokenizer())


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has one")
def test_a_device_that_is_not_there_is_refused_before_anything_is_loaded(llama, monkeypatch):
    monkeypatch.setattr("glotgap.quant.models.load", lambda *_, **__: pytest.fail("the model was loaded"))
    refused("device is 'cuda'", llama, device="cuda")
    refused("device is 'tpu:7'", llama, device="tpu:7")


def test_tied_and_strided_weights_stay_so():
    model = causal(tie_word_embeddings=True)
    upside = model.model.layers[0].mlp.down_proj
    with torch.no_grad():
        upside.weight.set_(upside.weight.t().contiguous().t())
    strides = upside.weight.stride()
    wanted = evaluation(causal(tie_word_embeddings=True), tokenizer(), TEXT, schemes=["rtn4-embed"]).scores
    found = evaluation(model, tokenizer(), TEXT, schemes=["rtn4-embed"]).scores
    assert found["nll"].to_list() == pytest.approx(wanted["nll"].to_list(), abs=1e-4)  # matrices of other strides
    assert upside.weight.stride() == strides
    assert model.lm_head.weight is model.model.embed_tokens.weight


def test_a_model_that_is_saved_keeps_its_digest(tmp_path):
    model = causal()
    before = digest(model)
    model.save_pretrained(tmp_path)
    assert digest(load(tmp_path)) == digest(model) == before


def test_equal_weights_have_equal_digests_and_one_bit_changes_it():
    model = causal()
    before = digest(model)
    assert digest(causal()) == before == digest(causal().train())
    with quantized(model, "rtn4"):
        assert digest(model) != before
    assert digest(model) == before
    model.config.rms_norm_eps = 2e-6
    assert digest(model) != before


@pytest.fixture
def said():
    """What transformers logs."""
    found = []

    class Kept(logging.Handler):
        def emit(self, record):
            found.append(record.getMessage())

    kept = Kept()
    logging.getLogger("transformers").addHandler(kept)
    yield found
    logging.getLogger("transformers").removeHandler(kept)


SMALL = {"vocab_size": 512, "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 4}
OTHERS = {
    "Mpt": {"d_model": 32, "n_heads": 4, "n_layers": 2, "max_seq_len": 64},
    "Bloom": {"hidden_size": 32, "n_layer": 2, "n_head": 4},
    "Mamba": {"hidden_size": 32, "num_hidden_layers": 2, "state_size": 4},
    "Rwkv": {"hidden_size": 32, "num_hidden_layers": 2, "attention_hidden_size": 32, "context_length": 64},
}


@pytest.mark.parametrize("kind", OTHERS)
def test_models_without_attention_or_positions_are_scored_and_say_nothing(kind, said):
    config = getattr(transformers, f"{kind}Config")(**SMALL, **OTHERS[kind])
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    said.clear()
    text = parallel(languages=["eng", "hin"]).items([0, 1])
    apart, together = (evaluation(model, tokenizer(), text, batch_tokens=size).scores["nll"] for size in (1, 4096))
    assert apart.to_list() == pytest.approx(together.to_list(), abs=1e-3)  # states are summed in other orders
    assert not said
