"""The whole chain on one tiny model, offline: tokens, weights, activations, quantization, and what it cost whom.

Trains the package's tiny model (a minute, then cached), counts what its tokenizer makes of sentences that it never saw,
scans its weights, profiles its activations, scores it under some schemes and asks whether they hurt some languages
more. Every figure is plumbing: the model has read 672 sentences.

    python examples/chain.py
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from glotgap import quant, tokens, weights
from glotgap.quant import Parallel, tiny
from glotgap.quant.conclusions import sweep_sentence
from glotgap.report.quant import audit_lines, reference_line, show_losses

FEW = ("arb", "deu", "eng", "heb", "hin", "jpn")
SCHEMES = ("fp", "rtn4-g64", "rtn3-channel", "rtn2-channel", "la3-minimax")


def train() -> Path:
    """Return the directory of the tiny model."""

    def told(step: int, steps: int) -> None:
        print(f"\rstep {step} of {steps} ", end="\n" if step == steps else "", file=sys.stderr, flush=True)

    return tiny.model(progress=told)


def bill(directory: Path, text: Parallel) -> pl.DataFrame:
    """Return what the tokenizer charges each language for the same sentences, the dearest first."""
    documents = ((language, item) for language, items in text.texts.items() for item in items)
    counts = tokens.scan(documents, tokens.Tokenizer.load(directory, name="tiny"), words="icu")
    table = tokens.metrics(counts, reference="eng")
    figures = table.select("group", "docs", "fertility", "premium", "bytes_per_token")
    return figures.sort("premium", descending=True, nulls_last=True)


def heaviest(scan: pl.DataFrame) -> pl.DataFrame:
    """Return the tensors with the heaviest tails."""
    figures = scan.select("tensor", "component", "n", "std", "kurtosis", "absmax_sigma")
    return figures.sort("kurtosis", descending=True, nulls_last=True).head(8)


def worst(tests: pl.DataFrame) -> pl.DataFrame:
    """Return how far the worst language is from the best under each scheme."""
    asked = tests.filter(pl.col("statistic") == "worst_less_best")
    p = pl.col("p_adjusted").round_sig_figs(2).cast(pl.String)
    return asked.select("group", "estimate", "low", "high", p, "shown", "n")


@contextmanager
def link(title: str) -> Iterator[None]:
    """Print the title of a link of the chain, and how long it took."""
    print(f"\n{title}")
    begun = time.perf_counter()
    yield
    print(f"({time.perf_counter() - begun:.1f} s)")


def main() -> None:
    """Run the chain."""
    begun = time.perf_counter()
    pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=120, fmt_str_lengths=60, float_precision=2)
    pl.Config(tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True, tbl_formatting="ASCII_MARKDOWN")
    print(tiny.NOTE)
    text, few = tiny.held_out(), tiny.trained_on().chosen(FEW)
    with link("The model: trained here, unless it is in the cache"):
        directory = train()
        print(directory)
    with link("Tokens: what its tokenizer charges each language for the same 16 sentences"):
        print(bill(directory, text))
    with link("Weights: the heaviest tails"):
        scan = weights.scan(directory)
        print(heaviest(scan))
    with link("Profile: how much of each language passes through the layers with the heaviest tails"):
        profile = quant.profile(directory, None, tiny.trained_on())
        covariates = quant.outlier_activation(profile, scan)
        print(covariates.select("language", "outlier_activation").sort("outlier_activation", descending=True).head(5))
        print(quant.regret(directory, quant.profile(directory, None, few), 3, shuffles=9).sentence)
    with link("Schemes: what rounding to few bits costs each language, in nats an item"):
        found = quant.evaluation(directory, None, text, schemes=SCHEMES, calibration=few)
        losses = quant.degradation(found.scores)
        show_losses(losses)
        print("\n".join((*audit_lines(found.audits), reference_line(found.scores))))
    with link("Disparity: does it cost some languages more, and what goes with it?"):
        unequal = quant.disparity(found.scores, rng=0)
        print(worst(unequal.tests))
        print(quant.correlate(found.scores, covariates, statistics=["spearman"], rng=0).sentence.replace("; ", "\n"))
        print(sweep_sentence(losses, unequal.tests))
    print(f"\nThe whole chain took {time.perf_counter() - begun:.0f} s. {tiny.NOTE}")


if __name__ == "__main__":
    main()
