"""Which scheme is better, what goes with the damage, and what is concluded: against loops, scipy and plain tables."""

import itertools

import numpy as np
import polars as pl
import pytest
from scipy import stats

from glotgap import BadArgumentError
from glotgap import stats as room
from glotgap.quant import contest, correlate, degradation, disparity
from glotgap.quant.conclusions import clips_sentence, language_aware, rivals, sweep_sentence
from quant_scores import PAIR, QUICK, RNG, losses, made, row, table_of


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
        (
            scores,
            (PAIR[0], "rtn4-channel"),
            "m was not scored under rtn4-channel: there is fp, rtn2-channel, rtn3-channel",
        ),
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
    pairs = list(itertools.combinations(names, 2))[:40]
    found = contest(scores, [*pairs, pairs[0]], rng=1).tests
    assert found.height == 80
    assert found["n_resamples"].unique().to_list() == [16000]
    assert found["p_least"].max() == pytest.approx(80 * 2 / 16001)


def six(schemes=("rtn4-channel", "rtn3-channel")):
    sizes = RNG.integers(20, 90, (20, 6)), RNG.integers(5, 30, (20, 6))
    return made(20, 6, np.linspace(0, 1, 6), schemes=schemes, sizes=sizes)


def test_correlations_are_those_of_the_joined_table():
    scores = six()
    more = pl.DataFrame(
        {"language": [f"l{at:02}" for at in range(6)], "kappa": RNG.normal(size=6), "name": list("abcdef")}
    )
    found = correlate(scores, more.select("language", "name"), more, **QUICK)
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
        (pl.DataFrame({"language": languages, "delta": range(6)}), "'delta' is there already"),
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
