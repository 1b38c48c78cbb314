"""Profiles: equal to a loop over sentences with plain hooks; they merge, are kept, and take no more with more text."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from quant_models import causal, masked, tokenizer, torch, transformers  # isort: skip

from glotgap import BadArgumentError, BadFileError, weights
from glotgap.quant import effective_kurtosis, load_profile, parallel, profile, quantized, regret, save_profile
from glotgap.quant.rewriting import Context

CAUSAL = ["Llama", "GPT2", "Gemma3", "OPT"]
MASKED = ["Bert", "Roberta"]
LANGUAGES = ["eng", "heb", "jpn"]
ROUNDING = 2e-5  # float32 activations of other batches, through two layers; sums are float64


def text(count=4):
    """Short enough for one reading of 64 tokens."""
    found = parallel(languages=LANGUAGES, limit=count)
    rows = [
        {"id": id_, "language": language, "text": item[:12]}
        for language, items in found.texts.items()
        for id_, item in zip(found.ids, items, strict=True)
    ]
    return pl.DataFrame(rows)


def model_and_tokens(kind):
    is_masked = kind in MASKED
    return masked(kind) if is_masked else causal(kind), tokenizer(masked=is_masked)


def loop(model, tokens, texts, *, start=False):
    """The slow twin: all inputs and outputs of each module, at the tokens of some texts (or at their starts)."""
    heard = {}
    hooks = [
        module.register_forward_hook(lambda _, given, made, name=name: heard.setdefault(name, []).append((given, made)))
        for name, module in model.named_modules()
    ]
    kept = {}
    for one in texts:
        ids = tokens(one, add_special_tokens=False)["input_ids"]
        after = [tokens.eos_token_id] if type(model).__name__.endswith("MaskedLM") else []
        row = [tokens.bos_token_id, *ids, *after]
        heard.clear()
        with torch.no_grad():
            model.base_model(input_ids=torch.tensor([row]))
        places = slice(0, 1) if start else slice(1, 1 + len(ids))
        for name, ((given, made),) in heard.items():
            kept.setdefault(name, []).append([at_places(side, len(row), places) for side in (given, made)])
    for hook in hooks:
        hook.remove()
    return {name: list(map(joined, zip(*pairs, strict=True))) for name, pairs in kept.items()}


def at_places(side, width, places):
    first = side[0] if isinstance(side, tuple) and side else side
    if not torch.is_tensor(first) or first.shape[:-1].numel() != width:
        return None
    return first.reshape(-1, first.shape[-1])[places].double().numpy()


def joined(parts):
    return None if any(part is None for part in parts) else np.concatenate(parts)


ENDS = {
    "Llama": ("model.layers.{}", "self_attn.o_proj", "mlp.down_proj"),
    "Gemma3": ("model.layers.{}", "self_attn.o_proj", "mlp.down_proj"),
    "OPT": ("model.decoder.layers.{}", "self_attn.out_proj", "fc2"),
    "GPT2": ("transformer.h.{}", "attn.c_proj", "mlp.c_proj"),
    "Bert": ("bert.encoder.layer.{}", "attention.output.dense", "output.dense"),
    "Roberta": ("roberta.encoder.layer.{}", "attention.output.dense", "output.dense"),
}


@pytest.mark.parametrize("kind", [*CAUSAL, *MASKED])
def test_sums_are_those_of_a_loop_over_sentences(kind):
    model, tokens = model_and_tokens(kind)
    found = profile(model, tokens, text(), batch_tokens=90)
    assert set(found.site_of) == {
        target.name
        for target in _linear(model)
        if target.name.rpartition(".")[0] in loop(model, tokens, ["a"])  # not the transform before a masked head
    }
    assert found.starts == text().height
    starts = loop(model, tokens, text()["text"].to_list(), start=True)
    for name in found.site_of:
        given = starts[name.rpartition(".")[0]][0] ** 2
        assert found.start_moment(name) == pytest.approx(given.sum(0), rel=1e-4, abs=ROUNDING * given.sum())
    for at, language in enumerate(found.languages):
        texts = text().filter(language=language)["text"].to_list()
        heard = loop(model, tokens, texts)
        ids = tokens(texts, add_special_tokens=False)["input_ids"]
        assert found.tokens[at].sum() == sum(map(len, ids))
        table = found.inputs_table().filter(language=language).rows_by_key("site", named=True, unique=True)
        for name, site in found.site_of.items():
            given = heard[name.rpartition(".")[0]][0]
            second = found.second_moment(name)[at]
            assert second == pytest.approx((given**2).mean(0), rel=1e-4, abs=ROUNDING * (given**2).mean())
            assert table[site]["absmax"] == pytest.approx(np.abs(given).max(), rel=1e-4)
            assert table[site]["kurtosis"] == pytest.approx(stats.kurtosis(given, axis=None), rel=1e-3, abs=1e-3)
        block, *ends = ENDS[kind]
        for layer in (0, 1):
            places = [f"{block}.{end}" for end in ends] + [block]
            for place, output in zip(places, ("attention", "mlp", "residual"), strict=True):
                wanted = np.abs(heard[place.format(layer)][1]).mean()
                assert found.mean_outputs(output)[at, layer] == pytest.approx(wanted, rel=1e-4)


def _linear(model):
    from glotgap.quant.scheme import Scheme
    from glotgap.quant.targets import weights as targets

    return targets(model, Scheme.parse("rtn8")).targets


def test_matrices_that_read_the_same_share_a_site():
    found = profile(causal(), tokenizer(), text(2))
    layer = "model.layers.1."
    sites = {name.removeprefix(layer): site for name, site in found.site_of.items() if name.startswith(layer)}
    q, gate = f"{layer}self_attn.q_proj.weight", f"{layer}mlp.gate_proj.weight"
    assert sites["self_attn.q_proj.weight"] == sites["self_attn.k_proj.weight"] == sites["self_attn.v_proj.weight"] == q
    assert sites["mlp.gate_proj.weight"] == sites["mlp.up_proj.weight"] == gate
    assert len(set(sites.values())) == 4


def test_batches_change_no_more_than_rounding():
    one, many = (profile(causal(), tokenizer(), text(), batch_tokens=size) for size in (1, 4096))
    same(one, many, rel=1e-4)
    assert (one.tokens == many.tokens).all()


def same(one, other, *, rel):
    assert one.sites.keys() == other.sites.keys()
    for name, site in one.sites.items():
        size = site.second.mean()
        assert other.sites[name].second == pytest.approx(site.second, rel=rel, abs=rel * size)
        assert other.sites[name].absmax == pytest.approx(site.absmax, rel=rel)
        assert other.sites[name].start == pytest.approx(site.start, rel=rel, abs=rel * site.start.mean())
        for row, others in zip(site.moments, other.sites[name].moments, strict=True):
            for mine, theirs in zip(row, others, strict=True):
                assert (mine.n, mine.n_nan, mine.n_inf) == (theirs.n, theirs.n_nan, theirs.n_inf)
                assert theirs.kurtosis() == pytest.approx(mine.kurtosis(), rel=100 * rel, abs=100 * rel)
    for kind, sums in one.outputs.items():
        assert other.outputs[kind] == pytest.approx(sums, rel=rel, nan_ok=True)


def test_halves_merge_to_the_whole():
    whole, ids = text(8), [str(at) for at in range(1, 9)]
    assert whole["id"].unique().sort().to_list() == sorted(ids)
    halves = [whole.filter(pl.col("id").is_in(part)) for part in (ids[:4], ids[4:])]  # four folds: numbers agree
    model = causal()
    one, other = (profile(model, tokenizer(), half, batch_tokens=1) for half in halves)
    found = profile(model, tokenizer(), whole, batch_tokens=1)
    merged = one.merge(other)
    assert (merged.tokens == found.tokens).all()
    assert merged.starts == found.starts
    same(
        found, merged, rel=1e-12
    )  # sentence by sentence the activations are the same bits; float64 sums in other order


def test_folds_without_text_take_nothing_from_the_others():
    text_of = [text(4).filter(pl.col("id") == id_) for id_ in ("1", "2")]
    one, other = (profile(causal(), tokenizer(), part) for part in text_of)
    assert (one.tokens == 0).any()
    for found in (one, one.merge(other)):
        assert all(np.isfinite(found.mean_outputs(kind)).all() for kind in ("attention", "mlp", "residual"))


def test_profiles_of_something_else_do_not_merge():
    found = profile(causal(), tokenizer(), text(2))
    for other in (
        profile(causal(seed=1), tokenizer(), text(2)),
        profile(causal(), tokenizer(), text(2).filter(pl.col("language") != "heb")),
        profile(causal(), tokenizer(), text(2), folds=2),
    ):
        with pytest.raises(BadArgumentError, match="cannot be merged"):
            found.merge(other)


@pytest.mark.parametrize("whole", [False, True])
def test_a_profile_comes_back_from_its_file_to_the_bit(tmp_path, whole):
    found = profile(causal(), tokenizer(), text(3), whole=whole)
    save_profile(found, tmp_path / "a.safetensors")
    back = load_profile(tmp_path / "a.safetensors")
    assert (back.model, back.name, back.languages) == (found.model, found.name, found.languages)
    assert dict(back.site_of) == dict(found.site_of)
    assert back.tokens.tobytes() == found.tokens.tobytes()
    assert back.starts == found.starts > 0
    for kind, sums in found.outputs.items():
        assert back.outputs[kind].tobytes() == sums.tobytes()
    for name, site in found.sites.items():
        other = back.sites[name]
        for kind in ("second", "absmax", "start"):
            assert getattr(other, kind).tobytes() == getattr(site, kind).tobytes()
        assert [[part.__reduce__()[1] for part in row] for row in other.moments] == [
            [part.__reduce__()[1] for part in row] for row in site.moments
        ]
        assert other.whole is None if not whole else other.whole.tobytes() == site.whole.tobytes()
    assert back.merge(found).tokens.sum() == 2 * found.tokens.sum()


def test_files_that_are_no_profile_are_named(tmp_path):
    from safetensors.numpy import save_file

    (tmp_path / "text").write_text("no", "utf-8")
    save_file({"a": np.zeros(2)}, tmp_path / "other")
    found = profile(causal(), tokenizer(), text(2))
    save_profile(found, tmp_path / "cut")
    content = (tmp_path / "cut").read_bytes()
    (tmp_path / "cut").write_bytes(content[:-100])
    for name in ("text", "other", "cut", "absent"):
        with pytest.raises(BadFileError, match=f"{name} is no profile"):
            load_profile(tmp_path / name)


def test_the_whole_moment_is_that_of_all_pairs_of_channels():
    model = causal()
    found = profile(model, tokenizer(), text(), whole=True)
    for at, language in enumerate(found.languages):
        heard = loop(model, tokenizer(), text().filter(language=language)["text"].to_list())
        for name, site in found.sites.items():
            given = heard[name.removesuffix(".weight")][0]
            sums = site.whole[at]
            assert np.diag(sums) == pytest.approx(site.second[at].sum(0), rel=1e-6)  # squares rounded to float32 there
            assert sums == pytest.approx(given.T @ given, rel=1e-4, abs=1e-4 * np.diag(sums).mean())


def test_long_texts_are_read_in_pieces():
    model = causal()
    found = parallel(languages=["eng"], limit=20)
    one = " ".join(found.texts["eng"])
    frame = pl.DataFrame([{"id": "1", "language": "eng", "text": one}])
    ids = tokenizer()(one, add_special_tokens=False)["input_ids"]
    assert len(ids) > 3 * 63
    made = profile(model, tokenizer(), frame, folds=1)
    pieces = [ids[at : at + 63] for at in range(0, len(ids), 63)]
    assert made.tokens.tolist() == [[len(ids)]]
    with torch.no_grad():
        states = [model.model.embed_tokens(torch.tensor([[1, *piece]])) for piece in pieces]
        wanted = torch.cat([model.model.layers[0].input_layernorm(state)[0, 1:] for state in states]).double()
    name = "model.layers.0.self_attn.q_proj.weight"
    assert made.second_moment(name)[0] == pytest.approx(wanted.square().mean(0).numpy(), rel=1e-4)


def mixtral():
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
    more = {"num_key_value_heads": 2, "vocab_size": 512, "num_local_experts": 4, "bos_token_id": 1}
    config = transformers.MixtralConfig(**sizes, **more, max_position_embeddings=64)
    return transformers.AutoModelForCausalLM.from_config(config).eval()


def test_experts_have_no_site_and_this_is_said(tmp_path):
    model = mixtral()
    found = profile(model, tokenizer(), text())
    assert {name.split(".")[3] for name in found.site_of} == {"self_attn"}
    assert np.isnan(found.mean_outputs("mlp")).all()
    assert np.isfinite(found.mean_outputs("attention")).all()
    with quantized(model, "la4-shared-channel", context=Context(found)) as audit:
        assert set(audit.skipped.values()) >= {"its inputs have no profile"}
        assert {name.split(".")[3] for name in audit.quantized["tensor"]} == {"self_attn"}
    assert all("experts" in name for name in regret(model, found, 4, shuffles=1).skipped)
    model.save_pretrained(tmp_path)
    with pytest.raises(BadArgumentError, match="no mlp output: choose another output"):
        effective_kurtosis(found, weights.scan(tmp_path))
    assert effective_kurtosis(found, weights.scan(tmp_path), output="attention").height == 3


def test_layers_that_are_used_several_times_have_no_site():
    torch.manual_seed(0)
    config = transformers.AlbertConfig(
        vocab_size=512, embedding_size=16, hidden_size=32, num_hidden_layers=3, num_attention_heads=4,
        intermediate_size=64, max_position_embeddings=64, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    model = transformers.AutoModelForMaskedLM.from_config(config).eval()
    found = profile(model, tokenizer(masked=True), text())
    assert all("albert_layers" not in name for name in found.site_of)


def test_activations_that_are_not_finite_are_refused():
    model = causal()
    with torch.no_grad():
        model.model.layers[1].mlp.up_proj.weight[3] = torch.inf
    with pytest.raises(BadArgumentError, match=r"layers\.1\.mlp\.down_proj\.weight are NaN or infinite for eng, heb"):
        profile(model, tokenizer(), text(2))


def test_the_model_is_left_without_hooks():
    model = causal()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    profile(model, tokenizer(), text(2))

    def stop(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        profile(model, tokenizer(), text(2), progress=stop)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


@pytest.mark.parametrize("wrong", [{"folds": 0}, {"batch_tokens": 0}])
def test_wrong_arguments_are_named(wrong):
    with pytest.raises(BadArgumentError, match="give at least 1"):
        profile(causal(), tokenizer(), text(2), **wrong)
    with pytest.raises(BadArgumentError, match="give one of attention, mlp, residual"):
        profile(causal(), tokenizer(), text(2)).mean_outputs("norm")


MEMORY = """
import resource, sys
import polars as pl
from quant_models import causal, tokenizer
from glotgap.quant import profile
from test_quant_profile import text

def reads(times):
    rows = [text(4).with_columns(id=pl.col("id") + f"-{at}") for at in range(times)]
    profile(causal(), tokenizer(), pl.concat(rows), batch_tokens=256)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

import warnings
warnings.simplefilter("ignore")
reads(4)
print(reads(4), reads(40))
"""


@pytest.mark.slow
def test_a_batch_that_memory_does_not_hold_is_read_in_halves_and_counts_once(monkeypatch):
    model, text = causal(), parallel(languages=["eng", "heb"], limit=6)
    whole = profile(model, tokenizer(), text)
    run, refused = type(model.base_model).forward, []

    def forward(self, *args, **options):
        found = run(self, *args, **options)  # all hooks have measured by now
        if len(options["input_ids"]) > 1 and len(refused) < 3:
            refused.append(len(options["input_ids"]))
            raise torch.OutOfMemoryError("CUDA out of memory")
        return found

    monkeypatch.setattr(type(model.base_model), "forward", forward)
    halved = profile(model, tokenizer(), text)
    assert len(refused) == 3
    assert (halved.tokens == whole.tokens).all()
    assert halved.inputs_table()["tokens"].to_list() == whole.inputs_table()["tokens"].to_list()
    for name, site in whole.sites.items():
        assert halved.sites[name].second == pytest.approx(site.second, rel=1e-4)
        assert halved.sites[name].moments[0][0].n == site.moments[0][0].n
    for kind, sums in whole.outputs.items():
        assert halved.outputs[kind] == pytest.approx(sums, rel=1e-4)


def test_profiles_of_which_one_holds_whole_moments_are_not_merged():
    text = parallel(languages=["eng"], limit=4)
    model = causal()
    with pytest.raises(BadArgumentError, match="one profile holds whole second moments"):
        profile(model, tokenizer(), text, whole=True).merge(profile(model, tokenizer(), text))


def test_memory_does_not_grow_with_the_text():
    root = Path(__file__).parents[1]
    paths = [str(root / "python"), str(root / "tests")]
    code = f"import sys; sys.path[:0] = {paths}{MEMORY}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    few, many = map(int, done.stdout.split())
    assert many - few < 8  # MiB; the activations of the longer text alone would be some dozens
