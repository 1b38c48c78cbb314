"""Arguments of a wrong type are refused before any work, with what was given and what is asked for.

`typed` reads the annotations of a public function, so that they are the one place that says what it takes. Whole
numbers of numpy are ints, and ints are floats; a bool is neither. What is inside a list or a mapping the function
checks itself, and so it does with Any and Iterable[Any], by which streams of other libraries come too.
"""

import functools
import inspect
import os
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, cycle
from numbers import Real
from typing import Any, Final, ParamSpec, TypeGuard, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from glotgap._errors import BadArgumentError

__all__ = ["is_text", "typed"]

P = ParamSpec("P")
R = TypeVar("R")


def typed(function: Callable[P, R]) -> Callable[P, R]:
    """Return `function`, which refuses arguments that do not fit its annotations.

    Raises:
        BadArgumentError: from the function that is returned; names the argument.

    Example:
        >>> @typed
        ... def halve(number: int, *, loud: bool = False) -> float:
        ...     return number / 2
        >>> halve("8")
        Traceback (most recent call last):
        ...
        glotgap._errors.BadArgumentError: number is '8': give a whole number
    """
    names, rest = _positional(function)
    hints: dict[str, tuple[Any, ...]] = {}

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if not hints:  # annotations may name what is defined further down
            hints.update({name: _choices(hint) for name, hint in get_type_hints(function).items()})
        for name, value in (*zip(chain(names, rest), args, strict=False), *kwargs.items()):
            _refuse_other(name, value, hints.get(name, (Any,)))
        return function(*args, **kwargs)

    return checked


def _positional(function: Callable[..., Any]) -> tuple[list[str], Iterator[str]]:
    """Return the names of arguments by position, and that of all further ones, again and again."""
    kinds = {name: parameter.kind for name, parameter in inspect.signature(function).parameters.items()}
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    further = [name for name, kind in kinds.items() if kind is inspect.Parameter.VAR_POSITIONAL]
    return [name for name, kind in kinds.items() if kind in by_place], cycle(further)


def _choices(hint: Any) -> tuple[Any, ...]:
    """Return the types that a hint offers, without what they hold."""
    if get_origin(hint) in {Union, types.UnionType}:
        return tuple(choice for part in get_args(hint) for choice in _choices(part))
    return (Any,) if hint == Iterable[Any] else (get_origin(hint) or hint,)


def _refuse_other(name: str, value: object, choices: tuple[Any, ...]) -> None:
    if any(_fits(value, choice) for choice in choices):
        return
    given = f"{value!r:.80}" if isinstance(value, _SHOWN) else f"a {type(value).__name__}"
    if isinstance(value, str) and str in choices:
        raise BadArgumentError(f"{name} is {given}, which UTF-8 cannot hold: leave out the half surrogate pairs")
    if _is_whole(value) and int in choices:
        raise BadArgumentError(f"{name} is {given}: give a number of less than 64 bits")
    raise BadArgumentError(f"{name} is {given}: give {' or '.join(dict.fromkeys(map(_words, choices)))}")


def _fits(value: object, choice: Any) -> bool:
    if choice in _TESTS:
        return _TESTS[choice](value)
    return not isinstance(choice, type) or isinstance(value, choice)


def _is_whole(value: object) -> TypeGuard[int | np.integer]:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def is_text(text: str) -> bool:
    """Whether no half of a surrogate pair is in it, as there is in the names of files that are not UTF-8."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


_MOST: Final = 1 << 63

_TESTS: Final[Mapping[Any, Callable[[object], bool]]] = {
    Any: lambda _: True,
    str: lambda value: isinstance(value, str) and is_text(value),
    bool: lambda value: isinstance(value, bool | np.bool_),
    int: lambda value: _is_whole(value) and -_MOST <= int(value) < _MOST,
    float: lambda value: isinstance(value, Real) and not isinstance(value, bool),
    os.PathLike: lambda value: isinstance(value, str | os.PathLike),
    Sequence: lambda value: isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes),
    Iterable: lambda value: isinstance(value, Iterable) and not isinstance(value, str | bytes),
}

_SHOWN: Final = (str, bytes, bool, int, float, type(None))

_WORDS: Final[Mapping[Any, str]] = {
    str: "a str",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    types.NoneType: "None",
    os.PathLike: "a path",
    Callable: "a callable",
    Mapping: "a mapping",
    Sequence: "a sequence",
    Iterable: "an iterable",
    Iterator: "an iterator",
}


def _words(choice: Any) -> str:
    return _WORDS.get(choice) or f"a {choice.__name__}"
