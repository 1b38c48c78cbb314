"""What a caller asks of the metrics, checked once before any work."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from glotgap._errors import BadArgumentError

__all__ = ["Asked"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `metrics`; creating one refuses what is out of range.

    Raises:
        BadArgumentError: says which option, what was given and what is possible.

    Example:
        >>> Asked(alpha=-1.0)
        Traceback (most recent call last):
        ...
        glotgap._errors.BadArgumentError: alpha is -1.0: choose an order of at least 0; Zouhar et al. use 2.5
    """

    reference: str | None = "eng"
    resources: Mapping[str, str] = field(default_factory=dict)
    baseline: str | None = None
    window: int | None = None
    price: float | None = None
    alpha: float = 2.5
    unk_limit: float = 0.1
    aligned: bool | None = None

    def __post_init__(self) -> None:
        if self.reference == "":
            raise BadArgumentError("reference is empty: name a language, or None for no premiums")
        if self.window is not None and (isinstance(self.window, bool) or self.window < 1):
            raise BadArgumentError(f"window is {self.window}: give the tokens of a context window, for example 8192")
        if self.price is not None and not 0 <= self.price < math.inf:
            raise BadArgumentError(f"price is {self.price}: give the price of a million tokens, at least 0")
        if not self.alpha >= 0:
            raise BadArgumentError(f"alpha is {self.alpha}: choose an order of at least 0; Zouhar et al. use 2.5")
        if not 0 <= self.unk_limit <= 1:
            raise BadArgumentError(f"unk_limit is {self.unk_limit}: choose a share from 0 to 1")
        for language, level in self.resources.items():
            if level not in {"high", "low"}:
                raise BadArgumentError(f"resource level of {language} is {level!r}: choose high or low")
