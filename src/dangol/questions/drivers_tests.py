"""What the counts of ``drivers`` say: every cell of the grid as a two by two table, tested with all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from dangol.core import association
from dangol.core.proportions import benjamini_hochberg, newcombe, share, wilson

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

EVIDENCE: Final = ("holds", "activity", "none")


@dataclass(frozen=True)
class Counted:
    """Users looked at, as they were counted.

    ``done``: by behaviour, days, count, outcome (0, 1) and stratum, those who did it so often in so many days;
    ``everyone``: all, by days (they decide the stratum), outcome and stratum. ``people``: how many have no entry,
    came too late, lack the outcome, have it. ``within`` and ``horizon`` in microseconds.
    """

    names: tuple[str, ...]
    counts: Ints
    days: Ints
    done: Ints
    everyone: Ints
    people: Ints
    within: int
    horizon: int
    until: str
    zone: str

    @property
    def n(self) -> int:
        """Users looked at."""
        return int(self.people[2:].sum())

    @property
    def have(self) -> int:
        """Those of them with the outcome."""
        return int(self.people[3])


@dataclass(frozen=True)
class Judged:
    """The tested cells: one element of each array per cell.

    ``behaviour``, ``day`` and ``step`` are places in ``counted.names``, ``.days`` and ``.counts``; ``n`` users did it
    and ``users`` of them have the outcome, ``other_n`` and ``other_users`` those who did not; ``pooled`` compares the
    two within strata.
    """

    counted: Counted
    least: int
    false_rate: float
    behaviour: Ints
    day: Ints
    step: Ints
    n: Ints
    users: Ints
    other_n: Ints
    other_users: Ints
    pooled: association.Pooled

    def __len__(self) -> int:
        return len(self.n)

    @property
    def untested(self) -> int:
        """Cells that too few users did, or did not."""
        return int(np.prod(self.counted.done.shape[:3])) - len(self)

    @cached_property
    def rate(self) -> Floats:
        """The share with the outcome of those who did it: the precision."""
        return share(self.users, self.n)

    @cached_property
    def other_rate(self) -> Floats:
        """The share with the outcome of those who did not."""
        return share(self.other_users, self.other_n)

    @cached_property
    def p(self) -> Floats:
        """Fisher's exact test."""
        return association.fisher(self.users, self.n, self.other_users, self.other_n)

    @cached_property
    def q(self) -> Floats:
        """The false-discovery rate at which the cell would count as found."""
        return benjamini_hochberg(self.p)

    @cached_property
    def adjusted_q(self) -> Floats:
        """The false-discovery rate at which the cell would count as found with equal activity."""
        return benjamini_hochberg(self.pooled.p)

    @cached_property
    def turned(self) -> npt.NDArray[np.bool_]:
        """Which differences are found with equal activity, but with the opposite sign."""
        opposite = (self.rate - self.other_rate) * self.pooled.difference < 0
        return opposite & (self.q <= self.false_rate) & (self.adjusted_q <= self.false_rate)

    @cached_property
    def evidence(self) -> Ints:
        """The place in ``EVIDENCE`` of each cell."""
        alone = self.q <= self.false_rate
        holds = alone & (self.adjusted_q <= self.false_rate) & ~self.turned
        return np.where(holds, 0, np.where(alone, 1, 2))

    @cached_property
    def best(self) -> Ints:
        """The cell of each behaviour that says most: what holds first, then the largest adjusted difference."""
        p = _rounded(self.pooled.p)
        beyond = np.where(self.pooled.p > 0, 0, -np.nan_to_num(self.pooled.statistic))  # where p is too small to tell
        order = np.lexsort((self.day, self.step, -self.n, beyond, p, self.behaviour))
        first = order[np.flatnonzero(np.diff(self.behaviour[order], prepend=-1))]
        size = np.nan_to_num(np.abs(self.pooled.difference[first]), nan=-1.0)
        names = np.array(self.counted.names, dtype=object)[self.behaviour[first]]
        return first[np.lexsort((names.astype(str), -size, self.evidence[first]))]

    @cached_property
    def phi(self) -> Floats:
        """The correlation of doing it with having the outcome."""
        return association.phi(self.users, self.n, self.other_users, self.other_n)

    def intervals(self) -> dict[str, Floats]:
        """The 95 % intervals of the rate and of the difference."""
        lower, upper = wilson(self.users, self.n)
        low, high = newcombe(self.users, self.n, self.other_users, self.other_n)
        return {"lower": lower, "upper": upper, "difference_lower": low, "difference_upper": high}


def _rounded(p: Floats) -> Floats:
    """Keep nine digits of each, however small: what differs by rounding is a tie, and 1e-90 is none with 1e-30."""
    digits = 10.0 ** np.floor(np.log10(np.where(p > 0, p, 1.0)))
    found: Floats = np.round(p / digits, 9) * digits
    return found


def judge(counted: Counted, least: int, false_rate: float) -> Judged:
    """Test every cell that at least ``least`` users did, and at least so many did not."""
    n = counted.done.sum(axis=(3, 4))
    some = np.nonzero((n >= least) & (counted.n - n >= least))
    done = counted.done[some]
    others = counted.everyone[some[1]] - done
    sizes, other_sizes = done.sum(axis=1), others.sum(axis=1)
    return Judged(
        counted=counted,
        least=least,
        false_rate=false_rate,
        behaviour=some[0],
        day=some[1],
        step=some[2],
        n=sizes.sum(axis=1),
        users=done[:, 1].sum(axis=1),
        other_n=other_sizes.sum(axis=1),
        other_users=others[:, 1].sum(axis=1),
        pooled=association.mantel_haenszel(done[:, 1], sizes, others[:, 1], other_sizes),
    )
