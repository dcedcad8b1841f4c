"""Exact splits of a change: into the factors of a product, and into mix and what happened within the segments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core.proportions import share

Floats = npt.NDArray[np.float64]


class Factors(NamedTuple):
    """The three factors whose product is an amount: buyers × orders per buyer × amount per order."""

    buyers: Floats
    orders_per_buyer: Floats
    amount_per_order: Floats


class Mix(NamedTuple):
    """A segment's part in the change of the amount per buyer: ``change`` = ``mix`` + ``within``."""

    change: Floats
    mix: Floats
    within: Floats


def factors(buyers: npt.ArrayLike, orders: npt.ArrayLike, amount: npt.ArrayLike) -> Factors:
    """Take an amount apart; factors of nothing are NaN.

    >>> [float(one) for one in factors(20, 50, 1000)]
    [20.0, 2.5, 20.0]
    """
    return Factors(np.asarray(buyers, np.float64), share(orders, buyers), share(amount, orders))


def shapley(before: Factors, after: Factors) -> Factors:
    """Split the change of a product among its three factors: each one's effect averaged over all orders of changing.

    The parts add up to the change, and do not depend on which factor is named first (Shapley 1953,
    doi:10.1515/9781400881970-018; Albrecht, François, Schoors 2002, doi:10.1016/S0301-4215(01)00131-8). NaN where a
    factor is.

    >>> parts = shapley(factors(20, 50, 1000), factors(10, 30, 900))
    >>> [round(float(part), 4) for part in parts], round(float(sum(parts)), 9)
    ([-691.6667, 183.3333, 408.3333], -100.0)
    """
    parts = []
    for one in range(3):
        (a0, a1), (b0, b1) = ((before[other], after[other]) for other in range(3) if other != one)
        weight = (a0 * b0 + a1 * b1) / 3 + (a0 * b1 + a1 * b0) / 6
        parts.append((after[one] - before[one]) * weight)
    return Factors(*parts)


def mix(buyers: tuple[Floats, Floats], amount: tuple[Floats, Floats]) -> Mix:
    """Split the change of the amount per buyer V into mix and change within the segments (along the first axis).

    With the shares of buyers s and the amounts per buyer v before (0) and after (1), V = Σ s·v::

        mix = (s1 − s0)·(v0 + v1) / 2        within = (s0 + s1) / 2·(v1 − v0)

    Their sum over segments is V1 − V0. A segment without buyers in one period has no v there: that of the other period
    is taken, so that all is mix; refunds that such a segment still has count as within. NaN without any buyer.

    >>> buyers = np.array([80.0, 20.0]), np.array([50.0, 50.0])
    >>> split = mix(buyers, (np.array([800.0, 1000.0]), np.array([450.0, 2250.0])))
    >>> split.mix.round(9).tolist(), split.within.round(9).tolist(), round(float(split.change.sum()), 9)
    ([-2.85, 14.25], [-0.65, -1.75], 9.0)
    """
    shares = [share(some, some.sum(axis=0)) for some in buyers]
    each = [share(money, some) for money, some in zip(amount, buyers, strict=True)]
    v0 = np.nan_to_num(np.where(np.isnan(each[0]), each[1], each[0]))
    v1 = np.nan_to_num(np.where(np.isnan(each[1]), each[0], each[1]))
    whole = [share(money, some.sum(axis=0)) for money, some in zip(amount, buyers, strict=True)]
    moved = (shares[1] - shares[0]) * (v0 + v1) / 2
    change = whole[1] - whole[0]
    return Mix(change, moved, change - moved)
