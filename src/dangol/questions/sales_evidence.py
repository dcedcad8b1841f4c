"""Whether a segment's sales developed differently from the rest by more than chance."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core.changes import difference
from dangol.core.proportions import benjamini_hochberg
from dangol.kernels import sales as kernels

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

LEAST: Final = 25  # buyers, in each period, of the segment and of the rest: below, the normal approximation is poor
FALSE_RATE: Final = 0.05  # the false-discovery rate up to which a difference counts as more than chance
_LEVEL: Final = 0.95
_SAME: Final = 1e-11  # differences of logarithms, and shares of a variance, below which there is only rounding
_LOST: Final = 1e-10  # a share of all squares so small that taking the segment's away leaves little but rounding


class Squares(NamedTuple):
    """Sums of squares of users' net amounts in two periods: ``cells`` by segment (columns AA …), ``whole`` in all."""

    cells: Floats
    whole: Floats


class Evidence(NamedTuple):
    """How each segment developed against the rest; NaN where that is not defined.

    ``against_rest`` is the ratio of the two ratios of amounts, less 1, with its 95 % interval; ``p`` is two-sided,
    ``q`` by Benjamini-Hochberg over the segments tested; ``excess`` the money above what the rest's pace would have
    given.
    """

    against_rest: Floats
    lower: Floats
    upper: Floats
    p: Floats
    q: Floats
    excess: Floats

    @property
    def tested(self) -> int:
        """How many segments were tested."""
        return int(np.isfinite(self.q).sum())

    @property
    def found(self) -> Ints:
        """The segments that differ by more than chance, most money first."""
        sure = np.flatnonzero(np.nan_to_num(self.q, nan=1.0) <= FALSE_RATE)
        return sure[np.argsort(-np.abs(self.excess[sure]), kind="stable")]


def compare(amount: Floats, buyers: Ints, everybody: Ints, squares: Squares) -> Evidence:
    """Compare each segment with everybody else; ``amount`` and ``buyers`` are segment × (before, after).

    With the net amounts before and after of the segment (s0, s1) and of the rest (r0, r1), the ratio of the segment's
    ratio to the rest's is (s1/s0) / (r1/r0). The variance of its logarithm is, users taken as independent and a and b a
    user's own amounts (delta method)::

        Σ (b/s1 − a/s0)² over users of the segment + Σ (b/r1 − a/r0)² over users of the rest
    """
    rest = difference(amount, amount.sum(axis=0))
    cells, whole = squares
    own_squares = cells[:, [kernels.AA, kernels.AB, kernels.BB]]
    inside = cells[:, [kernels.IN_AA, kernels.IN_AB, kernels.IN_BB]]
    rest_squares = whole + own_squares - inside * [2, 1, 2]  # of (A − a)², (A − a)(B − b) and (B − b)²
    others = everybody - cells[:, [kernels.ONLY_BEFORE, kernels.ONLY_AFTER]]
    known = (amount > 0) & (rest > 0) & (buyers >= LEAST) & (others >= LEAST)
    known &= rest_squares[:, [0, 2]] > _LOST * whole[[0, 2]]
    tested = np.flatnonzero(known.all(axis=1))
    own, other = amount[tested], rest[tested]
    gap = np.log(own[:, 1] / own[:, 0]) - np.log(other[:, 1] / other[:, 0])
    gap = np.where(np.abs(gap) <= _SAME, 0.0, gap)
    spread = np.sqrt(_variance(own, own_squares[tested]) + _variance(other, rest_squares[tested]))
    half = NormalDist().inv_cdf(0.5 + _LEVEL / 2) * spread
    p = _two_sided(gap, spread)
    excess = own[:, 1] - own[:, 0] * other[:, 1] / other[:, 0]
    values = np.full((len(amount), len(Evidence._fields)), np.nan)
    columns = (np.expm1(gap), np.expm1(gap - half), np.expm1(gap + half), p, benjamini_hochberg(p), excess)
    values[tested] = np.column_stack(columns)
    return Evidence(*values.T)


def _variance(amount: Floats, squares: Floats) -> Floats:
    """Return Σ (b/B − a/A)² from its three sums."""
    before, after = amount.T
    aa, ab, bb = squares.T
    most = aa / before**2 + bb / after**2
    found: Floats = most - 2 * ab / (before * after)
    return np.where(found <= _SAME * most, 0.0, found)


def _two_sided(gap: Floats, spread: Floats) -> Floats:
    """Return the probability of a larger gap by chance; where no user moved otherwise than the rest, 1 or 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(gap == 0, 0.0, np.abs(gap) / spread)
    return np.array([math.erfc(one / math.sqrt(2)) for one in z], np.float64)
