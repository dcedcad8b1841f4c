"""``sessions``, the slow way."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

from . import SECOND, Event, Row, day_of, histories, label, length, mean, median, midnight, quantile, rate, wilson

Session = list[Event]


def split(
    history: Sequence[Event],
    zone: str,
    *,
    gap: str = "30m",
    cap: str | None = None,
    at_midnight: bool = False,
    separator: str | None = None,
) -> list[Session]:
    """Cut one user's events into sessions."""
    found: list[Session] = []
    for event in history:
        if not found or _begins(found[-1], event, zone, length(gap), cap, at_midnight, separator):
            found.append([])
        found[-1].append(event)
    return found


def _begins(
    current: Session, event: Event, zone: str, gap: int, cap: str | None, at_midnight: bool, separator: str | None
) -> bool:
    """Whether an event begins a new session."""
    if event.time - current[-1].time > gap:
        return True
    if cap is not None and event.time - current[0].time > length(cap):
        return True
    if at_midnight:
        next_midnight = midnight(day_of(current[-1].time, zone) + timedelta(days=1), zone)
        if event.time >= next_midnight:
            return True
    return separator is not None and event.name == separator


def seconds(us: int) -> float:
    return us / SECOND


def all_sessions(events: Sequence[Event], zone: str, **options: Any) -> dict[str, list[Session]]:
    """Every user's sessions."""
    return {user: split(history, zone, **options) for user, history in histories(events).items()}


def table(events: Sequence[Event], zone: str, *, by: str | None = None, **options: Any) -> list[Row]:
    """One row per session."""
    rows = []
    for user, found in all_sessions(events, zone, **options).items():
        for number, session in enumerate(found):
            first, last = session[0], session[-1]
            to_next = seconds(found[number + 1][0].time - last.time) if number + 1 < len(found) else math.nan
            row: Row = {
                "user": user,
                "session": number + 1,
                "start": first.time,
                "end": last.time,
                "duration_s": seconds(last.time - first.time),
                "events": len(session),
                "entry": first.name,
                "last": last.name,
                "gap_to_next_s": to_next,
            }
            rows.append(row if by is None else row | {"segment": label(first.values[by])})
    return rows


def users(rows: Sequence[Row]) -> list[Row]:
    """One row per user, from the rows of the sessions."""
    found = []
    for user in dict.fromkeys(row["user"] for row in rows):
        own = [row for row in rows if row["user"] == user]
        durations = [row["duration_s"] for row in own]
        found.append(
            {
                "user": user,
                "sessions": len(own),
                "events": sum(row["events"] for row in own),
                "duration_s": sum(durations),
                "median_duration_s": median(durations),
                "bounces": sum(row["events"] == 1 for row in own),
                "start": own[0]["start"],
                "end": own[-1]["end"],
            }
        )
    return found


def summary(rows: Sequence[Row]) -> Row:
    """The measures of the summary, but for the suggested gap and the unfinished."""
    durations = [row["duration_s"] for row in rows]
    users_, events = len({row["user"] for row in rows}), sum(row["events"] for row in rows)
    bounces = sum(row["events"] == 1 for row in rows)
    return {
        "users": users_,
        "sessions": len(rows),
        "events": events,
        "sessions_per_user": rate(len(rows), users_),
        "events_per_session": rate(events, len(rows)),
        "mean_duration_s": mean(durations),
        "median_duration_s": median(durations),
        "p90_duration_s": quantile(durations, 0.9),
        "bounce_rate": rate(bounces, len(rows)),
        "bounce_rate_events": rate(bounces, events),
        "median_gap_to_next_s": median([row["gap_to_next_s"] for row in rows if not math.isnan(row["gap_to_next_s"])]),
    }


def unfinished(events: Sequence[Event], zone: str, as_of: int, **options: Any) -> int:
    """Sessions that an event at ``as_of``, of a name that nobody has used yet, would still belong to."""
    late = {user: Event(user, "", as_of) for user in histories(events)}
    longer = all_sessions([*events, *late.values()], zone, **options)
    return sum(len(found[-1]) > 1 for found in longer.values())


def ends(rows: Sequence[Row], column: str) -> list[Row]:
    """Sessions by their entry (or last) event."""
    found = []
    for event, count in Counter(row[column] for row in rows).items():
        bounces = sum(row["events"] == 1 for row in rows if row[column] == event)
        found.append(
            {
                "event": event,
                "sessions": count,
                "rate": rate(count, len(rows)),
                "bounces": bounces,
                "bounce_rate": rate(bounces, count),
            }
        )
    return found


def segments(rows: Sequence[Row]) -> list[Row]:
    """Sessions by segment."""
    found = []
    for segment in sorted({row["segment"] for row in rows}):
        own = [row for row in rows if row["segment"] == segment]
        bounces = sum(row["events"] == 1 for row in own)
        lower, upper = wilson(bounces, len(own))
        found.append(
            {
                "segment": segment,
                "users": len({row["user"] for row in own}),
                "sessions": len(own),
                "events": sum(row["events"] for row in own),
                "mean_duration_s": mean([row["duration_s"] for row in own]),
                "bounce_rate": rate(bounces, len(own)),
                "lower": lower,
                "upper": upper,
            }
        )
    return found


def gaps(events: Sequence[Event]) -> list[float]:
    """Every idle time between two events of a user, in seconds."""
    return [
        seconds(after.time - before.time)
        for history in histories(events).values()
        for before, after in pairwise(history)
    ]
