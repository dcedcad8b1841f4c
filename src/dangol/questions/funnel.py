"""``funnel``: how many go from a first step to the last, and where the others stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from dangol.core.errors import InputError, unknown
from dangol.core.result import Result
from dangol.kernels import funnel as kernels
from dangol.kernels import funnel_trace as traces
from dangol.kernels.sessions import session_starts
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import Breakdown, breakdown, segment_at
from .funnel_plan import Plan, Same, read
from .funnel_tables import Counted, Lengths, tables
from .funnel_words import explain, sentences

Ints = npt.NDArray[np.int64]
Sparse = tuple[Ints, Ints]
Partial = tuple[Sparse, Sparse, Ints]

_NO_VALUE: Final = int(np.iinfo(np.int64).min)


def funnel(
    log: EventLog,
    steps: Sequence[str | Sequence[str]],
    *,
    within: str = "14d",
    order: Literal["sequential", "strict", "any"] = "sequential",
    unit: Literal["user", "session"] = "user",
    gap: str = "30m",
    exclude: Sequence[str] = (),
    optional: Sequence[str] = (),
    step_within: str | Sequence[str] | None = None,
    same: str | None = None,
    repeats: Literal["ignore", "end"] = "ignore",
    ties: Literal["allow", "increase"] = "allow",
    by: str | None = None,
    attribution: Literal["first", "last"] = "first",
    as_of: str | None = None,
) -> Result:
    """Follow users from a first step to the last: how many reach each step, how fast, and where the others stop.

    An attempt is a row of events, one for each step, in the order of the steps, with::

        time of its last event − time of its first event <= within

    A user's level is the most steps that any attempt does. The attempt reported is the first to get that far, with the
    latest first step from which it can be done, and each step between at its first possible event. Among the eligible,
    those who entered at least ``within`` before ``as_of``::

        rate of step k = users with level k or more / users with level 1 or more

    Args:
        log: the log or view to ask.
        steps: the events, in order; a step may be several to choose from: a tuple, or "a|b" where no event has that
            very name. 1 to 30; a name may come twice.
        within: longest time from the first step to the last one reached ("14d").
        order: ``"sequential"``: other events may come between; ``"strict"``: nothing may come between but events of
            the steps listed up to the next one; ``"any"``: the steps may come in any order, and the level is the most
            different ones within the window.
        unit: ``"user"``, or ``"session"``: every session stands for itself, and nothing counts across two.
        gap: with sessions, the idle time after which a new one begins, strictly greater ("30m").
        exclude: events that end an attempt when they come between its first and its last step; what it reached before
            stays, and a new attempt may begin after.
        optional: steps of the list that need not be done: they are counted, and change nobody's level.
        step_within: longest time from each step to the next: one for all, or one for each transition between required
            steps.
        same: an event or user column whose value the steps of an attempt must share (the same item, the same plan).
        repeats: ``"end"``: each step counts at its first event, and another event of a step already done, the first
            step excepted, ends the attempt; ``"ignore"``: repeats change nothing.
        ties: ``"increase"``: the times of an attempt must differ, those of optional steps from their neighbours' too;
            ``"allow"``: at equal times the source order decides.
        by: a user column, or an event column; it adds ``segment``.
        attribution: for an event column, whether the value at the ``"first"`` or at the ``"last"`` reached step of the
            reported attempt counts.
        as_of: local time up to which the log is taken to be complete (the log's end); what is at or after it is left
            out.

    Returns:
        A Result. ``.table`` is ``tables["steps"]``, one row per listed step, the eligible only:

        - ``segment`` (str): value of ``by``, only with ``by``; largest first, those without eligible users left out;
        - ``step`` (int): 1, 2, …; ``event`` (str): its events; in any order "any 2 of 3";
        - ``optional`` (bool): only where a step is;
        - ``users`` (int; ``sessions`` where they are the unit): those who reached it; an optional step: those who did
          it after the required step before it, and before the next one or, where that was not reached, before the
          attempt was over;
        - ``rate`` (float, 0 to 1): share of step 1; ``rate_from_previous``: of the required step before (step 1: none);
        - ``lower``, ``upper``, ``lower_from_previous``, ``upper_from_previous``: their 95 % Wilson intervals;
        - ``lost`` (int): reached the required step before and not this one (step 1: 0);
        - ``median_s`` (float, seconds): median time from the required step before, of those who did both.

        ``times``: [segment,] step, event, since ("start": step 1; "previous": the required step before), users (or
        sessions), p10_s, p25_s, median_s, p75_s, p90_s. ``late``: [segment,] step, event, users: who entered too late
        to have had the whole window, by the level so far; they are in no other number. ``differences``, only with
        ``by``: each two of the 20 largest segments: segment_a, n_a, rate_a, segment_b, n_b, rate_b (rates of the last
        required step), difference (a − b) with lower, upper (95 %, Newcombe), p (pooled z test), q (false discoveries
        controlled over ``family`` tests).
        ``units(step=2)`` lists the eligible who reached step 2 (optional: did it); ``lost=True``: who reached it and
        not the next required one; ``late=True``: the late instead; ``segment="…"`` narrows. With sessions: their users.

    Conventions:
        All limits of time are closed. One event counts for one step of an attempt only. A unit is late if its first
        event of step 1 (any order: of any step) is after as_of − within, whatever follows; a session too, so choose a
        short window for sessions. In strict order another event ends the attempt and a new one may begin after it;
        ClickHouse's ``windowFunnel`` gives up the user there. Repeats of the first step never end an attempt. With
        ``same``, an event without a value is no step; exclusions end attempts whatever their value, and in strict order
        events of another value do, too; of several values that get equally far, the first to do so is reported. Missing
        values of ``by`` form the segment "(none)".

    Raises:
        InputError: for an unknown event or column (nearest name suggested), option or length of time, steps that are
            none or more than 30, an event both step and excluded, a first step that is optional, in any order shared
            events or options that need an order, an ``as_of`` before the log's start.

    References:
        ClickHouse, ``windowFunnel`` (levels; modes strict_order, strict_deduplication, strict_increase).
        Wilson 1927, doi:10.1080/01621459.1927.10502953.
        Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
        Benjamini, Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.

    Example:
        >>> import dangol as dg, pandas as pd
        >>> times = pd.to_datetime([f"2024-01-01 {time}" for time in ("10:00", "10:10", "10:20", "10:00", "12:00")])
        >>> acts = ["view", "cart", "order", "view", "view"]
        >>> visits = pd.DataFrame({"who": list("aaabb"), "what": acts, "when": times})
        >>> log = dg.ingest(visits, user="who", event="what", time="when", zone="Asia/Seoul")
        >>> answer = dg.funnel(log, ["view", "cart", "order"], within="1h")
        >>> answer.table[["step", "event", "users", "lost"]].to_numpy().tolist()
        [[1, 'view', 2, 0], [2, 'cart', 1, 1], [3, 'order', 1, 0]]
        >>> answer.units(step=1, lost=True).tolist()
        ['b']
    """
    asked: dict[str, Any] = {"steps": _listed(steps), "within": within, "order": order, "unit": unit, "gap": gap}
    asked |= {"exclude": _listed(exclude), "optional": _listed(optional), "step_within": _listed(step_within)}
    asked |= {"same": same, "repeats": repeats, "ties": ties, "by": by, "attribution": attribution, "as_of": as_of}
    plan = read(log, asked)
    cut = breakdown(log, by)
    known = log.between(None, _moment(plan.as_of)) if plan.as_of <= log.end else log
    shape = (cut.size if cut else 1, 2, plan.limits.steps, len(plan.optional))
    counted = known.run(_scan, partial(_merge, plan, cut, shape), columns=_columns(plan, cut), plan=plan, cut=cut)
    lengths = partial(known.run, _lengths, _joined, columns=_columns(plan, cut), plan=plan, cut=cut)
    return Result(
        name="funnel",
        sentences=sentences(counted, log),
        how=explain(counted, asked, log.zone),
        recipe={"question": "funnel", "parameters": asked, "log": log.describe()},
        tables=tables(counted, lengths),
        shown=("steps", "differences") if cut else ("steps",),
        find=partial(_find, known, plan, cut),
    )


def _listed(value: Any) -> Any:
    """Write lists of lists as such, so that a recipe is plain data."""
    return [_listed(one) for one in value] if isinstance(value, list | tuple | np.ndarray) else value


def _moment(time_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_us)


def _columns(plan: Plan, cut: Breakdown | None) -> tuple[str, ...]:
    more = ([plan.same[0]] if plan.same else []) + ([cut.column] if cut else [])
    return tuple(dict.fromkeys(("time", "event", *more)))


# ---- attempts ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """The reported attempts of a block, one per unit that entered.

    Attributes:
        begin: each unit's first row in the block.
        entry: the time of the unit's first event of step 1 (in any order: of any step).
        attempts: what they reached, and their rows, as positions in ``stream``.
        stop: the end of each unit's rows in ``stream``.
        stream: the events as they were searched.
        rows: the row in the block of each position in ``stream``; None: they are the same.
    """

    begin: Ints
    entry: Ints
    attempts: kernels.Attempts
    stop: Ints
    stream: kernels.Stream
    rows: Ints | None

    def only(self, keep: npt.NDArray[np.bool_]) -> Found:
        """Some of them."""
        some = kernels.Attempts(*(values[keep] for values in self.attempts))
        return Found(self.begin[keep], self.entry[keep], some, self.stop[keep], self.stream, self.rows)

    def user(self, block: Block) -> Ints:
        """Each unit's user, as a position in the block."""
        return np.searchsorted(block.offsets, self.begin, side="right") - 1

    def segment(self, block: Block, plan: Plan, cut: Breakdown | None) -> Ints:
        """The segment of each; 0 without a breakdown."""
        if cut is None:
            return np.zeros(len(self.begin), np.int64)
        place = self.attempts.last if plan.last_touch else self.attempts.first
        rows = place if self.rows is None else self.rows[place]
        codes = segment_at(block, cut, rows, self.user(block) if cut.per_user else rows)
        return np.asarray(codes, np.int64)


def _attempts(block: Block, plan: Plan) -> Found:
    """Find the reported attempt of every unit of a block that entered."""
    bounds = block.offsets
    if plan.gap:
        starts = session_starts(block.offsets, block.time, block.event, plan.gap, 0, np.empty(0, np.int64), -1)
        bounds = np.append(starts, len(block.time))
    stream = kernels.Stream(bounds, block.time, block.event)
    search = kernels.furthest_any if plan.order == "any" else kernels.furthest
    if plan.same is None:
        found = search(stream, plan.names, plan.limits)
        begin = bounds[found.unit]
        return Found(begin, block.time[found.entry], found, bounds[found.unit + 1], stream, None)
    listed, strict = plan.names.bits | plan.aside, plan.order == "strict"
    held = kernels.hold(stream, _values(block, plan.same), listed, plan.names.need, plan.limits.steps, strict)
    stream = _rearranged(stream, held, len(plan.aside) - 1)
    found = search(stream, plan.names, plan.limits)
    chosen, entry = kernels.best_of(held, found)
    found = kernels.Attempts(*(values[chosen] for values in found))
    begin, stop = bounds[held.unit[found.unit]], held.offsets[found.unit + 1]
    return Found(begin, block.time[entry], found, stop, stream, held.rows)


def _values(block: Block, same: Same) -> Ints:
    """Return the value that an attempt must share, as a key for every row; the smallest integer is no value."""
    values = block.columns[same.column]
    if values.dtype.kind == "f":  # equal numbers have equal bits, once -0.0 is made 0.0
        keys = np.where(np.isnan(values), _NO_VALUE, (values + 0.0).view(np.int64))
    else:
        keys = np.where(values == same.missing, _NO_VALUE, values.astype(np.int64))
    return np.repeat(keys, np.diff(block.offsets)) if same.per_user else keys


def _rearranged(stream: kernels.Stream, held: kernels.Held, mark: int) -> kernels.Stream:
    """Return the sequences as a stream; a mark has the code ``mark`` and the time of the event after it."""
    marked = held.rows < 0
    rows = np.where(marked, np.append(held.rows[1:], 0), held.rows)
    return kernels.Stream(held.offsets, stream.time[rows], np.where(marked, mark, stream.event[rows]).astype(np.int32))


def _traced(found: Found, plan: Plan) -> tuple[Ints, Ints]:
    """Return the rows of every attempt, one after another, and of every optional step of it (-1: not done)."""
    if plan.order == "any":
        chain = traces.trace_any(found.stream, plan.names, found.attempts)
        return chain, np.empty((len(found.begin), 0), np.int64)
    chain = traces.trace(found.stream, plan.names, plan.limits, found.attempts)
    aside = traces.Aside(plan.aside, plan.after, found.stop)
    return chain, traces.beside(found.stream, plan.names, plan.limits, found.attempts, chain, aside)


# ---- counting ---------------------------------------------------------------------------------------------------


def _scan(block: Block, *, plan: Plan, cut: Breakdown | None) -> Partial:
    """Count units by segment, lateness and level; optional steps by segment; and how long the whole took."""
    found = _attempts(block, plan)
    late = found.entry > plan.latest
    segment = found.segment(block, plan, cut)
    level = found.attempts.level
    counts = np.bincount((segment * 2 + late) * plan.limits.steps + level - 1)
    whole = found.attempts.last[~late & (level == plan.limits.steps)]
    begun = found.attempts.first[~late & (level == plan.limits.steps)]
    aside = np.empty(0, np.int64)
    if plan.optional:
        _, done = _traced(found.only(~late), plan)
        who, which = np.nonzero(done >= 0)
        aside = np.bincount(segment[~late][who] * len(plan.optional) + which)
    return _sparse(counts), _sparse(aside), found.stream.time[whole] - found.stream.time[begun]


def _sparse(values: Ints) -> Sparse:
    place = np.flatnonzero(values)
    return place, values[place].astype(np.int64)


def _merge(plan: Plan, cut: Breakdown | None, shape: tuple[int, int, int, int], parts: Sequence[Partial]) -> Counted:
    segments, kinds, steps, extra = shape
    level, aside = np.zeros(segments * kinds * steps, np.int64), np.zeros(segments * extra, np.int64)
    for (place, value), (where, number), _ in parts:
        level[place] += value
        aside[where] += number
    return Counted(
        plan=plan,
        level=level.reshape(segments, kinds, steps),
        aside=aside.reshape(segments, extra),
        whole=np.concatenate([took for *_, took in parts]),
        segments=cut.labels if cut else None,
    )


def _lengths(block: Block, *, plan: Plan, cut: Breakdown | None) -> Lengths:
    """Measure how long every step of the eligible took, in microseconds."""
    found = _attempts(block, plan)
    found = found.only(found.entry <= plan.latest)
    segment, time = found.segment(block, plan, cut), found.stream.time
    chain, done = _traced(found, plan)
    level = found.attempts.level
    first = np.cumsum(level) - level  # where each attempt begins in the chain
    step = np.arange(len(chain)) - np.repeat(first, level)
    later = np.flatnonzero(step)
    who, which = np.nonzero(done >= 0)
    optional = done[who, which]
    start = np.append(np.repeat(chain[first], level - 1), chain[first[who]])
    before = np.append(chain[later - 1], chain[first[who] + plan.after[which]])
    row = np.append(chain[later], optional)
    return Lengths(
        segment=np.append(np.repeat(segment, level - 1), segment[who]),
        step=np.append(np.array(plan.required, np.int64)[step[later]], np.array(plan.optional, np.int64)[which]),
        since_start=time[row] - time[start],
        since_previous=time[row] - time[before],
    )


def _joined(parts: Sequence[Lengths]) -> Lengths:
    return Lengths(*(np.concatenate(values) for values in zip(*parts, strict=True)))


# ---- the users behind a number ----------------------------------------------------------------------------------


class Cell(NamedTuple):
    """Which units are wanted: those with a level, or who did an optional step; -1 stands for any segment."""

    lowest: int
    highest: int
    optional: int
    late: bool
    segment: int


def _find(
    log: EventLog,
    plan: Plan,
    cut: Breakdown | None,
    step: int,
    *,
    lost: bool = False,
    late: bool = False,
    segment: str | None = None,
) -> Any:
    places = range(1, len(plan.labels) + 1)
    if step not in places:
        raise InputError(f"step={step!r} is not in the answer; it has the steps 1 to {len(plan.labels)}")
    if segment is not None and cut is None:
        raise InputError(f"segment={segment!r} needs an answer that was broken down with by=")
    if segment is not None and cut is not None and segment not in cut.labels:
        raise unknown("segment", segment, cut.labels, "the answer")
    reached = sum(place < step for place in plan.required)
    optional = plan.optional.index(step - 1) if step - 1 in plan.optional else -1
    if lost and (optional >= 0 or reached == plan.limits.steps):
        raise InputError(f"nobody can be lost after step {step}: it is {'optional' if optional >= 0 else 'the last'}")
    chosen = cut.labels.index(segment) if cut is not None and segment is not None else -1
    cell = Cell(reached, reached if lost else plan.limits.steps, optional, late, chosen)
    people = log.run(_who, np.concatenate, columns=_columns(plan, cut), plan=plan, cut=cut, cell=cell)
    return log.ids(people)


def _who(block: Block, *, plan: Plan, cut: Breakdown | None, cell: Cell) -> Ints:
    """Return the users of one cell by position in the log."""
    found = _attempts(block, plan)
    level = found.attempts.level
    keep = (level >= cell.lowest) & (level <= cell.highest) & ((found.entry > plan.latest) == cell.late)
    if cell.segment >= 0:
        keep &= found.segment(block, plan, cut) == cell.segment
    found = found.only(keep)
    user = found.user(block)
    if cell.optional >= 0:
        _, done = _traced(found, plan)
        user = user[done[:, cell.optional] >= 0]
    return block.users[np.unique(user)]
