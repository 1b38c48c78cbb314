"""What quantization costs whom, and whether some more: against loops and scipy."""

import math
import warnings
from functools import partial

import numpy as np
import polars as pl
import pytest
from scipy import stats

from glotgap import BadArgumentError
from glotgap import stats as room
from glotgap.quant import contest, degradation, disparity
from quant_scores import PAIR, QUICK, RNG, VOCABULARY, losses, made, row, table_of


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
    for one in found.iter_rows(named=True):
        wanted = loop(scores, one["model"], one["scheme"], one["language"])
        assert {name: one[name] for name in wanted} == pytest.approx(wanted, rel=1e-12)
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
        (scores.with_columns(reference=pl.col("scheme")), "m has scores of several reference"),
        (
            scores.with_columns(vocabulary=pl.int_range(1, pl.len() + 1).cast(pl.UInt64)),
            "m has scores of several vocabulary",
        ),
    ]:
        with pytest.raises(BadArgumentError, match=said):
            degradation(wrong)


def spread(name, means):
    if name == "worst_less_best":
        return means.max(0) - means.min(0)
    if name == "worst_less_median":
        return means.max(0) - np.median(means, axis=0)
    if name == "worst_to_median":
        return means.max(0) / np.median(means, axis=0)
    return means.std(0, ddof=1) / np.abs(means.mean(0))


SPREADS = ["worst_less_best", "worst_less_median", "worst_to_median", "coefficient_of_variation"]


@pytest.mark.parametrize("per", ["item", "byte"])
@pytest.mark.parametrize("name", SPREADS)
def test_spreads_are_those_of_scipy(name, per):
    sizes = RNG.integers(20, 90, (40, 4)), np.full((40, 4), 10)
    scores = made(40, 4, (0.3, 0.5, 0.6, 1.2), sizes=sizes)
    found = row(disparity(scores, per=per, n_resamples=4999, rng=1), name)
    lost = losses(scores) / (sizes[0].mean(0) if per == "byte" else 1)
    columns = tuple(lost.T)

    def statistic(*samples, axis=-1):
        return spread(name, np.stack([sample.mean(axis) for sample in samples]))

    assert found["estimate"] == pytest.approx(spread(name, lost.mean(0)), rel=1e-12)
    asked = {"paired": True, "vectorized": True, "n_resamples": 4999, "rng": np.random.default_rng(2)}
    wanted = stats.bootstrap(columns, statistic, method="basic", **asked).confidence_interval
    width = wanted.high - wanted.low
    null = 1.0 if name == "worst_to_median" else 0.0
    assert found["low"] == pytest.approx(max(null, wanted.low), abs=0.06 * width)  # quantiles of 4999: some 0.02 of it
    assert found["high"] == pytest.approx(max(null, wanted.high), abs=0.06 * width)
    asked |= {"permutation_type": "samples", "alternative": "greater"}
    p = stats.permutation_test(columns, statistic, **{name: asked[name] for name in asked if name != "paired"}).pvalue
    assert found["p"] == pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / 4999) * math.sqrt(2) + 2e-4)
    assert (found["null"], found["method"]) == (null, "basic")


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
    scores = made(30, 4, (1.5, 1.0, 1.0, 1.0), schemes=("rtn4-channel", "rtn3-channel"))
    found = disparity(scores, **QUICK).tests
    for family in (found.filter(pl.col("statistic") == "mean"), found.filter(pl.col("statistic") != "mean")):
        wanted = room.adjust(family["p"].to_numpy(), "holm")
        assert family["p_adjusted"].to_list() == pytest.approx(list(wanted))
    assert found.filter(pl.col("statistic") != "mean").height == 8


def test_many_schemes_have_resamples_enough():
    schemes = [f"rtn{bits}-g{group}" for bits in range(2, 9) for group in (16, 32, 64, 128)]
    found = disparity(made(20, 2, (0.6,), schemes=schemes), rng=1).tests
    spreads = found.filter(pl.col("statistic") != "mean").drop_nulls("p")
    assert spreads["n_resamples"].unique().to_list() == [200 * 28 * 4]
    assert spreads["p_least"].max() <= 1 / 200
    means = found.filter(statistic="mean")
    assert means["n_resamples"].unique().to_list() == [200 * 28 * 2]
    assert means["p_least"].max() <= 2 / 200


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
    scores = made(25, 4, (1.5, 1.0, 1.0, 1.0))
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


def test_nothing_here_warns():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        disparity(made(6, 3), per="byte", **QUICK)
