"""``sales``: what was sold in each period, and what its change is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError, choice, unknown
from dangol.core.result import Result
from dangol.kernels import purchases as roles
from dangol.kernels import sales as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import Breakdown, breakdown, segment_at
from .purchases import Events, Purchases, listed, pick, purchases, read_only
from .sales_evidence import Squares
from .sales_tables import KINDS, Counted, Seen, Sums, tables
from .sales_words import explain, sentences

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_MOST_CELLS: Final = 1_000_000
_MOST_PERIODS: Final = 100_000


@dataclass(frozen=True)
class Rules:
    """What was asked, in numbers: plain data, so that a scan can take it along."""

    edges: Ints
    purchases: Purchases
    as_of: int

    @property
    def periods(self) -> int:
        """How many periods have begun."""
        return len(self.edges) - 1

    @property
    def compared(self) -> int:
        """The period that the last complete one is compared with; -1 if there are not two."""
        return max(int((self.edges[1:] <= self.as_of).sum()) - 2, -1)


class _Partial(NamedTuple):
    """A block's sums by kind and period, those by segment and period that are not zero, and what was noticed.

    ``squares`` are those of the segments ``squared``, ``whole`` those of all together (kernels.sales.square).
    """

    kinds: Floats
    places: Ints
    segments: Floats
    squared: Ints
    squares: Floats
    whole: Floats
    seen: Seen


def sales(
    log: EventLog,
    *,
    every: str = "1mo",
    event: Events = None,
    refund: Events = None,
    failed: Events = None,
    order: str | None = None,
    by: str | None = None,
    as_of: str | None = None,
) -> Result:
    """Account for the sales of every period, and split each change exactly into what it is made of.

    Net sales are the money of orders less that of refunds, and always the product of three factors::

        amount = gross - refunds = buyers x orders_per_buyer x amount_per_order

    A change against the period before is split into the parts of the three factors by their Shapley values (the effect
    of each, averaged over all orders in which the three can change), so that the parts add up to the change.

    Args:
        log: the log or view to ask; it needs amounts.
        every: length of a period: a whole number of ``h``, ``d``, ``w``, ``mo``, ``q`` or ``y`` ("1mo").
        event: the event, or events, that are orders; None: every event with an amount above zero, and every event with
            an amount below zero is a refund.
        refund: the event, or events, that give money back; the sign of their amount does not matter.
        failed: the event, or events, that are failed payments: counted apart, never money.
        order: a text column of events with the order's id: a user's rows with the same id are one order. None, or a row
            without an id: every row is an order.
        by: a user column, or an event column whose value at each row counts; it adds ``segment`` and two tables.
        as_of: local time up to which the log is taken to be complete (the log's end); what is at or after it is left
            out.

    Returns:
        A Result. ``.table`` is ``tables["periods"]``, one row per period, empty ones included:

        - ``segment`` (str): value of ``by``, only with ``by``; segments without any purchase are left out;
        - ``period`` (str): its name: 2010-12-01 (weeks: their Monday), 2010-12, 2010-Q4, 2010, 2010-12-01 13:00;
        - ``start`` (time in the log's zone);
        - ``amount`` (float, the log's money): net sales = ``gross`` (sum of order amounts) - ``refunds`` (sum of
          absolute refund amounts, in the period in which they happen);
        - ``buyers`` (int): users with an order; ``orders`` (int): different orders;
        - ``orders_per_buyer``, ``amount_per_order`` (float; NaN without any);
        - ``failed`` (int), ``failed_amount`` (float): failed payments and the sum of their amounts;
        - ``new_buyers`` (int): users whose first order in the log or view is in the period;
        - ``change`` (float): amount minus that of the period before; ``change_rate`` (float): relative to it, NaN where
          it was not above zero. NaN in the first period and where one of the two is not over;
        - ``from_buyers``, ``from_orders_per_buyer``, ``from_amount_per_order`` (float): the parts of ``change``; NaN
          also where one of the two has no orders;
        - ``complete`` (bool): whether the period is over by ``as_of``.

        ``kinds``: period, kind (``"new"``: users whose first order is in the period, ``"returning"``: all others),
        buyers, orders, amount, share (of the period's amount; NaN unless that is above zero), change, share_of_change
        (of the change of the whole; NaN where that is 0).
        ``mix``, only with ``by``: period, segment, buyers, share_of_buyers (of the sum over segments), amount,
        amount_per_buyer, change (what the segment adds to the change of the amount per buyer of all), and its two
        parts: mix (its share of buyers changed) and within (its amount per buyer changed).
        ``contributions``, only with ``by``: the last complete period against the one before: segment, amount_before,
        amount_after, change, change_rate, share_of_change; against_rest (float: the segment's ratio of the two amounts
        over that of everybody else, less 1, so that a season common to all cancels), lower, upper (95 % interval),
        p, q (two-sided; Benjamini-Hochberg over the segments tested); from_buyers, from_orders_per_buyer,
        from_amount_per_order; largest fall first; segments with an order or refund in either period.
        ``units(period="2011-11")`` lists the buyers; ``kind="new"`` or ``"returning"``, ``segment="…"`` narrow.

    Conventions:
        Periods are half-open; days begin at local midnight (23 or 25 hours long where the clock changes), weeks on
        Monday. They run from the period of the log's first event (a view's beginning) to the last that has begun by
        ``as_of``; the first counts as complete even where the log begins within it. An order counts, with all its rows,
        in the period of its first row (of rows at the same instant the source order decides); a refund or a failed
        payment in its own. A missing amount adds no money, and is counted under exclusions. A refund belongs to the
        kind that its user is in that period: returning, unless the user's first order is in it. Users are new in the
        log or view, whatever they bought before it: in the first period all are.
        The interval of ``against_rest`` takes users as independent, each with all that the user bought and gave back in
        both periods; with a and b a user's net amounts before and after, and A and B their sums, the variance of
        log(1 + against_rest) is the sum of (b/B - a/A)² over the segment's users and likewise over all others (delta
        method). It says whether chance alone could have made the difference, not why it is there. NaN where an amount
        is not above zero, with fewer than 25 buyers of the segment or of the rest in either period, with a single
        segment, and where the rest is below about a 100,000th of the segment. With an event column, users may have
        amounts in the segment and in the rest; the covariance of the two is ignored.
        With an event column each row counts in its own segment: buyers and orders with rows in several count in each,
        and a new buyer in that of the first order's first row. In ``mix`` a segment without buyers in one of two
        periods is taken to have had the amount per buyer of the other, so that all is mix; refunds that it has without
        buyers count as within. Missing values of ``by`` form the segment "(none)".
        A second sentence warns where more than 1 % of the orders, and at least 20, repeat user, event, time and amount
        of the order row before, and where at least 20 orders of several rows, more than half, have the same amount in
        each row: a join may have multiplied rows.

    Raises:
        InputError: for a log without amounts, an unknown event or column, an event with two roles, an ``order`` that is
            no text column of events, a length of time that is no calendar period, an ``as_of`` before the log's start,
            or more than a million segments × periods.

    References:
        Shapley 1953, doi:10.1515/9781400881970-018; Albrecht, François, Schoors 2002,
        doi:10.1016/S0301-4215(01)00131-8 (factors); Benjamini, Hochberg 1995,
        doi:10.1111/j.2517-6161.1995.tb02031.x (q); Simpson 1951,
        doi:10.1111/j.2517-6161.1951.tb00088.x (a change that all segments contradict).

    Example:
        >>> import dangol as dg, pandas as pd
        >>> days = pd.to_datetime(["2024-01-05", "2024-01-09", "2024-02-02", "2024-02-03", "2024-03-01"])
        >>> orders = pd.DataFrame({"who": list("abaca"), "when": days, "paid": [10.0, 10, 20, 30, 5]})
        >>> log = dg.ingest(orders, user="who", event="'order'", time="when", amount="paid", zone="Asia/Seoul")
        >>> answer = dg.sales(log, every="1mo")
        >>> answer.table[["period", "amount", "buyers", "orders", "change", "complete"]].to_numpy().tolist()
        [['2024-01', 20.0, 2, 2, nan, True], ['2024-02', 50.0, 2, 2, 30.0, True], ['2024-03', 5.0, 1, 1, nan, False]]
        >>> answer.table.loc[1, ["from_buyers", "from_orders_per_buyer", "from_amount_per_order"]].tolist()
        [0.0, 0.0, 30.0]
        >>> answer.units(period="2024-02", kind="new").tolist()
        ['c']
    """
    given = {"event": event, "refund": refund, "failed": failed}
    asked: dict[str, Any] = {"every": every, **{word: _listed(one, word) for word, one in given.items()}}
    asked |= {"order": order, "by": by, "as_of": as_of}
    period = durations.period(every)
    rules = _rules(log, period, purchases(log, event, refund=refund, failed=failed, order=order), as_of)
    cut = breakdown(log, by)
    known = log.between(None, _moment(rules.as_of)) if rules.as_of <= log.end else log
    counted = _count(known, rules, cut, period)
    return Result(
        name="sales",
        sentences=sentences(counted, asked),
        how=explain(counted, asked, rules.purchases),
        recipe={"question": "sales", "parameters": asked, "log": log.describe()},
        tables=tables(counted),
        shown=("contributions", "kinds", "periods") if cut else ("periods", "kinds"),
        find=partial(_find, known, rules, cut, counted),
    )


def _listed(asked: Events, word: str) -> Events:
    return asked if asked is None or isinstance(asked, str) else listed(asked, word)


def _rules(log: EventLog, every: durations.Period, found: Purchases, as_of: str | None) -> Rules:
    if not found.priced:
        raise InputError("this log has no amounts, so there are no sales to add up; ingest with amount= (--amount)")
    moment = log.as_of if as_of is None else calendar.instant(as_of, log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={as_of!r} is not after the log's first event ({first}); choose a later time")
    edges = calendar.edges(every, log.zone, log.start, moment - 1)
    if len(edges) > _MOST_PERIODS:
        raise InputError(
            f"every='{every}' makes {len(edges) - 1:,} periods, more than {_MOST_PERIODS:,}; use a longer period or "
            f"log.between(…)"
        )
    return Rules(edges, found, moment)


def _moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


# ---- counting ---------------------------------------------------------------------------------------------------


def _count(log: EventLog, rules: Rules, cut: Breakdown | None, every: durations.Period) -> Counted:
    if cut is not None and cut.size * rules.periods > _MOST_CELLS:
        raise InputError(
            f"by={cut.column!r} makes {cut.size:,} segments × {rules.periods:,} periods, more than {_MOST_CELLS:,} "
            f"cells; use a column with fewer values, a longer period or log.between(…)"
        )
    cells = cut.size * rules.periods if cut else 0
    kinds, segments, squares, seen = log.run(
        _scan,
        partial(_merge, cells=cells, groups=cut.size if cut else 0),
        columns=_columns(rules, cut),
        rules=rules,
        cut=cut,
    )
    return Counted(
        kinds=Sums.of(kinds, len(KINDS)),
        segments=Sums.of(segments, cut.size) if cut else None,
        squares=squares if cut else None,
        seen=seen,
        edges=rules.edges,
        names=tuple(calendar.names(rules.edges[:-1], every, log.zone)),
        labels=cut.labels if cut else None,
        by=cut.column if cut else None,
        per_row=cut is not None and not cut.per_user,
        every=every,
        zone=log.zone,
        as_of=rules.as_of,
        start=log.start,
    )


def _columns(rules: Rules, cut: Breakdown | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*rules.purchases.columns, *((cut.column,) if cut else ()))))


def _place(block: Block, rules: Rules) -> tuple[roles.Picked, kernels.Placed]:
    """Pick a block's purchases and find where they count."""
    picked = pick(block, rules.purchases)
    return picked, kernels.place(picked, read_only(block.time), read_only(block.event), rules.edges)


def _segments(block: Block, picked: roles.Picked, cut: Breakdown) -> npt.NDArray[np.int32]:
    """Return the segment of each purchase."""
    found: npt.NDArray[np.int32] = segment_at(block, cut, picked.row, _owners(picked)).astype(np.int32, copy=False)
    return found


def _owners(picked: roles.Picked) -> Ints:
    """Return the user of each purchase, as a position in the block."""
    return np.repeat(np.arange(len(picked.offsets) - 1), np.diff(picked.offsets))


def _scan(block: Block, *, rules: Rules, cut: Breakdown | None) -> _Partial:
    picked, placed = _place(block, rules)
    kinds = kernels.add_up(picked, picked.first, placed, placed.kind, len(KINDS), rules.periods)
    unpriced = int(np.count_nonzero(picked.missing & (picked.role != roles.FAILED)))
    seen = Seen(placed.repeats, *kernels.count_lines(picked), unpriced)
    if cut is None:
        none, nothing = np.empty(0, np.int64), np.empty((0, kernels.SUMS))
        return _Partial(kinds, none, nothing, none, np.empty((0, kernels.SQUARES)), np.zeros(3), seen)
    segment, begins = _segments(block, picked, cut), picked.first
    if len(picked.start) and not cut.per_user:
        begins = kernels.begins_in_group(picked, segment)
    sums = kernels.add_up(picked, begins, placed, segment, cut.size, rules.periods)
    places = np.flatnonzero(sums.any(axis=1))
    if rules.compared >= 0:
        squares, whole = kernels.square(picked, placed, segment, cut.size, rules.compared)
    else:
        squares, whole = np.empty((0, kernels.SQUARES)), np.zeros(3)
    squared = np.flatnonzero(squares.any(axis=1))
    return _Partial(kinds, places, sums[places], squared, squares[squared], whole, seen)


def _merge(parts: Sequence[_Partial], *, cells: int, groups: int) -> tuple[Floats, Floats, Squares, Seen]:
    kinds, whole = (np.sum(one, axis=0) for one in ([part.kinds for part in parts], [part.whole for part in parts]))
    segments, squares = np.zeros((cells, kernels.SUMS)), np.zeros((groups, kernels.SQUARES))
    for part in parts:
        segments[part.places] += part.segments
        squares[part.squared] += part.squares
    seen = Seen(*(int(sum(one)) for one in zip(*(part.seen for part in parts), strict=True)))
    return kinds, segments, Squares(squares, whole), seen


# ---- the users behind a number ----------------------------------------------------------------------------------


def _find(
    log: EventLog,
    rules: Rules,
    cut: Breakdown | None,
    counted: Counted,
    *,
    period: str | None = None,
    segment: str | None = None,
    kind: str | None = None,
) -> Any:
    if period is not None and period not in counted.names:
        raise unknown("period", period, counted.names, "the answer")
    if segment is not None and cut is None:
        raise InputError(f"segment={segment!r} needs an answer that was broken down with by=")
    if segment is not None and cut is not None and segment not in cut.labels:
        raise unknown("segment", segment, cut.labels, "the answer")
    cell = {"period": -1 if period is None else counted.names.index(period)}
    cell["segment"] = -1 if segment is None or cut is None else cut.labels.index(segment)
    cell["kind"] = -1 if kind is None else KINDS.index(choice("kind", kind, KINDS))
    columns = _columns(rules, cut)
    return log.ids(log.run(_who, np.concatenate, columns=columns, rules=rules, cut=cut, cell=cell))


def _who(block: Block, *, rules: Rules, cut: Breakdown | None, cell: dict[str, int]) -> Ints:
    """Return the users with an order in a cell, by position in the log."""
    picked, placed = _place(block, rules)
    keep = picked.role == roles.ORDER
    if cell["period"] >= 0:
        keep &= placed.period == cell["period"]
    if cell["kind"] >= 0:
        keep &= placed.kind == cell["kind"]
    if cell["segment"] >= 0 and cut is not None:
        keep &= _segments(block, picked, cut) == cell["segment"]
    found: Ints = block.users[np.unique(_owners(picked)[keep])]
    return found
