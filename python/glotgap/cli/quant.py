"""`glotgap quant`: score models on parallel text under schemes of quantization, and ask what it costs whom."""

from typing import TYPE_CHECKING, Any

import click

from glotgap._errors import BadArgumentError
from glotgap.cli.answers import answer_options, read_columns, told, write_columns
from glotgap.cli.checks import say
from glotgap.cli.quant_answers import answers, show_notes
from glotgap.cli.quant_options import (
    check_granularity,
    check_scheme,
    corpus_options,
    model_options,
    run_options,
    writable,
)
from glotgap.cli.quant_running import corpus_of, evaluated
from glotgap.cli.quant_studies import clips, sweep

if TYPE_CHECKING:
    import polars as pl

    from glotgap.quant import Evaluation


@click.group()
def quant() -> None:
    """Score models on parallel text, full and quantized: which languages lose, how much, and why."""


@quant.command("eval")
@click.argument("model")
@click.option("--scheme", "schemes", multiple=True, metavar="SCHEME", callback=check_scheme,
              help="How weights are quantized; may be repeated: rtn4-g64-mse (rounded to nearest), la4-minimax (clips "
              "by language), bnb-nf4, torchao-int4, hqq3-g64, quanto4, gptq4-g128, autoround4 (libraries), and more: "
              "`glotgap quant schemes` lists them all. fp, the weights as they are, is always scored.")  # fmt: skip
@click.option("--unit", type=click.Choice(["sentence", "document"]), default="sentence", show_default=True,
              help="What an item of the corpus is.")  # fmt: skip
@corpus_options
@run_options
def evaluate(*, model: str, schemes: tuple[str, ...], quiet: bool, **options: Any) -> None:
    """Score MODEL on parallel text: a directory, a GGUF file or a Hub id.

    Prints bits per byte of each language under each scheme, what each scheme did to the weights and what it costs each
    language.
    """
    found = evaluated(model, ("fp", *schemes), quiet=quiet, **options)
    if not quiet:
        _show(found)


def _show(found: "Evaluation") -> None:
    from glotgap.quant import degradation
    from glotgap.report.quant import show_losses, show_scores

    show_scores(found.scores)
    if found.scores["scheme"].n_unique() > 1:
        show_losses(degradation(found.scores))
    show_notes(found)


@quant.command()
def schemes() -> None:
    """List the spellings of schemes."""
    from glotgap.quant.scheme import describe

    for _, spelling, meaning in describe().iter_rows():
        click.echo(f"{spelling:<32} {meaning}")


@quant.command()
@click.argument("model")
@click.option("--folds", type=click.IntRange(min=1), default=4, show_default=True, metavar="N",
              help="Parts that the items of a language are kept in, for nulls.")  # fmt: skip
@click.option("--whole", is_flag=True, help="Keep whole second moments of inputs, not their diagonals alone.")
@click.option("--matched", is_flag=True, help="Read as many bytes in each language, by leaving out the last items.")
@click.option("--out", required=True, metavar="FILE", callback=writable(".safetensors"),
              help="Profile to write: .safetensors.")  # fmt: skip
@click.option("--inputs", metavar="FILE", callback=writable(".parquet", ".csv"),
              help="Write mean square, absmax and kurtosis of inputs of matrices: .parquet or .csv.")  # fmt: skip
@click.option("--outputs", metavar="FILE", callback=writable(".parquet", ".csv"),
              help="Write mean |output| of attention, MLP and block by layer likewise.")  # fmt: skip
@corpus_options
@model_options
def profile(
    *,
    model: str,
    corpora: tuple[str, ...],
    out: str,
    inputs: str | None,
    outputs: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Profile the activations of MODEL, language by language."""
    from glotgap.cli.progress import counting
    from glotgap.quant import profile as profiled
    from glotgap.quant import save_profile

    text = corpus_of(corpora, quiet=quiet)
    with counting("reading", "texts", quiet=quiet) as progress:
        found = profiled(model, corpus=text, progress=progress, **options)
    save_profile(found, out)
    if not quiet:
        say(f"wrote {out}: {', '.join(found.languages)}, {int(found.tokens.sum()):,} tokens")
    for path, table in ((inputs, found.inputs_table()), (outputs, found.outputs_table())):
        if path is not None:
            write_columns(table, path)
            if not quiet:
                say(f"wrote {path}")


@quant.command()
@click.argument("model")
@click.argument("profile")
@click.option("--bits", type=click.IntRange(2, 8), default=4, show_default=True, metavar="N", help="Bits of a weight.")
@click.option("--granularity", default="channel", show_default=True, metavar="PART", callback=check_granularity,
              help="What has a clip of its own: tensor, channel or g64.")  # fmt: skip
@click.option("--shuffles", type=click.IntRange(min=1), default=39, show_default=True, metavar="N",
              help="Shuffles of languages behind the null.")  # fmt: skip
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), default="float32", show_default=True,
              help="Type that the weights are loaded in: the one that was profiled.")  # fmt: skip
@click.option("--out", metavar="FILE", callback=writable(".parquet", ".csv"),
              help="Write regret by matrix and language to a .parquet or .csv file.")  # fmt: skip
def regret(*, model: str, profile: str, bits: int, granularity: str, out: str | None, **how: Any) -> None:
    """Say what clips by language can win at most on MODEL, before any is tried.

    PROFILE is what `glotgap quant profile` wrote of the same model.
    """
    from glotgap.cli.progress import counting
    from glotgap.quant import load_profile
    from glotgap.quant import regret as regretted

    with counting("weighing", "matrices", quiet=False) as progress:
        found = regretted(model, load_profile(profile), bits, granularity, progress=progress, **how)
    click.echo(found.sentence)
    if out is not None:
        write_columns(found.table, out)
        say(f"wrote {out}")


@quant.command("report-tables")
@click.argument("scores", nargs=-1, required=True, metavar="SCORES...")
@click.option("--covariates", multiple=True, metavar="FILE", help="Table with a row a language; repeatable.")
@click.option("--profile", metavar="FILE", help="What `glotgap quant profile` wrote of the model: with --tensors, "
              "effective kurtosis and outlier activation of languages are covariates.")  # fmt: skip
@click.option("--tensors", metavar="FILE", help="What `glotgap weights scan` wrote of the model.")
@click.option("-x", "x", multiple=True, metavar="COLUMN",
              help="What to correlate the loss with; tokens a byte, fertility, premium, all covariates.")  # fmt: skip
@click.option("--given", multiple=True, metavar="COLUMN", help="A column held constant; may be repeated.")
@click.option("--high", multiple=True, metavar="LANGUAGE", help="A high-resource language; may be repeated.")
@click.option("--low", multiple=True, metavar="LANGUAGE", help="A low-resource language; may be repeated.")
@click.option("--per", type=click.Choice(["item", "byte"]), default="item", show_default=True, help="Nats of what.")
@answer_options
def report_tables(
    *,
    scores: tuple[str, ...],
    covariates: tuple[str, ...],
    profile: str | None,
    tensors: str | None,
    x: tuple[str, ...],
    given: tuple[str, ...],
    high: tuple[str, ...],
    low: tuple[str, ...],
    out: str | None,
    per: str,
    **asked: Any,
) -> None:
    """Say what quantization cost each language, whether it cost some more, and what goes with it.

    SCORES are tables that `glotgap quant eval --out` wrote.
    """
    import polars as pl

    from glotgap import tables
    from glotgap.quant import degradation
    from glotgap.report.quant import reference_line, show_losses

    if bool(high) != bool(low):
        raise click.UsageError("--high and --low are compared with each other: name languages in both")
    table = pl.concat([tables.read(path, "SCORES") for path in scores])
    tables.check("SCORES", table)  # no item twice
    covered = [*map(read_columns, covariates), *_of_activations(profile, tensors, table["model"])]
    show_losses(degradation(table), column="delta" if per == "item" else "delta_byte")
    click.echo(reference_line(table))
    groups, columns = {"high": high, "low": low}, {"x": list(x) or None, "given": list(given)}
    found = answers(table, covered, groups=groups, columns=columns, per=per, **asked)
    told(found, out, scores=scores, reference=reference_line(table), per=per, **asked)


def _of_activations(profile: str | None, tensors: str | None, models: "pl.Series") -> "tuple[pl.DataFrame, ...]":
    """Return what is known of languages from a profile and a scan of the model that was scored."""
    if (profile is None) != (tensors is None):
        raise click.UsageError("--profile and --tensors go together: give both, of the same model")
    if profile is None or tensors is None:
        return ()
    from glotgap import tables
    from glotgap.quant import effective_kurtosis, load_profile, outlier_activation

    read, scan = load_profile(profile), tables.read(tensors, "TENSORS")
    if others := sorted(set(models) - {read.name}):
        raise BadArgumentError(
            f"{profile} is of the model {read.name}, and there are scores of {', '.join(others)}: give the profile of "
            "the model that was scored, and scores of no other with it"
        )
    return effective_kurtosis(read, scan), outlier_activation(read, scan)


for study in (sweep, clips):
    quant.add_command(study)
