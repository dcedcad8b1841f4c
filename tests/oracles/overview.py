"""``overview``, the slow way: every period looks at every event."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from . import Event, Row, Span, day_of, histories, label, mean, median, midnight, periods, quantile, rate


@dataclass(frozen=True)
class Known:
    """What may be known by ``as_of``: the events before it, each with its segment; ``start`` is the log's."""

    events: tuple[Event, ...]
    zone: str
    start: int
    as_of: int
    by: str | None = None

    def segment(self, event: Event) -> str:
        return label(event.values[self.by]) if self.by else ""

    @property
    def firsts(self) -> list[Event]:
        """Each user's first event."""
        return [history[0] for history in histories(self.events).values()]


def known(events: Sequence[Event], zone: str, start: int, as_of: int, by: str | None = None) -> Known:
    """Leave out what lies at or after ``as_of``."""
    return Known(tuple(event for event in events if event.time < as_of), zone, start, as_of, by)


def spans(log: Known, every: str) -> list[Span]:
    """The periods from the log's start to the last that has begun before ``as_of``."""
    return periods(every, log.zone, log.start, log.as_of - 1)


def table(log: Known, every: str) -> list[Row]:
    """One row per period, and segment."""
    rows = []
    for segment in sorted({log.segment(event) for event in log.events}) if log.by else [""]:
        for span in spans(log, every):
            inside = [one for one in log.events if span.holds(one.time) and log.segment(one) == segment]
            new = [one for one in log.firsts if span.holds(one.time) and log.segment(one) == segment]
            users = len({event.user for event in inside})
            row: Row = {"period": span.name, "start": span.start, "users": users, "new_users": len(new)}
            row |= {"events": len(inside), "events_per_user": rate(len(inside), users)}
            row |= {"complete": span.end <= log.as_of}
            rows.append(row | ({"segment": segment} if log.by else {}))
    return rows


def stickiness(log: Known) -> list[Row]:
    """How much of the last 30 local days' users come on a day."""
    rows = []
    for number, day in enumerate(spans(log, "1d")):
        last = day_of(day.start, log.zone)
        users = []
        for days in (1, 7, 30):
            begin = midnight(last - timedelta(days=days - 1), log.zone)
            users.append(len({event.user for event in log.events if begin <= event.time < day.end}))
        complete = day.end <= log.as_of and number >= 29
        row: Row = {"period": day.name, "users": users[0], "users_7d": users[1], "users_30d": users[2]}
        rows.append(row | {"stickiness": rate(users[0], users[2]), "complete": complete})
    return rows


def events(log: Known) -> list[Row]:
    """Each event's share of events and of users."""
    rows = []
    everybody = len({event.user for event in log.events})
    for name in sorted({event.name for event in log.events}):
        own = [event for event in log.events if event.name == name]
        users = len({event.user for event in own})
        row: Row = {"event": name, "events": len(own), "users": users}
        rows.append(
            row | {"share_of_events": rate(len(own), len(log.events)), "share_of_users": rate(users, everybody)}
        )
    return rows


def summary(log: Known) -> Row:
    """The measures of the whole."""
    counts = [len(history) for history in histories(log.events).values()]
    times = [event.time for event in log.events]
    sticky = [row["stickiness"] for row in stickiness(log) if row["complete"]]
    found: Row = {
        "users": len(counts),
        "events": len(times),
        "first_event": min(times) if times else None,
        "last_event": max(times) if times else None,
        "days": len(periods("1d", log.zone, min(times), max(times))) if times else 0,
        "mean_events_per_user": mean(counts),
        "median_events_per_user": median(counts),
        "p90_events_per_user": quantile(counts, 0.9),
        "stickiness": mean([value for value in sticky if not math.isnan(value)]),
    }
    whole = Known(log.events, log.zone, log.start, log.as_of)
    for name, every in (("daily", "1d"), ("weekly", "1w"), ("monthly", "1mo")):
        found[f"mean_{name}_users"] = mean([row["users"] for row in table(whole, every) if row["complete"]])
    return found


def who(log: Known, every: str, *, period: str | None, segment: str | None, event: str | None, new: bool) -> list[str]:
    """The users with an event (their first one, for ``new``) that meets all that is said."""
    span = next((one for one in spans(log, every) if one.name == period), None)
    found = [
        one
        for one in (log.firsts if new else log.events)
        if (span is None or span.holds(one.time))
        and (segment is None or log.segment(one) == segment)
        and (event is None or one.name == event)
    ]
    return sorted({one.user for one in found})
