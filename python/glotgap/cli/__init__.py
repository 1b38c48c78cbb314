"""The command line: the verbs of the library, and how they fail.

`main` turns every outcome into an exit code: 0 done, 1 an error of glotgap or the system in one line on standard error,
2 wrong usage, 130 interrupted (Ctrl-C), 143 and 129 ended by SIGTERM and SIGHUP, 141 (as of a signal) when the reader
of its output left. A command that is stopped removes its temporary files and says in one line what it kept. A command's
module is imported when the command is named, and imports what it needs when it runs, so `glotgap --help` waits for
nothing.
"""

import importlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from glotgap import __version__
from glotgap._errors import GlotgapError

__all__ = ["glotgap", "main"]

_COMMANDS: Final = {
    "quant": "glotgap.cli.quant",
    "stats": "glotgap.cli.stats",
    "tokens": "glotgap.cli.tokens",
    "weights": "glotgap.cli.weights",
}


class _LazyGroup(click.Group):
    """Commands by name; each module holds a click command of its own name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # click's signature
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(_COMMANDS[cmd_name]), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (KeyboardInterrupt, _Ended) as stop:
            raise _Stopped(stop) from stop  # click would print an empty line
        except BrokenPipeError as gone:
            raise _Left from gone  # click would exit with 1


class _Ended(SystemExit):
    """A signal asked the process to end; like Ctrl-C, it unwinds what runs."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.exit_code = code


class _Stopped(Exception):  # noqa: N818  # it is no error
    """The end of a command that was stopped; notes on the cause say what was kept."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__("; ".join(["stopped", *getattr(cause, "__notes__", [])]))
        self.exit_code = cause.exit_code if isinstance(cause, _Ended) else 130


class _Left(Exception):  # noqa: N818  # it is no error
    """The reader of our output has left."""


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def glotgap() -> None:
    """Exact statistics of model weights and of tokenizers: where the outliers are, and what languages pay."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit; `arguments` default to the process's own."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # σ must not stop a terminal that cannot show it
            stream.reconfigure(errors="replace")
    with warnings.catch_warnings(), _unwinding_signals():
        warnings.showwarning = _show_warning
        sys.exit(_run(arguments))


_SIGNALS: Final = ("SIGTERM", "SIGHUP")


@contextmanager
def _unwinding_signals() -> Iterator[None]:
    """Let signals that end a process do it by an exception, unless whoever started it chose otherwise."""
    here = threading.current_thread() is threading.main_thread()
    known = [getattr(signal, name) for name in _SIGNALS if here and hasattr(signal, name)]
    ours = [number for number in known if signal.getsignal(number) is signal.SIG_DFL]
    try:
        for number in ours:
            signal.signal(number, _end)
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _end(number: int, _frame: object) -> None:
    raise _Ended(128 + number)


def _show_warning(message: Warning | str, *_where: object, **_also: object) -> None:
    click.echo(f"warning: {' '.join(str(message).split())}", err=True)


def _run(arguments: list[str] | None) -> int:
    try:
        outcome = glotgap.main(arguments, prog_name="glotgap", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (_Stopped, click.Abort, KeyboardInterrupt) as stop:
        click.echo(stop if isinstance(stop, _Stopped) else "stopped", err=True)
        return stop.exit_code if isinstance(stop, _Stopped) else 130
    except (BrokenPipeError, _Left):  # say nothing more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (GlotgapError, OSError) as error:
        click.echo(f"error: {' '.join(str(error).split())}", err=True)
        return 1
    return outcome if isinstance(outcome, int) else 0
