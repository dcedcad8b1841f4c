"""Purchases: picking the events that are orders, refunds or failed payments out of a log."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float64]

NEITHER: Final = 0
ORDER: Final = 1
REFUND: Final = 2
FAILED: Final = 3
BY_SIGN: Final = 4  # an order if its amount is above zero, a refund if below


class Picked(NamedTuple):
    """The purchases of some whole users, in row order.

    User ``i`` has the elements ``offsets[i]`` up to, not including, ``offsets[i + 1]``. ``row`` is the event's row in
    the block; ``role`` ORDER, REFUND or FAILED; ``first`` whether it is the first row of its order (a row without an
    order's id is an order of its own; False for refunds and failed payments); ``net`` the money it adds: the amount of
    an order, minus the absolute amount of a refund, 0 for a failed payment and a missing amount; ``amount`` the amount
    itself, 0 where missing; ``missing`` whether the amount is missing; ``start`` the element that is the first row of
    its order, itself for all others (empty where there are no order ids).
    """

    offsets: Ints
    row: Ints
    role: npt.NDArray[np.int8]
    first: npt.NDArray[np.bool_]
    net: Floats
    amount: Floats
    missing: npt.NDArray[np.bool_]
    start: Ints


@kernel
def pick(offsets: Ints, event: Codes, amount: Floats, order: Codes, roles: npt.NDArray[np.int8], orders: int) -> Picked:
    """Pick the purchases. ``order`` holds each row's order id as a code below ``orders``, 0 for none; or is empty."""
    size = _count(event, amount, roles)
    ends, rows, role = np.empty(len(offsets), np.int64), np.empty(size, np.int64), np.empty(size, np.int8)
    first, missing = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    net, amounts = np.zeros(size), np.zeros(size)
    start = np.empty(size if len(order) > 0 else 0, np.int64)
    begun = np.zeros(orders, np.int32)  # one more than where an order last began; by an earlier user, it is another one
    n = np.uint64(0)
    one = np.uint64(1)
    ends[0] = 0
    for user in range(len(offsets) - 1):
        since = np.int64(n)
        for row in range(offsets[user], offsets[user + 1]):
            found = _role(roles[event[row]], amount, row)
            if found == NEITHER:
                continue
            rows[n], role[n] = row, found
            if len(amount) > 0:
                missing[n] = np.isnan(amount[row])
                amounts[n] = 0.0 if missing[n] else amount[row]
            if len(order) > 0:
                start[n] = n
            if found == ORDER:
                net[n] = amounts[n]
                code = order[row] if len(order) > 0 else 0
                first[n] = code == 0 or begun[code] <= since
                if first[n]:
                    begun[code] = n + one
                else:
                    start[n] = begun[code] - 1
            elif found == REFUND:
                net[n] = -abs(amounts[n])
            n += one
        ends[user + 1] = n
    return Picked(ends, rows, role, first, net, amounts, missing, start)


@kernel
def _role(role: int, amount: Floats, row: int) -> int:
    if role != BY_SIGN:
        return role
    if amount[row] > 0:
        return ORDER
    return REFUND if amount[row] < 0 else NEITHER


@kernel
def _count(event: Codes, amount: Floats, roles: npt.NDArray[np.int8]) -> int:
    size = 0
    for row in range(len(event)):
        size += _role(roles[event[row]], amount, row) != NEITHER
    return size
