"""``lifecycle``: how the active users of each period follow from those of the period before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError, choice, unknown
from dangol.core.result import Result
from dangol.kernels import lifecycle as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import Breakdown, breakdown, segment_at
from .lifecycle_tables import Counted, explain, sentences, tables

Ints = npt.NDArray[np.int64]
Sparse = tuple[Ints, Ints]

_MOST_CELLS: Final = 1_000_000
_STATES: Final = {
    "new": (kernels.NEW,),
    "returning": (kernels.RETURNING,),
    "resurrected": (kernels.RESURRECTED,),
    "dormant": (kernels.DORMANT,),
    "active": (kernels.NEW, kernels.RETURNING, kernels.RESURRECTED),
}


@dataclass(frozen=True)
class Rules:
    """What was asked, in numbers: plain data, so that a scan can take it along. ``event`` is a code, -1 for any."""

    edges: Ints
    event: int
    as_of: int

    @property
    def periods(self) -> int:
        """How many periods have begun."""
        return len(self.edges) - 1


def lifecycle(
    log: EventLog, *, every: str = "1w", event: str | None = None, by: str | None = None, as_of: str | None = None
) -> Result:
    """Account for the active users of every period: who is new, who came back, who returned after a break, who left.

    A user is active in a period with at least one event in it. In period p a user is **new** if p is the first active
    period, **returning** if active in p and in p - 1, **resurrected** if active in p, not in p - 1, but before, and
    **dormant** if active in p - 1 but not in p: the first inactive period alone. So, in every period::

        users = new + returning + resurrected
        dormant(p) = users(p - 1) - returning(p)
        users(p) - users(p - 1) = new(p) + resurrected(p) - dormant(p)

    Args:
        log: the log or view to ask.
        every: length of a period: a whole number of ``h``, ``d``, ``w``, ``mo``, ``q`` or ``y`` ("1w").
        event: the event that makes a user active; None: any event.
        by: a user column, or an event column whose value at the user's first counted event counts; it adds
            ``segment``.
        as_of: local time up to which the log is taken to be complete (the log's end); what is at or after it is left
            out.

    Returns:
        A Result. ``.table`` is ``tables["periods"]``, one row per period, empty ones included:

        - ``segment`` (str): value of ``by``, only with ``by``; segments without users are left out;
        - ``period`` (str): its name: 2010-12-01 (weeks: their Monday), 2010-12, 2010-Q4, 2010, 2010-12-01 13:00;
        - ``start`` (time in the log's zone);
        - ``users`` (int): active in it; ``new``, ``returning``, ``resurrected``, ``dormant`` (int): see above;
        - ``return_rate``, ``lower``, ``upper`` (float, 0 to 1): returning / users of the period before, and its 95 %
          Wilson interval; NaN in the first period and where there was nobody before;
        - ``quick_ratio`` (float): (new + resurrected) / dormant: users gained for each one lost; NaN where dormant = 0;
        - ``complete`` (bool): whether the period is over by ``as_of``.

        ``summary`` (measure, value), complete periods alone, all segments together: periods, mean_users,
        mean_return_rate (sum of returning / sum of users of the period before, from the second period on),
        mean_quick_ratio (sum of new + resurrected / sum of dormant, the same periods), net_change (users of the last
        complete period minus those of the one before). A value that cannot be made is NaN.
        ``units(period="2010-12-06", state="dormant")`` lists the users in a state: ``"new"``, ``"returning"``,
        ``"resurrected"``, ``"dormant"``, or ``"active"`` (the first three, the default); ``segment="…"`` narrows to
        one segment.

    Conventions:
        Periods are half-open; days begin at local midnight (23 or 25 hours long where the clock changes), weeks on
        Monday. They run from the period of the log's first event (a view's beginning) to the last that has begun by
        ``as_of``. Users are new in the log or view, whatever they did before it: all users of the first period are
        new. In a period that is not over, returning and resurrected still grow and dormant still shrinks: whoever has
        not come yet counts as dormant so far. The first period counts as complete even where the log begins within it.
        Intervals take users of one period as independent. Of events at the same instant the source order decides which
        is the user's first. Missing values of ``by`` form the segment "(none)".

    Raises:
        InputError: for an unknown event or column, a length of time that is no calendar period, an ``as_of`` before the
            log's start, or more than a million segments × periods.

    References:
        Wilson 1927, doi:10.1080/01621459.1927.10502953 (intervals).

    Example:
        >>> import dangol as dg, pandas as pd
        >>> days = ["2024-01-09", "2024-01-11", "2024-01-12", "2024-01-15"]
        >>> visits = pd.DataFrame({"who": "a", "when": pd.to_datetime(days)})
        >>> log = dg.ingest(visits, user="who", event="'visit'", time="when", zone="Asia/Seoul")
        >>> answer = dg.lifecycle(log, every="1d")
        >>> answer.table[["new", "returning", "resurrected", "dormant"]].to_numpy().tolist()
        [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 1, 0]]
        >>> answer.units(period="2024-01-10", state="dormant").tolist()
        ['a']
    """
    asked = {"every": every, "event": event, "by": by, "as_of": as_of}
    period = durations.period(every)
    rules = _rules(log, period, event, as_of)
    cut = breakdown(log, by)
    known = log.between(None, _moment(rules.as_of)) if rules.as_of <= log.end else log
    counted = _count(known, rules, cut, period)
    return Result(
        name="lifecycle",
        sentences=sentences(counted, event),
        how=explain(counted, asked),
        recipe={"question": "lifecycle", "parameters": asked, "log": log.describe()},
        tables=tables(counted),
        shown=("periods", "summary"),
        find=partial(_find, known, rules, cut, counted),
    )


def _rules(log: EventLog, every: durations.Period, event: str | None, as_of: str | None) -> Rules:
    moment = log.as_of if as_of is None else calendar.instant(as_of, log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={as_of!r} is not after the log's first event ({first}); choose a later time")
    code = -1 if event is None else log.code("event", event)
    return Rules(calendar.edges(every, log.zone, log.start, moment - 1), code, moment)


def _moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


# ---- counting ---------------------------------------------------------------------------------------------------


def _count(log: EventLog, rules: Rules, cut: Breakdown | None, every: durations.Period) -> Counted:
    shape = (4, cut.size if cut else 1, rules.periods)
    if shape[1] * shape[2] > _MOST_CELLS:
        what = f"{shape[1]:,} segments × " if cut else ""
        raise InputError(
            f"every='{every}' makes {what}{shape[2]:,} periods, more than {_MOST_CELLS:,} cells; use a longer period, "
            f"a column with fewer values or log.between(…)"
        )
    counts = log.run(_scan, partial(_merge, shape=shape), columns=_columns(rules, cut), rules=rules, cut=cut)
    return Counted(
        counts=counts,
        edges=rules.edges,
        names=tuple(calendar.names(rules.edges[:-1], every, log.zone)),
        labels=cut.labels if cut else None,
        by=cut.column if cut else None,
        every=every,
        zone=log.zone,
        as_of=rules.as_of,
        start=log.start,
    )


def _columns(rules: Rules, cut: Breakdown | None) -> tuple[str, ...]:
    event = ("event",) if rules.event >= 0 else ()
    return tuple(dict.fromkeys(("time", *event, *((cut.column,) if cut else ()))))


def _scan(block: Block, *, rules: Rules, cut: Breakdown | None) -> Sparse:
    """Count the users of a block by state, segment and period."""
    stream = _stream(block, rules)
    segments = cut.size if cut else 1
    flat = kernels.count(stream, rules.edges, _segments(block, stream, cut), segments).ravel()
    place = np.flatnonzero(flat)
    return place, flat[place]


def _stream(block: Block, rules: Rules) -> kernels.Stream:
    event = block.columns.get("event", np.empty(0, np.int32))
    return kernels.Stream(_read_only(block.offsets), _read_only(block.time), _read_only(event), rules.event)


def _segments(block: Block, stream: kernels.Stream, cut: Breakdown | None) -> npt.NDArray[np.int32]:
    """Return the segment of each user of a block, for an event column that of the first event that counts."""
    size = len(block.users)
    if cut is None or not size:
        return np.zeros(size, np.int32)
    if cut.per_user:
        return np.array(segment_at(block, cut, None, np.arange(size)), np.int32)
    row = kernels.first_rows(stream)
    found = np.zeros(size, np.int32)  # whoever has no such event is never counted
    some = np.flatnonzero(row >= 0)
    found[some] = segment_at(block, cut, row[some], some)
    return found


def _read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the same values, unwritable as those of a mapped log are: the kernels compile once for all cases."""
    same = values.view()
    same.flags.writeable = False
    return same


def _merge(parts: Sequence[Sparse], *, shape: tuple[int, int, int]) -> Ints:
    total = np.zeros(int(np.prod(shape)), np.int64)
    for place, value in parts:
        total[place] += value
    return total.reshape(shape)


# ---- the users behind a number ----------------------------------------------------------------------------------


def _find(
    log: EventLog,
    rules: Rules,
    cut: Breakdown | None,
    counted: Counted,
    *,
    period: str,
    state: str = "active",
    segment: str | None = None,
) -> Any:
    if period not in counted.names:
        raise unknown("period", period, counted.names, "the answer")
    choice("state", state, _STATES)
    if segment is not None and cut is None:
        raise InputError(f"segment={segment!r} needs an answer that was broken down with by=")
    if segment is not None and cut is not None and segment not in cut.labels:
        raise unknown("segment", segment, cut.labels, "the answer")
    place = counted.names.index(period)
    bounds = tuple(int(rules.edges[at]) for at in (max(place - 1, 0), place, place + 1))
    cell: Mapping[str, Any] = {
        "bounds": bounds,
        "states": _STATES[state],
        "segment": -1 if segment is None or cut is None else cut.labels.index(segment),
    }
    return log.ids(log.run(_who, np.concatenate, columns=_columns(rules, cut), rules=rules, cut=cut, cell=cell))


def _who(block: Block, *, rules: Rules, cut: Breakdown | None, cell: Mapping[str, Any]) -> Ints:
    """Return the users of one cell by position in the log."""
    stream = _stream(block, rules)
    keep = np.isin(kernels.states(stream, *cell["bounds"]), cell["states"])
    if cell["segment"] >= 0:
        keep &= _segments(block, stream, cut) == cell["segment"]
    found: Ints = block.users[keep]
    return found
