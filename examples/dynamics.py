"""Do the weights of a model grow heavy tails while it trains, and do dropout or weight decay hold them back?

Trains the package's tiny model in four settings (dropout 0 or 0.1, weight decay 0 or 0.1), with several seeds each, and
keeps checkpoints. Prints excess kurtosis by step and component, the growth of each setting from first to last
checkpoint (`glotgap.weights.growth`; the unit is a layer), and what goes with dropout and with weight decay over all
models (`glotgap.weights.associate`; the unit is a model). docs/findings.md has what it printed.

    python examples/dynamics.py                 # 12 models: about 15 minutes on two slow cores; then cached
    python examples/dynamics.py --seeds 1       # 4 models: no p can be small

Limits: a model of a million weights, trained for a minute on 672 sentences, is plumbing. What it does says nothing of
language models; models of one seed see the same sentences in the same order, and are less than independent. p is
adjusted within each answer, not over the four settings.
"""

import argparse
import sys
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import polars as pl

from glotgap import weights
from glotgap.quant import tiny

GROUPS = {"attention": ("attn.*",), "mlp": ("mlp.*",)}


@dataclass(frozen=True)
class Setting:
    """How one model is trained."""

    dropout: float
    weight_decay: float
    seed: int

    def __str__(self) -> str:
        return f"dropout {self.dropout:g}, weight decay {self.weight_decay:g}, seed {self.seed}"


def trained(setting: Setting, asked: argparse.Namespace) -> Path:
    """Return the directory of a model with its checkpoints, trained unless it is in the cache."""

    def told(step: int, steps: int) -> None:
        print(f"\r{setting}: step {step} of {steps} ", end="\n" if step == steps else "", file=sys.stderr, flush=True)

    return tiny.model(
        steps=asked.steps,
        dropout=setting.dropout,
        weight_decay=setting.weight_decay,
        seed=setting.seed,
        checkpoints=range(0, asked.steps + 1, asked.every),
        cache=asked.cache,
        progress=told,
    )


def scanned(directory: Path, setting: Setting) -> dict[int, pl.DataFrame]:
    """Return TENSORS of each checkpoint, by its step."""
    named = pl.lit(str(setting)).alias("model")
    return {
        int(path.name.removeprefix("step-")): weights.scan(path, clip=False, quantiles=()).with_columns(named)
        for path in sorted(directory.glob("step-*"))
    }


def by_step(scans: dict[int, pl.DataFrame], statistic: str) -> pl.DataFrame:
    """Return the mean of a figure over the tensors of each component, a column a checkpoint."""
    rows = pl.concat(scan.with_columns(pl.lit(step).alias("step")) for step, scan in scans.items())
    means = rows.group_by("component", "step").agg(pl.col(statistic).mean().round(3) + 0.0).sort("step", "component")
    return means.pivot("step", index="component", values=statistic)


def associated(scans: dict[Setting, dict[int, pl.DataFrame]], statistic: str) -> str:
    """Return how the figure of the last checkpoints goes with dropout and weight decay."""
    last = pl.concat(steps[max(steps)] for steps in scans.values())
    models = pl.DataFrame(
        [{"model": str(s), "dropout": s.dropout, "weight_decay": s.weight_decay} for s in scans],
    )
    return weights.associate(last, models, groups=GROUPS, statistic=statistic, rng=1).sentence


def lines(sentence: str) -> str:
    """Return an answer with a line for each finding."""
    return "  " + sentence.replace("; ", "\n  ")


def main() -> None:
    """Train, scan, and print what was found."""
    asked = arguments()
    settings = [Setting(*each) for each in product((0.0, 0.1), (0.0, 0.1), range(asked.seeds))]
    scans = {setting: scanned(trained(setting, asked), setting) for setting in settings}
    pl.Config(tbl_rows=-1, tbl_cols=-1, tbl_width_chars=120, tbl_hide_dataframe_shape=True)
    pl.Config(tbl_hide_column_data_types=True, tbl_formatting="ASCII_MARKDOWN")
    for setting in (each for each in settings if each.seed == 0):
        print(f"\n{asked.statistic}, {setting}: mean over tensors, by step\n{by_step(scans[setting], asked.statistic)}")
        found = weights.growth(scans[setting], statistic=asked.statistic, effect="mean_difference", rng=1)
        print(lines(found.sentence))
    print(f"\nOver the last checkpoints of {len(settings)} models:\n{lines(associated(scans, asked.statistic))}")
    print(f"\n{tiny.NOTE}")


def arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--steps", type=int, default=tiny.STEPS, help="of training")
    parser.add_argument("--every", type=int, default=tiny.STEPS // 5, help="steps from checkpoint to checkpoint")
    parser.add_argument("--seeds", type=int, default=3, help="models a setting")
    parser.add_argument("--statistic", default="kurtosis", help="a column of TENSORS, such as absmax_sigma")
    parser.add_argument("--cache", type=Path, help="directory of trained models")
    return parser.parse_args()


if __name__ == "__main__":
    main()
