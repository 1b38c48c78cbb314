"""What the commands share: arguments checked before any work, and pictures that need the `report` extra."""

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

import click

from glotgap._errors import BadArgumentError, UnsupportedError

__all__ = ["check_picture", "check_table", "language_or_none", "pictures", "say", "usable"]

T = TypeVar("T")


def usable(check: Callable[[str], T], value: str) -> T:
    """Return what `check` makes of an argument, or say that the argument is wrong usage."""
    try:
        return check(value)
    except BadArgumentError as error:
        raise click.BadParameter(str(error)) from error


def say(text: str) -> None:
    """Tell on standard error, apart from results."""
    click.echo(text, err=True)


def check_table(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Refuse a file that no table can be written to."""
    from glotgap.tables import check_path

    if value is not None:
        usable(check_path, value)
    return value


def check_picture(_context: click.Context, _option: click.Parameter, value: str) -> str:
    """Refuse a file that no picture can be written to."""
    from glotgap.report.page import check_path

    usable(check_path, value)
    return value


def language_or_none(reference: str) -> str | None:
    """Return the language that a reference names; None for the word none."""
    return None if reference.lower() == "none" else reference


def pictures(module: str) -> Any:
    """Return a module of `glotgap.report` that draws.

    Raises:
        UnsupportedError: what it draws with is not installed.
    """
    try:
        return importlib.import_module(f"glotgap.report.{module}")
    except ModuleNotFoundError as error:
        raise UnsupportedError(
            f"plot needs {error.name}, which is not installed: pip install {error.name}, or in a clone of glotgap "
            "pip install '.[report]'"
        ) from error
