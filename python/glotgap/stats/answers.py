"""Answers: findings as the table TESTS, and in one plain sentence that says when the data cannot tell.

A finding is *shown* when its interval leaves out the value that stands for nothing and p (adjusted, where several were
asked together) is below 1 - level. Where only one of the two says so, or the interval is undefined or a matter of luck
(it ends within two Monte Carlo standard errors of that value, or near it and BCa moved that end so far out that fewer
than 30 resamples are beyond it, and not a tenth of what was asked for: so with few units), the data are at the edge;
where neither does, they cannot tell: that is no proof of nothing, and the least effect in reach of this n is named, or
that none is: few units have few rearrangements, and p is never less than one of them (two, on two sides).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

from glotgap.stats.adjusting import adjust
from glotgap.stats.planning import mde

if TYPE_CHECKING:
    import polars as pl

    from glotgap.stats.influence import LeaveOneOut
    from glotgap.stats.results import BootstrapResult, PermutationTestResult

__all__ = ["Answer", "Finding", "adjusted", "answer", "finding", "short"]

_ENOUGH: Final = 30
"""Resamples beyond an end of an interval."""
_FAR: Final = 3
"""Lengths of an interval that an end which hangs on fewer will hardly move."""


@dataclass(frozen=True)
class Finding:
    """One row of TESTS, where the columns are described; None is undefined or not asked for."""

    question: str
    group: str
    statistic: str
    estimate: float | None
    null: float
    n: int
    unit: str
    low: float | None = None
    high: float | None = None
    mc_error: float | None = None
    beyond: float | None = None
    level: float = 0.95
    method: str | None = None
    p: float | None = None
    p_adjusted: float | None = None
    p_least: float | None = None
    test: str | None = None
    exact: bool | None = None
    left_out: int = 0
    n_resamples: int | None = None
    seed: str | None = None
    loo_low: float | None = None
    loo_high: float | None = None
    mde: float | None = None

    def sentence(self) -> str:
        """Return the finding in words, with what it shows.

        Example:
            >>> found = Finding("a ~ b", "all", "pearson", 0.2, 0.0, 9, "row", low=-0.5, high=0.8, p=0.6, mde=0.81)
            >>> found.sentence()
            'a ~ b: pearson 0.2 (95 % interval -0.5 to 0.8), p = 0.6, n = 9: the data cannot tell (with this n, \
0.81 from 0 would be found four times in five)'
        """
        group = "" if self.group == "all" else f", {self.group}"
        if self.estimate is None:
            return f"{self.question}{group}: {self.statistic} is undefined, n = {self.n}: the data cannot tell"
        n = f"n = {self.n}" + (f" ({self.left_out} without a value)" if self.left_out else "")
        figures = f"{self.statistic} {short(self.estimate)}{self._interval()}{self._p()}, {n}"
        return f"{self.question}{group}: {figures}: {self.verdict()}"

    def _interval(self) -> str:
        if self.low is not None and self.high is not None:
            return f" ({100 * self.level:g} % interval {short(self.low)} to {short(self.high)})"
        return "" if self.method is None else " (no interval: these data leave it undefined)"

    def _p(self) -> str:
        if self.p is None:
            return ""
        corrected = "" if self.p_adjusted in {None, self.p} else f" (adjusted {self.p_adjusted:.2g})"
        return f", p = {self.p:.2g}{corrected}"

    @property
    def shown(self) -> bool:
        """Whether all that was asked of the data says that the statistic is not null, whatever the seed."""
        says = [said for said in (self._interval_says(), self._p_says()) if said is not None]
        has_no_interval = self.low is None and self.method is not None
        return bool(says) and all(says) and not has_no_interval and not self._is_unsteady()

    def verdict(self) -> str:
        """Return what the data show."""
        interval, p = self._interval_says(), self._p_says()
        if p and interval is None and self.method is not None:
            return "the test finds something and there is no interval, so the data are at the edge"
        if self.shown:
            return f"the data show {'more' if (self.estimate or 0.0) > self.null else 'less'} than {self.null:g}"
        if interval and p is not False:
            return f"another seed may move the interval over {self.null:g}, so the data are at the edge"
        if interval or p:
            return f"the interval and the test disagree, so the data are at the edge{self._in_reach()}"
        return f"the data cannot tell{self._in_reach()}"

    def _in_reach(self) -> str:
        """Return what this n could have shown."""
        if self.p_least is not None and self.p_least >= 1 - self.level:
            few = "so few resamples could not" if self.exact is False else "no data of this n could"
            return f" ({few} show it: p is at least {self.p_least:.2g})"
        if self.mde is None or self._interval_says():
            return ""
        return f" (with this n, {short(self.mde, 2)} from {self.null:g} would be found four times in five)"

    def _interval_says(self) -> bool | None:
        if self.low is None or self.high is None:
            return None
        return not self.low <= self.null <= self.high

    def _is_unsteady(self) -> bool:
        """Whether the interval leaves out null by luck."""
        if self.low is None or self.high is None:
            return False
        distance = max(self.low - self.null, self.null - self.high)
        if distance <= 2 * (self.mc_error or 0.0):
            return True
        if self.beyond is None or self.n_resamples is None:
            return False
        asked_for = self.n_resamples * (1 - self.level) / 2
        return self.beyond < min(_ENOUGH, asked_for / 10) and distance < _FAR * (self.high - self.low)

    def _p_says(self) -> bool | None:
        p = self.p if self.p_adjusted is None else self.p_adjusted
        return None if p is None else p < 1 - self.level


@dataclass(frozen=True)
class Answer:
    """An answer: `tests` is the table TESTS, `sentence` says the same for people, finding by finding."""

    tests: "pl.DataFrame"
    sentence: str


def finding(
    asked: Finding,
    interval: "BootstrapResult | None" = None,
    test: "PermutationTestResult | None" = None,
    influence: "LeaveOneOut | None" = None,
) -> Finding:
    """Return `asked` with what a bootstrap, a permutation test and leaving each unit out say."""
    found = asked
    if interval is not None:
        found = replace(
            found,
            estimate=_defined(interval.estimate),
            low=_defined(interval.confidence_interval.low),
            high=_defined(interval.confidence_interval.high),
            mc_error=_defined(max(interval.mc_error)),
            beyond=_beyond(interval, found.null),
            level=interval.confidence_level,
            method=interval.method,
            n_resamples=interval.n_resamples,
            seed=_text(interval.seed),
            mde=found.mde if found.mde is not None else _reach(interval),
        )
    if test is not None:
        found = replace(found, p=_defined(test.pvalue), exact=test.exact, seed=found.seed or _text(test.seed))
        found = replace(found, p_least=test.least)
        found = replace(found, n_resamples=found.n_resamples or test.n_resamples)
    if influence is not None:
        found = replace(found, loo_low=_defined(influence.low), loo_high=_defined(influence.high))
    return found


def _defined(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _beyond(interval: "BootstrapResult", null: float) -> float | None:
    """Return the resamples to be expected beyond that end of a BCa interval that faces null."""
    z0, acceleration = float(interval.z0), float(interval.acceleration)
    if interval.exact or not math.isfinite(z0 + acceleration):
        return None
    normal = NormalDist()
    z = z0 + math.copysign(normal.inv_cdf((1 + interval.confidence_level) / 2), null - interval.estimate)
    return interval.n_resamples * normal.cdf(-abs(z0 + z / (1 - acceleration * z)))


def short(value: float, digits: int = 3) -> str:
    """Return a number of some digits; one of more before the point keeps them.

    Example:
        >>> short(0.12345), short(1234.5), short(123.4, 2)
        ('0.123', '1234', '123')
    """
    return f"{value:.0f}" if abs(value) >= 10**digits and math.isfinite(value) else f"{value:.{digits}g}"


def _text(seed: int | None) -> str | None:
    return None if seed is None else str(seed)


def _reach(interval: "BootstrapResult") -> float | None:
    error = _defined(interval.standard_error)
    return mde(error, significance=1 - interval.confidence_level) if error else None


def adjusted(findings: Sequence[Finding], method: str) -> list[Finding]:
    """Return the findings with p, and what is in reach, adjusted for their number.

    The least p of all together is the least of each, adjusted as they are: adjusting never turns their order round. The
    reach is that of α divided by their number, as if each were the hardest.
    """
    p, least = (adjust(_column(findings, name), method) for name in ("p", "p_least"))
    count = sum(found.p is not None for found in findings)
    return [
        replace(_farther(found, count), p_adjusted=_defined(p[at]), p_least=_defined(least[at]))
        for at, found in enumerate(findings)
    ]


def _column(findings: Sequence[Finding], name: str) -> list[float]:
    return [math.nan if getattr(found, name) is None else getattr(found, name) for found in findings]


def _farther(found: Finding, count: int) -> Finding:
    """Return the finding with the reach of one test among so many; that of correlations grows on Fisher's scale."""
    if found.mde is None or count < 2:
        return found
    alpha = 1 - found.level
    factor = mde(1.0, significance=alpha / count) / mde(1.0, significance=alpha)
    if found.statistic.endswith(("pearson", "spearman")):
        return replace(found, mde=math.tanh(factor * math.atanh(found.mde)))
    return replace(found, mde=factor * found.mde)


def answer(findings: Sequence[Finding]) -> Answer:
    """Return the findings as a table, and as a sentence for each in their order."""
    import polars as pl

    from glotgap import tables

    rows = [asdict(found) | {"shown": found.shown} for found in findings]
    frame = pl.DataFrame(rows, schema=tables.TESTS.schema())
    tables.check("TESTS", frame)
    return Answer(tables.sort("TESTS", frame), "; ".join(found.sentence() for found in findings) + ".")
