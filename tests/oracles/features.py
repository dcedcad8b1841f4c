"""``group_features``, the slow way: every unit's events gathered in lists, every definition spelled out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from . import HOUR, Event, Row, day_of, histories, length, mean, median, rate
from .rhythm import CELLS, cell_of

MINUTE = HOUR // 60
DAY = 24 * HOUR
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
GAP = "30m"

Members = list[list[Event]]  # of one unit: the events of each of its active users


@dataclass(frozen=True)
class Asked:
    """What was asked, and of what."""

    unit: str
    features: Mapping[str, Mapping[str, Any]]
    zone: str
    as_of: int
    exposure: Mapping[tuple[int, int], float]
    gap: str = GAP
    least: int = 1
    exclude: tuple[str, ...] = ()
    edges: tuple[tuple[str | None, str | None, int | None], ...] = ()


@dataclass(frozen=True)
class Known:
    """Every unit by name, None for 'no unit', with what became of it."""

    asked: Asked
    units: dict[str | None, Members]
    everybody: frozenset[str]

    def fate(self, name: str | None) -> str:
        users = len(self.units[name])
        if name is None:
            return "without_unit"
        if not users:
            return "no_active_users"
        if name in self.asked.exclude:
            return "excluded"
        return "kept" if users >= self.asked.least else "below_least"

    @property
    def kept(self) -> dict[str, Members]:
        return {name: own for name, own in self.units.items() if name is not None and self.fate(name) == "kept"}


def known(events: Sequence[Event], asked: Asked) -> Known:
    """Gather the units of a log: of all values that its column has, active or not."""
    counted = [event for event in events if event.time < asked.as_of]
    units: dict[str | None, Members] = {}
    everybody = frozenset(event.user for event in events)
    if asked.unit == "user":
        units = {user: [own] for user, own in histories(counted).items()}
    elif asked.unit == "session":
        for user, own in histories(counted).items():
            units |= {f"{user}/{place}": [part] for place, part in enumerate(cut(own, asked.gap), start=1)}
    else:
        values = {event.values[asked.unit] for event in events}
        names = [*([None] if None in values else []), *sorted(value for value in values if value is not None)]
        for name in names:
            units[name] = list(histories(one for one in counted if one.values[asked.unit] == name).values())
    return Known(asked, units, everybody)


def cut(events: Sequence[Event], gap: str) -> list[list[Event]]:
    """One user's events in sessions: an idle time longer than the gap parts them."""
    found: list[list[Event]] = []
    for event in events:
        if not found or event.time - found[-1][-1].time > length(gap):
            found.append([])
        found[-1].append(event)
    return found


def features(log: Known) -> list[Row]:
    """One row per unit that stays."""
    rows = []
    for name, own in log.kept.items():
        row: Row = {log.asked.unit: name}
        if log.asked.unit not in ("user", "session"):
            row["users"] = len(own)
        row |= {feature: value(log, name, own, told) for feature, told in log.asked.features.items()}
        rows.append(row | {"as_of": log.asked.as_of})
    return rows


def account(log: Known) -> list[Row]:
    """How many units, users and events met each fate."""
    found = {fate: [0, 0, 0] for fate in ("kept", "below_least", "excluded", "no_active_users", "without_unit")}
    for name, own in log.units.items():
        fate = found[log.fate(name)]
        fate[0] += name is not None
        fate[1] += len(own)
        fate[2] += sum(map(len, own))
    whole = [sum(one[place] for one in found.values()) for place in range(3)]
    rows = {"all": whole, **found}
    return [{"what": what, "units": one[0], "users": one[1], "events": one[2]} for what, one in rows.items()]


# ---- one value ----------------------------------------------------------------------------------------------------


def value(log: Known, name: str, own: Members, told: Mapping[str, Any]) -> float:
    """One feature of one unit."""
    asked = log.asked
    events = [event for member in own for event in member]
    kind = next(key for key in told if key not in ("per", "at_least", "within", "value"))
    subject = told[kind]
    names = [subject] if isinstance(subject, str) else subject
    if kind in ("events", "amount", "drops", "rises", "sessions"):
        return per(own, told.get("per", "active_user"), total(own, kind, subject, asked.gap), asked.zone)
    if kind == "share_of_events":
        return rate(sum(event.name in names for event in events), len(events))
    if kind == "share_of_users":
        return share_of_users(own, names, told, asked.as_of)
    if kind == "session_minutes":
        lengths = [mean([(part[-1].time - part[0].time) / MINUTE for part in cut(one, asked.gap)]) for one in own]
        return median(lengths) if subject == "median" else mean(lengths)
    if kind == "active_days":
        return mean([days(member, asked.zone) for member in own])
    if kind in ("attribute_share", "balance", "single_valued"):
        return attribute(own, kind, subject, told.get("value"))
    if kind == "density":
        return rate(len(pairs(log)[name]), len(own) * (len(own) - 1) // 2)
    if kind in ("hours", "weekdays"):
        return rate(sum(inside(cell_of(event.time, asked.zone), kind, subject) for event in events), len(events))
    if kind == "variation":
        return variation(events, subject, asked)
    times = [event.time for event in events]
    if kind == "recency":
        return (asked.as_of - max(times)) / DAY
    return (max(times) - min(times)) / DAY if kind == "span" else len(own)


def total(own: Members, kind: str, subject: Any, gap: str) -> float:
    """What is divided by users or days."""
    if kind == "events":
        names = [subject] if isinstance(subject, str) else subject
        return sum(event.name in names for member in own for event in member)
    if kind == "amount":
        return sum(event.values["amount"] or 0.0 for member in own for event in member)
    if kind == "sessions":
        return sum(len(cut(member, gap)) for member in own)
    moves = []
    for member in own:
        readings = [event.values[subject] for event in member if event.values[subject] is not None]
        moves += [after - before for before, after in pairwise(readings)]
    if not moves:
        return math.nan
    return sum(-one for one in moves if one < 0) if kind == "drops" else sum(one for one in moves if one > 0)


def per(own: Members, what: str, whole: float, zone: str) -> float:
    """Per active user, per day of a user, or nothing."""
    return whole / {"active_user": len(own), "total": 1, "active_day": sum(days(one, zone) for one in own)}[what]


def days(events: Sequence[Event], zone: str) -> int:
    """Different local days."""
    return len({day_of(event.time, zone) for event in events})


def share_of_users(own: Members, names: Sequence[str], told: Mapping[str, Any], as_of: int) -> float:
    """Users who did it often enough, soon enough; who cannot be told yet is left out."""
    within = length(told["within"]) if "within" in told else None
    seen = [one for one in own if within is None or one[0].time + within <= as_of]
    times = [
        sum(event.name in names for event in one if within is None or event.time - one[0].time < within) for one in seen
    ]
    return rate(sum(count >= told.get("at_least", 1) for count in times), len(seen))


def attribute(own: Members, kind: str, column: str, wanted: Any) -> float:
    """Of the users who have a value."""
    values = [one[0].values[column] for one in own if one[0].values[column] is not None]
    if kind == "single_valued":
        return float(len(set(values)) == 1) if values else math.nan
    share = rate(values.count(wanted), len(values))
    return share if kind == "attribute_share" else 1 - abs(2 * share - 1)


def inside(cell: tuple[int, int], kind: str, subject: Sequence[Any]) -> bool:
    """Whether a weekday and hour are meant."""
    if kind == "weekdays":
        return WEEKDAYS[cell[0] - 1] in subject
    hour = subject[0] % 24
    while hour != subject[1] % 24:
        if cell[1] == hour:
            return True
        hour = (hour + 1) % 24
    return False


def variation(events: Sequence[Event], cells: str, asked: Asked) -> float:
    """Population standard deviation over mean of events per hour that a cell lasted."""
    place = 1 if cells == "hour" else 0
    lasted: Counter[int] = Counter()
    for cell in CELLS:
        lasted[cell[place]] += asked.exposure[cell]  # type: ignore[assignment]  # hours with fractions
    counts = Counter(cell_of(event.time, asked.zone)[place] for event in events)
    rates = [counts[cell] / hours for cell, hours in lasted.items() if hours > 0]
    centre = mean(rates)
    if len(rates) < 2 or not centre:
        return math.nan
    return math.sqrt(mean([(one - centre) ** 2 for one in rates])) / centre


# ---- pairs --------------------------------------------------------------------------------------------------------


def pairs(log: Known) -> dict[str, set[frozenset[str]]]:
    """The pairs of active users of each unit who know each other."""
    active = {name: {member[0].user for member in own} for name, own in log.units.items() if name is not None}
    told = {frozenset((a, b)) for a, b, _ in valid(log)}
    return {name: {pair for pair in told if pair <= users} for name, users in active.items()}


def valid(log: Known) -> list[tuple[str, str, int | None]]:
    """The rows of edges that join two different users of the log, before as_of."""
    users, as_of = log.everybody, log.asked.as_of
    dated = [one for one in log.asked.edges if one[2] is not None and one[2] < as_of]
    return [one for one in dated if one[0] in users and one[1] in users and one[0] != one[1]]  # type: ignore[misc]


def fates(log: Known) -> list[Row]:
    """What became of each row of edges; of several reasons the first."""
    active = {member[0].user for own in log.units.values() for member in own}
    shared = {
        pair: {name for name, own in pairs(log).items() if pair in own} for pair in set().union(*pairs(log).values())
    }
    found: Counter[str] = Counter()
    seen: set[frozenset[str]] = set()
    for source, target, time in log.asked.edges:
        pair = frozenset((source or "", target or ""))
        if source is None or target is None:
            found["no_id"] += 1
        elif time is None:
            found["no_time"] += 1
        elif time >= log.asked.as_of:
            found["after_as_of"] += 1
        elif not pair <= log.everybody:
            found["unknown_user"] += 1
        elif source == target:
            found["self_loop"] += 1
        elif pair in seen:
            found["repeated_pair"] += 1
        else:
            seen.add(pair)
            if not pair <= active:
                found["not_active"] += 1
            elif pair not in shared:
                found["across_units"] += 1
            else:
                found["kept" if shared[pair] & set(log.kept) else "left_out"] += 1
    order = ("kept", "left_out", "across_units", "not_active", "repeated_pair", "self_loop", "unknown_user")
    order += ("after_as_of", "no_time", "no_id")
    rows = [("all", len(log.asked.edges)), *((fate, found[fate]) for fate in order)]
    return [{"what": what, "count": count, "share": rate(count, len(log.asked.edges))} for what, count in rows]
