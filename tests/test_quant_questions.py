"""What quantization costs whom, whether some more, what goes with it, which scheme wins: against loops and scipy."""

import itertools
import math
import warnings
from functools import partial

import numpy as np
import polars as pl
import pytest
from scipy import stats

from glotgap import BadArgumentError, tables
from glotgap import stats as room
from glotgap.quant import contest, correlate, degradation, disparity
from glotgap.quant.conclusions import clips_sentence, language_aware, rivals, sweep_sentence

RNG = np.random.default_rng(1)
VOCABULARY = 1000
QUICK = {"n_resamples": 999, "rng": 1, "threads": 1}
PAIR = ("rtn3-channel", "rtn2-channel")


def table_of(nll, *, model="m", languages=None, sizes=None, vocabulary=VOCABULARY, unit="sentence"):
    """SCORES of {scheme: items × languages}; NaN becomes null, and sizes are bytes and tokens, items × languages."""
    schemes = {name: np.asarray(values, float) for name, values in nll.items()}
    items, count = next(iter(schemes.values())).shape
    names = languages or [f"l{at:02}" for at in range(count)]
    octets, pieces = sizes or (np.full((items, count), 40), np.full((items, count), 10))
    rows = [
        {
            "model": model,
            "scheme": scheme,
            "unit": unit,
            "language": name,
            "item": f"{item:03}",
            "method": "log-likelihood",
            "reference": "float32 as given",
            "nll": None if np.isnan(values[item, at]) else values[item, at],
            "tokens": int(pieces[item, at]),
            "bytes": int(octets[item, at]),
            "vocabulary": vocabulary,
            "unk": 0,
            "fallback": 0,
            "nonfinite": int(np.isnan(values[item, at])),
        }
        for scheme, values in schemes.items()
        for at, name in enumerate(names)
        for item in range(items)
    ]
    return tables.sort("SCORES", pl.DataFrame(rows, schema=tables.SCORES.schema()))


def made(items=30, languages=4, shift=(), schemes=("rtn4-channel",), **options):
    """Scores whose losses are what an item costs, noise, and a shift for each language."""
    fp = RNG.gamma(20.0, 2.0, (items, languages))
    moved = np.array([*shift, *[0.0] * (languages - len(shift))])
    noisy = {
        scheme: fp + RNG.gamma(2.0, 0.2, (items, 1)) + RNG.normal(0.2, 0.3, (items, languages)) + moved
        for scheme in schemes
    }
    return table_of({"fp": fp} | noisy, **options)


def losses(scores, scheme="rtn4-channel", model="m"):
    """Return items × languages of nats lost, for complete tables."""
    part = scores.filter(model=model)
    wide = [
        part.filter(scheme=name).pivot("language", index="item", values="nll").sort("item").drop("item")
        for name in (scheme, "fp")
    ]
    return wide[0].select(sorted(wide[0].columns)).to_numpy() - wide[1].select(sorted(wide[1].columns)).to_numpy()


# ---- degradation -------------------------------------------------------------------------------------------------


def loop(scores, model, scheme, language):
    """The slow twin: what a scheme costs a language, row by row."""
    rows = [row for row in scores.iter_rows(named=True) if row["model"] == model]
    score = {(row["scheme"], row["language"], row["item"]): row for row in rows}
    languages = {row["language"] for row in rows}

    def counts(item):
        return all(
            score.get((name, other, item), {"nll": None})["nll"] is not None
            for name in ("fp", scheme)
            for other in languages
        )

    kept = [item for item in sorted({row["item"] for row in rows}) if counts(item)]
    before = [score["fp", language, item] for item in kept]
    lost = [score[scheme, language, item]["nll"] - row["nll"] for item, row in zip(kept, before, strict=True)]
    nats, octets, tokens = (sum(row[name] for row in before) for name in ("nll", "bytes", "tokens"))
    return {
        "n": len(kept),
        "left_out": len({row["item"] for row in rows}) - len(kept),
        "delta": sum(lost) / len(kept),
        "delta_byte": sum(lost) / octets,
        "relative": sum(lost) / nats,
        "bits_byte": nats / octets / math.log(2),
        "tokens_byte": tokens / octets,
        "premium": tokens / sum(score["fp", "eng", item]["tokens"] for item in kept),
    }


def several():
    sizes = RNG.integers(20, 90, (12, 3)), RNG.integers(5, 30, (12, 3))
    nll = {name: RNG.gamma(20.0, 2.0, (12, 3)) for name in ("fp", "rtn4-channel", "rtn3-channel")}
    nll["fp"][2, 1] = np.nan  # no item of this language has a score there
    nll["rtn3-channel"][[4, 7], [0, 2]] = np.nan
    one = table_of(nll, languages=["deu", "eng", "heb"], sizes=sizes)
    other = table_of(
        {name: RNG.gamma(20.0, 2.0, (8, 2)) for name in ("fp", "rtn4-channel")}, model="n", languages=["eng", "jpn"]
    )
    lacking = ~((pl.col("language") == "heb") & (pl.col("item") == "005"))  # missing altogether
    return pl.concat([one.filter(lacking), other])


def test_costs_are_those_of_a_loop_over_rows():
    scores = several()
    found = degradation(scores)
    assert found.select("model", "scheme").n_unique() == 3
    assert found.height == 8
    for row in found.iter_rows(named=True):
        wanted = loop(scores, row["model"], row["scheme"], row["language"])
        assert {name: row[name] for name in wanted} == pytest.approx(wanted, rel=1e-12)
    assert found.filter(model="m")["n"].unique().sort().to_list() == [8, 10]
    assert found.filter(scheme="rtn3-channel")["left_out"].unique().to_list() == [4]


def test_costs_a_byte_are_ratios_of_sums():
    sizes = np.array([[10, 10], [1000, 10]]), np.full((2, 2), 5)
    found = degradation(table_of({"fp": np.zeros((2, 2)), "rtn4-channel": [[1.0, 1.0], [2.0, 2.0]]}, sizes=sizes))
    assert found["delta_byte"].to_list() == pytest.approx([3 / 1010, 3 / 20])


def test_without_english_there_is_no_premium():
    assert degradation(made())["premium"].null_count() == 4


def test_another_baseline_serves():
    scores = made(schemes=("rtn4-channel", "rtn3-channel"))
    found = degradation(scores, baseline="rtn4-channel").filter(scheme="rtn3-channel")
    wanted = losses(scores, "rtn3-channel") - losses(scores, "rtn4-channel")
    assert found["delta"].to_list() == pytest.approx(wanted.mean(0))
    assert set(degradation(scores, baseline="rtn4-channel")["scheme"]) == {"fp", "rtn3-channel"}


@pytest.mark.parametrize(("excess", "said"), [(-1e-9, False), (0.0, False), (1e-9, True)])
def test_a_model_is_destroyed_where_the_median_token_loses_more_than_half_of_ln_v(excess, said):
    limit = math.log(VOCABULARY) / 2
    tokens = np.array([[5, 5], [10, 10], [20, 20]])
    lost = np.array([[0.1, 0.0], [limit, 0.0], [9.0, 0.0]]) * tokens
    lost[1, 0] += excess * tokens[1, 0]
    found = degradation(table_of({"fp": np.zeros((3, 2)), "rtn2-channel": lost}, sizes=(np.full((3, 2), 40), tokens)))
    if excess:
        assert found["destroyed"].to_list() == [said, False]


def test_scores_that_are_not_finite_count_as_lost():
    lost = np.full((5, 2), 1.0)
    lost[:3, 1] = np.nan
    found = degradation(table_of({"fp": np.zeros((5, 2)), "rtn2-channel": lost}))
    assert found.select("n", "left_out", "delta", "destroyed").rows() == [(2, 3, 1.0, False), (2, 3, 1.0, True)]
    lost[:, 1] = np.nan
    found = degradation(table_of({"fp": np.zeros((5, 2)), "rtn2-channel": lost}))
    assert found.select("n", "left_out", "delta", "bits_byte", "destroyed").row(0) == (0, 5, None, None, False)
    assert found["destroyed"].to_list() == [False, True]


def test_texts_without_tokens_do_not_hide_a_destroyed_model():
    tokens = np.array([[0, 0], [10, 10], [10, 10]])
    lost = np.array([[0.0, 0.0], [99.0, 1.0], [99.0, 1.0]])
    found = degradation(table_of({"fp": np.zeros((3, 2)), "rtn2-channel": lost}, sizes=(np.full((3, 2), 40), tokens)))
    assert found["destroyed"].to_list() == [True, False]


def test_tables_that_cannot_be_compared_are_refused():
    scores = made(items=4)
    apart = scores.filter((pl.col("language") == "l00") == (pl.col("item") < "002"))
    for wrong, said in [
        (scores.filter(scheme="fp"), "m was scored under fp: score it under fp and another scheme"),
        (scores.filter(pl.col("scheme") != "fp"), "score it under fp and another"),
        (scores.clear(), "empty"),
        (apart, "no item of m has a score in each of l00, l01"),
        (pl.concat([scores, made(unit="document")]), "several units"),
        (pl.concat([scores, scores.with_columns(method=pl.lit("pseudo-log-likelihood"), model=pl.lit("b"))]), "method"),
        (pl.concat([scores, scores.head(1)]), "two rows share one key"),
    ]:
        with pytest.raises(BadArgumentError, match=said):
            degradation(wrong)


# ---- disparity ---------------------------------------------------------------------------------------------------


def spread(name, means):
    if name == "worst_less_best":
        return means.max(0) - means.min(0)
    if name == "worst_less_median":
        return means.max(0) - np.median(means, axis=0)
    return means.std(0, ddof=1) / np.abs(means.mean(0))


SPREADS = ["worst_less_best", "worst_less_median", "coefficient_of_variation"]


def row(found, statistic, group=None):
    picked = found.tests.filter(statistic=statistic)
    return (picked if group is None else picked.filter(group=group)).row(0, named=True)


@pytest.mark.parametrize("per", ["item", "byte"])
@pytest.mark.parametrize("name", SPREADS)
def test_spreads_are_those_of_scipy(name, per):
    sizes = RNG.integers(20, 90, (40, 4)), np.full((40, 4), 10)
    scores = made(40, 4, (0.3, 0.1), sizes=sizes)
    found = row(disparity(scores, per=per, n_resamples=4999, rng=1), name)
    lost = losses(scores) / (sizes[0].mean(0) if per == "byte" else 1)
    columns = tuple(lost.T)

    def statistic(*samples, axis=-1):
        return spread(name, np.stack([sample.mean(axis) for sample in samples]))

    assert found["estimate"] == pytest.approx(spread(name, lost.mean(0)), rel=1e-12)
    asked = {"paired": True, "vectorized": True, "n_resamples": 4999, "rng": np.random.default_rng(2)}
    wanted = stats.bootstrap(columns, statistic, method="basic", **asked).confidence_interval
    width = wanted.high - wanted.low
    assert found["low"] == pytest.approx(max(0, wanted.low), abs=0.06 * width)  # quantiles of 4999: some 0.02 of it
    assert found["high"] == pytest.approx(max(0, wanted.high), abs=0.06 * width)
    asked |= {"permutation_type": "samples", "alternative": "greater"}
    p = stats.permutation_test(columns, statistic, **{name: asked[name] for name in asked if name != "paired"}).pvalue
    assert found["p"] == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 4999) * math.sqrt(2) + 2e-4)
    assert (found["null"], found["method"]) == (0.0, "basic")


def test_high_and_low_are_compared_among_themselves():
    scores = made(40, 5, (0.0, 0.1, 0.3, 0.35, 30.0))  # the last, far off, is in neither
    found = row(disparity(scores, high=["l00", "l01"], low=["l02", "l03"], n_resamples=4999, rng=1), "low_less_high")
    columns = tuple(losses(scores)[:, :4].T)

    def statistic(a, b, c, d, axis=-1):
        return (c.mean(axis) + d.mean(axis) - a.mean(axis) - b.mean(axis)) / 2

    assert found["estimate"] == pytest.approx(statistic(*columns))
    asked = {"vectorized": True, "n_resamples": 4999, "rng": np.random.default_rng(2)}
    wanted = stats.bootstrap(columns, statistic, paired=True, method="BCa", **asked).confidence_interval
    width = wanted.high - wanted.low
    assert [found["low"], found["high"]] == pytest.approx(list(wanted), abs=0.06 * width)
    p = stats.permutation_test(columns, statistic, permutation_type="samples", **asked).pvalue
    assert found["p"] == pytest.approx(p, abs=6 * math.sqrt(p * (1 - p) / 4999) + 4e-4)
    for wrong in ({"high": ["l00"]}, {"high": ["l00"], "low": ["l00"]}, {"per": "token"}):
        with pytest.raises(BadArgumentError, match=r"name languages in both|give item or byte"):
            disparity(scores, **wrong, **QUICK)
    with pytest.raises(BadArgumentError, match="xyz has no scores"):
        disparity(scores, high=["l00"], low=["xyz"], **QUICK)


def test_the_loss_of_one_language_is_tested_by_flipping_signs():
    scores = made(12, 2, (-0.4,))
    found = row(disparity(scores, n_resamples=9999, rng=1), "mean", "m rtn4-channel l00")
    lost = losses(scores)[:, 0]
    p = stats.permutation_test((lost,), np.mean, permutation_type="samples", n_resamples=np.inf).pvalue
    assert found["exact"]
    assert found["p"] == pytest.approx(p)
    wanted = stats.bootstrap((lost,), np.mean, n_resamples=9999, rng=np.random.default_rng(1)).confidence_interval
    assert [found["low"], found["high"]] == pytest.approx(list(wanted), abs=0.06 * (wanted.high - wanted.low))


def p_of_spread(shift, seed):
    found = disparity(made(20, 4, shift), n_resamples=199, rng=seed, threads=1)
    return row(found, "worst_less_best")["p"]


def test_p_is_small_as_rarely_as_it_says_where_labels_do_not_matter_and_often_where_they_do():
    small = sum(p_of_spread((), seed) <= 0.05 for seed in range(200))
    assert stats.binom.ppf(0.0005, 200, 0.05) <= small <= stats.binom.ppf(0.9995, 200, 0.05)
    assert sum(p_of_spread((0.4,), seed) <= 0.05 for seed in range(20)) >= 15  # 0.4 is 4 errors of a difference


def shown(found, statistic="worst_less_best"):
    one = row(found, statistic)
    return one["low"] > one["null"] and one["p_adjusted"] < 0.05


def test_the_verdict_shows_nothing_by_chance_and_finds_what_is_there():
    assert sum(shown(disparity(made(20, 8), **QUICK)) for _ in range(30)) <= 4
    assert all(shown(disparity(made(40, 8, (0.6,)), **QUICK)) for _ in range(5))


def test_intervals_hold_the_true_spread():
    true = np.linspace(0, 0.4, 6)
    found = [row(disparity(made(60, 6, true), n_resamples=499, rng=1), "worst_less_best") for _ in range(60)]
    held = sum(one["low"] <= 0.4 <= one["high"] for one in found)
    assert held >= stats.binom.ppf(0.0005, 60, 0.88)


def test_spreads_and_single_languages_are_families_of_their_own():
    scores = made(30, 4, (0.5,), schemes=("rtn4-channel", "rtn3-channel"))
    found = disparity(scores, **QUICK).tests
    for family in (found.filter(pl.col("statistic") == "mean"), found.filter(pl.col("statistic") != "mean")):
        wanted = room.adjust(family["p"].to_numpy(), "holm")
        assert family["p_adjusted"].to_list() == pytest.approx(list(wanted))
    assert found.filter(pl.col("statistic") != "mean").height == 6


def test_order_of_rows_does_not_matter():
    scores = pl.concat([made(12, 3, (0.4,), PAIR), made(12, 3, (), PAIR, model="a")])
    mixed = scores.sample(fraction=1.0, shuffle=True, seed=3)
    for ask in (partial(disparity, **QUICK), partial(contest, pairs=[PAIR], **QUICK), degradation):
        first, second = ask(scores), ask(mixed)
        if isinstance(first, pl.DataFrame):
            assert first.equals(second)
        else:
            assert first.tests.equals(second.tests)
            assert first.sentence == second.sentence


def test_names_of_languages_do_not_matter():
    scores = made(25, 4, (0.5,))
    renamed = scores.with_columns(
        pl.col("language").replace_strict({"l00": "l03", "l03": "l00", "l01": "l02", "l02": "l01"})
    )
    for name in SPREADS:
        one, other = (row(disparity(table, n_resamples=4999, rng=1), name) for table in (scores, renamed))
        assert one["estimate"] == pytest.approx(other["estimate"])
        assert one["p"] == pytest.approx(other["p"], abs=0.03)
        assert one["low"] == pytest.approx(other["low"], abs=0.06 * (one["high"] - one["low"]) + 1e-9)


@pytest.mark.parametrize("items", [1, 2])
def test_one_or_two_items_tell_nothing(items):
    found = disparity(made(items, 3), **QUICK)
    assert found.tests["estimate"].null_count() == found.tests.height
    assert f"n = {items}: the data cannot tell" in found.sentence
    assert contest(made(items, 3, schemes=PAIR), [PAIR]).tests["p"].null_count() == 2


def test_no_item_left_tells_nothing():
    lost = np.full((5, 2), np.nan)
    found = disparity(table_of({"fp": np.zeros((5, 2)), "rtn2-channel": lost}), per="byte", **QUICK)
    assert found.tests["n"].unique().to_list() == [0]
    assert "destroyed in l00, l01" in found.tests["question"][0]


def test_data_without_spread_show_nothing():
    fp = RNG.gamma(20.0, 2.0, (10, 3))
    found = disparity(table_of({"fp": fp, "rtn4-channel": np.ceil(fp + 1) - np.ceil(fp) + fp}), **QUICK)
    one = row(found, "worst_less_best")
    assert one["estimate"] == pytest.approx(0, abs=1e-12)
    assert not shown(found)


def test_a_coefficient_of_variation_of_gains_and_losses_is_undefined():
    scores = made(20, 3, (-3.0, 3.0))
    one = row(disparity(scores, **QUICK), "coefficient_of_variation")
    assert (one["estimate"], one["p"]) == (None, None)


def test_a_disparity_needs_two_languages():
    with pytest.raises(BadArgumentError, match="scores of l00 only"):
        disparity(made(8, 1), **QUICK)


# ---- contest -----------------------------------------------------------------------------------------------------


def two(items=8, languages=3, better=0.3):
    fp = RNG.gamma(20.0, 2.0, (items, languages))
    first = fp + RNG.gamma(2.0, 0.3, (items, languages))
    return table_of({"fp": fp, PAIR[0]: first, PAIR[1]: first + RNG.normal(better, 0.4, (items, languages))})


FIGURES = {"mean_over_languages": np.mean, "worst_language": np.max}


@pytest.mark.parametrize("name", FIGURES)
def test_p_is_that_of_all_swaps(name):
    scores = two()
    both = [losses(scores, scheme) for scheme in PAIR]

    def figure(swaps):
        first = np.where(swaps[:, None], both[1], both[0])
        second = np.where(swaps[:, None], both[0], both[1])
        return FIGURES[name](first.mean(0)) - FIGURES[name](second.mean(0))

    every = np.array([figure(np.array(swaps, bool)) for swaps in itertools.product([0, 1], repeat=8)])
    found = row(contest(scores, [PAIR], rng=1), name)
    seen = figure(np.zeros(8, bool))
    tails = (every <= seen + 1e-12).mean(), (every >= seen - 1e-12).mean()
    assert found["estimate"] == pytest.approx(seen, rel=1e-12)
    assert found["exact"]
    assert found["p"] == pytest.approx(min(1, 2 * min(tails)))


@pytest.mark.parametrize("name", FIGURES)
def test_intervals_of_contests_are_those_of_scipy(name):
    scores = two(items=40)
    both = np.stack([losses(scores, scheme) for scheme in PAIR])

    def statistic(rows):
        means = both[:, rows.astype(int)].mean(1)
        return FIGURES[name](means[0]) - FIGURES[name](means[1])

    wanted = stats.bootstrap(
        (np.arange(40),), statistic, vectorized=False, n_resamples=4999, rng=np.random.default_rng(2)
    ).confidence_interval
    found = row(contest(scores, [PAIR], n_resamples=4999, rng=1), name)
    assert [found["low"], found["high"]] == pytest.approx(list(wanted), abs=0.07 * (wanted.high - wanted.low))


def test_exchanged_schemes_give_the_opposite():
    scores = two(items=9)
    one, other = (contest(scores, [pair], rng=1) for pair in (PAIR, PAIR[::-1]))
    for name in FIGURES:
        first, second = row(one, name), row(other, name)
        assert first["estimate"] == pytest.approx(-second["estimate"])
        assert first["p"] == second["p"]
        assert first["low"] == pytest.approx(-second["high"], abs=0.05 * (first["high"] - first["low"]))


def test_the_worst_language_need_not_be_the_same():
    fp = np.zeros((6, 2))
    first, second = np.tile([1.0, 3.0], (6, 1)), np.tile([2.5, 0.0], (6, 1))
    found = row(contest(table_of({"fp": fp, PAIR[0]: first, PAIR[1]: second}), [PAIR], **QUICK), "worst_language")
    assert found["estimate"] == pytest.approx(0.5)


def test_schemes_are_compared_on_items_that_both_score():
    fp = RNG.gamma(20.0, 2.0, (10, 2))
    first, second = fp + RNG.gamma(1.0, 1.0, (10, 2)), fp + RNG.gamma(1.0, 1.0, (10, 2))
    lost = np.stack([first - fp, second - fp])
    first[3, 0], second[5, 1] = np.nan, np.nan
    found = row(contest(table_of({"fp": fp, PAIR[0]: first, PAIR[1]: second}), [PAIR], **QUICK), "mean_over_languages")
    kept = [0, 1, 2, 4, 6, 7, 8, 9]
    assert (found["n"], found["left_out"]) == (8, 2)
    assert found["estimate"] == pytest.approx((lost[0] - lost[1])[kept].mean())


def test_contests_that_cannot_be_held_are_refused():
    scores = two()
    unequal = scores.filter((pl.col("scheme") != PAIR[0]) | (pl.col("item") != "003"))
    for table, pair, said in [
        (unequal, PAIR, "were scored on other items: score both on the same"),
        (scores, (PAIR[0], "rtn4-channel"), "m was not scored under rtn4-channel: there is rtn3-channel"),
        (scores, (PAIR[0], PAIR[0]), "give two schemes"),
        (scores, (PAIR[0], "fp"), "neither of them fp"),
    ]:
        with pytest.raises(BadArgumentError, match=said):
            contest(table, [pair], **QUICK)
    with pytest.raises(BadArgumentError, match="pairs is empty"):
        contest(scores, [], **QUICK)


def test_many_contests_have_resamples_enough():
    names = [f"rtn{bits}-g{group}" for bits in range(2, 7) for group in (32, 64, 128)]
    fp = RNG.gamma(20.0, 2.0, (20, 2))
    scores = table_of({"fp": fp} | {name: fp + RNG.gamma(1.0, 1.0, (20, 2)) for name in names})
    pairs = list(itertools.combinations(names, 2))[:20]
    found = contest(scores, [*pairs, pairs[0]], rng=1).tests
    assert found.height == 40
    assert found["n_resamples"].unique().to_list() == [16000]
    assert found["p_least"].max() < 0.01


# ---- correlations ------------------------------------------------------------------------------------------------


def six(schemes=("rtn4-channel", "rtn3-channel")):
    sizes = RNG.integers(20, 90, (20, 6)), RNG.integers(5, 30, (20, 6))
    return made(20, 6, np.linspace(0, 1, 6), schemes=schemes, sizes=sizes)


def test_correlations_are_those_of_the_joined_table():
    scores = six()
    more = pl.DataFrame(
        {"language": [f"l{at:02}" for at in range(6)], "kappa": RNG.normal(size=6), "name": list("abcdef")}
    )
    found = correlate(scores, more, **QUICK)
    table = degradation(scores).join(more, on="language").with_columns(group=pl.col("model") + " " + pl.col("scheme"))
    wanted = room.correlate(
        table,
        ["tokens_byte", "kappa"],
        "delta",
        by="group",
        unit="language",
        statistics=["pearson", "spearman"],
        **QUICK,
    )
    assert found.tests.equals(wanted.tests)
    assert found.sentence == wanted.sentence
    assert found.table.height == 12
    r = table.filter(scheme="rtn3-channel").select(pl.corr("delta", "kappa")).item()
    picked = found.tests.filter(pl.col("question").str.contains("kappa"), statistic="pearson", group="m rtn3-channel")
    assert picked["estimate"].item() == pytest.approx(r)


def test_schemes_that_destroy_are_left_out_and_named():
    scores = six()
    broken = scores.with_columns(
        nll=pl.when(scheme="rtn3-channel", language="l02").then(pl.col("nll") + 2000).otherwise("nll")
    )
    found = correlate(broken, x="tokens_byte", **QUICK)
    assert found.destroyed == ("m rtn3-channel",)
    assert found.tests["group"].unique().to_list() == ["m rtn4-channel"]
    assert found.sentence.endswith("Left out, because destroyed: m rtn3-channel.")
    with pytest.raises(BadArgumentError, match="all schemes destroy the model: m rtn3-channel"):
        correlate(broken.filter(pl.col("scheme") != "rtn4-channel"), **QUICK)


def test_tables_of_covariates_are_checked():
    scores = six()
    languages = [f"l{at:02}" for at in range(6)]
    for wrong, said in [
        (pl.DataFrame({"language": languages[:5], "kappa": range(5)}), "lacks l05"),
        (pl.DataFrame({"language": [*languages, "l00"], "kappa": range(7)}), "a language twice"),
        (pl.DataFrame({"kappa": range(6)}), "no column language"),
        (pl.DataFrame({"language": languages, "delta": range(6)}), "'delta' is a column of the scores"),
    ]:
        with pytest.raises(BadArgumentError, match=said):
            correlate(scores, wrong, **QUICK)
    with pytest.raises(BadArgumentError, match="give item or byte"):
        correlate(scores, per="token", **QUICK)


def test_the_loss_a_byte_may_be_asked_for():
    scores = six(("rtn4-channel",))
    found = correlate(scores, x="tokens_byte", per="byte", statistics=["pearson"], **QUICK)
    r = degradation(scores).select(pl.corr("delta_byte", "tokens_byte")).item()
    assert found.tests["estimate"].item() == pytest.approx(r)


# ---- conclusions -------------------------------------------------------------------------------------------------


def sweep(scores):
    return sweep_sentence(degradation(scores), disparity(scores, **QUICK).tests)


def test_a_sweep_says_what_was_shown():
    shift = np.array([0.0, 0.0, 0.0, 2.0])
    fp = RNG.gamma(20.0, 2.0, (30, 4))
    noise = RNG.normal(0.3, 0.3, (2, 30, 4))
    said = sweep(table_of({"fp": fp, "rtn4-channel": fp + noise[0] + shift, "rtn8-channel": fp + noise[1]}))
    assert said.startswith("With n = 4 languages, 30 items and this model, the data show that 1 of 2 schemes hurt some")
    assert "(rtn4-channel: l03 2." in said
    assert said.endswith(").")


def test_a_sweep_that_shows_nothing_says_so():
    assert sweep(made(12, 4)) == (
        "With n = 4 languages, 12 items and this model, the data do not show that any of 1 schemes hurts some "
        "languages more than others."
    )


def test_a_sweep_names_what_is_destroyed():
    scores = made(12, 3)
    broken = scores.with_columns(nll=pl.when(scheme="rtn4-channel", language="l02").then(9e3).otherwise("nll"))
    assert sweep(broken).endswith("; destroyed in some language, so that sizes mean little: rtn4-channel.")


def clips(nll, forms, others):
    scores = table_of(nll)
    tests = contest(scores, [(form, rival) for form in forms for rival in others], **QUICK).tests
    return clips_sentence(degradation(scores), tests, forms)


FORMS, RIVALS = ["la4-shared-g64", "la4-protect4.25-g64"], ["rtn4-g64", "rtn4-g64-mse"]


def nats(**shifts):
    fp = RNG.gamma(20.0, 2.0, (40, 3))
    names = [*FORMS, *RIVALS]
    moved = [shifts.get(name.partition("-")[2].partition("4.25")[0].partition("-g64")[0], 1.0) for name in names]
    noise = {name: fp + shift + RNG.normal(0, 0.1, (40, 3)) for name, shift in zip(names, moved, strict=True)}
    return {"fp": fp} | noise


def test_a_contest_of_clips_says_who_wins_and_what_it_spends():
    said = clips(nats(protect=0.2), FORMS, RIVALS)
    assert said.startswith(
        "With n = 3 languages, 40 items and this model, the data show that la4-protect4.25-g64 (with "
    )
    assert (
        "up to 0.25 bits a weight more) loses less than each rival, on average and in the worst language (0 of 8"
        in said
    )
    both = clips(nats(protect=0.2, shared=0.2), FORMS, RIVALS)
    assert "la4-shared-g64, la4-protect4.25-g64 (with up to 0.25 bits a weight more) lose less" in both


def test_who_beats_one_rival_of_two_does_not_win():
    values = nats()
    values["rtn4-g64"] = values["fp"] + 3.0 + RNG.normal(0, 0.1, (40, 3))
    said = clips(values, FORMS, RIVALS)
    assert "the data do not show that any of 2 schemes loses less than each of its rivals" in said


def test_who_loses_more_is_counted():
    assert "(8 of 8 comparisons show the opposite)" in clips(nats(protect=3.0, shared=3.0), FORMS, RIVALS)


def test_the_broken_win_nothing():
    values = nats()
    for name in FORMS:
        values[name] = values["fp"] + 900.0 + RNG.normal(0, 0.1, (40, 3))
    for name in RIVALS:
        values[name] = values["fp"] + 990.0 + RNG.normal(0, 0.1, (40, 3))
    said = clips(values, FORMS, RIVALS)
    assert "do not show that any of 2 schemes loses less" in said
    assert said.endswith("; destroyed in some language, and so no winner: la4-shared-g64, la4-protect4.25-g64.")


def test_spellings_of_a_contest_are_canonical():
    from glotgap.quant import Scheme

    for bits, granularity in itertools.product(range(2, 9), ("tensor", "channel", "g64")):
        for spelling in (*language_aware(bits, granularity), *rivals(bits, granularity)):
            assert str(Scheme.parse(spelling)) == spelling


def test_nothing_here_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        disparity(made(6, 3), per="byte", **QUICK)
