"""Tables of scores whose losses are known: what tests of the questions ask about."""

import numpy as np
import polars as pl

from glotgap import tables

RNG = np.random.default_rng(1)
"""Each test module imports it by this name, so that each test finds it in the same state."""
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


def row(found, statistic, group=None):
    picked = found.tests.filter(statistic=statistic)
    return (picked if group is None else picked.filter(group=group)).row(0, named=True)
