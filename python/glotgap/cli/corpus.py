"""What the commands that read a corpus share: their options, and the exit code of one that could not be read whole."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from glotgap.cli.checks import usable

__all__ = ["LOST", "check_size", "corpus_options"]

LOST: Final = 3
"""Exit code where part of the data could not be counted; what could be was."""

_FORMATS: Final = ("text", "jsonl", "csv", "tsv", "parquet", "arrow", "arrow-stream", "conllu")

F = TypeVar("F", bound=Callable[..., Any])


def check_size(_context: click.Context, _option: click.Parameter, value: str) -> int:
    """Return a size such as 512MB in bytes."""
    from glotgap.tokens.sizes import parse_size

    return usable(parse_size, value)


_OPTIONS: Final = (
    click.option("--lang", metavar="CODE", help="Language of all documents. Without any of these three it is und."),
    click.option("--lang-from", type=click.Choice(["filename", "directory"]),
                 help="Where each file's language stands: in its name, as in news.srp-Latn.txt, or in the name of its "
                 "directory, as in eng/news.txt."),
    click.option("--lang-field", metavar="FIELD", help="Field or column that names each document's language."),
    click.option("--text-field", default="text", show_default=True, metavar="FIELD",
                 help="Field or column of the text; a.b is field b inside a."),
    click.option("--documents", type=click.Choice(["line", "file", "blank"]), default="line", show_default=True,
                 help="What a document of a plain text file is: a line, the file, or the lines up to a blank one."),
    click.option("--invalid", type=click.Choice(["skip", "replace"]), default="skip", show_default=True,
                 help="Text that is not UTF-8: leave its document out and report it, or put U+FFFD for its bad bytes."),
    click.option("--format", "form", type=click.Choice(_FORMATS),
                 help="Format of all files, where their content should not tell it."),
)  # fmt: skip


def corpus_options(command: F) -> F:
    """Add the options that say how a corpus is read."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
