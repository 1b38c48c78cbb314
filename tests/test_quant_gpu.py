"""On an accelerator, where there is one: scores, schemes and profiles are those of the processor, but for rounding."""

import pytest

from glotgap import quant
from quant_models import causal, tokenizer, torch

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an accelerator"),
]

SCHEMES = ["fp", "rtn4-g16", "rtn4-g16-mse", "rtn3-channel-aciq-a8", "la3-minimax"]
TEXT = {"languages": ["eng", "heb", "jpn"], "limit": 4}


def scored(device):
    calibration = quant.parallel(languages=TEXT["languages"]).items(range(20, 30))
    found = quant.evaluation(causal(), tokenizer(), schemes=SCHEMES, calibration=calibration, device=device, **TEXT)
    return found.scores.sort("scheme", "language", "item")


def test_scores_on_an_accelerator_are_those_of_the_processor():
    here, there = scored("cpu"), scored("cuda")
    assert here.select("scheme", "language", "item", "tokens").equals(
        there.select("scheme", "language", "item", "tokens")
    )
    assert there["nll"].to_list() == pytest.approx(here["nll"].to_list(), rel=2e-3)  # a level may tip over


def test_profiles_on_an_accelerator_are_those_of_the_processor():
    here, there = (quant.profile(causal(), tokenizer(), device=device, **TEXT) for device in ("cpu", "cuda"))
    assert (here.tokens == there.tokens).all()
    for name, site in here.sites.items():
        assert there.sites[name].second == pytest.approx(site.second, rel=1e-3)
