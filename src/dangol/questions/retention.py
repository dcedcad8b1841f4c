"""``retention``: who comes back, how many periods after their start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError, choice, unknown
from dangol.core.result import Result
from dangol.kernels import retention as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import Breakdown, breakdown, segment_at
from .retention_tables import Counted, explain, sentences, tables

Ints = npt.NDArray[np.int64]
Sparse = tuple[Ints, Ints]
Partial = tuple[Sparse, Sparse, int]

_LENGTHS: Final = {"h": durations.HOUR, "d": durations.DAY, "w": durations.WEEK}
_MOST_CELLS: Final = 5_000_000


@dataclass(frozen=True)
class Rules:
    """What was asked, in numbers: plain data, so that a scan can take it along.

    ``start`` and ``event`` are codes, -1 for any. ``slots`` of periods are counted together: slot ``i`` holds the
    periods ``lows[i]`` up to, not including, ``highs[i]``. ``width`` is the length of a rolling period, 0 for calendar
    periods.
    """

    edges: Ints
    lows: Ints
    highs: Ints
    start: int
    event: int
    own: bool
    later: bool
    recurring: bool
    bracketed: bool
    width: int
    as_of: int

    @property
    def cohorts(self) -> int:
        """How many calendar periods have begun."""
        return len(self.edges) - 1

    def slot_of(self) -> Ints:
        """Return the slot of each number of periods since the entry; -1 for none."""
        since = np.arange(self.reach)
        slot = np.searchsorted(self.lows, since, side="right") - 1
        return np.where((slot >= 0) & (since < self.highs[slot]), slot, -1).astype(np.int64)

    @property
    def reach(self) -> int:
        """The number of periods since the entry that an event can have is below this."""
        if self.width:
            return (self.as_of - int(self.edges[0])) // self.width + 1
        return self.cohorts


def retention(
    log: EventLog,
    *,
    every: str = "1w",
    start: str | None = None,
    event: str | None = None,
    counting: str = "on",
    cohorts: str = "first",
    periods: str = "calendar",
    brackets: Sequence[int] | None = None,
    by: str | None = None,
    as_of: str | None = None,
) -> Result:
    """Follow the users who started in the same period: how many come back, period after period.

    A cohort is everybody whose start event falls into the same calendar period. Retention of period k is the share of
    the cohort's n users with a return event k periods after the start::

        rate = users with a return event in period k / n

    The weighted average of period k is the sum of those users over the sum of n, over finished cells alone.

    Args:
        log: the log or view to ask.
        every: length of a period: a whole number of ``h``, ``d``, ``w``, ``mo``, ``q`` or ``y`` ("1w").
        start: the event that puts a user into a cohort; None: any event.
        event: the event that counts as coming back; None: any event.
        counting: ``"on"``: a return counts in exactly its period; ``"on-or-after"``: also in every period before it
            (unbounded retention).
        cohorts: ``"first"``: a user belongs to the period of the first start event in the log or view;
            ``"recurring"``: to every period with a start event, so a user may count in many cohorts.
        periods: ``"calendar"``: period k is the k-th calendar period after the cohort's, local time of the log's zone;
            ``"rolling"``: period k is the exact time from k·every up to, not including, (k + 1)·every after the user's
            start event (with recurring cohorts: the first one of that period); hours, days (24 h) and weeks only.
        brackets: ascending edges in periods; ``[1, 3, 7]`` counts a return once in periods 1-2 and once in 3-6, beside
            period 0. Edges that begin with 0 put period 0 into the first bracket. Not with ``"on-or-after"``.
        by: a user column, or an event column whose value at the start event counts; it adds ``segment``.
        as_of: local time up to which the log is taken to be complete (the log's end); what is at or after it is left
            out.

    Returns:
        A Result. ``.table`` is ``tables["cohorts"]``, one row per cohort and period:

        - ``segment`` (str): value of ``by``, only with ``by``;
        - ``cohort`` (str): name of the calendar period of the start: 2010-12, or the first day, for weeks Monday;
        - ``n`` (int): users of the cohort; rolling: those whose period k has wholly passed;
        - ``period`` (int): k; with brackets the bracket's first period, and ``until`` (int), the first one after it;
        - ``users`` (int): those of the n who came back; ``rate``, ``lower``, ``upper`` (float, 0 to 1): the share and
          its 95 % Wilson interval;
        - ``complete`` (bool): whether period k is over by ``as_of``; rolling: whether it is for all of the cohort.

        ``average``: [segment,] period[, until], cohorts, n, users, rate, lower, upper: finished cells only, weighted.
        ``triangle``: [segment,] cohort, n, then the rate of each period (columns "0", "1", …; with brackets "1-2"),
        unfinished ones included, n as in the first of them.
        ``units(cohort="2010-12", period=3)`` lists who came back; ``returned=False`` who did not; ``segment="…"``
        narrows to one segment.

    Conventions:
        A return is an event of a row after the start row: what lies before the start never counts, and of events at the
        same instant the source order decides. Where ``start`` and ``event`` are the same, period 0 is the cohort itself
        and its rate is 1; otherwise period 0 counts those who come back within it. Periods are half-open; weeks begin
        on Monday, days at local midnight (so they last 23 or 25 hours where the clock changes). Periods run to the last
        one that has begun before ``as_of``; unfinished ones are in the table, marked, and in no average. Cohorts
        without users and rolling cells with n = 0 are left out. With "on-or-after" all rates are lower bounds, since a
        return may still come. Missing values of ``by`` form the segment "(none)".

    Raises:
        InputError: for an unknown event or column, option or length of time, rolling months, brackets that do not
            ascend, an ``as_of`` before the log's start, or more than 5 million cells.

    References:
        Wilson 1927, doi:10.1080/01621459.1927.10502953 (intervals).

    Example:
        >>> import dangol as dg, pandas as pd
        >>> days = ["2024-01-01", "2024-01-09", "2024-01-02", "2024-01-16", "2024-01-22"]
        >>> visits = pd.DataFrame({"who": list("aabbc"), "when": pd.to_datetime(days)})
        >>> log = dg.ingest(visits, user="who", event="'visit'", time="when", zone="Asia/Seoul")
        >>> answer = dg.retention(log, every="1w", counting="on")
        >>> answer.table.query("cohort == '2024-01-01'")["users"].tolist()
        [2, 1, 1, 0]
        >>> answer.units(cohort="2024-01-01", period=1).tolist()
        ['a']
    """
    asked = {"every": every, "start": start, "event": event, "counting": counting, "cohorts": cohorts}
    asked |= {"periods": periods, "brackets": _listed(brackets), "by": by, "as_of": as_of}
    rules = _rules(log, asked)
    cut = breakdown(log, by)
    known = log.between(None, _moment(rules.as_of)) if rules.as_of <= log.end else log
    counted = _count(known, rules, cut, durations.period(every))
    return Result(
        name="retention",
        sentences=sentences(counted, asked),
        how=explain(counted, asked, log.zone),
        recipe={"question": "retention", "parameters": asked, "log": log.describe()},
        tables=tables(counted),
        shown=("average", "triangle"),
        find=partial(_find, known, rules, cut, counted),
    )


# ---- reading the options ----------------------------------------------------------------------------------------


def _rules(log: EventLog, asked: Mapping[str, Any]) -> Rules:
    every = durations.period(asked["every"])
    later = choice("counting", asked["counting"], ("on", "on-or-after")) == "on-or-after"
    recurring = choice("cohorts", asked["cohorts"], ("first", "recurring")) == "recurring"
    rolling = choice("periods", asked["periods"], ("calendar", "rolling")) == "rolling"
    if rolling and every.unit not in _LENGTHS:
        raise InputError(f"periods='rolling' needs an exact length, every='{every}' has none; write for example '30d'")
    moment = log.as_of if asked["as_of"] is None else calendar.instant(asked["as_of"], log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={asked['as_of']!r} is not after the log's first event ({first}); choose a later time")
    edges = calendar.edges(every, log.zone, log.start, moment - 1)
    width = every.count * _LENGTHS[every.unit] if rolling else 0
    reach = (moment - int(edges[0])) // width + 1 if rolling else len(edges) - 1
    lows, highs = _slots(asked["brackets"], reach, later)
    codes = [-1 if asked[name] is None else log.code("event", asked[name]) for name in ("start", "event")]
    return Rules(
        edges=edges,
        lows=lows,
        highs=highs,
        start=codes[0],
        event=codes[1],
        own=codes[0] == codes[1],
        later=later,
        recurring=recurring,
        bracketed=asked["brackets"] is not None,
        width=width,
        as_of=moment,
    )


def _listed(brackets: object) -> Any:
    return list(brackets) if isinstance(brackets, list | tuple | np.ndarray) else brackets


def _slots(brackets: Any, reach: int, later: bool) -> tuple[Ints, Ints]:
    """Return the first period of each slot, and the first one after it."""
    if brackets is None:
        lows = np.arange(max(reach, 2))  # period 1 has a slot even where it has not begun: that is then said
        return lows, lows + 1
    if later:
        raise InputError("brackets count returns in their own periods; leave out counting='on-or-after'")
    edges = np.asarray(brackets)
    if edges.dtype.kind != "i" or edges.ndim != 1 or len(edges) < 2 or edges[0] < 0 or (np.diff(edges) <= 0).any():
        raise InputError(f"brackets={brackets!r} must be two or more ascending whole numbers, such as [1, 3, 7]")
    head = np.array([0] if edges[0] > 0 else [], np.int64)
    return np.append(head, edges[:-1]), np.append(head + 1, edges[1:])


def _moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


# ---- counting ---------------------------------------------------------------------------------------------------


def _count(log: EventLog, rules: Rules, cut: Breakdown | None, every: durations.Period) -> Counted:
    """Count the returns, and work out which cells have begun and which are over."""
    shape = (cut.size if cut else 1, rules.cohorts, len(rules.lows))
    if np.prod(shape, dtype=float) > _MOST_CELLS:
        what = f"{shape[0]:,} segments × " if cut else ""
        raise InputError(
            f"every='{every}' makes {what}{shape[1]:,} cohorts × {shape[2]:,} periods, more than {_MOST_CELLS:,} "
            f"cells; use a longer period, brackets or log.between(…)"
        )
    merge = partial(_merge, shape=shape)
    users, entered, people = log.run(_scan, merge, columns=_columns(rules, cut), rules=rules, cut=cut)
    # an entry with m known slots belongs to the denominator of the slots 0 to m - 1
    n = entered[:, :, ::-1].cumsum(axis=2)[:, :, ::-1][:, :, 1:]
    shown, complete = n > 0, n == entered.sum(axis=2, keepdims=True)
    if not rules.width:
        place = np.arange(rules.cohorts)[:, None]
        shown &= place + rules.lows < rules.cohorts
        after = place + rules.highs
        complete &= (after <= rules.cohorts) & (rules.edges[np.minimum(after, rules.cohorts)] <= rules.as_of)
    return Counted(
        users=users,
        n=n,
        complete=complete,
        shown=shown,
        lows=rules.lows,
        highs=rules.highs,
        cohorts=tuple(calendar.names(rules.edges[:-1], every, log.zone)),
        segments=cut.labels if cut else None,
        every=every,
        bracketed=rules.bracketed,
        entries=int(entered.sum()),
        people=people,
        until=calendar.write(rules.as_of, log.zone),
    )


def _columns(rules: Rules, cut: Breakdown | None) -> tuple[str, ...]:
    event = ("event",) if max(rules.start, rules.event) >= 0 else ()
    return tuple(dict.fromkeys(("time", *event, *((cut.column,) if cut else ()))))


def _scan(block: Block, *, rules: Rules, cut: Breakdown | None) -> Partial:
    """Count the returns per segment, cohort and slot, and the entries by how many slots are known of them."""
    stream, entered, segment = _entries(block, rules, cut)
    size = len(rules.lows)
    group = segment * rules.cohorts + entered.period
    users = np.zeros((cut.size if cut else 1) * rules.cohorts * size, np.int64)
    _run(stream, rules, entered._replace(cell=group * size), rules.slot_of(), users)
    known = np.bincount(group * (size + 1) + entered.slots)
    return _sparse(users), _sparse(known), len(np.unique(entered.owner))


def _run(stream: kernels.Stream, rules: Rules, entered: kernels.Entries, slot_of: Ints, counts: Ints) -> None:
    plain = np.array_equal(slot_of, np.arange(len(slot_of)))
    rule = kernels.Rule(rules.event, rules.own, rules.later, plain, slot_of)
    if rules.width:
        kernels.count_rolling(stream, rules.width, entered, rule, counts)
    else:
        kernels.count_calendar(stream, rules.edges, entered, rule, counts)


def _entries(block: Block, rules: Rules, cut: Breakdown | None) -> tuple[kernels.Stream, kernels.Entries, Ints]:
    """Find the entries of a block and their segments (0 without a breakdown)."""
    event = block.columns.get("event", np.empty(0, np.int32))
    stream = kernels.Stream(block.offsets, _read_only(block.time), _read_only(event))
    row, owner, period = kernels.entries(stream, rules.edges, rules.start, rules.recurring)
    slots = np.full(len(row), len(rules.lows))
    if rules.width:
        slots = np.searchsorted(rules.highs, (rules.as_of - block.time[row]) // rules.width, side="right")
    segment = np.zeros(len(row), np.int64) if cut is None else segment_at(block, cut, row, owner).astype(np.int64)
    return stream, kernels.Entries(row, owner, period, np.zeros(len(row), np.int64), slots), segment


def _read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the same values, unwritable as those of a mapped log are: the kernels compile once for all cases."""
    same = values.view()
    same.flags.writeable = False
    return same


def _sparse(values: Ints) -> tuple[Ints, Ints]:
    place = np.flatnonzero(values)
    return place, values[place].astype(np.int64)


def _merge(parts: Sequence[Partial], *, shape: tuple[int, int, int]) -> tuple[Ints, Ints, int]:
    """Add up: users per (segment, cohort, slot), entries per (segment, cohort, slots known), users who entered."""
    segments, cohorts, slots = shape
    users = np.zeros(segments * cohorts * slots, np.int64)
    entered = np.zeros(segments * cohorts * (slots + 1), np.int64)
    for (place, value), (where, number), _ in parts:
        users[place] += value
        entered[where] += number
    return users.reshape(shape), entered.reshape(segments, cohorts, slots + 1), sum(people for *_, people in parts)


# ---- the users behind a number ----------------------------------------------------------------------------------


def _find(
    log: EventLog,
    rules: Rules,
    cut: Breakdown | None,
    counted: Counted,
    cohort: str,
    period: int,
    *,
    segment: str | None = None,
    returned: bool = True,
) -> Any:
    begun = np.asarray(counted.shown.any(axis=0))
    cohorts = {counted.cohorts[place]: place for place in np.flatnonzero(begun.any(axis=1)).tolist()}
    if cohort not in cohorts:
        raise unknown("cohort", cohort, cohorts, "the answer")
    slots = {int(rules.lows[slot]): slot for slot in np.flatnonzero(begun[cohorts[cohort]]).tolist()}
    if period not in slots:
        raise InputError(
            f"period={period!r} of cohort {cohort!r} is not in the answer; it has {', '.join(map(str, slots))}"
        )
    if segment is not None and cut is None:
        raise InputError(f"segment={segment!r} needs an answer that was broken down with by=")
    if segment is not None and cut is not None and segment not in cut.labels:
        raise unknown("segment", segment, cut.labels, "the answer")
    code = -1 if segment is None or cut is None else cut.labels.index(segment)
    cell = {"cohort": cohorts[cohort], "slot": slots[period], "segment": code, "returned": bool(returned)}
    return log.ids(log.run(_who, _joined, columns=_columns(rules, cut), rules=rules, cut=cut, cell=cell))


def _who(block: Block, *, rules: Rules, cut: Breakdown | None, cell: Mapping[str, int]) -> Ints:
    """Return the users of one cell by position in the log."""
    stream, entered, segment = _entries(block, rules, cut)
    keep = (entered.period == cell["cohort"]) & (entered.slots > cell["slot"])
    if cell["segment"] >= 0:
        keep &= segment == cell["segment"]
    kept = kernels.Entries(*(values[keep] for values in entered))
    size = len(kept.row)
    kept = kept._replace(cell=np.arange(size), slots=np.ones(size, np.int64))
    since = np.arange(rules.reach)
    low, high = rules.lows[cell["slot"]], rules.reach if rules.later else rules.highs[cell["slot"]]
    counts = np.zeros(size, np.int64)
    _run(stream, replace(rules, later=False), kept, np.where((since >= low) & (since < high), 0, -1), counts)
    found: Ints = block.users[kept.owner[(counts > 0) == cell["returned"]]]
    return found


def _joined(parts: Sequence[Ints]) -> Ints:
    found: Ints = np.unique(np.concatenate(parts))
    return found
