"""Scoring: equal to lm-evaluation-harness and to a loop anyone can read."""

import math
import threading

import pytest

from quant_models import causal, masked, tokenizer, torch, transformers  # isort: skip

from glotgap._errors import BadArgumentError, UnsupportedError
from glotgap.quant import parallel
from glotgap.quant.batches import readers, two_by_two
from glotgap.quant.readings import causal as windows
from glotgap.quant.scoring import Scorer

KINDS = ["Llama", "GPT2", "Gemma2", "Gemma3", "Cohere"]
NATS = 1e-4  # float32 logits, summed over some 50 tokens: other batches round otherwise


def texts(count=6):
    found = parallel(languages=["eng", "heb", "hin", "jpn"], limit=count)
    return [text for texts in found.texts.values() for text in texts]


def scored(scorer, given):
    return [score.nll for score in scorer.score(scorer.encode(given))]


def loop(model, tokens, text, length):
    """The slow twin: one token after the other, each with all that its window holds before it."""
    ids = tokens(text, add_special_tokens=False)["input_ids"]
    full = [tokens.bos_token_id, *ids]
    nats = 0.0
    for begin in range(0, len(ids), length):
        first = begin if begin == 0 else max(0, min(len(ids), begin + length) - length)
        for at in range(begin, min(len(ids), begin + length)):
            with torch.no_grad():
                logits = model(input_ids=torch.tensor([full[first : at + 1]])).logits[0, -1].double()
            nats -= torch.log_softmax(logits, -1)[full[at + 1]].item()
    return nats


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_of_a_loop_over_tokens(kind):
    model = causal(kind)
    scorer = Scorer(model, tokenizer(), batch_tokens=128)
    given = texts(2)
    wanted = [loop(model, tokenizer(), text, scorer.length) for text in given]
    assert scored(scorer, given) == pytest.approx(wanted, abs=NATS)


@pytest.mark.parametrize("kind", [*KINDS, "Bert", "Roberta"])
def test_logits_are_made_in_parts_for_every_kind_of_model(kind):
    model = masked(kind) if kind in {"Bert", "Roberta"} else causal(kind)
    assert Scorer(model, tokenizer(masked=kind in {"Bert", "Roberta"}), batch_tokens=64).output is not None


def test_a_model_that_does_something_else_to_its_logits_is_run_whole():
    model = causal()
    original = model.forward

    def odd(**options):
        found = original(**options)
        found.logits = found.logits * 0.5 + 1
        return found

    model.forward = odd
    scorer = Scorer(model, tokenizer(), batch_tokens=64)
    assert scorer.output is None
    plain = Scorer(causal(), tokenizer(), batch_tokens=64)
    assert scored(scorer, ["halved logits"]) != pytest.approx(scored(plain, ["halved logits"]))


def pseudo_loop(model, tokens, text):
    """The slow twin of Salazar et al. 2020: one masked position after the other."""
    ids = tokens(text)["input_ids"]
    nats = 0.0
    for at in range(1, len(ids) - 1):
        hidden = [*ids[:at], tokens.mask_token_id, *ids[at + 1 :]]
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([hidden])).logits[0, at].double()
        nats -= torch.log_softmax(logits, -1)[ids[at]].item()
    return nats


@pytest.mark.parametrize("kind", ["Bert", "Roberta"])
def test_masked_models_are_scored_by_pseudo_log_likelihood(kind):
    model, tokens = masked(kind), tokenizer(masked=True)
    scorer = Scorer(model, tokens, batch_tokens=256)
    assert scorer.method == "pseudo-log-likelihood"
    given = texts(1)
    assert scored(scorer, given) == pytest.approx([pseudo_loop(model, tokens, text) for text in given], abs=NATS)


@pytest.mark.parametrize("kind", ["Llama", "GPT2"])
def test_scores_are_those_of_lm_evaluation_harness(kind):
    wrapped, instance = harness()
    model, tokens = causal(kind), tokenizer()
    given = [*texts(), " ".join(texts())]  # the last is longer than the window
    peer = wrapped(pretrained=model, tokenizer=tokens, batch_size=4, device="cpu", max_length=64)
    wanted = peer.loglikelihood_rolling(
        [instance("loglikelihood_rolling", {}, (text,), 0) for text in given], disable_tqdm=True
    )
    scorer = Scorer(model, tokens, batch_tokens=256)
    assert len(scorer.encode(given)[-1].ids) > scorer.length
    assert scored(scorer, given) == pytest.approx([-value for value in wanted], abs=1e-3)


def harness():
    models = pytest.importorskip("lm_eval.models.huggingface", reason="needs lm-eval, the oracle of scores")
    return models.HFLM, pytest.importorskip("lm_eval.api.instance").Instance


@pytest.mark.parametrize(("length", "context"), [(8, 1), (8, 5), (8, 8), (64, 1), (3, 2)])
def test_every_token_is_scored_once_with_at_least_its_context(length, context):
    ids = list(range(100, 137))
    rows = list(windows(0, ids, start=1, length=length, context=context))
    assert [target for row in rows for target in row.targets] == ids
    for row in rows:
        assert len(row.inputs) <= length
        assert len(row.places) == len(row.targets)
        full = [1, *ids]
        at = full.index(row.targets[0])
        assert row.inputs[row.places[0]] == full[at - 1]
        assert row.places[0] + 1 >= min(context, at)


def test_scores_do_not_depend_on_batches_but_for_rounding():
    model = causal()
    small, large = (Scorer(model, tokenizer(), batch_tokens=size) for size in (1, 4096))
    assert scored(small, texts()) == pytest.approx(scored(large, texts()), abs=NATS)


def test_more_context_lowers_the_surprise_of_a_trained_pattern_only_through_windows():
    model = causal()
    text = " ".join(texts(2))
    apart = scored(Scorer(model, tokenizer(), batch_tokens=256, length=16), [text])
    overlapping = scored(Scorer(model, tokenizer(), batch_tokens=256, length=16, context=8), [text])
    assert apart != pytest.approx(overlapping)


def test_a_text_with_logits_that_are_not_finite_has_no_score_and_others_keep_theirs():
    model = causal()
    scorer = Scorer(model, tokenizer(), batch_tokens=64)
    given = texts(1)
    before = scored(scorer, given)
    token = scorer.encode(given)[0].ids[0]
    with torch.no_grad():
        model.get_output_embeddings().weight[token] = math.nan
    found = scorer.score(scorer.encode(given))
    assert found[0].nll is None
    assert found[0].nonfinite == len(scorer.encode(given)[0].ids)
    assert before[0] is not None


def test_a_batch_that_memory_does_not_hold_is_halved_and_asked_again(monkeypatch):
    model = causal()
    scorer = Scorer(model, tokenizer(), batch_tokens=4096)
    wanted = scored(scorer, texts())
    sizes, original = [], scorer._states

    def small(inputs, mask):
        sizes.append(len(inputs))
        if len(inputs) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return original(inputs, mask)

    monkeypatch.setattr(scorer, "_states", small)
    assert scored(scorer, texts()) == pytest.approx(wanted, abs=NATS)
    assert max(sizes) > 3


def test_a_text_that_memory_does_not_hold_is_an_error(monkeypatch):
    scorer = Scorer(causal(), tokenizer(), batch_tokens=64)

    def none(*_):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes")

    monkeypatch.setattr(scorer, "_states", none)
    with pytest.raises(UnsupportedError, match="memory does not hold"):
        scored(scorer, texts(1))


def test_a_tokenizer_without_a_token_to_begin_with_is_refused():
    bare = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer().backend_tokenizer)
    with pytest.raises(BadArgumentError, match="neither BOS nor EOS"):
        Scorer(causal(), bare, batch_tokens=64)


def test_unknown_and_fallback_tokens_are_counted():
    from tokenizers import Tokenizer, models

    pieces = {"<unk>": 0, "<s>": 1, "a": 2, "<0x62>": 3}
    made = Tokenizer(models.BPE(pieces, [], unk_token="<unk>", byte_fallback=True))
    tokens = transformers.PreTrainedTokenizerFast(tokenizer_object=made, bos_token="<s>", unk_token="<unk>")
    found = Scorer(causal(), tokens, batch_tokens=64).encode(["abc"])[0]
    assert (found.unk, found.fallback, len(found.ids)) == (1, 1, 3)


def test_batches_are_read_two_at_a_time_and_answered_in_their_order(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    set_to, met = [], threading.Barrier(2, timeout=60)
    monkeypatch.setattr(torch, "set_num_threads", set_to.append)

    def run(batch):
        met.wait()  # nobody passes alone
        return batch

    cpu = torch.device("cpu")
    assert list(two_by_two(run, [[3], [1], [2], [0]], cpu)) == [[3], [1], [2], [0]]
    assert (set_to[-1], set(set_to[:-1])) == (2, {1})
    set_to.clear()

    def broken(batch):
        raise BadArgumentError(f"no {batch}")

    with pytest.raises(BadArgumentError, match=r"no \[1\]"):
        list(two_by_two(broken, [[1], [2]], cpu))
    assert set_to[-1] == 2
    assert readers(torch.device("meta")) == 1


def test_scores_are_the_same_read_by_one_and_by_two():
    model, threads = causal(), torch.get_num_threads()
    found = []
    for count in (1, 4):
        torch.set_num_threads(count)
        try:
            found.append(scored(Scorer(model, tokenizer(), batch_tokens=512), texts()))
            assert torch.get_num_threads() == count
        finally:
            torch.set_num_threads(threads)
    assert found[0] == pytest.approx(found[1], abs=NATS)
