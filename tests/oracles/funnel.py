"""``funnel``, the slow way: every attempt that a unit could have made is tried."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from . import SECOND, Event, Row, histories, label, length, quantile, rate, wilson
from .sessions import split

Steps = Sequence[tuple[str, ...]]
Attempt = tuple[int, ...]  # the rows of its steps


@dataclass(frozen=True)
class Asked:
    """The options of a funnel; ``steps`` as listed, ``optional`` as places in that list."""

    steps: Steps
    within: str = "14d"
    order: str = "sequential"
    unit: str = "user"
    gap: str = "30m"
    exclude: tuple[str, ...] = ()
    optional: tuple[int, ...] = ()
    step_within: str | tuple[str, ...] | None = None
    same: str | None = None
    repeats: str = "ignore"
    ties: str = "allow"
    by: str | None = None
    attribution: str = "first"

    @property
    def required(self) -> list[int]:
        """The places of the steps that must be done."""
        return [place for place in range(len(self.steps)) if place not in self.optional]

    def is_step(self, event: Event, place: int) -> bool:
        """Whether an event is one of a listed step."""
        return event.name in self.steps[place] and (self.same is None or event.values[self.same] is not None)

    def most(self, transition: int) -> float:
        """The longest time, in microseconds, from a required step to the next."""
        if self.step_within is None:
            return math.inf
        one = self.step_within if isinstance(self.step_within, str) else self.step_within[transition]
        return length(one)

    def share(self, events: Sequence[Event]) -> bool:
        """Whether events share the value that must be the same."""
        return self.same is None or len({event.values[self.same] for event in events}) == 1


# ---- attempts -----------------------------------------------------------------------------------------------------


def attempts(unit: Sequence[Event], asked: Asked) -> Iterator[Attempt]:
    """Every attempt, of every length."""
    if asked.order == "any":
        yield from _in_any_order(unit, asked)
        return
    for row, event in enumerate(unit):
        if asked.is_step(event, asked.required[0]):
            yield from _longer(unit, asked, (row,))


def _longer(unit: Sequence[Event], asked: Asked, done: Attempt) -> Iterator[Attempt]:
    """An attempt, and all that go on from it."""
    yield done
    if len(done) < len(asked.required):
        for row in range(done[-1] + 1, len(unit)):
            if may_follow(unit, asked, done, row):
                yield from _longer(unit, asked, (*done, row))


def may_follow(unit: Sequence[Event], asked: Asked, done: Attempt, row: int) -> bool:
    """Whether an attempt may do its next step at a row."""
    first, last, event = unit[done[0]], unit[done[-1]], unit[row]
    return (
        asked.is_step(event, asked.required[len(done)])
        and asked.share((first, event))
        and event.time - first.time <= length(asked.within)
        and event.time - last.time <= asked.most(len(done) - 1)
        and (asked.ties == "allow" or event.time > last.time)
        and not any(ends(unit, asked, done, between) for between in range(done[-1] + 1, row))
    )


def ends(unit: Sequence[Event], asked: Asked, done: Attempt, row: int) -> bool:
    """Whether an event that is no step of an attempt ends it."""
    event, first = unit[row], unit[done[0]]
    if event.name in asked.exclude:
        return True
    alike = (asked.same is None or event.values[asked.same] is not None) and asked.share((first, event))
    if asked.order == "strict":
        upcoming = asked.required[len(done)] if len(done) < len(asked.required) else len(asked.steps) - 1
        if not alike or not any(asked.is_step(event, place) for place in range(upcoming + 1)):
            return True
    if asked.repeats == "end":
        again = any(asked.is_step(event, place) for place in asked.required[1 : len(done)])
        return alike and (again or _counts_now(unit, asked, done, row))
    return False


def _counts_now(unit: Sequence[Event], asked: Asked, done: Attempt, row: int) -> bool:
    """With repeats="end" the first event that can be the next step is that step: it cannot be passed over."""
    if len(done) == len(asked.required):
        return False
    event, last = unit[row], unit[done[-1]]
    return asked.is_step(event, asked.required[len(done)]) and (asked.ties == "allow" or event.time > last.time)


def _in_any_order(unit: Sequence[Event], asked: Asked) -> Iterator[Attempt]:
    """Every choice of rows whose events are of different steps, within the window, with nothing excluded between."""
    place = {name: number for number, names in enumerate(asked.steps) for name in names}
    rows = [row for row, event in enumerate(unit) if event.name in place and asked.is_step(event, place[event.name])]
    for size in range(1, len(asked.steps) + 1):
        for chosen in combinations(rows, size):
            events = [unit[row] for row in chosen]
            if (
                len({place[event.name] for event in events}) == size
                and asked.share(events)
                and events[-1].time - events[0].time <= length(asked.within)
                and not any(event.name in asked.exclude for event in unit[chosen[0] : chosen[-1]])
            ):
                yield chosen


def reported(unit: Sequence[Event], asked: Asked) -> Attempt:
    """The first attempt to get furthest, with the latest first step, and each step between as early as possible."""
    found = list(attempts(unit, asked))
    if not found:
        return ()
    level = max(map(len, found))
    return min((one for one in found if len(one) == level), key=lambda one: (one[-1], -one[0], one))


def did_optional(unit: Sequence[Event], asked: Asked, attempt: Attempt, place: int) -> int | None:
    """The first row at which an optional step was done between its neighbours in an attempt."""
    before = sum(required < place for required in asked.required)  # required steps listed before it
    if len(attempt) < before:
        return None
    first = unit[attempt[0]]
    stop = attempt[before] if len(attempt) > before else len(unit)
    until = unit[stop].time if stop < len(unit) else math.inf
    for row in range(attempt[before - 1] + 1, stop):
        event = unit[row]
        if event.time - first.time > length(asked.within):
            return None
        apart = asked.ties == "allow" or (event.time > unit[attempt[before - 1]].time and event.time < until)
        if asked.is_step(event, place) and asked.share((first, event)) and apart:
            return row
        if len(attempt) == before and ends(unit, asked, attempt, row):
            return None
    return None


# ---- tables -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entrant:
    """A unit that did step 1, and what is reported of it."""

    user: str
    late: bool
    level: int
    segment: str
    times: tuple[float | None, ...]  # when each listed step was done, None where it was not


def entrants(events: Sequence[Event], as_of: int, asked: Asked) -> list[Entrant]:
    """Every unit that entered."""
    found = []
    for history in histories(event for event in events if event.time < as_of).values():
        for unit in [history] if asked.unit == "user" else split(history, "UTC", gap=asked.gap):
            one = _entrant(unit, as_of, asked)
            if one is not None:
                found.append(one)
    return found


def _entrant(unit: Sequence[Event], as_of: int, asked: Asked) -> Entrant | None:
    doors = range(len(asked.steps)) if asked.order == "any" else asked.required[:1]
    entered = [event.time for event in unit if any(asked.is_step(event, place) for place in doors)]
    if not entered:
        return None
    attempt = reported(unit, asked)
    touched = unit[attempt[0] if asked.attribution == "first" else attempt[-1]]
    times: list[float | None] = [None] * len(asked.steps)
    for number, row in enumerate(attempt):
        times[asked.required[number]] = unit[row].time
    for place in asked.optional:
        row_of = did_optional(unit, asked, attempt, place)
        times[place] = None if row_of is None else unit[row_of].time
    segment = label(touched.values[asked.by]) if asked.by else ""
    late = entered[0] > as_of - length(asked.within)
    return Entrant(unit[0].user, late, len(attempt), segment, tuple(times))


def step_name(asked: Asked, place: int) -> str:
    """The events of a step; in any order how many of them."""
    if asked.order == "any":
        return f"any {place + 1} of {len(asked.steps)}"
    return "|".join(asked.steps[place])


def before(asked: Asked, place: int) -> int:
    """The required step before a step."""
    return max(required for required in asked.required if required < place)


def segments(found: Sequence[Entrant], asked: Asked) -> list[str]:
    """The segments with eligible units, largest first."""
    names = {one.segment for one in found if not one.late}
    return sorted(names, key=lambda name: (-sum(one.segment == name and not one.late for one in found), name))


def steps(found: Sequence[Entrant], asked: Asked) -> list[Row]:
    """One row per listed step, the eligible only."""
    rows = []
    for segment in segments(found, asked) if asked.by else [""]:
        units = [one for one in found if not one.late and one.segment == segment]
        for place in range(len(asked.steps)):
            head: Row = {"segment": segment} if asked.by else {}
            rows.append(head | _step(units, asked, place))
    return rows


def _step(units: Sequence[Entrant], asked: Asked, place: int) -> Row:
    users = sum(one.times[place] is not None for one in units)
    lower, upper = wilson(users, len(units))
    row: Row = {"step": place + 1, "event": step_name(asked, place)}
    if asked.optional:
        row["optional"] = place in asked.optional
    row |= {"users" if asked.unit == "user" else "sessions": users, "rate": rate(users, len(units))}
    row |= {"rate_from_previous": math.nan, "lower": lower, "upper": upper}
    row |= {"lower_from_previous": math.nan, "upper_from_previous": math.nan, "lost": 0, "median_s": math.nan}
    if place == 0:
        return row
    previous = before(asked, place)
    n = sum(one.times[previous] is not None for one in units)
    lower, upper = wilson(users, n)
    return row | {
        "rate_from_previous": rate(users, n),
        "lower_from_previous": lower,
        "upper_from_previous": upper,
        "lost": n - users,
        "median_s": quantile(lengths(units, previous, place), 0.5),
    }


def lengths(units: Sequence[Entrant], start: int, end: int) -> list[float]:
    """Seconds from one step to another, of those who did both."""
    pairs = [(one.times[start], one.times[end]) for one in units]
    return [(b - a) / SECOND for a, b in pairs if a is not None and b is not None]


def times(found: Sequence[Entrant], asked: Asked) -> list[Row]:
    """Quantiles of the time since the start and since the required step before."""
    rows = []
    for segment in segments(found, asked) if asked.by else [""]:
        units = [one for one in found if not one.late and one.segment == segment]
        for place in range(1, len(asked.steps)):
            for since, start in (("start", 0), ("previous", before(asked, place))):
                seconds = lengths(units, start, place)
                head: Row = {"segment": segment} if asked.by else {}
                head |= {"step": place + 1, "event": step_name(asked, place), "since": since}
                head |= {"users" if asked.unit == "user" else "sessions": len(seconds)}
                quantiles = {"p10_s": 0.1, "p25_s": 0.25, "median_s": 0.5, "p75_s": 0.75, "p90_s": 0.9}
                rows.append(head | {name: quantile(seconds, q) for name, q in quantiles.items()})
    return rows


def who(found: Sequence[Entrant], asked: Asked, place: int, *, lost: bool = False, late: bool = False) -> list[str]:
    """The users at, or lost after, a listed step."""
    done = [one for one in found if one.late == late and one.times[place] is not None]
    if lost:
        following = [required for required in asked.required if required > place]
        done = [one for one in done if following and one.times[following[0]] is None]
    return list(dict.fromkeys(one.user for one in done))


def late(found: Sequence[Entrant], asked: Asked) -> list[Row]:
    """Those who entered too late, by the last required step they have done so far; levels of nobody left out."""
    rows = []
    for segment in sorted({one.segment for one in found if one.late}):
        for level, place in enumerate(asked.required, 1):
            users = sum(one.late and one.segment == segment and one.level == level for one in found)
            if users:
                head: Row = {"segment": segment} if asked.by else {}
                row = {"step": place + 1, "event": step_name(asked, place)}
                rows.append(head | row | {"users" if asked.unit == "user" else "sessions": users})
    return rows


def differences(found: Sequence[Entrant], asked: Asked) -> list[Row]:
    """Each two segments at the last required step: their rates, and the difference."""
    rows = []
    last = asked.required[-1]
    for a, b in combinations(segments(found, asked)[:20], 2):
        row: Row = {}
        for letter, name in (("a", a), ("b", b)):
            units = [one for one in found if not one.late and one.segment == name]
            done = sum(one.times[last] is not None for one in units)
            row |= {f"segment_{letter}": name, f"n_{letter}": len(units), f"rate_{letter}": rate(done, len(units))}
        rows.append(row | {"difference": row["rate_a"] - row["rate_b"]})
    return rows


def falls(rows: Sequence[Row], column: str) -> bool:
    """Whether the steps never grow."""
    return all(after[column] <= row[column] for row, after in pairwise(rows))
