"""Clips by language through a model: each form, what it could win, and how much of a language is in outlier layers."""

import dataclasses
import itertools

import numpy as np
import polars as pl
import pytest
from scipy import stats

from clip_twin import loop

from quant_models import causal, tokenizer, torch  # isort: skip

from glotgap import BadArgumentError, weights
from glotgap.quant import effective_kurtosis, outlier_activation, profile, quantized, regret
from glotgap.quant.generalized_gaussian import best_clip
from glotgap.quant.grids import symmetric
from glotgap.quant.models import digest
from glotgap.quant.profiles import Profile, Site
from glotgap.quant.rewriting import Context
from glotgap.quant.scheme import Scheme
from glotgap.quant.targets import weights as targets
from glotgap.weights import Moments, moments

RNG = np.random.default_rng(1)
SINGLE = 2e-5  # sums of float32 products
LANGUAGES = ("deu", "eng", "heb")


# ---- schemes through a model -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    return causal("Llama")


@pytest.fixture(scope="module")
def read(model):
    return profile(model, tokenizer(), languages=LANGUAGES, limit=12)


FORMS = [
    f"la{bits}-{form}-{granularity}"
    for bits, form, granularity in itertools.product(
        (3, 4), ("paper", "shared", "minimax", "own"), ("tensor", "channel", "g24")
    )
]


@pytest.mark.parametrize("spelling", [*FORMS, "la8-own-channel"])
def test_each_form_changes_weights_at_the_bits_it_is_spelled_with(model, read, spelling):
    scheme = Scheme.parse(spelling)
    plain = dataclasses.replace(
        Scheme.parse("rtn4"), bits=scheme.bits, granularity=scheme.granularity, group=scheme.group
    )
    with quantized(model, plain) as wanted:
        pass
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with quantized(model, spelling, context=Context(read, "heb")) as audit:
        assert (audit.quantized["changed"] > 0).all()
        assert audit.bits == wanted.bits
        assert set(audit.quantized["tensor"]) == set(read.site_of)
        for target in targets(model, scheme).targets:
            levels = target.matrix if scheme.granularity == "tensor" else target.matrix[0, : scheme.group]
            assert len(levels.abs().unique()) <= 2 ** (scheme.bits - 1)
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


@pytest.mark.parametrize("average", [4.5, 5, 6.3])
def test_protection_spends_no_more_than_its_average(model, read, average):
    with quantized(model, f"la4-protect{average}-channel", context=Context(read)) as audit:
        rows = audit.quantized
        spent = [
            row["n"] * (8 if row["bits"] > 8 else 4) for row in rows.iter_rows(named=True)
        ]  # without 16 bits a row for its scale
        assert 4 < sum(spent) / rows["n"].sum() <= average
        protected_ones = set(rows.filter(pl.col("bits") > 8)["tensor"])
    with quantized(model, "la4-shared-channel", context=Context(read)):
        four = errors_of(model, read)
    assert protected_ones
    assert min(four[name] for name in protected_ones) > 0


def errors_of(model, read, language=0):
    """Return the error of each matrix against the same model in full precision: of a language and of the start."""
    fresh = dict(causal("Llama").named_parameters())
    found = {}
    for name in read.site_of:
        before = fresh[name].detach().double()
        off = before - dict(model.named_parameters())[name].detach()
        kinds = [torch.from_numpy(one) for one in (read.second_moment(name)[language], read.start_moment(name))]
        parts = [(off.square().sum(0) @ one / (before.square().sum(0) @ one)).item() for one in kinds]
        found[name] = (1 - read.start_share) * parts[0] + read.start_share * parts[1]
    return found


@pytest.mark.parametrize("granularity", ["tensor", "channel", "g16"])
def test_own_clips_err_less_for_their_language(model, read, granularity):
    for at, language in enumerate(LANGUAGES):
        found = {}
        for form in ("shared", "minimax", "own"):
            with quantized(model, f"la3-{form}-{granularity}", context=Context(read, language)):
                found[form] = errors_of(model, read, at)
        for name, least in found["own"].items():
            assert least <= found["shared"][name] * (1 + SINGLE)
            assert least <= found["minimax"][name] * (1 + SINGLE)


def test_input_weighted_clips_err_less_than_those_that_know_no_inputs(model, read):
    found = {}
    for scheme in ("la3-shared-channel", "rtn3-channel-mse", "rtn3-channel"):
        with quantized(model, scheme, context=Context(read)):
            sums = [errors_of(model, read, at) for at in range(len(LANGUAGES))]
        found[scheme] = sum(sum(errors.values()) for errors in sums)
    assert found["la3-shared-channel"] < found["rtn3-channel-mse"] < found["rtn3-channel"]


@pytest.mark.parametrize("granularity", ["tensor", "channel", "g24"])
def test_the_paper_form_clips_at_sigma_times_the_best_clip(model, read, granularity, tmp_path):
    causal("Llama").save_pretrained(tmp_path)  # to save a model changes its configuration, and so its digest
    kappa = dict(effective_kurtosis(read, weights.scan(tmp_path)).select("language", "effective_kurtosis").iter_rows())
    for language in ("deu", "heb"):
        factor = best_clip(kappa[language], 3)
        with quantized(model, f"la3-paper-{granularity}", context=Context(read, language)):
            found = {name: weight.detach().clone() for name, weight in model.named_parameters()}
        for target in targets(model, Scheme.parse("rtn3")).targets:
            matrix, got = target.matrix, found[target.name]
            size = {"tensor": None, "channel": 10**6, "g24": 24}[granularity]
            rows = (
                [(matrix.reshape(1, -1), got.reshape(1, -1))]
                if size is None
                else zip(matrix.split(size, 1), got.split(size, 1), strict=True)
            )
            for part, values in rows:
                clip = torch.minimum(factor * part.std(1, correction=0), part.abs().amax(1))
                wanted = symmetric(part, clip[:, None], 3)
                assert values.numpy() == pytest.approx(wanted.numpy(), abs=1e-4 * part.abs().max().item())


def test_what_a_scheme_keeps_does_not_move_the_clips_of_the_paper_form(model, read):
    name = "model.layers.1.mlp.up_proj.weight"
    found = []
    for scheme in ("la4-paper-channel", "la4-paper-channel-keep:layer:0"):
        with quantized(model, scheme, context=Context(read, "eng")):
            found.append(dict(model.named_parameters())[name].detach().clone())
    assert torch.equal(*found)


def test_a_language_without_a_profile_is_refused(model, read):
    for form in ("own", "paper"):
        with (
            pytest.raises(BadArgumentError, match="the profile has no jpn: calibrate on text of this language too"),
            quantized(model, f"la4-{form}", context=Context(read, "jpn")),
        ):
            pass
    with pytest.raises(BadArgumentError, match="needs a profile"), quantized(model, "la4-shared"):
        pass


@pytest.mark.parametrize("form", ["paper", "shared", "minimax", "own", "protect5"])
def test_degenerate_weights_and_inputs_make_no_nan(form):
    model = causal("Llama")
    with torch.no_grad():
        model.model.layers[0].mlp.up_proj.weight[3] = 0.37  # a row without spread
        model.model.layers[0].mlp.gate_proj.weight[5] = 0
        model.model.layers[0].input_layernorm.weight.zero_()  # q, k and v read zeros
    read = profile(model, tokenizer(), languages=["eng", "heb"], limit=4)
    assert not read.second_moment("model.layers.0.self_attn.q_proj.weight").any()
    with quantized(model, f"la4-{form}-channel", context=Context(read, "eng")):
        assert all(weight.isfinite().all() for weight in model.parameters())
        assert model.model.layers[0].mlp.up_proj.weight[3].tolist() == pytest.approx([0.37] * 32)
        q = model.model.layers[0].self_attn.q_proj.weight
        if form != "paper":
            assert q.abs().max() > 0.9 * causal("Llama").model.layers[0].self_attn.q_proj.weight.abs().max()
    found = regret(model, read, 4)
    assert np.isfinite([found.mean, *found.null]).all()
    assert found.table.filter(pl.col("tensor").str.contains(r"layers\.0\.self_attn\.q"))["regret"].null_count() == 2


# ---- regret ------------------------------------------------------------------------------------------------------


def made_up(model, draw, languages=3, folds=4, tokens=100):
    """A profile of made-up inputs; `draw(language, fold, channels, tokens)` gives E[x²] of a part."""
    counts = np.full((languages, folds), tokens)
    sites, site_of = {}, {}
    for target in targets(model, Scheme.parse("rtn4")).targets:
        width = target.matrix.shape[1]
        second = np.array([[draw(at, fold, width) * tokens for fold in range(folds)] for at in range(languages)])
        empty = tuple((Moments(),) * folds for _ in range(languages))
        sites[target.name] = Site(second, np.ones((languages, folds)), empty, np.zeros(width))
        site_of[target.name] = target.name
    names = tuple(f"l{at}" for at in range(languages))
    return Profile(digest(model), "made up", names, counts, 0, sites, site_of, {})


def least_errors(matrix, second, bits):
    """Return what a shared clip and own clips err, a loop over rows and clips."""
    table = loop(matrix, second, bits, None, rows=True)
    together = table[np.arange(len(table)), table.mean(2).argmin(1)].sum(0)
    return together, table.min(1).sum(0)


def test_regret_is_the_ratio_of_least_errors(model, read):
    found = regret(model, read, 3, shuffles=5)
    assert (found.table["regret"] >= 0).all()
    assert found.table.height == len(LANGUAGES) * len(read.site_of)
    for name in ("model.layers.0.self_attn.o_proj.weight", "model.layers.1.mlp.down_proj.weight"):
        matrix = dict(model.named_parameters())[name].detach().double().numpy()
        together, apart = least_errors(matrix, read.second_moment(name), 3)
        rows = found.table.filter(tensor=name)
        assert rows["shared"].to_numpy() == pytest.approx(together, rel=1e-4)
        assert rows["own"].to_numpy() == pytest.approx(apart, rel=1e-4)
        assert rows["regret"].to_numpy() == pytest.approx(together / apart - 1, abs=2e-4)
    assert found.mean == pytest.approx(found.table["regret"].mean())


def test_the_null_is_the_regret_of_mixed_parts(model):
    read = made_up(model, lambda *_: RNG.gamma(1.0, size=_[2]), languages=2, folds=2)
    found = regret(model, read, 3)
    assert len(found.null) == 1  # of two arrangements one is real
    wanted = {"real": [], "crossed": []}
    for name, site in read.sites.items():
        matrix = dict(model.named_parameters())[name].detach().double().numpy()
        parts = site.second / (site.second @ (matrix**2).sum(0))[:, :, None]  # each by its relative error
        for way, mixed in {
            "real": parts.mean(1),
            "crossed": [parts[0, 0] + parts[1, 1], parts[1, 0] + parts[0, 1]],
        }.items():
            together, apart = least_errors(matrix, np.array(mixed), 3)
            wanted[way].append((together / apart - 1).mean())
    assert found.of_parts == pytest.approx(np.mean(wanted["real"]), abs=1e-4)
    assert found.null[0] == pytest.approx(np.mean(wanted["crossed"]), abs=1e-4)
    assert found.p == (1.0 if found.null[0] >= found.of_parts else 0.5)


def test_copies_of_one_language_have_no_regret(model):
    moments_of = {}
    read = made_up(model, lambda _, fold, width: moments_of.setdefault((fold, width), RNG.gamma(1.0, size=width)))
    found = regret(model, read, 3)
    assert found.mean == pytest.approx(0, abs=1e-6)
    assert found.p == 1.0
    assert "the data do not show that they differ more" in found.sentence


def test_languages_that_differ_are_told_from_shuffled_ones(model):
    of_language = {}

    def draw(at, _, width):
        kept = of_language.setdefault((at, width), RNG.gamma(0.3, size=width))
        return kept * RNG.uniform(0.95, 1.05, width)

    found = regret(model, made_up(model, draw), 3)
    assert found.p == 1 / 40
    assert found.of_parts > 1.5 * max(found.null)
    assert "they differ more than shuffled languages do" in found.sentence


def test_few_arrangements_are_all_looked_at_and_cannot_show_much(model):
    read = made_up(model, lambda _, __, width: RNG.gamma(1.0, size=width), languages=2)
    found = regret(model, read, 3)
    assert len(found.null) == 7  # 2³ with the real one
    assert found.p >= 1 / 8
    assert "so few shuffles cannot show a difference, p is at least 0.12" in found.sentence
    assert regret(model, read, 3, rng=5).null == found.null


@pytest.fixture(scope="module")
def small():
    """A model of one matrix, as far as `regret` asks."""
    torch.manual_seed(1)
    layer = torch.nn.Sequential(torch.nn.Linear(24, 6, bias=False))
    layer.config = type("Config", (), {"to_dict": lambda _: {}, "model_type": ""})()
    return layer


def rejections(small, tokens_of, trials=100):
    """Return how often p is at most 0.1 where languages are of one kind, and differ in their tokens and loudness."""
    hits = 0
    for _ in range(trials):
        loud = RNG.gamma(3.0, size=3)

        def draw(at, _, width, loud=loud):
            return loud[at] * RNG.chisquare(tokens_of[at], width)

        hits += regret(small, made_up(small, draw), 3, shuffles=19).p <= 0.1
    return hits


@pytest.mark.parametrize("tokens_of", [(20, 20, 20), (100, 200, 500)])
def test_where_languages_are_of_one_kind_p_is_small_as_often_as_it_says(small, tokens_of):
    assert stats.binom.ppf(0.0005, 100, 0.1) <= rejections(small, tokens_of) <= stats.binom.ppf(0.999, 100, 0.1)


def test_wrong_profiles_are_refused(model, read):
    with pytest.raises(BadArgumentError, match="another model"):
        regret(causal("Llama", seed=3), read, 4)
    one = profile(model, tokenizer(), languages=["eng"], limit=2)
    with pytest.raises(BadArgumentError, match="regret is between languages"):
        regret(model, one, 4)
    with pytest.raises(BadArgumentError, match="shuffles is -1"):
        regret(model, read, 4, shuffles=-1)
    without = regret(model, read, 4, shuffles=0)
    assert (without.p, without.null) == (None, ())
    assert "shuffled languages were not asked" in without.sentence


def test_a_model_on_its_grid_has_nothing_to_regret(small):
    levels = torch.from_numpy(RNG.integers(-7, 8, (6, 24))).float()
    levels[:, 0] = 7
    with torch.no_grad():
        small[0].weight.copy_(levels)
    read = made_up(small, lambda _, __, width: RNG.gamma(1.0, size=width))
    with pytest.raises(BadArgumentError, match="on its grid already"):
        regret(small, read, 4)


# ---- effective kurtosis ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    path = tmp_path_factory.mktemp("model")
    causal("Llama").save_pretrained(path)
    return weights.scan(path)


def kurtosis_by_layer(model, part):
    names = {"mlp": ".mlp.", "attention": ".self_attn."}
    found = []
    for layer in (0, 1):
        values = [
            moments(weight.detach()).kurtosis()
            for name, weight in model.named_parameters()
            if f"layers.{layer}." in name and any(names[one] in name for one in part) and weight.ndim == 2
        ]
        found.append(np.mean(values))
    return np.array(found)


@pytest.mark.parametrize(
    ("output", "part"), [("mlp", ["mlp"]), ("attention", ["attention"]), ("residual", ["mlp", "attention"])]
)
def test_effective_kurtosis_is_the_mean_over_layers_weighted_by_their_output(model, read, scan, output, part):
    means = read.mean_outputs(output)
    wanted = means / means.sum(1, keepdims=True) @ kurtosis_by_layer(model, part)
    found = effective_kurtosis(read, scan, output=output)
    assert found["language"].to_list() == list(LANGUAGES)
    assert found["effective_kurtosis"].to_numpy() == pytest.approx(wanted, rel=1e-9)


def test_outlier_activation_is_the_share_of_output_in_outlier_layers(model, read, scan):
    kurtosis, means = kurtosis_by_layer(model, ["mlp"]), read.mean_outputs("mlp")
    top = int(kurtosis.argmax())
    wanted = means[:, top] / means.sum(1)
    for rule in ("top_quartile", float(kurtosis.mean())):
        found = outlier_activation(read, scan, rule=rule)
        assert found["layers"].to_list() == [[top]] * 3
        assert found["outlier_activation"].to_numpy() == pytest.approx(wanted, rel=1e-12)
    by_spread = outlier_activation(read, scan, statistic="absmax_sigma")
    assert by_spread["layers"].list.len().to_list() == [1, 1, 1]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"rule": "top_half"}, "rule is 'top_half': give top_quartile"),
        ({"rule": 1e9}, "takes 0 of 2 layers"),
        ({"rule": -5.0}, "takes 2 of 2 layers"),
        ({"output": "norm"}, "output is 'norm': give one of attention, mlp, residual"),
        ({"statistic": "component"}, "is no figure of this scan"),
    ],
)
def test_wrong_rules_are_named(read, scan, wrong, said):
    with pytest.raises(BadArgumentError, match=said):
        outlier_activation(read, scan, **wrong)


def test_scans_of_other_layers_are_refused(read, scan, tmp_path):
    causal("Llama", num_hidden_layers=3).save_pretrained(tmp_path)
    for other in (
        weights.scan(tmp_path),
        scan.filter(pl.col("layer").is_null() | (pl.col("layer") == 1)),
        scan.filter(pl.col("layer").is_null()),
        pl.concat([scan, scan.with_columns(model=pl.lit("another"))]),
    ):
        with pytest.raises(BadArgumentError, match="scan the model that was profiled"):
            effective_kurtosis(read, other)
