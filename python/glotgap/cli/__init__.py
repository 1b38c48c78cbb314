"""The command line: the verbs of the library, and how they fail.

`main` turns every outcome into an exit code: 0 done, 1 an error of glotgap or the system in one line on standard error,
2 wrong usage, 130 interrupted, 141 (as of a signal) when the reader of its output left. A command's module is imported
when the command is named, and imports what it needs when it runs, so `glotgap --help` waits for nothing.
"""

import importlib
import os
import sys
import warnings
from typing import Final

import click

from glotgap import __version__
from glotgap._errors import GlotgapError

__all__ = ["glotgap", "main"]

_COMMANDS: Final = {"tokens": "glotgap.cli.tokens", "weights": "glotgap.cli.weights"}


class _LazyGroup(click.Group):
    """Commands by name; each module holds a click command of its own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name]), cmd_name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def glotgap() -> None:
    """Exact statistics of model weights and of tokenizers: where the outliers are, and what languages pay."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; `arguments` default to the process's own."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # σ must not stop a terminal that cannot show it
            stream.reconfigure(errors="replace")
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        sys.exit(_run(arguments))


def _show_warning(message: Warning | str, *_where: object, **_also: object) -> None:
    click.echo(f"warning: {' '.join(str(message).split())}", err=True)


def _run(arguments: list[str] | None) -> int:
    try:
        outcome = glotgap.main(arguments, prog_name="glotgap", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    except BrokenPipeError:  # the reader of our output has left: say nothing more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (GlotgapError, OSError) as error:
        click.echo(f"error: {' '.join(str(error).split())}", err=True)
        return 1
    return outcome if isinstance(outcome, int) else 0
