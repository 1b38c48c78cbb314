"""Text that is odd: what is warned of, what has no row, what has no score, and what is scored as it is."""

import warnings

import polars as pl
import pytest

from quant_models import causal, tokenizer, torch, transformers  # isort: skip

from glotgap import BadArgumentError, tables
from glotgap._errors import GlotgapWarning
from glotgap.quant import Parallel, evaluation, parallel

NATS = 1e-4  # float32 logits, summed over some 40 tokens: other batches round otherwise


def evaluated(model=None, tokens=None, corpus=None, **options):
    text = parallel(languages=["eng", "heb"], limit=2) if corpus is None else corpus
    return evaluation(model or causal(), tokens or tokenizer(), text, **options)


def twin(model, text):
    """The slow twin: one forward pass a text, nats of each token after BOS."""
    tokens = tokenizer()
    ids = [tokens.bos_token_id, *tokens(text, add_special_tokens=False)["input_ids"]]
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids[:-1]])).logits[0].double().log_softmax(-1)
    return -sum(logits[at, ids[at + 1]].item() for at in range(len(ids) - 1))


def corpus(**texts):
    count = max(map(len, texts.values()))
    filled = {language: (*items, *[None] * (count - len(items))) for language, items in sorted(texts.items())}
    return Parallel("a test", tuple(f"item {at}" for at in range(count)), filled)


def test_odd_text_is_warned_of_and_what_is_missing_has_no_row():
    text = corpus(
        eng=("One.", "Two.", "Two."), heb=("אחת.", "  "), rus=("Один\N{REPLACEMENT CHARACTER}.", "Два.", "Три.")
    )
    with pytest.warns(GlotgapWarning) as seen:
        found = evaluated(corpus=text).scores
    message = str(seen[0].message)
    assert len(seen) == 1
    for part in (
        "text of a test",
        "eng: 1 duplicate (first item 2)",
        "heb: 1 missing (first item 2)",
        "heb: 1 empty (first item 1)",
        "rus: 1 replacement character (first item 0)",
    ):
        assert part in message
    assert found.group_by("language").len().sort("language").rows() == [("eng", 3), ("heb", 1), ("rus", 3)]


def test_many_unknown_tokens_and_single_bytes_are_warned_of():
    from tokenizers import Tokenizer, models

    pieces = {"<unk>": 0, "<s>": 1, "a": 2, "<0x62>": 3, **{f"piece{at}": at for at in range(4, 500)}}
    made = Tokenizer(models.BPE(pieces, [], unk_token="<unk>", byte_fallback=True))
    tokens = transformers.PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", unk_token="<unk>")
    with pytest.warns(GlotgapWarning) as seen:
        found = evaluated(tokens=tokens, corpus=corpus(eng=("aabb",), deu=("acac", "aaaa"))).scores
    assert "deu: 25.0 % of tokens are unknown" in str(seen[0].message)
    assert "eng: 50.0 % of tokens are single bytes" in str(seen[0].message)
    assert found.select("language", "unk", "fallback").rows() == [("deu", 2, 0), ("deu", 0, 0), ("eng", 0, 2)]


def test_a_text_of_which_the_tokenizer_leaves_nothing_has_no_score():
    from tokenizers import normalizers

    tokens = transformers.PreTrainedTokenizerFast(
        tokenizer_object=type(tokenizer().backend_tokenizer).from_str(tokenizer().backend_tokenizer.to_str()),
        bos_token="<s>",
    )
    tokens.backend_tokenizer.normalizer = normalizers.Replace("\N{ZERO WIDTH SPACE}", "")
    with pytest.warns(GlotgapWarning, match="eng: 1 without a token, which have no score"):
        found = evaluated(tokens=tokens, corpus=corpus(eng=("One.", "\N{ZERO WIDTH SPACE}"))).scores
    assert found.select("nll", "tokens", "nonfinite").row(1) == (None, 0, 0)
    assert found["nll"][0] is not None


def test_clean_text_is_warned_of_by_nobody():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        evaluated(limit=1)


def test_one_language_and_one_item_are_enough():
    assert evaluated(corpus=corpus(eng=("One.",))).scores.height == 1


def test_no_text_at_all_is_an_error():
    with pytest.raises(BadArgumentError, match="has no text in eng"):
        evaluated(corpus=corpus(eng=(" ",)))


ODD = [
    "a\x00b",
    "\u202eright to left\u202c",
    "x" * 20_000,
    "</s><s> special",
    "\ud7ff\U0010ffff",
    "\ufeffmark",
    "\u2028",
]


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_texts_are_scored_as_they_are(text):
    model = causal()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GlotgapWarning)
        found = evaluated(model, corpus=corpus(eng=(text, "One.")), batch_tokens=512).scores
    if text.isspace():
        assert found.height == 1
        return
    row = found.filter(item="item 0")
    assert row["bytes"].item() == len(text.encode())
    assert row["nll"].item() > 0
    if row["tokens"].item() < 60:
        assert row["nll"].item() == pytest.approx(twin(model, text), abs=NATS)


def test_half_surrogate_pairs_are_refused_by_item():
    with pytest.raises(BadArgumentError, match="item item 1 in eng holds half surrogate pairs"):
        evaluated(corpus=corpus(eng=("One.", "\ud800")))


def test_a_long_text_has_each_token_scored_once():
    model = causal()
    text = " ".join(parallel().texts["eng"][:12])
    found = evaluated(model, corpus=corpus(eng=(text,)), length=16, context=4, unit="document").scores
    assert found["tokens"].item() == len(tokenizer()(text)["input_ids"])


def test_ids_are_kept_as_they_are():
    rows = pl.DataFrame({"id": ["a b", "\tc", ""], "language": ["eng"] * 3, "text": ["One.", "Two.", "Three."]})
    assert evaluated(corpus=rows).scores["item"].to_list() == ["", "\tc", "a b"]


def test_items_whose_logits_are_not_finite_are_counted_and_have_no_score():
    model = causal()
    with torch.no_grad():
        model.get_output_embeddings().weight[tokenizer()("One", add_special_tokens=False)["input_ids"][0]] = torch.nan
    found = evaluated(model, corpus=corpus(eng=("One.",))).scores
    assert found["nll"].to_list() == [None]
    assert found["nonfinite"].item() == found["tokens"].item()
    tables.check("SCORES", found)


@pytest.mark.parametrize("kind", ["GPT2", "Gemma3"])
def test_models_in_bfloat16_are_scored_and_say_so(kind):
    model = causal(kind).to(torch.bfloat16)
    found = evaluated(model, schemes=["fp", "rtn4"])
    assert set(found.scores["reference"]) == {"bfloat16 as given"}
    full = evaluated(causal(kind)).scores["nll"].to_list()
    # bfloat16 keeps 8 bits: some hundredths of a nat a token
    assert found.scores.filter(scheme="fp")["nll"].to_list() == pytest.approx(full, rel=0.02)
