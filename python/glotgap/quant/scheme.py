"""A scheme of quantization and its short spelling: `rtn4-g64-mse` is round to nearest, 4 bits, groups of 64, clip MSE.

Parts are joined by "-": the method with its bits first, then options in any order. One spelling is canonical, and
`str` prints it: the granularity always stands there, defaults (`sym`, `absmax`) never do, and the parts have a fixed
order. So `str(Scheme.parse(text))` says the same of all spellings of one scheme, and `Scheme.parse(str(scheme))` is
`scheme`. `glotgap.quant.spellings.describe` lists all parts.

A scheme says nothing of a model: whether groups divide its rows, or it has any target, the audit tells.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from glotgap._arguments import typed
from glotgap._errors import BadArgumentError
from glotgap.quant.spellings import METHODS, OPTIONS, Method, describe

__all__ = ["CLIPS", "Scheme", "describe"]

CLIPS: Final = ("absmax", "pct", "aciqgauss", "aciqlaplace", "aciq", "mse")
"""How a clip is chosen."""

_DASH: Final = re.compile(r"-(?![^\[]*\])")  # a dash inside [] is a range of a pattern
_NUMBER: Final = r"(\d{1,3}(?:\.\d{1,20})?)"


@dataclass(frozen=True)
class Scheme:
    """A scheme of quantization.

    Attributes:
        method: one of `glotgap.quant.spellings.METHODS`.
        bits: of a weight, without scales; None for fp.
        kind: of the method, where it has kinds: "minimax" of la, "nf4" of bnb.
        average_bits: that kind "protect" may spend on a weight.
        granularity: what shares a scale: "tensor", "channel" or "group"; None where the library decides.
        group: values a group.
        is_symmetric: levels are symmetric about 0; else there is a zero point.
        clip: one of `CLIPS`.
        percentile: of clip "pct".
        corrects_bias: the mean of each row is restored.
        allocates_bits: rows get bits by their ranges.
        activation_bits: of the inputs of quantized layers; None leaves them alone.
        activations_by: "token" or "tensor": what of them shares a scale.
        head: output heads are quantized too.
        embed: embeddings are quantized too.
        keep: patterns of weights to leave alone.
        calibrated_on: languages of the calibration text that it looks at; all of them by default.

    Raises:
        BadArgumentError: the parts contradict each other, or the method has no such part.

    Example:
        >>> str(Scheme("rtn", 4, granularity="group", group=64))
        'rtn4-g64'
    """

    method: str
    bits: int | None = None
    kind: str | None = None
    average_bits: float | None = None
    granularity: str | None = None
    group: int | None = None
    is_symmetric: bool = True
    clip: str = "absmax"
    percentile: float | None = None
    corrects_bias: bool = False
    allocates_bits: bool = False
    activation_bits: int | None = None
    activations_by: str = "token"
    head: bool = False
    embed: bool = False
    keep: tuple[str, ...] = ()
    calibrated_on: tuple[str, ...] = ()

    @property
    def needs_data(self) -> bool:
        """Whether it looks at text before it rounds."""
        return METHODS[self.method].needs_data

    @property
    def is_per_language(self) -> bool:
        """Whether each language has weights of its own."""
        return self.method == "la" and self.kind in {"paper", "own"}

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise BadArgumentError(f"there is no method {self.method!r}: there are {', '.join(METHODS)}")
        declared = METHODS[self.method]
        _set(self, **_defaults(self, declared))
        for fault in _faults(self, declared):
            raise BadArgumentError(fault)

    @staticmethod
    @typed
    def parse(spelling: str) -> "Scheme":
        """Return the scheme that is spelled so.

        Raises:
            BadArgumentError: a part is unknown, doubled, out of range, or not one of this method.

        Example:
            >>> str(Scheme.parse("rtn4-mse-g64-sym"))
            'rtn4-g64-mse'
            >>> Scheme.parse("w8a8") == Scheme.parse("rtn8-a8")
            True
        """
        try:
            return Scheme(**_read(spelling))
        except BadArgumentError as error:
            raise BadArgumentError(f"scheme {spelling!r}: {error}") from None

    def __str__(self) -> str:
        return "-".join(_parts(self))


def _set(scheme: Scheme, **values: Any) -> None:
    for name, value in values.items():
        object.__setattr__(scheme, name, value)  # the dataclass is frozen for others


def _defaults(scheme: Scheme, declared: Method) -> dict[str, Any]:
    """Return what the method decides where the caller did not."""
    found: dict[str, Any] = {
        "keep": tuple(dict.fromkeys(scheme.keep)),
        "calibrated_on": tuple(sorted(set(scheme.calibrated_on))),
    }
    if scheme.bits is None and declared.kinds:
        found["bits"] = declared.kinds.get(scheme.kind or "")
    if scheme.granularity is None and scheme.group is not None:
        found["granularity"] = "group"
    elif scheme.granularity is None:
        found |= {"granularity": declared.granularity, "group": declared.group}
    for name in ("average_bits", "percentile"):
        if (value := getattr(scheme, name)) is not None:
            found[name] = float(value)
    return found


def _faults(scheme: Scheme, declared: Method) -> Iterator[str]:
    """Yield what is wrong, the most telling first."""
    yield from _faults_of_bits(scheme, declared)
    yield from _faults_of_granularity(scheme, declared)
    yield from _faults_of_clip(scheme)
    yield from _faults_of_options(scheme, declared)
    yield from _faults_of_patterns(scheme.keep)


def _faults_of_bits(scheme: Scheme, declared: Method) -> Iterator[str]:
    kinds = declared.kinds or {}
    if kinds and scheme.kind not in kinds:
        given = "none" if scheme.kind is None else repr(scheme.kind)
        yield f"{scheme.method} needs one of {', '.join(kinds)}: {given} is given"
    if not kinds and scheme.kind is not None:
        yield f"{scheme.method} has no kinds: {scheme.kind!r} is given"
    offered = declared.bits or (kinds.get(scheme.kind or ""),)
    if scheme.bits not in offered:
        given = "none are" if scheme.bits is None else f"{scheme.bits} is"
        yield f"{scheme.method} has {_listed(offered)} bits: {given} given"
    if (scheme.kind == "protect") != (scheme.average_bits is not None):
        yield "protect goes with the average bits, and only with them: la4-protect5"
    if scheme.average_bits is not None and not (scheme.bits or 8) < scheme.average_bits < 8:
        yield f"protect{_number(scheme.average_bits)}: give an average between {scheme.bits} bits and 8"


def _faults_of_granularity(scheme: Scheme, declared: Method) -> Iterator[str]:
    if scheme.granularity is not None and scheme.granularity not in declared.granularities:
        offered = ", ".join(OPTIONS[name].spelling for name in declared.granularities) or "no granularity"
        yield f"{scheme.method} has {offered}: {scheme.granularity} is given"
    if (scheme.granularity == "group") != (scheme.group is not None):
        yield f"a group goes with its size: granularity {scheme.granularity!r} and group {scheme.group} are given"
    if scheme.kind == "int8" and scheme.group is not None:
        yield f"int8 of {scheme.method} is by channel: leave out g{scheme.group}"
    if scheme.group is not None and scheme.group < 2:
        yield f"g{scheme.group}: a group has at least 2 values"
    if scheme.allocates_bits and (scheme.granularity != "channel" or not scheme.is_symmetric):
        yield "alloc shares out bits among rows of symmetric levels: leave out the granularity and asym"


def _faults_of_clip(scheme: Scheme) -> Iterator[str]:
    if scheme.clip not in CLIPS:
        yield f"there is no clip {scheme.clip!r}: there are {', '.join(CLIPS)}"
    if (scheme.clip == "pct") != (scheme.percentile is not None):
        yield "clip pct goes with its percentile, and only with it: pct99.9"
    if scheme.percentile is not None and not 50 <= scheme.percentile <= 100:
        yield f"pct{_number(scheme.percentile)}: give a percentile from 50 to 100"
    if not scheme.is_symmetric and scheme.clip not in {"absmax", "pct"}:
        yield f"asym has the clips absmax and pct: {scheme.clip} is for levels symmetric about 0"


def _faults_of_options(scheme: Scheme, declared: Method) -> Iterator[str]:
    used = {
        "asymmetric": not scheme.is_symmetric,
        "clip": scheme.clip != "absmax",
        "bias": scheme.corrects_bias,
        "allocation": scheme.allocates_bits,
        "activations": scheme.activation_bits is not None or scheme.activations_by != "token",
        "head": scheme.head,
        "embed": scheme.embed,
        "keep": bool(scheme.keep),
        "calibration": bool(scheme.calibrated_on),
    }
    for name, is_used in used.items():
        if is_used and name not in declared.options:
            shown = scheme.clip if name == "clip" else OPTIONS[name].spelling
            yield f"{scheme.method} does not take {shown}"
    if scheme.activation_bits is not None and scheme.activation_bits not in range(2, 9):
        yield f"activations have 2 to 8 bits: {scheme.activation_bits} is given"
    if scheme.activations_by not in {"token", "tensor"} or (
        scheme.activation_bits is None and scheme.activations_by != "token"
    ):
        yield f"activations are scaled by token or tensor, and have bits: {scheme.activations_by!r} is given"


def _faults_of_patterns(keep: tuple[str, ...]) -> Iterator[str]:
    for pattern in keep:
        if not pattern or pattern != pattern.strip() or len(_DASH.split(pattern)) > 1:
            yield f"keep:{pattern}: give a pattern without spaces about it; write ? for a dash"
        if pattern.count("[") != pattern.count("]"):
            yield f"keep:{pattern}: close each [ by a ]"


def _listed(bits: tuple[int | None, ...]) -> str:
    known = [number for number in bits if number is not None]
    if known and len(known) > 2 and known == list(range(known[0], known[-1] + 1)):
        return f"{known[0]} to {known[-1]}"
    return ", ".join(map(str, known)) or "no"


def _number(value: float) -> str:
    """Return a float as it is written in spellings: 5, 99.9."""
    return str(int(value)) if value == int(value) else repr(value)


def _parts(scheme: Scheme) -> Iterator[str]:
    yield from _opening(scheme)
    if scheme.granularity is not None:
        yield f"g{scheme.group}" if scheme.granularity == "group" else scheme.granularity
    if not scheme.is_symmetric:
        yield "asym"
    if scheme.clip != "absmax":
        yield scheme.clip if scheme.percentile is None else f"pct{_number(scheme.percentile)}"
    flags = {"bc": scheme.corrects_bias, "alloc": scheme.allocates_bits}
    yield from (name for name, is_set in flags.items() if is_set)
    if scheme.activation_bits is not None:
        yield f"a{scheme.activation_bits}{'t' if scheme.activations_by == 'tensor' else ''}"
    yield from (name for name, is_set in {"head": scheme.head, "embed": scheme.embed}.items() if is_set)
    yield from (f"keep:{pattern}" for pattern in scheme.keep)
    if scheme.calibrated_on:
        yield f"cal:{'+'.join(scheme.calibrated_on)}"


def _opening(scheme: Scheme) -> Iterator[str]:
    if scheme.method == "torchao":
        yield from ("torchao", f"int{scheme.bits}")
    elif scheme.method in {"fp", "bnb"}:
        yield scheme.method
    else:
        yield f"{scheme.method}{scheme.bits}"
    if scheme.kind is not None:
        yield scheme.kind if scheme.average_bits is None else f"protect{_number(scheme.average_bits)}"


_Fields = dict[str, Any]
_READERS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Fields]], ...]] = (
    (re.compile(r"tensor|channel"), lambda found: {"granularity": found[0]}),
    (re.compile(r"g(\d{1,9})"), lambda found: {"granularity": "group", "group": int(found[1])}),
    (re.compile(r"sym|asym"), lambda found: {"is_symmetric": found[0] == "sym"}),
    (re.compile(rf"pct{_NUMBER}"), lambda found: {"clip": "pct", "percentile": float(found[1])}),
    (re.compile(r"absmax|aciqgauss|aciqlaplace|aciq|mse"), lambda found: {"clip": found[0]}),
    (re.compile(r"bc"), lambda _: {"corrects_bias": True}),
    (re.compile(r"alloc"), lambda _: {"allocates_bits": True}),
    (
        re.compile(r"a(\d)(t?)"),
        lambda found: {"activation_bits": int(found[1]), "activations_by": "tensor" if found[2] else "token"},
    ),
    (re.compile(r"head|embed"), lambda found: {found[0]: True}),
    (re.compile(r"keep:(.*)", re.DOTALL), lambda found: {"keep": (found[1],)}),
    (re.compile(r"cal:(\w+(?:\+\w+)*)"), lambda found: {"calibrated_on": tuple(found[1].split("+"))}),
    (re.compile(rf"protect{_NUMBER}"), lambda found: {"kind": "protect", "average_bits": float(found[1])}),
)


def _read(spelling: str) -> _Fields:
    """Return the fields that a spelling names."""
    first, *rest = _DASH.split(spelling.strip())
    fields = _read_method(first)
    for part in rest:
        for name, value in _read_part(part, fields["method"]).items():
            if name == "keep":
                fields["keep"] = (*fields.get("keep", ()), *value)
            elif name in fields:
                raise BadArgumentError(f"{part} is one part too many: {name.replace('_', ' ')} is given already")
            else:
                fields[name] = value
    return fields


def _read_method(part: str) -> _Fields:
    if found := re.fullmatch(r"w(\d)a(\d)(t?)", part):
        by = "tensor" if found[3] else "token"
        return {"method": "rtn", "bits": int(found[1]), "activation_bits": int(found[2]), "activations_by": by}
    found = re.fullmatch(r"([a-z]+)(\d{0,3})", part)
    if not found or found[1] not in METHODS:
        spellings = "; ".join(method.spelling for method in METHODS.values())
        raise BadArgumentError(f"{part!r} is no method: there are {spellings}")
    return {"method": found[1]} | ({"bits": int(found[2])} if found[2] else {})


def _read_part(part: str, method: str) -> Mapping[str, Any]:
    kinds = METHODS[method].kinds or {}
    if part in kinds:
        return {"kind": part}
    if method == "torchao" and (found := re.fullmatch(r"int(\d)", part)):
        return {"bits": int(found[1])}
    for pattern, fields in _READERS:
        if found := pattern.fullmatch(part):
            return fields(found)
    known = ", ".join([*kinds, *(option.spelling for option in OPTIONS.values())])
    raise BadArgumentError(f"{part!r} is no part of a {method} scheme: there are {known}")
