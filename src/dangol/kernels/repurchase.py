"""Repurchase: the days on which users buy, what follows each of them, and the state of every buyer in every period."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .compile import kernel
from .periods import period_of
from .purchases import Picked

Ints = npt.NDArray[np.int64]
Places = npt.NDArray[np.uint64]
Bits = npt.NDArray[np.uint8]

AT_RISK: Final = 1
CHURNED: Final = 2
RETURNED: Final = 4
KNOWN: Final = 8  # the first purchase is in this period or before it

# The columns of ``Tally.sums``: over buyers, of the number of decidable purchases (n), of those labelled (x) and of
# those labelled and returned (r).
BUYERS: Final = 0  # buyers with n > 0
N: Final = 1
X: Final = 2
XX: Final = 3
NX: Final = 4
NN: Final = 5
LAPSED: Final = 6  # buyers with x > 0
R: Final = 7
RR: Final = 8
RX: Final = 9
_SUMS: Final = 10


class Buys(NamedTuple):
    """The purchase days of some users with an order; buyer ``i`` has ``day[offsets[i]:offsets[i + 1]]``, ascending.

    ``owner`` is the buyer's position in the block, ``row`` the row of the first order, a day its place among the edges.
    """

    owner: Ints
    row: Ints
    offsets: Ints
    day: Ints


class Tally(NamedTuple):
    """Counts by segment (rows).

    ``followed[s, g]``: purchases whose next one came ``g`` days later; ``known``: those of them whose next one came on
    a day that is over; ``waiting[s, c]``: purchases with ``c`` full days behind them and none after them on these days.
    ``sums[s, k]``: of candidate ``k``, see above. ``purchases``, ``buyers``: how many there are.
    """

    followed: Ints
    known: Ints
    waiting: Ints
    sums: Ints
    purchases: Ints
    buyers: Ints


@kernel
def purchase_days(picked: Picked, time: Ints, edges: Ints) -> Buys:
    """List every buyer's different days with an order's first row; ``edges[i] <= time < edges[i + 1]`` is day ``i``."""
    size = len(picked.offsets) - 1
    owner, first, offsets = np.empty(size, np.int64), np.empty(size, np.int64), np.zeros(size + 1, np.int64)
    days = np.empty(len(picked.row), np.int64)
    n, buyers, one = np.uint64(0), np.uint64(0), np.uint64(1)
    for user in range(size):
        until = np.int64(-9223372036854775808)
        for place in range(picked.offsets[user], picked.offsets[user + 1]):
            now = time[picked.row[place]]
            if not picked.first[place] or now < until:
                continue
            if until < edges[0]:
                owner[buyers], first[buyers] = user, picked.row[place]
                buyers += one
            days[n] = period_of(now, edges)
            until = edges[days[n] + 1]
            n += one
        offsets[buyers] = n
    return Buys(owner[:buyers].copy(), first[:buyers].copy(), offsets[: buyers + one].copy(), days[:n].copy())


@kernel
def tally(buys: Buys, segment: Ints, segments: int, full: int, below: Places, upto: Places, candidates: int) -> Tally:
    """Count gaps, and for each candidate number of days the purchases that are decidable, labelled, and returned.

    ``full`` is the last day that is over. ``below[g]`` is how many candidates are less than ``g``, ``upto[c]`` how many
    are at most ``c``: the label of a purchase with ``c`` days behind it is decidable at these.
    """
    out = _nothing(segments, len(below), candidates)
    n, x, r = np.zeros((3, candidates + 1), np.int64)
    for buyer in range(len(buys.owner)):
        part = segment[buyer]
        n[:], x[:], r[:] = 0, 0, 0
        begin, end = buys.offsets[buyer], buys.offsets[buyer + 1]
        out.buyers[part] += 1
        out.purchases[part] += end - begin
        for place in range(begin, end):
            behind = full - buys.day[place]
            gap = buys.day[place + 1] - buys.day[place] if place + 1 < end else np.int64(0)
            if gap > 0:
                out.followed[part, np.uint64(gap)] += 1
            if behind < 0:
                continue
            if 0 < gap <= behind:
                out.known[part, np.uint64(gap)] += 1
                labelled = below[np.uint64(gap)]
            else:
                out.waiting[part, np.uint64(behind)] += 1
                labelled = upto[np.uint64(behind)]
            n[upto[np.uint64(behind)]] += 1
            x[labelled] += 1
            r[labelled] += gap > 0
        _add(n, x, r, out.sums[part])
    return out


@kernel
def _nothing(segments: int, days: int, candidates: int) -> Tally:
    followed, known, waiting = np.zeros((3, segments, days), np.int64)
    sums = np.zeros((segments, candidates, _SUMS), np.int64)
    return Tally(followed, known, waiting, sums, np.zeros(segments, np.int64), np.zeros(segments, np.int64))


@kernel
def _add(n: Ints, x: Ints, r: Ints, sums: Ints) -> None:
    """Add one buyer: a purchase counted at place ``k`` counts for the candidates below ``k``."""
    decidable, labelled, returned = np.int64(0), np.int64(0), np.int64(0)
    for candidate in range(len(sums) - 1, -1, -1):
        decidable += n[candidate + 1]
        labelled += x[candidate + 1]
        returned += r[candidate + 1]
        if decidable == 0:
            continue
        row = sums[candidate]
        row[BUYERS] += 1
        row[N] += decidable
        row[X] += labelled
        row[XX] += labelled * labelled
        row[NX] += decidable * labelled
        row[NN] += decidable * decidable
        row[LAPSED] += labelled > 0
        row[R] += returned
        row[RR] += returned * returned
        row[RX] += returned * labelled


@kernel
def states(buys: Buys, days: int, full: int, period: Places, periods: int) -> Bits:
    """Return the state of every buyer (rows) in every period (columns), as the bits above; ``period`` is each day's.

    A buyer lapses ``days + 1`` days after a purchase without another one. At risk are days up to that one: who lapses
    on the first day of a period had not lapsed before it.
    """
    out = np.zeros((len(buys.owner), periods), np.uint8)
    for buyer in range(len(buys.owner)):
        begin, end = buys.offsets[buyer], buys.offsets[buyer + 1]
        out[buyer, period[buys.day[begin]] :] = KNOWN
        for place in range(begin, end):
            day, lapse = buys.day[place], buys.day[place] + days + 1
            after = buys.day[place + 1] if place + 1 < end else np.int64(-1)
            lapsed = after < 0 or after >= lapse
            until = min(lapse if lapsed else after, full)
            if until >= day:
                for column in range(period[day], period[until] + np.uint64(1)):
                    out[buyer, column] |= AT_RISK
            if lapsed and lapse <= full:
                out[buyer, period[lapse]] |= CHURNED
            if lapsed and after >= 0:
                out[buyer, period[after]] |= RETURNED
    return out
