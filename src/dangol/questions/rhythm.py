"""``rhythm``: at which hours and weekdays users are active, and what a daily series is made of."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from dangol.core import calendar
from dangol.core.errors import InputError, choice, unknown
from dangol.core.result import Result
from dangol.kernels import overview as runs
from dangol.kernels import rhythm as kernels
from dangol.log.block import Block, compacted
from dangol.log.eventlog import EventLog

from . import rhythm_plan, rhythm_season
from .breakdown import Breakdown, breakdown, segment_at
from .rhythm_plan import Groups, Rules
from .rhythm_tables import Cells, Counted, Daily, tables
from .rhythm_words import explain, sentences

Ints = npt.NDArray[np.int64]
Partial = tuple[list[npt.NDArray[Any]], tuple[Ints, Ints]]

_MEASURES: Final = ("events", "users", "amount")


def rhythm(
    log: EventLog,
    *,
    event: str | None = None,
    measure: Literal["events", "users", "amount"] = "events",
    season: Sequence[int] | None = None,
    by: str | None = None,
    as_of: str | None = None,
    seed: int = 0,
) -> Result:
    """Show when users are active, hour by hour of the local week, and take the daily series apart.

    The map counts events by weekday and hour of local wall-clock time, and divides them by how long each such hour
    lasted within the log, so that weekdays that come more often, and hours that the clock skips or doubles, do not
    mislead. Each event weighs the same in ``share_of_events``, each user in ``share_of_users``::

        events_per_hour = events / hours
        share_of_events = events / all events
        share_of_users = mean over users of (events of the user in the cell / all events of the user)

    The series of whole local days is split into trend, seasons and remainder (STL; MSTL for several seasons), and
    each component has a strength::

        value = trend + seasons + remainder
        strength of a component = max(0, 1 - Var(remainder) / Var(remainder + component))

    Args:
        log: the log or view to ask.
        event: the event that counts; None: any event.
        measure: what a day's value is: ``"events"``, ``"users"`` (different users of the day) or ``"amount"`` (sum; the
            log must have amounts).
        season: lengths of the seasons in whole days, for example 7 and 30; None: 7, where the log is long enough.
        by: a user column, or an event column, where each event counts under its own value; it adds ``segment`` to the
            map. The decomposition is of all segments together.
        as_of: local time up to which the log is taken to be complete (the log's end); what is at or after it is left
            out.
        seed: of what is drawn at random: intervals, and groups of users where there are more than 1,000.

    Returns:
        A Result. ``.table`` is ``tables["hours"]``, one row for each of the 168 hours of the week:

        - ``segment`` (str): value of ``by``, only with ``by``; segments without events are left out;
        - ``weekday`` (int): 1 Monday to 7 Sunday; ``hour`` (int): 0 to 23, local wall-clock time;
        - ``events`` (int); ``users`` (int): different users with an event in it;
        - ``share_of_events``, ``share_of_users`` (float, 0 to 1; each sums to 1): see above;
        - ``hours`` (float): how long the hour lasted in all, in hours; ``events_per_hour`` (float; NaN: it never was).

        ``weekdays``: [segment,] weekday, events, users, share_of_events, share_of_users, days (exposure: hours / 24),
        events_per_day. ``daily_hours``: [segment,] hour and the same with hours and events_per_hour.
        ``variation``: [segment,] level ("hour": 24 cells, "weekday": 7, "hour of week": 168), cv (float: population
        standard deviation over mean of the cells' events per hour of exposure), cv_adjusted (the same without what
        chance alone adds), lower, upper (the 95 % bootstrap interval of cv_adjusted, over users), cv_users (cv of
        share_of_users), users, chi2, df, p: test of events coming at the same rate in all cells. What takes two users
        is NaN with fewer.
        ``season``: period (str: the day), start (time in the log's zone), value, trend, season_7 (one for each season),
        remainder, unusual (bool: further from the median remainder than 3.5 × 1.4826 median absolute deviations, and
        than a tenth of trend and seasons).
        ``strength``: component ("trend", "season_7", …), strength, lower, upper (95 %, moving-block bootstrap), cycles
        (days / season; trend: NaN). Both are empty where the series was not taken apart.
        ``units(weekday=1, hour=20)`` lists the users with an event in a cell; either may be left out; ``segment="…"``
        narrows to one segment.

    Conventions:
        Hours are half-open, days begin at local midnight; the weekday is that of the wall clock. What was watched runs
        from the local midnight of the log's first day (a view's beginning where ``between`` set it later) to ``as_of``;
        exposure is elapsed time: an hour that the clock skips has none, one that it doubles has two. Cells that never
        were are in no coefficient of variation and in no test. With an event column a user may count in several
        segments, and a user's own share is of the user's events in the segment. Missing values of ``by`` form the
        segment "(none)"; missing amounts add nothing.

        The test compares Pearson's chi-square against counts in proportion to exposure with its distribution when a
        user's events hang together: Rao and Scott's second-order correction, with the covariance of cells between
        users, and an estimate of its squared eigenvalues that stays right with few users. ``chi2`` and ``df`` are the
        corrected ones. With fewer than about 100 users it errs on the side of not rejecting. The three tests are not
        corrected for being three. More than 1,000 users (with more than 12 segments: fewer) are put into as many random
        groups, which stand for users in test and bootstrap. Chance alone makes rates differ, so
        ``cv`` is too large where users or events are few: cv² by the noise of the rates, and cv² of users drawn anew by
        twice that. The bootstrap says how much it is; it is taken off cv² for ``cv_adjusted`` and twice off the
        percentiles for its interval (not below 0).

        Only whole local days are in the series, empty ones as 0. Three whole cycles of each season are needed: without
        ``season`` a shorter log is not taken apart, with it that is an error. STL is robust with statsmodels' default
        windows, which leaves small remainders: of strong pure noise about 7 days in 100 are unusual. The bootstrap of
        strength draws days anew in blocks of the longest season (200 times), with the parts that they were taken into;
        it does not take the drawn series apart again. A series that never changes has no strength (NaN), and what is
        below a billionth of the largest value counts as rounding.

    Raises:
        InputError: for an unknown event or column, a measure that is none of the three, amounts the log does not have,
            seasons that are no whole numbers of days or need more days, an ``as_of`` before the log's start, a negative
            seed, or more than 500 segments.

    References:
        Rao, Scott 1984, doi:10.1214/aos/1176346391 (test); Chen, Zhang, Zhong 2010, doi:10.1198/jasa.2010.tm09560
        (squared eigenvalues); Cleveland et al. 1990, J. Official Statistics 6, 3 (STL); Bandara, Hyndman, Bergmeir
        2021, doi:10.48550/arXiv.2107.13462 (MSTL); Wang, Smith, Hyndman 2006, doi:10.1007/s10618-005-0039-x (strength);
        Künsch 1989, doi:10.1214/aos/1176347265 (moving blocks).

    Example:
        >>> import dangol as dg, pandas as pd
        >>> times = ["2024-01-01 20:10", "2024-01-01 20:50", "2024-01-02 08:00", "2024-01-08 20:30"]
        >>> visits = pd.DataFrame({"who": list("aaab"), "when": pd.to_datetime(times)})
        >>> log = dg.ingest(visits, user="who", event="'visit'", time="when", zone="Asia/Seoul")
        >>> answer = dg.rhythm(log)
        >>> answer.table.query("events > 0")[["weekday", "hour", "events", "users", "hours"]].to_numpy().tolist()
        [[1.0, 20.0, 3.0, 2.0, 2.0], [2.0, 8.0, 1.0, 1.0, 1.0]]
        >>> answer.table.query("events > 0")[["share_of_events", "share_of_users"]].to_numpy().round(3).tolist()
        [[0.75, 0.833], [0.25, 0.167]]
        >>> answer.units(weekday=2).tolist()
        ['a']
    """
    asked = {"event": event, "measure": choice("measure", measure, _MEASURES), "season": rhythm_plan.listed(season)}
    asked |= {"by": by, "as_of": as_of, "seed": rhythm_plan.checked(seed)}
    lengths = rhythm_season.seasons(season)
    cut = breakdown(log, by)
    rules, known = rhythm_plan.read(log, event, as_of, asked["seed"], cut)
    counted = _count(known, rules, cut, measure, lengths, asked=season is not None)
    return Result(
        name="rhythm",
        sentences=sentences(counted),
        how=explain(counted, cut_off=as_of is not None),
        recipe={"question": "rhythm", "parameters": asked, "log": log.describe()},
        tables=tables(counted),
        shown=("weekdays", "variation", *(("strength",) if counted.daily.found is not None else ())),
        find=partial(_find, known, rules, cut),
    )


# ---- counting ---------------------------------------------------------------------------------------------------


def _count(
    log: EventLog, rules: Rules, cut: Breakdown | None, measure: str, lengths: Sequence[int], *, asked: bool
) -> Counted:
    days = max(len(rules.days) - 1, 0)
    if asked and not rhythm_season.enough(days, lengths):
        raise InputError(
            f"season={list(lengths)} needs at least {rhythm_season.CYCLES * max(lengths):,} complete days (three whole "
            f"cycles); this part of the log has {days:,}"
        )
    merge, columns = partial(_merge, segments=1, groups=rules.groups), _columns(log, rules, measure)
    total, series = log.run(_scan, merge, columns=columns, rules=rules)
    parts = None
    if cut is not None:
        merge = partial(_merge, segments=cut.size, groups=rules.parts)
        needed = tuple(dict.fromkeys((*_columns(log, rules, "events"), cut.column)))
        parts, _ = log.run(_scan_segments, merge, columns=needed, rules=rules, cut=cut)
    exposure = rules.exposure()
    value = np.asarray(series[_MEASURES.index(measure)], np.float64)
    found = None
    if rhythm_season.enough(days, lengths) and total[0].any():
        found = rhythm_season.decompose(value, lengths)
    return Counted(
        total=Cells(*total),
        parts=None if parts is None else Cells(*parts),
        exposure=exposure,
        labels=cut.labels if cut else None,
        by=cut.column if cut else None,
        zone=rules.zone,
        start=rules.start,
        as_of=rules.as_of,
        daily=Daily(measure, rules.days[:-1], lengths, found),
        event=None if rules.event < 0 else log.events[rules.event],
        hashed=rules.groups.hashed,
        seed=rules.groups.seed,
    )


def _columns(log: EventLog, rules: Rules, measure: str) -> tuple[str, ...]:
    columns = ("time", *(("event",) if rules.event >= 0 else ()))
    if measure != "amount":
        return columns
    if not any(column.name == "amount" and column.kind == "number" for column in log.columns):
        raise InputError("measure='amount' needs amounts, and this log has none; ingest it with amount=")
    return (*columns, "amount")


def _scan(block: Block, *, rules: Rules) -> Partial:
    """Count a block's week and days, all segments together."""
    block = _narrowed(block, rules, None)
    group = rules.groups.of(block.users)
    offsets, time = _read_only(block.offsets), _read_only(block.time)
    counted, groups = _week(kernels.Runs(offsets, time, np.zeros_like(group), group), 1, rules.groups, rules)
    amount = np.asarray(block.columns.get("amount", np.empty(0)), np.float64)
    series = kernels.daily(offsets, time, _read_only(amount), rules.days) if len(rules.days) > 1 else ()
    return [*counted, *series], groups


def _scan_segments(block: Block, *, rules: Rules, cut: Breakdown) -> Partial:
    """Count a block's week by segment."""
    block = _narrowed(block, rules, cut)
    group = rules.parts.of(block.users)
    if cut.per_user:
        segment = segment_at(block, cut, None, np.arange(len(group))).astype(np.int32)
        split = kernels.Runs(_read_only(block.offsets), _read_only(block.time), segment, group)
    else:
        codes = segment_at(block, cut, None, np.empty(0, np.int64)).astype(np.int32, copy=False)
        found = runs.split(block.offsets, block.time, codes, cut.size)
        owner = np.flatnonzero(np.diff(block.offsets))[np.cumsum(found.fresh) - 1]
        split = kernels.Runs(_read_only(found.offsets), _read_only(found.time), found.segment, group[owner])
    return _week(split, cut.size, rules.parts, rules)


def _narrowed(block: Block, rules: Rules, cut: Breakdown | None) -> Block:
    """Keep the events that count, and of the columns those that are read here."""
    if rules.event < 0:
        return block
    names = ("time", "event", "amount", *((cut.column,) if cut else ()))
    kept = {name: block.columns[name] for name in names if name in block.columns}
    per_user = frozenset([cut.column] if cut and cut.per_user else [])
    return compacted(Block(block.users, block.offsets, kept), block.event == rules.event, per_user)


def _week(split: kernels.Runs, segments: int, groups: Groups, rules: Rules) -> Partial:
    clock = kernels.Clock(rules.table.since, rules.table.offset, rules.monday)
    counted = kernels.week(split, clock, segments, groups.size)
    flat = counted.groups.ravel()
    place = np.flatnonzero(flat)
    return list(counted[:-1]), (place, flat[place])


def _read_only(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the same values, unwritable as those of a mapped log are: the kernels compile once for all cases."""
    same = values.view()
    same.flags.writeable = False
    return same


def _merge(
    parts: Sequence[Partial], *, segments: int, groups: Groups
) -> tuple[list[npt.NDArray[Any]], list[npt.NDArray[Any]]]:
    """Add up the counts of the week, the groups of users last, and the three daily series."""
    grouped = np.zeros(segments * groups.size * kernels.CELLS, np.int64)
    for _, (place, value) in parts:
        grouped[place] += value
    dense = [np.sum([part[0][at] for part in parts], axis=0) for at in range(len(parts[0][0]))]
    week = len(kernels.Week._fields) - 1
    shaped = grouped.reshape(segments, groups.size, kernels.CELLS)
    return [*dense[:week], shaped], dense[week:] or [np.empty(0)] * len(_MEASURES)


# ---- the users behind a number ----------------------------------------------------------------------------------


def _find(
    log: EventLog,
    rules: Rules,
    cut: Breakdown | None,
    *,
    weekday: int | None = None,
    hour: int | None = None,
    segment: str | None = None,
) -> Any:
    for name, value, low, high in (("weekday", weekday, 1, 7), ("hour", hour, 0, 23)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if value is not None and not (whole and low <= value <= high):
            raise InputError(f"{name}={value!r} is not in the answer; it has {low} to {high}")
    if segment is not None and cut is None:
        raise InputError(f"segment={segment!r} needs an answer that was broken down with by=")
    if segment is not None and cut is not None and segment not in cut.labels:
        raise unknown("segment", segment, cut.labels, "the answer")
    code = -1 if segment is None or cut is None else cut.labels.index(segment)
    columns = tuple(dict.fromkeys((*_columns(log, rules, "events"), *((cut.column,) if cut else ()))))
    params = {"rules": rules, "cut": cut, "weekday": weekday, "hour": hour, "segment": code}
    return log.ids(log.run(_who, np.concatenate, columns=columns, **params))


def _who(
    block: Block, *, rules: Rules, cut: Breakdown | None, weekday: int | None, hour: int | None, segment: int
) -> Ints:
    """Return the users with an event in a cell by position in the log."""
    block = _narrowed(block, rules, cut)
    cell = rules.cells(calendar.to_local(block.time, rules.table))
    keep = np.ones(len(cell), np.bool_)
    if weekday is not None:
        keep &= cell // 24 == weekday - 1
    if hour is not None:
        keep &= cell % 24 == hour
    rows = np.flatnonzero(keep)
    owner = np.searchsorted(block.offsets, rows, side="right") - 1
    if segment >= 0 and cut is not None:
        owner = owner[segment_at(block, cut, rows, owner) == segment]
    return block.users[np.unique(owner)]
