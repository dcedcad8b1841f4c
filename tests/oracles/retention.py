"""``retention``, the slow way: every user against every period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from . import Event, Row, Span, histories, label, length, periods, rate, wilson


@dataclass(frozen=True)
class Asked:
    """The options of retention."""

    every: str = "1w"
    start: str | None = None
    event: str | None = None
    counting: str = "on"
    cohorts: str = "first"
    periods: str = "calendar"
    brackets: tuple[int, ...] | None = None
    by: str | None = None


@dataclass(frozen=True)
class Entry:
    """A user in a cohort: when the clock started, and when the user came back."""

    user: str
    cohort: Span
    segment: str
    start: int
    returns: tuple[int, ...]


def calendar_of(every: str, zone: str, first: int, as_of: int) -> list[Span]:
    """The calendar periods from the log's first to well beyond what any bracket of the tests asks for."""
    found = periods(every, zone, first, as_of)
    return periods(every, zone, first, as_of + 10 * max(span.end - span.start for span in found))


def entries(events: Sequence[Event], as_of: int, calendar: Sequence[Span], asked: Asked) -> list[Entry]:
    """Every user in every cohort."""
    found = []
    for user, history in histories(event for event in events if event.time < as_of).items():
        rows = [row for row, event in enumerate(history) if asked.start in (None, event.name)]
        seen: set[str] = set()
        for row in rows[:1] if asked.cohorts == "first" else rows:
            cohort = next(span for span in calendar if span.holds(history[row].time))
            if cohort.name in seen:
                continue
            seen.add(cohort.name)
            back = tuple(event.time for event in history[row + 1 :] if asked.event in (None, event.name))
            segment = label(history[row].values[asked.by]) if asked.by else ""
            found.append(Entry(user, cohort, segment, history[row].time, back))
    return found


def slots(asked: Asked, most: int) -> list[tuple[int, int]]:
    """The periods that are counted together: one each, or brackets, period 0 on its own if they begin later."""
    if asked.brackets is None:
        return [(k, k + 1) for k in range(most + 1)]
    own = list(pairwise(asked.brackets))
    return own if asked.brackets[0] == 0 else [(0, 1), *own]


@dataclass(frozen=True)
class Cell:
    """A cohort's users in a slot of periods."""

    segment: str
    cohort: str
    low: int
    high: int
    members: tuple[Entry, ...]
    back: tuple[Entry, ...]
    complete: bool


def cells(events: Sequence[Event], zone: str, as_of: int, first: int, asked: Asked) -> list[Cell]:
    """Every cell that has begun."""
    calendar = calendar_of(asked.every, zone, first, as_of)
    found = entries(events, as_of, calendar, asked)
    reach = len(periods(asked.every, zone, first, as_of))
    result = []
    for segment in sorted({one.segment for one in found}):
        for number, cohort in enumerate(calendar):
            members = [one for one in found if one.segment == segment and one.cohort == cohort]
            for low, high in slots(asked, reach) if members else []:
                if asked.periods == "calendar":
                    after = calendar[number + low : number + high]
                    cell = _calendar_cell(members, low, high, after, as_of, asked)
                else:
                    cell = _rolling_cell(members, low, high, as_of, asked)
                if cell is not None:
                    result.append(cell)
    return result


def _calendar_cell(
    members: Sequence[Entry], low: int, high: int, spans: Sequence[Span], as_of: int, asked: Asked
) -> Cell | None:
    """All members count; those come back who do so within the calendar periods ``spans``."""
    if not spans or spans[0].start >= as_of:
        return None
    assert len(spans) == high - low
    back = [one for one in members if _returned(one, low, spans[0].start, spans[-1].end, asked)]
    return _made(members, low, high, members, back, spans[-1].end <= as_of)


def _rolling_cell(members: Sequence[Entry], low: int, high: int, as_of: int, asked: Asked) -> Cell | None:
    """The members count whose periods have passed."""
    width = length(asked.every)
    counted = [one for one in members if one.start + high * width <= as_of]
    if not counted:
        return None
    back = [one for one in counted if _returned(one, low, one.start + low * width, one.start + high * width, asked)]
    return _made(members, low, high, counted, back, len(counted) == len(members))


def _made(
    members: Sequence[Entry], low: int, high: int, counted: Sequence[Entry], back: Sequence[Entry], complete: bool
) -> Cell:
    return Cell(members[0].segment, members[0].cohort.name, low, high, tuple(counted), tuple(back), complete)


def _returned(entry: Entry, low: int, after: int, until: int, asked: Asked) -> bool:
    """Whether a user came back within a time (or later, for on-or-after)."""
    if low == 0 and asked.start == asked.event:
        return True
    return any(after <= time and (asked.counting == "on-or-after" or time < until) for time in entry.returns)


def table(found: Sequence[Cell], asked: Asked) -> list[Row]:
    """One row per cohort and period."""
    rows = []
    for cell in found:
        n, users = len(cell.members), len(cell.back)
        lower, upper = wilson(users, n)
        row: Row = {"segment": cell.segment} if asked.by else {}
        row |= {"cohort": cell.cohort, "n": n, "period": cell.low}
        if asked.brackets is not None:
            row["until"] = cell.high
        row |= {"users": users, "rate": rate(users, n), "lower": lower, "upper": upper, "complete": cell.complete}
        rows.append(row)
    return rows


def average(found: Sequence[Cell], asked: Asked) -> list[Row]:
    """Each period over all cohorts that have finished it, weighted by their users."""
    rows = []
    for segment in sorted({cell.segment for cell in found}):
        own = [cell for cell in found if cell.complete and cell.segment == segment]
        for low, high in sorted({(cell.low, cell.high) for cell in own}):
            same = [cell for cell in own if cell.low == low]
            n, users = sum(len(cell.members) for cell in same), sum(len(cell.back) for cell in same)
            lower, upper = wilson(users, n)
            row: Row = {"segment": segment} if asked.by else {}
            row["period"] = low
            if asked.brackets is not None:
                row["until"] = high
            row |= {"cohorts": len(same), "n": n, "users": users, "rate": rate(users, n), "lower": lower}
            rows.append(row | {"upper": upper})
    return rows
