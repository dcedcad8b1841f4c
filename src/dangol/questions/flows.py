"""``flows``: which event follows which, how often, and after how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np

from dangol.core.durations import duration
from dangol.core.errors import InputError, choice, unknown
from dangol.core.result import Result
from dangol.kernels import flows as kernels
from dangol.log.block import Block
from dangol.log.eventlog import EventLog

from .breakdown import breakdown
from .flows_moves import NO_GAP, Codes, Ints, Rules, count, segments, stream
from .flows_paths import ARROW, Walk, alike
from .flows_tables import Answer, tables
from .flows_words import explain, sentences

_GAP: Final = "30m"
_MOST_STEPS: Final = 50
_MOST_CELLS: Final = 20_000_000


def flows(
    log: EventLog,
    *,
    unit: str = "user",
    gap: str = _GAP,
    anchor: str | None = None,
    direction: str = "after",
    steps: int = 5,
    top: int = 8,
    by: str | None = None,
    attribution: str = "first",
    compare: Sequence[str] | None = None,
) -> Result:
    """Follow users from event to event: the directly-follows graph, variants, and the steps after or before an anchor.

    A move (edge) is two events that directly follow one another within a unit: a user's whole history, or a session.
    So the counts of all edges sum to events − units, and what enters an event equals what leaves it, the beginnings and
    the ends of units included::

        rate = moves from source to target / events of the source that a unit holds, last ones included

    Args:
        log: the log or view to ask; in a view, events that it leaves out are passed over.
        unit: ``"user"``, or ``"session"``: moves within sessions only, as cut by ``sessions(gap=…)``.
        gap: for sessions, the longest idle time within one ("30m").
        anchor: the event from which ``steps`` and ``sankey`` are followed: its first occurrence in each unit that has
            it; None: the unit's beginning (with ``direction="before"``: its end).
        direction: ``"after"`` or ``"before"`` the anchor.
        steps: how many events after, or before, the anchor are followed (5; at most 50).
        top: how many events each step of ``sankey`` names (8): the most frequent there, over all segments together; the
            others are "other".
        by: a user column, or an event column; it adds ``segment`` to the tables. A user is in one segment.
        attribution: which of the user's events decides with an event column: the ``"first"`` or the ``"last"``.
        compare: two values of ``by``, (a, b), whose moves are tested against each other.

    Returns:
        A Result. ``.table`` is ``tables["edges"]``: [``segment`` (str),] ``source``, ``target`` (str), ``count`` (int:
        moves), ``users`` (int: distinct users who make it, sessions or not), ``median_s`` (float, seconds: exact median
        of the times between the two events), ``rate`` (float, 0 to 1); by segment, most frequent first, then by name.

        ``differences`` (with ``compare``): source, target, users_a, rate_a, users_b, rate_b (share of the segment's
        users who make the move), difference (rate_a − rate_b), lower, upper (95 % Newcombe interval), p (pooled z
        test), q (Benjamini-Hochberg over the family: all moves of at least 5 users in a and b together); smallest q
        first.
        ``segments`` (with ``by``): segment, users, [sessions,] moves.
        ``starts``, ``ends``: [segment,] event, count (units), users, rate (of units): first and last events.
        ``variants``: [segment,] variant (the names of all events of the unit, joined by " → "; written for the 10,000
        most frequent, a million events at most, missing for the rest), count (units), users, rate (of units), events.
        ``steps``: [segment,] event, then a column per step ("1", "2", …): the share of the units with the anchor that
        have the event there. The last row, "exit" ("entry" for before), are those without a further event, so that each
        column sums to 1.
        ``sankey``: [segment,] step, source, target, count (units): from step − 1 to step; step 0 is the anchor
        ("start", "end" without one). Each step has all units: "exit" goes on as "exit". For ``direction="before"``
        steps count backwards, source is still the earlier event, and units that begin there come from "entry".
        ``units(…)`` lists users: by ``source="…", target="…"`` (who makes a move), ``variant="a → b"`` (or a list of
        names), ``start="…"``, ``end="…"`` (who has a unit that begins or ends so), ``step=2, event="…"`` and ``step=2,
        source="…", target="…"`` (a cell of ``steps``, a link of ``sankey``); ``segment="…"`` narrows each.

    Conventions:
        Events at the same instant keep the source order. A pause equal to ``gap`` stays within the session. The median
        of an even number of times is the mean of the two in the middle. A unit still going on at the end of the log
        counts as ended there. Equal counts are ordered by name; equal variants by users, most first, then the shorter,
        then the user who comes first in the log. Variants are told apart by a 128-bit hash of their events. An event
        called like a special name ("other", "exit") keeps it; the special one is then written in brackets. Missing
        values of ``by`` form the segment "(none)". Tests treat users, not moves, as independent.

    Raises:
        InputError: for an unknown event, column, segment or option; ``gap`` without sessions; ``compare`` without
            ``by``; ``attribution="last"`` without an event column; steps or top that are not whole numbers from 1.

    References:
        van der Aalst 2016, doi:10.1007/978-3-662-49851-4 (directly-follows graphs); Newcombe 1998,
        doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I; Benjamini, Hochberg 1995,
        doi:10.1111/j.2517-6161.1995.tb02031.x.

    Example:
        >>> import dangol as dg, pandas as pd
        >>> times = pd.to_datetime([f"2024-01-01 {time}" for time in ("10:00", "10:10", "10:20", "10:00", "12:00")])
        >>> acts = ["view", "cart", "order", "view", "view"]
        >>> visits = pd.DataFrame({"who": list("aaabb"), "what": acts, "when": times})
        >>> log = dg.ingest(visits, user="who", event="what", time="when", zone="Asia/Seoul")
        >>> answer = dg.flows(log)
        >>> answer.table[["source", "target", "count", "median_s"]].to_numpy().tolist()
        [['cart', 'order', 1, 600.0], ['view', 'cart', 1, 600.0], ['view', 'view', 1, 7200.0]]
        >>> answer.units(source="view", target="view").tolist()
        ['b']
    """
    asked: dict[str, Any] = {"unit": unit, "gap": gap, "anchor": anchor, "direction": direction, "steps": steps}
    asked |= {"top": top, "by": by, "attribution": attribution}
    asked["compare"] = list(compare) if isinstance(compare, list | tuple) else compare
    rules, walk = _rules(log, asked), _walk(log, asked)
    pair = _pair(rules, asked)
    _check_size(rules, walk)
    answer = Answer(log, rules, walk, count(log, rules), pair)
    return Result(
        name="flows",
        sentences=sentences(answer),
        how=explain(answer, asked),
        recipe={"question": "flows", "parameters": asked, "log": log.describe()},
        tables=tables(answer),
        shown=(*(("differences",) if pair else ()), "edges", "steps"),
        find=partial(_find, answer),
    )


# ---- reading the options ----------------------------------------------------------------------------------------


def _rules(log: EventLog, asked: Mapping[str, Any]) -> Rules:
    session = choice("unit", asked["unit"], ("user", "session")) == "session"
    gap = duration(asked["gap"], "gap")
    if not session and asked["gap"] != _GAP:
        raise InputError(f"gap={asked['gap']!r} cuts sessions and the unit is the user; add unit='session'")
    cut = breakdown(log, asked["by"])
    last = choice("attribution", asked["attribution"], ("first", "last")) == "last"
    if last and (cut is None or cut.per_user):
        found = "there is none" if cut is None else f"{cut.column!r} has one value per user"
        raise InputError(
            f"attribution='last' chooses among the values of an event column in by=, and {found}; leave it out"
        )
    return Rules(gap if session else NO_GAP, len(log.events), cut, last)


def _walk(log: EventLog, asked: Mapping[str, Any]) -> Walk:
    for name, most in (("steps", _MOST_STEPS), ("top", 1000)):
        value = asked[name]
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or not 1 <= value <= most:
            raise InputError(f"{name}={value!r} must be a whole number from 1 to {most}")
    backward = choice("direction", asked["direction"], ("after", "before")) == "before"
    anchor = -1 if asked["anchor"] is None else log.code("event", asked["anchor"])
    return Walk(anchor, backward, int(asked["steps"]), min(int(asked["top"]), len(log.events)))


def _pair(rules: Rules, asked: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the codes of the two segments to compare."""
    compare = asked["compare"]
    if compare is None:
        return None
    if rules.cut is None:
        raise InputError(f"compare={compare!r} needs the column these are values of; add by=")
    if not isinstance(compare, list) or len(compare) != 2 or compare[0] == compare[1]:
        raise InputError(f"compare={compare!r} must be two different values of {rules.cut.column!r}")
    return _segment(rules, compare[0]), _segment(rules, compare[1])


def _segment(rules: Rules, label: object) -> int:
    if rules.cut is None:
        raise InputError(f"segment={label!r} needs an answer that was broken down with by=")
    if str(label) not in rules.cut.labels:
        raise unknown(f"{rules.cut.column} value", label, rules.cut.labels)
    return rules.cut.labels.index(str(label))


def _check_size(rules: Rules, walk: Walk) -> None:
    cells = rules.segments * walk.steps * max(rules.side, (walk.top + 2) ** 2)
    if cells > _MOST_CELLS:
        raise InputError(
            f"{rules.segments:,} segments × {walk.steps} steps × {rules.side - 1:,} events (top {walk.top}) make "
            f"{cells:,} cells, more than {_MOST_CELLS:,}; use fewer steps, a smaller top or a column with fewer values"
        )


# ---- the users behind a number ----------------------------------------------------------------------------------


def _find(
    answer: Answer,
    *,
    source: str | None = None,
    target: str | None = None,
    variant: str | Sequence[str] | None = None,
    start: str | None = None,
    end: str | None = None,
    step: int | None = None,
    event: str | None = None,
    segment: str | None = None,
) -> Any:
    given = {"source": source, "target": target, "variant": variant, "start": start, "end": end, "step": step}
    named = frozenset(name for name, value in (given | {"event": event}).items() if value is not None)
    chosen = -1 if segment is None else _segment(answer.rules, segment)
    log, boundary = answer.log, answer.rules.boundary
    if named == {"source", "target"}:
        found = _movers(answer, log.code("event", str(source)), log.code("event", str(target)), chosen)
    elif named == {"start"}:
        found = _movers(answer, boundary, log.code("event", str(start)), chosen)
    elif named == {"end"}:
        found = _movers(answer, log.code("event", str(end)), boundary, chosen)
    elif named == {"variant"}:
        found = alike(log, answer.rules, _sequence(answer, variant or ""), chosen)
    elif step is not None and named in ({"step", "event"}, {"step", "source", "target"}):
        found = _walkers(answer, step, event, (source, target), chosen)
    else:
        raise InputError(
            f"flows.units({', '.join(sorted(named))}) names no cell; give source= and target=, variant=, start=, end=, "
            f"step= and event=, or step=, source= and target="
        )
    return log.ids(found)


def _movers(answer: Answer, source: int, target: int, segment: int) -> Ints:
    rules = answer.rules
    params = {"rules": rules, "source": source, "target": target, "segment": segment}
    return answer.log.run(_scan_movers, np.concatenate, columns=rules.columns, **params)


def _scan_movers(block: Block, *, rules: Rules, source: int, target: int, segment: int) -> Ints:
    found = kernels.movers(stream(block, rules), source, target)
    if segment >= 0:
        found &= segments(block, rules) == segment
    return block.users[found]


def _sequence(answer: Answer, variant: str | Sequence[str]) -> Codes:
    names = variant.split(ARROW) if isinstance(variant, str) else variant
    return np.array([answer.log.code("event", name) for name in names], np.int32)


def _walkers(answer: Answer, step: int, event: str | None, link: tuple[str | None, str | None], segment: int) -> Ints:
    """Return who has a unit in a cell of ``steps``, or in a link of ``sankey``."""
    if isinstance(step, bool) or step not in range(1, answer.walk.steps + 1):
        raise InputError(f"step={step!r} is not in the answer; it has steps 1 to {answer.walk.steps}")
    codes = np.arange(answer.rules.side)
    if event is not None:
        code = answer.rules.boundary if event == answer.nothing else answer.log.code("event", event)
        return answer.paths.users(step, None, codes == code, segment)
    before, there = reversed(link) if answer.walk.backward else link
    near, far = answer.level(step - 1), answer.level(step)
    for name, level in ((before, near), (there, far)):
        if name not in level:
            raise unknown(f"node of step {step}", name, [text for text in level if text], "the Sankey diagram")
    at_far = answer.paths.node[step - 1] == far.index(str(there))
    at_near = None if step == 1 else answer.paths.node[step - 2] == near.index(str(before))
    return answer.paths.users(step, at_near, at_far, segment)
