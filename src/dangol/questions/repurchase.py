"""``repurchase``: how long customers take to buy again, and after how many days of silence they are gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError, choice, unknown
from dangol.core.result import Result
from dangol.kernels import repurchase as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import Breakdown, breakdown, segment_at
from .purchases import Purchases, pick, purchases, read_only, told
from .repurchase_tables import STATES, Churn, Counted, coded, tables
from .repurchase_words import explain, sentences

Ints = npt.NDArray[np.int64]

_MOST_CELLS: Final = 5_000_000
_MOST_FLAGS: Final = 50_000_000
_RARE: Final = 0.2  # a number of days separates where at most this share ever comes back
_FEW: Final = 30  # purchases below which a candidate is not chosen


@dataclass(frozen=True)
class Rules:
    """What was asked, in numbers: plain data, so that a scan can take it along.

    ``days`` are the edges of local days from the log's beginning to as_of, ``full`` the place of the last one that is
    over. ``edges`` are those of the periods, ``period`` has the period of each day. ``candidates`` ascend; with
    ``churn_days``, where given, among them.
    """

    purchases: Purchases
    days: Ints
    full: int
    edges: Ints
    period: npt.NDArray[np.uint64]
    candidates: tuple[int, ...]
    as_of: int


def repurchase(
    log: EventLog,
    *,
    event: str | Sequence[str] | None = None,
    order: str | None = None,
    days: Sequence[int] = (7, 14, 21, 30, 45, 60, 90, 120, 180),
    churn_days: int | None = None,
    every: str = "1mo",
    by: str | None = None,
    as_of: str | None = None,
) -> Result:
    """Ask how long customers take to buy again, and after how many days without a purchase they are gone.

    A purchase day is a local day with at least one order of a user; all that follows counts purchase days. With L the
    last day that is over, the purchase of day x is **decidable** at D days if x + D ≤ L; it is then **labelled** as
    lapsed if no purchase falls on the days x + 1 to x + D, and has **returned** if a later one exists all the same::

        rate = labelled / decidable        return_rate = returned / labelled

    What is not decidable yet is in neither number: a rule that counts it as lapsed rises by itself at the end of a log.
    A number of days separates leaving from pausing where few of those labelled ever return.

    Args:
        log: the log or view to ask.
        event: the events that are orders; None: every event with an amount above zero.
        order: a text column of events with the order's id: rows of a user with the same id are one order, on the day of
            the first; None: every row is an order.
        days: candidate numbers of days D, ascending.
        churn_days: the number of days D without a purchase after which a customer counts as churned; None: the smallest
            candidate with at least 30 decidable purchases of which at most 20 % ever return (``return_rate_ever``);
            where there is none, the largest candidate, and this is said.
        every: the periods of the churn flags: a whole number of ``d``, ``w``, ``mo``, ``q`` or ``y`` ("1mo").
        by: a user column, or an event column whose value at the user's first order counts; it adds ``segment`` to the
            table of candidates. The other tables are of all customers together.
        as_of: local time up to which the log is taken to be complete (the log's end); what is at or after it is left
            out.

    Returns:
        A Result. ``.table`` is ``tables["candidates"]``, one row per candidate:

        - ``segment`` (str): value of ``by``, only with ``by``; segments without buyers are left out;
        - ``days`` (int): D; ``n`` (int): decidable purchases; ``censored`` (int): the others, left out;
        - ``labelled`` (int); ``rate``, ``lower``, ``upper`` (float, 0 to 1): share of n, and its 95 % interval;
        - ``returned`` (int); ``return_rate``, ``return_lower``, ``return_upper``: the share of the labelled that has
          returned so far, a lower bound, and its interval;
        - ``return_rate_ever`` (float): the share that returns within the time that was observed, those who have not
          returned yet taken into account (Kaplan-Meier from day x + D on);
        - ``users`` (int): buyers with a decidable purchase.

        ``gaps``: days (from a purchase to the next one), count, share, cumulative (of all gaps observed), returned (the
        share of all purchases that another follows within so many days, Kaplan-Meier).
        ``percentiles``: percentile (10, 25, 50, 75, 80, 90, 95, 99), days_observed (of the gaps observed, which are
        short ones while a log is young), days (by when that share of all purchases is followed by another,
        Kaplan-Meier; NaN where it is never reached).
        ``periods``: period (str), start (time, log's zone), users (at risk: not labelled before the period begins, or
        buying in it), churned (int: of these, users whose label falls into it, on day x + D + 1), rate, lower, upper
        (Wilson), returned (int: users whose lapse ended by a purchase in it), complete (bool): with D = ``churn_days``.
        ``flags``: user, period, state: one row for each buyer and finished period from the first purchase on.
        "churned": labelled in it; "returned": lapsed before, bought in it, and not churned in it; "active": at risk and
        neither; "lapsed": lapsed all through.
        ``units(days=30, labelled=True)`` lists the buyers with a decidable purchase that is labelled, ``False`` those
        with one that is not, ``segment="…"`` narrows; ``units(period="2011-06", state="churned")`` those in a state.

    Conventions:
        Days are local days of the log's zone; gaps are whole days, at least 1. A purchase on the day of ``as_of`` that
        is not over ends a wait, but has no label itself; Kaplan-Meier estimates, labels and the users at risk look at
        full days alone. The first purchase of a user in the log or view has no gap before it, and nobody can churn in
        its first D days. Intervals of ``rate`` and ``return_rate`` take a buyer's purchases as hanging together
        (linearised ratio, buyers as clusters; NaN with fewer than two of these). Quantiles interpolate linearly. Weeks
        begin on Monday; unfinished periods are marked, and have no flags.
        Missing values of ``by`` form the segment "(none)".

    Raises:
        InputError: for an unknown event or column, days that are no ascending whole numbers, periods of hours, an
            ``as_of`` before the log's start, or more than 5 million segments × days.

    References:
        Kaplan, Meier 1958, doi:10.1080/01621459.1958.10501452; Wilson 1927, doi:10.1080/01621459.1927.10502953;
        Cochran 1977, Sampling Techniques, chapter 9A (ratios of clusters).

    Example:
        >>> import dangol as dg, pandas as pd
        >>> times = pd.to_datetime(["2024-01-01", "2024-01-05", "2024-01-20", "2024-01-03", "2024-01-28"])
        >>> orders = pd.DataFrame({"who": list("aaabb"), "when": times})
        >>> log = dg.ingest(orders, user="who", event="'order'", time="when", zone="Asia/Seoul")
        >>> answer = repurchase(log, event="order", days=[7, 14], as_of="2024-02-01")
        >>> answer.table[["days", "n", "censored", "labelled", "returned"]].to_numpy().tolist()
        [[7, 4, 1, 3, 2], [14, 3, 2, 2, 2]]
        >>> answer.units(days=14, labelled=False).tolist()
        ['a']
    """
    asked = {"event": _plain(event), "order": order, "days": _plain(days), "churn_days": churn_days, "every": every}
    asked |= {"by": by, "as_of": as_of}
    rules = _rules(log, asked)
    cut = breakdown(log, by)
    known = log.between(None, _moment(rules.as_of)) if rules.as_of <= log.end else log
    counted = _count(known, rules, cut, asked)
    churn = _churn(known, rules, counted.churn_days, durations.period(every))
    return Result(
        name="repurchase",
        sentences=sentences(counted, churn),
        how=explain(counted, churn, told(rules.purchases, event, None, None), as_of is not None),
        recipe={"question": "repurchase", "parameters": asked, "log": log.describe()},
        tables=tables(counted, churn, partial(_flags, known, rules, churn)),
        shown=("candidates", "percentiles", "periods"),
        find=partial(_find, known, rules, cut, counted, churn),
    )


# ---- reading the options ----------------------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Return a sequence as a list, for the recipe."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _rules(log: EventLog, asked: Mapping[str, Any]) -> Rules:
    every = durations.period(asked["every"])
    if every.unit == "h":
        raise InputError(f"every='{every}' is shorter than a day, and purchases are counted by days; use '1d' or more")
    candidates = _days(asked["days"], asked["churn_days"])
    moment = log.as_of if asked["as_of"] is None else calendar.instant(asked["as_of"], log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={asked['as_of']!r} is not after the log's first event ({first}); choose a later time")
    days = calendar.edges(durations.Period(1, "d"), log.zone, log.start, moment)
    edges = calendar.edges(every, log.zone, log.start, moment - 1)
    place = np.searchsorted(edges[1:-1], days[:-1], side="right")
    return Rules(
        purchases=purchases(log, asked["event"], order=asked["order"]),
        days=days,
        full=len(days) - 3,
        edges=edges,
        period=place.astype(np.uint64),
        candidates=candidates,
        as_of=moment,
    )


def _days(days: Any, churn_days: Any) -> tuple[int, ...]:
    """Return all numbers of days that are looked at, ascending."""
    given = days if isinstance(days, list) else []
    whole = [int(one) for one in given if _is_days(one)]
    if not given or len(whole) != len(given) or any(a >= b for a, b in pairwise(whole)):
        raise InputError(f"days={days!r} must be ascending whole numbers of days, such as [30, 60, 90]")
    if churn_days is None:
        return tuple(whole)
    if not _is_days(churn_days):
        raise InputError(f"churn_days={churn_days!r} must be a whole number of days, at least 1, such as 90")
    return tuple(sorted({*whole, int(churn_days)}))


def _is_days(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and 1 <= int(value) <= 1_000_000


def _moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


# ---- counting ---------------------------------------------------------------------------------------------------


def _count(log: EventLog, rules: Rules, cut: Breakdown | None, asked: Mapping[str, Any]) -> Counted:
    size = (cut.size if cut else 1) * max(len(rules.days), 10 * len(rules.candidates))
    if cut is not None and size > _MOST_CELLS:
        raise InputError(
            f"by={cut.column!r} makes {cut.size:,} segments × {len(rules.days):,} days, more than {_MOST_CELLS:,}; use "
            f"a column with fewer values or log.between(…)"
        )
    parts = log.run(_scan, _merge, columns=_columns(rules, cut), rules=rules, cut=cut)
    counted = Counted(
        parts=parts,
        days=tuple(int(one) for one in asked["days"]),
        candidates=rules.candidates,
        churn_days=asked["churn_days"] or 0,
        separates=False,
        chosen=asked["churn_days"] is None,
        labels=cut.labels if cut else None,
        by=cut.column if cut else None,
        zone=log.zone,
        as_of=rules.as_of,
        full=calendar.names(rules.days[rules.full : rules.full + 1], durations.Period(1, "d"), log.zone)[:1],
    )
    return _chosen(counted)


def _chosen(counted: Counted) -> Counted:
    """Choose the days after which a customer counts as churned, unless they were given."""
    n, ever = counted.pooled.sums[:, kernels.N], counted.pooled.ever
    rare = [
        day for day, size, share in zip(counted.candidates, n, ever, strict=True) if size >= _FEW and share <= _RARE
    ]
    if not counted.chosen:
        return replace(counted, separates=counted.churn_days in rare)
    return replace(counted, separates=bool(rare), churn_days=rare[0] if rare else counted.candidates[-1])


def _columns(rules: Rules, cut: Breakdown | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*rules.purchases.columns, *((cut.column,) if cut else ()))))


def _buys(block: Block, rules: Rules) -> kernels.Buys:
    return kernels.purchase_days(pick(block, rules.purchases), read_only(block.time), rules.days)


def _scan(block: Block, *, rules: Rules, cut: Breakdown | None) -> kernels.Tally:
    """Count gaps and labels by segment."""
    buys = _buys(block, rules)
    segment = np.zeros(len(buys.owner), np.int64)
    if cut is not None:
        segment = segment_at(block, cut, buys.row, buys.owner).astype(np.int64)
    span, candidates = np.arange(len(rules.days)), np.array(rules.candidates)
    below, upto = (np.searchsorted(candidates, span, side=side).astype(np.uint64) for side in ("left", "right"))
    return kernels.tally(buys, segment, cut.size if cut else 1, rules.full, below, upto, len(candidates))


def _merge(parts: Sequence[kernels.Tally]) -> kernels.Tally:
    total = parts[0]
    for part in parts[1:]:
        total = kernels.Tally(*(a + b for a, b in zip(total, part, strict=True)))
    return total


def _churn(log: EventLog, rules: Rules, days: int, every: durations.Period) -> Churn:
    """Count the users at risk, churned and returned in every period."""
    bits = (kernels.AT_RISK, kernels.CHURNED, kernels.RETURNED)
    counts = log.run(_scan_churn, _added, columns=rules.purchases.columns, rules=rules, days=days, bits=bits)
    return Churn(
        names=tuple(calendar.names(rules.edges[:-1], every, log.zone)),
        start=rules.edges[:-1],
        users=counts[0],
        churned=counts[1],
        returned=counts[2],
        complete=rules.edges[1:] <= rules.as_of,
        days=days,
    )


def _added(parts: Sequence[Ints]) -> Ints:
    total: Ints = np.sum(parts, axis=0)
    return total


def _states(block: Block, rules: Rules, days: int) -> tuple[Ints, kernels.Bits]:
    """Return the buyers of a block, by position in the log, and their state in every period, as bits."""
    buys = _buys(block, rules)
    return block.users[buys.owner], kernels.states(buys, days, rules.full, rules.period, len(rules.edges) - 1)


def _scan_churn(block: Block, *, rules: Rules, days: int, bits: Sequence[int]) -> Ints:
    _, found = _states(block, rules, days)
    return np.array([np.count_nonzero(found & np.uint8(bit), axis=0) for bit in bits], np.int64)


# ---- the users behind a number, and everybody's flags --------------------------------------------------------------


def _flags(log: EventLog, rules: Rules, churn: Churn) -> tuple[Any, Ints, Ints]:
    """Return user ids, places of finished periods and codes of states, from each buyer's first purchase on."""
    finished = int(churn.complete.sum())
    parts = log.run(_scan_states, list, columns=rules.purchases.columns, rules=rules, days=churn.days)
    users, bits = np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])[:, :finished]
    if bits.size > _MOST_FLAGS:
        raise InputError(
            f"flags would have up to {bits.size:,} rows, more than {_MOST_FLAGS:,}; use longer periods or fewer users"
        )
    buyer, period = np.nonzero(bits)
    return log.ids(users[buyer]), period, coded(bits[buyer, period])


def _scan_states(block: Block, *, rules: Rules, days: int) -> tuple[Ints, kernels.Bits]:
    return _states(block, rules, days)


def _find(
    log: EventLog,
    rules: Rules,
    cut: Breakdown | None,
    counted: Counted,
    churn: Churn,
    *,
    days: int | None = None,
    labelled: bool = True,
    segment: str | None = None,
    period: str | None = None,
    state: str | None = None,
) -> Any:
    if (days is None) == (period is None) or (period is None) != (state is None):
        raise InputError("units needs days=, or period= and state=, as in units(period='2011-06', state='churned')")
    columns = _columns(rules, cut)
    if period is not None and state is not None:
        if segment is not None:
            raise InputError("periods are not broken down by segment; leave out segment=, or ask a view of the segment")
        if period not in churn.names:
            raise unknown("period", period, churn.names, "the answer")
        code, place = STATES.index(choice("state", state, STATES)), churn.names.index(period)
        one = {"place": place, "code": code, "days": churn.days}
        return log.ids(log.run(_who_is, np.concatenate, columns=columns, rules=rules, **one))
    if days not in counted.days:
        raise InputError(f"days={days!r} is not in the answer; it has {', '.join(map(str, counted.days))}")
    if segment is not None and cut is None:
        raise InputError(f"segment={segment!r} needs an answer that was broken down with by=")
    if segment is not None and cut is not None and segment not in cut.labels:
        raise unknown("segment", segment, cut.labels, "the answer")
    code = -1 if segment is None or cut is None else cut.labels.index(segment)
    which: dict[str, Any] = {"days": days, "labelled": bool(labelled), "code": code}
    return log.ids(log.run(_who, np.concatenate, columns=columns, rules=rules, cut=cut, **which))


def _who_is(block: Block, *, rules: Rules, place: int, code: int, days: int) -> Ints:
    """Return the buyers in one state in one period, by position."""
    users, bits = _states(block, rules, days)
    known = bits[:, place] > 0
    found: Ints = users[known][coded(bits[known, place]) == code]
    return found


def _who(block: Block, *, rules: Rules, cut: Breakdown | None, days: int, labelled: bool, code: int) -> Ints:
    """Return the buyers with a decidable purchase that is labelled, or one that is not, by position."""
    buys = _buys(block, rules)
    owner = np.repeat(np.arange(len(buys.owner)), np.diff(buys.offsets))
    last = np.diff(owner, append=-1) != 0
    gap = np.where(last, days + 1, np.diff(buys.day, append=0))
    keep = (buys.day + days <= rules.full) & ((gap > days) == labelled)
    found = np.unique(owner[keep])
    if cut is not None and code >= 0:
        found = found[segment_at(block, cut, buys.row[found], buys.owner[found]) == code]
    users: Ints = block.users[buys.owner[found]]
    return users
