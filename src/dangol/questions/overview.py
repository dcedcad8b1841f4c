"""``overview``: how many users, how active, and what they do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError, unknown
from dangol.core.result import Result
from dangol.kernels import overview as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from . import overview_tables as faces
from .breakdown import Breakdown, breakdown, segment_at

Ints = npt.NDArray[np.int64]
Sparse = tuple[Ints, Ints]
Partial = tuple[list[Sparse], tuple[Ints, Ints], Ints, Ints]

_MOST_CELLS: Final = 1_000_000
_SHORT: Final = 7
_LONG: Final = 30


@dataclass(frozen=True)
class Rules:
    """Where periods begin: plain data, so that a scan can take it along.

    All are edges, from that of the period in which the log begins; ``periods`` are those that were asked for. Weeks,
    months and longer periods are made of whole days. Hours are not: they are counted on a grid of their own.
    """

    days: Ints
    weeks: Ints
    months: Ints
    periods: Ints
    hourly: bool
    as_of: int
    events: int

    def grids(self, *, lately: bool) -> list[kernels.Grid]:
        """The grid of days, where wanted with the days before, and where periods are of hours that of the periods."""
        every = np.zeros(len(self.days) - 1, np.uint64) if self.hourly else _places(self.days, self.periods)
        week, month = _places(self.days, self.weeks), _places(self.days, self.months)
        found = [kernels.Grid(self.days, week, month, every, np.uint64(_SHORT), np.uint64(_LONG if lately else 0))]
        if self.hourly:
            none = np.zeros(len(self.periods) - 1, np.uint64)
            found.append(kernels.Grid(self.periods, none, none, none, np.uint64(0), np.uint64(0)))
        return found

    def shapes(self, segments: int) -> list[tuple[int, int]]:
        """The shape of every array that the grids are counted into, in order."""
        days, hours = len(self.days) - 1, len(self.periods) - 1
        longer = (len(self.weeks) - 1, len(self.months) - 1, 1 if self.hourly else hours)
        columns = [days, days, days, *longer, days + 1, days + 1]
        columns += [hours, hours, hours, 1, 1, 1, hours + 1, hours + 1] if self.hourly else []
        return [(segments, width) for width in columns]


def overview(log: EventLog, *, every: str = "1d", by: str | None = None, as_of: str | None = None) -> Result:
    """Look at a log as a whole: users, events, active users by day, week and month, new users, stickiness, top events.

    A user is active in a period with any event in it, and new in the period of the first event in the log or view.
    Stickiness is how much of the monthly audience comes on a day::

        stickiness of a day = users of the day / users of the 30 local days that end with it

    Args:
        log: the log or view to ask.
        every: the periods of the main table: a whole number of ``h``, ``d``, ``w``, ``mo``, ``q`` or ``y`` ("1d").
        by: a user column, or an event column, where each event counts under its own value; adds ``segment``.
        as_of: local time up to which the log is taken to be complete (the log's end); what is at or after it is left
            out.

    Returns:
        A Result. ``.table`` is ``tables["periods"]``, one row per period, empty ones included:

        - ``period`` (str): its name: 2010-12-01 (weeks: their Monday), 2010-12, 2010-Q4, 2010, 2010-12-01 13:00;
        - ``start`` (time in the log's zone);
        - ``users`` (int): active in it; ``new_users`` (int); ``events`` (int); ``events_per_user`` (float; NaN: none);
        - ``complete`` (bool): whether it is over by ``as_of``;
        - ``segment`` (str): value of ``by``, only with ``by``; a segment without any event is left out.

        ``weeks``, ``months``: the same by week and month, whatever ``every``.
        ``stickiness``: period (local day), users, users_7d, users_30d (different users in the 7 and 30 local days that
        end with it), stickiness (users / users_30d), complete (over, and at least the log's 30th day); not by segment.
        ``events``: event, events, users, share_of_events, share_of_users (of all users); most events first.
        ``summary`` (measure, value): users, events, first_event, last_event (times), days (local days from the first
        event to the last), mean_events_per_user, median_events_per_user, p90_events_per_user, stickiness (mean over
        complete days; missing without any), mean_daily_users, mean_weekly_users, mean_monthly_users (over complete
        periods).
        ``units(period="2010-12-01", segment="…", event="…")`` lists the users with an event that meets all that is
        said; ``new=True`` those whose first event does.

    Conventions:
        Periods are half-open, days begin at local midnight (23 or 25 hours long where the clock changes), weeks on
        Monday. Periods run from the log's first event (a view's beginning) to the last that has begun by ``as_of``. The
        first counts as complete even where the log begins within it. Means of users are over periods, empty ones too.
        Quantiles interpolate linearly. With an event column a user may count in several segments, and is new in the
        segment of the first event alone. Missing values of ``by`` form the segment "(none)".

    Raises:
        InputError: for an unknown column, a length of time that is no calendar period, an ``as_of`` before the log's
            start, or more than a million segments × periods.

    Example:
        >>> import dangol as dg, pandas as pd
        >>> times = pd.to_datetime([f"2024-01-01 {time}" for time in ("10:00", "10:10", "10:20", "10:00", "12:00")])
        >>> acts = ["view", "cart", "order", "view", "view"]
        >>> visits = pd.DataFrame({"who": list("aaabb"), "what": acts, "when": times})
        >>> log = dg.ingest(visits, user="who", event="what", time="when", zone="Asia/Seoul")
        >>> answer = dg.overview(log)
        >>> answer.table[["period", "users", "new_users", "events", "complete"]].to_numpy().tolist()
        [['2024-01-01', 2, 2, 5, False]]
        >>> answer.tables["events"][["event", "events", "users"]].to_numpy().tolist()
        [['view', 3, 2], ['cart', 1, 1], ['order', 1, 1]]
    """
    asked = {"every": every, "by": by, "as_of": as_of}
    period = durations.period(every)
    rules = _rules(log, period, as_of)
    cut = breakdown(log, by)
    known = log.between(None, _moment(rules.as_of)) if rules.as_of <= log.end else log
    counted = _count(known, rules, cut, period)
    return Result(
        name="overview",
        sentences=faces.sentences(counted),
        how=faces.explain(counted, as_of is not None),
        recipe={"question": "overview", "parameters": asked, "log": log.describe()},
        tables=faces.tables(counted),
        shown=("summary", "events", "months"),
        find=partial(_find, known, rules, cut, counted),
    )


def _rules(log: EventLog, every: durations.Period, as_of: str | None) -> Rules:
    moment = log.as_of if as_of is None else calendar.instant(as_of, log.zone, "as_of")
    if moment <= log.start:
        first = calendar.write(log.start, log.zone)
        raise InputError(f"as_of={as_of!r} is not after the log's first event ({first}); choose a later time")
    units = (durations.Period(1, "d"), durations.Period(1, "w"), durations.Period(1, "mo"), every)
    days, weeks, months, periods = (calendar.edges(unit, log.zone, log.start, moment - 1) for unit in units)
    return Rules(days, weeks, months, periods, every.unit == "h", moment, len(log.events))


def _places(steps: Ints, longer: Ints) -> npt.NDArray[np.uint64]:
    """Return the longer period that each step lies in."""
    return np.maximum(np.searchsorted(longer, steps[:-1], side="right") - 1, 0).astype(np.uint64)


def _moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


# ---- counting ---------------------------------------------------------------------------------------------------


def _count(log: EventLog, rules: Rules, cut: Breakdown | None, every: durations.Period) -> faces.Counted:
    cells = (cut.size if cut else 1) * max(len(rules.days), len(rules.periods))
    if cut is not None and cells > _MOST_CELLS:
        raise InputError(
            f"by={cut.column!r} makes {cut.size:,} segments × {cells // cut.size:,} periods, more than {_MOST_CELLS:,} "
            f"cells; use a column with fewer values, a longer period or log.between(…)"
        )
    arrays, names, sizes, span = log.run(_scan, partial(_merge, shapes=rules.shapes(1)), rules=rules)
    parts = arrays
    if cut is not None:
        merge = partial(_added, shapes=[(1, cut.size), *rules.shapes(cut.size)])
        parts = log.run(_scan_segments, merge, columns=("time", cut.column), rules=rules, cut=cut)
    cells_of = _by_period(rules, parts[1:] if cut else parts)
    return faces.Counted(
        every=every,
        zone=log.zone,
        as_of=rules.as_of,
        edges={"periods": rules.periods, "weeks": rules.weeks, "months": rules.months, "days": rules.days},
        cells=cells_of,
        total=_by_period(rules, arrays),
        lately=tuple(arrays[place][0, :-1].cumsum() for place in (6, 7)),
        names=tuple(log.events),
        events=names[0],
        event_users=names[1],
        sizes=sizes,
        span=(int(span[0]), int(span[1])),
        labels=cut.labels if cut else None,
        by=cut.column if cut else None,
        people=parts[0][0] if cut else np.array([len(sizes)]),
    )


def _by_period(rules: Rules, arrays: Sequence[Ints]) -> dict[str, faces.Cells]:
    """Bring the counts by day, and by hour, to periods, weeks and months: users, new users, events of each segment."""
    grids = rules.grids(lately=False)
    day = kernels.Activity(*arrays[:8])
    found = {"days": faces.Cells(day.users, day.fresh, day.events)}
    for name, users, places in (
        ("weeks", day.week, grids[0].week),
        ("months", day.month, grids[0].month),
        ("periods", day.period, grids[0].period),
    ):
        found[name] = faces.Cells(users, _gathered(day.fresh, places, users), _gathered(day.events, places, users))
    if rules.hourly:
        hour = kernels.Activity(*arrays[8:])
        found["periods"] = faces.Cells(hour.users, hour.fresh, hour.events)
    return found


def _gathered(counts: Ints, places: npt.NDArray[np.uint64], like: Ints) -> Ints:
    """Add up the columns that lie in the same place."""
    total = np.concatenate([np.zeros((len(counts), 1), np.int64), counts.cumsum(axis=1)], axis=1)
    bounds = np.searchsorted(places, np.arange(like.shape[1] + 1, dtype=np.uint64))
    gathered: Ints = np.diff(total[:, bounds], axis=1)
    return gathered


def _scan(block: Block, *, rules: Rules) -> Partial:
    """Count a block's activity, its events by name, each user's events, and find the first and last time."""
    size = len(block.users)
    arrays = _activity(
        block.offsets, block.time, np.zeros(size, np.int32), np.ones(size, np.bool_), 1, rules.grids(lately=True)
    )
    names = kernels.count_names(block.offsets, block.event, rules.events)
    sizes = np.diff(block.offsets)
    some = sizes > 0
    first, last = block.time[block.offsets[:-1][some]], block.time[block.offsets[1:][some] - 1]
    span = np.array([first.min(), last.max()] if some.any() else [], np.int64)
    return [_sparse(values) for values in arrays], names, sizes[some], span


def _scan_segments(block: Block, *, rules: Rules, cut: Breakdown) -> list[Sparse]:
    """Count the users of each segment, and a block's activity by segment."""
    size = len(block.users)
    if cut.per_user:
        segment = segment_at(block, cut, None, np.arange(size)).astype(np.int32, copy=False)
        offsets, time, fresh = block.offsets, block.time, np.ones(size, np.bool_)
    else:
        codes = segment_at(block, cut, None, np.empty(0, np.int64)).astype(np.int32, copy=False)
        time, offsets, segment, fresh = kernels.split(block.offsets, block.time, codes, cut.size)
    people = np.bincount(segment[np.diff(offsets) > 0], minlength=cut.size)
    arrays = _activity(offsets, time, segment, fresh, cut.size, rules.grids(lately=False))
    return [_sparse(values) for values in (people, *arrays)]


def _activity(
    offsets: Ints, time: Ints, segment: Any, fresh: Any, size: int, grids: Sequence[kernels.Grid]
) -> Iterator[Ints]:
    for grid in grids:
        yield from kernels.activity(offsets, time, segment, fresh, size, grid)


def _sparse(values: Ints) -> Sparse:
    flat = values.ravel()
    place = np.flatnonzero(flat)
    return place, flat[place]


def _added(parts: Sequence[Sequence[Sparse]], *, shapes: Sequence[tuple[int, int]]) -> list[Ints]:
    """Add up sparse arrays, one after another."""
    totals = [np.zeros(rows * columns, np.int64) for rows, columns in shapes]
    for part in parts:
        for total, (place, value) in zip(totals, part, strict=True):
            total[place] += value
    return [total.reshape(shape) for total, shape in zip(totals, shapes, strict=True)]


def _merge(
    parts: Sequence[Partial], *, shapes: Sequence[tuple[int, int]]
) -> tuple[list[Ints], tuple[Ints, Ints], Ints, Ints]:
    names = (np.sum([part[1][0] for part in parts], axis=0), np.sum([part[1][1] for part in parts], axis=0))
    sizes = np.concatenate([part[2] for part in parts])
    times = np.concatenate([part[3] for part in parts])
    span = np.array([times.min(), times.max()] if len(times) else [0, 0])
    return _added([part[0] for part in parts], shapes=shapes), names, sizes, span


# ---- the users behind a number ----------------------------------------------------------------------------------


def _find(
    log: EventLog,
    rules: Rules,
    cut: Breakdown | None,
    counted: faces.Counted,
    *,
    period: str | None = None,
    segment: str | None = None,
    event: str | None = None,
    new: bool = False,
) -> Any:
    if segment is not None and cut is None:
        raise InputError(f"segment={segment!r} needs an answer that was broken down with by=")
    if segment is not None and cut is not None and segment not in cut.labels:
        raise unknown("segment", segment, cut.labels, "the answer")
    span = None
    if period is not None:
        names = calendar.names(rules.periods[:-1], counted.every, log.zone)
        if period not in names:
            raise unknown("period", period, names, "the answer")
        place = names.index(period)
        span = (int(rules.periods[place]), int(rules.periods[place + 1]))
    columns = ("time", *(("event",) if event is not None else ()), *((cut.column,) if cut else ()))
    params = {"span": span, "new": bool(new), "code": -1 if event is None else log.code("event", event), "cut": cut}
    params["segment"] = -1 if segment is None or cut is None else cut.labels.index(segment)
    return log.ids(log.run(_who, np.concatenate, columns=tuple(dict.fromkeys(columns)), **params))


def _who(
    block: Block, *, span: tuple[int, int] | None, new: bool, code: int, cut: Breakdown | None, segment: int
) -> Ints:
    """Return the users with an event (or whose first event is one) that meets all conditions, by position."""
    rows = block.offsets[:-1][np.diff(block.offsets) > 0] if new else np.arange(len(block.time))
    if span is not None:
        rows = rows[(block.time[rows] >= span[0]) & (block.time[rows] < span[1])]
    if code >= 0:
        rows = rows[block.event[rows] == code]
    owner = np.searchsorted(block.offsets, rows, side="right") - 1
    if segment >= 0 and cut is not None:
        owner = owner[segment_at(block, cut, rows, owner) == segment]
    return block.users[np.unique(owner)]
