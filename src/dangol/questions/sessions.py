"""``sessions``: visits, cut where a user was idle for long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from dangol.core import calendar, durations
from dangol.core.errors import InputError, unknown
from dangol.core.result import Result, Tables
from dangol.kernels import sessions as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from . import sessions_tables as faces
from .breakdown import Breakdown, breakdown, segment_at
from .sessions_gap import suggested_gap

if TYPE_CHECKING:
    import pandas as pd

Ints = npt.NDArray[np.int64]
Arrays = tuple[npt.NDArray[Any], ...]
Partial = tuple[kernels.Tally, tuple[int, int, int], kernels.Parts | None]

BINS: Final = kernels.log_bins(20)


@dataclass(frozen=True)
class Rules:
    """Where sessions begin, in microseconds and codes: plain data, so that a scan can take it along.

    ``cap`` 0, no ``cuts`` and ``separator`` -1 mean none. A user's last session may not be over if it begins at
    ``open[0]`` or later and ends at ``open[1]`` or later.
    """

    gap: int
    cap: int
    cuts: Ints
    separator: int
    open: tuple[int, int]
    events: int

    def starts(self, block: Block) -> Ints:
        """The first row of every session of a block."""
        event = block.columns.get("event", np.empty(0, np.int32))
        return kernels.session_starts(block.offsets, block.time, event, self.gap, self.cap, self.cuts, self.separator)


def sessions(
    log: EventLog,
    *,
    gap: str = "30m",
    cap: str | None = None,
    midnight: bool = False,
    separator: str | None = None,
    by: str | None = None,
) -> Result:
    """Cut every user's events into sessions (visits): how many, how long, how deep, and where they begin and end.

    A session begins at a user's first event and wherever the idle time since the user's event before is strictly
    longer than ``gap``; if asked, also where a cap, midnight or a separator says so. Its duration is the time of its
    last event less that of its first. A bounce is a session of a single event::

        bounce_rate = sessions of one event / sessions          bounce_rate_events = sessions of one event / events

    Args:
        log: the log or view to ask; in a view, sessions are cut from the events it keeps.
        gap: the longest idle time within a session ("30m").
        cap: the longest duration: an event later than this after its session's first event begins a new one (none).
        midnight: whether the first event on or after each local midnight begins a session (no).
        separator: an event that always begins a session (none).
        by: a user column, or an event column whose value at the session's first event counts; it adds ``segment``.

    Returns:
        A Result. ``.table`` is ``tables["sessions"]``, one row per session by user and time: ``user`` (category),
        ``session`` (int: 1, 2, … within the user), ``start``, ``end`` (time in the log's zone), ``duration_s`` (float,
        seconds), ``events`` (int), ``entry``, ``last`` (category: the first and last event), ``gap_to_next_s`` (float:
        from this end to the user's next start; NaN for the last) [, ``segment`` (category)].

        ``summary`` (measure, value): users, sessions, events, sessions_per_user, events_per_session, mean_duration_s,
        median_duration_s, p90_duration_s, bounce_rate, bounce_rate_events, median_gap_to_next_s, suggested_gap_s,
        unfinished (sessions that an event at the end of the log would still belong to).
        ``users``: user, sessions, events, duration_s (sum), median_duration_s, bounces, start, end.
        ``entry``, ``last``: event, sessions, rate (of all sessions), bounces, bounce_rate; most sessions first.
        ``segments`` (with ``by``): segment, users, sessions, events, mean_duration_s, bounce_rate, lower, upper (95 %
        Wilson); most sessions first.
        ``gaps``: lower_s, upper_s, count: idle times between neighbouring events of a user, in bins of equal width on a
        logarithmic scale (20 to a factor of ten), lower edge included; the first row holds equal times.
        ``units(entry="…", last="…", bounced=True, segment="…", min_sessions=2)`` lists the users with at least
        ``min_sessions`` (1) sessions that meet all that is said.

    Conventions:
        Events at the same instant keep the source order, which decides ``entry`` and ``last``. An idle time equal to
        ``gap``, and a duration equal to ``cap``, stay within the session. Single-event sessions last 0 s and count in
        means and quantiles; quantiles interpolate linearly between neighbours. A user may be in several segments of an
        event column. Missing values of ``by`` form the segment "(none)". The suggested gap is where two normal
        components fitted to the logarithms of the idle times cross; it is missing (NaN) where they are not apart, and
        never applied.

    Raises:
        InputError: for an unknown event or column, or a length of time without a unit or not above zero.

    References:
        Halfaker et al. 2015, doi:10.1145/2736277.2741117 (the suggested gap); Wilson 1927,
        doi:10.1080/01621459.1927.10502953 (intervals).

    Example:
        >>> import dangol as dg, pandas as pd
        >>> times = pd.to_datetime([f"2024-01-01 {time}" for time in ("10:00", "10:10", "10:20", "10:00", "12:00")])
        >>> acts = ["view", "cart", "order", "view", "view"]
        >>> visits = pd.DataFrame({"who": list("aaabb"), "what": acts, "when": times})
        >>> log = dg.ingest(visits, user="who", event="what", time="when", zone="Asia/Seoul")
        >>> answer = dg.sessions(log, gap="30m")
        >>> answer.table[["user", "session", "duration_s", "events", "entry", "last"]].to_numpy().tolist()
        [['a', 1, 1200.0, 3, 'view', 'order'], ['b', 1, 0.0, 1, 'view', 'view'], ['b', 2, 0.0, 1, 'view', 'view']]
        >>> answer.units(bounced=True).tolist()
        ['b']
    """
    asked = {"gap": gap, "cap": cap, "midnight": midnight, "separator": separator, "by": by}
    rules = _rules(log, asked)
    cut = breakdown(log, by)
    counted = _count(log, rules, cut)
    return Result(
        name="sessions",
        sentences=faces.sentences(counted, gap),
        how=faces.explain(counted, asked, log.zone),
        recipe={"question": "sessions", "parameters": asked, "log": log.describe()},
        tables=_tables(log, rules, cut, counted),
        shown=("summary", "entry", *(("segments",) if cut else ())),
        find=partial(_find, log, rules, cut),
    )


def _rules(log: EventLog, asked: Mapping[str, Any]) -> Rules:
    gap = durations.duration(asked["gap"], "gap")
    cap = 0 if asked["cap"] is None else durations.duration(asked["cap"], "cap")
    if not isinstance(asked["midnight"], bool):
        raise InputError(f"midnight={asked['midnight']!r} must be True or False")
    cuts = np.empty(0, np.int64)
    if asked["midnight"]:
        cuts = calendar.midnights(log.zone, log.start, max(log.end, log.as_of))
    separator = -1 if asked["separator"] is None else log.code("event", asked["separator"])
    since = log.as_of - cap if cap else np.iinfo(np.int64).min
    until = max([log.as_of - gap, *cuts[cuts <= log.as_of][-1:].tolist()])
    return Rules(gap, cap, cuts, separator, (int(since), until), len(log.events))


# ---- counting ---------------------------------------------------------------------------------------------------


def _count(log: EventLog, rules: Rules, cut: Breakdown | None) -> faces.Counted:
    parts: list[Partial] = log.run(_scan, list, columns=_columns(cut), rules=rules, cut=cut)
    tally = kernels.Tally(*_summed([part[0] for part in parts]))
    users, events, unfinished = np.sum([part[1] for part in parts], axis=0).tolist()
    segments = [part[2] for part in parts if part[2] is not None]
    median, p90 = _quantiles(log, rules, tally.durations, (0.5, 0.9), following=False)
    return faces.Counted(
        users=users,
        events=events,
        unfinished=unfinished,
        tally=tally,
        names=tuple(log.events),
        edges=BINS.edges,
        median_us=median,
        p90_us=p90,
        suggested_us=suggested_gap(tally.idle, BINS.edges),
        labels=cut.labels if cut else None,
        segments=kernels.Parts(*_summed(segments)) if segments else None,
    )


def _columns(cut: Breakdown | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(("time", "event", *((cut.column,) if cut else ()))))


def _summed(parts: Sequence[Sequence[Ints]]) -> list[Ints]:
    """Add up tuples of arrays, place by place."""
    return [np.sum(column, axis=0) for column in zip(*parts, strict=True)]


def _scan(block: Block, *, rules: Rules, cut: Breakdown | None) -> Partial:
    """Count a block's sessions by event, length and segment; and users, events, and unfinished sessions."""
    starts = rules.starts(block)
    tally = kernels.tally(block.offsets, block.time, block.event, starts, BINS, rules.events)
    after = block.offsets[1:][np.diff(block.offsets) > 0]
    begin, end = block.time[starts[np.searchsorted(starts, after) - 1]], block.time[after - 1]
    unfinished = (begin >= rules.open[0]) & (end >= rules.open[1])
    sizes = (len(after), len(block.time), int(unfinished.sum()))
    if cut is None:
        return tally, sizes, None
    segment = segment_at(block, cut, starts, _owners(block, starts)).astype(np.int32, copy=False)
    return tally, sizes, kernels.by_segment(block.offsets, block.time, starts, segment, cut.size)


def _owners(block: Block, starts: Ints) -> Ints:
    """Return each session's user, as a position within the block."""
    return np.repeat(np.arange(len(block.users)), np.diff(np.searchsorted(starts, block.offsets)))


def _histogram(lengths: Ints) -> Ints:
    counts = np.zeros(len(BINS.edges), np.int64)
    kernels.histogram(lengths, *BINS, counts)
    return counts


# ---- exact quantiles --------------------------------------------------------------------------------------------


def _quantiles(log: EventLog, rules: Rules, counts: Ints, shares: Sequence[float], *, following: bool) -> list[float]:
    """Return exact quantiles of the durations, or of the times to the following session, in microseconds.

    Which bins hold them is known from ``counts``; only lengths in these bins are collected.
    """
    n = int(counts.sum())
    if n == 0:
        return [float("nan")] * len(shares)
    spots = [share * (n - 1) for share in shares]
    ranks = np.unique([[int(spot), min(int(spot) + 1, n - 1)] for spot in spots])
    after = counts.cumsum()
    bins = np.unique(np.searchsorted(after, ranks, side="right"))
    values: dict[int, int] = dict.fromkeys(ranks.tolist(), 0)  # the first bin holds zeros alone
    if bins[-1] > 0:
        kept, number = log.run(_collect, _together, rules=rules, bins=bins, following=following)
        for one in bins[bins > 0].tolist():
            inside = (kept >= BINS.edges[one]) & (kept < BINS.edges[one + 1])
            inner = (ranks >= after[one] - counts[one]) & (ranks < after[one])
            place = np.searchsorted(number[inside].cumsum(), ranks[inner] - (after[one] - counts[one]), side="right")
            values.update(zip(ranks[inner].tolist(), kept[inside][place].tolist(), strict=True))
    low = [values[int(spot)] for spot in spots]
    high = [values[min(int(spot) + 1, n - 1)] for spot in spots]
    return [a + (b - a) * (spot - int(spot)) for a, b, spot in zip(low, high, spots, strict=True)]


def _collect(block: Block, *, rules: Rules, bins: Ints, following: bool) -> tuple[Ints, Ints]:
    lengths = kernels.lengths(block.offsets, block.time, rules.starts(block))[int(following)]
    keep = np.zeros(len(lengths), np.bool_)
    for one in bins[bins > 0]:
        keep |= (lengths >= BINS.edges[one]) & (lengths < BINS.edges[one + 1])
    values, number = np.unique(lengths[keep], return_counts=True)
    return values, number


def _together(parts: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    values, place = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    number = np.zeros(len(values), np.int64)
    np.add.at(number, place, np.concatenate([part[1] for part in parts]))
    return values, number


def _times_between(block: Block, *, rules: Rules) -> Ints:
    return _histogram(kernels.lengths(block.offsets, block.time, rules.starts(block))[1])


# ---- tables that need another look ------------------------------------------------------------------------------


def _tables(log: EventLog, rules: Rules, cut: Breakdown | None, counted: faces.Counted) -> Tables:
    makers = {
        "sessions": lambda: _sessions(log, rules, cut),
        "summary": lambda: _summary(log, rules, counted),
        "users": lambda: _users(log, rules),
        "entry": lambda: faces.by_event(counted, counted.tally.entry),
        "last": lambda: faces.by_event(counted, counted.tally.last),
        "gaps": lambda: faces.gaps(counted),
    }
    if cut is not None:
        makers["segments"] = lambda: faces.by_segment(counted)
    return Tables(makers)


def _summary(log: EventLog, rules: Rules, counted: faces.Counted) -> pd.DataFrame:
    between = log.run(_times_between, lambda parts: np.sum(parts, axis=0), rules=rules)
    gap = _quantiles(log, rules, between, (0.5,), following=True)[0]
    return faces.summary(counted, gap)


def _sessions(log: EventLog, rules: Rules, cut: Breakdown | None) -> pd.DataFrame:
    columns = log.run(_each_session, _joined, columns=_columns(cut), rules=rules, cut=cut)
    return faces.sessions(log, columns, cut.labels if cut else None)


def _each_session(block: Block, *, rules: Rules, cut: Breakdown | None) -> Arrays:
    starts = rules.starts(block)
    duration, following = kernels.lengths(block.offsets, block.time, starts)
    owner = _owners(block, starts)
    after = np.append(starts[1:], len(block.time))[: len(starts)]
    begins = np.searchsorted(starts, block.offsets[:-1])  # each user's first session
    number = np.arange(len(starts)) - begins[owner] + 1
    found: Arrays = (block.users[owner], number, block.time[starts], duration, after - starts)
    found += (block.event[starts], block.event[after - 1], following)
    return found if cut is None else (*found, segment_at(block, cut, starts, owner).astype(np.int32))


def _users(log: EventLog, rules: Rules) -> pd.DataFrame:
    return faces.users(log, log.run(_each_user, _joined, rules=rules))


def _each_user(block: Block, *, rules: Rules) -> Arrays:
    starts = rules.starts(block)
    duration, _ = kernels.lengths(block.offsets, block.time, starts)
    sessions, bounces, total, median = kernels.by_user(block.offsets, starts, duration)
    some = sessions > 0
    first, after = block.offsets[:-1][some], block.offsets[1:][some]
    found: Arrays = (block.users[some], sessions[some], after - first, total[some], median[some], bounces[some])
    return (*found, block.time[first], block.time[after - 1])


def _joined(parts: Sequence[Arrays]) -> list[npt.NDArray[Any]]:
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


# ---- the users behind a number ----------------------------------------------------------------------------------


def _find(
    log: EventLog,
    rules: Rules,
    cut: Breakdown | None,
    *,
    entry: str | None = None,
    last: str | None = None,
    bounced: bool | None = None,
    segment: str | None = None,
    min_sessions: int = 1,
) -> Any:
    if np.asarray(min_sessions).dtype.kind not in "iu" or min_sessions < 1:
        raise InputError(f"min_sessions={min_sessions!r} must be a whole number of at least 1")
    if segment is not None and cut is None:
        raise InputError(f"segment={segment!r} needs an answer that was broken down with by=")
    if segment is not None and cut is not None and segment not in cut.labels:
        raise unknown("segment", segment, cut.labels, "the answer")
    wanted = {
        "entry": None if entry is None else log.code("event", entry),
        "last": None if last is None else log.code("event", last),
        "bounced": bounced,
        "segment": None if segment is None or cut is None else cut.labels.index(segment),
    }
    params = {"rules": rules, "cut": cut, "wanted": wanted, "least": int(min_sessions)}
    return log.ids(log.run(_who, np.concatenate, columns=_columns(cut), **params))


def _who(block: Block, *, rules: Rules, cut: Breakdown | None, wanted: Mapping[str, Any], least: int) -> Ints:
    """Return the users with enough sessions of the kind wanted, by position in the log."""
    starts = rules.starts(block)
    owner = _owners(block, starts)
    after = np.append(starts[1:], len(block.time))[: len(starts)]
    keep = np.ones(len(starts), np.bool_)
    if wanted["entry"] is not None:
        keep &= block.event[starts] == wanted["entry"]
    if wanted["last"] is not None:
        keep &= block.event[after - 1] == wanted["last"]
    if wanted["bounced"] is not None:
        keep &= (after == starts + 1) == bool(wanted["bounced"])
    if wanted["segment"] is not None and cut is not None:
        keep &= segment_at(block, cut, starts, owner) == wanted["segment"]
    return block.users[np.bincount(owner[keep], minlength=len(block.users)) >= least]
