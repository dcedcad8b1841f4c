"""``lifecycle``, the slow way: every user's active periods, looked at one by one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from . import Event, Row, Span, histories, in_order, label, mean, periods, rate, wilson

STATES = ("new", "returning", "resurrected", "dormant")


@dataclass(frozen=True)
class User:
    """A user's segment and active periods, as positions in the calendar."""

    name: str
    segment: str
    active: frozenset[int]

    def state(self, period: int) -> str | None:
        """What the user is in a period; None before the first and after the first inactive one."""
        if period in self.active:
            if period == min(self.active):
                return "new"
            return "returning" if period - 1 in self.active else "resurrected"
        return "dormant" if period - 1 in self.active else None


@dataclass(frozen=True)
class Known:
    """The calendar and everybody in it."""

    spans: tuple[Span, ...]
    users: tuple[User, ...]
    segments: tuple[str, ...]
    as_of: int
    by: str | None


def known(
    events: Sequence[Event], zone: str, start: int, as_of: int, *, every: str, event: str | None, by: str | None
) -> Known:
    """Find every user's active periods."""
    spans = periods(every, zone, start, as_of - 1)
    counted = [one for one in events if one.time < as_of and event in (None, one.name)]
    users, values = [], []
    for name, history in histories(counted).items():
        active = {next(place for place, span in enumerate(spans) if span.holds(one.time)) for one in history}
        values.append(history[0].values[by] if by else None)
        users.append(User(name, label(values[-1]) if by else "", frozenset(active)))
    return Known(tuple(spans), tuple(users), tuple(in_order(values)) if by else ("",), as_of, by)


def who(log: Known, period: int, state: str, segment: str | None) -> list[str]:
    """The users in a state (``active``: new, returning or resurrected) in a period."""
    states = STATES[:3] if state == "active" else (state,)
    return sorted(user.name for user in log.users if segment in (None, user.segment) and user.state(period) in states)


def counts(log: Known, period: int, segment: str | None) -> dict[str, int]:
    """How many users are in each state."""
    return {state: len(who(log, period, state, segment)) for state in STATES}


def table(log: Known) -> list[Row]:
    """One row per period, and segment; without users no row."""
    rows = []
    for segment in log.segments if log.users else ():
        before = 0
        for place, span in enumerate(log.spans):
            here = counts(log, place, segment)
            users = len([user for user in log.users if user.segment == segment and place in user.active])
            row: Row = {"segment": segment} if log.by else {}
            row |= {"period": span.name, "start": span.start, "users": users, **here}
            lower, upper = wilson(here["returning"], before) if place else (math.nan, math.nan)
            row |= {"return_rate": rate(here["returning"], before), "lower": lower, "upper": upper}
            row |= {"quick_ratio": rate(here["new"] + here["resurrected"], here["dormant"])}
            rows.append(row | {"complete": span.end <= log.as_of})
            before = users
    return rows


def summary(log: Known) -> Row:
    """The measures over complete periods; rates from the second on, weighted."""
    done = [place for place, span in enumerate(log.spans) if span.end <= log.as_of]
    users = [len(who(log, place, "active", None)) for place in done]
    after = [(place, counts(log, place, None)) for place in done if place > 0]
    came = sum(here["new"] + here["resurrected"] for _, here in after)
    return {
        "periods": len(done),
        "mean_users": mean(users),
        "mean_return_rate": rate(
            sum(here["returning"] for _, here in after), sum(users[place - 1] for place, _ in after)
        ),
        "mean_quick_ratio": rate(came, sum(here["dormant"] for _, here in after)),
        "net_change": users[-1] - users[-2] if len(users) > 1 else math.nan,
    }
