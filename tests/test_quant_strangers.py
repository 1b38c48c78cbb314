"""Tokenizers and models that are not each other's are refused, in one line."""

import pytest

from quant_models import refused, causal, masked, tokenizer, transformers  # isort: skip

from glotgap import BadArgumentError
from glotgap.quant import parallel
from glotgap.quant.models import subject
from glotgap.quant.scoring import Scorer


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
