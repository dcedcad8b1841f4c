"""Recency, frequency and money: what every customer had done by each of some moments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .purchases import ORDER, REFUND, Picked

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Histories(NamedTuple):
    """Customers: the users with an order before the last moment, one row each, and a column for each moment.

    ``owner`` is the user's position; ``last`` the time of the last order before the moment (meaningless while
    ``orders``, the distinct orders before it, is 0); ``amount`` the net money before it. ``unpriced`` counts the rows
    of their orders without an amount, ``others`` the users who have refunds and no order, ``refunded`` their money.
    """

    owner: Ints
    last: Ints
    orders: Ints
    amount: Floats
    unpriced: int
    others: int
    refunded: float


@kernel
def histories(picked: Picked, time: Ints, moments: Ints) -> Histories:
    """Follow every user through the moments, which ascend; what happens at a moment or later comes after it."""
    size, columns = len(picked.offsets) - 1, len(moments)
    owner, last = np.empty(size, np.int64), np.zeros((size, columns), np.int64)
    orders, amount = np.zeros((size, columns), np.int64), np.zeros((size, columns))
    unpriced, others, refunded = 0, 0, 0.0
    n = np.uint64(0)
    for user in range(size):
        place, end = picked.offsets[user], picked.offsets[user + 1]
        bought, count, money, missing, refunds = np.int64(0), 0, 0.0, 0, 0
        for column in range(columns):
            while place < end and time[picked.row[place]] < moments[column]:
                money += picked.net[place]
                count += picked.first[place]
                refunds += picked.role[place] == REFUND
                if picked.first[place]:
                    bought = time[picked.row[place]]
                missing += picked.role[place] == ORDER and picked.missing[place]
                place += 1
            last[n, column], orders[n, column], amount[n, column] = bought, count, money
        if count > 0:
            owner[n] = user
            n += np.uint64(1)
            unpriced += missing
        elif refunds > 0:
            others += 1
            refunded += money
    return Histories(
        owner[:n].copy(), last[:n].copy(), orders[:n].copy(), amount[:n].copy(), unpriced, others, refunded
    )
